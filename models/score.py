"""A score: what was measured for one competency, how sure it is, and on which evidence it rests.

Norms of applicants: what a score is compared with, frozen when a model is trained, and the map to 0–100.

From answers to what a competency is scored on: one mean per feature, the same in training and in scoring.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from vivavoce.data.errors import VivaError
from vivavoce.data.framework import Framework
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


Floats = npt.NDArray[np.float64]

MIDDLE, POINTS_PER_SD = 50.0, 15.0  # 0 and 100 lie 3.3 standard deviations away: one applicant in a thousand is cut
LEAST = 20  # applicants; the standard error of a standard deviation is then a sixth of it


class NoNorms(VivaError):
    """Too few applicants, or applicants who do not differ."""


@dataclass(frozen=True)
class Norms:
    """Mean and standard deviation of one competency's rating scale among applicants (not among the hired).

    Examples
    --------
    >>> norms = Norms(3.0, 0.5, 400)
    >>> norms.z(np.array([3.5, np.nan]))
    array([ 1., nan])
    >>> Norms.points(np.array([0.0, 1.0, 9.0]))
    array([ 50.,  65., 100.])
    """

    mean: float
    sd: float
    applicants: int

    @staticmethod
    def of(ratings: npt.ArrayLike) -> "Norms":
        """From predicted ratings of applicants, shape (n,); those without a prediction (``nan``) are left out.

        Raises
        ------
        NoNorms
            For fewer than 20 applicants, or where all have one rating.
        """
        found = np.asarray(ratings, np.float64)
        found = found[~np.isnan(found)]
        if len(found) < LEAST or np.ptp(found) == 0:
            raise NoNorms(
                f"Norms need at least {LEAST} applicants whose predicted ratings differ. Got {len(found)} applicants "
                f"with {len(np.unique(found))} different ratings instead: add applicants, or features."
            )
        return Norms(float(found.mean()), float(found.std(ddof=1)), len(found))

    def z(self, ratings: npt.ArrayLike) -> Floats:
        """Standard deviations above the applicants' mean; ``nan`` stays ``nan``."""
        return (np.asarray(ratings, np.float64) - self.mean) / self.sd

    @staticmethod
    def points(z: npt.ArrayLike) -> Floats:
        """The 0–100 scale: 50 + 15 z, cut at its ends."""
        return np.clip(MIDDLE + POINTS_PER_SD * np.asarray(z, np.float64), 0.0, 100.0)


def measurement_error(question_sd: float | None, answers: int) -> float | None:
    """Standard error of measurement in points of a score from so many answers; None from one, or if not known.

    Parameters
    ----------
    question_sd
        Standard deviation of the score from one answer about the person's own, in the applicants' standard deviations.
    answers
        At least 0.

    Examples
    --------
    >>> measurement_error(0.8, 4), measurement_error(0.8, 1), measurement_error(None, 4)
    (6.0, None, None)
    """
    if question_sd is None or answers < 2:
        return None
    return POINTS_PER_SD * question_sd / math.sqrt(answers)


def own_columns(competency: str, columns: Iterable[str], framework: Framework) -> list[str]:
    """A competency's columns: the general ones and its own, not those of other competencies.

    Examples
    --------
    >>> from importlib.resources import files
    >>> from pathlib import Path
    >>> from vivavoce.data.framework import load_framework
    >>> shipped = load_framework(Path(str(files("vivavoce.data") / "frameworks" / "software_engineer.yaml")))
    >>> own_columns("teamwork", ["language.a", "language.b.teamwork", "language.b.learning"], shipped)
    ['language.a', 'language.b.teamwork']
    """
    others = tuple(f".{name}" for name in framework.weights if name != competency)
    return [name for name in columns if not name.endswith(others)]


def answer_means(
    columns: Mapping[str, npt.ArrayLike],
    interview: npt.ArrayLike,
    question: Sequence[str] | npt.NDArray[np.str_],
    shown: Sequence[str],
    interviews: int,
) -> dict[str, Floats]:
    """Mean of each feature over the answers to some questions, for each interview.

    Parameters
    ----------
    columns
        Values of m answers by feature, shape (m,) each; ``nan`` where not measured.
    interview
        Which interview an answer belongs to, 0 to ``interviews`` − 1, shape (m,).
    question
        What was answered, shape (m,).
    shown
        Ids of the questions that count, in the framework's order. Values are added up in this order whatever the
        order of the answers, so that a table's order changes no bit.
    interviews
        How many there are.

    Returns
    -------
    dict of array, shape (interviews,)
        ``nan`` where none of the answers was measured.

    Examples
    --------
    >>> found = answer_means({"language.a": [1.0, 3.0, 9.0]}, [0, 0, 1], ["q1", "q2", "q3"], ["q1", "q2"], 2)
    >>> found["language.a"]
    array([ 2., nan])
    """
    place = {name: i for i, name in enumerate(shown)}
    order = np.array([place.get(str(name), -1) for name in question], np.intp)
    rows = np.argsort(order, kind="stable")[np.count_nonzero(order < 0) :]
    whose = np.asarray(interview, np.intp)[rows]
    answers = np.bincount(whose, minlength=interviews)
    found = {}
    for name, given in columns.items():
        values = np.asarray(given, np.float64)[rows]
        missing = np.isnan(values)
        count = answers - np.bincount(whose[missing], minlength=interviews)
        total = np.bincount(whose, np.where(missing, 0.0, values), minlength=interviews)
        found[name] = np.divide(total, count, out=np.full(interviews, np.nan), where=count > 0)
    return found
