"""One table, whatever it is kept in, comes out alike; whatever is wrong with it is said at once, and nothing shifts."""

import sqlite3
import unicodedata
from contextlib import suppress
from datetime import date, datetime

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.proof import proof_count
from vivavoce.data.cells import MISSING
from vivavoce.data.column_maps import Maps, read_maps
from vivavoce.data.table import Column, InputRefused, Kind, TableRefused, read_table

ID = Column("candidate_id", Kind.ID)
VALUE = Column("value", Kind.NUMBER, filled=False)
MONTHS = Column("tenure_months", Kind.INTEGER, required=False, filled=False, low=0)
GROUP = Column("gender", Kind.LABEL, required=False, filled=False)
DATE = Column("date", Kind.DATE, required=False, filled=False)
LEFT = Column("left", Kind.FLAG, required=False, filled=False)
COLUMNS = (ID, VALUE, MONTHS, GROUP, DATE, LEFT)


def save(folder, content, name="t.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def sheet(folder, rows, name="t.xlsx", **more):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, others in more.items():
        added = book.create_sheet(title)
        for row in others:
            added.append(row)
    book.save(folder / name)
    return folder / name


def refused(given, columns=COLUMNS, **options):
    with pytest.raises(TableRefused) as told:
        read_table(given, columns, **options)
    return [str(one) for one in told.value.problems]


def test_a_trailing_comma_is_refused_with_its_line_and_shifts_nothing(tmp_path):
    said = refused(save(tmp_path, "candidate_id,value,tenure_months\n1,2.0,3\n0,3.0,12,\n"))
    assert said == [
        "line 3: A row has as many cells as the header (3); quote cells that contain a comma. Got 4 cells instead."
    ]


def test_a_short_row_is_refused_with_its_line(tmp_path):
    assert refused(save(tmp_path, "candidate_id,value\n1\n2,3\n"))[0].startswith("line 2: A row has as many cells")


def test_lines_are_those_of_the_file_after_blank_ones_and_quoted_breaks(tmp_path):
    text = 'candidate_id,value,note\r\n\r\n1,2,"two\r\nlines"\r\n\r\n2,good,x\r\n3,4,y\r\n,,\r\n\r\n'
    assert refused(save(tmp_path, text)) == [
        "line 6, value: Write a number, as 3.5, without a thousands separator or a unit. Got 'good' instead."
    ]


def test_wholly_empty_rows_at_the_end_are_dropped_and_others_are_not(tmp_path):
    assert len(read_table(save(tmp_path, "candidate_id,value\n1,2\n,\n,,\n"), COLUMNS).frame) == 1
    assert refused(save(tmp_path, "candidate_id,value\n1,2\n,\n3,4\n"))[0].startswith("line 3, candidate_id: Every row")


def test_all_faults_are_listed_at_once_those_of_the_header_first(tmp_path):
    text = "candidate id,VALU,tenure-months,date\n1,2,-3,2026-13-01\n1.23457E+11,3,4\n,5,6.5,2026-01-02\n"
    said = refused(save(tmp_path, text))
    assert [one.partition(":")[0] for one in said] == [
        "header", "line 2, tenure_months", "line 2, date", "line 3", "line 4, candidate_id", "line 4, tenure_months",
    ]  # fmt: skip
    assert "Did you mean 'VALU'" in said[0]
    assert '--map "VALU=value"' in said[0]


def test_a_message_shows_some_of_many_faults_and_counts_the_others(tmp_path):
    text = "candidate_id,value\n" + "".join(f"{i},x\n" for i in range(31))
    with pytest.raises(TableRefused) as told:
        read_table(save(tmp_path, text), COLUMNS)
    assert len(told.value.problems) == 31
    assert str(told.value).splitlines()[-1] == "And 28 more."  # alike: the first three stand for them
    assert len(str(told.value).splitlines()) == 4


EXPORT = """Applicant No;Full Name;E-Mail;Overall Rating;Gender (self);Months;Hired On;Source
00123;Null;x@y.z;3,5;?;12;2026-01-02;web
"""


def test_an_export_with_eight_foreign_columns_takes_one_run_to_understand_and_one_map_to_mend(tmp_path):
    path = save(tmp_path, EXPORT)
    columns = (ID, VALUE, Column("tenure_months", Kind.INTEGER))
    said = refused(path, columns)
    assert len(said) == 3
    assert all(name in "".join(said) for name in ("'Applicant No'", "'Overall Rating'", "'Months'", "--map"))
    maps = read_maps(["Applicant No=candidate_id", "Overall Rating=value", "months=tenure_months"])
    found = read_table(path, columns, maps=maps)
    assert found.frame.iloc[0][["candidate_id", "value", "tenure_months"]].tolist() == ["00123", 3.5, 12]
    told = found.described()
    assert told["map"] == {"Applicant No": "candidate_id", "Overall Rating": "value", "Months": "tenure_months"}
    assert (told["delimiter"], told["encoding"], told["decimal"]) == ("semicolon", "utf-8", "comma")


def test_maps_of_a_file(tmp_path):
    flat = save(tmp_path, "Applicant No: candidate_id\n", "m.yaml")
    assert read_maps([str(flat), "a=b=value"]) == Maps({"Applicant No": "candidate_id", "a=b": "value"})
    whole = save(tmp_path, "columns: {Nr: candidate_id}\nencoding: cp1252\ndelimiter: semicolon\n", "n.yaml")
    assert read_maps([str(whole)]) == Maps({"Nr": "candidate_id"}, "cp1252", ";")
    for value, match in (("candidate_id", "their name=our_name"), ("=x", "their name"), ("none.yaml", "exists")):
        with pytest.raises(InputRefused, match=match):
            read_maps([value])
    with pytest.raises(InputRefused, match="Did you mean 'delimiter'"):
        read_maps([str(save(tmp_path, "columns: {Nr: a}\ndelimiters: tab\n", "o.yml"))])


def test_a_map_that_names_no_column_or_a_column_that_stands_already_is_refused(tmp_path):
    path = save(tmp_path, "candidate_id,Nr,value\n1,2,3\n")
    assert "stands twice" in refused(path, maps=Maps({"nr": "candidate_id"}))[0]
    said = refused(save(tmp_path, "Nrn,value\n1,3\n"), maps=Maps({"Mrn": "candidate_id"}))
    assert "The map takes 'Mrn' for 'candidate_id', which is not there. Did you mean 'Nrn'?" in said[0]


@pytest.mark.parametrize("name", ["Candidate ID", "candidate-id", "CANDIDATEID", " candidate_id ", "ｃandidate　id"])
def test_names_match_whatever_their_case_spaces_underscores_and_width(tmp_path, name):
    assert read_table(save(tmp_path, f"{name},value\n1,2\n"), COLUMNS).frame.columns[0] == "candidate_id"


def test_one_column_twice_is_a_fault_whatever_its_spelling(tmp_path):
    assert "stands twice" in refused(save(tmp_path, "candidate_id,Candidate Id,value\n1,2,3\n"))[0]
    assert "stands twice" in refused(save(tmp_path, "candidate_id,value,a b,A_B\n1,2,3,4\n"))[0]


@pytest.mark.parametrize("cell", ["", "0"])
def test_a_nameless_column_as_sheets_and_pandas_leave_it_is_left_out(tmp_path, cell):
    found = read_table(save(tmp_path, f",candidate_id,value\n{cell},1,2\n"), COLUMNS)
    assert found.frame.to_numpy().tolist() == [["1", 2]]


ROWS = [["candidate_id", "value", "tenure_months", "gender", "date", "left"]]
ROWS += [["00123", "0.1", "12", "女性", "2026-01-02", "1"], ["B-2", "2.5", "", "未知", "", "no"]]


def delimited(rows, delimiter=",", decimal="."):
    lines = [[cell.replace(".", decimal) if i == 1 else cell for i, cell in enumerate(row)] for row in rows]
    return "".join(delimiter.join(row) + "\n" for row in lines)


def same(found):
    frame = found.frame
    assert frame["candidate_id"].tolist() == ["00123", "B-2"]
    assert frame["value"].tolist() == [0.1, 2.5]
    assert frame["tenure_months"].tolist()[0] == 12
    assert np.isnan(frame["tenure_months"].iloc[1])
    assert frame["gender"].tolist() == ["女性", None]
    assert frame["date"].tolist() == ["2026-01-02", None]
    assert frame["left"].tolist() == [1, 0]
    assert found.days("date").notna().tolist() == [True, False]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
@pytest.mark.parametrize(("delimiter", "decimal"), [(",", "."), (";", ","), (";", "."), ("\t", ",")])
def test_every_encoding_and_delimiter_is_found(tmp_path, encoding, delimiter, decimal):
    found = read_table(save(tmp_path, delimited(ROWS, delimiter, decimal).encode(encoding)), COLUMNS)
    same(found)
    assert ("decimal" in found.reading) == (decimal == ",")
    assert found.reading["encoding"].replace("-sig", "") in encoding.replace("-sig", "") + "utf-16-le utf-16-be"


def test_a_first_line_that_says_the_delimiter_counts_as_a_line(tmp_path):
    path = save(tmp_path, "sep=;\n" + delimited(ROWS, ";", ","))
    same(read_table(path, COLUMNS))
    assert read_table(path, COLUMNS).place(0) == "line 3"


def test_western_letters_are_told_from_chinese_ones(tmp_path):
    text = "candidate_id;value;gender\nMüller;3,5;weiblich\nGrößl;2,5;männlich\n"
    found = read_table(save(tmp_path, text.encode("cp1252")), COLUMNS)
    assert found.frame["gender"].tolist() == ["weiblich", "männlich"]
    text = "candidate_id,value,gender\nc1,1,女\nc2,2,男\n"
    found = read_table(save(tmp_path, text.encode("gb18030")), COLUMNS)
    assert found.frame["gender"].tolist() == ["女", "男"]


def test_an_encoding_that_was_named_is_kept_to(tmp_path):
    text = "candidate_id,value,gender\nc1,1,жен\n".encode("koi8-r")
    assert read_table(save(tmp_path, text), COLUMNS, maps=Maps(encoding="koi8-r")).frame["gender"].tolist() == ["жен"]
    assert "It is not ASCII" in refused(save(tmp_path, text), maps=Maps(encoding="ascii"))[0]


def test_a_number_with_a_dot_among_decimal_commas_is_refused(tmp_path):
    said = refused(save(tmp_path, "candidate_id;value\n1;3,5\n2;1.234\n"))
    assert said == [
        "line 3, value: Other numbers here have a decimal comma: write this one with it, too. Got '1.234' instead."
    ]


def test_where_cells_are_separated_by_commas_a_quoted_decimal_comma_is_no_number(tmp_path):
    assert "line 2, value" in refused(save(tmp_path, 'candidate_id,value\n1,"3,5"\n'))[0]


@pytest.mark.parametrize("cell", ["1,000", "1_000", "inf", "-Infinity", "5%", "0x1", "1 2", "1e999"])
def test_what_is_no_finite_number_is_refused(tmp_path, cell):
    assert (
        "line 2, value" in refused(save(tmp_path, f"candidate_id\tvalue\n1\t{cell}\n".replace("1,000", "1,000,0")))[0]
    )


def test_every_kind_of_source_gives_the_same_floats_to_the_bit(tmp_path):
    values = np.random.default_rng(3).standard_normal(200) * 10.0 ** np.random.default_rng(4).integers(-8, 8, 200)
    frame = pd.DataFrame({"candidate_id": [f"{i:04d}" for i in range(200)], "value": values})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    with sqlite3.connect(tmp_path / "t.db") as connection:
        frame.to_sql("t", connection, index=False)
    connection.close()
    for given_ in (tmp_path / "t.csv", tmp_path / "t.parquet", f"sqlite:///{tmp_path}/t.db#t", frame):
        found = read_table(given_, COLUMNS).frame.sort_values("candidate_id")
        assert found["candidate_id"].tolist() == frame["candidate_id"].tolist()
        assert found["value"].to_numpy().tobytes() == values.tobytes(), given_


def test_a_sheet_is_as_its_csv(tmp_path):
    rows = [ROWS[0], ["00123", 0.1, 12, "女性", datetime(2026, 1, 2), True], ["B-2", 2.5, None, "未知", None, "no"]]
    same(read_table(sheet(tmp_path, rows), COLUMNS))
    same(read_table(sheet(tmp_path, [*rows, [None, "  "]]), COLUMNS))


def test_a_sheet_s_whole_numbers_are_ids_and_what_excel_made_of_others_is_refused(tmp_path):
    rows = [["candidate_id", "value"], [123, 1], [4.0, 1], [1.5, 1], [1234567890123456, 1], [datetime(2026, 3, 5), 1]]
    said = refused(sheet(tmp_path, rows))
    assert [one.partition(":")[0] for one in said] == [f"row {row}, candidate_id" for row in (4, 5, 6)]
    assert "made a date of this id" in said[2]
    found = read_table(sheet(tmp_path, rows[:3]), COLUMNS)
    assert found.frame["candidate_id"].tolist() == ["123", "4"]


def test_several_sheets_are_asked_for_by_name(tmp_path):
    path = sheet(tmp_path, [], Notes=[["hello"]], People=[["candidate_id", "value"], [1, 2]])
    assert "Name one as t.xlsx#sheet. Got Notes, People instead." in refused(path)[0]
    assert read_table(f"{path}#People", COLUMNS).frame["value"].tolist() == [2]
    assert "Name a sheet that is there: Sheet, Notes, People." in refused(f"{path}#Leute")[0]
    assert (
        read_table(sheet(tmp_path, [["candidate_id", "value"], [1, 2]], Empty=[]), COLUMNS).described()["sheet"]
        == "Sheet"
    )


def test_what_a_sheet_has_lost_is_said(tmp_path):
    path = sheet(tmp_path, [["candidate_id", "value"], [1, "=1+1"]])
    assert "cell B2: The file holds no value of this formula" in refused(path)[0]
    book = openpyxl.load_workbook(sheet(tmp_path, [["candidate_id", "value", ""], [1, 2, ""]]))
    book.active.merge_cells("B1:C1")
    book.save(tmp_path / "m.xlsx")
    assert "cells B1:C1: Unmerge them" in refused(tmp_path / "m.xlsx")[0]
    assert "without a password" in refused(save(tmp_path, b"\xd0\xcf\x11\xe0 secret", "p.xlsx"))[0]
    assert "Save it again as an Excel workbook" in refused(save(tmp_path, b"PK nothing", "n.xlsx"))[0]
    assert "Fill one in" in refused(sheet(tmp_path, []))[0]


def test_leading_zeros_stay_and_composed_and_decomposed_ids_are_one(tmp_path):
    nfd = unicodedata.normalize("NFD", "Zoë")
    path = save(tmp_path, f"candidate_id,value\n007,1\n7,2\nZoë,3\n{nfd},4\n")
    assert read_table(path, COLUMNS).frame["candidate_id"].tolist() == ["007", "7", "Zoë", "Zoë"]
    assert refused(path, key=("candidate_id",)) == [
        "line 5, candidate_id: One row each: this stands in line 4 already. Got 'Zoë' instead."
    ]


@pytest.mark.parametrize("cell", ["1.23457E+11", "1E+11", "1,23457e+11"])
def test_an_id_that_a_sheet_rounded_is_refused_with_the_reason(tmp_path, cell):
    said = refused(save(tmp_path, f"candidate_id\tvalue\n{cell}\t2\n"))
    assert "The sheet rounded this id" in said[0]


def test_no_name_and_no_id_is_a_missing_value(tmp_path):
    columns = (ID, Column("rater", Kind.NAME), Column("note", Kind.TEXT))
    found = read_table(save(tmp_path, "candidate_id,rater,note\nNA,Null,-\nNone,N/A,?\n"), columns)
    assert found.frame.to_numpy().tolist() == [["NA", "Null", "-"], ["None", "N/A", "?"]]


spelled = st.sampled_from(sorted(MISSING)).flatmap(
    lambda word: st.sampled_from([word, word.upper(), word.title(), f" {word} "])
)


@settings(
    max_examples=proof_count(60, 2000), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(words=st.lists(spelled, min_size=1, max_size=5))
def test_a_missing_value_is_the_same_in_every_column_that_may_have_one_and_every_source(tmp_path, words):
    cells = {"candidate_id": [f"c{i}" for i in range(len(words))]}
    cells |= dict.fromkeys(("value", "tenure_months", "gender", "date", "left"), words)
    frame = pd.DataFrame(cells)
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    for source in (tmp_path / "t.csv", tmp_path / "t.parquet", frame):
        found = read_table(source, COLUMNS).frame
        assert found.drop(columns="candidate_id").isna().all(axis=None)
        filled = [Column(one.name, one.kind) for one in COLUMNS]
        assert len(refused(source, filled)) == 5 * len(words)


def test_a_dataframe_is_named_by_what_it_is_for_and_its_named_index_is_a_column():
    frame = pd.DataFrame({"value": [1.0, np.inf]}, index=pd.Index(["a", "b"], name="candidate_id"))
    with pytest.raises(TableRefused, match="the DataFrame for ratings: row 2, value: Write a finite number"):
        read_table(frame, COLUMNS, called="ratings")
    assert read_table(frame[:1], COLUMNS).frame["candidate_id"].tolist() == ["a"]
    assert read_table(pd.DataFrame({"candidate_id": [1.0, 2.0], "value": [1, 2]}), COLUMNS).frame[
        "candidate_id"
    ].tolist() == ["1", "2"]


def test_a_library_s_own_types_come_out_alike(tmp_path):
    frame = pd.DataFrame(
        {
            "candidate_id": pd.array([1, 2, 3], "Int64"),
            "value": pd.array([1, None, 3], "Int64"),
            "gender": pd.Categorical(["f", None, "?"]),
            "date": [date(2026, 1, 2), None, datetime(2026, 1, 3, 4, 5)],
            "left": pd.array([True, None, False], "boolean"),
        }
    )
    found = read_table(frame, COLUMNS).frame
    assert found["candidate_id"].tolist() == ["1", "2", "3"]
    assert found["gender"].tolist() == ["f", None, None]
    assert found["date"].tolist() == ["2026-01-02", None, "2026-01-03T04:05:00"]
    assert found["left"].fillna(-1).tolist() == [1, -1, 0]
    assert found["value"].fillna(-1).tolist() == [1, -1, 3]


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "Name the columns in the first line"),
        (b"candidate_id,value\n", "at least one row"),
        (b'candidate_id,value\n1,"open', "Close every quote"),
        (b"candidate_id,value\n" + b"x" * 140_000, "keep cells below"),
        (b"\xff\xfe\x00", "It is not UTF-16"),
    ],
)
def test_files_that_are_no_table(tmp_path, content, match):
    with pytest.raises(TableRefused, match=match):
        read_table(save(tmp_path, content), COLUMNS)
    assert refused(tmp_path)[0].startswith("file: Name a .csv")
    assert "no file" in refused(tmp_path / "none.csv")[0]


