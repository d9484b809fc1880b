"""Norms of applicants: what a score is compared with, frozen when a model is trained, and the map to 0–100."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MIDDLE, POINTS_PER_SD = 50.0, 15.0  # 0 and 100 lie 3.3 standard deviations away: one applicant in a thousand is cut
LEAST = 20  # applicants; the standard error of a standard deviation is then a sixth of it


class NoNorms(ValueError):
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
