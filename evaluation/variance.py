"""Where the variance of ratings comes from: persons, raters, the rest."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

ROUNDING = 1e-14  # mean squares below this share of the largest square are rounding, not variance


@dataclass(frozen=True)
class MeanSquares:
    """The two-way analysis of variance of a table persons × raters: mean squares in squared rating units."""

    persons: float
    raters: float
    residual: float
    within: float
    total: float


def mean_squares(table: npt.NDArray[np.float64]) -> MeanSquares:
    """Mean squares between persons, between raters, residual, within persons and in total, of shape (n, k) ratings.

    Examples
    --------
    >>> mean_squares(np.array([[1.0, 2.0], [3.0, 4.0]]))
    MeanSquares(persons=4.0, raters=1.0, residual=0.0, within=0.5, total=1.6666666666666667)
    """
    n, k = table.shape
    centred = table - table.mean()
    person, rater = centred.mean(axis=1, keepdims=True), centred.mean(axis=0, keepdims=True)
    residual = centred - person - rater
    found = np.array(
        [
            k * np.sum(person**2) / (n - 1),
            n * np.sum(rater**2) / (k - 1),
            np.sum(residual**2) / ((n - 1) * (k - 1)),
            np.sum((centred - person) ** 2) / (n * (k - 1)),
            np.sum(centred**2) / (n * k - 1),
        ]
    )
    found[found <= ROUNDING * max(found.max(), float(np.square(table).max()))] = 0.0
    return MeanSquares(*map(float, found))
