"""Decisions among people who score alike, as the part of ``audit.json`` that says so, its findings and its chapter."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from vivavoce.data.problem import Problem, nearest
from vivavoce.data.table import InputRefused
from vivavoce.fairness.audit import Cohort
from vivavoce.fairness.conditional import Conditional, conditional
from vivavoce.fairness.document import CLAUSE, SETTLES, finite
from vivavoce.fairness.table import Verdict
from vivavoce.pipelines.auditing.chapters import interval_words
from vivavoce.pipelines.auditing.scores import JOB, People
from vivavoce.pipelines.report.blocks import Block, Bullets, Grid, Heading, Paragraph, Say, count_words, p_words
from vivavoce.pipelines.report.plots import decimal

Json = dict[str, Any]
AT_EQUAL_SCORES = "decision at equal scores"


def describe_equals(people: People, cohort: Cohort, *, seen: bool, held: Sequence[str]) -> Json | None:
    """The part of ``audit.json``; None where the table does not hold both scores and decisions.

    Parameters
    ----------
    people, cohort
        Under audit.
    seen
        Whether those who decided saw the score.
    held
        Further columns of numbers that decisions were to rest on, declared beforehand.

    Raises
    ------
    InputRefused
        For columns that the table of scores has not, or not as numbers.
    """
    scores = people.scores
    missing = [name for name in held if name not in scores.competencies]
    if missing:
        known = list(scores.competencies)
        problems = [
            Problem("held_equal", name, f"Name a column of numbers. {nearest(name, known)}") for name in missing
        ]
        raise InputRefused(people.source, problems)
    if scores.scores is None or scores.decisions is None:
        return None
    strata = scores.strata.get(JOB)
    found = conditional(
        np.where(np.isfinite(scores.decisions), scores.scores, np.nan), cohort.selected, people.attributes,
        reliability=1.0 if seen else scores.reliability, jobs=None if strata is None else strata.codes,
        covariates={name: scores.competencies[name] for name in held}, persons=cohort.persons,
        named=people.comparators,
    )  # fmt: skip
    basis = "seen" if seen else "unknown" if scores.reliability is None else "corrected"
    return {
        "basis": basis, "reliability": scores.reliability, "held": list(held),
        "groups": sorted(map(_row, found), key=_gravity),
    }  # fmt: skip


def _gravity(row: Json) -> tuple[bool, bool]:
    return not row["against_the_scores"], row["verdict"] != Verdict.FINDING


def _row(one: Conditional) -> Json:
    numbers = {name: finite(value) if isinstance(value, float) else value for name, value in asdict(one).items()}
    ratio = {f"ratio{end}": finite(getattr(one.ratio, name)) for end, name in
             (("", "value"), ("_low", "low"), ("_high", "high"))}  # fmt: skip
    return {**numbers, **ratio, "verdict": one.verdict.value, "against_the_scores": one.against_the_scores}


def equal_findings(part: Mapping[str, Any], measure: str, cut: float | None) -> list[Json]:
    """Its findings as ``audit.json`` lists them, a group rated higher and selected less first."""
    return [
        {
            "what": AT_EQUAL_SCORES,
            "where": {"attribute": row["attribute"], "group": row["group"], "comparator": row["comparator"],
                      "stratum": None, "measure": measure, "cut": cut},
            "family": "primary",
            "size": row["ratio"],
            "interval": [row["ratio_low"], row["ratio_high"]],
            "difference": None,
            "evidence": row,
            "clause": CLAUSE,
            "settles": "validity",
            "what_would_settle": SETTLES["validity"],
        }
        for row in part["groups"]
        if row["verdict"] == Verdict.FINDING
    ]  # fmt: skip


def equal_words(row: Mapping[str, Any], say: Say) -> str:
    """One finding in a sentence."""
    return say(
        "equals_against" if row["against_the_scores"] else "equals_finding",
        attribute=row["attribute"], group=row["group"], comparator=row["comparator"], ratio=decimal(row["ratio"], 3),
        low=decimal(row["ratio_low"]), high=decimal(row["ratio_high"]), p=p_words(row["adjusted_p"]),
        gap=decimal(abs(row["score_gap"])),
    )  # fmt: skip


def tell_equals(part: Mapping[str, Any] | None, say: Say) -> Iterator[Block]:
    """The chapter: what was held equal, every group, and what it does not say."""
    if part is None or not part["groups"]:
        return
    yield Heading(2, say("equals"), "equals")
    yield Paragraph(say("equals_" + part["basis"], reliability=decimal(part["reliability"])))
    titles = (
        "group",
        "score_gap",
        "rate_gap",
        "ratio_equal",
        "interval_95",
        "adjusted",
        "verdict_column",
        "why_column",
    )
    rows = tuple(
        (
            say("equals_pair", attribute=row["attribute"], group=row["group"], comparator=row["comparator"],
                n=count_words(row["n"]), comparator_n=count_words(row["comparator_n"])),
            decimal(row["score_gap"]), decimal(row["rate_gap"]), decimal(row["ratio"], 3),
            interval_words(row["ratio_low"], row["ratio_high"]), p_words(row["adjusted_p"]),
            say("verdict_" + row["verdict"]), say("why_" + row["why"]),
        )
        for row in part["groups"]
    )  # fmt: skip
    verdicts = tuple(row["verdict"] for row in part["groups"])
    numeric = (False, *(True,) * 5, False, False)
    yield Grid(say("equals"), tuple(map(say, titles)), numeric, rows, verdicts, why_last=True)
    held = say("equals_moved", names=", ".join(part["held"])) if part["held"] else ""
    yield Bullets(tuple(filter(None, (say("equals_limit"), held))))
