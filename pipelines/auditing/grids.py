"""The tables of counts and ratios that several chapters of the report show."""

from collections.abc import Mapping
from typing import Any

from vivavoce.pipelines.auditing.blocks import Grid, Say, count_words, p_words, share_words
from vivavoce.pipelines.auditing.plots import decimal

Json = Mapping[str, Any]


def primary_tables(audit: Json) -> list[Json]:
    """The tables that decide."""
    return [table for table in audit["tables"] if table["family"] == "primary"]


def verdict_grid(table: Json, say: Say) -> Grid:
    """The table that a reader checks: counts, ratio, interval, corrected p, verdict with its reason."""
    names = (
        "group",
        "n",
        "selected",
        "rate",
        "ratio",
        "interval",
        "adjusted",
        "detectable",
        "verdict_column",
        "why_column",
    )
    rows = tuple(
        (
            row["group"], count_words(row["n"]), count_words(row["selected"]), share_words(row["rate"]),
            decimal(row["impact_ratio"], 3), _interval(row), p_words(row["adjusted_p"]),
            decimal(row["detectable_ratio"]), say("verdict_" + row["verdict"]), say("why_" + row["why"]),
        )
        for row in table["rows"]
    )  # fmt: skip
    numeric = (False, *(True,) * 7, False, False)
    verdicts = tuple(row["verdict"] for row in table["rows"])
    return Grid(title_of(table, say), tuple(say(name) for name in names), numeric, rows, verdicts, why_last=True)


def title_of(table: Json, say: Say) -> str:
    """Which table this is, in words."""
    parts = [say("by", attribute=table["attribute"])]
    if table["stratum"]:
        parts.append(table["stratum"])
    if table["cut"] is not None:
        parts.append(f"{'>' if table['measure'] == 'scoring' else '≥'} {table['cut']:g}")
    return ", ".join(parts)


def _interval(row: Json) -> str:
    if row["score_low"] is None:
        return "–"
    high = "∞" if row["score_high"] is None else decimal(row["score_high"])
    return f"{decimal(row['score_low'])}–{high}"
