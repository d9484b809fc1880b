"""Is a model in use still looking at what it was built on: batch after batch against the training reference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from vivavoce.evaluation.arguments import Floats
from vivavoce.evaluation.drift import FEW, Drift, drift

ALPHA = 0.05  # over everything watched in one window (Holm)
LEAST_PSI = 0.10  # the customary first alarm: below it nobody acts
LEAST_CHANGE = 0.05  # of a share
IN_A_ROW = 2  # windows that must agree: one strange month is no trend


@dataclass(frozen=True)
class Window:
    """What was seen in one stretch of time.

    Parameters
    ----------
    name
        As it is printed; windows are compared in the order in which they are given.
    values
        One finite value per person, by variable.
    shares
        ``(people concerned, all people)``, by share: not scored, read by a person, ….
    """

    name: str
    values: Mapping[str, Floats]
    shares: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Watched:
    """One variable or share of one window.

    Parameters
    ----------
    window, what
        Which.
    drift
        The comparison of a variable; None for a share.
    share, reference_share
        0–1; ``nan`` for a variable.
    p, adjusted_p
        Of no change (Kolmogorov–Smirnov for variables, Fisher for shares); Holm over all of the window. ``nan`` where
        too few people were seen.
    moved
        Adjusted p < .05 and large enough to matter: PSI ≥ .10 and beyond its noise; a share by 5 points.
    alarm
        Moved in this window and in the one before it.
    """

    window: str
    what: str
    drift: Drift | None
    share: float
    reference_share: float
    p: float
    adjusted_p: float
    moved: bool
    alarm: bool


def watch(reference: Window, windows: Sequence[Window]) -> list[Watched]:
    """Compare every window with the reference.

    A variable or share that the reference has not is left out; one with fewer than 20 people on a side has no p and
    neither moves nor counts in the correction.

    Parameters
    ----------
    reference
        What the model was built on.
    windows
        Since then, earliest first.

    Returns
    -------
    list of Watched
        Window by window, variables before shares.

    Raises
    ------
    ValueError
        For values that are not finite.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65–70.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> reference = Window("training", {"overall": rng.normal(50, 15, 500)}, {"not scored": (10, 500)})
    >>> later = [Window(name, {"overall": rng.normal(60, 15, 300)}, {"not scored": (6, 300)}) for name in
    ...          ("May", "June")]
    >>> [(one.window, one.what, one.moved, one.alarm) for one in watch(reference, later) if one.moved]
    [('May', 'overall', True, False), ('June', 'overall', True, True)]
    """
    found: list[Watched] = []
    before: set[str] = set()
    for window in windows:
        seen = _adjusted([*_values(reference, window), *_shares(reference, window)])
        found += [replace(one, alarm=one.moved and one.what in before) for one in seen]
        before = {one.what for one in seen if one.moved}
    return found


def _values(reference: Window, window: Window) -> list[Watched]:
    nan = float("nan")
    found = []
    for what, values in window.values.items():
        old = reference.values.get(what)
        if old is None:
            continue
        enough = min(len(values), len(old)) >= FEW
        compared = drift(old, values) if enough else None
        found.append(
            Watched(window.name, what, compared, nan, nan, compared.ks_p if compared else nan, nan, False, False)
        )
    return found


def _shares(reference: Window, window: Window) -> list[Watched]:
    found = []
    for what, (count, people) in window.shares.items():
        old = reference.shares.get(what)
        if old is None or not old[1] or not people:
            continue
        enough = min(people, old[1]) >= FEW
        table = [[count, people - count], [old[0], old[1] - old[0]]]
        p = float(stats.fisher_exact(table).pvalue) if enough else float("nan")
        found.append(Watched(window.name, what, None, count / people, old[0] / old[1], p, float("nan"), False, False))
    return found


def _adjusted(seen: list[Watched]) -> list[Watched]:
    """Holm over all that has a p, and whether it moved."""
    tested = sorted((one for one in seen if not np.isnan(one.p)), key=lambda one: one.p)
    adjusted: dict[str, float] = {}
    worst = 0.0
    for rank, one in enumerate(tested):
        worst = max(worst, min(1.0, one.p * (len(tested) - rank)))
        adjusted[one.what] = worst
    return [
        replace(one, adjusted_p=adjusted[one.what], moved=adjusted[one.what] < ALPHA and _matters(one))
        if one.what in adjusted
        else one
        for one in seen
    ]


def _matters(one: Watched) -> bool:
    if one.drift is None:
        return abs(one.share - one.reference_share) >= LEAST_CHANGE
    return one.drift.psi.value >= max(LEAST_PSI, one.drift.noise)
