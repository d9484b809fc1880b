"""A score: what was measured for one competency, how sure it is, and on which evidence it rests."""

from dataclasses import dataclass
from enum import StrEnum

from vivavoce.data.status import RowStatus

OVERALL = "overall"


class Standing(StrEnum):
    """How far a model version has come; a row's reader must know it."""

    EXPERIMENTAL = "experimental"
    PROVISIONAL = "provisional"
    PUBLISHED = "published"


@dataclass(frozen=True)
class Evidence:
    """One reason for a score.

    ``points`` is what it adds to the competency's score on the 0–100 scale; the points of one competency sum to its
    score. ``quotes`` are the words that show it, masked, with their times.
    """

    question_id: str
    measure: str
    value: float
    points: float
    quotes: tuple["Quote", ...] = ()


@dataclass(frozen=True)
class Quote:
    """Words of the candidate and where they stand in the recording (seconds)."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Score:
    """One competency's score, or the overall one.

    Parameters
    ----------
    competency
        The competency's id, or ``overall``.
    value
        0–100, None where not scored.
    low, high
        The band of ± 1.645 standard errors of measurement (90 %), clipped to 0–100; None where one question is all.
    status, reason
        ``scored``; ``partial`` with what is missing; ``not_scored`` with why. Missing evidence is never a low score.
    """

    competency: str
    value: float | None
    low: float | None
    high: float | None
    status: RowStatus
    reason: str | None = None
    evidence: tuple[Evidence, ...] = ()
