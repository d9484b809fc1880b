"""Impact ratios month by month, as an audit has them: against the highest rate, or the comparator that it named."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vivavoce.evaluation.arguments import Floats
from vivavoce.fairness.family import FOUR_FIFTHS, judge
from vivavoce.fairness.groups import CANDIDATE, Declared, Labels
from vivavoce.fairness.table import SHARE_THAT_COUNTS, Family, Group, Table, Verdict, build_table
from vivavoce.models.score import OVERALL
from vivavoce.pipelines.watching.months import SCORE, UNDATED, WINDOW, Seen

OVERALL_SCORE = OVERALL + SCORE
NAN = float("nan")


@dataclass(frozen=True)
class Passing:
    """Who would be selected: everybody from a score on, or a share of each window from the top (ties included)."""

    cut: float | None = None
    share: float | None = None

    def selected(self, scores: Floats) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Who passes among these people, shape (n,), finite scores."""
        cut = self.cut
        if cut is None:
            assert self.share is not None
            cut = float(np.sort(scores)[-max(round(self.share * len(scores)), 1)])
        return np.asarray(scores >= cut)


@dataclass(frozen=True)
class Impact:
    """One group in one window.

    Parameters
    ----------
    window, attribute, group, comparator
        Which; the comparator's own row has the ratio 1 and no interval.
    n, selected
        People with an overall score, and those who pass.
    ratio, low, high
        Selection rate over the comparator's, ideal 1, with its 95 % score interval.
    adjusted_p
        mid-P after Holm over all groups and windows at hand; ``nan`` where nothing could be compared.
    finding
        As an audit would call it: adjusted p < .05, ratio < .8, not by one person, interval below 1.
    """

    window: str
    attribute: str
    group: str
    comparator: str
    n: int
    selected: int
    ratio: float
    low: float
    high: float
    adjusted_p: float
    finding: bool

    @property
    def below(self) -> bool:
        """Whether the whole interval lies below four fifths."""
        return self.high < FOUR_FIFTHS


def impact_of(seen: Seen, groups: Declared, passing: Passing, comparators: Mapping[str, str]) -> list[Impact]:
    """Every group's impact ratio in every dated window.

    Parameters
    ----------
    seen
        Month by month.
    groups
        Declared; people who said nothing take no part.
    passing
        The declared cut.
    comparators
        By attribute, where the audit named one; else each month's highest rate among groups of at least 2 %. A
        comparator that is the highest of the reference would hide that it falls.
    """
    tables: list[tuple[str, Table]] = []
    for attribute in groups.attributes:
        for window in seen.windows:
            counted = _counts(seen.people[seen.people[WINDOW] == window], groups, attribute, passing)
            named = next((one.name for one in counted if one.name == comparators.get(attribute)), None)
            if window != UNDATED and counted:
                built = build_table(
                    attribute, counted, family=Family.PRIMARY, comparator=named, comparator_share=SHARE_THAT_COUNTS
                )
                tables.append((window, built))
    judged = judge([table for _, table in tables])
    return [one for (window, _), table in zip(tables, judged, strict=True) for one in _rows(window, table)]


def _rows(window: str, table: Table) -> list[Impact]:
    nothing = (1.0, NAN, NAN)  # the comparator beside itself
    found = []
    for row in table.rows:
        seen = row.comparison
        numbers = nothing if seen is None else (seen.impact_ratio, seen.score_low, seen.score_high)
        found.append(
            Impact(
                window, table.attribute, row.group.name, str(table.comparator), int(row.group.n),
                int(row.group.selected), *numbers, row.adjusted_p, row.verdict is Verdict.FINDING,
            )
        )  # fmt: skip
    return found


def _counts(people: pd.DataFrame, groups: Declared, attribute: str, passing: Passing) -> list[Group]:
    scored = people[people[OVERALL_SCORE].notna()]
    if scored.empty:
        return []
    labels: Labels = groups.labels(groups.places(scored[CANDIDATE]), attribute)
    selected = labels.counted(passing.selected(scored[OVERALL_SCORE].to_numpy(np.float64)))
    all_of_them = labels.counted(np.ones(len(scored), bool))
    return [Group(name, int(selected[i]), int(all_of_them[i])) for i, name in enumerate(labels.levels)]
