"""How far apart two groups' means are, in standard deviations."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from vivavoce.evaluation.arguments import confidence_level, vectors
from vivavoce.evaluation.estimate import NAN, Estimate, undefined

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
