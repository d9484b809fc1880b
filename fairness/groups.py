"""Declared groups: what people said of themselves, and how many said nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vivavoce.data.problem import Problem, nearest, shorten
from vivavoce.fairness.records import BadInput, duplicates, read_records, texts

CANDIDATE = "candidate_id"
UNKNOWN = -1
UNKNOWN_WORD = "unknown"  # a cell that says so is as good as an empty one
CROSS = " × "


@dataclass(frozen=True)
class Labels:
    """One label per row: ``codes`` (n,) point into ``levels``; -1 is unknown."""

    levels: tuple[str, ...]
    codes: npt.NDArray[np.int64]

    @staticmethod
    def of(column: "pd.Series[Any]") -> "Labels":
        """Labels from text, levels sorted; empty cells and the word *unknown* are unknown."""
        cells = texts(column)
        codes, levels = pd.factorize(cells.mask(cells.str.lower() == UNKNOWN_WORD), sort=True)
        return Labels(tuple(str(level) for level in levels), codes.astype(np.int64))

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


@dataclass(frozen=True)
class Declared:
    """Groups as read: one row per person."""

    path: Path
    frame: pd.DataFrame

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes' names, in the file's order."""
        return tuple(str(name) for name in self.frame.columns if name != CANDIDATE)

    def places(self, candidates: "pd.Series[Any]") -> npt.NDArray[np.int64]:
        """Where in the file each candidate stands, counted from 0; -1 for those who are not in it."""
        return np.asarray(pd.Index(self.frame[CANDIDATE]).get_indexer(pd.Index(candidates)), np.int64)

    def labels(self, places: npt.NDArray[np.int64], attribute: str) -> Labels:
        """One attribute's label at each place (:meth:`places`); levels that nobody there has are left out."""
        declared = Labels.of(self.frame[attribute])
        codes = np.where(places < 0, UNKNOWN, declared.codes[places])
        found = np.unique(codes[codes != UNKNOWN])
        levels = tuple(declared.levels[code] for code in found)
        return Labels(levels, np.where(codes == UNKNOWN, UNKNOWN, np.searchsorted(found, codes)))


def read_groups(path: Path, by: Sequence[str] = ()) -> Declared:
    """Read declared groups, restricted to the attributes ``by`` (all where it is empty).

    Raises
    ------
    BadInput
        For people without an id, people who stand twice, an attribute that is not there, or none at all.
    """
    frame = read_records(path, [CANDIDATE])
    frame[CANDIDATE] = texts(frame[CANDIDATE])
    attributes = [str(name) for name in frame.columns if name != CANDIDATE]
    problems = [
        Problem("header", shorten(name), f"Name an attribute of the file. {nearest(name, attributes)}")
        for name in by
        if name not in attributes
    ]
    if not attributes:
        problems.append(Problem("header", "candidate_id alone", "Add at least one column with a declared attribute."))
    missing = frame.index[frame[CANDIDATE].isna()]
    problems += [Problem(f"line {line}, {CANDIDATE}", "nothing", "Every row needs an id.") for line in missing]
    problems += duplicates(frame[frame[CANDIDATE].notna()], [CANDIDATE])
    if problems:
        raise BadInput(path, problems)
    return Declared(path, frame[[CANDIDATE, *(by or attributes)]])


def intersections(labels: dict[str, Labels]) -> dict[str, Labels]:
    """Every pair of attributes, crossed."""
    return {
        f"{first}{CROSS}{second}": labels[first].crossed(labels[second]) for first, second in combinations(labels, 2)
    }
