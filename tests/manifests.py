"""Manifest rows that are right, and the writers of the three formats."""

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vivavoce.data.manifest import Manifest, read_manifest

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


def read(folder: Path, content: bytes, suffix: str = ".jsonl", /, **options: Any) -> Manifest:
    path = folder / f"manifest{suffix}"
    path.write_bytes(content)
    return read_manifest(path, today=TODAY, **options)
