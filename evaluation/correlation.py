"""Two columns together: r with its interval over persons, ranks against levels, the strong told from the weak."""

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

from vivavoce.evaluation.estimate import (
    DRAWS,
    Estimate,
    Floats,
    Limits,
    confidence_level,
    number,
    same_length,
    undefined,
)
from vivavoce.evaluation.gain import drawn_correlations

CONSTANT = "one of the two does not vary"
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


def correlation(
    one: npt.ArrayLike,
    other: npt.ArrayLike,
    persons: npt.ArrayLike | None = None,
    *,
    least: int = SMALLEST_SAMPLE,
    draws: int = DRAWS,
    confidence: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Pearson's r with its interval over persons, the same wherever two columns are correlated; ideal 1.

    Where every row is another person: Fisher's limits. Where persons have several rows (interviews, answers) these
    are too narrow, by as much as a person's rows are alike: there persons are drawn again, with all of their rows.

    Parameters
    ----------
    one, other
        Shape (n,); rows where one of them is ``nan`` are left out.
    persons
        Whose row it is, shape (n,); None: every row is another person.
    least
        Rows with both below which nothing is said, ≥ 4; persons, where they are drawn again, at least 20.
    draws, seed
        Of persons with several rows.
    confidence
        Of the interval, 0–1.

    Returns
    -------
    Estimate
        Undefined, with its reason, for too few rows, and where one of them does not vary.

    References
    ----------
    Fisher (1921), Metron 1, 3–32; Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal(200)
    >>> y = x + rng.standard_normal(200)
    >>> twice = [np.repeat(one, 2) for one in (x, y, np.arange(200))]
    >>> correlation(x, y).brief, correlation(*twice[:2]).brief, correlation(*twice).brief
    ('.66 [.57, .73]', '.66 [.60, .71]', '.66 [.58, .72]')
    """
    x, y = np.asarray(one, np.float64), np.asarray(other, np.float64)
    same_length("correlation", one=x, other=y)
    if np.isinf(x).any() or np.isinf(y).any():
        raise ValueError("The columns of correlation must be finite or nan. Got an infinite value instead.")
    both = ~np.isnan(x) & ~np.isnan(y)
    n, level = int(both.sum()), confidence_level("correlation", confidence)
    if n < least:
        return undefined(f"{n} {'people' if persons is None else 'rows'} with both: fewer than {least}")
    if np.ptp(x[both]) == 0 or np.ptp(y[both]) == 0:
        return undefined(CONSTANT)
    if persons is not None and len(np.unique(np.asarray(persons)[both])) < n:
        found = drawn_correlations("correlation", [x], y, persons, draws=draws, seed=seed)
        return found if isinstance(found, Estimate) else found.estimate(lambda r: r[..., 0], level)
    r = float(np.clip(np.corrcoef(x[both], y[both])[0, 1], -1.0, 1.0))
    return Estimate(r, *correlation_interval(r, n, level))


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
