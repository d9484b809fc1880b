"""What the audit's report says, in order and in one language: blocks that the page and the PDF both show."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vivavoce.fairness.document import ADVERSE_IMPACT
from vivavoce.fairness.groups import CROSS
from vivavoce.pipelines.auditing.blocks import (
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
from vivavoce.pipelines.auditing.chapters import tell_differences, tell_outcomes, tell_unmeasured
from vivavoce.pipelines.auditing.made_of_chapter import tell_made_of, tell_recognised
from vivavoce.pipelines.auditing.plots import decimal, forest, sweep
from vivavoce.pipelines.auditing.question_chapter import tell_questions

EXPLORED_SHOWN = 20  # exploratory findings in the text; audit.json holds all
STATISTICS = (
    "n", "selected", "rate", "not_scored", "share", "impact_ratio", "ratio_low", "ratio_high", "score_low",
    "score_high", "difference", "difference_low", "difference_high", "z", "z_p", "chi2", "chi2_yates", "fisher_p",
    "mid_p", "adjusted_p", "phi", "h", "shortfall", "detectable_ratio", "below_four_fifths", "flip_flop",
)  # fmt: skip
WHOLE = frozenset({"n", "selected", "not_scored"})
REFERENCES = (
    "29 CFR 1607 (Uniform Guidelines on Employee Selection Procedures); 44 FR 11996 (Questions and Answers)",
    "Katz, Baptista, Azen & Pike (1978), Biometrics 34, 469–474",
    "Miettinen & Nurminen (1985), Statistics in Medicine 4, 213–226",
    "Agresti (2013), Categorical Data Analysis, 3rd ed., 3.5 (Fisher, mid-P)",
    "Holm (1979), Scandinavian Journal of Statistics 6, 65–70",
    "Benjamini & Hochberg (1995), JRSS B 57, 289–300",
    "Mantel & Haenszel (1959), JNCI 22, 719–748; Breslow & Day (1980), IARC 32",
    "Morris & Dunleavy (2017), Adverse Impact Analysis",
)

Json = Mapping[str, Any]


def tell(audit: Json, language: Language) -> list[Block]:
    """The whole report: verdict and limits first, numbers last."""
    say = speaker(language)
    return [
        *_verdict(audit, say),
        *_findings(audit, say),
        *_declared(audit, say),
        *_primary(audit, say),
        *_open(audit, say),
        *tell_differences(audit, say),
        *tell_unmeasured(audit, say),
        *tell_questions(audit, say),
        *tell_outcomes(audit, say),
        *tell_made_of(audit, say),
        *tell_recognised(audit, say),
        *_explored(audit, say),
        *_reviews(audit, say),
        *_rules(audit, say, language),
        *_appendix(audit, say),
    ]


def primary_tables(audit: Json) -> list[Json]:
    """The tables that decide."""
    return [table for table in audit["tables"] if table["family"] == "primary"]


def _verdict(audit: Json, say: Say) -> Iterator[Block]:
    yield Heading(2, say("verdict"), "verdict")
    found = sum(finding["family"] == "primary" for finding in audit["findings"])
    count = say("one_finding") if found == 1 else say("many_findings", n=found)
    yield Paragraph(say("status_" + audit["status"], count=count), audit["status"])
    yield Paragraph(
        say("restricted") if audit["restricted"] else say("shared", smallest=audit["smallest_shown"]), "small"
    )
    yield Heading(3, say("limits"), "limits")
    data = audit["data"]
    limits = [say("limit_impact"), say("limit_declared")]
    if any(table["family"] == "exploratory" for table in audit["tables"]):
        limits.append(say("limit_explored"))
    if data.get("rows", 0) > data.get("scored", 0):
        limits.append(say("limit_not_scored", n=data["rows"] - data["scored"], rows=data["rows"]))
    if data.get("rows", 0) > data.get("people", data.get("rows", 0)):
        limits.append(say("limit_repeated", people=data["people"], rows=data["rows"]))
    if data.get("jobs", 0) > 1 and audit["declared"].get("cut") is not None:
        limits.append(say("limit_jobs"))
    if data.get("standings"):
        limits.append(say("limit_standing", standing=", ".join(data["standings"])))
    yield Bullets((*limits, say("disclaimer")))


def _findings(audit: Json, say: Say) -> Iterator[Block]:
    yield Heading(2, say("findings"), "findings")
    found = [finding for finding in audit["findings"] if finding["family"] == "primary"]
    if not found:
        yield Paragraph(say("no_findings"))
    for finding in found:
        where, evidence = finding["where"], finding["evidence"]
        if evidence is None:
            yield Paragraph(say("finding_withheld", group=where["group"], comparator=where["comparator"]), "finding")
            continue
        group, reference = evidence["group"], evidence["comparator"]
        yield Paragraph(difference_words(where, finding["difference"], say), "finding")
        yield Paragraph(
            say(
                "finding_numbers",
                group=where["group"], comparator=where["comparator"], selected=count_words(group["selected"]),
                n=count_words(group["n"]), rate=share_words(group["rate"]),
                reference_selected=count_words(reference["selected"]), reference_n=count_words(reference["n"]),
                reference_rate=share_words(reference["rate"]), ratio=decimal(finding["size"], 3),
                low=decimal(finding["interval"][0]),
                high=decimal(finding["interval"][1]), p=p_words(evidence["adjusted_p"]),
                shortfall=decimal(evidence["shortfall"], 1), clause=finding["clause"],
            )
        )  # fmt: skip
        yield Paragraph(say("settles_" + finding["settles"]), "small")


def difference_words(where: Json, difference: Sequence[float | None], say: Say) -> str:
    """Plain words of a difference and its interval (reference − focal, shares): people in a hundred."""
    size, low, high = (0.0 if value is None else value for value in difference)
    fewer = size >= 0
    ends = sorted((low, high), reverse=not fewer)
    values = {"group": where["group"], "comparator": where["comparator"], "size": round(100 * abs(size))}
    return say("fewer" if fewer else "more", **values, low=_hundred(ends[0], say), high=_hundred(ends[1], say))


def _hundred(difference: float, say: Say) -> str:
    people = round(100 * difference)
    if people == 0:
        return say("count_none")
    return say("count_fewer", n=people) if people > 0 else say("count_more", n=-people)


def _declared(audit: Json, say: Say) -> Iterator[Block]:
    yield Heading(2, say("declared"), "declared")
    declared = {"cut": None, "at_cut": 0, "asked": None, "share": None, "column": ""} | audit["declared"]
    shown = {"cut": f"{declared['cut']}", "at_cut": count_words(declared["at_cut"]), "column": declared["column"]}
    shown |= {"share": share_words(declared["share"]), "asked": share_words(declared["asked"])}
    cuts = declared.get("cuts")
    if cuts:
        shown["cuts"] = "; ".join(f"{job or say('no_job')} {cut:g}" for job, cut in cuts.items())
    yield Paragraph(say(f"declared_{declared['kind']}{'_jobs' if cuts else ''}", **shown))
    compared = sum(row["adjusted_p"] is not None for table in primary_tables(audit) for row in table["rows"])
    yield Paragraph(say("family", n=compared))
    data = audit["data"]
    sources = [
        f"{data[name]['file']} (SHA-256 {data[name]['sha256'][:12]}…)"
        for name in ("counts", "scores", "groups", "outcomes", "questions", "features", "recognition", "reviews")
        if name in data
    ]
    yield Paragraph(say("sources", sources=", ".join(sources)), "small")
    if data.get("first_recorded"):
        yield Paragraph(say("recorded", first=data["first_recorded"][:10], last=data["last_recorded"][:10]), "small")


def _primary(audit: Json, say: Say) -> Iterator[Block]:
    yield Heading(2, say("primary"), "primary")
    for i, table in enumerate(primary_tables(audit)):
        yield Heading(3, say("by", attribute=table["attribute"]), f"table-{i}")
        yield forest(table, say)
        yield verdict_grid(table, say)
        words = [
            difference_words({"group": row["group"], "comparator": table["comparator"]}, _difference(row), say)
            for row in table["rows"]
            if row["difference"] is not None
        ]
        if words:
            yield Bullets(tuple(words))
        yield from _unknown(table, say)


def _difference(row: Json) -> tuple[float | None, ...]:
    return tuple(row[name] for name in ("difference", "difference_low", "difference_high"))


def _unknown(table: Json, say: Say) -> Iterator[Block]:
    unknown = table["unknown"]
    if unknown is not None:
        left = sum(row["not_scored"] or 0 for row in table["rows"]) + (unknown["not_scored"] or 0)
        values = {"n": count_words(unknown["n"]), "selected": count_words(unknown["selected"])}
        yield Paragraph(
            say("unknown_line", **values, not_scored=left, unknown_not_scored=count_words(unknown["not_scored"])),
            "small",
        )


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
    return Grid(title_of(table, say), tuple(say(name) for name in names), numeric, rows, verdicts)


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


def _open(audit: Json, say: Say) -> Iterator[Block]:
    yield Heading(2, say("open"), "open")
    lines = []
    for entry in audit["open"]:
        where, why = entry["where"], say("why_" + entry["why"])
        line = say("open_line", group=where["group"], attribute=where["attribute"], n=count_words(entry["n"]), why=why)
        lines.append(f"{line} {say('open_needed', needed=entry['people_needed'])}" if entry["people_needed"] else line)
    yield Bullets(tuple(lines)) if lines else Paragraph(say("open_none"))


def _explored(audit: Json, say: Say) -> Iterator[Block]:
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


def _reviews(audit: Json, say: Say) -> Iterator[Block]:
    reviews = audit.get("reviews")
    if reviews is None:
        return
    yield Heading(2, say("reviews"), "reviews")
    yield Paragraph(say("reviews_note", **{name: reviews[name] for name in ("reviews", "reviewers", "without_reason")}))
    names = ("group", "reviewed", "raised", "lowered", "mean_change")
    rows = tuple(
        (f"{row['attribute']}: {row['group']}", *(f"{row[name]}" for name in names[1:4]), f"{row['mean_change']:+.2f}")
        for row in reviews["groups"]
    )
    yield Grid(say("reviews"), tuple(say(name) for name in names), (False, *(True,) * 4), rows)


def _rules(audit: Json, say: Say, language: Language) -> Iterator[Block]:
    yield Heading(2, say("rules"), "rules")
    for pack in audit["rules"]:
        values = {"title": pack["title"][language], "version": pack["version"], "source": pack["source"]}
        yield Paragraph(say("rules_note", **values, standing=say("standing_" + pack["standing"])), "small")
        if not pack["in_force"]:
            yield Paragraph(say("rules_expired"), "insufficient")
        checks = [check for check in audit["checks"] if check["pack"] == pack["name"]]
        rows = tuple((check["clause"], check["asks"][language], say("answer_" + check["answer"])) for check in checks)
        titles = tuple(say(name) for name in ("clause", "asks", "answer"))
        yield Grid(pack["title"][language], titles, (False,) * 3, rows)
    conflicts = [say("conflicts", clause=conflict["clause"]) for conflict in audit.get("conflicts", [])]
    if conflicts:
        yield Bullets(tuple(conflicts))


def _appendix(audit: Json, say: Say) -> Iterator[Block]:
    yield Heading(2, say("appendix"), "appendix")
    yield Heading(3, say("method"), "method")
    yield Bullets(tuple(say(f"method_{name}") for name in ("ratio", "interval", "p", "verdict", "power")))
    yield Heading(3, say("references"), "references")
    yield Bullets(REFERENCES)
    for table in primary_tables(audit):
        groups = tuple(row["group"] for row in table["rows"])
        rows = tuple((name, *(_cell(row, name) for row in table["rows"])) for name in STATISTICS)
        grid = Grid(title_of(table, say), ("", *groups), (False, *(True,) * len(groups)), rows)
        yield Fold(say("every_number", title=title_of(table, say)), (grid,))


def _cell(row: Json, name: str) -> str:
    value = row[name]
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    return count_words(value) if name in WHOLE else f"{value:.4g}"
