"""Recordings and transcripts find one another by name, as meeting tools, phones and people name them."""

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.proof import proof_count
from vivavoce.data.pairing import Pair, list_files, pair

ZOOM, TENCENT = "2025-03-01 10.00.00 Zoom Meeting", "20250301100000-张三的快速会议"
GMT, TEAMS = "GMT20250301-100000_Recording", "Interview with Anna Lee-20250301_100000-Meeting"


def paired(*names: str, language: str | None = None) -> tuple[list[Pair], dict[str, str]]:
    found, left = pair(map(PurePosixPath, names), language)
    return found, {one.path: one.why for one in left}


CASES = {  # names -> candidate, recording and transcript (by question where there are several)
    "same stem": (("c-1.mp4", "c-1.vtt"), "c-1", "c-1.mp4", "c-1.vtt"),
    "other folders": (("media/c-1.mp4", "transcripts/c-1.srt"), "c-1", "media/c-1.mp4", "transcripts/c-1.srt"),
    "a folder each": (("王芳/录制.mp4", "王芳/文字稿.docx"), "王芳", "王芳/录制.mp4", "王芳/文字稿.docx"),
    "folder and name": (("Anna Lee/anna_lee.mov", "Anna Lee/captions.vtt"), "Anna Lee", "Anna Lee/anna_lee.mov",
                        "Anna Lee/captions.vtt"),
    "a language": (("anna.mp4", "anna.zh-CN.vtt"), "anna", "anna.mp4", "anna.zh-CN.vtt"),
    "Zoom on disk": ((f"{ZOOM}/video1.mp4", f"{ZOOM}/audio_only.m4a", f"{ZOOM}/closed_caption.txt", f"{ZOOM}/chat.txt",
                      f"{ZOOM}/Audio Record/audioAnna1.m4a"), ZOOM, f"{ZOOM}/video1.mp4",
                     f"{ZOOM}/closed_caption.txt"),
    "Zoom's cloud": ((f"{GMT}_1920x1080.mp4", f"{GMT}_avo_640x360.mp4", f"{GMT}.m4a", f"{GMT}.cc.vtt",
                      f"{GMT}.transcript.vtt", f"{GMT}newChat.txt"), "20250301100000", f"{GMT}_avo_640x360.mp4",
                     f"{GMT}.transcript.vtt"),
    "Teams": ((f"{TEAMS} Recording.mp4", "Interview with Anna Lee.docx"), "Anna Lee", f"{TEAMS} Recording.mp4",
              "Interview with Anna Lee.docx"),
    "Teams, vtt": ((f"{TEAMS} Recording.mp4", f"{TEAMS} Transcript.mp4.vtt"), "Anna Lee", f"{TEAMS} Recording.mp4",
                   f"{TEAMS} Transcript.mp4.vtt"),
    "Tencent": ((f"{TENCENT}-视图录制.mp4", f"{TENCENT}-转写智能优化版.txt", f"{TENCENT}-纪要.docx"),
                "张三的快速会议 20250301100000", f"{TENCENT}-视图录制.mp4", f"{TENCENT}-转写智能优化版.txt"),
    "only two": (("c-2/meeting.webm", "c-2/otter_ai.txt"), "c-2", "c-2/meeting.webm", "c-2/otter_ai.txt"),
    "questions": (("c-3/q1.webm", "c-3/q2.webm", "c-3/q2.vtt"), "c-3", {"q1": "c-3/q1.webm", "q2": "c-3/q2.webm"},
                  {"q2": "c-3/q2.vtt"}),
    "a folder a question": (("李雷/第1题/录制.mp4", "李雷/第2题/录制.mp4", "李雷/第2题/字幕.vtt"), "李雷",
                            {"q1": "李雷/第1题/录制.mp4", "q2": "李雷/第2题/录制.mp4"}, {"q2": "李雷/第2题/字幕.vtt"}),
    "stem and question": (("c-4_Q01.mp4", "c-4_question 2.mp4", "c-4_q1.json"), "c-4",
                          {"q1": "c-4_Q01.mp4", "q2": "c-4_question 2.mp4"}, {"q1": "c-4_q1.json"}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_they_find_one_another(case: str) -> None:
    names, candidate, media, transcript = CASES[case]
    (found,), left = paired(*names)
    assert found.candidate == candidate
    shown = [
        {at: str(path) for at, path in files.items()} if None not in files else str(files[None])
        for files in (found.media, found.transcript)
    ]
    assert shown == [media, transcript]
    assert {*map(str, found.files), *left} == set(names), "every file is in a row, or listed with why it is not"


def test_what_does_not_tell_is_listed_and_not_guessed() -> None:
    _, left = paired("dora.mp4", "dora (1).mp4", "eva.part1.mp4", "eva.part2.mp4")
    assert all("alike in name" in left[name] for name in ("dora.mp4", "dora (1).mp4", "eva.part1.mp4", "eva.part2.mp4"))
    found, left = paired("anna.mp4", "ben.vtt")
    assert (found[0].transcript, left) == ({}, {"ben.vtt": "no recording of this name"}), "both name somebody"
    found, left = paired("f/q1.mp4", "f/q2.mp4", "f/captions.vtt", "f/q3.vtt")
    assert (found[0].transcript, left["f/q3.vtt"]) == ({}, "no recording of q3")
    assert left["f/captions.vtt"] == "it does not say of which question it is"
    found, left = paired("north/anna.mp4", "south/anna.mp4", "north/anna.vtt")
    assert [(one.candidate, len(one.transcript)) for one in found] == [("north/anna", 1), ("south/anna", 0)]
    again = [f"GMT2025030{day}-100000_Anna.{kind}" for day in (1, 2) for kind in ("mp4", "vtt")]
    found, left = paired(*again, "Anna.srt")
    assert [(one.candidate, one.interview) for one in found] == [
        ("Anna", "Anna 20250301100000"), ("Anna", "Anna 20250302100000")
    ]  # fmt: skip
    assert left == {"Anna.srt": "several recordings have its name: write the time into its own, too"}


def test_of_a_translation_the_spoken_one_is_taken_or_none() -> None:
    names = ("anna.mp4", "anna.en.vtt", "anna.zh.vtt", "anna.zh.srt")
    (found,), left = paired(*names)
    assert found.transcript == {}
    assert set(left) == set(names[1:])
    (found,), left = paired(*names, language="zh")
    assert (str(found.transcript[None]), found.language) == ("anna.zh.vtt", "zh")


def test_the_time_is_taken_only_with_its_zone() -> None:
    for name, expected in (
        (GMT, "2025-03-01T10:00:00+00:00"), ("a 20250301T100000Z", "2025-03-01T10:00:00+00:00"),
        ("a 20250301_100000", None), ("2025-03-01 10.00.00 a", None), ("GMT20251301-100000_x", None),
    ):  # fmt: skip
        moment = paired(f"{name}.mp4")[0][0].recorded_at
        assert (moment.isoformat() if moment else None) == expected, name


def test_links_and_hidden_files_are_listed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("a/x.mp4", "a/.DS_Store", "b.mp4"):
        (tmp_path / name).touch()
    (tmp_path / "link.mp4").symlink_to(tmp_path / "b.mp4")
    (tmp_path / "linked").symlink_to(tmp_path / "a")
    found, left = list_files(tmp_path)
    assert list(map(str, found)) == ["b.mp4", "a/x.mp4"]
    assert sorted(one.path for one in left) == ["a/.DS_Store", "link.mp4", "linked"]


PIECES = ["anna", "c-1", "王芳", "q1", "Q2", "录制", "transcript", "2025-03-01", "GMT20250301-100000", "zh", "(1)", "-"]


@settings(max_examples=proof_count(150, 5000), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("_".join),
            st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("_".join),
            st.sampled_from([".mp4", ".m4a", ".vtt", ".txt", ".pdf", ""]),
        ).map(lambda parts: f"{parts[0]}/{parts[1]}{parts[2]}"),
        max_size=8, unique=True,
    )
)  # fmt: skip
def test_every_file_is_in_one_row_or_listed_once(names: list[str]) -> None:
    found, left = pair(map(PurePosixPath, names))
    there = [str(path) for one in found for path in one.files] + [one.path for one in left]
    assert sorted(there) == sorted({str(PurePosixPath(name)) for name in names})
    assert len({one.interview for one in found}) == len(found), "ids of interviews are unique"
    for one in found:
        assert set(one.transcript) <= set(one.media)
        assert one.media
