"""Declared groups: what people said of themselves, and how many said nothing.

What people did to the machine's scores: overrides by group, so that a second look does not bring in a gap.

Sample weights that make group and outcome independent in training; who belongs to which group stays behind.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vivavoce.data.cells import read_words
from vivavoce.data.column_maps import fold
from vivavoce.data.problem import Problem, nearest, shorten
from vivavoce.data.table import Column, Given, Kind, Maps, Table, read_table
from vivavoce.evaluation.estimate import Floats, number, same_length, vectors

CANDIDATE = "candidate_id"
UNKNOWN = -1
UNKNOWN_WORD = "unknown"  # what a report calls those who said nothing
CROSS = " × "


GROUPS = (Column(CANDIDATE, Kind.ID, meaning="who declared it"),)


@dataclass(frozen=True)
class Labels:
    """One label per row: ``codes`` (n,) point into ``levels``; -1 is unknown."""

    levels: tuple[str, ...]
    codes: npt.NDArray[np.int64]

    @staticmethod
    def of(column: "pd.Series[Any]") -> "Labels":
        """Labels from text, levels sorted; whatever a table calls missing is unknown."""
        cells, _ = read_words(column, absent=True)
        codes, levels = pd.factorize(pd.Series(cells, dtype=object), sort=True)
        return Labels(tuple(str(level) for level in levels), codes.astype(np.int64))

    @property
    def people(self) -> dict[str, float]:
        """How many rows each level has."""
        counts = np.bincount(self.codes[self.codes != UNKNOWN], minlength=len(self.levels))
        return dict(zip(self.levels, counts.tolist(), strict=True))

    def crossed(self, other: "Labels") -> "Labels":
        """Every pair of levels that occurs; unknown where either is."""
        both = (self.codes != UNKNOWN) & (other.codes != UNKNOWN)
        pairs = np.where(both, self.codes * len(other.levels) + other.codes, UNKNOWN)
        found = np.unique(pairs[both])
        names = [
            f"{self.levels[pair // len(other.levels)]}{CROSS}{other.levels[pair % len(other.levels)]}" for pair in found
        ]
        codes = np.where(both, np.searchsorted(found, np.maximum(pairs, 0)), UNKNOWN)
        return Labels(tuple(names), codes)

    def counted(self, rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """How many of the marked rows each level has, unknown last, shape (levels + 1,)."""
        size = len(self.levels) + 1
        return np.bincount(self.codes[rows] % size, minlength=size)  # -1 becomes the last place


SEVERAL = "two or more"  # the group of those who declare several values, in whatever order
_SEPARATED = re.compile(r"\s*[;；|、,，/]\s*")


def settle(cells: Sequence[str | None], same: Mapping[str, str]) -> list[str | None]:
    """What people declared, spellings joined as ``same`` says, and several values as one group, :data:`SEVERAL`.

    A cell holds several values where it parts into ones that others declare alone (one of them is enough where the
    parts stand between semicolons); the same value twice is one. A group that is called so already keeps its name.

    Examples
    --------
    >>> settle(["Asian", "White;Asian", "Asian ; White", "White", "F", None], {"F": "Female"})
    ['Asian', 'two or more', 'two or more', 'White', 'Female', None]
    """
    joined = [None if cell is None else same.get(cell, cell) for cell in cells]
    whole = {cell for cell in joined if cell is not None}
    called = next((cell for cell in sorted(whole) if cell.casefold().startswith(SEVERAL)), SEVERAL)
    found = {cell: _settled(cell, whole, same, called) for cell in whole}
    return [None if cell is None else found[cell] for cell in joined]


def _settled(cell: str, whole: set[str], same: Mapping[str, str], called: str) -> str:
    parts = {same.get(part, part) for part in _SEPARATED.split(cell) if part}
    alone = parts & (whole - {cell})
    several = len(parts) > 1 and (alone == parts or (bool(alone) and re.search("[;；]", cell) is not None))
    return called if several else parts.pop() if len(parts) == 1 and alone else cell


@dataclass(frozen=True)
class Declared:
    """Groups as read: one row per person; ``same`` joins spellings, by attribute."""

    table: Table
    frame: pd.DataFrame
    same: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes' names, in the file's order."""
        return tuple(str(name) for name in self.frame.columns if name != CANDIDATE)

    def places(self, candidates: "pd.Series[Any]") -> npt.NDArray[np.int64]:
        """Where in the file each candidate stands, counted from 0; -1 for those who are not in it."""
        return np.asarray(pd.Index(self.frame[CANDIDATE]).get_indexer(pd.Index(candidates)), np.int64)

    def several(self, attribute: str) -> int:
        """How many people declared several values of an attribute and are counted as :data:`SEVERAL`."""
        cells = read_words(self.frame[attribute], absent=True)[0].tolist()
        settled = settle(cells, self.same.get(attribute, {}))
        pairs = zip(cells, settled, strict=True)
        return sum(kept != cell and kept is not None and kept.casefold().startswith(SEVERAL) for cell, kept in pairs)

    def labels(self, places: npt.NDArray[np.int64], attribute: str) -> Labels:
        """One attribute's label at each place (:meth:`places`); levels that nobody there has are left out."""
        cells, _ = read_words(self.frame[attribute], absent=True)
        declared = Labels.of(pd.Series(settle(cells.tolist(), self.same.get(attribute, {})), dtype=object))
        codes = np.where(places < 0, UNKNOWN, declared.codes[places])
        found = np.unique(codes[codes != UNKNOWN])
        levels = tuple(declared.levels[code] for code in found)
        return Labels(levels, np.where(codes == UNKNOWN, UNKNOWN, np.searchsorted(found, codes)))


