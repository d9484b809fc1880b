"""An audit's tables as files: the numbers of ``audit.json``, names that no sheet runs, the same bytes again."""

import csv
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pandas as pd
import pytest
from openpyxl import load_workbook

from vivavoce.data.cells import FORMULA_STARTS
from vivavoce.pipelines.audit import Audited, AuditRequest, audit

MADE = datetime(2026, 5, 4, tzinfo=UTC)
HOSTILE = [
    '=HYPERLINK("http://x")', "+1", "-1", "@SUM(1)", "＝1+1", "＋1", "－1", "＠1", "\t=1", "a;=1", 'b",=1', "c\r\n=1",
]  # fmt: skip
Counts = list[tuple[str, str, str, int, int]]
PLAIN: Counts = [
    ("sex", "a", "men", 400, 100), ("sex", "a", "women", 400, 40), ("sex", "b", "men", 300, 90),
    ("sex", "b", "women", 300, 93), ("sex", "b", "unknown", 20, 19),
]  # fmt: skip


@pytest.fixture(autouse=True)
def no_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is printed as PDF: that takes a second each, and is tested elsewhere."""
    monkeypatch.setattr("vivavoce.pipelines.auditing.made.print_beside", lambda *_: None)


def audited(folder: Path, rows: Counts, **options: Any) -> Audited:
    frame = pd.DataFrame(rows, columns=["table", "job", "group", "n", "selected"])
    folder.mkdir(exist_ok=True)
    frame.to_csv(folder / "counts.csv", index=False)
    return audit(AuditRequest(counts=folder / "counts.csv", made=MADE, **options))


def from_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_tables_hold_the_numbers_of_the_audit(tmp_path: Path) -> None:
    found = audited(tmp_path, PLAIN, out=tmp_path / "out", tables=True, rules=("four-fifths", "nyc-ll144"))
    content = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))
    tables = tmp_path / "out" / "tables"
    rows = [(table, row) for table in content["tables"] for row in table["rows"]]
    written = [one for one in from_csv(tables / "primary.csv") if one["unknown"] != "true"]
    assert len(written) == len(rows) == 6
    book = load_workbook(tables / "tables.xlsx")
    assert set(book.sheetnames) == {path.stem for path in tables.glob("*.csv")}
    assert {"primary", "findings", "open", "checks", "evidence", "stratified"} <= set(book.sheetnames)
    head, *lines = book["primary"].iter_rows(values_only=True)
    sheet = [one for one in (dict(zip(head, line, strict=True)) for line in lines) if not one["unknown"]]
    for (table, row), plain, cells in zip(rows, written, sheet, strict=True):
        for name in ("attribute", "stratum", "comparator"):
            assert plain[name] == (table[name] or "")
            assert cells[name] == table[name]
        for name, value in row.items():
            if isinstance(value, int | float):
                assert cells[name] == pytest.approx(value, rel=1e-15), name  # a sheet keeps 16 digits
                assert plain[name] == (str(value).lower() if isinstance(value, bool) else repr(value))
            elif name != "undefined":
                assert (plain[name], cells[name]) == (value or "", value)
    (finding, *_) = from_csv(tables / "findings.csv")
    told = content["findings"][0]
    assert [float(finding[name]) for name in ("interval_low", "interval_high")] == told["interval"]
    assert float(finding["evidence_group_selected"]) == told["evidence"]["group"]["selected"]
    unknown = [one for one in from_csv(tables / "primary.csv") if one["unknown"] == "true"]
    assert {(one["n"], one["selected"]) for one in unknown} == {("20", "19")}
    assert found.content["status"] == "finding"
    again = audited(tmp_path, PLAIN, out=tmp_path / "again", tables=True, rules=("four-fifths", "nyc-ll144"))
    for path in tables.iterdir():
        assert path.read_bytes() == (again.folder / "tables" / path.name).read_bytes(), path.name
    with ZipFile(tables / "tables.xlsx") as zipped:  # bytes that would be others a second later
        assert {one.date_time for one in zipped.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert set(re.findall(r"\d{4}-\d\d-\d\d", zipped.read("docProps/core.xml").decode())) == {"2026-05-04"}
    assert not (tmp_path / "out" / "tables.shared").exists()


def test_no_name_runs_in_a_sheet(tmp_path: Path) -> None:
    rows = [(name, "", f"{name}{i}", 200, 50 + 5 * i) for name in HOSTILE for i in (0, 1)]
    audited(tmp_path, rows, out=tmp_path / "out", tables=True)
    tables = tmp_path / "out" / "tables"
    text = (tables / "primary.csv").read_bytes().decode("utf-8")
    assert text.startswith("\ufeff")
    names = {one["attribute"] for one in from_csv(tables / "primary.csv")}
    assert len(names) == len(HOSTILE)
    assert not [one for one in names if one.startswith(FORMULA_STARTS)]
    assert '"a;=1"' in text  # a sheet that splits at semicolons keeps it whole
    cells = [cell for row in load_workbook(tables / "tables.xlsx")["primary"].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n", "b"}
    texts = [cell for cell in cells if isinstance(cell.value, str) and cell.value.startswith(FORMULA_STARTS)]
    assert texts
    assert all(cell.quotePrefix for cell in texts)
    assert {HOSTILE[0], HOSTILE[4]} <= {cell.value for cell in cells}


def test_another_audit_keeps_the_tables_of_the_first(tmp_path: Path) -> None:
    out = tmp_path / "out"
    audited(tmp_path, PLAIN, out=out, tables=True, shared=True)
    first = (out / "tables" / "primary.csv").read_bytes()
    shared = from_csv(out / "tables.shared" / "primary.csv")
    assert {one["stratum"] for one in shared} == {""}
    audited(tmp_path, PLAIN[:2], out=out, tables=True, replace=True)
    assert (out / "tables-1" / "primary.csv").read_bytes() == first
    assert (out / "tables" / "primary.csv").read_bytes() != first
    assert (out / "tables-1.shared").is_dir()
    assert not (out / "tables.shared").exists()


def test_a_plan_asks_for_tables(tmp_path: Path) -> None:
    audited(tmp_path, PLAIN)
    (tmp_path / "audit.yaml").write_text("counts: counts.csv\ntoday: 2026-05-04\nout: out\ntables: true\n", "utf-8")
    audit(AuditRequest(tmp_path / "audit.yaml"))
    assert (tmp_path / "out" / "tables" / "tables.xlsx").is_file()


@pytest.mark.parametrize("rows", [PLAIN[:2], PLAIN[2:4]], ids=["a finding", "none"])
def test_a_table_without_rows_is_not_there(tmp_path: Path, rows: Counts) -> None:
    out = tmp_path / "out"
    (out / "tables").mkdir(parents=True)
    (out / "tables" / "findings.csv").write_text("stale", "utf-8")
    audited(tmp_path, rows, out=out, tables=True)
    assert (out / "tables" / "findings.csv").exists() == (rows == PLAIN[:2])
