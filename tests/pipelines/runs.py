"""Runs of the main job for tests: the bundled interviews, chosen and copied; commands; what a folder then holds."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

DEMO = Path(str(files("vivavoce.data") / "demo"))
ROWS: dict[str, dict[str, Any]] = {
    row["interview_id"]: row
    for row in map(json.loads, (DEMO / "manifest.jsonl").read_text(encoding="utf-8").splitlines())
}
TABLES = ("scores", "features", "absent")


def batch(folder: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Copy the files that demo rows name into a folder; returns the manifest that lists the rows there."""
    for row in rows:
        for column in ("media", "transcript"):
            named = row.get(column) or {}
            for name in named.values() if isinstance(named, dict) else [named]:
                if (DEMO / name).is_file():
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(DEMO / name, folder / name)
    return write_manifest(folder, rows)


def write_manifest(folder: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """The rows as JSON Lines."""
    path = folder / "manifest.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def score_demo(out: Path) -> Path:
    """Score the bundled interviews into a folder: everything measured, two workers; some end without a score."""
    viva(
        "score", DEMO / "manifest.jsonl", "--out", out, "--profile", "all", "--asr", "provided", "--workers", 2,
        "--csv", ends=3,
    )  # fmt: skip
    return out


def start(*arguments: object) -> "subprocess.Popen[str]":
    """Start ``viva`` in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "vivavoce", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def viva(*arguments: object, ends: int = 0) -> str:
    """Run ``viva`` to its end, which must be the exit status ``ends``; returns what it said."""
    said, _ = (process := start(*arguments)).communicate(timeout=900)
    assert process.returncode == ends, said
    return said


def kill(process: "subprocess.Popen[str]", number: signal.Signals) -> int:
    """Send a signal to the whole group; returns the exit status once nobody is left to hold the output open."""
    os.killpg(process.pid, number)
    process.communicate(timeout=120)
    return process.returncode


def table(out: Path, name: str) -> pa.Table:
    return pq.read_table(out / f"{name}.parquet")


def rows(out: Path, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table(out, name).to_pylist()
    return found


def document(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "run.json").read_text(encoding="utf-8"))
    return found


def numbers(out: Path, ids: Sequence[str] | None = None) -> dict[str, list[dict[str, Any]]]:
    """Every table's rows but the status table's, whose seconds differ from run to run, in one order; nan is ``"nan"``.

    Values are compared as they are: bit by bit, since no other representation of a float is equal to it.
    """
    return {
        name: sorted(
            (_comparable(row) for row in rows(out, name) if ids is None or row["interview_id"] in ids),
            key=lambda row: [str(row.get(key)) for key in ("interview_id", "question_id", "competency", "feature")],
        )
        for name in TABLES
    }


def _comparable(row: dict[str, Any]) -> dict[str, Any]:
    return {name: "nan" if value != value else value for name, value in row.items()}


def ends(out: Path) -> dict[str, tuple[str, str | None, str | None]]:
    """Status, reason and recording of each row, by interview."""
    return {row["interview_id"]: (row["status"], row["reason"], row["media"]) for row in rows(out, "status")}
