"""What features give away: how well they tell a group from the others, and how much of a score a few of them explain.

Nothing that a score is made of should say who somebody is. Where a family of features tells groups apart, a score that
rests on it may do the same without anybody meaning to.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import stats

from vivavoce.evaluation.estimate import NAN, Estimate, Floats, number, same_length, undefined

FOLDS = 5
DRAWS = 1999  # of the permutation test: the smallest p, .0005, survives false-discovery control over 100 comparisons
TESTED = 2000  # people in the permutation test, drawn where there are more: time grows with them, the verdict does not
LEAST = 30  # people of a group, and of the others: six in each fold
SMALLEST = float(stats.norm.cdf(0.2 / math.sqrt(2)))  # .556, the area that a single feature with d = .2 reaches
TOLERABLE = float(stats.norm.cdf(0.35 / math.sqrt(2)))  # .598, d = .35: below, an interval is evidence of likeness
FOUND = 5  # standard errors: a correlation so far from 0 has found its direction
ALPHA = 0.05
SINGLE = "every one of these features has one value only"

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Predictability:
    """How well features predict something about people whom they were not fitted to.

    Parameters
    ----------
    value
        Area under the curve: the share of pairs (one of the group, one of the others) that come in the right order,
        ideal .5. Or the correlation with a score.
    p
        Of the permutation test, one-sided.
    n
        People, and of them in the group.
    """

    value: Estimate
    p: float
    n: tuple[int, int]


def group_predictability(
    features: npt.ArrayLike, member: npt.ArrayLike, *, folds: int = FOLDS, draws: int = DRAWS, seed: int = 0
) -> Predictability:
    """Tell a group's members from everybody else by a ridge regression, people held out in turn.

    Parameters
    ----------
    features
        Shape (n, p), one row per *person*, ``nan`` where not measured; being absent counts as information too.
    member
        Whether a person is of the group, shape (n,).
    folds, draws, seed
        Parts of people held out in turn; permutations of ``member``; of both.

    Returns
    -------
    Predictability
        The area within folds, pairs pooled. Its limits hold the area that models of so many people reach on average;
        their error is that of the permuted areas, or Hanley and McNeil's where that is larger: held-out people are
        not independent of one another. ``nan`` with a reason for fewer than 30 people on a side, or features that do
        not vary.

    References
    ----------
    Hanley & McNeil (1982), Radiology 143, 29–36; Ojala & Garriga (2010), Journal of Machine Learning Research 11,
    1833–1863 (permutation test).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> member = np.arange(400) % 2 == 0
    >>> voice = rng.standard_normal((400, 3)) + member[:, None] * [1.0, 0.0, 0.0]
    >>> found = group_predictability(voice, member, draws=199)
    >>> found.value.low < 0.76 < found.value.high, found.p
    (True, 0.005)
    """
    (found,) = group_predictabilities([features], member, folds=folds, draws=draws, seed=seed)
    return found


def group_predictabilities(
    families: Sequence[npt.ArrayLike], member: npt.ArrayLike, *, folds: int = FOLDS, draws: int = DRAWS, seed: int = 0
) -> list[Predictability]:
    """:func:`group_predictability` of several families of features of the same people, faster than one by one.

    Every family is tested on the same permutations, as it is on its own, so these are drawn and centred once.

    Parameters
    ----------
    families
        Shape (n, p) each.
    member, folds, draws, seed
        As for :func:`group_predictability`.
    """
    name = "group_predictability"
    tables, flags = [_table(name, features) for features in families], np.asarray(member, bool)
    for x in tables:
        same_length(name, features=x, member=flags)
    n, sizes = len(flags), (int(flags.sum()), int((~flags).sum()))
    few = f"{min(sizes)} people on one side: fewer than {LEAST}" if min(sizes) < LEAST else None
    reasons = [few or (None if _vary(x) else SINGLE) for x in tables]
    able = [x for x, reason in zip(tables, reasons, strict=True) if reason is None]
    if able:
        part, drawn, orders = _permutations(n, folds, draws, seed)
        shuffled = np.column_stack([flags[drawn], flags[drawn][orders]])
        seen = iter(_areas(able, flags[:, None], part))
        permuted = iter(_areas([x[drawn] for x in able], shuffled, part[drawn]))
    found = []
    for reason in reasons:
        if reason is not None:
            found.append(Predictability(undefined(reason), NAN, (n, sizes[0])))
            continue
        area, areas = float(next(seen)[0]), next(permuted)
        if not 0 < area < 1:
            value = Estimate(area, reason="no pair is in the wrong order: there is no error to measure")
        else:
            chance = 4 * float(np.std(areas[1:])) * math.sqrt(len(drawn) / n)  # on the logit scale, at an area of .5
            value = _between(area, max(chance, _area_error(area, *sizes)), _logit, _share)
        found.append(Predictability(value, _p(areas), (n, sizes[0])))
    return found


def score_predictability(
    features: npt.ArrayLike, score: npt.ArrayLike, *, folds: int = FOLDS, draws: int = DRAWS, seed: int = 0
) -> Predictability:
    """Predict a score by a ridge regression, people held out in turn; the correlation of the two.

    Parameters
    ----------
    features
        Shape (n, p), one row per person, ``nan`` where not measured.
    score
        Shape (n,), finite.
    folds, draws, seed
        As for :func:`group_predictability`.

    Returns
    -------
    Predictability
        0 or below: these features say nothing of the score. Squared: the share of it that they explain. Limits are
        Fisher's, and wider near 0, by as much as the permuted correlations are.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> words = rng.normal(120, 40, 300)
    >>> found = score_predictability(words[:, None], 50 + 0.1 * words + rng.normal(0, 4, 300), draws=199)
    >>> found.value.low < 0.71 < found.value.high, found.p
    (True, 0.005)
    """
    name = "score_predictability"
    x, y = _table(name, features), np.asarray(score, np.float64)
    same_length(name, features=x, score=y)
    if len(y) < 2 * LEAST or not _vary(x) or np.ptp(y) == 0:
        reason = f"{len(y)} people: fewer than {2 * LEAST}" if len(y) < 2 * LEAST else SINGLE
        return Predictability(undefined(reason), NAN, (len(y), len(y)))
    part, drawn, orders = _permutations(len(x), folds, draws, seed)
    r = float(_correlations(_held_out(x, y[:, None], part), y[:, None])[0])
    shuffled = np.column_stack([y[drawn], y[drawn][orders]])
    found = _correlations(_held_out(x[drawn], shuffled, part[drawn]), shuffled)
    chance, exact = float(np.var(found[1:])) * len(drawn) / len(y), 1 / (len(y) - 3)
    lost = max(1 - max(r, 0.0) ** 2 / (FOUND**2 * exact), 0.0)  # how far the direction of the fit is still chance
    error = math.sqrt(exact + lost * max(chance - exact, 0.0))
    value = _between(r, error, math.atanh, math.tanh)
    return Predictability(value, _p(found), (len(y), len(y)))


def judge_area(area: Estimate, adjusted_p: float) -> str:
    """Whether a family of features gives a group away.

    ``finding``: adjusted p < .05 and an area of at least .556 (d = .2). ``ok``: the whole interval below .598
    (d = .35). ``insufficient``: neither.

    Examples
    --------
    >>> judge_area(Estimate(0.70, 0.65, 0.75), 0.001), judge_area(Estimate(0.51, 0.47, 0.55), 0.3)
    ('finding', 'ok')
    """
    number("judge_area", "adjusted_p", adjusted_p, 0.0, 1.0)
    if adjusted_p < ALPHA and area.value >= SMALLEST:
        return "finding"
    return "ok" if area.high < TOLERABLE else "insufficient"


def _table(function: str, features: npt.ArrayLike) -> Floats:
    """Features beside flags of what is absent, where some people lack it and others do not."""
    x = np.asarray(features, np.float64)
    if x.ndim != 2 or np.isinf(x).any():
        raise ValueError(
            f"The 'features' parameter of {function} must be of shape (n people, p), finite or nan. "
            f"Got shape {x.shape} instead."
        )
    absent = np.isnan(x)
    return np.hstack([x, absent[:, absent.any(axis=0) & ~absent.all(axis=0)].astype(np.float64)])


def _vary(x: Floats) -> bool:
    measured = x[:, ~np.isnan(x).all(axis=0)]
    return bool(measured.size and (np.nanmax(measured, axis=0) > np.nanmin(measured, axis=0)).any())


@lru_cache(maxsize=4)  # 8 MB each; the attributes of a cohort differ in who said nothing
def _permutations(
    n: int, folds: int, draws: int, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.uint16]]:
    """Each person's part (n,), who is tested (k,), and their orders (k, draws): one for everything about n people."""
    rng = np.random.default_rng(seed)
    part = rng.permutation(n) % folds
    drawn = np.sort(rng.permutation(n)[:TESTED])
    orders = np.empty((len(drawn), draws), np.uint16)
    for k in range(draws):
        orders[:, k] = rng.permutation(len(drawn))
    return part, drawn, orders


