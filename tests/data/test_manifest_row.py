"""Every fault of a row comes back with column and remedy; nothing outside the folder is named."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.manifests import CONSENT, FULL, MINIMAL, json_lines, read
from tests.proof import proof_count
from vivavoce.data.interview import Recording
from vivavoce.data.manifest import ManifestError
from vivavoce.data.manifest_row import COLUMNS
from vivavoce.data.manifest_table import CONSENT as PLAIN


def test_the_documented_columns_are_the_columns() -> None:
    page = (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8")
    table = page.split("## Columns")[1].split("Text may not")[0]
    named = [
        name
        for row in table.splitlines()[4:]
        if row.startswith("| `")
        for name in re.findall("`(.*?)`", row.split("|")[1])
    ]
    assert sorted(named) == sorted((*COLUMNS, *PLAIN))


def test_one_file_per_question(tmp_path: Path) -> None:
    row = {**MINIMAL, "media": {"q1": "x/1.mp4", "q2": "x/2.mp4"}, "transcript": {"q2": "x/2.json"}}
    (interview,) = read(tmp_path, json_lines([row])).interviews
    assert interview.recordings == (
        Recording(tmp_path / "x/1.mp4", "q1"),
        Recording(tmp_path / "x/2.mp4", "q2", tmp_path / "x/2.json"),
    )


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(
    max_examples=proof_count(150, 5000), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.dictionaries(st.sampled_from([*FULL, "colour"]), anything, min_size=1, max_size=4))
def test_no_row_crashes_the_reader(changes: dict[str, Any], tmp_path: Path) -> None:
    """A row is read or refused, whatever its fields hold; with ``skip_bad_rows`` the counts add up."""
    manifest = read(tmp_path, json.dumps({**FULL, **changes}).encode(), skip_bad_rows=True)
    assert len(manifest.interviews) + len(manifest.bad_rows) == 1
    assert all(error.column and error.remedy for bad in manifest.bad_rows for error in bad.errors)


ROW_FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown column": ({"candidat_name": "x"}, "candidat_name", r"not a known name. Did you mean 'candidate_name'\?"),
    "numeric id": ({"interview_id": 7}, "interview_id", r"valid string. Got 7 instead"),
    "empty id": ({"interview_id": ""}, "interview_id", r"at least 1 character"),
    "long id": ({"candidate_id": "x" * 129}, "candidate_id", r"at most 128 characters"),
    "padded id": ({"candidate_id": " c1"}, "candidate_id", r"Remove the spaces around"),
    "escape in id": ({"site": "a\x1b[31m"}, "site", r"control character U\+001B. Got 'a\\x1b\[31m'"),
    "turned text": ({"job": "a\u202eb"}, "job", r"control character U\+202E"),
    "half a character": ({"stage": "\ud800"}, "stage", r"valid string"),
    "absolute": (
        {"media": "/etc/passwd"},
        "media",
        r"the manifest's, or --media-root. Got '/etc/passwd'",
    ),
    "above": ({"media": "x/../../a.mp4"}, "media", r"leaves the folder of the media"),
    "http": ({"media": "http://host/a.mp4"}, "media", r"URLs and drives are not read"),
    "file url": ({"media": "file:a.mp4"}, "media", r"URLs and drives"),
    "s3": ({"transcript": "s3://bucket/a.vtt"}, "transcript", r"URLs and drives"),
    "concat": ({"media": "concat:a.mp4|b.mp4"}, "media", r"URLs and drives"),
    "drive": ({"media": "C:\\a.mp4"}, "media", r"URLs and drives"),
    "backslash": ({"media": "x\\a.mp4"}, "media", r"Separate folders by '/'"),
    "nul": ({"media": "a\0.mp4"}, "media", r"U\+0000"),
    "here": ({"media": "."}, "media", r"Name a file"),
    "long path": ({"media": "a/" * 600}, "media", r"at most 1024 characters"),
    "media number": ({"media": 5}, "media", r"Write a path, or a path for each question"),
    "no media": ({"media": {}}, "media", r"Write a path, or a path for each question"),
    "media in mapping": ({"media": {"q1": "../a.mp4"}}, "media.q1", r"leaves the folder of the media"),
    "question id": ({"media": {"q 1": "a.mp4"}}, "media.q 1", r"should match pattern"),
    "one file twice": ({"media": {"q1": "a.mp4", "q2": "./a.mp4"}}, "media.q1", r"Two questions name this file"),
    "transcript form": ({"transcript": {"q1": "a.vtt"}}, "transcript.q1", r"the same form .* as 'media'"),
    "transcript ids": (
        {"media": {"q1": "a.mp4"}, "transcript": {"q2": "a.vtt"}},
        "transcript.q2",
        r"the same question ids",
    ),
    "transcript kind": ({"transcript": "a.pdf"}, "transcript", r"ends in .vtt, .srt, .json, .*docx. Got 'a.pdf'"),
    "spans and files": (
        {"media": {"q1": "a.mp4"}, "questions": [{"id": "q1", "start": 0, "end": 1}]},
        "questions",
        r"Leave out the spans",
    ),
    "overlap": (
        {"questions": [{"id": "q2", "start": 5, "end": 9}, {"id": "q1", "start": 0, "end": 6}]},
        "questions",
        r"'q1' \(0–6 s\) overlaps 'q2'",
    ),
    "open end": ({"questions": [{"id": "a", "start": 0}, {"id": "b", "start": 5}]}, "questions", r"Give 'a' an end"),
    "backwards": ({"questions": [{"id": "q1", "start": 5, "end": 5}]}, "questions.q1.end", r"after the start \(5 s\)"),
    "negative": ({"questions": [{"id": "q1", "start": -1, "end": 5}]}, "questions.q1.start", r"greater than or equal"),
    "milliseconds": ({"questions": [{"id": "q1", "start": 90_000_000}]}, "questions.q1.start", r"equal to 86400"),
    "second as text": ({"questions": [{"id": "q1", "start": "5"}]}, "questions.q1.start", r"valid number"),
    "span key": ({"questions": [{"id": "q1", "start": 1, "stop": 2}]}, "questions.q1.stop", r"not a known name"),
    "same question": (
        {"questions": [{"id": "q1", "start": 0, "end": 1}, {"id": "q1", "start": 2, "end": 3}]},
        "questions",
        r"The id 'q1' stands twice",
    ),
    "language": ({"language": "de"}, "language", r"'en', 'zh', 'yue' or 'auto'. Got 'de'"),
    "time": ({"recorded_at": "2 November"}, "recorded_at", r"ISO 8601\). Got '2 November'"),
    "unix time": ({"recorded_at": 1_700_000_000}, "recorded_at", r"ISO 8601"),
    "year one": ({"recorded_at": "0001-01-01T00:00:00+14:00"}, "recorded_at", r"1990 to 2100"),
    "accommodation": ({"accommodation": "yes"}, "accommodation", r"valid boolean"),
    "consent form": ({"consent": True}, "consent", r"valid dictionary"),
    "consent key": ({"consent": {**CONSENT, "dat": 1}}, "consent.dat", r"Did you mean 'date'\?"),
    "consent tomorrow": ({"consent": {**CONSENT, "date": "2026-11-23"}}, "consent.date", r"lies after today"),
    "consent purpose": ({"consent": {**CONSENT, "purpose": ["sell"]}}, "consent.purpose.0", r"'score', 'train'"),
    "consent without day": ({"consent": {"text": True, "purpose": ["score"], "policy": "p"}}, "consent.date", r"must"),
}


@pytest.mark.parametrize("fault", ROW_FAULTS)
def test_a_fault_is_named_with_column_and_remedy(fault: str, tmp_path: Path) -> None:
    changes, column, message = ROW_FAULTS[fault]
    with pytest.raises(ManifestError, match=message) as caught:
        read(tmp_path, json.dumps({**MINIMAL, **changes}).encode())
    assert (1, column) in [(error.line, error.column) for error in caught.value.errors]


def test_links_anywhere_on_the_way_are_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "a.mp4").touch()
    inside.mkdir()
    (inside / "file.mp4").symlink_to(outside / "deep" / "a.mp4")
    (inside / "folder").symlink_to(outside)
    (inside / "dangling.mp4").symlink_to("nowhere")
    for media, part in (("file.mp4", "file.mp4"), ("folder/deep/a.mp4", "folder"), ("dangling.mp4", "dangling.mp4")):
        with pytest.raises(ManifestError, match=rf"media: '{part}' is a link: put the file itself there"):
            read(inside, json_lines([{**MINIMAL, "media": media}]))


def test_the_folder_itself_may_lie_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "alias").symlink_to(tmp_path / "real")
    (interview,) = read(tmp_path / "alias", json_lines([MINIMAL])).interviews
    assert interview.recordings[0].path == tmp_path / "real" / "a.mp4"


def test_what_is_missing_or_no_file_is_left_to_decoding(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain").touch()
    names = ["absent/a.mp4", "folder", "plain/a.mp4", "x" * 300 + ".mp4"]
    rows = [{**MINIMAL, "interview_id": f"i{i}", "media": name} for i, name in enumerate(names)]
    assert len(read(tmp_path, json_lines(rows)).interviews) == len(names)
