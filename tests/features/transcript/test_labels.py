"""Never a word from the wrong mouth: an interviewer's strong sentences under random label styles, in both languages."""

import random
from collections.abc import Callable

import pytest

from vivavoce.data.interview import Interview
from vivavoce.features.transcript.formats.cue import Cue
from vivavoce.features.transcript.label_forms import Likeness, fold_name, is_note, likeness, name_parts
from vivavoce.features.transcript.labels import Labelled, find_speakers
from vivavoce.features.transcript.words import Transcript, Word
from vivavoce.pipelines.scoring.answers import SeveralSpeakers, candidates_words
from vivavoce.pipelines.scoring.words import names_of

STRONG = {
    "en": (
        "I measured the root cause and cut the cost by 20 percent.",
        "We agreed a plan and I led the release.",
        "That saved four hundred hours a year.",
    ),
    "zh": ("我先测量了根本原因，把成本降低了百分之二十。", "我们商定了计划，由我负责上线。", "每年省了四百个小时。"),
}
WEAK = {
    "en": (
        "I sell things in the shop.",
        "Well, it was nice there.",
        "People came and went.",
        "And then it was over.",
        "I do not remember the rest.",
        "Yes, mostly.",
    ),
    "zh": ("我在店里卖东西。", "那里挺好的。", "人来人往。", "后来就结束了。", "其他的我不记得了。", "对，差不多吧。"),
}
NAMES = {
    "en": (
        "Anna Lee",
        "anna lee",
        "Dr. Anna Lee",
        "Anna L.",
        "Lee, Anna",
        "ANNA LEE",
        "Anna",
        "Anna Lee (hr)",
        "Anna (HR)",
        "anna.lee@example.com",
        "+49 170 1234567",
        "Prof. O’Neil",
        "Jean-Luc de la Tour",
        "Müller, Frau",
        "Speaker 2",
        "Interviewer",
        "SPEAKER_01",
        "A. Lee",
        "Anna Lee [Guest]",
        "iPhone",
        "Lee",
        "Anna Maria von Berg",
        "Ms Lee",
        "alee42",
        "Mr. J. R. Smith Jr.",
        "Unknown Speaker",
        "Nguyễn Văn An",
        "Åsa Öberg",
    ),
    "zh": (
        "王芳",
        "王芳-某某科技有限公司人力资源部",
        "王芳.人力",
        "王芳（外部）",
        "面试官",
        "说话人 2",
        "王老师",
        "欧阳娜娜",
        "发言人2",
        "王芳(HR)",
        "人力资源部-王芳",
        "招聘经理王芳",
        "Fang Wang 王芳",
        "王芳 Anna",
        "李娜",
        "13800138000",
        "主持人",
        "王总监",
    ),
}
PLAIN: tuple[str, ...] = (
    "{}: ",
    "{}：",
    "{} : ",
    "[{}]: ",
    "[{}] ",
    "【{}】",
    "【{}】：",
    "（{}）",
    "({}) ",
    "<{}> ",
    ">> {}: ",
    "- {}: ",
    "**{}:** ",
    "*{}*: ",
    "@{}: ",
    "@{} ",
    "{}\n",
    "{} 00:00:07\n",
    "00:00:07 {}\n",
    "{} (00:07): ",
    "[00:00:07] {}: ",
    "{} | ",
    "{} - ",
    "{} – ",
    "{} — ",
    "{}> ",
    "{}\t",
    "# {}\n",
    '"{}": ',
    "{} -> ",
    "《{}》",
    "「{}」：",
    "• {}: ",
    "__{}__: ",
    "{} (Guest): ",
    "▶ {}: ",
)


def dialogue(language: str, mine: str, theirs: str, chance: random.Random) -> list[Cue]:
    """The candidate's weak turns under one label, with one to three strong ones of the interviewer's under another."""
    texts = [(mine, text) for text in WEAK[language]]
    for text in STRONG[language][: chance.randint(1, 3)]:
        texts.insert(chance.randint(0, len(texts)), (theirs, text))
    return [Cue(float(i), i + 1.0, f"{label}{text}") for i, (label, text) in enumerate(texts)]


