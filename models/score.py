"""A score: what was measured for one competency, how sure it is, and on which evidence it rests."""

from dataclasses import dataclass
from enum import StrEnum

from vivavoce.data.status import RowStatus

OVERALL = "overall"
TOP = 100.0  # points; the scale starts at 0
BAND_Z = 1.6449  # standard normal quantile of a two-sided 90 % band


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
    error
        Standard error of measurement in points; None where one question is all there is.
    status, reason
        ``scored``; ``partial`` with what is missing; ``not_scored`` with why. Missing evidence is never a low score.
    """

    competency: str
    value: float | None
    error: float | None
    status: RowStatus
    reason: str | None = None
    evidence: tuple[Evidence, ...] = ()

    @property
    def low(self) -> float | None:
        """Lower end of the 90 % band, not below 0; None without an error."""
        return None if self.value is None or self.error is None else max(0.0, self.value - BAND_Z * self.error)

    @property
    def high(self) -> float | None:
        """Upper end of the 90 % band, not above 100; None without an error."""
        return None if self.value is None or self.error is None else min(TOP, self.value + BAND_Z * self.error)
