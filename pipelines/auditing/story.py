"""What the audit's report says, in order and in one language: blocks that the page and the PDF both show.

The end of the report: the appendix with every number.

The audit as one page that opens from disk without a network: English first, then Chinese.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vivavoce.pipelines.auditing.chapters import (
    pooled_tables,
    stratum_words,
    tell_differences,
    tell_explored,
    tell_unmeasured,
    title_of,
    verdict_grid,
)
from vivavoce.pipelines.auditing.clauses import tell_rules
from vivavoce.pipelines.auditing.equals import AT_EQUAL_SCORES, equal_words, tell_equals
from vivavoce.pipelines.auditing.kinds import registered
from vivavoce.pipelines.auditing.since import tell_since
from vivavoce.pipelines.auditing.verdict import tell_jobs, tell_together, tell_verdict
from vivavoce.pipelines.report.blocks import (  # fmt: skip
    LANGUAGES,
    Block,
    Bullets,
    Fold,
    Grid,
    Heading,
    Language,
    Paragraph,
    Say,
    Story,
    count_words,
    p_words,
    share_words,
    speaker,
)
from vivavoce.pipelines.report.page import page
from vivavoce.pipelines.report.plots import decimal, forest

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


def tell_appendix(audit: Json, say: Say) -> Iterator[Block]:
    """Method, references, and every number of the tables that decide."""
    yield Heading(2, say("appendix"), "appendix")
    yield Heading(3, say("method"), "method")
    yield Bullets(tuple(say(f"method_{name}") for name in ("ratio", "interval", "p", "verdict", "power")))
    yield Heading(3, say("references"), "references")
    yield Bullets(REFERENCES)
    for table in pooled_tables(audit):
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


def tell(audit: Json, language: Language) -> list[Block]:
    """The whole report: verdict and limits first, numbers last."""
    say = speaker(language)
    return [
        *tell_verdict(audit, language),
        *_findings(audit, say),
        *_declared(audit, say, language),
        *_primary(audit, say),
        *tell_equals(audit.get("equals"), say),
        *_open(audit, say),
        *tell_since(audit.get("since"), say),
        *tell_differences(audit, say),
        *tell_unmeasured(audit, say),
        *tell_evidence(audit, "chapter", language),
        *tell_explored(audit, say),
        *tell_rules(audit, say, language),
        *tell_appendix(audit, say),
    ]


def tell_evidence(audit: Json, place: str, language: Language) -> Iterator[Block]:
    """Every kind of further evidence that the audit holds and that is told in this place."""
    for kind in registered():
        part = audit.get(kind.declared.part)
        if part and kind.declared.place == place:
            yield from kind.tell(part, kind.declared.speaker(language))


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
        if finding["what"] == AT_EQUAL_SCORES:
            yield Paragraph(equal_words(evidence, say), "finding")
            continue
        group, reference = evidence["group"], evidence["comparator"]
        values = {
            "ratio": decimal(finding["size"], 3), "low": decimal(finding["interval"][0]),
            "high": decimal(finding["interval"][1]), "p": p_words(evidence["adjusted_p"]), "clause": finding["clause"],
        }  # fmt: skip
        if finding["difference"] is None:
            names = {name: where[name] for name in ("attribute", "group", "comparator")}
            yield Paragraph(
                say("finding_within", over=stratum_words(where["stratum"], say), **names, **values), "finding"
            )
            yield Paragraph(say("settles_" + finding["settles"]), "small")
            continue
        words = difference_words(where, finding["difference"], say)
        if where["stratum"]:
            words = say("finding_in", where=stratum_words(where["stratum"], say), words=words)
        yield Paragraph(words, "finding")
        yield Paragraph(
            say(
                "finding_numbers",
                group=where["group"], comparator=where["comparator"], selected=count_words(group["selected"]),
                n=count_words(group["n"]), rate=share_words(group["rate"]),
                reference_selected=count_words(reference["selected"]), reference_n=count_words(reference["n"]),
                reference_rate=share_words(reference["rate"]), shortfall=decimal(evidence["shortfall"], 1), **values,
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


def _declared(audit: Json, say: Say, language: Language) -> Iterator[Block]:
    yield Heading(2, say("declared"), "declared")
    declared = {"cut": None, "at_cut": 0, "asked": None, "share": None, "column": ""} | audit["declared"]
    shown = {"cut": f"{declared['cut']}", "at_cut": count_words(declared["at_cut"]), "column": declared["column"]}
    shown |= {"share": share_words(declared["share"]), "asked": share_words(declared["asked"])}
    cuts = declared.get("cuts")
    if cuts:
        shown["cuts"] = "; ".join(f"{job or say('no_job')} {cut:g}" for job, cut in cuts.items())
    yield Paragraph(say(f"declared_{declared['kind']}{'_jobs' if cuts else ''}", **shown))
    yield Paragraph(say("family", n=declared["comparisons"]))
    yield from tell_evidence(audit, "declared", language)
    data = audit["data"]
    read = [one for one in data.values() if isinstance(one, Mapping) and "sha256" in one]
    sources = [f"{one['file']} (SHA-256 {one['sha256'][:12]}…)" for one in read]
    yield Paragraph(say("sources", sources=", ".join(sources)), "small")
    if audit.get("replaces"):
        kept = audit["replaces"]
        yield Paragraph(say("replaces", file=kept["file"], sha=kept["sha256"][:12]), "small")
    if data.get("first_recorded"):
        yield Paragraph(say("recorded", first=data["first_recorded"][:10], last=data["last_recorded"][:10]), "small")


def _primary(audit: Json, say: Say) -> Iterator[Block]:
    yield Heading(2, say("primary"), "primary")
    for i, table in enumerate(pooled_tables(audit)):
        yield Heading(3, say("by", attribute=table["attribute"]), f"table-{i}")
        jobs = tuple(tell_jobs(audit, table["attribute"], say))
        yield from jobs
        total = tuple(_total(table, say))
        yield from (Fold(say("jobs_total"), total),) if jobs else total
    yield from tell_together(audit, say)


def _total(table: Json, say: Say) -> Iterator[Block]:
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


def _open(audit: Json, say: Say) -> Iterator[Block]:
    yield Heading(2, say("open"), "open")
    lines = []
    for entry in audit["open"]:
        where, why = entry["where"], say("why_" + entry["why"])
        place = ", ".join(filter(None, (where["attribute"], where["stratum"])))
        line = say("open_line", group=where["group"], attribute=place, n=count_words(entry["n"]), why=why)
        lines.append(f"{line} {say('open_needed', needed=entry['people_needed'])}" if entry["people_needed"] else line)
    yield Bullets(tuple(lines)) if lines else Paragraph(say("open_none"))


def audit_page(audit: Mapping[str, Any]) -> str:
    """The page's HTML from the content of ``audit.json``; its PDF is printed from it."""
    return page({language: _story(audit, language) for language in LANGUAGES}, audit["made"])


def _story(audit: Mapping[str, Any], language: Language) -> Story:
    say = speaker(language)
    note = say("made", made=audit["made"], version=audit["vivavoce"])
    return Story(say("title"), note, tuple(tell(audit, language)))
