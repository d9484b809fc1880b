"""Who teaches and who is tested, nobody on both sides: splits by chance, by site or employer, by time."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

from vivavoce.evaluation.arguments import same_length
from vivavoce.training.tables import BadTraining

Rows = npt.NDArray[np.intp]
Split = tuple[Rows, Rows]  # row numbers that teach, and row numbers that are tested

FOLDS = 5
STREAM = 3  # keeps the draws of folds apart from other draws with the same seed


def person_folds(persons: npt.ArrayLike, *, folds: int = FOLDS, seed: int = 0) -> Rows:
    """Each row's fold, 0 to ``folds`` − 1; all rows of a person are in one, and folds hold equally many persons (± 1).

    Raises
    ------
    ValueError
        For fewer persons than folds.

    Examples
    --------
    >>> person_folds(["b", "a", "b", "c"], folds=3)
    array([1, 2, 1, 0])
    """
    names, number = np.unique(np.asarray(persons), return_inverse=True)
    if not 2 <= folds <= len(names):
        raise ValueError(
            f"The 'folds' parameter of person_folds must be 2 to {len(names)} persons. Got {folds} instead."
        )
    fold = np.empty(len(names), np.intp)
    fold[np.random.default_rng([seed, STREAM]).permutation(len(names))] = np.arange(len(names)) % folds
    return fold[number]


def splits_by_person(persons: npt.ArrayLike, *, folds: int = FOLDS, seed: int = 0) -> list[Split]:
    """Every row is tested once, by a model that saw no row of its person.

    Examples
    --------
    >>> [(seen.tolist(), held.tolist()) for seen, held in splits_by_person(["a", "a", "b"], folds=2)]
    [([2], [0, 1]), ([0, 1], [2])]
    """
    return list(_splits(person_folds(persons, folds=folds, seed=seed)))


def splits_by_group(persons: npt.ArrayLike, groups: npt.ArrayLike, *, folds: int = FOLDS) -> list[Split]:
    """Whole sites, employers or interviewers are tested by models that saw nobody of them.

    A person who was at two sites ties them together: they are tested together.

    Parameters
    ----------
    persons, groups
        Of each row, shape (n,).
    folds
        At most how many; the ties of most persons are dealt out first, each to the fold of fewest.

    Raises
    ------
    BadTraining
        Where persons tie all groups into one, or there is one only.

    Examples
    --------
    >>> splits = splits_by_group(["a", "b", "b", "c", "d"], ["x", "x", "y", "z", "z"])
    >>> [held.tolist() for _, held in splits]  # b was at x and y
    [[0, 1, 2], [3, 4]]
    """
    same_length("splits_by_group", persons=persons, groups=groups)
    _, person = np.unique(np.asarray(persons), return_inverse=True)
    tie = ties_of(person, np.asarray(groups))
    ties = int(tie.max()) + 1
    if ties < 2:
        count = len(np.unique(np.asarray(groups)))
        raise BadTraining(
            f"splits_by_group needs two groups that share no person. Got {count} groups tied into one: split by "
            "person, or leave out those who were in several groups."
        )
    counts = np.bincount(tie, minlength=ties)
    fold, load = np.empty(ties, np.intp), np.zeros(min(folds, ties))
    for one in np.argsort(-counts, kind="stable"):
        fold[one] = np.argmin(load)
        load[fold[one]] += counts[one]
    return list(_splits(fold[tie][person]))


def ties_of(person: Rows, groups: npt.NDArray[np.generic]) -> Rows:
    """The tie of each person, numbered from 0: groups that share somebody, directly or through others, are one."""
    names, group = np.unique(groups, return_inverse=True)
    size = int(person.max()) + 1
    links = sparse.coo_array((np.ones(len(person)), (person, size + group)), (size + len(names),) * 2)
    _, tie = csgraph.connected_components(links, directed=False)
    found: Rows = np.unique(tie[:size], return_inverse=True)[1].astype(np.intp)
    return found


def splits_by_time(persons: npt.ArrayLike, times: npt.ArrayLike, *, folds: int = FOLDS) -> list[Split]:
    """Each later block of people is tested by a model of everybody whose last recording was earlier.

    Parameters
    ----------
    persons
        Of each row, shape (n,).
    times
        When it was recorded, shape (n,), any type that can be ordered. A person belongs to the time of the last row.
    folds
        Blocks of about equally many persons; the first only teaches. Who was recorded at one moment stays together.

    Raises
    ------
    BadTraining
        Where all were recorded at one moment.

    Examples
    --------
    >>> [(seen.tolist(), held.tolist()) for seen, held in splits_by_time(["a", "b", "c", "a"], [1, 2, 4, 3], folds=3)]
    [([1], [0, 3]), ([0, 1, 3], [2])]
    """
    same_length("splits_by_time", persons=persons, times=times)
    _, person = np.unique(np.asarray(persons), return_inverse=True)
    last = last_moments(person, np.asarray(times))
    block = blocks_of(last, folds)[person]
    blocks = np.unique(block)
    if len(blocks) < 2:
        count = len(np.unique(last))
        raise BadTraining(f"splits_by_time needs two moments to order people by. Got {count}: split by person.")
    return [(np.flatnonzero(block < one), np.flatnonzero(block == one)) for one in blocks[1:]]


def last_moments(person: Rows, times: npt.NDArray[np.generic]) -> Rows:
    """Of each person the last moment, as its place in the order of all."""
    _, moment = np.unique(times, return_inverse=True)
    found = np.zeros(int(person.max()) + 1, np.intp)
    np.maximum.at(found, person, moment)
    return found


def blocks_of(last: Rows, count: int) -> Rows:
    """Consecutive blocks of about equally many; equal moments are in one."""
    edges = np.unique(np.quantile(last, np.arange(1, count) / count, method="inverted_cdf"))
    found: Rows = np.searchsorted(edges, last, "left")
    return found


def _splits(fold: Rows) -> Iterator[Split]:
    for one in range(int(fold.max()) + 1):
        yield np.flatnonzero(fold != one), np.flatnonzero(fold == one)


def check_splits(splits: Sequence[Split], persons: npt.ArrayLike) -> None:
    """Refuse splits with a person on both sides (``ValueError``)."""
    who = np.asarray(persons)
    for i, (seen, held) in enumerate(splits):
        both = np.intersect1d(who[seen], who[held])
        if len(both):
            raise ValueError(
                f"Split {i} has {len(both)} persons on both sides: what it finds is memory. Split by person."
            )
