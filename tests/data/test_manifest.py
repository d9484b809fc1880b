"""Good rows come back equal from all three formats; every planted fault comes back with line, column and remedy."""

import csv
import io
import json
import random
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.proof import proof_count
from vivavoce.data.interview import Consent, Interview, Modality, Purpose, QuestionSpan, Recording
from vivavoce.data.manifest import Manifest, ManifestError, read_manifest
from vivavoce.data.manifest_row import COLUMNS

TODAY = date(2026, 11, 22)
CONSENT = {
    "text": True,
    "voice": True,
    "face": False,
    "purpose": ["score", "train"],
    "date": "2026-11-01",
    "policy": "privacy-2026",
    "withdrawn": None,
}
MINIMAL: dict[str, Any] = {"interview_id": "i1", "candidate_id": "c1", "job": "software_engineer", "media": "a.mp4"}
FULL: dict[str, Any] = {
    **MINIMAL,
    "candidate_name": "Zoë O'Hara, 张　三",
    "interviewer_id": "n7",
    "stage": "second",
    "questions": [{"id": "q1", "start": 3.5, "end": 40}, {"id": "q2", "start": 40}],
    "language": "en",
    "site": "Leeds",
    "recorded_at": "2026-11-02T09:30:00+08:00",
    "transcript": "notes/a.VTT",
    "candidate_speaker": "Zoë",
    "consent": CONSENT,
    "accommodation": False,
}
NESTED = ("media", "transcript", "questions", "consent")


def json_lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def as_text(row: dict[str, Any]) -> dict[str, Any]:
    """A row as a table holds it: nested fields as JSON text."""
    return {
        name: json.dumps(value, ensure_ascii=False) if name in NESTED and not isinstance(value, str) else value
        for name, value in row.items()
    }


def columns_of(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def comma_separated(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns_of(rows))
    writer.writeheader()
    writer.writerows(as_text(row) for row in rows)
    return text.getvalue().encode()


def parquet(rows: list[dict[str, Any]]) -> bytes:
    texts = [as_text(row) for row in rows]
    table = pa.table({name: [row.get(name) for row in texts] for name in columns_of(rows)})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


FORMATS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    ".jsonl": json_lines,
    ".csv": comma_separated,
    ".parquet": parquet,
}


def read(folder: Path, content: bytes, suffix: str = ".jsonl", **options: Any) -> Manifest:
    path = folder / f"manifest{suffix}"
    path.write_bytes(content)
    return read_manifest(path, today=TODAY, **options)


def faults(folder: Path, *rows: dict[str, Any], suffix: str = ".jsonl") -> list[tuple[int, str]]:
    with pytest.raises(ManifestError) as caught:
        read(folder, FORMATS[suffix](list(rows)), suffix)
    return [(error.line, error.column) for error in caught.value.errors]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_full_row_becomes_an_interview(suffix: str, tmp_path: Path) -> None:
    manifest = read(tmp_path, FORMATS[suffix]([FULL]), suffix)
    assert manifest.bad_rows == ()
    assert manifest.interviews == (
        Interview(
            interview_id="i1",
            candidate_id="c1",
            job="software_engineer",
            recordings=(Recording(tmp_path / "a.mp4", None, tmp_path / "notes" / "a.VTT"),),
            language="en",
            consent=Consent(
                frozenset({Modality.TEXT, Modality.VOICE}),
                frozenset({Purpose.SCORE, Purpose.TRAIN}),
                date(2026, 11, 1),
                "privacy-2026",
            ),
            candidate_name="Zoë O'Hara, 张　三",
            interviewer_id="n7",
            stage="second",
            questions=(QuestionSpan("q1", 3.5, 40.0), QuestionSpan("q2", 40.0, None)),
            site="Leeds",
            recorded_at=datetime(2026, 11, 2, 1, 30, tzinfo=UTC),
            candidate_speaker="Zoë",
            line=2 if suffix == ".csv" else 1,
        ),
    )