@settings(
    max_examples=proof_count(150, 5000), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(content=st.binary(max_size=80), suffix=st.sampled_from([".csv", ".xlsx", ".parquet"]))
def test_no_bytes_crash_the_reader(tmp_path, content, suffix):
    for start in (b"", b"candidate_id,value\n"):
        with suppress(TableRefused):
            read_table(save(tmp_path, start + content, f"t{suffix}"), COLUMNS)


def test_checks_add_their_problems_to_the_others(tmp_path):
    path = save(tmp_path, "candidate_id,value\n1,x\n2,3\n2,4\n")

    def low(table):
        return [table.problem(2, "value", 4.0, "Write less.")] if table.frame["value"].iloc[2] > 3 else []

    said = refused(path, key=("candidate_id",), checks=[low])
    assert [one.partition(":")[0] for one in said] == ["line 2, value", "line 4, candidate_id", "line 4, value"]


def test_what_tools_add_is_no_column_and_no_row(tmp_path) -> None:
    """Row numbers as pandas and sheets write them, and empty rows at the end, wherever the table comes from."""
    frame = pd.DataFrame({"Unnamed: 0": [0, 1, None], "candidate_id": ["a", "b", None], "value": [1.0, 2.0, None]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_excel(tmp_path / "t.xlsx", index=False)
    frame.drop(columns="Unnamed: 0").to_parquet(tmp_path / "t.parquet")
    for source in (frame.iloc[:, 1:], *(tmp_path / f"t.{kind}" for kind in ("csv", "xlsx", "parquet"))):
        read = read_table(source, [Column("candidate_id", Kind.ID), Column("value", Kind.NUMBER)])
        assert list(read.frame) == ["candidate_id", "value"]
        assert read.frame.to_numpy().tolist() == [["a", 1.0], ["b", 2.0]]
