"""What the audit's report says beside pass rates of scores and groups alone: differences, who could not be scored.

The tables of counts and ratios that several chapters of the report show.

What the report says of everything that was looked through: other cuts, intersections, jobs and sites.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from vivavoce.fairness.document import ADVERSE_IMPACT, ALL, SMALL
from vivavoce.fairness.groups import CROSS
from vivavoce.models.score import OVERALL
from vivavoce.pipelines.auditing.differences import UNSAID
from vivavoce.pipelines.report.blocks import (
    Block,
    Bullets,
    Grid,
    Heading,
    Language,
    Paragraph,
    Say,
    count_words,
    p_words,
    share_words,
)
from vivavoce.pipelines.report.plots import decimal, ridges, sweep
from vivavoce.pipelines.scoring.report import reason_words

Json = Mapping[str, Any]


def tell_differences(audit: Json, say: Say) -> Iterator[Block]:
    """Distributions, then every group against the reference: means, d and g with intervals."""
    entries = audit.get("score_differences") or []
    if not entries:
        return
    yield Heading(2, say("differences"), "differences")
    yield Paragraph(say("differences_note"), "small")
    for i, entry in enumerate(entries):
        attribute, reference = entry["attribute"], entry["reference"]
        yield Heading(3, say("by", attribute=attribute), f"differences-{i}")
        overall = entry["scores"][0]
        yield ridges(attribute, {**overall, "reference": reference}, say)
        yield Paragraph(say("ridges_note", reference=reference), "small")
        words = tuple(_apart(row, reference, say) for row in overall["groups"] if row["difference_d"] is not None)
        if words:
            yield Bullets(words)
        yield _differences_grid(entry, say)


def _apart(row: Json, reference: str, say: Say) -> str:
    gap, low, high = (row[f"difference_mean{end}"] for end in ("", "_low", "_high"))
    if gap < 0:
        gap, low, high = -gap, -high, -low
    lower = row["difference_mean"] >= 0
    values = {"group": row["group"], "reference": reference, "points": decimal(gap), "low": decimal(low)}
    d = estimate_words(row, "difference_d")
    return say("lower" if lower else "higher", **values, high=decimal(high), d=d)


def _differences_grid(entry: Json, say: Say) -> Grid:
    names = ("score", "group", "n", "without", "mean", "sd", "gap", "d", "g", "adjusted")
    rows = tuple(
        (
            say("overall") if score["score"] == OVERALL else score["score"], row["group"], count_words(row["n"]),
            count_words(row["missing"]), decimal(row["mean"]), decimal(row["sd"]),
            _gap_words(row, entry["reference"], say),
            *(estimate_words(row, f"difference_{name}") for name in ("d", "g")),
            p_words(row["q"]),
        )
        for score in entry["scores"]
        for row in score["groups"]
    )  # fmt: skip
    titles = tuple(say(name) for name in names)
    return Grid(say("differences_by", attribute=entry["attribute"]), titles, (False, False, *(True,) * 8), rows)


def _gap_words(row: Json, reference: str, say: Say) -> str:
    if row["difference_mean"] is not None:
        return estimate_words(row, "difference_mean")
    return say("reference") if row["group"] == reference else say("too_few_scored")


def estimate_words(row: Json, name: str) -> str:
    """A number with its interval, as ``0.31 [0.20, 0.42]``; a dash where there is none."""
    value, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if value is None:
        return "–"
    return decimal(value) if low is None else f"{decimal(value)} [{decimal(low)}, {decimal(high)}]"


def tell_unmeasured(audit: Json, say: Say) -> Iterator[Block]:
    """Who could not be scored, by group: being unmeasurable is an outcome too."""
    entries = [entry for entry in audit.get("unmeasured") or [] if any(row["not_scored"] for row in entry["rows"])]
    if not entries:
        return
    yield Heading(2, say("unmeasured"), "unmeasured")
    yield Paragraph(say("unmeasured_note"), "small")
    titles = tuple(say(name) for name in ("group", "people_all", "without", "share_without", "interval_wilson"))
    for entry in entries:
        caption = say("by", attribute=entry["attribute"])
        yield Grid(caption, titles, (False, *(True,) * 4), tuple(_unmeasured_row(entry["rows"])))
        if "reasons" in entry["rows"][0]:
            yield from _unmeasured_why(entry, say)


RATIOS = ("ratio_counted_out", "ratio_not_selected", "ratio_selected")


def _unmeasured_why(entry: Json, say: Say) -> Iterator[Block]:
    """Why people have no score, and each group's impact ratio by what becomes of them."""
    rows = entry["rows"]
    language = cast("Language", say("language_code"))
    reasons = sorted({reason for row in rows for reason in row["reasons"]})
    words = {one: say(UNSAID) if one == UNSAID else reason_words(one).said(language) for one in reasons}
    counts = tuple((words[one], *(count_words(row["reasons"].get(one, 0)) for row in rows)) for one in reasons)
    caption = say("unmeasured_why", attribute=entry["attribute"])
    groups = tuple(row["group"] for row in rows)
    yield Grid(caption, (say("why_column"), *groups), (False, *(True,) * len(groups)), counts)
    known = [row for row in rows if row[RATIOS[0]] is not None]
    caption = say("unmeasured_ratios", attribute=entry["attribute"])
    told = tuple((row["group"], *(decimal(row[one]) for one in RATIOS)) for row in known)
    yield Grid(caption, (say("group"), *map(say, RATIOS)), (False, True, True, True), told)


