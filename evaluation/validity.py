"""Does the score go with the criterion: correlations with their intervals, and what selection and error did to them."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from vivavoce.evaluation.arguments import confidence_level, matrix, number, same_length, vectors
from vivavoce.evaluation.estimate import Estimate, Limits
from vivavoce.evaluation.power import people_needed_for_gain
from vivavoce.evaluation.restriction import spread_ratio

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

    Wrong, and too small, where people were selected on something else: see :mod:`vivavoce.evaluation.restriction`.

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
