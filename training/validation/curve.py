"""Would more people help: the cross-fitted r of a competency when fewer people teach it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.arguments import Floats, number, same_length
from vivavoce.evaluation.estimate import Estimate, undefined
from vivavoce.evaluation.gain import Drawn, drawn_correlations
from vivavoce.training.crossfit import Estimator, cross_fitted
from vivavoce.training.scheme import BY_PERSON, Scheme
from vivavoce.training.splits import Split

SHARES = (0.25, 0.5, 0.75, 1.0)  # of the people who teach
REPEATS = 3  # draws of fewer people; the last share needs none
AHEAD = 2.0  # times as many people, which the curve is carried on to
POOR_FIT = 0.02  # of r: the law misses the measured points by more, and is not carried on
TOO_WIDE = 0.15  # of the carried-on interval, above which nothing is said
STREAM = 6  # of the seed
DRAWS = 1000


@dataclass(frozen=True)
class Point:
    """The cross-fitted r where so many people teach; every point is tested on the same people."""

    share: float
    people: int
    r: Estimate


@dataclass(frozen=True)
class Curve:
    """How r rises with the people who teach.

    Parameters
    ----------
    points
        At each share of the people.
    ahead
        r expected with ``ahead_people``, after r(n) = a − b / n; undefined, with its reason, where that law does not
        fit the points or says too little.
    ahead_people
        Twice those who teach now.
    """

    points: tuple[Point, ...]
    ahead: Estimate
    ahead_people: int


def learning_curve(
    model: Estimator,
    features: npt.ArrayLike,
    ratings: npt.ArrayLike,
    persons: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    scheme: Scheme = BY_PERSON,
    shares: Sequence[float] = SHARES,
    repeats: int = REPEATS,
    draws: int = DRAWS,
    seed: int = 0,
) -> Curve:
    """Learn from a part of the people, test on the same people always.

    Parameters
    ----------
    model, features, ratings, persons, weights, scheme
        As in :func:`vivavoce.training.crossfit.cross_fitted`.
    shares
        Of the people who teach in each fold, rising, the last one 1.
    repeats
        Draws of people at every share below 1; their r is averaged.
    draws, seed
        Of the intervals over persons, and of everything drawn.

    References
    ----------
    Cortes, Jackel, Solla, Vapnik & Denker (1994), NIPS 6, 327–334 (error = a + b / n^c; c is 1 for a ridge once there
    are more people than features).

    Examples
    --------
    >>> from vivavoce.models.linear.ridge import CompetencyRidge
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((200, 30))
    >>> y = x.sum(axis=1) + rng.standard_normal(200)
    >>> found = learning_curve(CompetencyRidge(), x, y, np.arange(200), draws=200)
    >>> found.points[0].people, found.points[0].r.value < found.points[-1].r.value
    (40, True)
    """
    x, y, who = np.asarray(features, np.float64), np.asarray(ratings, np.float64), np.asarray(persons)
    same_length("learning_curve", features=x, ratings=y, persons=who)
    for share in shares:
        number("learning_curve", "shares", share, 0.0, 1.0, open_low=True)
    rated = ~np.isnan(y)
    counts = None if weights is None else np.asarray(weights, np.float64)[rated]
    x, y, who = x[rated], y[rated], who[rated]
    splits = scheme.splits(who, seed=seed)
    scores, share_of, people = [], [], []
    for i, share in enumerate(shares):
        for repeat in range(repeats if share < 1 else 1):
            fewer = [_fewer(one, who, share, [seed, STREAM, repeat, k]) for k, one in enumerate(splits)]
            scores.append(cross_fitted(model, x, y, who, weights=counts, splits=fewer, scheme=scheme))
            share_of.append(i)
        people.append(round(float(np.mean([len(np.unique(who[seen])) for seen, _ in fewer]))))
    ahead_people = round(AHEAD * people[-1])
    drawn = drawn_correlations("learning_curve", scores, y, who, draws=draws, seed=seed)
    if isinstance(drawn, Estimate):
        return Curve(tuple(map(Point, shares, people, [drawn] * len(shares))), drawn, ahead_people)
    mean = (np.array(share_of)[:, None] == np.arange(len(shares))).astype(np.float64)
    mean /= mean.sum(axis=0)
    points = [
        Point(share, count, drawn.estimate(lambda r, i=i: (r @ mean)[..., i]))  # type: ignore[misc]
        for i, (share, count) in enumerate(zip(shares, people, strict=True))
    ]
    return Curve(tuple(points), _ahead(drawn, mean, np.array(people, np.float64)), ahead_people)


def _fewer(split: Split, persons: npt.NDArray[np.generic], share: float, seed: list[int]) -> Split:
    """A share of the persons who teach; a larger share holds the smaller ones of the same repeat."""
    seen, held = split
    names = np.unique(persons[seen])
    kept = np.random.default_rng(seed).permutation(names)[: max(round(share * len(names)), 1)]
    return seen[np.isin(persons[seen], kept)], held


def _ahead(drawn: Drawn, mean: Floats, people: Floats) -> Estimate:
    """r(n) = a − b / n, fitted to the points and carried on to twice the people, if it fits and says something."""
    if len(people) < 3:
        return undefined("a law with two constants needs three points at least")
    design = np.column_stack([np.ones(len(people)), -1 / people])
    law = mean @ np.linalg.pinv(design).T  # from all repeats' r to a and b
    ahead = law @ [1.0, -1 / (AHEAD * people[-1])]
    points = drawn.values @ mean
    missed = float(np.abs(points - drawn.values @ law @ design.T).max())
    if missed > POOR_FIT:
        return undefined(f"r = a − b / n misses the points by up to {missed:.3f}: nothing is carried on")
    found = drawn.estimate(lambda r: r @ ahead)
    if not found.high - found.low <= TOO_WIDE:
        return undefined(f"the carried-on r would lie between {found.low:.2f} and {found.high:.2f}: it says too little")
    return found
