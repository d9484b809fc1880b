"""How far apart two groups' means are, in standard deviations.

How many people a question needs before its answer can be trusted.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from vivavoce.evaluation.estimate import NAN, Estimate, confidence_level, number, undefined, vectors

NO_SPREAD = "neither group's values differ: there is no standard deviation to measure in"


@dataclass(frozen=True)
class Difference:
    """First group's mean minus the second's; ideal 0 where groups should not differ.

    Parameters
    ----------
    mean
        In the values' unit, with the interval of Welch's t test.
    d
        Cohen's d: in pooled standard deviations, with the exact interval for normal values of equal spread.
    g
        Hedges' g: d with the small-sample factor 1 − 3 / (4 df − 1), interval scaled alike. .2 small, .5 medium,
        .8 large by Cohen's convention; what is tolerable depends on the decision.
    p
        Two-sided, Welch's t test of equal means.
    n_first, n_second
        People.
    """

    mean: Estimate
    d: Estimate
    g: Estimate
    p: float
    n_first: int
    n_second: int


def difference(first: npt.ArrayLike, second: npt.ArrayLike, *, confidence: float = 0.95) -> Difference:
    """Compare two groups' means.

    Parameters
    ----------
    first, second
        Values of each group, one per person, shapes (n₁ ≥ 2,) and (n₂ ≥ 2,), finite.
    confidence
        Of the intervals, 0–1.

    References
    ----------
    Hedges (1981), Journal of Educational Statistics 6, 107–128; Steiger & Fouladi (1997) (noncentral t interval).

    Examples
    --------
    >>> found = difference([3, 4, 5, 6, 7], [1, 2, 3, 4, 5])
    >>> round(found.d.value, 6), round(found.g.value, 6)
    (1.264911, 1.1425)
    """
    (a,), (b,) = vectors("difference", first=first), vectors("difference", second=second)
    level = confidence_level("difference", confidence)
    n1, n2 = len(a), len(b)
    df = n1 + n2 - 2
    gap = float(a.mean() - b.mean())
    pooled = math.sqrt((a.var(ddof=1) * (n1 - 1) + b.var(ddof=1) * (n2 - 1)) / df)
    if np.ptp(a) == 0 and np.ptp(b) == 0:
        nothing = undefined(NO_SPREAD)
        return Difference(Estimate(gap, reason=NO_SPREAD), nothing, nothing, NAN, n1, n2)
    size = math.sqrt(n1 * n2 / (n1 + n2))
    d = gap / pooled
    low, high = (limit / size for limit in _noncentrality(d * size, df, level))
    factor = 1 - 3 / (4 * df - 1)
    welch = stats.ttest_ind(a, b, equal_var=False)
    mean_low, mean_high = welch.confidence_interval(level)
    return Difference(
        mean=Estimate(gap, float(mean_low), float(mean_high)),
        d=Estimate(d, low, high),
        g=Estimate(d * factor, low * factor, high * factor),
        p=float(welch.pvalue),
        n_first=n1,
        n_second=n2,
    )


def _noncentrality(t: float, df: int, confidence: float) -> tuple[float, float]:
    """The noncentralities under which the observed t is just not extreme."""
    tail = (1 - confidence) / 2
    low, high = (float(special.nctdtrinc(df, share, abs(t))) for share in (1 - tail, tail))
    return (low, high) if t >= 0 else (-high, -low)


def superiority(first: npt.ArrayLike, second: npt.ArrayLike, *, confidence: float = 0.95) -> Estimate:
    """How often somebody of the first group lies above somebody of the second: the area under the ROC curve.

    .5 where groups do not differ (ideal where they should not), 1 where they do not overlap. Ties count half.

    Parameters
    ----------
    first, second
        Values, one per person, shapes (n₁ ≥ 2,) and (n₂ ≥ 2,), finite.
    confidence
        Of the interval, 0–1.

    References
    ----------
    DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44, 837–845.

    Examples
    --------
    >>> found = superiority([3, 4, 5, 6, 7], [1, 2, 3, 4, 5])
    >>> round(found.value, 2), found.high
    (0.82, 1.0)
    """
    (a,), (b,) = vectors("superiority", first=first), vectors("superiority", second=second)
    level = confidence_level("superiority", confidence)
    among_all = stats.rankdata(np.concatenate([a, b]))
    above = (among_all[: len(a)] - stats.rankdata(a)) / len(b)  # for each of the first, the share of the second below
    below = 1 - (among_all[len(a) :] - stats.rankdata(b)) / len(a)
    value = float(above.mean())
    error = math.sqrt(above.var(ddof=1) / len(a) + below.var(ddof=1) / len(b))
    reach = float(stats.norm.ppf((1 + level) / 2)) * error
    return Estimate(value, max(value - reach, 0.0), min(value + reach, 1.0))


def people_needed_for_gain(
    gain: float, base: float, *, added: int = 1, alpha: float = 0.05, power: float = 0.80
) -> int:
    """Persons needed to detect a gain in explained variance.

    Parameters
    ----------
    gain
        ΔR² that is truly there, above 0.
    base
        R² of the base predictors, 0 ≤ base < 1 − gain.
    added
        Predictors added, ≥ 1.
    alpha, power
        Of the F test, 0–1.

    References
    ----------
    Cohen (1988), Statistical Power Analysis, chapter 9, with λ = f²N and one base predictor.

    Examples
    --------
    >>> [people_needed_for_gain(gain, 0.10) for gain in (0.005, 0.01, 0.02)]
    [1407, 701, 348]
    """
    name = "people_needed_for_gain"
    number(name, "gain", gain, 0.0, 1.0, open_low=True, open_high=True)
    number(name, "base", base, 0.0, 1 - gain, open_high=True)
    number(name, "added", added, 1, math.inf, open_high=True)
    number(name, "alpha", alpha, 0.0, 1.0, open_low=True, open_high=True)
    number(name, "power", power, alpha, 1.0, open_low=True, open_high=True)
    effect = gain / (1 - base - gain)

    def powerful(n: int) -> bool:
        df = n - added - 2
        return bool(stats.ncf.sf(stats.f.isf(alpha, added, df), added, df, effect * n) >= power)

    low, high = added + 3, added + 4
    while not powerful(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if powerful(middle) else (middle, high)
    return high


def people_needed_for_correlation(r: float, *, alpha: float = 0.05, power: float = 0.80) -> int:
    """Persons needed to tell a correlation from 0, two-sided, after Fisher's z.

    Parameters
    ----------
    r
        The correlation that is truly there, −1 to 1, not 0 and not ±1.
    alpha, power
        Of the test, 0–1.

    References
    ----------
    Cohen (1988), Statistical Power Analysis, chapter 3.

    Examples
    --------
    >>> [people_needed_for_correlation(r) for r in (0.1, 0.2, 0.3)]
    [783, 194, 85]
    """
    name = "people_needed_for_correlation"
    number(name, "r", abs(r), 0.0, 1.0, open_low=True, open_high=True)
    number(name, "alpha", alpha, 0.0, 1.0, open_low=True, open_high=True)
    number(name, "power", power, alpha, 1.0, open_low=True, open_high=True)
    reach = float(stats.norm.isf(alpha / 2) + stats.norm.ppf(power))
    return math.ceil((reach / math.atanh(abs(r))) ** 2 + 3)


def people_needed_for_difference(
    difference: float, standard_error: float, n: int, *, alpha: float = 0.05, power: float = 0.80
) -> int:
    """Persons needed to tell a difference from 0, where its standard error among n persons is known.

    The standard error falls with the square root of the number of persons, whatever the statistic.

    Parameters
    ----------
    difference
        That is truly there, in the statistic's unit, not 0.
    standard_error
        Of the statistic among ``n`` persons (from a bootstrap, say), ≥ 0.
    n
        Persons, ≥ 2.
    alpha, power
        Of the two-sided test, 0–1.

    Examples
    --------
    >>> people_needed_for_difference(0.02, 0.02, 500)  # one standard error away: 2.8² times the people
    3925
    """
    name = "people_needed_for_difference"
    number(name, "difference", abs(difference), 0.0, math.inf, open_low=True, open_high=True)
    number(name, "standard_error", standard_error, 0.0, math.inf, open_high=True)
    number(name, "n", n, 2, math.inf, open_high=True)
    number(name, "alpha", alpha, 0.0, 1.0, open_low=True, open_high=True)
    number(name, "power", power, alpha, 1.0, open_low=True, open_high=True)
    reach = float(stats.norm.isf(alpha / 2) + stats.norm.ppf(power))
    return max(math.ceil(n * (reach * standard_error / difference) ** 2), 2)