def read_groups(
    given: Given,
    by: Sequence[str] = (),
    maps: Maps | None = None,
    same: Mapping[str, Mapping[str, str]] | None = None,
) -> Declared:
    """Read declared groups, restricted to the attributes ``by`` (all where it is empty).

    Parameters
    ----------
    given
        ``candidate_id`` and one column for each attribute, in whatever words people declared. Whoever said nothing, in
        any of the ways of :data:`vivavoce.data.cells.MISSING`, is counted as unknown: laws want the number.
    by
        Attributes, whatever their case, spaces and underscores.
    maps
        What the user calls these columns.
    same
        Spellings of one group by attribute, each with the one that it is counted as.

    Raises
    ------
    TableRefused
        For people without an id, people who stand twice, an attribute that is not there, or none at all.
    """
    table = read_table(
        given, GROUPS, key=(CANDIDATE,), checks=[lambda one: _attributes(one, by)],
        others=Kind.LABEL, maps=maps, called="groups",
    )  # fmt: skip
    names = {fold(str(name)): str(name) for name in table.frame.columns}
    chosen = [names[fold(name)] for name in by] or [name for name in names.values() if name != CANDIDATE]
    return Declared(table, table.frame[[CANDIDATE, *chosen]], same or {})


def _attributes(table: Table, by: Sequence[str]) -> list[Problem]:
    """Attributes that the table has not."""
    known = [str(name) for name in table.frame.columns if name != CANDIDATE]
    if not known:
        return [Problem("header", "candidate_id alone", "Add at least one column with a declared attribute.")]
    folded = {fold(name) for name in known}
    return [
        Problem("header", shorten(name), f"Name an attribute of the table. {nearest(name, known)}")
        for name in by
        if fold(name) not in folded
    ]


def intersections(labels: dict[str, Labels]) -> dict[str, Labels]:
    """Every pair of attributes, crossed."""
    return {
        f"{first}{CROSS}{second}": labels[first].crossed(labels[second]) for first, second in combinations(labels, 2)
    }


REVIEWER, DATE, BEFORE, AFTER, REASON = "reviewer", "date", "before", "after", "reason"
REVIEWS = (
    Column(CANDIDATE, Kind.ID, meaning="whose score was changed"),
    Column(REVIEWER, Kind.NAME, meaning="who changed it, under a name that is always the same"),
    Column(DATE, Kind.DATE, meaning="when, ISO 8601"),
    Column(BEFORE, Kind.NUMBER, meaning="the score before, in points"),
    Column(AFTER, Kind.NUMBER, meaning="the score after, in points"),
    Column(REASON, Kind.TEXT, filled=False, meaning="why, in words"),
)
COLUMNS = tuple(one.name for one in REVIEWS)


@dataclass(frozen=True)
class Overrides:
    """Overrides of one group's scores; ``mean_change`` in points."""

    attribute: str
    group: str
    reviewed: int
    raised: int
    lowered: int
    mean_change: float


@dataclass(frozen=True)
class Reviews:
    """Overrides as read; ``without_reason`` of them say no reason."""

    candidates: "pd.Series[str]"
    change: npt.NDArray[np.float64]
    reviewers: int
    without_reason: int
    table: Table

    def by_group(self, groups: Declared) -> list[Overrides]:
        """Count each group's overrides, attribute by attribute."""
        places = groups.places(self.candidates)
        found = []
        for attribute in groups.attributes:
            labels = groups.labels(places, attribute)
            for code, level in enumerate(labels.levels):
                change = self.change[labels.codes == code]
                counts = (len(change), int((change > 0).sum()), int((change < 0).sum()))
                found.append(Overrides(attribute, level, *counts, float(change.mean())))
        return found

    @property
    def totals(self) -> Mapping[str, int]:
        """How many overrides, by how many reviewers, how many without a reason."""
        return {"reviews": len(self.change), "reviewers": self.reviewers, "without_reason": self.without_reason}


def read_reviews(given: Given, maps: Maps | None = None) -> Reviews:
    """Read overrides: ``candidate_id, reviewer, date, before, after, reason``; several of one person are all counted.

    Raises
    ------
    TableRefused
        For missing columns, and rows without id, reviewer, date or both scores.
    """
    table = read_table(given, REVIEWS, maps=maps, called="reviews")
    frame = table.frame
    change = (frame[AFTER] - frame[BEFORE]).to_numpy()
    reviewers, silent = int(frame[REVIEWER].nunique()), int(frame[REASON].isna().sum())
    return Reviews(frame[CANDIDATE], change, reviewers, silent, table)


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
