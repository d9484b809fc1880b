"""Who is equally able: scores that allow for what they cannot tell.

What a few questions say about a person is pulled towards the person's own group mean by as much as the questions are
unreliable (Kelley). Without that step true differences between groups look like a fault of every question.
"""

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.arguments import Floats
from vivavoce.evaluation.estimate import NAN


def alpha_within(anchors: Floats, is_focal: npt.NDArray[np.bool_]) -> float:
    """Cronbach's alpha from covariances within groups; ideal 1, ``nan`` where nobody differs.

    Parameters
    ----------
    anchors
        Shape (n people, k ≥ 2 questions).
    is_focal
        Shape (n,).

    Examples
    --------
    >>> anchors = np.array([[1.0, 2], [2, 3], [3, 5], [6, 6], [7, 8], [8, 9]])
    >>> round(alpha_within(anchors, np.array([False, False, False, True, True, True])), 3)
    0.947
    """
    centred = anchors.copy()
    for here in (is_focal, ~is_focal):
        centred[here] -= centred[here].mean(axis=0)
    k = anchors.shape[1]
    total = float(np.sum(centred.sum(axis=1) ** 2))
    return k / (k - 1) * (1 - float(np.sum(centred**2)) / total) if total else NAN


def expected_ability(match: Floats, is_focal: npt.NDArray[np.bool_], reliability: float) -> tuple[Floats, float]:
    """Each person's expected true score on the questions that match, in SD.

    Parameters
    ----------
    match
        Mean of the questions, shape (n,).
    is_focal
        Shape (n,).
    reliability
        Of ``match`` within groups, 0–1.

    Returns
    -------
    tuple[ndarray, float]
        Shape (n,), mean 0 and SD 1; and the variance of the difference between the two groups' mean errors, which
        everybody of a group shares and a regression on these values therefore does not see.

    References
    ----------
    Kelley (1947), Fundamentals of Statistics; Shealy & Stout (1993), Psychometrika 58, 159–194.

    Examples
    --------
    >>> match = np.array([1.0, 3.0, 5.0, 7.0])
    >>> able, _ = expected_ability(match, np.array([False, False, True, True]), reliability=0.0)
    >>> able.tolist()
    [-1.0, -1.0, 1.0, 1.0]
    """
    able = match.copy()
    error = 0.0
    for here in (is_focal, ~is_focal):
        mean = match[here].mean()
        able[here] = mean + reliability * (match[here] - mean)
        error += (1 - reliability) ** 2 * match[here].var(ddof=1) / here.sum()
    spread = able.std()
    return (able - able.mean()) / spread, float(error / spread**2)
