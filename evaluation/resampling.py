"""Intervals by drawing persons again: whoever answered six questions is drawn with all six answers or not at all."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import stats

from vivavoce.evaluation.arguments import Floats, confidence_level, same_length
from vivavoce.evaluation.estimate import Estimate

DRAWS = 2000  # the limits' own error is then below a tenth of the interval's width
UNDEFINED_SHARE = 0.05  # of the draws; above it the defined ones are no longer a fair picture
ONE_PERSON = "one person's spread says nothing about others"

Statistic = Callable[..., float]


def bootstrap(
    statistic: Statistic,
    *columns: npt.ArrayLike,
    persons: npt.ArrayLike | None = None,
    draws: int = DRAWS,
    confidence: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Any statistic with its interval over persons.

    Percentile limits of n persons run short by √((n − 1) / n) and by the normal quantile in place of Student's; they
    are widened by both. Not for maxima, medians of few values, or statistics of fewer than about 15 persons.

    Parameters
    ----------
    statistic
        Takes the columns, rows redrawn, and gives one number; ``nan`` where it is undefined.
    columns
        Arrays with one row per answer, shape (n, …) each.
    persons
        Whose row it is, shape (n,); ``None``: every row is another person.
    draws
        How many times.
    confidence
        Of the interval, 0–1.
    seed
        Of the draws: the same seed gives the same limits.

    Returns
    -------
    Estimate
        Limits are ``nan`` with a reason for one person, and where more than 5 % of the draws are undefined.

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13; Hesterberg (2015), The American
    Statistician 69, 371–386 (the widening).

    Examples
    --------
    >>> scores = np.arange(40.0)
    >>> found = bootstrap(np.mean, scores)
    >>> found.value, 14 < found.low < 16, 23 < found.high < 25
    (19.5, True, True)
    """
    arrays = [np.asarray(column) for column in columns]
    ids = np.arange(len(arrays[0])) if persons is None else np.asarray(persons)
    same_length("bootstrap", persons=ids, **{f"columns[{i}]": array for i, array in enumerate(arrays)})
    confidence_level("bootstrap", confidence)
    value = float(statistic(*arrays))
    rows = rows_by_person(ids)
    n = len(rows)
    if n < 2:
        return Estimate(value, reason=ONE_PERSON)
    rng = np.random.default_rng(seed)
    found = np.empty(draws)
    for i in range(draws):
        drawn = np.concatenate([rows[k] for k in rng.integers(0, n, n)]) if n < len(ids) else rng.integers(0, n, n)
        found[i] = statistic(*(array[drawn] for array in arrays))
    return between(value, found, n, confidence)


def rows_by_person(persons: npt.ArrayLike) -> list[npt.NDArray[np.intp]]:
    """The row numbers of each person, persons in the order of their ids.

    Examples
    --------
    >>> rows_by_person(["b", "a", "b"])
    [array([1]), array([0, 2])]
    """
    _, number = np.unique(np.asarray(persons), return_inverse=True)
    order = np.argsort(number, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(number[order])) + 1)


def between(value: float, found: Floats, n: int, confidence: float) -> Estimate:
    """A statistic with widened percentile limits of what the draws of n persons found, shape (draws,)."""
    defined = found[~np.isnan(found)]
    lost = 1 - len(defined) / len(found)
    if lost > UNDEFINED_SHARE:
        return Estimate(value, reason=f"undefined in {lost:.0%} of the draws of persons: too few people")
    tail = stats.norm.cdf(math.sqrt(n / (n - 1)) * stats.t.ppf((1 - confidence) / 2, n - 1))
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Estimate(value, float(low), float(high))
