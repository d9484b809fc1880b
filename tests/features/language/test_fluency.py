"""Known lengths, rates, fillers and repairs come back; how it was written down does not matter."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.features.language.texts import STORY, ZH_STORY, answer_of
from vivavoce.data.schema import Absent
from vivavoce.features.language import LANGUAGE, AnswerText
from vivavoce.features.language.fluency import find_fillers, find_repairs
from vivavoce.features.transcript.words import Word


def quotes(answer: AnswerText, spans: list[tuple[int, int]]) -> list[str]:
    return [answer.quote(span) for span in spans]


def test_planted_fillers_and_repairs_come_back_with_their_words() -> None:
    answer = answer_of(STORY)
    assert quotes(answer, find_fillers(answer)) == ["Um,", "uh"]
    assert quotes(answer, find_repairs(answer)) == ["I uh I"]


@pytest.mark.parametrize(
    ("text", "fillers"),
    [
        ("Well, you know, it was, I mean, hard", ["you know,", "I mean,"]),
        ("You know what I mean by that? Uhm, hmm. Ummm", ["I mean", "Uhm,", "hmm.", "Ummm"]),
        ("the umbrella of erm errors and ah, ahead", ["erm", "ah,"]),
    ],
)
def test_english_fillers(text: str, fillers: list[str]) -> None:
    answer = answer_of(text)
    assert quotes(answer, find_fillers(answer)) == fillers


def test_chinese_fillers() -> None:
    answer = answer_of("嗯，我，那个，负责那个项目，呃，就是说我带团队啊", "zh")
    assert [quote.strip("，") for quote in quotes(answer, find_fillers(answer))] == ["嗯", "那个", "呃", "就是说"]


@pytest.mark.parametrize(
    ("text", "repairs"),
    [
        ("we we went and I was I was late", ["we we", "I was I was"]),
        ("it was very very good and he said that that was it", []),
        ("I orga- organised it, or rather, planned it", ["orga-", "or rather,"]),
        ("we did it. It was fine", []),
    ],
)
def test_english_repairs(text: str, repairs: list[str]) -> None:
    answer = answer_of(text)
    assert quotes(answer, find_repairs(answer)) == repairs


def test_chinese_repairs() -> None:
    answer = answer_of("我我负责，慢慢看看，看着看着就会了，不对，是学会了", "zh")
    assert len(find_repairs(answer)) == 2


def test_rates_are_those_of_the_speech_not_of_the_recording() -> None:
    answer = answer_of(STORY)
    measures = LANGUAGE.measure(answer)
    assert measures["language.length_words"] == len(answer.tokens)
    assert measures["language.rate_words_per_min"] == pytest.approx(120, rel=0.03)  # percent joins its figure
    shifted = tuple(Word(word.text, word.start + 60, word.end + 60) for word in answer.words)
    assert LANGUAGE.measure(AnswerText(shifted, "en")) == measures


def test_chinese_is_counted_in_characters_too() -> None:
    measures = LANGUAGE.measure(answer_of(ZH_STORY, "zh"))
    han = sum("\u4e00" <= character <= "\u9fff" for character in ZH_STORY)
    assert measures["language.length_characters"] == han - len("百分之四十")  # became 40%
    assert measures["language.rate_characters_per_min"] == pytest.approx(
        60 * (han - 5) / (0.5 * len(ZH_STORY)), rel=0.02
    )
    assert LANGUAGE.measure(answer_of(STORY))["language.length_characters"] == Absent("other_language")


def test_what_is_too_short_is_absent_not_zero() -> None:
    measures = LANGUAGE.measure(answer_of("um yes"))
    assert measures["language.fillers_per_100_words"] == Absent("too_short")
    assert measures["language.rate_words_per_min"] == Absent("too_short")
    assert measures["language.length_words"] == 2


def test_without_punctuation_a_sentence_has_no_length() -> None:
    measures = LANGUAGE.measure(answer_of(" ".join(["we planned the tests"] * 20)))
    assert measures["language.sentence_words"] == Absent("no_punctuation")


@pytest.mark.parametrize(
    ("text", "language", "skipped"),
    [
        ("", "en", 1),
        ("Sorry, I don't know.", "en", 1),
        ("我不知道，下一题吧", "zh", 1),
        (STORY, "en", 0),
        (ZH_STORY, "zh", 0),
    ],
)
def test_an_answer_that_declines_is_a_skipped_question(text: str, language: str, skipped: int) -> None:
    answer = answer_of(text, language) if text else AnswerText((), language)
    assert LANGUAGE.measure(answer)["language.skipped_flag"] == skipped


def test_fillers_pace_and_repairs_are_flagged_as_sensitive() -> None:
    flagged = {feature.name for feature in LANGUAGE if feature.impairment_sensitive}
    assert flagged == {
        "language.fillers_per_100_words",
        "language.repairs_per_100_words",
        "language.rate_words_per_min",
        "language.rate_characters_per_min",
    }


VOCABULARY = [
    "um",
    "we",
    "I",
    "planned",
    "the",
    "team",
    "maybe",
    "because",
    "3",
    "tests",
    "you",
    "know",
    "very",
    "when",
]
SPOKEN = st.lists(
    st.sampled_from([*VOCABULARY, "when", "asked", "think", "my", "goal", "was"]), min_size=10, max_size=80
)


@settings(max_examples=100, deadline=None)
@given(SPOKEN, st.data())
def test_case_edge_punctuation_and_silence_change_no_count(spoken: list[str], data: st.DataObject) -> None:
    written = [
        data.draw(st.sampled_from([word, word.upper(), word.capitalize(), f'"{word}"', f"({word})"])) for word in spoken
    ]
    plain = tuple(Word(word, i * 0.5, i * 0.5 + 0.4) for i, word in enumerate(spoken))
    other = tuple(Word(word, i * 0.5 + 30, i * 0.5 + 30.4) for i, word in enumerate(written))
    silence = Word("...", 900.0, 900.0) if data.draw(st.booleans()) else None
    first = LANGUAGE.measure(AnswerText(plain, "en"))
    second = LANGUAGE.measure(AnswerText((*other, silence) if silence else other, "en"))
    times = {"language.rate_words_per_min"} if silence else set()
    for name in first.keys() - times:
        assert first[name] == second[name] or first[name] == pytest.approx(second[name])
