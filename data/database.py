"""One table of a database: its name looked up in the catalogue, read in one query, no secret in any message."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vivavoce.data.problem import Problem, nearest
from vivavoce.data.table_files import from_frame
from vivavoce.data.table_source import LISTED, DatabaseRefused, Raw, Source, TableRefused

if TYPE_CHECKING:
    from sqlalchemy import Engine, Inspector

PATIENCE_S = 5  # for a lock on an SQLite file: longer means that somebody is writing it


def read_stored(source: Source) -> Raw:
    """Read one table of a database in one query, with the types that the database gives its columns.

    Its rows come in an order of their own, since a database promises none.

    Raises
    ------
    TableRefused
        Where there is no such database, driver or table, or the database refuses.
    """
    from sqlalchemy import MetaData, Table, create_engine, inspect, select
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import DBAPIError, NoSuchModuleError

    url = make_url(source.place)
    file = url.database if source.kind == "sqlite" else None
    if source.kind == "sqlite" and (file is None or not Path(file).is_file()):
        remedy = "Name an SQLite file that exists: none is made."
        raise TableRefused(source, [Problem("database", "no file", remedy)])
    try:
        engine = create_engine(url, connect_args={"timeout": PATIENCE_S} if file else {})
    except (NoSuchModuleError, ImportError):
        remedy = "Install it: pip install 'vivavoce[sql]'."
        raise TableRefused(source, [Problem("database", "no driver for this database", remedy)]) from None
    try:
        found = inspect(engine)
        schema, name = _table_name(source, found)
        stored = Table(name, MetaData(), schema=schema, autoload_with=engine)
        with engine.connect().execution_options(postgresql_readonly=True) as connection:
            frame = pd.read_sql(select(stored), connection)
    except DBAPIError as error:
        said = _redacted(str(error.orig).strip().partition("\n")[0], url.password, engine)
        raise DatabaseRefused(source, [Problem("database", said, "The database refused: ask who runs it.")]) from None
    finally:
        engine.dispose()
    order = np.argsort(pd.util.hash_pandas_object(frame, index=False).to_numpy(), kind="stable")
    return from_frame(frame.iloc[order].reset_index(drop=True))


def _redacted(said: str, password: object, engine: "Engine") -> str:
    """A driver's message without any secret of the URL."""
    secrets = [str(password)] if password else []
    secrets += [str(value) for key, value in engine.url.query.items() if "pass" in key.lower()]
    for secret in secrets:
        said = said.replace(secret, "***")
    return said


def _table_name(source: Source, found: "Inspector") -> tuple[str | None, str]:
    """Schema and name of the table as the database's own catalogue has them."""
    assert source.table is not None
    schema, _, name = source.table.rpartition(".")
    within = schema if schema in found.get_schema_names() else None
    asked = name if within else source.table
    names = [*found.get_table_names(within), *found.get_view_names(within)]
    if asked not in names:
        remedy = f"The database has no such table. {nearest(asked, names[:LISTED])}"
        raise TableRefused(source, [Problem("table", repr(asked), remedy)])
    return within, asked
