"""The three formats are read as documented; what is no table is refused, whatever its bytes."""

import csv
import io
import random
import time
import unicodedata
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.manifests import CONSENT, FORMATS, FULL, MINIMAL, TODAY, json_lines, read
from tests.proof import proof_count
from vivavoce.data.column_maps import Maps
from vivavoce.data.interview import Consent, Modality, Purpose, Recording
from vivavoce.data.manifest import ManifestError, read_manifest


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


@pytest.mark.parametrize(
    ("suffix", "content", "message"),
    [
        (".jsonl", b"", r"manifest.jsonl, file: Write one row per interview. Got no rows"),
        (".jsonl", b"\n \n", r"Write one row per interview"),
        (".csv", b"", r"line 1, header: Name the columns in the first line"),
        (".csv", b"interview_id,candidate_id,job,media\n", r"Write one row per interview"),
        (".csv", b"interview_id;job\n", r"line 1, header: Add the column 'candidate_id'"),
        (".csv", b"interview_id,jobs\n", r"line 1, header: Unknown column. Did you mean 'job'\? .* Got 'jobs'"),
        (".csv", b"job,job\n", r"This column stands twice"),
        (".csv", b'job\n"open', r"line 2, row: Close every quote"),
        (".csv", b"job\n" + b"x" * 140_000, r"keep cells below 131072 characters"),
        (".jsonl", b'{"job": "\xff"}', r"UTF-8. Got byte 0xff at position 9"),
        (".jsonl", "{}".encode("utf-16"), r"Save the manifest as UTF-8"),
        (".parquet", b"PAR1 nothing", r"Write a Parquet file that pyarrow can read"),
        (".parquet", b"", r"Write a Parquet file"),
        (".xlsx", b"", r"Save it again as an Excel workbook"),
        (".docx", b"", r"A manifest is .jsonl, .csv, .tsv, .txt, .parquet, .xlsx. Got '.docx'"),
    ],
)
def test_a_file_that_is_no_table_is_refused_even_when_skipping(
    suffix: str, content: bytes, message: str, tmp_path: Path
) -> None:
    for skip in (False, True):
        with pytest.raises(ManifestError, match=message):
            read(tmp_path, content, suffix, skip_bad_rows=skip)


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


def test_a_hostile_row_takes_no_time(tmp_path: Path) -> None:
    """Each of these is a few hundred kilobytes that a quadratic check would chew on for minutes."""
    keys = ",".join(f'"{i}":1' for i in range(90_000)) + ',"89999":1'
    files = {f"q{i}": f"{i}.mp4" for i in range(30_000)}
    content = f"{{{keys}}}\n".encode() + json_lines([{**MINIMAL, "media": files}])
    begun = time.process_time()
    with pytest.raises(ManifestError, match=r"the key '89999' stands twice"):
        read(tmp_path, content)
    assert time.process_time() - begun < 5


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
        ("i1,c1,j,a.mp4,maybe,", r"accommodation: Write one of true, yes, 1, 是, false, no, 0, 否. Got 'maybe'"),
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


HEADER = ["Interview ID", "Candidate-ID", "job", "media", "accommodation", "consent", "recorded_at", "site"]


def test_a_sheet_and_a_table_of_any_encoding_are_the_same_manifest(tmp_path: Path) -> None:
    consent = '{"text": false}'
    rows = [["007", "1234", "j", "a.mp4", "no", consent, "2026-11-02T01:30:00", "N/A"]]
    text = csv_text([HEADER, *rows], ";")
    found = [read(tmp_path, text.encode(name), ".csv").interviews for name in ("utf-8", "utf-16", "gb18030")]
    book = openpyxl.Workbook()
    for row in (HEADER, ["007", 1234, "j", "a.mp4", False, consent, datetime(2026, 11, 2, 1, 30), None]):
        book.active.append(row)
    book.save(tmp_path / "manifest.xlsx")
    found.append(read_manifest(tmp_path / "manifest.xlsx", today=TODAY).interviews)
    assert all(one == found[0] for one in found)
    assert (found[0][0].candidate_id, found[0][0].interview_id, found[0][0].site) == ("1234", "007", None)


def csv_text(rows: list[list[str]], delimiter: str) -> str:
    sink = io.StringIO(newline="")
    csv.writer(sink, delimiter=delimiter).writerows(rows)
    return sink.getvalue()


