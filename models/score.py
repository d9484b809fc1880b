"""A score: what was measured for one competency, how sure it is, and on which evidence it rests."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vivavoce.data.status import Reason, RowStatus

OVERALL = "overall"
TOP = 100.0  # points; the scale starts at 0
STARTING_POINT = "starting point"
"""The evidence that is nobody's answer: the rating at the features' means in training, beside the applicants' mean."""
BAND_Z = 1.6449  # standard normal quantile of a two-sided 90 % band


class Standing(StrEnum):
    """How far a model version has come; a row's reader must know it."""

    EXPERIMENTAL = "experimental"
    PROVISIONAL = "provisional"
    PUBLISHED = "published"


@dataclass(frozen=True)
class Evidence:
    """One reason for a score.

    Parameters
    ----------
    question_id
        Whose answer it is; None for what no single answer shows.
    measure
        Its name.
    value
        What was measured; None where nothing was, and just that counts.
    points
        What it adds to the competency's score on the 0–100 scale; ``Score.origin`` says what the points sum to.
    quotes
        The words that show it, masked, with their times.
    """

    question_id: str | None
    measure: str
    value: float | None
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
    evidence, origin
        Reasons whose points, added to the origin, are the value (before it is cut at 0 and 100). The origin is 0 for
        the rubric, whose points are earned, and 50 for a trained model, whose points set a person apart from the
        applicants' mean.
    """

    competency: str
    value: float | None
    error: float | None
    status: RowStatus
    reason: str | None = None
    evidence: tuple[Evidence, ...] = ()
    origin: float = 0.0

    @property
    def low(self) -> float | None:
        """Lower end of the 90 % band, not below 0; None without an error."""
        return None if self.value is None or self.error is None else max(0.0, self.value - BAND_Z * self.error)

    @property
    def high(self) -> float | None:
        """Upper end of the 90 % band, not above 100; None without an error."""
        return None if self.value is None or self.error is None else min(TOP, self.value + BAND_Z * self.error)


def by_question(score: Score) -> dict[str, float]:
    """What each answer alone would score, 0–100, by question; empty where the competency was not scored.

    An answer's evidence counts in full, where the score counts it as one of several: the rubric's score is the mean of
    these.

    Examples
    --------
    >>> evidence = (Evidence("q1", "a.b", 0.2, 10.0), Evidence("q2", "a.b", 0.8, 40.0))
    >>> by_question(Score("teamwork", 50.0, None, RowStatus.SCORED, None, evidence))
    {'q1': 20.0, 'q2': 80.0}
    """
    single = [one for one in score.evidence if one.question_id is not None]
    shared = math.fsum(one.points for one in score.evidence if one.question_id is None)
    answers = Counter(one.measure for one in single)
    found: dict[str, float] = {}
    for one in single:
        assert one.question_id is not None
        found[one.question_id] = found.get(one.question_id, score.origin + shared) + one.points * answers[one.measure]
    return {question: min(TOP, max(0.0, value)) for question, value in found.items()}


def overall_of(scores: Sequence[Score], weights: Mapping[str, float], value: float) -> Score:
    """The overall score of an interview.

    Parameters
    ----------
    scores
        Of every competency.
    weights
        Of every competency, summing to 1.
    value
        What it is where every competency has a score. Where one is missing there is none: what it measures would
        have changed.
    """
    missing = [score.competency for score in scores if score.value is None]
    if len(missing) == len(scores):
        return Score(OVERALL, None, None, RowStatus.NOT_SCORED, scores[0].reason)
    if missing:
        reason = f"{Reason.MISSING_COMPETENCY.value}: {', '.join(missing)}"
        return Score(OVERALL, None, None, RowStatus.PARTIAL, reason)
    # The same answers show several competencies, so their errors go together: adding them up is the upper bound.
    errors = [weights[score.competency] * score.error for score in scores if score.error is not None]
    error = math.fsum(errors) if len(errors) == len(scores) else None
    partial = next((score.reason for score in scores if score.status is RowStatus.PARTIAL), None)
    return Score(OVERALL, value, error, RowStatus.PARTIAL if partial else RowStatus.SCORED, partial)