def theirs_in(labelled: Labelled, candidate: str | None, language: str) -> bool:
    """Whether a file that would be scored gives a strong sentence to the candidate."""
    words = tuple(Word(cue.text, cue.start, cue.end, None, cue.speaker) for cue in labelled.cues)
    try:
        kept = candidates_words(
            Transcript(words, language, "provided:vtt", False, labelled.labels, labelled.unclear), candidate
        )
    except SeveralSpeakers:
        return False
    return any(strong[:12] in word.text for word in kept.words for strong in STRONG[language])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("same_style", [True, False])
def test_no_interviewers_word_is_the_candidates(language: str, same_style: bool) -> None:
    chance = random.Random(20261129)
    candidate = {"en": "Taylor Woods", "zh": "陈小明"}[language]
    wrong: list[tuple[str, str]] = []
    for _ in range(300):
        style = chance.choice(PLAIN)
        own = (style if same_style else chance.choice(PLAIN[:2])).format(candidate)
        other = style.format(chance.choice(NAMES[language]))
        cues = dialogue(language, own, other, chance)
        read = [find_speakers(cues, known) for known in ((candidate,), ())]
        wrong += [(own, other) for one in read if theirs_in(one, candidate, language)]
    assert not wrong, "\n".join(map(repr, wrong))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nor_where_only_the_interviewer_is_named(language: str) -> None:
    """Nobody says who the candidate is, and the candidate's cues carry no name."""
    chance = random.Random(7)
    loud = [style for style in PLAIN if style not in {"{} - ", "{} – ", "{} — ", "{}\n", "# {}\n"}]
    sure = [name for name in NAMES[language] if likeness(name) >= Likeness.FULL]
    for _ in range(300):
        other = chance.choice(loud).format(chance.choice(sure))
        assert not theirs_in(find_speakers(dialogue(language, "", other, chance)), None, language), other


HEADINGS = {
    "en": (
        "Result",
        "Situation",
        "Action",
        "Task",
        "The result",
        "My role",
        "Lessons learned",
        "Background",
        "Step 1",
        "Key takeaway",
        "First",
        "Outcome",
        "The challenge",
        "What I did",
        "Root cause",
        "Impact",
        "Next steps",
        "Example",
        "In short",
        "Timeline",
    ),
    "zh": (
        "结果",
        "背景",
        "行动",
        "任务",
        "第一",
        "第二步",
        "我的职责",
        "总结",
        "原因",
        "具体来说",
        "最后",
        "解决方案",
        "收获",
        "挑战",
        "例如",
    ),
}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("named", [True, False])
def test_headings_within_answers_stay_words(language: str, named: bool) -> None:
    """At most one in a hundred answers with repeated headings is not scored; no word of the others is lost."""
    chance = random.Random(3)
    candidate = {"en": "Taylor Woods", "zh": "陈小明"}[language]
    colon = {"en": ": ", "zh": "："}[language]
    refused = 0
    for _ in range(300):
        headings = chance.choices(HEADINGS[language], k=chance.randint(1, 5)) * chance.randint(1, 2)
        texts = [f"{heading}{colon}{text}" for heading, text in zip(headings, STRONG[language] * 4, strict=False)]
        texts = [*WEAK[language][:2], *texts]
        if named:
            texts[0] = f"{candidate}{colon}{texts[0]}"
        found = find_speakers([Cue(float(i), i + 1.0, text) for i, text in enumerate(texts)], (candidate,))
        refused += bool(found.unclear) or {cue.speaker for cue in found.cues} != {candidate if named else None}
        kept = "".join(cue.text for cue in found.cues)
        assert all(heading in kept for heading in headings)
    assert refused <= 3


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("Result", Likeness.HEADING),
        ("My role", Likeness.HEADING),
        ("结果", Likeness.HEADING),
        ("第一步", Likeness.HEADING),
        ("I say this", Likeness.SENTENCE),
        ("我的意思是", Likeness.SENTENCE),
        ("王芳", Likeness.FULL),
        ("Anna", Likeness.SINGLE),
        ("Lee, Anna", Likeness.MARKED),
        ("anna.lee@example.com", Likeness.MARKED),
        ("+49 170 1234567", Likeness.MARKED),
        ("王芳（外部）", Likeness.MARKED),
        ("SPEAKER_01", Likeness.MARKED),
        ("Anna L.", Likeness.MARKED),
    ],
)
def test_likeness(label: str, kind: Likeness) -> None:
    assert likeness(label) is kind


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna O'Neil", "ANNA\u00a0O’NEIL (Guest)"),
        ("王芳", "王芳（外部）"),
        ("José", "Jose\u0301"),
        ("Ａｎｎａ", "anna"),
        ("Anna Lee", "  anna\u3000 lee [External]"),
    ],
)
def test_names_are_compared_as_people_read_them(one: str, other: str) -> None:
    assert fold_name(one) == fold_name(other)


