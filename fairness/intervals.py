"""Intervals of two selection rates' ratio and difference: Katz, as auditors know it, Miettinen–Nurminen, for verdicts.

The ratio is focal / reference rate, the difference reference − focal; a/n1 were selected of the reference group, b/n2
of the focal group.

Score intervals are our own: many tables at once, where statsmodels takes one and in 0.15 gives other limits of the
difference than its own test does; of the ratio it is the tests' oracle.

What these numbers could have shown: smallest detectable disparity, and how many people a claim needs.
"""

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Z95 = 1.959963984540054  # standard normal quantile of a two-sided 95 % interval
LOG_BRACKET = 40.0  # log ratio: exp(-40) lies far below 1 / n for any number of people
HALVINGS = 48  # 2 · 40 / 2**48: limits to 3 parts in 10**13

Floats = npt.NDArray[np.float64]


def katz(
    a: npt.ArrayLike, n1: npt.ArrayLike, b: npt.ArrayLike, n2: npt.ArrayLike, z: float = Z95
) -> tuple[Floats, Floats]:
    """Log interval of the ratio, unpooled; ``nan`` where a or b is 0.

    It covers too little where rates are extreme and groups unequal (exact coverage .874 at 200 against 20 people with
    rate .9), so it is printed and never decides.

    Parameters
    ----------
    a, n1
        Selected and all people of the reference group, shape (k,) or scalar, 0 ≤ a ≤ n1.
    b, n2
        The same of the focal group.
    z
        Standard normal quantile; 1.96 for 95 %.

    Returns
    -------
    tuple[ndarray, ndarray]
        Lower and upper limits, ≥ 0.

    References
    ----------
    Katz, Baptista, Azen & Pike (1978), Biometrics 34, 469–474.
    """
    a, n1, b, n2 = _floats(a, n1, b, n2)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (b / n2) / (a / n1)
        error = np.sqrt(1 / b - 1 / n2 + 1 / a - 1 / n1)
        low, high = ratio * np.exp(-z * error), ratio * np.exp(z * error)
    undefined = (a == 0) | (b == 0) | (n1 == 0) | (n2 == 0)
    return np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)


def miettinen_nurminen(
    a: npt.ArrayLike, n1: npt.ArrayLike, b: npt.ArrayLike, n2: npt.ArrayLike, z: float = Z95
) -> tuple[Floats, Floats]:
    """Score interval of the ratio: all ratios that the score test does not reject.

    The variance is that of the rates constrained to the ratio, times N / (N − 1). Lower limit 0 where nobody of the
    focal group was selected, upper limit ``inf`` where nobody of the reference group was; both where nobody was at all.

    Parameters
    ----------
    a, n1, b, n2
        As for :func:`katz`; both groups must have people.
    z
        Standard normal quantile; 1.96 for 95 %.

    Returns
    -------
    tuple[ndarray, ndarray]
        Lower and upper limits; ``nan`` where a group has no people.

    References
    ----------
    Miettinen & Nurminen (1985), Statistics in Medicine 4, 213–226.
    """
    a, n1, b, n2 = _floats(a, n1, b, n2)
    low, high = _solve(a, n1, b, n2, np.array([z, -z]).reshape(2, *([1] * a.ndim)))
    low, high = np.where(b == 0, 0.0, low), np.where(a == 0, np.inf, high)
    undefined = (n1 == 0) | (n2 == 0)
    return np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)


def score_difference(
    a: npt.ArrayLike, n1: npt.ArrayLike, b: npt.ArrayLike, n2: npt.ArrayLike, z: float = Z95
) -> tuple[Floats, Floats]:
    """Score interval of the difference a / n1 − b / n2, built as :func:`miettinen_nurminen` is; within −1 and 1."""
    a, n1, b, n2 = _floats(a, n1, b, n2)
    target = np.array([z, -z]).reshape(2, *([1] * a.ndim))
    low = np.full((2, *a.shape), -1.0)
    high = -low
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        above = _difference_statistic(a, n1, b, n2, middle) > target
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    found = np.where((n1 == 0) | (n2 == 0), np.nan, (low + high) / 2)
    return found[0], found[1]


