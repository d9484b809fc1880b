"""A rating from features by a ridge's numbers, and how much of it rests on what was measured.

Sums run over the features in their order, one row apart from the other: a row has the same bits whether it comes alone
or among a million. A matrix product does not promise that.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


REACH = 4.0  # standard deviations of the training: a value beyond is a slip of the measuring or stands alone, and
# counts as one at the edge. Of people whose measures are normal 1 in 16,000 lies there


def within_reach(column: Floats, mean: float, scale: float) -> Floats:
    """Values no further from the training's mean than REACH of its standard deviations; ``nan`` stays ``nan``.

    Examples
    --------
    >>> within_reach(np.array([0.0, 9.0, -99.0, np.nan]), 1.0, 2.0)
    array([ 0.,  9., -7., nan])
    """
    found: Floats = np.clip(column, mean - REACH * scale, mean + REACH * scale)
    return found


def rating(
    columns: Iterable[Floats], intercept: float, coefficients: Floats, absent: Floats, mean: Floats, scale: Floats
) -> Floats:
    """Ratings, shape (n,), from p features.

    Parameters
    ----------
    columns
        p arrays of shape (n,), at least one; ``nan`` where not measured.
    intercept
        Rating where every feature is 0.
    coefficients, absent, mean
        Of each feature, shape (p,): rating per unit, what its absence adds, and the value that an absent one counts as.
    scale
        Of each feature, shape (p,): what REACH is counted in.

    Examples
    --------
    >>> one = np.array([1.0, np.nan, 99.0])
    >>> rating([one], 3.0, np.array([0.5]), np.array([-0.25]), np.array([2.0]), np.array([1.0]))
    array([3.5 , 3.75, 6.  ])
    """
    found: Floats | float = intercept + 0.0  # so that no sum starts at -0.0
    for column, coefficient, added, middle, spread in zip(columns, coefficients, absent, mean, scale, strict=True):
        missing = np.isnan(column)
        near = within_reach(column, middle, spread)
        if missing.any():
            found = found + np.where(missing, middle, near) * coefficient
            found += missing * added
        else:
            found = found + near * coefficient
    return np.asarray(found, np.float64)


def measured_share(columns: Iterable[Floats], importance: Floats) -> Floats:
    """Share of the importance (p,), absolute, that lies on measured features, shape (n,); 1 where nothing has any.

    Examples
    --------
    >>> measured_share([np.array([1.0, np.nan]), np.array([1.0, 1.0])], np.array([-3.0, 1.0]))
    array([1.  , 0.25])
    """
    total, lost = 0.0, np.zeros(1)
    for column, weight in zip(columns, np.abs(importance), strict=True):
        total += float(weight)
        missing = np.isnan(column)
        if len(lost) != len(missing):
            lost = np.zeros(len(missing))
        if missing.any():
            lost += missing * weight
    return 1.0 - lost / total if total > 0 else np.ones_like(lost)
