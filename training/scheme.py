"""By what a whole training is split: everything that is cross-fitted asks the one scheme, so that nothing differs.

Who teaches and who is tested, nobody on both sides: splits by chance, by site or employer, by time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

from vivavoce.evaluation.estimate import same_length
from vivavoce.training import BadTraining

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


PERSON, TIME = "person", "time"
LARGE = 0.5  # of the people, in one unit: where it is tested the few others teach, which is said


@dataclass(frozen=True)
class Scheme:
    """By what a whole training is split; persons are never on both sides, whatever it is.

    Made by :meth:`by_group` and :meth:`by_time`; :data:`BY_PERSON` is the usual one. It knows persons, not rows: any
    part of a training, and any table with one row or several per person, is split alike.

    Parameters
    ----------
    by
        ``person``, ``time``, or what the groups are: ``site``, ``employer``, a column's name.
    persons
        Everybody whom it can split, sorted, shape (n,); none where ``by`` is ``person``.
    units
        Of each, shape (n,): the tie of groups that is held together, or the place of the last moment in their order.
    groups
        How many groups, or moments, there are.

    Examples
    --------
    >>> sites = Scheme.by_group("site", ["a", "b", "c", "d"], ["x", "x", "y", "z"])
    >>> [held.tolist() for _, held in sites.splits(["d", "a", "b", "a"])]
    [[1, 2, 3], [0]]
    """

    by: str = PERSON
    persons: npt.NDArray[np.str_] | None = None
    units: Rows | None = None
    groups: int = 0

    @staticmethod
    def by_group(name: str, persons: npt.ArrayLike, groups: npt.ArrayLike) -> "Scheme":
        """Whole groups are tested; those that share a person are one. Refuses (``BadTraining``) what is all one."""
        same_length("Scheme.by_group", persons=persons, groups=groups)
        names, person = np.unique(np.asarray(persons), return_inverse=True)
        given = np.asarray(groups)
        units, count = ties_of(person, given), len(np.unique(given))
        if count < 2:
            raise BadTraining(f"Everybody here is of one {name}: nothing can be held out whole. Split by person.")
        if units.max() == 0:
            raise BadTraining(
                f"All {count} groups of {name} are tied into one by people who are in several: nothing can be held out "
                "whole. Leave those people out, or split by person."
            )
        return Scheme(name, names, units, count)

    @staticmethod
    def by_time(persons: npt.ArrayLike, times: npt.ArrayLike) -> "Scheme":
        """Later people are tested by what earlier ones taught; refuses (``BadTraining``) fewer than two moments."""
        same_length("Scheme.by_time", persons=persons, times=times)
        names, person = np.unique(np.asarray(persons), return_inverse=True)
        last = last_moments(person, np.asarray(times))
        if len(np.unique(blocks_of(last, FOLDS))) < 2:
            raise BadTraining("Nearly everybody was recorded at one moment: nobody is later. Split by person.")
        return Scheme(TIME, names, last, len(np.unique(last)))

    @property
    def ties(self) -> int:
        """Units that can be held out, once groups that share somebody count as one; 0 by person."""
        return 0 if self.units is None else len(np.unique(self.units))

    def splits(self, persons: npt.ArrayLike, *, seed: int = 0) -> list[Split]:
        """Splits of these rows' persons, shape (n,). By time the first block is never tested.

        Raises
        ------
        BadTraining
            Where these people are all of one unit.
        """
        if self.units is None:
            return splits_by_person(persons, seed=seed)
        units = self._units(persons)
        if len(np.unique(units)) < 2:
            raise BadTraining(
                f"{len(np.unique(np.asarray(persons)))} people cannot be split by {self.by}: they are all of one. Add "
                "people, or split by person."
            )
        return splits_by_time(persons, units) if self.by == TIME else splits_by_group(persons, units)

    def inner(self, persons: npt.ArrayLike) -> npt.NDArray[np.generic]:
        """What folds inside a fit leave out whole, a label for each of these rows, shape (n,).

        By time these are five periods of about equally many people. Where the rows are all of one unit, persons.
        """
        who = np.asarray(persons)
        if self.units is None:
            return who
        units = self._units(who)
        if self.by == TIME:
            _, first, person = np.unique(who, return_index=True, return_inverse=True)
            units = blocks_of(units[first], FOLDS)[person]
        return units if len(np.unique(units)) > 1 else who

    def exchangeable(self, persons: npt.ArrayLike) -> Rows:
        """Within what people may get one another's ratings in a permutation test, a label for each row, shape (n,).

        Within a site people differ by chance, between sites by more; within a period alike. Who is alone changes places
        with others who are alone.
        """
        who = np.asarray(persons)
        if self.units is None:
            return np.zeros(len(who), np.intp)
        _, first, person = np.unique(who, return_index=True, return_inverse=True)
        label = np.unique(self.inner(who)[first] if self.by == TIME else self._units(who)[first], return_inverse=True)[
            1
        ]
        alone = np.bincount(label)[label] == 1
        found: Rows = np.where(alone, -1, label)[person]
        return found

    def _units(self, persons: npt.ArrayLike) -> Rows:
        assert self.persons is not None
        assert self.units is not None
        who = np.asarray(persons)
        place = np.minimum(np.searchsorted(self.persons, who), len(self.persons) - 1)
        strangers = np.unique(who[self.persons[place] != who])
        if len(strangers):
            raise BadTraining(f"The {self.by} of {len(strangers)} people is not known, so they cannot be split by it.")
        found: Rows = self.units[place]
        return found

    @property
    def largest(self) -> float:
        """Share of the people in the largest unit that is held out whole; ideal small. 0 by person and by time."""
        if self.units is None or self.by == TIME:
            return 0.0
        return float(np.bincount(self.units).max() / len(self.units))

    def document(self) -> dict[str, str | int | float]:
        """As JSON: by what, how many groups, how many once those that share people are joined, and the sentence."""
        return {
            "by": self.by,
            "groups": self.groups,
            "held together": self.ties,
            "largest": round(self.largest, 4),
            "said": self.sentence,
        }

    @property
    def sentence(self) -> str:
        """What is tested by what, in words.

        Examples
        --------
        >>> Scheme.by_group("site", ["a", "b", "b", "c", "d"], ["x", "x", "y", "z", "w"]).sentence
        'Everything is split by site: 4 of them, 3 once those that share people are joined; whole ones are tested.'
        """
        if self.by == PERSON:
            return "Everything is split by person: nobody is tested by a model that saw them."
        if self.by == TIME:
            return (
                f"Everything is split by time ({self.groups} moments): people are tested by models of people recorded "
                "before them, and the first fifth only teaches."
            )
        tied = "" if self.ties == self.groups else f", {self.ties} once those that share people are joined"
        large = f" The largest holds {self.largest:.0%} of the people." if self.largest > LARGE else ""
        return f"Everything is split by {self.by}: {self.groups} of them{tied}; whole ones are tested.{large}"


BY_PERSON = Scheme()