def _difference_statistic(a: Floats, n1: Floats, b: Floats, n2: Floats, difference: Floats) -> Floats:
    """Score statistic of a hypothetical difference; the constrained rates solve a cubic (Miettinen & Nurminen)."""
    people, selected = n1 + n2, a + b
    with np.errstate(divide="ignore", invalid="ignore"):
        square = (n1 + 2 * n2) * difference - people - selected
        linear = (n2 * difference - people - 2 * b) * difference + selected
        constant = b * difference * (1 - difference)
        third = square / (3 * people)
        q = third**3 - linear * square / (6 * people**2) + constant / (2 * people)
        p = np.copysign(np.sqrt(np.maximum(third**2 - linear / (3 * people), 0)), q)
        angle = (np.pi + np.arccos(np.clip(q / p**3, -1, 1))) / 3
        focal = np.clip(np.where(p == 0, 0, 2 * p * np.cos(angle)) - third, 0, 1)
        reference = np.clip(focal + difference, 0, 1)
        variance = reference * (1 - reference) / n1 + focal * (1 - focal) / n2
        distance = a / n1 - b / n2 - difference
        statistic = distance / np.sqrt(variance * people / (people - 1))
    return np.where(variance > 1e-15, statistic, np.where(distance == 0, 0.0, np.copysign(np.inf, distance)))


def score_statistic(a: Floats, n1: Floats, b: Floats, n2: Floats, ratio: Floats) -> Floats:
    """Score statistic of the hypothesis that the focal rate is ``ratio`` times the reference rate; falls in ``ratio``.

    Examples
    --------
    >>> tables = [np.array([x]) for x in (48.0, 80.0, 12.0, 40.0, 1.0)]
    >>> score_statistic(*tables).round(4)
    array([-3.0854])
    """
    people = n1 + n2
    distance, variance = _constrained(a, n1, b, n2, ratio)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = distance / np.sqrt(variance * people / (people - 1))
    return np.where(variance > 0, statistic, np.where(distance == 0, 0.0, np.copysign(np.inf, distance)))


def _constrained(a: Floats, n1: Floats, b: Floats, n2: Floats, ratio: Floats) -> tuple[Floats, Floats]:
    """How far the rates lie from the ratio, and the variance of that among rates that have the ratio."""
    people = n1 + n2
    with np.errstate(divide="ignore", invalid="ignore"):
        # the reference rate that makes the table most likely, given the ratio: a root of a quadratic
        middle = b + ratio * a + ratio * n2 + n1
        spread = np.sqrt(np.maximum(middle * middle - 4 * people * ratio * (a + b), 0))
        reference = np.minimum(2 * (a + b) / (middle + spread), 1)
        focal = np.minimum(ratio * reference, 1)
        variance = focal * (1 - focal) / n2 + ratio**2 * reference * (1 - reference) / n1
        distance = b / n2 - ratio * a / n1
    return distance, variance


def stratified_ratio(
    a: npt.ArrayLike, n1: npt.ArrayLike, b: npt.ArrayLike, n2: npt.ArrayLike, design: float = 1.0, z: float = Z95
) -> tuple[float, float]:
    """Score interval of one ratio over strata, weighted as Mantel and Haenszel weigh; of one stratum it is MN's own.

    Parameters
    ----------
    a, n1, b, n2
        As for :func:`katz`, shape (strata,); both groups have people in each.
    design
        By how much the variance is larger than that of independent rows, ≥ 1 (several rows of one person).
    z
        Standard normal quantile; 1.96 for 95 %.

    References
    ----------
    Miettinen & Nurminen (1985), Statistics in Medicine 4, 213–226, section on stratified data.

    Examples
    --------
    >>> [round(limit, 4) for limit in stratified_ratio([48, 20], [80, 50], [12, 9], [40, 50])]
    [0.3152, 0.7091]
    """
    a, n1, b, n2 = _floats(a, n1, b, n2)
    people = n1 + n2
    weights = n1 * n2 / people
    inflation = design * weights**2 * people / (people - 1)

    def limit(target: float) -> float:
        low, high = -LOG_BRACKET, LOG_BRACKET
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            distance, variance = _constrained(a, n1, b, n2, np.exp(np.full_like(a, middle)))
            above = float(weights @ distance) > target * math.sqrt(float(inflation @ variance))
            low, high = (middle, high) if above else (low, middle)
        return math.exp((low + high) / 2)

    return (0.0 if not b.any() else limit(z)), (math.inf if not a.any() else limit(-z))