def _unmeasured_row(rows: Sequence[Json]) -> Iterator[tuple[str, ...]]:
    for row in rows:
        between = (
            "–" if row["share_low"] is None else f"{share_words(row['share_low'])}–{share_words(row['share_high'])}"
        )
        counts = count_words(row["n"]), count_words(row["not_scored"])
        yield row["group"], *counts, share_words(row["share"]), between


def pooled_tables(audit: Json) -> list[Json]:
    """The declared tables of everybody together, one for each attribute."""
    return [table for table in audit["tables"] if table["family"] == "primary" and table["stratum"] is None]


def verdict_grid(table: Json, say: Say) -> Grid:
    """The table that a reader checks: counts, ratio, interval, corrected p, verdict with its reason.

    Of a table that decides nothing, paper holds the findings only.
    """
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
            decimal(row["impact_ratio"], 3), interval_words(row["score_low"], row["score_high"]),
            p_words(row["adjusted_p"]), decimal(row["detectable_ratio"]), say("verdict_" + row["verdict"]),
            say("why_" + row["why"]),
        )
        for row in table["rows"]
    )  # fmt: skip
    numeric = (False, *(True,) * 7, False, False)
    verdicts = tuple(row["verdict"] for row in table["rows"])
    return Grid(
        title_of(table, say), tuple(say(name) for name in names), numeric, rows, verdicts,
        why_last=True, searched=table["family"] != "primary",
    )  # fmt: skip


def stratum_words(stratum: str, say: Say) -> str:
    """A job or site as it is called, or all of them taken together."""
    for kind in ("job", "site"):
        for place, words in ((ALL, "within_all"), (SMALL, "within_small")):
            if stratum == place.format(kind):
                return say(words, kind=say("kinds_" + kind))
    return stratum


def title_of(table: Json, say: Say) -> str:
    """Which table this is, in words."""
    parts = [say("by", attribute=table["attribute"])]
    if table["stratum"]:
        parts.append(stratum_words(table["stratum"], say))
    if table["cut"] is not None:
        parts.append(f"{'>' if table['measure'] == 'scoring' else '≥'} {table['cut']:g}")
    return ", ".join(parts)


def interval_words(low: float | None, high: float | None) -> str:
    """An interval's limits; a dash where there is none, ∞ where it has no upper limit."""
    if low is None:
        return "–"
    return f"{decimal(low)}–{'∞' if high is None else decimal(high)}"


EXPLORED_SHOWN = 20  # findings in the text; audit.json holds all


def tell_explored(audit: Json, say: Say) -> Iterator[Block]:
    """What stands out, then the sweeps and the tables."""
    tables = [table for table in audit["tables"] if table["family"] == "exploratory"]
    if not tables:
        return
    yield Heading(2, say("explored"), "explored")
    yield Paragraph(say("explored_note"), "small")
    yield Paragraph(say("on_paper"), "paper small")
    found = [
        finding
        for finding in audit["findings"]
        if finding["family"] == "exploratory" and finding["what"] == ADVERSE_IMPACT
    ]
    yield Paragraph(say("explored_found" if found else "explored_none", n=len(tables)))
    if found:
        yield Bullets((*(_explored_line(finding, say) for finding in found[:EXPLORED_SHOWN]), *_more(found, say)))
    scoring = [table for table in tables if table["measure"] == "scoring"]
    crossed = [table for table in tables if CROSS in table["attribute"] and table["measure"] != "scoring"]
    strata = [table for table in tables if table["stratum"]]
    yield from _sweeps(audit, [t for t in tables if t not in scoring and t not in crossed and t not in strata], say)
    if scoring:
        yield Heading(3, say("scoring"), "scoring")
        yield Paragraph(say("scoring_note", cut=f"{scoring[0]['cut']:g}"), "small")
        yield from (verdict_grid(table, say) for table in scoring)
    for name, group in (("intersections", crossed), ("strata", strata)):
        if group:
            yield Heading(3, say(name), name)
            yield from (verdict_grid(table, say) for table in group)
    if any(row["not_scored"] for table in audit["not_scored"] for row in table["rows"]):
        yield Heading(3, say("not_scored"), "not-scored")
        yield Paragraph(say("not_scored_note"), "small")
        yield from (verdict_grid(table, say) for table in audit["not_scored"])


def _explored_line(finding: Json, say: Say) -> str:
    where = finding["where"]
    low, high = (decimal(limit) for limit in finding["interval"])
    return say(
        "explored_line",
        where=title_of(where, say), group=where["group"], comparator=where["comparator"],
        ratio=decimal(finding["size"]), low=low, high=high, p=p_words(finding["evidence"]["adjusted_p"]),
    )  # fmt: skip


def _more(found: Sequence[Json], say: Say) -> tuple[str, ...]:
    left = len(found) - EXPLORED_SHOWN
    return (say("explored_more", n=left),) if left > 0 else ()


def _sweeps(audit: Json, tables: Sequence[Json], say: Say) -> Iterator[Block]:
    if tables:
        yield Heading(3, say("sweep"), "sweep")
        if "sweep_cut" in audit["declared"]:
            yield Paragraph(say("sweep_jobs"), "small")
    for attribute in dict.fromkeys(table["attribute"] for table in tables):
        cuts = [table for table in tables if table["attribute"] == attribute]
        yield sweep(attribute, cuts, audit["declared"].get("sweep_cut", audit["declared"].get("cut")), say)
