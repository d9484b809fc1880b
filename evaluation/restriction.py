"""Selection on something other than the predictor: what the correlation would be among all applicants."""

import math

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.arguments import Floats, matrix, number
from vivavoce.evaluation.estimate import NAN

ROUNDING = 1e-12  # a determinant this far below 0 is rounding, not a contradiction


def spread_ratio(function: str, unrestricted_sd: float, restricted_sd: float) -> float:
    """How many times wider the applicants are spread than the selected; both spreads > 0 (``ValueError``).

    Examples
    --------
    >>> spread_ratio("f", 10.0, 4.0)
    2.5
    """
    number(function, "unrestricted_sd", unrestricted_sd, 0.0, math.inf, open_low=True, open_high=True)
    number(function, "restricted_sd", restricted_sd, 0.0, math.inf, open_low=True, open_high=True)
    return unrestricted_sd / restricted_sd


def correct_indirect_restriction(
    r: float, r_selector_x: float, r_selector_y: float, unrestricted_sd: float, restricted_sd: float
) -> float:
    """Correlation among applicants from that among the hired, who were selected on a third variable (case III).

    Parameters
    ----------
    r
        Correlation of predictor and criterion among the selected, −1 to 1.
    r_selector_x, r_selector_y
        The selector's correlations with predictor and criterion among the selected, −1 to 1.
    unrestricted_sd, restricted_sd
        The *selector's* spread among applicants and among the selected, > 0.

    Returns
    -------
    float
        ``nan`` where the three correlations contradict one another.

    References
    ----------
    Thorndike (1949), Personnel Selection, case III; Sackett & Yang (2000), Journal of Applied Psychology 85, 112–118.

    Examples
    --------
    >>> round(correct_indirect_restriction(0.25, 0.5, 0.3, 10.0, 6.0), 4)
    0.3991
    >>> round(correct_indirect_restriction(0.33, 1.0, 0.33, 100.32, 48.19), 4)  # the selector is the predictor
    0.5884
    """
    name = "correct_indirect_restriction"
    for parameter, value in {"r": r, "r_selector_x": r_selector_x, "r_selector_y": r_selector_y}.items():
        number(name, parameter, value, -1.0, 1.0)
    gain = spread_ratio(name, unrestricted_sd, restricted_sd) ** 2 - 1
    spread = (1 + gain * r_selector_x**2) * (1 + gain * r_selector_y**2)
    possible = 1 + 2 * r * r_selector_x * r_selector_y - r**2 - r_selector_x**2 - r_selector_y**2 >= -ROUNDING
    return float((r + gain * r_selector_x * r_selector_y) / math.sqrt(spread)) if possible and spread > 0 else NAN


def correct_multivariate_restriction(
    restricted: npt.ArrayLike, unrestricted_selectors: npt.ArrayLike, selectors: npt.ArrayLike
) -> Floats:
    """Covariances among applicants from those among the hired, who were selected on several variables (Lawley).

    Regressions on the selectors must be linear and of constant spread; what selected people must be among them.

    Parameters
    ----------
    restricted
        Covariances among the selected, shape (k, k).
    unrestricted_selectors
        Covariances of the selectors among applicants, shape (s, s), in the order of ``selectors``.
    selectors
        Their row numbers in ``restricted``, shape (s,).

    Returns
    -------
    ndarray
        Covariances among applicants, shape (k, k), in the order of ``restricted``.

    References
    ----------
    Lawley (1944), Proceedings of the Royal Society of Edinburgh 62, 28–30.

    Examples
    --------
    >>> found = correct_multivariate_restriction([[48.19**2, 0.33 * 48.19], [0.33 * 48.19, 1.0]], [[100.32**2]], [0])
    >>> round(float(found[0, 1] / np.sqrt(found[0, 0] * found[1, 1])), 4)
    0.5884
    """
    name = "correct_multivariate_restriction"
    among_hired = _covariances(name, "restricted", restricted)
    among_applicants = _covariances(name, "unrestricted_selectors", unrestricted_selectors)
    chosen = np.asarray(selectors, np.intp)
    if len(set(chosen.tolist())) != len(among_applicants) or not np.isin(chosen, np.arange(len(among_hired))).all():
        raise ValueError(
            f"The 'selectors' parameter of {name} must be {len(among_applicants)} different rows of the "
            f"{len(among_hired)} in 'restricted'. Got {chosen.tolist()} instead."
        )
    others = np.setdiff1d(np.arange(len(among_hired)), chosen)
    slopes = np.linalg.solve(among_hired[np.ix_(chosen, chosen)], among_hired[np.ix_(chosen, others)])
    found = among_hired.copy()
    found[np.ix_(chosen, chosen)] = among_applicants
    found[np.ix_(chosen, others)] = among_applicants @ slopes
    found[np.ix_(others, chosen)] = found[np.ix_(chosen, others)].T
    change = among_applicants - among_hired[np.ix_(chosen, chosen)]
    found[np.ix_(others, others)] += slopes.T @ change @ slopes
    return found


def _covariances(function: str, name: str, values: npt.ArrayLike) -> Floats:
    """A symmetric positive definite matrix."""
    found = matrix(function, name, np.atleast_2d(np.asarray(values, np.float64)), rows=1)
    square = found.shape[0] == found.shape[1] and np.allclose(found, found.T)
    if not square or np.linalg.eigvalsh(found)[0] <= 0:
        raise ValueError(
            f"The {name!r} parameter of {function} must be a symmetric matrix with positive eigenvalues. "
            f"Got {found.tolist()} instead."
        )
    return found