def test_the_documented_example_is_a_manifest(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8")
    example = page.split("```json\n")[1].split("```")[0]
    first, second = read(tmp_path, example.encode()).interviews
    assert [span.question_id for span in first.questions] == ["q1", "q2"]
    assert second.consent is not None
    assert second.consent.refused


def test_the_documented_columns_are_the_columns() -> None:
    page = (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8")
    table = page.split("## Columns")[1].split("Text may not")[0]
    named = [
        name
        for row in table.splitlines()[4:]
        if row.startswith("| `")
        for name in re.findall("`(.*?)`", row.split("|")[1])
    ]
    assert sorted(named) == sorted(COLUMNS)


def test_a_minimal_row_has_no_consent(tmp_path: Path) -> None:
    (interview,) = read(tmp_path, json_lines([MINIMAL])).interviews
    assert interview.consent is None
    assert interview.language == "auto"
    assert interview.recorded_at is None


def test_one_file_per_question(tmp_path: Path) -> None:
    row = {**MINIMAL, "media": {"q1": "x/1.mp4", "q2": "x/2.mp4"}, "transcript": {"q2": "x/2.json"}}
    (interview,) = read(tmp_path, json_lines([row])).interviews
    assert interview.recordings == (
        Recording(tmp_path / "x/1.mp4", "q1"),
        Recording(tmp_path / "x/2.mp4", "q2", tmp_path / "x/2.json"),
    )


def test_parquet_may_nest_natively(tmp_path: Path) -> None:
    table = pa.table(
        {
            "interview_id": ["i1", "i2"],
            "candidate_id": ["c1", "c2"],
            "job": ["store_manager"] * 2,
            "media": pa.array([[("q1", "1.mp4")], [("q2", "2.mp4")]], pa.map_(pa.string(), pa.string())),
            "transcript": pa.array([{"q1": "1.vtt", "q2": None}, {"q1": None, "q2": "2.vtt"}]),
            "consent": [{**CONSENT, "date": date(2026, 11, 1)}, None],
            "accommodation": [True, None],
            "recorded_at": pa.array([datetime(2026, 11, 2, 1, 30)] * 2, pa.timestamp("ns")),
        }
    )
    pq.write_table(table, tmp_path / "m.parquet")
    first, second = read_manifest(tmp_path / "m.parquet", today=TODAY).interviews
    assert first.recordings == (Recording(tmp_path / "1.mp4", "q1", tmp_path / "1.vtt"),)
    assert second.recordings == (Recording(tmp_path / "2.mp4", "q2", tmp_path / "2.vtt"),)
    assert first.consent is not None
    assert first.consent.given == date(2026, 11, 1)
    assert (first.accommodation, second.accommodation) == (True, False)
    assert first.recorded_at == datetime(2026, 11, 2, 1, 30, tzinfo=UTC)


label = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12)
moments = st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1)).map(
    lambda naive: naive.replace(tzinfo=timezone(timedelta(hours=naive.hour - 12))).isoformat()
)
file_names = st.from_regex(r"[a-z0-9]{1,8}(/[a-z0-9]{1,8})?\.(vtt|srt|json)", fullmatch=True)
starts = st.lists(st.floats(0, 80_000, allow_subnormal=False), unique=True, min_size=1, max_size=4)


def spans(times: list[float]) -> list[dict[str, Any]]:
    times = sorted(times)
    return [
        {"id": f"q{i}", "start": start, "end": end}
        for i, (start, end) in enumerate(zip(times, [*times[1:], None], strict=True))
    ]


whole_file = st.fixed_dictionaries(
    {"media": file_names}, optional={"questions": starts.map(spans), "transcript": file_names}
)
per_question = st.lists(file_names, min_size=1, max_size=3, unique=True).map(
    lambda names: {kind: {f"q{i}": name for i, name in enumerate(names)} for kind in ("media", "transcript")}
)
others = st.fixed_dictionaries(
    {"candidate_id": label, "job": label},
    optional={
        "candidate_name": label,
        "interviewer_id": label,
        "stage": label,
        "site": label,
        "candidate_speaker": label,
        "language": st.sampled_from(["en", "zh", "auto"]),
        "recorded_at": moments,
        "accommodation": st.booleans(),
        "consent": st.just(CONSENT) | st.just({"text": False}) | st.just({**CONSENT, "withdrawn": "2026-11-09"}),
    },
)
good_rows = st.lists(
    st.tuples(label, others, whole_file | per_question), min_size=1, max_size=4, unique_by=lambda r: r[0]
)


