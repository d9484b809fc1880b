"""One spelling for every engine; personal data masked across words, with the times kept."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vivavoce.features.transcript.hygiene import mask, normalise
from vivavoce.features.transcript.words import Transcript, Word, segment


def said(text: str, language: str = "en", speaker: str | None = None) -> Transcript:
    """A transcript with one word a second."""
    words = (Word(token, float(i), i + 0.9, None, speaker) for i, token in enumerate(text.split()))
    return Transcript(tuple(words), language, "provided:vtt", False)


def text_of(transcript: Transcript) -> str:
    return ("" if transcript.language == "zh" else " ").join(word.text for word in transcript.words)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("um so we — uh — shipped it .", "um so we— uh— shipped it."),
        ("“We’re done” …", '"We\'re done"...'),
        ("we saved $50,000 [laughter] and (inaudible) twenty five percent", "we saved $50000 and 25%"),
        ("one of them took three hundred and five days", "one of them took 305 days"),
        ("in nineteen eighty four or two thousand and nineteen", "in 1984 or 2019"),
        ("two and three , a hundred people", "2 and 3, 100 people"),
        ("Ｐｙｔｈｏｎ　３", "Python 3"),
        ("soft\u00adware\u200b", "software"),
        ("(laughs) yes (it was long, I mean really long) ok", "yes (it was long, I mean really long) ok"),
        ("my number is [phone] , thanks", "my number is [phone], thanks"),
    ],
)
def test_english_has_one_spelling(raw: str, expected: str) -> None:
    assert text_of(normalise(said(raw))) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("我 们 一起 解决 了 这 个 问题 .", "我们一起解决了这个问题。"),
        ("成本降低了百分之三点五,用了二十一天", "成本降低了3.5%，用了21天"),
        ("十分感谢,万一有一千五的预算", "十分感谢，万一有1500的预算"),
        ("嗯 我 用 Python 写 测试", "嗯我用Python写测试"),
        ("五六十个人,三十五万元", "五六十个人，350000元"),
        ("我的号码是一三八零零一三八零零零", "我的号码是13800138000"),
    ],
)
def test_chinese_has_one_spelling(raw: str, expected: str) -> None:
    dense = said(raw, "zh")
    close = tuple(Word(word.text, word.start / 10, word.end / 10) for word in dense.words)
    assert text_of(normalise(Transcript(close, "zh", "whisper:0", True))) == expected


def test_engines_that_cut_chinese_differently_agree() -> None:
    sentence = "我负责组织团队分析用户反馈，最后提高了满意度。"
    whole = Transcript((Word(sentence, 0.0, 2.3),), "zh", "provided:srt", False)
    single = tuple(Word(character, i * 0.1, i * 0.1 + 0.1) for i, character in enumerate(sentence))
    by_character = normalise(Transcript(single, "zh", "whisper:0", True))
    assert [word.text for word in normalise(whole).words] == [word.text for word in by_character.words]
    for word, other in zip(normalise(whole).words, by_character.words, strict=True):
        assert (word.start, word.end) == pytest.approx((other.start, other.end))


def test_a_pause_ends_a_chinese_word() -> None:
    words = (Word("解", 0.0, 0.2), Word("决", 2.0, 2.2))
    assert [word.text for word in normalise(Transcript(words, "zh", "whisper:0", True)).words] == ["解", "决"]


def test_times_confidence_and_speaker_survive() -> None:
    words = (
        Word("twenty", 1.0, 1.4, 0.8, "Ann"),
        Word("five", 1.5, 1.9, 0.6, "Ann"),
        Word("yes", 1.2, 1.3, 0.9, "Bob"),
    )
    result = normalise(Transcript(words, "en", "whisper:0", True)).words
    assert [(word.text, word.start, word.end, word.speaker) for word in result] == [
        ("25", 1.0, 1.9, "Ann"),
        ("yes", 1.2, 1.3, "Bob"),
    ]
    assert result[1].confidence == 0.9


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("write to john.smith+jobs@mail.example.com please", "write to [email] please"),
        ("it is jane dot doe at example dot com okay", "it is [email] okay"),
        ("call (212) 555-0142 or 212.555.0142", "call [phone] or [phone]"),
        ("call 1 212 555 0142 now", "call [phone] now"),
        ("my number is +44 20 7946 0958, thanks", "my number is [phone], thanks"),
        ("it is 1 3 8 0 0 1 3 8 0 0 0", "it is [phone]"),
        ("mobile +86 138-0013-8000 or 010-62770334", "mobile [phone] or [phone]"),
        ("five five five oh one four two is mine", "[phone] is mine"),
        ("call 555-0142 today", "call [phone] today"),
        ("card 4111 1111 1111 1111, code 123", "card [card], code 123"),
        ("in 2020 4111 1111 1111 1111 expired", "in 2020 [card] expired"),
        ("my id 11010519491231002X okay", "my id [id] okay"),
        ("write to robin[at]gmail[dot]com please", "write to [email] please"),
        ("robin (at) gmail (dot) com, yes", "[email], yes"),
        ("look at Google dot the i, at amazon.com too", "look at Google dot the i, at amazon.com too"),
        ("see https://example.org/in/robin-avery-1 for it", "see [link] for it"),
        ("follow @robin_avery there", "follow [link] there"),
        ("my IBAN is GB82 WEST 1234 5698 7654 32 thanks", "my IBAN is [card] thanks"),
        ("SSN 536-90-4399, NINO AB123456C, PAN ABCPE1234F", "SSN [id], NINO [id], PAN [id]"),
        ("Aadhaar 2341 2341 2346 it is", "Aadhaar [id] it is"),
        ("home 020 7946 0958, mobile 07911 123456", "home [phone], mobile [phone]"),
        ("in India 98765 43210, in Bonn 0176 12345678", "in India [phone], in Bonn [phone]"),
        ("from 2019 to 2020 we had 250 stores and Q3 2021 B2B", "from 2019 to 2020 we had 250 stores and Q3 2021 B2B"),
        (
            "we sold 4000 units in 2019 for 2500000 dollars, up 12.5%",
            "we sold 4000 units in 2019 for 2500000 dollars, up 12.5%",
        ),
        ("card 4111 1111 1111 1112 fails the check", "card 4111 1111 1111 1112 fails the check"),
        ("id 110105194912310021 fails the check", "id 110105194912310021 fails the check"),
    ],
)
def test_numbers_and_addresses_are_masked(raw: str, expected: str) -> None:
    assert text_of(mask(normalise(said(raw)))) == expected


@pytest.mark.parametrize(
    ("raw", "names", "expected"),
    [
        ("I am Anna Maria Smith from Leeds", ["Anna Smith"], "I am [name] Maria [name] from Leeds"),
        ("anna said, SMITH's team won", ["Anna Smith"], "[name] said, [name]'s team won"),
        ("This is José García, or Jose Garcia", ["José García"], "This is [name], or [name]"),
        (
            "Will you mark this? My friend Will will, said Mark",
            ["Will Mark"],
            "Will you mark this? My friend [name] will, said [name]",
        ),
        ("Ask Jean-Luc or Luc", ["Jean-Luc Picard"], "Ask [name] or [name]"),
        ("So he told Li Wei so", ["Li Wei"], "So he told [name] so"),
        ("the interviewer met you", ["Interviewer", "Speaker 1", "You"], "the interviewer met you"),
        ("the smithy is annual", ["Anna Smith"], "the smithy is annual"),
    ],
)
def test_latin_names_are_masked(raw: str, names: list[str], expected: str) -> None:
    assert text_of(mask(said(raw), names)) == expected


@pytest.mark.parametrize(
    ("raw", "names", "expected"),
    [
        ("大家好，我叫王小明，小明是我的名字", ["王小明"], "大家好，我叫[name]，[name]是我的名字"),
        ("王经理和小王都来了，老王也在", ["王小明"], "[name]经理和[name]都来了，[name]也在"),
        ("我是欧阳建国，同事叫我建国", ["欧阳建国"], "我是[name]，同事叫我[name]"),
        ("我叫王伟，大家叫我小伟，工作很伟大", ["王伟"], "我叫[name]，大家叫我[name]，工作很伟大"),
        ("于是小于提出方案，老板同意", ["于芳"], "于是[name]提出方案，老板同意"),
        (
            "我的邮箱是test@qq.com，手机13800138000，身份证11010519491231002X",
            [],
            "我的邮箱是[email]，手机[phone]，身份证[id]",
        ),
    ],
)
def test_chinese_names_are_masked(raw: str, names: list[str], expected: str) -> None:
    words = (Word(raw, 0.0, 9.0),)
    assert text_of(mask(normalise(Transcript(words, "zh", "provided:vtt", False)), names)) == expected


def test_a_mask_takes_the_time_of_what_it_hides() -> None:
    masked = mask(said("my card is 4111 1111 1111 1111 thanks"))
    assert [(word.text, word.start, word.end) for word in masked.words][3:] == [
        ("[card]", 3.0, 6.9),
        ("thanks", 7.0, 7.9),
    ]


def test_speakers_names_are_masked_too() -> None:
    turns = said("hello there", speaker="Anna Smith").words + said("hello", speaker="Bob").words
    assert mask(Transcript(turns, "en", "provided:vtt", False)).speakers == ("s1", "s2")


ENGLISH = [
    "um",
    "we",
    "twenty",
    "five",
    "percent",
    "one",
    "100",
    "1,000",
    "[laughter]",
    "so,",
    "—",
    ".",
    "it’s",
    "and",
    "a",
]
CHINESE = ["hundred", "4111", "我们", "解决", "三", "十五", "百分之", "二十", "天", "Python", "，", "的。", "[name]"]
ALPHABET = st.sampled_from([*ENGLISH, *CHINESE])


@settings(max_examples=200, deadline=None)
@example(["的。", "—"], "zh")
@given(st.lists(ALPHABET, max_size=20), st.sampled_from(["en", "zh"]))
def test_a_second_pass_changes_nothing(tokens: list[str], language: str) -> None:
    once = normalise(said(" ".join(tokens), language))
    again = normalise(once)
    assert [word.text for word in again.words] == [word.text for word in once.words]
    for word, other in zip(once.words, again.words, strict=True):
        assert (word.start, word.end) == pytest.approx((other.start, other.end))
    assert mask(mask(once, ["Anna Smith"]), ["Anna Smith"]).words == mask(once, ["Anna Smith"]).words
    starts = [word.start for word in once.words]
    assert starts == sorted(starts)


def test_segmentation_is_quiet_and_leaves_no_file(capfd: pytest.CaptureFixture[str]) -> None:
    cache = Path(tempfile.gettempdir()) / "jieba.cache"
    before = cache.stat().st_mtime if cache.exists() else None
    assert "".join(segment("我在上一家公司负责测试，用Python。")) == "我在上一家公司负责测试，用Python。"
    assert (cache.stat().st_mtime if cache.exists() else None) == before
    assert capfd.readouterr() == ("", "")
