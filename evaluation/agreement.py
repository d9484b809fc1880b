"""Does the machine agree with people: how closely, with what slant, and is that better than a constant."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy import stats

from vivavoce.evaluation.correlation import SMALLEST_SAMPLE, correlation
from vivavoce.evaluation.estimate import (
    Estimate,
    Floats,
    confidence_level,
    matrix,
    number,
    same_length,
    undefined,
    vectors,
)
from vivavoce.evaluation.models import least_squares
from vivavoce.evaluation.reliability import icc

WITHIN = 5.0  # points on the 0–100 scale; a customary claim, and an empty one where ratings bunch
TIE = 1e-9  # relative; a difference of exactly ``points`` counts, whatever its last binary digit
SPLITS = 200  # of a panel into halves; beyond, halves are drawn
CONSTANT = "the machine's or the people's scores do not vary"
NO_PANEL = "no second panel of people was given"
NO_TIMES = "no times were given"


@dataclass(frozen=True)
class Agreement:
    """Machine and human scores of the same persons, on one scale.

    Parameters
    ----------
    icc
        ICC(2,1), absolute agreement of one machine with one human score; ideal 1.
    correlation
        Same order, whatever the scale; ideal: as high as between people.
    slope
        Of human on machine scores: points that a human point moves with a machine point; ideal 1. Below 1 the
        machine's differences are too large to be taken at their word.
    spread_ratio
        Machine SD / human SD; ideal 1. A machine that plays safe stays below 1.
    mean_difference
        Machine − human; ideal 0.
    limits
        95 % limits of agreement: machine − human lies between them for 95 of 100 persons, if differences are normal.
    trend
        Change of machine − human per unit of time; ideal 0.
    within, human_within, constant_within
        Share of persons with |machine − human| ≤ ``points``; the same between two human panels; and the share that
        the best constant reaches. Read together or not at all: where ratings bunch, a constant beats people.
    points
        Of the scale, that count as agreement.
    n
        Persons.
    """

    icc: Estimate
    correlation: Estimate
    slope: Estimate
    spread_ratio: Estimate
    mean_difference: Estimate
    limits: tuple[Estimate, Estimate]
    trend: Estimate
    within: Estimate
    human_within: Estimate
    constant_within: float
    points: float
    n: int


def agreement(
    human: npt.ArrayLike,
    machine: npt.ArrayLike,
    *,
    panels: npt.ArrayLike | None = None,
    times: npt.ArrayLike | None = None,
    points: float = WITHIN,
    confidence: float = 0.95,
) -> Agreement:
    """Compare a machine's scores with people's.

    Parameters
    ----------
    human, machine
        One score per person each, shape (n ≥ 4,), finite, same unit.
    panels
        The single raters' scores, shape (n, k ≥ 2), for the agreement of people with people.
    times
        When each person was scored, any unit, shape (n,).
    points
        That count as agreement, > 0.
    confidence
        Of the intervals, 0–1.

    References
    ----------
    Bland & Altman (1999), Statistical Methods in Medical Research 8, 135–160 (limits); Pitman (1939)
    and Morgan (1939), Biometrika 31, 9–19 (spread ratio of paired scores).

    Examples
    --------
    >>> people = np.array([40.0, 50, 55, 60, 70, 75, 80, 90])
    >>> found = agreement(people, people + [9, 11, 10, 9, 11, 10, 9, 11])
    >>> found.mean_difference.value, found.within.value, round(found.correlation.value, 2)
    (10.0, 0.0, 1.0)
    """
    h, m = vectors("agreement", least=SMALLEST_SAMPLE, human=human, machine=machine)
    level = confidence_level("agreement", confidence)
    number("agreement", "points", points, 0.0, math.inf, open_low=True, open_high=True)
    n = len(h)
    gap = m - h
    r = correlation(h, m, confidence=level)
    varied, nothing = math.isfinite(r.value), undefined(CONSTANT)
    mean, limits = _limits(gap, level)
    return Agreement(
        icc=icc(np.column_stack([h, m]), confidence=level).icc_2_1,
        correlation=r if varied else nothing,
        slope=least_squares(np.column_stack([np.ones(n), m]), h).coefficient(1, level) if varied else nothing,
        spread_ratio=_spread_ratio(m, h, r.value, level) if varied else nothing,
        mean_difference=mean,
        limits=limits,
        trend=_trend(gap, times, level),
        within=share(close(gap, points), confidence=level),
        human_within=undefined(NO_PANEL) if panels is None else human_agreement(panels, points=points),
        constant_within=best_constant(h, points),
        points=points,
        n=n,
    )


def agreement_by(
    strata: npt.ArrayLike, human: npt.ArrayLike, machine: npt.ArrayLike, *, points: float = WITHIN
) -> Mapping[str, Agreement | str]:
    """Agreement within each stratum (group, site, month); for a stratum below 4 persons, the reason in its place.

    Examples
    --------
    >>> people = np.array([40.0, 50, 55, 60, 70, 75])
    >>> found = agreement_by(list("aaaaab"), people, people + 1)
    >>> found["a"].mean_difference.value, found["b"]
    (1.0, '1 person: fewer than 4')
    """
    h, m = vectors("agreement_by", human=human, machine=machine)
    labels = np.asarray(strata).astype(str)
    same_length("agreement_by", strata=labels, human=h)
    found: dict[str, Agreement | str] = {}
    for label in np.unique(labels):
        here = labels == label
        found[str(label)] = too_few(int(here.sum())) or agreement(h[here], m[here], points=points)
    return found


def too_few(persons: int) -> str:
    """Why a stratum has no statistics, or nothing where it has enough persons.

    Examples
    --------
    >>> too_few(3), too_few(4)
    ('3 persons: fewer than 4', '')
    """
    if persons >= SMALLEST_SAMPLE:
        return ""
    return f"{persons} {'person' if persons == 1 else 'persons'}: fewer than {SMALLEST_SAMPLE}"


def human_agreement(ratings: npt.ArrayLike, *, points: float = WITHIN, seed: int = 0) -> Estimate:
    """Share of persons whom two halves of a panel put within ``points`` of each other, over splits of the panel.

    Parameters
    ----------
    ratings
        Shape (n, k ≥ 2), complete. All splits into ⌊k/2⌋ and the rest, or 200 drawn ones where there are more.
    points
        That count as agreement.
    seed
        Of the drawn splits.

    Returns
    -------
    Estimate
        The mean share, 0–1; its limits are the lowest and highest share of any split, not an interval.

    Examples
    --------
    >>> human_agreement([[50, 54, 70], [60, 61, 62], [70, 71, 90]], points=5).value
    0.333...
    """
    table = matrix("human_agreement", "ratings", ratings, columns=2)
    k = table.shape[1]
    if math.comb(k, k // 2) <= SPLITS:
        halves = [np.array(chosen) for chosen in combinations(range(k), k // 2)]
    else:
        rng = np.random.default_rng(seed)
        halves = [rng.permutation(k)[: k // 2] for _ in range(SPLITS)]
    total = table.sum(axis=1)
    sums = [table[:, half].sum(axis=1) for half in halves]
    gaps = [one / (k // 2) - (total - one) / (k - k // 2) for one in sums]
    shares = [float(np.mean(close(gap, points))) for gap in gaps]
    return Estimate(float(np.mean(shares)), min(shares), max(shares))


def best_constant(human: Floats, points: float) -> float:
    """Share of persons within ``points`` of the constant that suits them best, 0–1: what knowing nobody achieves.

    Examples
    --------
    >>> best_constant(np.array([50.0, 52, 58, 60, 90]), 5)
    0.8
    """
    values = np.sort(human)
    inside = np.searchsorted(values, values + 2 * points * (1 + TIE), "right") - np.arange(len(values))
    return float(inside.max() / len(values))


def close(gap: Floats, points: float) -> npt.NDArray[np.bool_]:
    """Which differences are at most ``points``, ties included although binary fractions round.

    Examples
    --------
    >>> gap = np.array([0.8 - 0.7])
    >>> close(gap, 0.1), gap <= 0.1
    (array([ True]), array([False]))
    """
    return np.abs(gap) <= points * (1 + TIE)


def share(inside: npt.ArrayLike, *, confidence: float = 0.95) -> Estimate:
    """A share of persons with Wilson's score interval.

    References
    ----------
    Wilson (1927), JASA 22, 209–212.

    Examples
    --------
    >>> found = share([True] * 42 + [False] * 58)
    >>> round(found.low, 3), round(found.high, 3)
    (0.328, 0.518)
    """
    flags = np.asarray(inside, bool)
    if not len(flags):
        return undefined("nobody to count")
    found = stats.binomtest(int(flags.sum()), len(flags)).proportion_ci(confidence, method="wilson")
    return Estimate(float(flags.mean()), float(found.low), float(found.high))


def _limits(gap: Floats, confidence: float) -> tuple[Estimate, tuple[Estimate, Estimate]]:
    """Mean difference and the two limits of agreement, with Bland and Altman's approximate intervals."""
    n, mean, spread = len(gap), float(gap.mean()), float(gap.std(ddof=1))
    quantile, reach = float(stats.norm.ppf(0.975)), float(stats.t.ppf((1 + confidence) / 2, n - 1))
    error = spread / math.sqrt(n)
    outer = reach * error * math.sqrt(1 + quantile**2 * n / (2 * (n - 1)))
    low, high = mean - quantile * spread, mean + quantile * spread
    ends = Estimate(low, low - outer, low + outer), Estimate(high, high - outer, high + outer)
    return Estimate(mean, mean - reach * error, mean + reach * error), ends


def _spread_ratio(m: Floats, h: Floats, r: float, confidence: float) -> Estimate:
    """Pitman and Morgan's interval of the ratio of two standard deviations of the same persons."""
    ratio = float(m.std(ddof=1) / h.std(ddof=1))
    df = len(m) - 2
    squared = float(stats.t.ppf((1 + confidence) / 2, df)) ** 2
    core = 1 + 2 * squared * (1 - r**2) / df
    half = math.sqrt(max(core**2 - 1, 0.0))
    return Estimate(ratio, ratio * math.sqrt(max(core - half, 0.0)), ratio * math.sqrt(core + half))


def _trend(gap: Floats, times: npt.ArrayLike | None, confidence: float) -> Estimate:
    if times is None:
        return undefined(NO_TIMES)
    (t,) = vectors("agreement", times=times)
    same_length("agreement", machine=gap, times=t)
    if np.ptp(t) == 0:
        return undefined("all persons were scored at one time")
    return least_squares(np.column_stack([np.ones(len(t)), t - t.mean()]), gap).coefficient(1, confidence)
