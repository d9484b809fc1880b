"""What the audit's report says, in order and in one language: blocks that the page and the PDF both show."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vivavoce.pipelines.auditing.blocks import (
    Block,
    Bullets,
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
from vivavoce.pipelines.auditing.closing_chapters import tell_appendix, tell_reviews, tell_rules
from vivavoce.pipelines.auditing.explored_chapter import tell_explored
from vivavoce.pipelines.auditing.grids import primary_tables, verdict_grid
from vivavoce.pipelines.auditing.made_of_chapter import tell_made_of, tell_recognised
from vivavoce.pipelines.auditing.plots import decimal, forest
from vivavoce.pipelines.auditing.question_chapter import tell_questions
from vivavoce.pipelines.auditing.rating_chapter import tell_ratings

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
        *tell_ratings(audit, say),
        *tell_made_of(audit, say),
        *tell_recognised(audit, say),
        *tell_explored(audit, say),
        *tell_reviews(audit, say),
        *tell_rules(audit, say, language),
        *tell_appendix(audit, say),
    ]


def _verdict(audit: Json, say: Say) -> Iterator[Block]:
    yield Heading(2, say("verdict"), "verdict")
    found = sum(finding["family"] == "primary" for finding in audit["findings"])
    count = say("one_finding") if found == 1 else say("many_findings", n=found)
    yield Paragraph(say("status_" + audit["status"], count=count), audit["status"])
    yield Paragraph(
        say("restricted") if audit["restricted"] else say("shared", smallest=audit["smallest_shown"]), "small"
    )
    besides = looked(audit, say)
    if besides:
        yield Paragraph(besides)
    yield Heading(3, say("limits"), "limits")
    data = audit["data"]
    limits = [say("limit_impact"), say("limit_declared")]
    if any(table["family"] == "exploratory" for table in audit["tables"]):
        limits.append(say("limit_explored"))
    if data.get("scored") is not None and data["rows"] > data["scored"]:
        limits.append(say("limit_not_scored", n=data["rows"] - data["scored"], rows=data["rows"]))
    if data.get("rows", 0) > data.get("people", data.get("rows", 0)):
        limits.append(say("limit_repeated", people=data["people"], rows=data["rows"]))
    if data.get("jobs", 0) > 1 and audit["declared"].get("cut") is not None:
        limits.append(say("limit_jobs"))
    if data.get("jobs", 0) > 1 and audit.get("score_differences"):
        limits.append(say("limit_pooled"))
    if data.get("standings"):
        limits.append(say("limit_standing", standing=", ".join(data["standings"])))
    yield Bullets((*limits, say("disclaimer")))


def looked(audit: Json, say: Say) -> str:
    """What was found by looking, kind by kind, in one sentence; empty where nothing was."""
    kinds = Counter(finding["what"] for finding in audit["findings"] if finding["family"] == "exploratory")
    parts = [say("looked_" + kind.replace(" ", "_"), n=count) for kind, count in sorted(kinds.items())]
    return say("looked", found="; ".join(parts)) if parts else ""


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
    yield Paragraph(say("family", n=declared["comparisons"]))
    yield from _model(audit, say)
    data = audit["data"]
    read = [one for one in data.values() if isinstance(one, Mapping) and "sha256" in one]
    sources = [f"{one['file']} (SHA-256 {one['sha256'][:12]}…)" for one in read]
    yield Paragraph(say("sources", sources=", ".join(sources)), "small")
    if data.get("first_recorded"):
        yield Paragraph(say("recorded", first=data["first_recorded"][:10], last=data["last_recorded"][:10]), "small")


def _model(audit: Json, say: Say) -> Iterator[Block]:
    """Which version made the scores, and what it has to answer for."""
    model = audit.get("model")
    if not model:
        return
    weights = ", ".join(f"{name} {decimal(weight)}" for name, weight in model["weights"].items())
    values = {"digest": model["digest"][:12], "job": model["job"], "standing": ", ".join(model["standing"])}
    yield Paragraph(say("model", **values, weights=weights, n=len(model["features"])))
    for flag, said in (("proxy_of", "model_proxies"), ("impairment_sensitive", "model_impairments")):
        names = [one["name"] for one in model["features"] if one[flag]]
        if names:
            yield Paragraph(say(said, features=", ".join(names)), "insufficient")


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


def _open(audit: Json, say: Say) -> Iterator[Block]:
    yield Heading(2, say("open"), "open")
    lines = []
    for entry in audit["open"]:
        where, why = entry["where"], say("why_" + entry["why"])
        line = say("open_line", group=where["group"], attribute=where["attribute"], n=count_words(entry["n"]), why=why)
        lines.append(f"{line} {say('open_needed', needed=entry['people_needed'])}" if entry["people_needed"] else line)
    yield Bullets(tuple(lines)) if lines else Paragraph(say("open_none"))
