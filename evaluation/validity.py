"""Does the score go with the criterion: correlations with their intervals, and what selection and error did to them.

Selection on something other than the predictor: what the correlation would be among all applicants.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

from vivavoce.evaluation.correlation import SMALLEST_SAMPLE, correlation
from vivavoce.evaluation.estimate import (
    NAN,
    Estimate,
    Floats,
    confidence_level,
    matrix,
    number,
    undefined,
    vectors,
)

ROUNDING = 1e-12  # a determinant this far below 0 is rounding, not a contradiction; a variance below is none
NOT_NARROWER = "people with outcomes are not spread less than applicants: there is no restriction to correct"
CONTRADICTION = "the correlations contradict one another"
ONE_DECIDES = "without one of these people the correlations would contradict one another: no interval"


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
    possible = 1 + 2 * r * r_selector_x * r_selector_y - r**2 - r_selector_x**2 - r_selector_y**2 >= -ROUNDING
    return float(_unrestricted(*np.array([r, r_selector_x, r_selector_y, gain]))) if possible else NAN


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


def corrected_validity(
    score: npt.ArrayLike,
    criterion: npt.ArrayLike,
    *,
    applicants_sd: float | None = None,
    selector: npt.ArrayLike | None = None,
    criterion_reliability: float = 1.0,
    confidence: float = 0.95,
) -> Estimate:
    """The correlation of a score with a criterion, as found or corrected for what selection and error did to it.

    The one interval of a validity, in training and audit. As found, and after selection on the score itself (case II):
    Fisher's limits, taken through the corrections, which rise with the correlation. After selection on something else
    (case III): the jackknife's error on Fisher's scale, with Student's quantile. Percentiles of a bootstrap miss the
    truth too often below 100 people; the measured coverage of both stands in ``docs/statistics/validity.md``.

    Parameters
    ----------
    score, criterion
        One row per person whose criterion is known, shape (n,) each, finite.
    applicants_sd
        Spread among applicants of what people were selected on, > 0, taken as known; None: not corrected for selection.
    selector
        What people were selected on, shape (n,); None: the score itself.
    criterion_reliability
        Of the criterion among these people, above 0, at most 1, taken as known; 1 leaves its error in.
    confidence
        Of the interval, 0–1.

    Returns
    -------
    Estimate
        Undefined, with the reason, for fewer than 4 people (5 where selection is undone), where something does not
        vary, where these people are spread no less than applicants, and where correlations contradict one another.
        Without a correction for selection a value above 1 says that the reliability is too low; it is returned as it
        is.

    References
    ----------
    Thorndike (1949), Personnel Selection; Hunter & Schmidt (2004), Methods of Meta-Analysis, chapter 3 (limits taken
    through a correction); Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 11 (jackknife).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> score = rng.standard_normal(2000)
    >>> rating = 0.5 * score + np.sqrt(0.75) * rng.standard_normal(2000)
    >>> hired = score > 0
    >>> corrected_validity(score[hired], rating[hired]).brief
    '.32 [.26, .37]'
    >>> corrected_validity(score[hired], rating[hired], applicants_sd=1.0).brief
    '.50 [.42, .57]'
    """
    name = "corrected_validity"
    x, y = vectors(name, score=score, criterion=criterion)
    s = x if selector is None else vectors(name, score=score, selector=selector)[1]
    level = confidence_level(name, confidence)
    number(name, "criterion_reliability", criterion_reliability, 0.0, 1.0, open_low=True)
    fewest = SMALLEST_SAMPLE if applicants_sd is None else SMALLEST_SAMPLE + 1
    if len(x) < fewest or min(np.ptp(one) for one in (x, y, s)) == 0:
        return undefined(f"fewer than {fewest} people with everything, or no spread")
    r = correlation(x, y, confidence=level)
    found = [correct_attenuation(one, 1.0, criterion_reliability) for one in (r.value, r.low, r.high)]
    if applicants_sd is None:
        return Estimate(found[0], found[1], found[2])
    spread = float(s.std(ddof=1))
    if spread >= number(name, "applicants_sd", applicants_sd, 0.0, math.inf, open_low=True):
        return undefined(NOT_NARROWER)
    if selector is not None:
        return _case_three(np.column_stack([x, y, s]), applicants_sd, math.sqrt(criterion_reliability), level)
    if abs(found[0]) > 1:
        return undefined(CONTRADICTION)
    possible = np.clip(found, -1.0, 1.0)  # a limit beyond 1 says that 1 cannot be excluded
    value, low, high = (correct_range_restriction(float(one), applicants_sd, spread) for one in possible)
    return Estimate(value, low, high)


def _case_three(columns: Floats, applicants_sd: float, root: float, confidence: float) -> Estimate:
    """Case III with the jackknife's limits; columns are score, criterion and selector, shape (n, 3)."""
    n = len(columns)
    scale = columns.std(axis=0)
    centred = (columns - columns.mean(axis=0)) / scale
    wide = applicants_sd / scale[2]
    everybody = centred.T @ centred
    r, r_y, r_x, gain = (float(one) for one in _seen(np.zeros(3), everybody, n, wide))
    if max(abs(r), abs(r_y)) > root:
        return undefined(CONTRADICTION)
    value = correct_indirect_restriction(r / root, r_x, r_y / root, math.sqrt(gain + 1), 1.0)
    if not abs(value) < 1:
        return undefined(CONTRADICTION)
    one_less = _seen(-centred, everybody - centred[:, :, None] * centred[:, None, :], n - 1, wide)
    without = _unrestricted(one_less[0] / root, one_less[2], one_less[1] / root, one_less[3])
    if not (np.abs(without) < 1).all():
        return Estimate(value, reason=ONE_DECIDES)
    z = np.arctanh(without)
    error = math.sqrt((n - 1) / n * float(np.sum((z - z.mean()) ** 2)))
    reach = float(stats.t.ppf((1 + confidence) / 2, n - SMALLEST_SAMPLE)) * error
    return Estimate(value, math.tanh(math.atanh(value) - reach), math.tanh(math.atanh(value) + reach))


def _seen(sums: Floats, products: Floats, n: int, applicants_sd: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Three correlations (with criterion, selector with criterion, selector with score), and U² − 1, from sums.

    ``sums`` and ``products`` of score, criterion and selector have the shapes (…, 3) and (…, 3, 3).
    """
    table = products / n - sums[..., :, None] * sums[..., None, :] / n**2
    variance = np.diagonal(table, axis1=-2, axis2=-1)
    variance = np.where(variance > ROUNDING, variance, NAN)  # without one person something may not vary
    r = table / np.sqrt(variance[..., :, None] * variance[..., None, :])
    gain = applicants_sd**2 / (variance[..., 2] * n / (n - 1)) - 1
    return np.clip(r[..., 0, 1], -1, 1), np.clip(r[..., 1, 2], -1, 1), np.clip(r[..., 0, 2], -1, 1), gain


def _unrestricted(r: Floats, r_selector_x: Floats, r_selector_y: Floats, gain: Floats) -> Floats:
    """Case III, where ``gain`` is U² − 1."""
    spread = (1 + gain * r_selector_x**2) * (1 + gain * r_selector_y**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = (r + gain * r_selector_x * r_selector_y) / np.sqrt(spread)
    return found