def test_every_fault_of_an_export_is_named_at_once_and_a_map_mends_it(tmp_path: Path) -> None:
    rows = [["No", "Applicant", "job", "File", "site"], ["1.23457E+11", "c1", "j", "a.mp4", "x"], ["i2", "c2", "j"]]
    with pytest.raises(ManifestError) as told:
        read(tmp_path, csv_text(rows, ",").encode(), ".csv", skip_bad_rows=True)
    said = [str(error) for error in told.value.errors]
    assert sum("Unknown column" in one for one in said) == 3
    assert sum("Add the column" in one for one in said) == 3
    assert any("line 3, row: A row has as many cells as the header (5)" in one for one in said)
    maps = Maps({"no": "interview_id", "Applicant": "candidate_id", "File": "media"})
    with pytest.raises(ManifestError, match=r"line 2, interview_id: The sheet rounded this id") as told:
        read(tmp_path, csv_text(rows, ",").encode(), ".csv", maps=maps)
    assert [error.line for error in told.value.errors] == [2, 3]
    rows[1][0] = "i1"
    assert read(tmp_path, csv_text(rows[:2], ",").encode(), ".csv", maps=maps).interviews[0].interview_id == "i1"


def test_one_id_in_two_spellings_of_unicode_stands_twice(tmp_path: Path) -> None:
    rows = [{**MINIMAL, "interview_id": unicodedata.normalize(form, "Zoë")} for form in ("NFC", "NFD")]
    for suffix in FORMATS:
        with pytest.raises(ManifestError, match="It also stands on line"):
            read(tmp_path, FORMATS[suffix](rows), suffix)


PLAIN = ["consent_text", "consent_voice", "consent_face", "consent_date", "consent_policy"]


def in_formats(folder: Path, rows: list[dict[str, object]], header: list[str]) -> dict[str, Path]:
    """The same rows as CSV, sheet and Parquet, as tools write them: row numbers, days, empty rows at the end."""
    frame = pd.DataFrame(rows, columns=header)
    places = {name: folder / f"m.{name}" for name in ("csv", "xlsx", "parquet", "semicolon.csv")}
    padded = pd.concat([frame, pd.DataFrame([{}, {}])], ignore_index=True)
    padded.to_csv(places["csv"], index_label="Unnamed: 0")
    text = padded.to_csv(index=False, sep=";")
    places["semicolon.csv"].write_text(f"sep=;\n{text}", encoding="utf-8-sig")
    padded.to_excel(places["xlsx"], index_label="Unnamed: 0")
    padded.to_parquet(places["parquet"])
    return places


def test_consent_stands_in_plain_cells_whatever_the_tool(tmp_path: Path) -> None:
    day, moment = pd.Timestamp("2026-11-01"), pd.Timestamp("2026-11-02 09:30")
    row = {**MINIMAL, "candidate_speaker": "NaN", "recorded_at": moment}
    rows = [
        {**row, **dict(zip(PLAIN, ("yes", "no", None, day, "privacy-2026"), strict=True))},
        {**row, "interview_id": "i2", "consent_text": "no"},
        {**row, "interview_id": "i3", "candidate_speaker": "Nan"},
    ]
    for name, path in in_formats(tmp_path, rows, [*row, *PLAIN]).items():
        first, second, third = read_manifest(path, today=TODAY).interviews
        assert first.consent == Consent(
            frozenset({Modality.TEXT}), frozenset({Purpose.SCORE}), date(2026, 11, 1), "privacy-2026"
        ), name
        assert second.consent is not None
        assert second.consent.refused
        assert third.consent is None, "nothing is granted where nothing stands"
        assert (first.candidate_speaker, third.candidate_speaker) == (None, "Nan")
        assert first.recorded_at == datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("yes,,,,", "line 2, consent_date: Consent that grants text must state its date"),
        ("maybe,,,2026-11-01,p", "line 2, consent_text: Write one of"),
        (",yes,,2026-11-01,p", "line 2, consent_text: This is required"),
        ("yes,,,01.11.2026,p", "line 2, consent_date: Write the day as 2026-11-22"),
        ("yes,,,2026-11-01 10:00,p", "line 2, consent_date: Write the day as 2026-11-22"),
        ("yes,,,2026-12-01,p", "line 2, consent_date: This lies after today"),
    ],
)
def test_plain_consent_is_read_as_strictly(cells: str, message: str, tmp_path: Path) -> None:
    text = f"{','.join([*MINIMAL, *PLAIN])}\ni1,c1,j,a.mp4,{cells}\n"
    with pytest.raises(ManifestError) as caught:
        read(tmp_path, text.encode(), ".csv")
    assert message in str(caught.value)
    assert len(caught.value.errors) == 1 + cells.endswith(",,,"), caught.value


def test_consent_stands_once(tmp_path: Path) -> None:
    text = f'{",".join([*MINIMAL, *PLAIN])},consent\ni1,c1,j,a.mp4,no,,,,,"{{}}"\n'
    with pytest.raises(ManifestError, match="as plain cells: not both"):
        read(tmp_path, text.encode(), ".csv")
