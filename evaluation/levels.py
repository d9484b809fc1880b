"""How well scores follow levels that answers were written at, or given: ranks, and the strong told from the weak."""

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]


def rank_correlation(levels: Floats, scores: Floats) -> float:
    """Spearman's correlation of scores with levels, −1–1, ideal 1; ``nan`` where one of them does not vary.

    Parameters
    ----------
    levels, scores
        One of each per interview, shape (n,).

    References
    ----------
    Spearman (1904), American Journal of Psychology 15, 72–101.

    Examples
    --------
    >>> rank_correlation(np.array([0.0, 1.0, 2.0]), np.array([10.0, 20.0, 70.0]))
    1.0
    """
    if len(levels) < 2 or np.ptp(levels) == 0 or np.ptp(scores) == 0:
        return math.nan
    ranks = stats.rankdata(levels), stats.rankdata(scores)
    return round(float(np.corrcoef(*ranks)[0, 1]), 12)


def told_apart(levels: Floats, scores: Floats) -> float:
    """Chance that an interview of the highest level scores above one of the lowest, ties half: 0–1, ideal 1, none .5.

    ``nan`` where there is only one level.

    References
    ----------
    Mann & Whitney (1947), Annals of Mathematical Statistics 18, 50–60: the area under the ROC curve.

    Examples
    --------
    >>> told_apart(np.array([0.0, 0.0, 1.0, 2.0]), np.array([10.0, 30.0, 5.0, 20.0]))
    0.5
    """
    if len(levels) == 0 or np.ptp(levels) == 0:
        return math.nan
    high, low = scores[levels == levels.max()], scores[levels == levels.min()]
    apart = high[:, None] - low[None, :]
    return float(np.mean((apart > 0) + 0.5 * (apart == 0)))
