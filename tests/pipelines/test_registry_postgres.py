"""The same registry in PostgreSQL, in a cluster that is thrown away."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipelines.bundles import NOW
from tests.pipelines.registries import NAME, make_house
from vivavoce.models.score import Standing
from vivavoce.pipelines.registry import AliasMoved, promote, resolve, roll_back

USER = "postgres"  # whom the cluster runs as where this process is root, which PostgreSQL refuses to serve


@pytest.fixture
def database() -> Iterator[str]:
    """The URI of an empty database, on a socket of its own."""
    missing = [tool for tool in ("initdb", "pg_ctl") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"PostgreSQL absent: {', '.join(missing)} not on the path")
    pytest.importorskip("psycopg", reason="psycopg absent: install the extra sql")
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as scratch:  # short: a socket's path has 107 bytes
        folder, become = Path(scratch), {}
        if os.geteuid() == 0:
            shutil.chown(folder, USER, USER)
            become = {"user": USER, "group": USER, "extra_groups": []}

        def run(*command: str) -> None:
            subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, **become)  # type: ignore[call-overload]

        run("initdb", "-D", f"{folder}/data", "-U", USER, "-A", "trust", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        run("pg_ctl", "-D", f"{folder}/data", "-l", f"{folder}/log", "-w", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://{USER}@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", f"{folder}/data", "-w", "-m", "immediate", "stop")


@pytest.mark.proof
def test_versions_and_aliases_live_in_postgresql(tmp_path: Path, database: str) -> None:
    house = make_house(tmp_path, database)
    one, two = house.version(60), house.version(61)
    for version in (one, two):
        promote(house.registry, house.records, version, "champion", house.publisher, now=NOW)
    found = resolve(f"models:/{NAME}@champion", house.registry, house.records, now=NOW)
    assert (found.version.number, found.standing) == (2, Standing.PUBLISHED)
    roll_back(house.registry, house.records, NAME, house.publisher, now=NOW)
    assert resolve(f"models:/{NAME}@champion", house.registry, house.records, now=NOW).digest == one.model
    house.registry.set_alias(two, "champion")
    with pytest.raises(AliasMoved, match="moved by hand"):
        resolve(f"models:/{NAME}@champion", house.registry, house.records, now=NOW)