@settings(
    max_examples=proof_count(60, 2000), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(parts=good_rows)
def test_the_same_rows_are_the_same_interviews_in_every_format(parts: list[Any], tmp_path: Path) -> None:
    rows = [{"interview_id": name, **more, **files} for name, more, files in parts]
    read_back = [
        [replace(interview, line=0) for interview in read(tmp_path, write(rows), suffix).interviews]
        for suffix, write in FORMATS.items()
    ]
    assert len(read_back[0]) == len(rows)
    assert read_back[0] == read_back[1] == read_back[2]


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


@settings(
    max_examples=proof_count(100, 5000), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode), suffix=st.sampled_from([*FORMATS]))
def test_no_bytes_crash_the_reader(content: bytes, suffix: str, tmp_path: Path) -> None:
    """What is no manifest is refused, in every format, also behind a header that is right."""
    for start in (b"", b"interview_id,candidate_id,job,media,questions\n", b"PAR1"):
        with pytest.raises(ManifestError):
            read(tmp_path, start + content, suffix)


@pytest.mark.parametrize("suffix", FORMATS)
def test_no_damage_crashes_the_reader(suffix: str, tmp_path: Path) -> None:
    """Bytes of a good manifest are overwritten at random: rows are read or refused, nothing else happens."""
    whole = FORMATS[suffix]([FULL, {**MINIMAL, "interview_id": "i2", "consent": CONSENT}])
    chance = random.Random(7)
    refused = 0
    for _ in range(proof_count(150, 5000)):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            read(tmp_path, bytes(damaged), suffix, skip_bad_rows=True)
        except ManifestError:
            refused += 1
    assert refused > 0


ROW_FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown column": ({"candidat_name": "x"}, "candidat_name", r"not a known name. Did you mean 'candidate_name'\?"),
    "numeric id": ({"interview_id": 7}, "interview_id", r"valid string. Got 7 instead"),
    "empty id": ({"interview_id": ""}, "interview_id", r"at least 1 character"),
    "long id": ({"candidate_id": "x" * 129}, "candidate_id", r"at most 128 characters"),
    "padded id": ({"candidate_id": " c1"}, "candidate_id", r"Remove the spaces around"),
    "escape in id": ({"site": "a\x1b[31m"}, "site", r"control character U\+001B. Got 'a\\x1b\[31m'"),
    "turned text": ({"job": "a\u202eb"}, "job", r"control character U\+202E"),
    "half a character": ({"stage": "\ud800"}, "stage", r"valid string"),
    "absolute": ({"media": "/etc/passwd"}, "media", r"relative to the manifest's folder. Got '/etc/passwd'"),
    "above": ({"media": "x/../../a.mp4"}, "media", r"leaves the manifest's folder"),
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
    "media in mapping": ({"media": {"q1": "../a.mp4"}}, "media.q1", r"leaves the manifest's folder"),
    "question id": ({"media": {"q 1": "a.mp4"}}, "media.q 1", r"should match pattern"),
    "one file twice": ({"media": {"q1": "a.mp4", "q2": "./a.mp4"}}, "media.q1", r"Two questions name this file"),
    "transcript form": ({"transcript": {"q1": "a.vtt"}}, "transcript.q1", r"the same form .* as 'media'"),
    "transcript ids": (
        {"media": {"q1": "a.mp4"}, "transcript": {"q2": "a.vtt"}},
        "transcript.q2",
        r"the same question ids",
    ),
    "transcript kind": ({"transcript": "a.docx"}, "transcript", r"ends in .vtt, .srt, .json. Got 'a.docx'"),
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
    "language": ({"language": "de"}, "language", r"'en', 'zh' or 'auto'. Got 'de'"),
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


