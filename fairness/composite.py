"""What a weighted sum of predictors does to two groups before anybody is selected: difference, validity, impact."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from vivavoce.evaluation.estimate import Floats, matrix, number, same_length, vectors

REACH = 10.0  # standard deviations on either side in which the cut is sought, beyond both groups' means


@dataclass(frozen=True)
class Impact:
    """Selection from the top of a score that is normal in both groups.

    Parameters
    ----------
    ratio
        Minority's / majority's selection rate; ideal 1, below .8 the four-fifths rule asks for an explanation.
    majority_rate, minority_rate
        Share selected of each group, 0–1.
    cut
        Standard deviations above the majority's mean at which selection begins.
    """

    ratio: float
    majority_rate: float
    minority_rate: float
    cut: float


def composite_adverse_impact(d: float, *, selection_ratio: float, minority_share: float) -> Impact:
    """Impact ratio that a standardised difference brings when the best of all applicants are selected.

    Parameters
    ----------
    d
        Majority mean − minority mean, in standard deviations within groups; 0 gives a ratio of 1.
    selection_ratio
        Share of all applicants selected, above 0 and below 1.
    minority_share
        Share of applicants who belong to the minority, above 0 and below 1.

    References
    ----------
    De Corte & Lievens (2005), Educational and Psychological Measurement 65, 643–664; scores are normal in both groups
    and equally spread.

    Examples
    --------
    >>> round(composite_adverse_impact(0.15, selection_ratio=0.25, minority_share=0.30).ratio, 4)
    0.8234
    """
    name = "composite_adverse_impact"
    number(name, "d", d, -REACH, REACH)
    number(name, "selection_ratio", selection_ratio, 0.0, 1.0, open_low=True, open_high=True)
    number(name, "minority_share", minority_share, 0.0, 1.0, open_low=True, open_high=True)

    def too_many(cut: float) -> float:
        rate = (1 - minority_share) * special.ndtr(-cut) + minority_share * special.ndtr(-cut - d)
        return float(rate - selection_ratio)

    cut = float(optimize.brentq(too_many, -REACH - abs(d), REACH + abs(d)))
    majority, minority = float(special.ndtr(-cut)), float(special.ndtr(-cut - d))
    return Impact(minority / majority, majority, minority, cut)


def composite_difference(weights: npt.ArrayLike, d: npt.ArrayLike, correlations: npt.ArrayLike) -> float:
    """Standardised group difference of a weighted sum of standardised predictors; ideal 0.

    Parameters
    ----------
    weights, d
        Shape (k,): each predictor's weight and group difference in standard deviations.
    correlations
        Of the predictors within groups, shape (k, k).

    References
    ----------
    Sackett & Ellingson (1997), Personnel Psychology 50, 707–721.

    Examples
    --------
    >>> round(composite_difference([1, 1], [1.0, 0.0], [[1.0, 0.2], [0.2, 1.0]]), 3)
    0.645
    """
    return _of_sum("composite_difference", weights, correlations, d=d)


def composite_validity(weights: npt.ArrayLike, validities: npt.ArrayLike, correlations: npt.ArrayLike) -> float:
    """Correlation of a weighted sum of standardised predictors with the criterion; ideal 1.

    Parameters
    ----------
    weights, validities
        Shape (k,): each predictor's weight and correlation with the criterion.
    correlations
        Of the predictors, shape (k, k).

    Examples
    --------
    >>> composite_validity([1, 1], [0.3, 0.3], [[1.0, 0.0], [0.0, 1.0]])
    0.424...
    """
    return _of_sum("composite_validity", weights, correlations, validities=validities)


def correlation_matrix(function: str, correlations: npt.ArrayLike) -> Floats:
    """A symmetric matrix with ones on the diagonal and positive eigenvalues, or ``ValueError``."""
    found = matrix(function, "correlations", correlations, rows=1)
    square = found.shape[0] == found.shape[1] and np.allclose(found, found.T) and np.allclose(np.diag(found), 1)
    if not square or np.linalg.eigvalsh(found)[0] <= 0:
        raise ValueError(
            f"The 'correlations' parameter of {function} must be symmetric with ones on the diagonal and positive "
            f"eigenvalues. Got {found.tolist()} instead."
        )
    return found


def _of_sum(function: str, weights: npt.ArrayLike, correlations: npt.ArrayLike, **parts: npt.ArrayLike) -> float:
    """The weighted sum of what each predictor has, over the sum's standard deviation."""
    w, p = vectors(function, least=1, weights=weights, **parts)
    table = correlation_matrix(function, correlations)
    same_length(function, weights=w, correlations=table)
    if not w.any():
        raise ValueError(f"The 'weights' parameter of {function} must not all be 0. Got {w.tolist()} instead.")
    return float(w @ p) / math.sqrt(float(w @ table @ w))
