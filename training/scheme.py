"""By what a whole training is split: everything that is cross-fitted asks the one scheme, so that nothing differs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.arguments import same_length
from vivavoce.training.splits import (
    FOLDS,
    Rows,
    Split,
    blocks_of,
    last_moments,
    splits_by_group,
    splits_by_person,
    splits_by_time,
    ties_of,
)
from vivavoce.training.tables import BadTraining

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