def _solve(a: Floats, n1: Floats, b: Floats, n2: Floats, target: Floats) -> Floats:
    """Find the ratios at which the falling score statistic passes each ``target``, by halving in the logarithm."""
    low = np.full(np.broadcast_shapes(a.shape, target.shape), -LOG_BRACKET)
    high = -low
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        above = score_statistic(a, n1, b, n2, np.exp(middle)) > target
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray(np.exp((low + high) / 2))


def _floats(*counts: npt.ArrayLike) -> tuple[Floats, ...]:
    return tuple(np.broadcast_arrays(*(np.asarray(count, np.float64) for count in counts)))


ALPHA = 0.05  # two-sided
POWER = 0.80  # the chance of seeing what is there; the usual convention (Cohen 1988)
FOUR_FIFTHS = 0.8
POWER_HALVINGS = 40  # of an interval of length 1

NORMAL = NormalDist()


def power_of_ratio(ratio: float, rate: float, n1: float, n2: float, alpha: float = ALPHA) -> float:
    """Chance that a two-sided Z test with pooled variance notices a true ratio.

    Parameters
    ----------
    ratio
        True focal / reference rate, 0–1.
    rate
        Reference rate, 0–1.
    n1, n2
        People of the reference and of the focal group.
    alpha
        Level of the test.

    Returns
    -------
    float
        0–1; ideal 1. ``nan`` where a group is empty or the rate is 0.

    Examples
    --------
    >>> round(power_of_ratio(0.8, 0.5, 388, 388), 3)
    0.801
    """
    if n1 <= 0 or n2 <= 0 or rate <= 0:
        return float("nan")
    focal = ratio * rate
    pooled = (n1 * rate + n2 * focal) / (n1 + n2)
    under_null = math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    true = math.sqrt(rate * (1 - rate) / n1 + focal * (1 - focal) / n2)
    reach = abs(rate - focal) - NORMAL.inv_cdf(1 - alpha / 2) * under_null
    if true == 0:
        return float(reach > 0)
    return NORMAL.cdf(reach / true)


def detectable_ratio(rate: float, n1: float, n2: float, power: float = POWER, alpha: float = ALPHA) -> float:
    """Ratio nearest to 1 that these numbers would have noticed with the stated power; ``nan`` where none would.

    Ideal value: at least .8. A smaller one says that four-fifths could be missed and silence proves nothing.

    Examples
    --------
    >>> round(detectable_ratio(0.5, 388, 388), 3), detectable_ratio(0.1, 20, 10)
    (0.8, nan)
    """
    if not power_of_ratio(0.0, rate, n1, n2, alpha) >= power:
        return float("nan")
    seen, missed = 0.0, 1.0
    for _ in range(POWER_HALVINGS):
        middle = (seen + missed) / 2
        if power_of_ratio(middle, rate, n1, n2, alpha) >= power:
            seen = middle
        else:
            missed = middle
    return seen


def people_to_detect(rate: float, ratio: float = FOUR_FIFTHS, power: float = POWER, alpha: float = ALPHA) -> int:
    """People per group for a two-sided Z test (pooled variance) to notice a true ratio.

    Examples
    --------
    >>> [people_to_detect(rate) for rate in (0.5, 0.3, 0.2, 0.1)]
    [388, 859, 1447, 3213]
    """
    focal = ratio * rate
    middle = (rate + focal) / 2
    spread = NORMAL.inv_cdf(1 - alpha / 2) * math.sqrt(2 * middle * (1 - middle))
    spread += NORMAL.inv_cdf(power) * math.sqrt(rate * (1 - rate) + focal * (1 - focal))
    return math.ceil((spread / (rate - focal)) ** 2)


def people_to_show(rate: float, ratio: float = FOUR_FIFTHS, power: float = POWER, alpha: float = ALPHA) -> int:
    """People per group for the lower limit of the log ratio's interval to clear ``ratio`` where groups are equal.

    Examples
    --------
    >>> people_to_show(0.5), people_to_show(0.3)
    (316, 736)
    """
    z = NORMAL.inv_cdf(1 - alpha / 2) + NORMAL.inv_cdf(power)
    return math.ceil(z**2 * 2 * (1 - rate) / rate / math.log(ratio) ** 2)
