"""How a check ended, and how numbers and groups are put into words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vivavoce.evaluation.estimate import Estimate


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
        What was seen, in words with figures.
    remedy
        What would change it; empty where it passed.
    people
        How many would settle it; None where that is not a question of numbers, or not known.
    """

    outcome: Outcome
    found: str
    remedy: str = ""
    people: int | None = None


def passed(found: str) -> Seen:
    """Nothing to do."""
    return Seen(Outcome.PASS, found)


def failed(found: str, remedy: str) -> Seen:
    """Something is wrong."""
    return Seen(Outcome.FAIL, found, remedy)


def unknown(found: str, remedy: str, people: int | None = None) -> Seen:
    """These numbers cannot tell, or nobody looked."""
    return Seen(Outcome.INSUFFICIENT, found, remedy, people)


def place(where: Mapping[str, Any]) -> str:
    """A group as one phrase.

    Examples
    --------
    >>> place({"attribute": "sex", "group": "women", "comparator": "men"})
    'sex women against men'
    """
    against = f" against {where['comparator']}" if where.get("comparator") else ""
    return f"{where['attribute']} {where['group']}{against}"


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
