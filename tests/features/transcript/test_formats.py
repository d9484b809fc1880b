"""Every format brings the same words, speakers and times; a bad element costs itself and is counted."""

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.exports import FORMATS, Turn
from vivavoce.features.transcript.formats.cue import TranscriptError
from vivavoce.features.transcript.provided import read_transcript

TURNS: dict[str, list[Turn]] = {
    "en": [
        (0.6, 3.0, "Anna Lee", "Tell me about a deal that you lost."),
        (3.5, 8.0, "Taylor Woods", "Last year we lost our second customer & learned."),
        (8.0, 12.5, "Taylor Woods", "Result: I called them every week until they came back."),
        (13.0, 15.0, "Anna Lee", "And what did you learn?"),
        (15.2, 20.0, "Taylor Woods", "I learned to call before they do."),
    ],
    "zh": [
        (0.6, 3.0, "王芳", "请讲一个你丢掉的单子。"),
        (3.5, 8.0, "陈小明", "去年我们丢了第二大客户，学到了很多。"),
        (8.0, 12.5, "陈小明", "结果：我每周给他们打电话，直到他们回来。"),
        (13.0, 15.0, "王芳", "你学到了什么？"),
        (15.2, 20.0, "陈小明", "我学会了在客户之前打电话。"),
    ],
}


def read(folder: Path, suffix: str, content: str | bytes, known: Sequence[str] = ()):  # type: ignore[no-untyped-def]
    file = folder / f"one{suffix}"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_transcript(file, known=known)


@pytest.mark.parametrize("language", TURNS)
@pytest.mark.parametrize("name", FORMATS)
def test_words_speakers_and_times_come_back(tmp_path: Path, name: str, language: str) -> None:
    suffix, write = FORMATS[name]
    turns = TURNS[language]
    said = read(tmp_path, suffix, write(turns), [turns[1][2]])
    assert said.unclear == 0
    assert said.language == language
    for speaker in {turn[2] for turn in turns}:
        mine = [word for word in said.words if word.speaker == speaker]
        assert "".join(word.text for word in mine) == "".join(t for *_, who, t in turns if who == speaker).replace(
            " ", ""
        )
        starts = [turn[0] for turn in turns if turn[2] == speaker]
        slack = 0.51 if suffix in {".txt", ".docx"} else 0.02
        assert mine[0].start == pytest.approx(starts[0], abs=slack)
    assert said.account.share == 0
    assert {word.speaker for word in said.words} == {"en": {"Anna Lee", "Taylor Woods"}, "zh": {"王芳", "陈小明"}}[
        language
    ]