@pytest.mark.parametrize(
    ("suffix", "content", "message"),
    [
        (".jsonl", b"", r"manifest.jsonl, file: Write one row per interview. Got no rows"),
        (".jsonl", b"\n \n", r"Write one row per interview"),
        (".csv", b"", r"header: Name the columns in the first line: interview_id, candidate_id"),
        (".csv", b"interview_id,candidate_id,job,media\n", r"Write one row per interview"),
        (".csv", b"interview_id;job\n", r"Unknown column. Separate columns by commas. Got 'interview_id;job'"),
        (".csv", b"interview_id,jobs\n", r"line 1, header: Unknown column. Did you mean 'job'\? Got 'jobs'"),
        (".csv", b"job,job\n", r"This column stands twice"),
        (".csv", b'job\n"open', r"line 2, row: Close every quote"),
        (".csv", b"job\n" + b"x" * 140_000, r"keep cells below 131072 characters"),
        (".csv", b"job\nx\nM\xfcller\n", r"line 3, file: Save the manifest as UTF-8. Got byte 0xfc at position 7"),
        (".jsonl", b'{"job": "\xff"}', r"UTF-8. Got byte 0xff at position 9"),
        (".jsonl", "{}".encode("utf-16"), r"Save the manifest as UTF-8"),
        (".parquet", b"PAR1 nothing", r"Write a Parquet file that pyarrow can read"),
        (".parquet", b"", r"Write a Parquet file"),
        (".xlsx", b"", r"JSON Lines \(.jsonl\), CSV \(.csv\) or Parquet \(.parquet\). Got '.xlsx'"),
    ],
)
def test_a_file_that_is_no_table_is_refused_even_when_skipping(
    suffix: str, content: bytes, message: str, tmp_path: Path
) -> None:
    for skip in (False, True):
        with pytest.raises(ManifestError, match=message):
            read(tmp_path, content, suffix, skip_bad_rows=skip)


def test_a_manifest_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"Name a file that exists .* Got no file"):
        read_manifest(tmp_path / "absent.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ManifestError, match=r"Got a folder"):
        read_manifest(tmp_path / "folder.csv")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{oops", r"line 2, row: Write one JSON object per line \(Expecting"),
        ("[1]", r"a row is an object"),
        ('{"job": "a", "job": "b"}', r"the key 'job' stands twice"),
        ('{"job": NaN}', r"NaN is no JSON number"),
        ("[" * 100_000, r"nested too deeply"),
        (" " * 2**20 + "1", r"A line has at most 1048576 characters"),
    ],
)
def test_a_line_that_is_no_row_is_one_fault(line: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=message) as caught:
        read(tmp_path, json_lines([MINIMAL]) + line.encode())
    assert len(caught.value.errors) == 1


def test_all_faults_of_all_rows_are_listed_at_once(tmp_path: Path) -> None:
    rows = [{**MINIMAL, "language": "de", "media": "../x"}, FULL, {**MINIMAL, "interview_id": "i3", "consent": {}}, {}]
    rows[1] = {**FULL, "interview_id": "i2"}
    assert faults(tmp_path, *rows) == [
        (1, "media"),
        (1, "language"),
        (3, "consent.text"),
        (4, "interview_id"),
        (4, "candidate_id"),
        (4, "job"),
        (4, "media"),
    ]


def test_an_id_that_stands_twice_names_both_lines(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"line 2, interview_id: It also stands on line 4") as caught:
        read(tmp_path, comma_separated([MINIMAL, {**MINIMAL, "interview_id": "i2"}, MINIMAL]), ".csv")
    assert [error.line for error in caught.value.errors] == [2, 4]


def test_a_constant_id_does_not_fill_the_screen(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"line 1, 2, 3, 4, 5 and 2994 more") as caught:
        read(tmp_path, json_lines([MINIMAL] * 3000))
    assert len(caught.value.errors) == 3000
    assert len(str(caught.value)) < 1_000_000


def test_a_hostile_row_takes_no_time(tmp_path: Path) -> None:
    """Each of these is a few hundred kilobytes that a quadratic check would chew on for minutes."""
    keys = ",".join(f'"{i}":1' for i in range(90_000)) + ',"89999":1'
    files = {f"q{i}": f"{i}.mp4" for i in range(30_000)}
    content = f"{{{keys}}}\n".encode() + json_lines([{**MINIMAL, "media": files}])
    begun = time.process_time()
    with pytest.raises(ManifestError, match=r"the key '89999' stands twice"):
        read(tmp_path, content)
    assert time.process_time() - begun < 5


def test_bad_rows_can_be_left_out(tmp_path: Path) -> None:
    rows = [MINIMAL, {**MINIMAL, "interview_id": "i2", "media": "/a"}, {"candidate_id": "c\x00"}, MINIMAL]
    rows.append({**MINIMAL, "interview_id": "i5"})
    manifest = read(tmp_path, json_lines(rows), skip_bad_rows=True)
    assert [interview.interview_id for interview in manifest.interviews] == ["i5"]
    assert [(bad.line, bad.interview_id, bad.candidate_id) for bad in manifest.bad_rows] == [
        (1, "i1", "c1"),
        (2, "i2", "c1"),
        (3, None, None),
        (4, "i1", "c1"),
    ]


def test_csv_cells_are_read_as_documented(tmp_path: Path) -> None:
    header = "interview_id,candidate_id,job,media,accommodation,site\r\n"
    marks = ["true", "Yes", "1", "FALSE", "no", "0", ""]
    body = "".join(f'i{i},c,store_manager,"{{""q1"": ""a.mp4""}}",{mark},\r\n' for i, mark in enumerate(marks))
    manifest = read(tmp_path, b"\xef\xbb\xbf" + (header + body).encode(), ".csv")
    assert [interview.accommodation for interview in manifest.interviews] == [True] * 3 + [False] * 4
    assert {interview.site for interview in manifest.interviews} == {None}
    assert manifest.interviews[0].recordings == (Recording(tmp_path / "a.mp4", "q1"),)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("i1,c1,j,a.mp4,maybe,", r"accommodation: Write one of true, yes, 1, false, no, 0. Got 'maybe'"),
        ("i1,c1,j,a.mp4,,{text: true}", r"consent: Write JSON in this cell .* Got '{text: true}'"),
        ("i1,c1,j,{broken,,", r"media: Write JSON in this cell"),
        ("i1,c1,j,a.mp4", r"row: A row has as many cells as the header \(6\).* Got 4 cells"),
    ],
)
def test_a_cell_that_cannot_be_read_is_one_fault(cells: str, message: str, tmp_path: Path) -> None:
    header = "interview_id,candidate_id,job,media,accommodation,consent\n"
    with pytest.raises(ManifestError, match=message) as caught:
        read(tmp_path, (header + cells).encode(), ".csv")
    assert [error.line for error in caught.value.errors] == [2]