def _held_out(x: Floats, targets: Floats, part: npt.NDArray[np.int64]) -> Floats:
    """Predictions of every target (n, t) for people of each part from all the others, shape (n, t)."""
    found = np.empty_like(targets)
    for k in np.unique(part):
        (found[part == k],) = _predicted([x], part == k, _centred(targets, part != k))
    return found


def _centred(targets: Floats, fit: Bools) -> Floats:
    aims = targets[fit]
    aims -= aims.mean(axis=0)
    return aims


def _predicted(tables: Sequence[Floats], held: Bools, aims: Floats) -> Iterator[Floats]:
    """Predictions for the people held out, (k, t), from the centred targets of all others, (n − k, t); by table.

    The penalty is one unit for each standardised feature: enough to keep hundreds of people and dozens of correlated
    features steady, too little to matter among thousands. The targets, of which there are thousands, are gone through
    once for all tables.
    """
    filled = [_standardised(x, ~held) for x in tables]
    designs = [x[~held] for x in filled]
    products = np.hstack(designs).T @ aims
    ends = np.cumsum([x.shape[1] for x in designs])
    for x, design, product in zip(filled, designs, np.split(products, ends[:-1]), strict=True):
        penalty = np.eye(x.shape[1]) * x.shape[1]
        predicted: Floats = x[held] @ np.linalg.solve(design.T @ design + penalty, product)
        yield predicted


