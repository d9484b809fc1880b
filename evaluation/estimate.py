"""What a statistic returns: a number between its limits, or no number and the reason.

The door of the statistics: arrays of the right shape, finite, and numbers in their range, or one clear sentence.

Intervals by drawing persons again: whoever answered six questions is drawn with all six answers or not at all.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

NAN = float("nan")


@dataclass(frozen=True)
class Estimate:
    """One number with its interval.

    Parameters
    ----------
    value
        The number; ``nan`` where it is undefined.
    low, high
        Limits of its interval (95 % unless the function says otherwise); ``nan`` where there is none.
    reason
        Why the number, or its interval, is ``nan``; ``None`` where nothing is missing.

    Examples
    --------
    >>> found = Estimate(0.29, 0.02, 0.76)
    >>> float(found), found.covers(0.5)
    (0.29, True)
    >>> undefined("nobody differs from anybody")
    Estimate(value=nan, low=nan, high=nan, reason='nobody differs from anybody')
    """

    value: float
    low: float = NAN
    high: float = NAN
    reason: str | None = None

    def __float__(self) -> float:
        """Give the number without its limits."""
        return self.value

    @property
    def brief(self) -> str:
        """Value and limits in two decimals without a leading 0, or the reason why there is no value.

        Examples
        --------
        >>> Estimate(-0.004, -0.12, 1.0).brief
        '.00 [-.12, 1.00]'
        """
        if self.value != self.value:  # nan
            return self.reason or "undefined"
        return f"{two_decimals(self.value)} [{two_decimals(self.low)}, {two_decimals(self.high)}]"

    def covers(self, truth: float) -> bool:
        """Whether the interval holds a value, limits included; never where there is no interval."""
        return self.low <= truth <= self.high


def two_decimals(value: float) -> str:
    """A correlation, a share or a difference of such, as tables print it.

    Examples
    --------
    >>> two_decimals(0.254), two_decimals(-0.004), two_decimals(-0.5), two_decimals(1.0)
    ('.25', '.00', '-.50', '1.00')
    """
    return f"{round(value, 2) + 0.0:.2f}".replace("0.", ".", 1) if abs(value) < 0.995 else f"{value:.2f}"


class Limits(NamedTuple):
    """The two ends of an interval."""

    low: float
    high: float


def undefined(reason: str) -> Estimate:
    """Neither a number nor limits, for one reason."""
    return Estimate(NAN, NAN, NAN, reason)


Floats = npt.NDArray[np.float64]


def matrix(function: str, name: str, values: npt.ArrayLike, *, rows: int = 2, columns: int = 1) -> Floats:
    """A finite array of shape (≥ rows, ≥ columns); a vector counts as one column.

    Raises
    ------
    ValueError
        For other shapes and for values that are not finite, naming the first such row.
    """
    found = np.asarray(values, np.float64)
    found = found[:, None] if found.ndim == 1 else found
    if found.ndim != 2 or found.shape[0] < rows or found.shape[1] < columns:
        raise ValueError(
            f"The {name!r} parameter of {function} must be an array of shape (n ≥ {rows}, k ≥ {columns}). "
            f"Got shape {np.shape(values)} instead."
        )
    bad = np.flatnonzero(~np.isfinite(found).all(axis=1))
    if len(bad):
        raise ValueError(
            f"The {name!r} parameter of {function} must be finite. Got {found[bad[0]].tolist()} in row {bad[0]} "
            f"({len(bad)} such rows) instead: leave these rows out first, and report how many."
        )
    return found


def vectors(function: str, *, least: int = 2, **named: npt.ArrayLike) -> tuple[Floats, ...]:
    """Finite one-dimensional arrays of one common length of at least ``least``, in the order in which they are named.

    Raises
    ------
    ValueError
        For other shapes, for lengths that differ and for values that are not finite.
    """
    found = []
    for name, values in named.items():
        if np.ndim(values) != 1:
            raise ValueError(
                f"The {name!r} parameter of {function} must be one-dimensional. Got shape {np.shape(values)} instead."
            )
        found.append(matrix(function, name, values, rows=least)[:, 0])
    same_length(function, **named)
    return tuple(found)


def same_length(function: str, **named: npt.ArrayLike) -> None:
    """Refuse arrays whose numbers of rows differ (``ValueError``)."""
    lengths = {name: len(np.asarray(values)) for name, values in named.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"The parameters of {function} must have equally many rows. Got {lengths} rows instead.")


def number(
    function: str, name: str, value: float, low: float, high: float, *, open_low: bool = False, open_high: bool = False
) -> float:
    """A float between ``low`` and ``high``; an open end is left out.

    Raises
    ------
    ValueError
        For a value outside, ``nan`` included.
    """
    above = low < value if open_low else low <= value
    below = value < high if open_high else value <= high
    if not (above and below):
        ends = f"{'(' if open_low else '['}{low:g}, {high:g}{')' if open_high else ']'}"
        raise ValueError(f"The {name!r} parameter of {function} must be in {ends}. Got {value} instead.")
    return float(value)


def confidence_level(function: str, confidence: float) -> float:
    """A confidence between 0 and 1, ends excluded (``ValueError``)."""
    return number(function, "confidence", confidence, 0.0, 1.0, open_low=True, open_high=True)


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