def test_a_note_is_nobodys_word() -> None:
    cues = [
        Cue(0, 1, "(recording started)"),
        Cue(1, 2, "Anna Lee: Why?"),
        Cue(2, 3, "Bo Li: I sell."),
        Cue(3, 4, "Bo Li: Yes."),
    ]
    found = find_speakers(cues)
    assert [(cue.speaker, cue.text) for cue in found.cues] == [
        ("Anna Lee", "Why?"),
        ("Bo Li", "I sell."),
        ("Bo Li", "Yes."),
    ]
    assert found.unclear == 0
    assert is_note("【录音开始】")
    assert not is_note("（王芳）")


def test_a_candidate_who_does_not_speak_is_an_error_with_the_names_that_were_found() -> None:
    said = Transcript((Word("hi", 0, 1, None, "Anna Lee"), Word("so", 1, 2, None, "Bo")), "en", "provided:vtt", False)
    with pytest.raises(SeveralSpeakers, match=r"names 2 speaker\(s\)") as caught:
        candidates_words(said, "Taylor")
    assert caught.value.speakers == ("Anna Lee", "Bo"), "for whoever mends the row"
    assert [word.text for word in candidates_words(said, "ANNA LEE (Guest)").words] == ["hi"]
    nobody = Transcript((Word("hi", 0, 1),), "en", "provided:vtt", False)
    with pytest.raises(SeveralSpeakers, match="names nobody"):
        candidates_words(nobody, "Taylor")


def test_labels_are_masked_without_their_titles() -> None:
    assert name_parts("Dr. Anna Lee (hiring manager)") == "Anna Lee"
    said = Transcript((), "en", "provided:vtt", False, labels=("Dr. Anna Lee (Guest)", "王芳.人力"))
    names = names_of(Interview("i", "c", "j", (), "en", None, candidate_name="Bo Li"), said)
    assert names == ("Bo Li", "Anna Lee", "王芳")


REAL: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("Zoom", "{}: ".format),
    ("Jitsi", "[{}] ".format),
    ("SRT", "({}) ".format),
)


@pytest.mark.parametrize(("tool", "label"), REAL)
def test_usual_files_are_understood(tool: str, label: Callable[[str], str]) -> None:
    """Not all is refused: where every cue has its name, the candidate's words are all there, and nothing else."""
    texts = [
        ("Anna Lee", "Why do you sell?"),
        ("Taylor Woods", "I sell things."),
        ("Taylor Woods", "For years."),
        ("Anna Lee", "And then?"),
        ("Taylor Woods", "I stopped."),
    ]
    found = find_speakers([Cue(float(i), i + 1.0, f"{label(name)}{text}") for i, (name, text) in enumerate(texts)])
    assert [(cue.speaker, cue.text) for cue in found.cues] == texts
    assert found.unclear == 0


@pytest.mark.parametrize("style", ["%s: ", "%s says: ", "%s=", "%s; ", "%s> "])
@pytest.mark.parametrize("who", [("taylor", "anna"), ("Taylor", "Anna")])
@pytest.mark.parametrize("order", ["abab", "aabaa", "babab"])
def test_names_set_off_in_a_way_that_nobody_uses(style: str, who: tuple[str, str], order: str) -> None:
    """Most cues open with a word and the same mark: nobody's words are taken for somebody else's."""
    cues = [Cue(i, i + 1, style % who["ab".index(one)] + "I measured the cause.") for i, one in enumerate(order)]
    found = find_speakers(cues)
    assert found.unclear or {cue.speaker for cue in found.cues} == {"Taylor", "Anna"}


def test_hesitation_is_no_name() -> None:
    said = ("Well... I measured it.", "So... we changed it.", "Well... it held.", "So... I told her.")
    found = find_speakers([Cue(i, i + 1, text) for i, text in enumerate(said)])
    assert not found.unclear
    assert {cue.speaker for cue in found.cues} == {None}
