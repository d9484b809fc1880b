"""Has a distribution moved: today's scores or features against those that a model was built on.

Is a model in use still looking at what it was built on: batch after batch against the training reference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from vivavoce.evaluation.estimate import Estimate, Floats, undefined, vectors
from vivavoce.evaluation.multiplicity import holm

CLASSES = 10  # deciles of the reference, as the index is used in practice
PRIOR = 0.5  # added to each class's count, so that a class that happens to be empty is not infinite evidence
NO_INTERVAL = "no interval: compare with the noise that the numbers of people imply"
FEW = 20  # values below which ten classes say nothing


@dataclass(frozen=True)
class Drift:
    """One variable then and now.

    Parameters
    ----------
    psi
        Population stability index over the reference's deciles; ideal 0, customary alarms at .10 and .25. It has no
        interval: compare it with ``noise``.
    noise
        The 95 % quantile of the index if nothing had moved, for these numbers of people: below it, it means nothing.
    ks, ks_p
        Kolmogorov–Smirnov distance, 0–1, ideal 0, and the p-value of equal distributions.
    wasserstein
        How far values moved on average, in their own unit; ideal 0.
    shift
        Current mean minus reference mean, in the reference's standard deviations; ideal 0.
    n_reference, n_current
        Values compared, one per person.
    """

    psi: Estimate
    noise: float
    ks: float
    ks_p: float
    wasserstein: float
    shift: float
    n_reference: int
    n_current: int


def drift(reference: npt.ArrayLike, current: npt.ArrayLike) -> Drift:
    """Compare a variable's values now with those of the reference.

    Parameters
    ----------
    reference, current
        Shapes (n,) and (m,), one value per person, finite.

    Returns
    -------
    Drift
        ``psi`` is ``nan`` with a reason for fewer than 20 values on a side or a constant reference.

    References
    ----------
    Yurdakul (2018), Statistical Properties of Population Stability Index, Western Michigan University (``noise``).

    Examples
    --------
    >>> found = drift([1, 2, 3, 4], [3, 4, 5, 6])
    >>> found.ks, found.wasserstein
    (0.5, 2.0)
    """
    (old,), (new,) = vectors("drift", reference=reference), vectors("drift", current=current)
    n, m = len(old), len(new)
    ks = stats.ks_2samp(old, new)
    spread = float(old.std(ddof=1))
    edges = np.unique(np.quantile(old, np.linspace(0, 1, CLASSES + 1))[1:-1])
    classes = len(edges) + 1
    if min(n, m) < FEW:
        index = undefined(f"fewer than {FEW} values: too few for {CLASSES} classes")
    elif spread == 0:
        index = undefined("the reference is constant: it has no classes")
    else:
        counts = [np.bincount(np.searchsorted(edges, x, "right"), minlength=classes) + PRIOR for x in (old, new)]
        index = population_stability(*(count / count.sum() for count in counts))
    return Drift(
        psi=index,
        noise=float(stats.chi2.ppf(0.95, max(classes - 1, 1)) * (1 / n + 1 / m)),
        ks=float(ks.statistic),
        ks_p=float(ks.pvalue),
        wasserstein=float(stats.wasserstein_distance(old, new)),
        shift=float(new.mean() - old.mean()) / spread if spread else float("nan"),
        n_reference=n,
        n_current=m,
    )


def population_stability(expected: npt.ArrayLike, actual: npt.ArrayLike) -> Estimate:
    """Population stability index of two sets of shares: Σ (a − e) ln(a / e); ideal 0.

    Parameters
    ----------
    expected, actual
        Shares of the same classes, shape (c,), each summing to 1.

    Returns
    -------
    Estimate
        ``nan`` with a reason where a class is empty on one side.

    References
    ----------
    Siddiqi (2006), Credit Risk Scorecards; it is the symmetrised Kullback–Leibler divergence (Jeffreys 1946).

    Examples
    --------
    >>> round(population_stability([0.5, 0.5], [0.6, 0.4]).value, 6)
    0.040547
    """
    e, a = vectors("population_stability", expected=expected, actual=actual)
    for name, shares in (("expected", e), ("actual", a)):
        if (shares < 0).any() or not np.isclose(shares.sum(), 1):
            raise ValueError(
                f"The {name!r} parameter of population_stability must be shares ≥ 0 that sum to 1. "
                f"Got {shares.tolist()} instead."
            )
    one_sided = np.flatnonzero((e == 0) != (a == 0))
    if len(one_sided):
        return undefined(f"class {one_sided[0]} is empty on one side only: merge it with a neighbour")
    used = e > 0
    return Estimate(float(np.sum((a[used] - e[used]) * np.log(a[used] / e[used]))), reason=NO_INTERVAL)


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
    return [
        one if np.isnan(p) else replace(one, adjusted_p=float(p), moved=bool(p < ALPHA) and _matters(one))
        for one, p in zip(seen, holm([one.p for one in seen]), strict=True)
    ]


def _matters(one: Watched) -> bool:
    if one.drift is None:
        return abs(one.share - one.reference_share) >= LEAST_CHANGE
    return one.drift.psi.value >= max(LEAST_PSI, one.drift.noise)
