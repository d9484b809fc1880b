"""What the audit's report says of rule packs: each clause with its answer, its evidence, and what would give that."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vivavoce.fairness.needs import name_of
from vivavoce.pipelines.report.blocks import (
    Block,
    Bullets,
    Grid,
    Heading,
    Language,
    Paragraph,
    Say,
    count_words,
    share_words,
)
from vivavoce.pipelines.report.plots import decimal

Json = Mapping[str, Any]


def tell_rules(audit: Json, say: Say, language: Language) -> Iterator[Block]:
    """Every pack's checks with their answers, and what would give the evidence for those that are open."""
    yield Heading(2, say("rules"), "rules")
    yield Paragraph(say("rules_says"), "small")
    for i, pack in enumerate(audit["rules"]):
        yield Heading(3, pack["title"][language], f"rules-{i}")
        values = {"title": pack["title"][language], "version": pack["version"], "source": pack["source"]}
        yield Paragraph(say("rules_note", **values, standing=say("standing_" + pack["standing"])), "small")
        if pack["note"]:
            yield Paragraph(pack["note"][language], "small")
        if not pack["in_force"]:
            yield Paragraph(say("rules_expired"), "insufficient")
        checks = [check for check in audit["checks"] if check["pack"] == pack["name"]]
        yield checks_grid(pack["title"][language], checks, say, language)
        given = tuple(dict.fromkeys(one for check in checks for one in check["given_by"]))
        if given:
            yield Paragraph(say("rules_open", given=given_words(given, say)), "insufficient")
        yield from (published_grid(table, say, language) for table in pack.get("tables", ()))
    conflicts = [say("conflicts", clause=conflict["clause"]) for conflict in audit.get("conflicts", [])]
    if conflicts:
        yield Bullets(tuple(conflicts))


LOOKS = {"met": "ok", "not_met": "finding", "open": "insufficient", "not_applicable": ""}


def given_words(given: Sequence[str], say: Say) -> str:
    """What would give the evidence: options as they are typed, all facts together, and the rest in words."""
    facts, words = [], []
    for one in given:
        what, _, name = one.partition(" ")
        if what == "--facts":
            facts.append(name)
        else:
            words.append(say(f"gives_{what.lower()}", name=name) if what in ("CATEGORIES", "PEOPLE", "COLUMN") else one)
    return "; ".join([*words, *([f"--facts ({', '.join(facts)})"] if facts else [])])


def checks_grid(caption: str, checks: Sequence[Json], say: Say, language: Language) -> Grid:
    """Clause by clause: what it asks and of whom, since when, how sure we are, the answer, and what it rests on."""
    rows = tuple(
        (
            check["clause"],
            check["asks"][language] + (f" {check['note'][language]}" if check["note"] else ""),
            check["trigger"][language], f"{check['from']}–{check['until'] or ''}", say("status_of_" + check["status"]),
            check["sure"], answer_words(check, say), evidence_words(check, say, language),
        )
        for check in checks
    )  # fmt: skip
    names = ("clause", "asks", "trigger", "binds", "status_column", "sure", "answer", "evidence")
    verdicts = tuple(LOOKS[check["answer"]] for check in checks)
    return Grid(caption, tuple(say(name) for name in names), (False,) * len(names), rows, verdicts, why_last=True)


def answer_words(check: Json, say: Say) -> str:
    """A check's answer; where it does not bind yet, what the evidence says already."""
    said = say("answer_" + check["answer"])
    return say("answer_ahead", answer=said, ahead=say("answer_" + check["ahead"])) if check["ahead"] else said


def evidence_words(check: Json, say: Say, language: Language) -> str:
    """What an answer rests on, piece by piece."""
    mark = {"met": "✓", "not_met": "✗", "open": "?"}
    return "; ".join(f"{mark[one['answer']]} {one['what'][language]}: {_value(one, say)}" for one in check["evidence"])


def _value(seen: Json, say: Say) -> str:
    """What was seen; of nothing, whether it was not given or is withheld in a copy that may be passed on."""
    if seen["value"] is None:
        return say("not_given" if seen["answer"] == "open" else "value_withheld")
    return {"True": say("yes"), "False": say("no")}.get(seen["value"]) or str(seen["value"])


def published_grid(table: Json, say: Say, language: Language) -> Grid:
    """A law's own table: number, rate and impact ratio of every category, unknown last."""
    rows = [
        (
            row["group"], count_words(row["n"]), count_words(row["selected"]), share_words(row["rate"]),
            say("left_out_by_law") if row["left_out"] else decimal(row["impact_ratio"], 3),
        )
        for row in table["rows"]
    ]  # fmt: skip
    rows.append((say("unknown_category"), count_words(table["unknown"]), "–", "–", "–"))
    scoring = table["measure"] == "scoring"
    names = ("category", "n", "above_median" if scoring else "selected", "scoring_rate" if scoring else "rate", "ratio")
    about = [f"{name_of(table['classes'])[language]} ({table['attribute']})", say("measure_" + table["measure"])]
    caption = ", ".join([*about, *([table["stratum"]] if table["stratum"] else [])])
    return Grid(caption, tuple(say(name) for name in names), (False, *(True,) * 4), tuple(rows))
