"""Sample weights that make group and outcome independent in training; who belongs to which group stays behind."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.arguments import Floats, number, same_length, vectors

CLASSES = 5  # of a continuous rating: fifths leave 20 % of each group to a class, so cells stay filled in small groups


@dataclass(frozen=True)
class Reweighing:
    """Weights for training.

    Parameters
    ----------
    weights
        Shape (n,), > 0, summing to n. 1 where a group is as frequent among an outcome as it would be by chance.
    classes
        Shape (n,): the outcome class each person was weighted in.
    effective_n
        Kish's (Σw)² / Σw²: how many equally weighted people say as much; ideal n.
    empty
        (group, class) pairs without anybody. Weights cannot make what nobody shows: with any such pair, group and
        outcome stay dependent after weighting.
    """

    weights: Floats
    classes: npt.NDArray[np.intp]
    effective_n: float
    empty: tuple[tuple[str, int], ...]


def reweigh(groups: npt.ArrayLike, outcomes: npt.ArrayLike, *, classes: int = CLASSES) -> Reweighing:
    """Weigh every person by expected / observed frequency of their group and outcome.

    Outcomes with at most ``classes`` different values are classes themselves, as published. Continuous ratings are an
    extension of ours: they are cut at quantiles of the whole sample, equal ratings always together, and weighted by
    class; the distributions of classes, not of ratings within a class, become equal across groups.

    Parameters
    ----------
    groups
        Declared labels, shape (n,); people who declared nothing are a group of their own.
    outcomes
        0/1 or ratings, shape (n,), finite.
    classes
        At most how many, ≥ 2.

    References
    ----------
    Kamiran & Calders (2012), Knowledge and Information Systems 33, 1–33.

    Examples
    --------
    >>> found = reweigh(list("fffffmmmmm"), [1, 1, 0, 0, 0, 1, 1, 1, 1, 0])
    >>> found.weights.round(4).tolist()
    [1.5, 1.5, 0.6667, 0.6667, 0.6667, 0.75, 0.75, 0.75, 0.75, 2.0]
    """
    (y,) = vectors("reweigh", outcomes=outcomes)
    same_length("reweigh", groups=np.asarray(groups), outcomes=y)
    number("reweigh", "classes", classes, 2, math.inf, open_high=True)
    names, group = np.unique(np.asarray(groups).astype(str), return_inverse=True)
    label = _classes(y, classes)
    counts = np.zeros((len(names), label.max() + 1))
    np.add.at(counts, (group, label), 1)
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / len(y)
    weights = expected[group, label] / counts[group, label]
    weights = weights * len(y) / weights.sum()
    return Reweighing(
        weights=weights,
        classes=label,
        effective_n=float(weights.sum() ** 2 / np.sum(weights**2)),
        empty=tuple((str(names[i]), int(j)) for i, j in zip(*np.nonzero(counts == 0), strict=True)),
    )


def _classes(y: Floats, classes: int) -> npt.NDArray[np.intp]:
    """Outcome classes 0, 1, … in rising order, each with somebody in it."""
    values, number_of = np.unique(y, return_inverse=True)
    if len(values) <= classes:
        return number_of
    edges = np.quantile(y, np.linspace(0, 1, classes + 1)[1:-1])
    return np.unique(np.searchsorted(edges, y, "right"), return_inverse=True)[1]
