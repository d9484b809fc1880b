"""What the gate looks at: plain values out of a model version, its audit and its trials. Nothing here opens a file.

How a check ended, and how numbers and groups are put into words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from vivavoce.data.wording import NOTHING, Words, as_is, wording
from vivavoce.evaluation.estimate import Estimate, undefined

say = wording("vivavoce.fairness.gate")


@dataclass(frozen=True)
class Increment:
    """What a modality adds to language: ``shown``, ``not shown`` or ``underpowered``, and the people it would take."""

    verdict: str
    people_needed: int | None = None


@dataclass(frozen=True)
class Search:
    """The search for a less discriminatory alternative among candidates that were declared beforehand.

    ``tried`` counts candidates, ``better`` names those that were confirmed on the second half of the persons;
    ``told`` is False where these numbers could not have confirmed any.
    """

    tried: int
    better: tuple[str, ...]
    told: bool = True


@dataclass(frozen=True)
class Evidence:
    """Everything that is known of one model version on one day; None, or an undefined estimate, is *not known*.

    Parameters
    ----------
    model_digest, job
        Which version, for which job.
    now
        When the gate is asked, with a time zone.
    rated_job
        How many people rated the job's tasks and competencies; 0 where the framework is an illustration.
    same_questions
        Share of interviews that were asked every question of the framework, 0–1.
    without_consent
        Training people whose consent to training is not on record.
    refused
        Features that must not be scored, with the reason of each.
    validity, persons
        r of the overall score with performance, cross-fitted, and on how many people.
    over_champion
        Difference of that r to the champion's on the same people; None where there is no champion.
    rater_agreement
        Of each competency's mean human rating, ICC(1,k).
    increments
        Of each modality beyond language that the version uses.
    groups_permuted, scored_twice
        Whether every score stayed bit-identical when declared groups were permuted, and when people were scored
        again in another order.
    audit
        ``audit.json``.
    search
        For alternatives.
    """

    model_digest: str
    job: str
    now: datetime
    rated_job: int = 0
    same_questions: float | None = None
    without_consent: int | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    validity: Estimate = field(default_factory=lambda: undefined("no performance was given"))
    persons: int = 0
    over_champion: Estimate | None = None
    rater_agreement: Mapping[str, Estimate] = field(default_factory=dict)
    increments: Mapping[str, Increment] = field(default_factory=dict)
    groups_permuted: bool | None = None
    scored_twice: bool | None = None
    audit: Mapping[str, Any] | None = None
    search: Search | None = None


class Outcome(StrEnum):
    """How a check ended."""

    PASS = "pass"  # noqa: S105 - an outcome, no password
    FAIL = "fail"
    INSUFFICIENT = "insufficient"
    WAIVED = "waived"


@dataclass(frozen=True)
class Seen:
    """What one check found.

    Parameters
    ----------
    outcome
        Never ``waived``: that is the decision's.
    found
        What was seen, in words with figures, by language.
    remedy
        What would change it; empty where it passed.
    people
        How many would settle it; None where that is not a question of numbers, or not known.
    """

    outcome: Outcome
    found: Words
    remedy: Words = field(default_factory=lambda: NOTHING)
    people: int | None = None


def passed(found: Words) -> Seen:
    """Nothing to do."""
    return Seen(Outcome.PASS, found)


def failed(found: Words, remedy: Words) -> Seen:
    """Something is wrong."""
    return Seen(Outcome.FAIL, found, remedy)


def unknown(found: Words, remedy: Words, people: int | None = None) -> Seen:
    """These numbers cannot tell, or nobody looked."""
    return Seen(Outcome.INSUFFICIENT, found, remedy, people)


def place(where: Mapping[str, Any]) -> Words:
    """A group as one phrase.

    Examples
    --------
    >>> place({"attribute": "sex", "group": "women", "comparator": "men"})["en"]
    'sex women against men'
    """
    where = {**where, "group": f"{where['group']} ({where['stratum']})"} if where.get("stratum") else where
    if where.get("comparator"):
        return say("against", **{name: where[name] for name in ("attribute", "group", "comparator")})
    return as_is(f"{where['attribute']} {where['group']}")


def interval(found: Estimate) -> str:
    """A number with its limits.

    Examples
    --------
    >>> interval(Estimate(0.291, 0.1, 0.46))
    '.29 [.10, .46]'
    """
    return f"{short(found.value)} {limits(found.low, found.high)}"


def limits(low: float | None, high: float | None) -> str:
    """Limits in brackets; a missing one is open."""
    return f"[{'–' if low is None else short(low)}, {'–' if high is None else short(high)}]"


def short(value: float) -> str:
    """Two decimals without the leading zero.

    Examples
    --------
    >>> short(-0.051), short(1.2), short(-0.001)
    ('-.05', '1.20', '.00')
    """
    said = f"{round(value, 2) + 0.0:.2f}"  # the sum makes a −0 a 0
    return said.replace("0.", ".", 1) if abs(value) < 1 else said
