"""Could the same procedure have found this by chance: ratings dealt out to other people, everything learned again."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.estimate import NAN, Floats, number, rows_by_person, same_length
from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.training.scheme import BY_PERSON, Scheme

COUNT = 199  # permutations: p has steps of .005, and its own error at .05 is .015
LEAST_PEOPLE = 20
STREAM = 5  # of the seed


@dataclass(frozen=True)
class Permuted:
    """A correlation against those of people who got one another's ratings.

    Parameters
    ----------
    r
        Observed.
    p
        (1 + permutations with at least this r) / (1 + permutations), one-sided; ``nan`` where r is undefined.
    chance
        The r that 5 % of the permutations exceed; ideal: far below ``r``.
    count
        Permutations.
    reason
        Why there is no number; None where there is.
    """

    r: float
    p: float
    chance: float
    count: int
    reason: str | None = None


def permuted_persons(
    persons: npt.ArrayLike, count: int, seed: int = 0, *, scheme: Scheme = BY_PERSON
) -> npt.NDArray[np.intp]:
    """Row numbers in which each person has another person's rows, shape (count, n).

    People are exchanged with people of equally many rows, so that whoever was rated three times keeps three ratings
    that belong to one person; and within what ``scheme`` holds together, so that a site of mild raters keeps them.

    Examples
    --------
    >>> permuted_persons(["a", "a", "b", "b"], 2, seed=1)
    array([[0, 1, 2, 3],
           [2, 3, 0, 1]])
    """
    rows = rows_by_person(persons)
    sizes = np.array([len(one) for one in rows])
    within = scheme.exchangeable(persons)[[one[0] for one in rows]]
    rng = np.random.default_rng([seed, STREAM])
    found = np.tile(np.arange(sizes.sum()), (count, 1))
    for size, label in np.unique(np.column_stack([sizes, within]), axis=0):
        own = np.array([rows[i] for i in np.flatnonzero((sizes == size) & (within == label))])
        for one in found:
            one[own.ravel()] = own[rng.permutation(len(own))].ravel()
    return found


def permuted_learning(
    model: CompetencyRidge,
    features: npt.ArrayLike,
    ratings: npt.ArrayLike,
    persons: npt.ArrayLike,
    *,
    count: int = COUNT,
    scheme: Scheme = BY_PERSON,
    seed: int = 0,
) -> Permuted:
    """Test the cross-fitted r of a ridge: each permutation goes through standardising, nested choice and folds again.

    Without sample weights, which may rest on the ratings that are dealt out.

    Parameters
    ----------
    model
        As in :func:`vivavoce.training.overall.cross_fitted`.
    features, ratings, persons
        Shapes (n, p), (n,) and (n,); rows without a rating are left out.
    count
        Permutations, ≥ 19 (below, p cannot reach .05).
    scheme
        By what people are split, and within what they are exchanged.
    seed
        Of folds and permutations.

    References
    ----------
    Ojala & Garriga (2010), Journal of Machine Learning Research 11, 1833–1863; Phipson & Smyth (2010), Statistical
    Applications in Genetics and Molecular Biology 9, 39 (the 1 + rule).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((100, 3))
    >>> permuted_learning(CompetencyRidge(), x, x[:, 0], np.arange(100), count=19).p
    0.05
    """
    number("permuted_learning", "count", count, 19, np.inf, open_high=True)
    x, y, who = np.asarray(features, np.float64), np.asarray(ratings, np.float64), np.asarray(persons)
    same_length("permuted_learning", features=x, ratings=y, persons=who)
    rated = ~np.isnan(y)
    x, y, who = x[rated], y[rated], who[rated]
    reason = _too_little(y, who)
    if reason:
        return Permuted(NAN, NAN, NAN, count, reason)
    targets = np.column_stack([y, y[permuted_persons(who, count, seed, scheme=scheme)].T])
    predicted = np.full(targets.shape, NAN)
    for seen, held in scheme.splits(who, seed=seed):
        predicted[held] = model.predict_targets(x[seen], targets[seen], x[held], scheme.inner(who[seen]))
    return _judged(_correlations(predicted, targets), count)


def permuted_scores(
    scores: npt.ArrayLike,
    criterion: npt.ArrayLike,
    persons: npt.ArrayLike,
    *,
    count: int = COUNT,
    scheme: Scheme = BY_PERSON,
    seed: int = 0,
) -> Permuted:
    """Test the r of scores that nothing of the criterion went into: persons' criterion is dealt out to others.

    Parameters
    ----------
    scores, criterion, persons
        Shape (n,) each; rows that lack one are left out.
    count, scheme, seed
        Of the permutations, as in :func:`permuted_learning`.

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal(50)
    >>> permuted_scores(x, -x, np.arange(50)).p
    1.0
    """
    number("permuted_scores", "count", count, 19, np.inf, open_high=True)
    x, y, who = np.asarray(scores, np.float64), np.asarray(criterion, np.float64), np.asarray(persons)
    same_length("permuted_scores", scores=x, criterion=y, persons=who)
    both = ~np.isnan(x) & ~np.isnan(y)
    x, y, who = x[both], y[both], who[both]
    reason = _too_little(y, who)
    if reason:
        return Permuted(NAN, NAN, NAN, count, reason)
    targets = np.column_stack([y, y[permuted_persons(who, count, seed, scheme=scheme)].T])
    return _judged(_correlations(np.broadcast_to(x[:, None], targets.shape), targets), count)


def permuted_procedure(
    procedure: Callable[[Floats], Floats],
    criterion: npt.ArrayLike,
    persons: npt.ArrayLike,
    *,
    count: int = COUNT,
    scheme: Scheme = BY_PERSON,
    seed: int = 0,
) -> Permuted:
    """Test the r of scores that something of the criterion went into: each permutation goes through the procedure.

    Parameters
    ----------
    procedure
        Makes cross-fitted scores (n,) from a criterion (n,).
    criterion, persons
        Shape (n,), finite.
    count, scheme, seed
        Of the permutations, as in :func:`permuted_learning`.
    """
    number("permuted_procedure", "count", count, 19, np.inf, open_high=True)
    y, who = np.asarray(criterion, np.float64), np.asarray(persons)
    reason = _too_little(y, who)
    if reason:
        return Permuted(NAN, NAN, NAN, count, reason)
    targets = np.column_stack([y, y[permuted_persons(who, count, seed, scheme=scheme)].T])
    return _judged(_correlations(np.column_stack([procedure(one) for one in targets.T]), targets), count)


def _too_little(y: Floats, persons: npt.NDArray[np.generic]) -> str | None:
    people = len(np.unique(persons))
    if people < LEAST_PEOPLE:
        return f"{people} persons with both: fewer than {LEAST_PEOPLE}"
    return "the criterion does not vary" if np.ptp(y) == 0 else None


def _correlations(scores: Floats, targets: Floats) -> Floats:
    """Of each column with its target, over the rows that have a score; ``nan`` where scores do not vary."""
    known = ~np.isnan(scores)
    n = np.maximum(known.sum(axis=0), 1)
    x, y = np.where(known, scores, 0.0), np.where(known, targets, 0.0)
    x, y = np.where(known, x - x.sum(axis=0) / n, 0.0), np.where(known, y - y.sum(axis=0) / n, 0.0)
    spread = np.sum(x**2, axis=0) * np.sum(y**2, axis=0)
    found: Floats = np.divide(np.sum(x * y, axis=0), np.sqrt(spread), out=np.full(len(n), NAN), where=spread > 0)
    return found


def _judged(r: Floats, count: int) -> Permuted:
    """The first column is the observed one; scores that do not vary have found nothing, and count as r = 0."""
    if np.isnan(r[0]):
        return Permuted(NAN, NAN, NAN, count, "the scores do not vary")
    chance = np.nan_to_num(r[1:])
    p = (1 + int(np.count_nonzero(chance >= r[0]))) / (1 + count)
    return Permuted(float(r[0]), p, float(np.quantile(chance, 0.95)), count)
