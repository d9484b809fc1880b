"""What was watched, beside its reference, as JSON: the one source of the page."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vivavoce.data.digest import digest_file
from vivavoce.evaluation.arguments import Floats
from vivavoce.evaluation.monitoring import Watched, Window
from vivavoce.fairness.document import finite
from vivavoce.pipelines.watching.months import CHANGE, CHANGED, Seen, kind_of

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
