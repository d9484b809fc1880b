"""What ``viva audit`` says when it is done: the verdict of every attribute in plain words, and where the report is."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from vivavoce.fairness.table import SHARE_THAT_COUNTS
from vivavoce.pipelines.auditing.blocks import speaker
from vivavoce.pipelines.auditing.grids import primary_tables
from vivavoce.pipelines.auditing.story import looked

WORDS = {
    "finding": "adverse impact",
    "insufficient": "these numbers cannot tell",
    "ok": "no adverse impact: every group passes at four fifths or more",
}
COLOURS = {"finding": "red", "insufficient": "yellow", "ok": "green"}
MOST_LINES = 12  # attributes one by one; beyond, how many of each

Json = Mapping[str, Any]


def announce(audit: Json, out: Path) -> None:
    """Say the verdicts on stderr."""
    said = Console(stderr=True)
    tables = primary_tables(audit)
    found = [verdict_of(table) for table in tables]
    if len(tables) > MOST_LINES:
        for verdict, count in Counter(verdict for verdict, _ in found).most_common():
            said.print(f"{count} tables: {WORDS[verdict]}", style=COLOURS[verdict], markup=False, highlight=False)
    else:
        for table, (verdict, groups) in zip(tables, found, strict=True):
            whom = f" ({', '.join(groups)})" if groups else ""
            line = f"{table['attribute']}: {WORDS[verdict]}{whom}"
            said.print(line, style=COLOURS[verdict], markup=False, highlight=False, soft_wrap=True)
    besides = looked(audit, speaker("en"))
    if besides:
        said.print(besides, markup=False, highlight=False, soft_wrap=True)
    said.print(
        f"Report: {out / 'audit.html'}, the same as .pdf and .json", markup=False, highlight=False, soft_wrap=True
    )


def verdict_of(table: Json) -> tuple[str, tuple[str, ...]]:
    """A table's verdict and the groups it rests on: its findings, else groups that count and are not ``ok``."""
    for verdict in ("finding", "insufficient"):
        groups = tuple(
            row["group"]
            for row in table["rows"]
            if row["verdict"] == verdict
            and (verdict == "finding" or (row["left_out"] is None and row["share"] >= float(SHARE_THAT_COUNTS)))
        )
        if groups:
            return verdict, groups
    return ("ok" if any(row["verdict"] == "ok" for row in table["rows"]) else "insufficient"), ()