def test_records_over_several_lines_keep_their_first_line(tmp_path: Path) -> None:
    header = "interview_id,candidate_id,job,media,consent\n"
    many = 'i1,c1,j,a.mp4,"{""text"":\nfalse}"\n' + "i2,c2,j,b.mp4,x\n"
    with pytest.raises(ManifestError, match=r"line 4, consent"):
        read(tmp_path, (header + many).encode(), ".csv")


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


def test_a_batch_policy_fills_in_only_where_a_row_is_silent(tmp_path: Path) -> None:
    rows = [MINIMAL, {**FULL, "interview_id": "i2"}, {**MINIMAL, "interview_id": "i3", "consent": {"text": False}}]
    silent, granted, refused = read(tmp_path, json_lines(rows), consent_on_file="privacy-2025").interviews
    assert silent.consent == Consent(
        frozenset({Modality.TEXT}), frozenset({Purpose.SCORE}), None, "privacy-2025", on_file=True
    )
    assert granted.consent is not None
    assert granted.consent.policy == "privacy-2026"
    assert refused.consent is not None
    assert refused.consent.refused
    with pytest.raises(ValueError, match=r"must name the policy"):
        read(tmp_path, json_lines(rows), consent_on_file="")


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    once = read(tmp_path, json_lines([MINIMAL])).digest
    assert once == read(tmp_path, json_lines([MINIMAL])).digest
    assert once != read(tmp_path, json_lines([FULL])).digest
    assert len(once) == 64


def test_a_terminal_gets_a_table_and_no_escape_codes(tmp_path: Path) -> None:
    from rich.console import Console

    with pytest.raises(ManifestError) as caught:
        read(tmp_path, json_lines([{**MINIMAL, "site": "[red]\x1b]0;title\x07", "\x1b[2J": "x"}]))
    console = Console(file=io.StringIO(), width=200, force_terminal=False)
    console.print(caught.value)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b" not in printed
    assert "[red]" in printed
    assert "site" in printed
