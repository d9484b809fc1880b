"""Does the score go with the criterion: correlations with their intervals, and what selection and error did to them.

Selection on something other than the predictor: what the correlation would be among all applicants.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from vivavoce.evaluation.effect import people_needed_for_gain
from vivavoce.evaluation.estimate import (
    NAN,
    Estimate,
    Floats,
    Limits,
    confidence_level,
    matrix,
    number,
    same_length,
    vectors,
)

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


SMALLEST_SAMPLE = 4  # Fisher's z has the standard error 1 / sqrt(n − 3)


def correlation_interval(r: float, n: int, confidence: float = 0.95) -> Limits:
    """Interval of a correlation from n independent persons, after Fisher's z.

    Parameters
    ----------
    r
        The correlation, −1 to 1.
    n
        Persons (not answers), ≥ 4.
    confidence
        0–1.

    Returns
    -------
    Limits
        ``(low, high)``. Exact for normal scores, close for others; the correlation's own ideal depends on the claim.

    References
    ----------
    Fisher (1921), Metron 1, 3–32.

    Examples
    --------
    >>> low, high = correlation_interval(0.24, 100)
    >>> round(low, 2), round(high, 2)
    (0.05, 0.42)
    """
    number("correlation_interval", "r", r, -1.0, 1.0)
    number("correlation_interval", "n", n, SMALLEST_SAMPLE, math.inf, open_high=True)
    reach = stats.norm.ppf((1 + confidence_level("correlation_interval", confidence)) / 2) / math.sqrt(n - 3)
    if abs(r) == 1:
        return Limits(float(r), float(r))
    return Limits(math.tanh(math.atanh(r) - reach), math.tanh(math.atanh(r) + reach))


def correct_attenuation(r: float, reliability_x: float, reliability_y: float = 1.0) -> float:
    """Correlation of what two measures would measure without error.

    For decisions correct the criterion only (``reliability_x=1``): applicants are selected on scores as they are.
    The result may exceed 1 where a reliability is underestimated; it is returned as it is, for that is a finding.

    Parameters
    ----------
    r
        The observed correlation, −1 to 1.
    reliability_x, reliability_y
        Reliability of predictor and criterion, above 0, at most 1; 1 leaves it uncorrected.

    References
    ----------
    Spearman (1904), American Journal of Psychology 15, 72–101.

    Examples
    --------
    >>> round(correct_attenuation(0.30, 0.70, 0.81), 6)
    0.39841
    """
    number("correct_attenuation", "r", r, -1.0, 1.0)
    number("correct_attenuation", "reliability_x", reliability_x, 0.0, 1.0, open_low=True)
    number("correct_attenuation", "reliability_y", reliability_y, 0.0, 1.0, open_low=True)
    return float(r) / math.sqrt(reliability_x * reliability_y)


def correct_range_restriction(r: float, unrestricted_sd: float, restricted_sd: float) -> float:
    """Correlation among applicants from that among the hired, who were selected on the predictor itself (case II).

    Wrong, and too small, where people were selected on something else: see :mod:`vivavoce.evaluation.validity`.

    Parameters
    ----------
    r
        Correlation among the selected, −1 to 1.
    unrestricted_sd, restricted_sd
        The predictor's spread among applicants and among the selected, > 0, in the same unit.

    Returns
    -------
    float
        R = rU / √(1 − r² + r²U²), U = unrestricted / restricted. Equal spreads leave r unchanged.

    References
    ----------
    Thorndike (1949), Personnel Selection, case II.

    Examples
    --------
    >>> round(correct_range_restriction(0.33, 100.32, 48.19), 4)
    0.5884
    """
    number("correct_range_restriction", "r", r, -1.0, 1.0)
    ratio = spread_ratio("correct_range_restriction", unrestricted_sd, restricted_sd)
    return float(r * ratio / math.sqrt(1 - r**2 + (r * ratio) ** 2))


@dataclass(frozen=True)
class Increment:
    """What further predictors add to the explained share of a criterion.

    Parameters
    ----------
    base, full
        R² of the base predictors and of all, 0–1, in these people (optimistic: fitted to them).
    gain
        ΔR² among all people like these: R² differences corrected for the number of predictors (Ezekiel), with an
        interval from the noncentral F distribution; ideal: as large as a decision needs. Below 0 where the added
        predictors explain less than chance would.
    f, p
        F test of no gain, and its p-value.
    n, added
        Persons, and the rank that the added predictors bring.
    verdict
        ``shown``: the F test rejects. ``not shown``: it does not, and the interval's upper limit is below
        ``smallest``, so whatever there is does not matter. ``underpowered``: these people cannot tell. (The test has
        one tail and the interval two: a p between .025 and .05 goes with a lower limit of 0.)
    people_needed
        Persons who would show a gain of ``smallest`` with power .80.
    """

    base: float
    full: float
    gain: Estimate
    f: float
    p: float
    n: int
    added: int
    verdict: str
    people_needed: int


def incremental_validity(
    base: npt.ArrayLike,
    added: npt.ArrayLike,
    criterion: npt.ArrayLike,
    *,
    smallest: float = 0.01,
    confidence: float = 0.95,
) -> Increment:
    """Whether predictors explain a criterion beyond others.

    One row per person. Predictors that were fitted to these very people gain by overfitting: give cross-fitted
    scores.

    Parameters
    ----------
    base, added
        Predictors, shapes (n, p) and (n, q); a vector is one predictor.
    criterion
        Shape (n,), not constant.
    smallest
        The smallest ΔR² worth having; .01 takes a correlation of .30 to .316.
    confidence
        Of the interval; ``p`` is compared with its complement.

    References
    ----------
    Cohen (1988), Statistical Power Analysis, chapter 9 (f² = ΔR² / (1 − R²), λ = f²N); Smithson (2001), Educational
    and Psychological Measurement 61, 605–632 (interval).

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> language, voice = rng.standard_normal((2, 400))
    >>> performance = 0.4 * language + rng.standard_normal(400)
    >>> incremental_validity(language, voice, performance).verdict
    'underpowered'
    """
    name = "incremental_validity"
    first, second = matrix(name, "base", base), matrix(name, "added", added)
    (y,) = vectors(name, criterion=criterion)
    same_length(name, base=first, added=second, criterion=y)
    number(name, "smallest", smallest, 0.0, 1.0, open_low=True, open_high=True)
    level = confidence_level(name, confidence)
    n = len(y)
    base_r2, base_rank = _explained(first, y)
    full_r2, full_rank = _explained(np.hstack([first, second]), y)
    added_rank, df = full_rank - base_rank, n - full_rank - 1
    if added_rank == 0 or df < 1 or full_r2 >= 1:
        raise ValueError(
            f"incremental_validity needs added predictors that the base does not contain, more persons than predictors "
            f"and a criterion that they do not determine. Got {n} persons, base of rank {base_rank}, all of rank "
            f"{full_rank}, R² {full_r2:.6g} instead."
        )
    f = (full_r2 - base_r2) / added_rank / ((1 - full_r2) / df)
    left = 1 - _adjusted(base_r2, n, base_rank)
    limits = [left * f2 / (1 + f2) for f2 in _effect_limits(f, added_rank, df, n, level)]
    gain = _adjusted(full_r2, n, full_rank) - _adjusted(base_r2, n, base_rank)
    p = float(stats.f.sf(f, added_rank, df))
    verdict = "shown" if p < 1 - level else "not shown" if limits[1] < smallest else "underpowered"
    base_share = min(max(1 - left, 0.0), 1 - smallest - 1e-9)
    needed = people_needed_for_gain(smallest, base_share, added=added_rank, alpha=1 - level)
    return Increment(base_r2, full_r2, Estimate(gain, limits[0], limits[1]), f, p, n, added_rank, verdict, needed)


def _explained(predictors: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> tuple[float, int]:
    """R² of least squares with an intercept, and the rank of the centred predictors."""
    centred = predictors - predictors.mean(axis=0)
    scale = centred.std(axis=0)
    target = y - y.mean()
    if not target.any():
        raise ValueError("The 'criterion' parameter of incremental_validity must vary. Got one value only instead.")
    solution, _, rank, _ = np.linalg.lstsq(centred / np.where(scale > 0, scale, 1.0), target, rcond=None)
    fitted = centred / np.where(scale > 0, scale, 1.0) @ solution
    return float(1 - np.sum((target - fitted) ** 2) / np.sum(target**2)), int(rank)


def _adjusted(r2: float, n: int, predictors: int) -> float:
    """Ezekiel's R² among all people like these."""
    return 1 - (1 - r2) * (n - 1) / (n - predictors - 1)


def _effect_limits(f: float, added: int, df: int, n: int, confidence: float) -> Limits:
    """Limits of f² = λ / n: the noncentralities under which the observed F is just not extreme."""
    tail = (1 - confidence) / 2

    def noncentrality(probability: float) -> float:
        if stats.f.cdf(f, added, df) <= probability:
            return 0.0
        high = 4.0 * added * f + 10
        while stats.ncf.cdf(f, added, df, high) > probability:
            high *= 2
        return float(optimize.brentq(lambda shift: stats.ncf.cdf(f, added, df, shift) - probability, 0.0, high))

    return Limits(noncentrality(1 - tail) / n, noncentrality(tail) / n)
