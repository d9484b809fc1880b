"""The verdict in words, on top of the page and on the terminal: which groups of which jobs, how large, what is open.

What every job says by itself, and what all of them say together.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from vivavoce.fairness.document import ADVERSE_IMPACT
from vivavoce.fairness.table import SHARE_THAT_COUNTS
from vivavoce.pipelines.auditing.chapters import interval_words, pooled_tables, stratum_words
from vivavoce.pipelines.auditing.equals import equal_words
from vivavoce.pipelines.auditing.kinds import registered
from vivavoce.pipelines.auditing.since import since_words
from vivavoce.pipelines.report.blocks import (  # fmt: skip
    Block,
    Bullets,
    Fold,
    Grid,
    Heading,
    Language,
    Paragraph,
    Say,
    count_words,
    p_words,
    share_words,
    speaker,
)
from vivavoce.pipelines.report.plots import decimal

Json = Mapping[str, Any]

WORDS = {
    "finding": "adverse impact",
    "look": "to be looked at: a gap that correction, or jobs by themselves, do not bear out",
    "insufficient": "these numbers cannot tell",
    "ok": "no adverse impact: every group passes at four fifths or more",
}
COLOURS = {"finding": "red", "look": "yellow", "insufficient": "yellow", "ok": "green"}
MOST_LINES = 12  # attributes one by one; beyond, how many of each
MOST_ON_PAPER = 24  # jobs whose rows are all printed; of more, what stands out
MOST_NAMED = 6  # groups in a headline; the tables have all


def tell_verdict(audit: Json, language: Language) -> Iterator[Block]:
    """The status, what makes these numbers unfit to decide, every attribute over its jobs, and the verdict's limits."""
    say = speaker(language)
    yield Heading(2, say("verdict"), "verdict")
    found = sum(finding["family"] == "primary" for finding in audit["findings"])
    count = say("one_finding") if found == 1 else say("many_findings", n=found)
    yield Paragraph(say("status_" + audit["status"], count=count), audit["status"])
    for row in _unequal(audit):
        yield Paragraph(equal_words(row, say))
    for line in headline(audit, say):
        yield Paragraph(line)
    for warning in audit["warnings"]:
        yield Paragraph(warning_words(warning, say), "insufficient")
    if audit["provisional"]:
        yield Paragraph(say("provisional"), "insufficient")
    yield Paragraph(
        say("restricted") if audit["restricted"] else say("shared", smallest=audit["smallest_shown"]), "small"
    )
    besides = looked(audit, language)
    if besides:
        yield Paragraph(besides)
    yield Heading(3, say("limits"), "limits")
    yield Bullets((*_limits(audit, say), say("disclaimer")))


def warning_words(warning: Json, say: Say) -> str:
    """One warning in a sentence, its numbers filled in."""
    values = {name: share_words(value) if name.startswith("share") else value for name, value in warning.items()}
    return say("warn_" + warning["what"], **values)


def _limits(audit: Json, say: Say) -> list[str]:
    data = audit["data"]
    limits = [say("limit_impact"), say("limit_declared")]
    if any(table["family"] == "exploratory" for table in audit["tables"]):
        limits.append(say("limit_explored"))
    if data.get("scored") is not None and data["rows"] > data["scored"]:
        limits.append(say("limit_not_scored", n=data["rows"] - data["scored"], rows=data["rows"]))
    if data.get("rows", 0) > data.get("people", data.get("rows", 0)):
        limits.append(say("limit_repeated", people=data["people"], rows=data["rows"]))
    if data.get("without_groups") or data.get("groups_without_score"):
        limits.append(
            say("limit_one_side", scores=data["without_groups"] or 0, groups=data["groups_without_score"] or 0)
        )
    if data.get("jobs", 0) > 1 and audit["declared"].get("cut") is not None:
        limits.append(say("limit_jobs"))
    if data.get("jobs", 0) > 1 and audit.get("score_differences"):
        limits.append(say("limit_pooled"))
    if data.get("standings"):
        limits.append(say("limit_standing", standing=", ".join(data["standings"])))
    return limits


