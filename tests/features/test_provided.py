"""Transcripts as meeting tools export them, and the files that are none."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.features.transcript.formats.cue import TranscriptError
from vivavoce.features.transcript.provided import MAX_BYTES, read_transcript

ZOOM = """WEBVTT

1
00:00:01.000 --> 00:00:03.000
Interviewer: Tell me about a deal.

2
00:00:03.500 --> 00:00:06.500
Anna Smith: Sure, last year

3
00:00:06.500 --> 00:00:08.000
Anna Smith: we won.
"""
TEAMS = """WEBVTT
Language: en

NOTE exported by a meeting tool

4e1a-0/12-0
00:00:01.000 --> 00:00:03.000 line:90%
<v Bob Jones>Tell me about &lt;it&gt;.</v>

4e1a-0/13-0
00:00:02.500 --> 00:00:04.500
<v.loud Anna Smith>Sure,
we <i>won</i>.</v>
"""


def written(folder: Path, name: str, text: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_vtt_with_name_prefixes(tmp_path: Path) -> None:
    transcript = read_transcript(written(tmp_path, "a.vtt", ZOOM))
    assert transcript.speakers == ("Interviewer", "Anna Smith")
    assert [word.text for word in transcript.spoken_by("Anna Smith").words] == ["Sure,", "last", "year", "we", "won."]
    assert (transcript.language, transcript.engine, transcript.word_times) == ("en", "provided:vtt", False)


def test_cue_times_are_spread_by_length(tmp_path: Path) -> None:
    words = read_transcript(written(tmp_path, "a.vtt", ZOOM)).spoken_by("Anna Smith").words[:3]
    assert [word.start for word in words] == pytest.approx([3.5, 3.5 + 15 / 13, 3.5 + 27 / 13])
    assert [word.end for word in words] == pytest.approx([3.5 + 15 / 13, 3.5 + 27 / 13, 6.5])


def test_vtt_with_voice_tags_and_overlap(tmp_path: Path) -> None:
    transcript = read_transcript(written(tmp_path, "a.vtt", "\ufeff" + TEAMS.replace("\n", "\r\n")))
    assert [word.text for word in transcript.spoken_by("Bob Jones").words] == ["Tell", "me", "about", "<it>."]
    assert [word.text for word in transcript.spoken_by("Anna Smith").words] == ["Sure,", "we", "won."]
    starts = [word.start for word in transcript.words]
    assert starts == sorted(starts)
    assert transcript.spoken_by("Anna Smith").words[0].start == 2.5


def test_srt_with_names_at_the_start_of_a_turn(tmp_path: Path) -> None:
    text = (
        "1\n00:00:01,000 --> 00:00:02,000\n面试官：请介绍一下自己。\n\n"
        "2\n00:00:02,000 --> 00:00:04,000\n候选人：好的，我做测试。\n\n"
        "3\n00:00:04,000 --> 00:00:05,000\n结果：成本降低了。\n"
    )
    transcript = read_transcript(written(tmp_path, "a.srt", text))
    assert transcript.speakers == ("面试官", "候选人")
    assert "结果：成本降低了。" in [word.text for word in transcript.spoken_by("候选人").words]
    assert transcript.language == "zh"


def test_a_colon_alone_names_nobody(tmp_path: Path) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nI say this: we won at 10:30, see https://example.com\n"
    transcript = read_transcript(written(tmp_path, "a.srt", text))
    assert transcript.speakers == ()
    assert len(transcript.words) == 9


def test_json_in_whispers_shape(tmp_path: Path) -> None:
    words = [{"word": " So", "start": 0.0, "end": 0.4, "probability": 0.9}, {"word": " yes.", "start": 0.5, "end": 0.9}]
    document = {"language": "en", "segments": [{"start": 0.0, "end": 1.0, "text": " So yes.", "words": words}]}
    transcript = read_transcript(written(tmp_path, "a.json", json.dumps(document)))
    assert transcript.word_times
    assert [(word.text, word.start, word.confidence) for word in transcript.words] == [
        ("So", 0.0, 0.9),
        ("yes.", 0.5, None),
    ]


def test_json_as_a_list_of_turns(tmp_path: Path) -> None:
    turns = [
        {"start": 0, "end": 2, "speaker": "A", "text": "hi there"},
        {"start": 1, "end": 2, "speaker": None, "text": "yes"},
    ]
    transcript = read_transcript(written(tmp_path, "a.json", json.dumps(turns)))
    assert [(word.text, word.speaker) for word in transcript.words] == [
        ("hi", "Speaker A"),
        ("there", "Speaker A"),
        ("yes", None),
    ]
    assert not transcript.word_times


def test_an_empty_meeting_has_no_words(tmp_path: Path) -> None:
    assert read_transcript(written(tmp_path, "a.vtt", "WEBVTT\n")).words == ()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "hello", r"a\.txt, line 1: No transcript with times is known in this form\. Read are WebVTT"),
        ("a.srt", "", r"line 1: No transcript with times"),
        ("a.json", "{", r"JSON: Write valid JSON of a known shape"),
        ("a.json", '{"text": "hi"}', r"it holds none of segments"),
        ("a.json", "[" * 100_000, r"Write valid JSON"),
        ("a.docx", b"PK\x03\x04 nothing", r"It cannot be read safely"),
        ("a.ttml", "<!DOCTYPE tt [<!ENTITY a 'b'>]><tt/>", r"No transcript with times"),
        ("a.ttml", "<?xml version='1.0'?><!DOCTYPE tt [<!ENTITY a 'b'>]><tt>&a;</tt>", r"It cannot be read safely"),
    ],
)  # fmt: skip
def test_a_bad_file_is_named_with_its_remedy(tmp_path: Path, name: str, text: str | bytes, message: str) -> None:
    with pytest.raises(TranscriptError, match=message):
        read_transcript(written(tmp_path, name, text))


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "a.vtt"
    with file.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    with pytest.raises(TranscriptError, match="at most 16777216 bytes"):
        read_transcript(file)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.sampled_from([".vtt", ".srt", ".json"]))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str, suffix: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    for head in ("", "WEBVTT\n\n00:01.000 --> 00:02.000\n", "1\n00:00:01,000 --> 00:00:02,000\n"):
        try:
            words = read_transcript(written(folder, f"any{suffix}", (head + text).encode("utf-8", "replace"))).words
        except TranscriptError:
            continue
        assert all(0 <= word.start <= word.end and word.text for word in words)
