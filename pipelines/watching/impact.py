"""Impact ratios month by month, as an audit has them: against the highest rate, or the comparator that it named.

What calls for a new audit: stated beforehand, looked for in every month, said in plain words.

What was watched, beside its reference, as JSON: the one source of the page.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vivavoce.data.identity import digest_file
from vivavoce.evaluation.drift import Watched, Window
from vivavoce.evaluation.estimate import Floats
from vivavoce.fairness.document import finite
from vivavoce.fairness.groups import CANDIDATE, Declared, Labels
from vivavoce.fairness.table import FOUR_FIFTHS, SHARE_THAT_COUNTS, Family, Group, Table, Verdict, build_table, judge
from vivavoce.models.score import OVERALL
from vivavoce.pipelines.publishing.bundle import AUDIT_DAYS
from vivavoce.pipelines.report.blocks import speaker
from vivavoce.pipelines.watching.months import CHANGE, CHANGED, SCORE, UNDATED, WINDOW, Seen, kind_of

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


REFERENCE = "reference"
Z95 = 1.96  # standard normal quantile of a two-sided 95 % band

Json = dict[str, Any]


@dataclass(frozen=True)
class Compared:
    """The reference, every window, and how each differs: months one after the other, and people without a date."""

    reference: Window
    windows: Sequence[Window]
    months: Sequence[Watched]
    undated: Sequence[Watched]

    def window(self, name: str) -> Window:
        """The window of this name."""
        return next(one for one in self.windows if one.name == name)


def describe(compared: Compared, later: Seen) -> list[Json]:
    """Every watched thing of every window, one object each.

    ``level`` is the mean of a variable or a share, 0–1; ``low`` to ``high`` is where 95 of 100 such windows would lie
    if nothing had moved since the reference, for these numbers of people.
    """
    return [
        plain(
            {
                "window": one.window,
                "what": one.what,
                "kind": kind_of(one.what, later).value,
                "share": one.what in compared.reference.shares,
                **_level(compared.reference, compared.window(one.window), one.what),
                **({} if one.drift is None else _drift(one)),
                "p": one.p,
                "adjusted_p": one.adjusted_p,
                "moved": one.moved,
                "alarm": one.alarm,
            }
        )
        for one in (*compared.months, *compared.undated)
    ]


def reviewed(windows: Iterable[Window]) -> list[Json]:
    """What reviewers did, by window: people reviewed, share whose score they changed, mean change in points."""
    return [
        plain(
            {
                "window": one.name,
                "n": one.shares[CHANGED][1],
                "changed": one.shares[CHANGED][0],
                "mean_change": float(one.values[CHANGE].mean()),
            }
        )
        for one in windows
        if one.shares.get(CHANGED, (0, 0))[1]
    ]


def files(folder: Path) -> Json:
    """A folder by its name and what its tables are."""
    tables = ("scores", "status", "features")
    return {"folder": folder.name, "digests": {name: digest_file(folder / f"{name}.parquet").sha256 for name in tables}}


def plain(found: Mapping[str, Any]) -> Json:
    """The same with None for what JSON has no number for."""
    return {name: finite(cell) if isinstance(cell, float) else cell for name, cell in found.items()}


def _drift(one: Watched) -> Json:
    assert one.drift is not None
    found = one.drift
    return {
        "psi": found.psi.value, "noise": found.noise, "ks": found.ks, "wasserstein": found.wasserstein,
        "shift": found.shift,
    }  # fmt: skip


def _level(reference: Window, window: Window, what: str) -> Json:
    if what in window.values:
        old, new = reference.values[what], window.values[what]
        return _band(_mean(old), _mean(new), _spread(old), len(old), len(new))
    (before, people), (count, n) = reference.shares[what], window.shares[what]
    share = before / people
    return _band(share, count / n, math.sqrt(share * (1 - share)), people, n)


def _band(reference: float, level: float, spread: float, people: int, n: int) -> Json:
    reach = Z95 * spread * math.sqrt(1 / people + 1 / n) if people and n else math.nan
    return {
        "n": n, "level": level, "reference": reference, "low": reference - reach, "high": reference + reach,
    }  # fmt: skip


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else math.nan


def _spread(values: Floats) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


RULES = {
    rule: speaker("en", "monitor")(f"rule_{rule}", days=AUDIT_DAYS)
    for rule in ("drift", "impact", "audit_age", "other_model")
}


@dataclass(frozen=True)
class Trigger:
    """One reason for a new audit: which rule of :data:`RULES`, since which window, about what, in a sentence.

    ``sentence`` and ``values`` are what the page says it with, in its languages; ``words`` is the English one.
    """

    rule: str
    window: str | None
    what: str
    words: str
    sentence: str
    values: Mapping[str, str]


def _trigger(rule: str, window: str | None, what: str, sentence: str, /, **values: str) -> Trigger:
    return Trigger(rule, window, what, speaker("en", "monitor")(sentence, **values), sentence, values)


def find_triggers(
    compared: Compared, impact: Sequence[Impact], later: Seen, audit: Mapping[str, Any] | None, now: datetime
) -> list[Trigger]:
    """Every trigger, each thing once; months before that of the audit were its business and call for nothing.

    Parameters
    ----------
    compared
        What calls for an audit, in the reference and month by month.
    impact, later
        Of the months.
    audit
        ``audit.json``; None where none was given.
    now
        With a time zone.
    """
    since = "" if audit is None else str(audit["made"])[:7]
    found = [*_drift_triggers([one for one in compared.months if one.window >= since], compared, later)]
    found += _impact([one for one in impact if one.window >= since], later)
    return found if audit is None else [*found, *_of_audit(audit, later, now)]


def _drift_triggers(months: Iterable[Watched], compared: Compared, later: Seen) -> list[Trigger]:
    found: dict[str, Trigger] = {}
    for one in months:
        if one.alarm and one.what not in found:
            kind = kind_of(one.what, later).value
            found[one.what] = _moved(one, compared, what=one.what, window=one.window, kind=kind)
    return list(found.values())


def _moved(one: Watched, compared: Compared, **values: str) -> Trigger:
    if one.drift is None:
        values |= {"level": f"{one.share:.1%}", "reference": f"{one.reference_share:.1%}"}
        return _trigger("drift", one.window, one.what, "drift_share", **values)
    then = compared.reference.values[one.what].mean()
    now = compared.window(one.window).values[one.what].mean()
    values |= {"level": f"{now:.3g}", "reference": f"{then:.3g}"}
    values |= {"shift": f"{one.drift.shift:+.2f}", "psi": f"{one.drift.psi.value:.2f}"}
    return _trigger("drift", one.window, one.what, "drift", **values)


def _impact(impact: Sequence[Impact], later: Seen) -> list[Trigger]:
    order = {name: number for number, name in enumerate(later.windows)}
    below = {(one.attribute, one.group, order[one.window]) for one in impact if one.below}
    found: dict[tuple[str, str], Trigger] = {}
    for one in sorted(impact, key=lambda one: order[one.window]):
        place = one.attribute, one.group
        twice = one.below and (*place, order[one.window] - 1) in below
        if place in found or not (one.finding or twice):
            continue
        numbers = {name: f"{getattr(one, name):.2f}" for name in ("ratio", "low", "high")}
        who = {name: getattr(one, name) for name in ("attribute", "group", "comparator", "window")}
        sentence = "impact_twice" if twice else "impact_found"
        found[place] = _trigger("impact", one.window, f"{one.attribute}: {one.group}", sentence, **who, **numbers)
    return list(found.values())


def _of_audit(audit: Mapping[str, Any], later: Seen, now: datetime) -> list[Trigger]:
    found = []
    ends = datetime.fromisoformat(audit["made"]) + timedelta(days=AUDIT_DAYS)
    if ends < now:
        made, ended = str(audit["made"])[:10], ends.date().isoformat()
        found.append(_trigger("audit_age", None, "audit", "audit_age", made=made, ended=ended))
    audited = (audit.get("model") or {}).get("digest")
    others = [digest for digest in later.digests if digest != audited]
    if others:
        named = {"others": ", ".join(one[:12] for one in others)}
        named |= {"audited": audited[:12]} if audited else {}
        sentence = "other_model" if audited else "other_model_any"
        found.append(_trigger("other_model", None, "model", sentence, **named))
    return found