def _unequal(audit: Json) -> list[Json]:
    """Who is selected less at equal scores: what a reader must see first."""
    rows: list[Json] = (audit.get("equals") or {}).get("groups", [])
    return [row for row in rows if row["verdict"] == "finding"]


def headline(audit: Json, say: Say) -> list[str]:
    """One sentence or two for each attribute: which groups of which jobs, how large, and how many jobs stay open."""
    jobs = audit.get("jobs")
    if not jobs:
        return []
    lines = []
    for one in jobs["attributes"]:
        kind = say("kinds_" + jobs["kind"])
        parts = [say("jobs_verdict_" + one["verdict"], attribute=one["attribute"], kind=kind)]
        for verdict in ("finding", "look"):
            named = [_place(place, say, kind) for place in one[verdict]]
            if named:
                more = len(named) - MOST_NAMED
                shown = "; ".join(named[:MOST_NAMED]) + (say("jobs_more", n=more) if more > 0 else "")
                parts.append(say("jobs_" + verdict, places=shown))
        values = {name: one[name] for name in ("alone", "jobs", "not_alone", "one_group")}
        parts.append(say("jobs_alone" if one["not_alone"] else "jobs_all_alone", kind=kind, **values))
        if one["differ"]:
            parts.append(say("jobs_differ", kind=kind))
        lines.append(say("sentence_space").join(parts))
    return lines


def _place(place: Json, say: Say, kind: str) -> str:
    where = stratum_words(place["stratum"], say) if place["stratum"] else say("jobs_everybody", kind=kind)
    values = {"group": place["group"], "comparator": place["comparator"], "where": where}
    return say("jobs_place", **values, ratio="–" if place["ratio"] is None else decimal(place["ratio"]))


def tell_jobs(audit: Json, attribute: str, say: Say) -> Iterator[Block]:
    """Every job by itself, raw beside corrected; those that could not be judged alone are folded."""
    tables = [one for one in audit["tables"] if one["family"] == "primary" and one["stratum"]]
    own = [table for table in tables if table["attribute"] == attribute]
    alone = [one for one in own if sum(row["left_out"] is None and row["n"] > 0 for row in one["rows"]) > 1]
    small = [table for table in own if table not in alone]
    many = len(alone) > MOST_ON_PAPER
    if many or small:
        yield Paragraph(say("jobs_on_paper"), "paper small")
    if alone:
        yield _jobs_grid(say("jobs_grid", attribute=attribute), alone, say, searched=many)
    if small:
        grid = _jobs_grid(say("jobs_small_grid", attribute=attribute, n=len(small)), small, say, searched=True)
        yield Fold(say("jobs_small_grid", attribute=attribute, n=len(small)), (grid,))


def _jobs_grid(caption: str, tables: Sequence[Json], say: Say, *, searched: bool) -> Grid:
    titles = (
        "stratum_column", "group", "n", "selected", "rate", "ratio", "interval", "raw_p", "adjusted", "verdict_column",
        "why_column",
    )  # fmt: skip
    rows = tuple(
        (
            table["stratum"], row["group"], count_words(row["n"]), count_words(row["selected"]),
            share_words(row["rate"]), decimal(row["impact_ratio"], 3),
            interval_words(row["score_low"], row["score_high"]), p_words(row["mid_p"]),
            p_words(row["adjusted_p"]), say("verdict_" + row["verdict"]),
            say("why_" + row["why"]),
        )
        for table in tables
        for row in table["rows"]
    )  # fmt: skip
    verdicts = tuple(row["verdict"] for table in tables for row in table["rows"])
    numeric = (False, False, *(True,) * 7, False, False)
    return Grid(caption, tuple(map(say, titles)), numeric, rows, verdicts, why_last=True, searched=searched)