BAD: dict[str, tuple[str, str, str, float]] = {
    "no fraction": ("00:00:01 --> 00:00:02", "a b c", "a b c d e f", 0.0),
    "six digits": ("00:00:01,123456 --> 00:00:02,000000", "a b c", "a b c d e f", 0.0),
    "before the beginning": ("-0.02 --> 00:00:02,000", "a b c", "a b c d e f", 0.0),
    "end before start": ("00:00:02,000 --> 00:00:01,000", "a b c", "a b c d e f", 0.5),
    "no time": ("soon --> 00:00:02,000", "a b c", "a b c d e f", 0.5),
    "no end": ("00:00:01,000 --> ", "a b c", "a b c d e f", 0.5),
    "blank line inside": ("00:00:01,000 --> 00:00:02,000", "a\n\nb c", "a b c d e f", 0.0),
    "styled": ("00:00:01,000 --> 00:00:02,000", "{\\an8}<i>a</i> <font color=red>b</font> c", "a b c d e f", 0.0),
    "a note": ("00:00:01,000 --> 00:00:02,000", "[Laughter]", "d e f", 0.0),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_cue_costs_itself(tmp_path: Path, name: str) -> None:
    times, text, words, share = BAD[name]
    said = read(tmp_path, ".srt", f"1\n{times}\n{text}\n\n2\n00:00:03,000 --> 00:00:04,000\nd e f\n")
    assert " ".join(word.text for word in said.words) == words
    assert said.account.share == pytest.approx(share)
    assert all(0 <= word.start <= word.end < 10 for word in said.words)


@pytest.mark.parametrize(
    ("segment", "words", "share"),
    [
        ('{"start": 0, "end": 1, "text": "a b", "avg_logprob": NaN}', "a b c d", 0.0),
        ('{"start": -0.02, "end": 1, "text": "a b"}', "a b c d", 0.0),
        ('{"start": 0, "end": null, "text": "a b"}', "a b c d", 0.5),
        ('{"start": 1, "end": 0, "text": "a b"}', "a b c d", 0.5),
        (
            '{"start": 0, "end": 1, "text": "a b", "words": [{"word": "a", "start": 0, "end": 0.5}, {"word": "b"}]}',
            "a b c d",
            0.0,
        ),
        ('{"start": 0, "end": 1, "text": "a b", "words": 3}', "a b c d", 0.0),
        (
            '{"start": 0, "end": 1, "text": "a b", "words": [{"word": "a", "start": 0, "end": 0.1, "probability": 7},'
            '{"word": "b", "start": 0.1, "end": 0.2}]}',
            "a b c d",
            0.0,
        ),
        ('{"start": 0, "end": 1, "text": 3}', "c d", 0.0),
        ("7", "c d", 0.0),
    ],
)
def test_a_bad_segment_costs_itself(tmp_path: Path, segment: str, words: str, share: float) -> None:
    said = read(tmp_path, ".json", f'[{segment}, {{"start": 2, "end": 3, "text": "c d"}}]')
    assert " ".join(word.text for word in said.words) == words
    assert said.account.share == pytest.approx(share)


@pytest.mark.parametrize(
    ("content", "told", "words"),
    [
        (
            "1\n00:00:01,000 --> 00:00:02,000\na b\n\n1\n00:00:01,000 --> 00:00:02,000\na b\n",
            "1 cues that stood",
            "a b",
        ),
        (
            "1\n00:00:01,000 --> 00:00:02,000\na b\n\n2\n00:00:03,000 --> 00:00:04,000\n\n",
            "1 cues without words",
            "a b",
        ),
        ("a c\n00:00:01,000 --> 00:00:02,000\na b\n", "1 lines before the first time", "a b"),
        ("WEBVTT\nKind: captions\n\nNOTE by hand\n\n00:01.000 --> 00:02.000\na b\n", "", "a b"),
    ],
    ids=["twice", "empty", "before", "headed"],
)
def test_what_a_cue_lost_is_counted(tmp_path: Path, content: str, told: str, words: str) -> None:
    found = read(tmp_path, ".srt", content)
    assert " ".join(word.text for word in found.words) == words
    assert str(found.account).startswith(told) if told else not found.account.mended


@pytest.mark.parametrize(
    ("cues", "told"),
    [
        (
            [(1, 4, "Taylor Woods: a b"), (5, 6, "Taylor Woo7s: c d"), (7, 8, "Taylor Woods: e f")],
            "names that are nearly",
        ),
        ([(1, 4, "a b"), (40, 42, "c d"), (5, 6, "e f"), (43, 44, "g h")], "cues out of order"),
        ([(1, 2, "so we grew by ten percent in one year and more"), (3, 9, "a b")], "cues with more words than can be"),
        ([(n, n + 8.0, "so we grew by ten percent in one year") for n in (1, 20)], "sentences that stand there twice"),
        ([(1, 2.5, "so we grew by ten percent in one year"), (2, 9, "Speaker 1: a b"), (9, 10, "Speaker 2: c")], ""),
    ],
    ids=["misspelt", "order", "rushed", "twice", "good"],
)
def test_what_cannot_be_is_counted(tmp_path: Path, cues: list[tuple[float, float, str]], told: str) -> None:
    blocks = [f"{i}\n00:00:{a:06.3f} --> 00:00:{b:06.3f}\n{text}\n" for i, (a, b, text) in enumerate(cues, 1)]
    kinds = [kind for kind, _ in read(tmp_path, ".srt", "\n".join(blocks)).account.mended]
    assert any(told in kind for kind in kinds) if told else "words of nobody who is named" in kinds[-1:]


def test_words_of_nobody_are_counted_where_others_are_named(tmp_path: Path) -> None:
    cue = '{i} "{name}" (1)\n00:00:0{i}.000 --> 00:00:0{i}.900\n{text}\n\n'
    named = "".join(cue.format(i=i, name="Anna Lee", text=f"so we grew {i}") for i in range(1, 5))
    found = read(tmp_path, ".vtt", "WEBVTT\n\n" + named.replace('3 "Anna Lee" (1)\n', ""))
    assert ("words of nobody who is named", 4) in found.account.mended


def test_rolling_captions_are_said_once(tmp_path: Path) -> None:
    lines = ["so we grew", "by ten percent", "in one year", "and then more"]
    cues, before = [], ""
    for i, line in enumerate(lines):
        cues.append(
            f"00:0{i}.000 --> 00:0{i + 1}.000\n{before}\n{line}\n\n00:0{i + 1}.000 --> 00:0{i + 1}.010\n{line}\n \n"
        )
        before = line
    said = read(tmp_path, ".vtt", "WEBVTT\n\n" + "\n".join(cues))
    assert " ".join(word.text for word in said.words) == " ".join(lines)
    assert said.account.mended


@pytest.mark.parametrize(
    "text",
    [
        "WEBVTT\n\n" + "00:00:01.000 --> 00:00:02.000\nso we grew by ten percent\n\n" * 18_000,
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n" + "a" * 1_000_000,
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n" + "a: " * 330_000,
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n" + "[" * 1_000_000,
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n" + "Anna Lee. " * 100_000,
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n" + " " * 1_000_000 + "a",
        "Anna 0:01\n" * 100_000,
        "-" * 1_000_000 + ">",
        "1:" * 500_000,
        "\n" * 1_000_000,
        "[" + '{"start":0,"end":1,"text":"a"},' * 33_000 + "0]",
    ],
    ids=range(11),
)
def test_a_megabyte_takes_no_more_than_two_seconds(tmp_path: Path, text: str) -> None:
    begun = time.process_time()
    with contextlib.suppress(TranscriptError):
        read(tmp_path, ".vtt", text)
    assert time.process_time() - begun < 2


def test_bytes_that_are_no_text_are_counted(tmp_path: Path) -> None:
    """In a file that says its encoding itself, one bad pair of bytes costs itself and stands in the account."""
    path = tmp_path / "bad.vtt"
    text = "WEBVTT\n\n00:00:01.000 --> 00:00:04.000\nI measured it and told her about it.\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode().replace(b"told", b"t\xff\xfeld"))
    found = read_transcript(path)
    assert ("characters that could not be read", 2) in found.account.mended
    assert found.account.share > 0
