"""The end of the report: human overrides, rule packs, and the appendix with every number."""

from collections.abc import Iterator, Mapping
from typing import Any

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
)  # fmt: skip
from vivavoce.pipelines.auditing.grids import primary_tables, title_of

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


def tell_reviews(audit: Json, say: Say) -> Iterator[Block]:
    """What people changed afterwards."""
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


def tell_rules(audit: Json, say: Say, language: Language) -> Iterator[Block]:
    """Every pack's checks and their answers."""
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


def tell_appendix(audit: Json, say: Say) -> Iterator[Block]:
    """Method, references, and every number of the tables that decide."""
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