def tell_together(audit: Json, say: Say) -> Iterator[Block]:
    """Every group against its comparator within jobs, over all of them."""
    rows = audit["stratified"]
    if not rows:
        return
    yield Heading(3, say("together"), "together")
    yield Paragraph(say("stratified_note"), "small")
    titles = (
        "group", "over_column", "strata_column", "ratio_within", "interval_within", "mh_p", "adjusted", "odds_ratio",
        "interval_odds", "bd_p", "verdict_column", "why_column",
    )  # fmt: skip
    cells = tuple(
        (
            f"{row['attribute']}: {row['group']} / {row['comparator']}",
            say("over_small" if row["small"] else "over_all", over=row["over"]), f"{row['strata']}",
            decimal(row["ratio"], 3), interval_words(row["ratio_low"], row["ratio_high"]), p_words(row["p"]),
            p_words(row["adjusted_p"]), decimal(row["odds_ratio"]), interval_words(row["odds_low"], row["odds_high"]),
            p_words(row["differ_p"]), say("verdict_" + row["verdict"]), say("why_" + row["why"]),
        )
        for row in rows
    )  # fmt: skip
    verdicts = tuple(row["verdict"] for row in rows)
    numeric = (False, False, *(True,) * 8, False, False)
    yield Grid(say("together"), tuple(map(say, titles)), numeric, cells, verdicts, why_last=True)


def looked(audit: Json, language: Language) -> str:
    """What was found by looking, kind by kind, in one sentence; empty where nothing was."""
    say = speaker(language)
    saying = {kind.declared.finding.what: kind.declared.speaker(language) for kind in registered()
              if kind.declared.finding}  # fmt: skip
    kinds = Counter(finding["what"] for finding in audit["findings"] if finding["family"] == "exploratory")
    parts = [
        say("looked_through", n=count) if kind == ADVERSE_IMPACT else saying[kind]("looked", n=count)
        for kind, count in sorted(kinds.items())
    ]
    return say("looked", found="; ".join(parts)) if parts else ""


def announce(audit: Json, out: Path | None) -> None:
    """Say the verdicts on stderr."""
    said = Console(stderr=True)
    tables = pooled_tables(audit)
    told = {one["attribute"]: one["verdict"] for one in (audit.get("jobs") or {}).get("attributes", [])}
    found = [(told[table["attribute"]], ()) if told else verdict_of(table) for table in tables]
    if len(tables) > MOST_LINES:
        for verdict, count in Counter(verdict for verdict, _ in found).most_common():
            said.print(f"{count} tables: {WORDS[verdict]}", style=COLOURS[verdict], markup=False, highlight=False)
    elif told:
        for line, (verdict, _) in zip(headline(audit, speaker("en")), found, strict=True):
            said.print(line, style=COLOURS[verdict], markup=False, highlight=False, soft_wrap=True)
    else:
        for table, (verdict, groups) in zip(tables, found, strict=True):
            whom = f" ({', '.join(groups)})" if groups else ""
            line = f"{table['attribute']}: {WORDS[verdict]}{whom}"
            said.print(line, style=COLOURS[verdict], markup=False, highlight=False, soft_wrap=True)
    for row in _unequal(audit):
        said.print(equal_words(row, speaker("en")), style="red", markup=False, highlight=False, soft_wrap=True)
    notes = [warning_words(warning, speaker("en")) for warning in audit["warnings"]]
    notes += [speaker("en")("provisional")] if audit["provisional"] else []
    notes += [since_words(audit["since"], speaker("en"))] if "since" in audit else []
    for note in (*notes, looked(audit, "en")):
        if note:
            said.print(note, markup=False, highlight=False, soft_wrap=True)
    if out is not None:
        same = ".pdf and .json" if (out / "audit.pdf").is_file() else ".json"
        said.print(f"Report: {out / 'audit.html'}, the same as {same}", markup=False, highlight=False, soft_wrap=True)


def verdict_of(table: Json) -> tuple[str, tuple[str, ...]]:
    """A table's verdict and the groups it rests on: its findings, else what to look at, else groups without ``ok``."""
    for verdict in ("finding", "look", "insufficient"):
        groups = tuple(
            row["group"]
            for row in table["rows"]
            if row["verdict"] == verdict
            and (verdict != "insufficient" or (row["left_out"] is None and row["share"] >= float(SHARE_THAT_COUNTS)))
        )
        if groups:
            return verdict, groups
    return ("ok" if any(row["verdict"] == "ok" for row in table["rows"]) else "insufficient"), ()
