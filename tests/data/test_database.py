"""The same rows from CSV, Parquet, SQLite and PostgreSQL; no secret in any message."""

import io
import sqlite3
from contextlib import redirect_stderr
from decimal import Decimal
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine, text

from tests.training.postgres import cluster
from tests.training.tables import FILE, write
from vivavoce.data.errors import Exit
from vivavoce.data.people_tables import RATINGS
from vivavoce.data.table import Source, TableRefused, read_table
from vivavoce.models.directory import load_model
from vivavoce.pipelines.train import TrainingRequest, train

SECRET = "hunter2-åß"
ROWS = pd.DataFrame(
    {
        "interview_id": ["i1", "i2", "i3"],
        "rater": ["007", "007", "8"],
        "value": [3.0, 4.5, 1.25],
        "date": ["2026-01-02", None, "2026-02-03"],
    }
)


@pytest.fixture
def database(tmp_path):
    file = tmp_path / "people.db"
    with sqlite3.connect(file) as connection:
        ROWS.to_sql("ratings", connection, index=False)
    connection.close()
    return f"sqlite:///{file}"


@pytest.fixture(scope="module")
def postgres():
    with cluster(SECRET) as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("create schema hr"))
            columns = "interview_id text, rater text, value numeric(4,2), date date, days integer"
            connection.execute(text(f'create table hr."Ratings; drop" ({columns})'))
            for row in ROWS.itertuples(index=False):
                put = text('insert into hr."Ratings; drop" values (:a, :b, :c, :d, 3)')
                day = None if pd.isna(row.date) else row.date
                found = {"a": row.interview_id, "b": row.rater, "c": Decimal(str(row.value)), "d": day}
                connection.execute(put, found)
        engine.dispose()
        yield url


def same(found):
    table = found.frame.sort_values("interview_id")
    assert table["interview_id"].tolist() == ROWS["interview_id"].tolist()
    assert table["rater"].tolist() == ["007", "007", "8"]  # an id is no number
    assert table["value"].tolist() == ROWS["value"].tolist()
    days = found.days("date").loc[table.index]
    assert [None if pd.isna(day) else f"{day:%Y-%m-%d}" for day in days] == ["2026-01-02", None, "2026-02-03"]


def test_sqlite(database):
    found = read_table(f"{database}#ratings", RATINGS)
    same(found)
    assert found.source.kind == "sqlite"


def test_the_order_of_rows_in_a_database_changes_nothing(tmp_path, database):
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        ROWS[::-1].to_sql("ratings", connection, index=False)
    connection.close()
    one, two = read_table(f"{database}#ratings", RATINGS), read_table(f"sqlite:///{other}#ratings", RATINGS)
    assert one.sha256 == two.sha256
    pd.testing.assert_frame_equal(one.frame, two.frame)


def test_postgresql_with_its_own_types_and_a_name_that_is_no_sql(postgres):
    found = read_table(f"{postgres}#hr.Ratings; drop", RATINGS)
    same(found)
    assert found.frame["value"].dtype == np.float64  # numeric(4,2) comes as exact decimals
    assert (found.numbers("days") == 3).all()  # not declared, and still a number
    same(read_table(f"{postgres}#hr.Ratings; drop", RATINGS))  # it is still there


def test_a_wrong_password_is_not_repeated(postgres):
    wrong = postgres.replace("viva:", "viva:x")
    with pytest.raises(TableRefused, match="The database refused") as told:
        read_table(f"{wrong}#hr.ratings", RATINGS)
    shown = f"{told.value!r} {told.value.__cause__!r} {told.value.__suppress_context__}"
    assert "hunter2" not in shown
    assert told.value.__suppress_context__


def test_a_table_that_is_not_there_is_answered_with_the_nearest(postgres, database):
    with pytest.raises(TableRefused, match="no such table. Did you mean 'ratings'"):
        read_table(f"{database}#rating", RATINGS)
    with pytest.raises(TableRefused, match="no such table") as told:
        read_table(f"{postgres}#ratings union select", RATINGS)
    assert "hunter2" not in str(told.value)


def test_no_part_of_a_source_that_is_shown_holds_the_password():
    source = Source.of(f"postgresql+psycopg://viva:{SECRET}@hr.example/people?password={SECRET}#ratings")
    assert SECRET not in f"{source} {source!r} {source.shown}"
    assert str(source) == "postgresql+psycopg://hr.example/people#ratings"


def test_a_database_file_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(TableRefused, match="none is made"):
        read_table(f"sqlite:///{tmp_path / 'none.db'}#ratings", RATINGS)
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    ("source", "match"),
    [
        ("ratings.docx", r"Name a \.csv, \.tsv, \.xlsx or \.parquet file, or a database"),
        ("sqlite:///people.db", "named with its table"),
        ("postgresql+psycopg://a b c:d/e#t", "The database refused|reads postgresql"),
        ("nothing+such://host/db#t", "no driver for this database"),
    ],
)
def test_sources_that_cannot_be(source, match):
    with pytest.raises(TableRefused, match=match):
        read_table(source, RATINGS)


def test_a_training_from_postgresql_leaves_no_password_behind(postgres, tmp_path):
    tables, made = tmp_path / "tables", tmp_path / "made"
    tables.mkdir()
    paths = write(tables, n=60)
    engine = create_engine(postgres)
    for name in ("ratings", "outcomes"):
        pd.read_csv(paths[name]).to_sql(name, engine, index=False)
    engine.dispose()
    said = io.StringIO()
    request = TrainingRequest(
        paths["features"],
        ratings=f"{postgres}#ratings",
        outcomes=f"{postgres}#outcomes",
        framework=FILE,
        out=made / "v1",
        tracking=f"sqlite:///{tmp_path / 'runs.sqlite'}",
    )
    made.mkdir()
    with redirect_stderr(said):
        assert train(request).exit == Exit.DONE, said.getvalue()
    written = [one for folder in (made, tmp_path / "runs-files") for one in folder.rglob("*") if one.is_file()]
    assert len(written) > 10
    for secret in ("hunter2", quote(SECRET)):
        assert secret not in said.getvalue()
        for one in (*written, tmp_path / "runs.sqlite"):
            assert secret.encode() not in one.read_bytes(), one
    tables_read = load_model(made / "v1")[0].documents["datasheet"]["tables"]
    assert tables_read["ratings"]["kind"] == "postgresql"
