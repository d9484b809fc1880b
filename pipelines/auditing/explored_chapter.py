"""What the report says of everything that was looked through: other cuts, intersections, jobs and sites."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vivavoce.fairness.document import ADVERSE_IMPACT
from vivavoce.fairness.groups import CROSS
from vivavoce.pipelines.auditing.chapters import title_of, verdict_grid
from vivavoce.pipelines.report.blocks import Block, Bullets, Grid, Heading, Paragraph, Say, p_words  # fmt: skip
from vivavoce.pipelines.report.plots import decimal, sweep

EXPLORED_SHOWN = 20  # findings in the text; audit.json holds all

Json = Mapping[str, Any]


def tell_explored(audit: Json, say: Say) -> Iterator[Block]:
    """What stands out, then the sweeps and the tables."""
    tables = [table for table in audit["tables"] if table["family"] == "exploratory"]
    if not tables:
        return
    yield Heading(2, say("explored"), "explored")
    yield Paragraph(say("explored_note"), "small")
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
    if audit["stratified"]:
        yield Paragraph(say("stratified_note"), "small")
        yield _stratified(audit["stratified"], say)
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


def _stratified(rows: Sequence[Json], say: Say) -> Grid:
    names = ("group", "strata_column", "odds_ratio", "interval", "mh_p", "bd_p")
    cells = tuple(
        (
            f"{row['attribute']}: {row['group']} / {row['comparator']}", f"{row['strata']}", decimal(row["odds_ratio"]),
            f"{decimal(row['odds_low'])}–{decimal(row['odds_high'])}", p_words(row["p"]), p_words(row["breslow_day_p"]),
        )
        for row in rows
    )  # fmt: skip
    return Grid(say("strata"), tuple(say(name) for name in names), (False, *(True,) * 5), cells)
