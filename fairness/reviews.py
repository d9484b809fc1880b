"""What people did to the machine's scores: overrides by group, so that a second look does not bring in a gap."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from vivavoce.data.problem import Problem
from vivavoce.fairness.groups import CANDIDATE, Declared
from vivavoce.fairness.records import BadInput, numbers, read_records, texts

REVIEWER, DATE, BEFORE, AFTER, REASON = "reviewer", "date", "before", "after", "reason"
COLUMNS = (CANDIDATE, REVIEWER, DATE, BEFORE, AFTER, REASON)


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


def read_reviews(path: Path) -> Reviews:
    """Read overrides: ``candidate_id, reviewer, date, before, after, reason``; several of one person are all counted.

    Raises
    ------
    BadInput
        For missing columns, and rows without id, reviewer, date or both scores.
    """
    frame = read_records(path, COLUMNS)
    problems = []
    for name in (CANDIDATE, REVIEWER, DATE, BEFORE, AFTER):
        cells = texts(frame[name])
        problems += [
            Problem(f"line {line}, {name}", "nothing", "Fill in this cell.") for line in frame.index[cells.isna()]
        ]
    dates = texts(frame[DATE])
    unread = dates.notna() & pd.to_datetime(dates, errors="coerce", format="ISO8601").isna()
    problems += [
        Problem(f"line {line}, {DATE}", repr(cell), "Write a date as 2026-11-22.")
        for line, cell in dates[unread].items()
    ]
    if problems:
        raise BadInput(path, problems)
    before, after = (numbers(frame[name], path, name).to_numpy() for name in (BEFORE, AFTER))
    reasons = texts(frame[REASON])
    return Reviews(
        texts(frame[CANDIDATE]), after - before, int(texts(frame[REVIEWER]).nunique()), int(reasons.isna().sum())
    )