def _standardised(x: Floats, fit: Bools) -> Floats:
    """Features in standard deviations of those fitted to, 0 where absent."""
    counts = np.maximum((~np.isnan(x[fit])).sum(axis=0), 1)
    mean = np.nansum(x[fit], axis=0) / counts
    filled: Floats = np.where(np.isnan(x), mean, x) - mean
    spread = np.sqrt(np.mean(filled[fit] ** 2, axis=0))
    filled /= np.where(spread > 0, spread, np.inf)
    return filled


def _areas(tables: Sequence[Floats], flags: Bools, part: npt.NDArray[np.int64]) -> list[Floats]:
    """Area under the curve within parts, pairs pooled, for each table and each column of flags, shape (t,) each."""
    right, pairs = np.zeros((len(tables), flags.shape[1])), np.zeros(flags.shape[1])
    targets = flags.astype(np.float64)
    for k in np.unique(part):
        held = part == k
        here, aims = flags[held], _centred(targets, ~held)
        inside = here.sum(axis=0)
        pairs += inside * (len(here) - inside)
        for i, predicted in enumerate(_predicted(tables, held, aims)):
            right[i] += _rank_sums(predicted, here) - inside * (inside + 1) / 2
    return list(right / pairs)


def _rank_sums(values: Floats, flags: Bools) -> Floats:
    """Sum of the ranks of the flagged in each column, equal values at their mean rank; (n, t) each, shape (t,).

    Values carry their flag in the last bit of the mantissa, so that one plain sort of each column ranks and tells the
    flags; values that differ in this bit alone, by a rounding, count as equal.
    """
    carried = np.ascontiguousarray(values.T) + 0.0  # the sum makes −0 to 0, and is a copy
    bits = carried.view(np.int64)
    bits &= ~1
    bits |= flags.T
    carried.sort(axis=1)
    flagged = bits & 1
    sums: Floats = (flagged @ np.arange(1, len(values) + 1)).astype(np.float64)
    bits >>= 1
    close = (bits[:, 1:] == bits[:, :-1]).any(axis=1)
    if close.any():
        sums[close] += _of_ties(bits[close], flagged[close])
    return sums


def _of_ties(ordered: npt.NDArray[np.int64], flagged: npt.NDArray[np.int64]) -> Floats:
    """By how much rank sums grow when the flagged of each run of equal values move to the middle of its places.

    Rows are columns of values in their order, (t, n) each, shape (t,).
    """
    place = np.arange(1.0, ordered.shape[1] + 1)
    new = np.ones((ordered.shape[0], ordered.shape[1] + 1), bool)
    new[:, 1:-1] = ordered[:, 1:] != ordered[:, :-1]
    row, start = np.nonzero(new[:, :-1] & ~new[:, 1:])
    end = np.nonzero(~new[:, :-1] & new[:, 1:])[1]
    members, places = np.cumsum(flagged, axis=1), np.cumsum(flagged * place, axis=1)
    here = flagged[row, start]
    tied = members[row, end] - members[row, start] + here
    taken = places[row, end] - places[row, start] + here * place[start]
    grown = np.bincount(row, tied * (place[start] + place[end]) / 2 - taken, len(ordered))
    return grown.astype(np.float64)


def _between(value: float, error: float, to: Callable[[float], float], back: Callable[[float], float]) -> Estimate:
    """A number with limits on the scale where its error does not depend on it."""
    reach = float(stats.norm.isf(ALPHA / 2)) * error
    return Estimate(value, back(to(value) - reach), back(to(value) + reach))


def _area_error(area: float, members: int, others: int) -> float:
    """Hanley and McNeil's standard error of an area, on the logit scale."""
    both, one = area / (2 - area) - area**2, 2 * area**2 / (1 + area) - area**2
    variance = (area * (1 - area) + (members - 1) * both + (others - 1) * one) / (members * others)
    return math.sqrt(max(variance, 0.0)) / (area * (1 - area))


def _logit(share: float) -> float:
    return math.log(share / (1 - share))


def _share(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def _correlations(predicted: Floats, targets: Floats) -> Floats:
    """Correlation of each column with its prediction, 0 where that does not vary, shape (t,)."""
    p, y = predicted - predicted.mean(axis=0), targets - targets.mean(axis=0)
    scale = np.sqrt(np.sum(p**2, axis=0) * np.sum(y**2, axis=0))
    found: Floats = np.sum(p * y, axis=0) / np.where(scale > 0, scale, np.inf)
    return found


def _p(values: Floats) -> float:
    """Share of the permutations (all but the first value) that reach what was seen, itself counted."""
    return float((1 + np.sum(values[1:] >= values[0])) / len(values))
