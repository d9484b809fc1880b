"""One gap over many jobs or sites: Mantel–Haenszel for the common one, Breslow–Day for whether there is one.

People, not rows, are independent: by how much the variance of a rate, or of a gap over strata, is larger because some
people stand in several rows (Rao & Scott's design effect).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from vivavoce.fairness.disparity import NAN, SMALLEST_P, Count
from vivavoce.fairness.intervals import Z95, stratified_ratio

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Selected = tuple[Count, Count]
"""How many were selected, of how many."""


@dataclass(frozen=True)
class Stratified:
    """A reference and a focal group compared within strata.

    Parameters
    ----------
    ratio, ratio_low, ratio_high
        Mantel–Haenszel common impact ratio, focal / reference, with its 95 % score interval over strata
        (Miettinen–Nurminen). Ideal 1; below .8 as in one table.
    below_four_fifths, flip_flop
        Whether that ratio is below .8, exactly, and whether one selection moved within one stratum changes that.
    odds_ratio, odds_low, odds_high
        Mantel–Haenszel common odds ratio, reference / focal, with its 95 % log interval (Robins, Breslow & Greenland).
        Ideal 1; above 1 the focal group does worse.
    chi2, p
        Cochran–Mantel–Haenszel test that there is no gap within strata, continuity-corrected.
    breslow_day, breslow_day_p
        Test that all strata share one odds ratio (without Tarone's correction; rows taken as independent). A small p:
        the common ratio describes no stratum, read them one by one.
    differ_p
        What is concluded from: Breslow–Day's, or, where more than a fifth of the expected counts are below 5, the
        conditional score test for many sparse strata (Liang & Self); Breslow–Day calls 65 % of equal ones different at
        3 + 3 people.
    strata, left_out
        How many entered, and how many say nothing (a group absent, or all treated alike).
    undefined
        Why the numbers are ``nan``; empty otherwise.
    """

    ratio: float
    ratio_low: float
    ratio_high: float
    below_four_fifths: bool
    flip_flop: bool
    odds_ratio: float
    odds_low: float
    odds_high: float
    chi2: float
    p: float
    breslow_day: float
    breslow_day_p: float
    differ_p: float
    strata: int
    left_out: int
    undefined: str = ""


def stratify(pairs: Sequence[tuple[Selected, Selected]], design: float = 1.0) -> Stratified:
    """Compare (reference, focal) within strata, one pair for each.

    Parameters
    ----------
    pairs
        ``((a, n1), (b, n2))`` of every stratum.
    design
        By how much people who stand in several strata widen the variance of the gap (:func:`design_of_gap`), ≥ 1.

    References
    ----------
    Mantel & Haenszel (1959), JNCI 22, 719–748; Greenland & Robins (1985), Biometrics 41, 55–68 (the ratio); Robins,
    Breslow & Greenland (1986), Biometrics 42, 311–323; Breslow & Day (1980), Statistical Methods in Cancer Research
    I, 4.4; Liang & Self (1985), Biometrika 72, 353–358; Rao & Scott (1992), Biometrics 48, 577–585.

    Examples
    --------
    >>> found = stratify([((20, 30), (10, 30)), ((8, 40), (4, 40))])
    >>> round(found.ratio, 3), round(found.odds_ratio, 3), found.strata
    (0.5, 3.143, 2)
    """
    exact = [tuple(Fraction(count) for count in (*reference, *focal)) for reference, focal in pairs]
    kept = [(a, n1, b, n2) for a, n1, b, n2 in exact if n1 > 0 and n2 > 0 and 0 < a + b < n1 + n2]
    left_out = len(pairs) - len(kept)
    if not kept:
        reason = "no stratum has both groups and both outcomes"
        return Stratified(NAN, NAN, NAN, False, False, *(NAN,) * 8, 0, left_out, reason)
    a, n1, b, n2 = np.array(kept, np.float64).T
    numerator, denominator, below, flips = _exact_ratio(kept)
    people, chosen = n1 + n2, a + b
    variance = design * float((n1 * n2 * chosen * (people - chosen) / (people**2 * (people - 1))).sum())
    gap = float((a - n1 * chosen / people).sum())
    chi2 = max(abs(gap) - 0.5, 0.0) ** 2 / variance
    odds, reason = _common_odds(a, n1, b, n2, design), ""
    breslow = (NAN, NAN, NAN)
    if math.isnan(odds[0]):
        reason = "in every stratum one group was selected wholly or not at all: the odds ratio is 0 or infinite"
    elif len(kept) == 1:
        reason = "one stratum only: nothing to be homogeneous with"
    else:
        breslow = _breslow_day(a, n1, b, n2, odds[0])
    return Stratified(
        float(numerator / denominator) if denominator else NAN,
        *stratified_ratio(a, n1, b, n2, design),
        below,
        flips,
        *odds,
        chi2,
        max(float(stats.chi2.sf(chi2, 1)), SMALLEST_P),
        *breslow,
        len(kept),
        left_out,
        reason,
    )


def _exact_ratio(kept: Sequence[tuple[Fraction, ...]]) -> tuple[Fraction, Fraction, bool, bool]:
    """Numerator and denominator of the common ratio, whether it is below .8, and whether one selection changes that."""
    numerator = sum((b * n1 / (n1 + n2) for _, n1, b, n2 in kept), Fraction(0))
    denominator = sum((a * n2 / (n1 + n2) for a, n1, _, n2 in kept), Fraction(0))
    below = 5 * numerator < 4 * denominator
    step = 1 if below else -1
    flips = any(
        (5 * (numerator + step * n1 / (n1 + n2)) < 4 * (denominator - step * n2 / (n1 + n2))) != below
        for a, n1, b, n2 in kept
        if 0 <= a - step <= n1 and 0 <= b + step <= n2
    )
    return numerator, denominator, below, flips


def _common_odds(a: Floats, n1: Floats, b: Floats, n2: Floats, design: float) -> tuple[float, float, float]:
    """The common odds ratio and its limits; ``nan`` where it is 0 or infinite."""
    people = n1 + n2
    right, wrong = a * (n2 - b) / people, (n1 - a) * b / people
    sums = float(right.sum()), float(wrong.sum())
    if not all(sums):
        return NAN, NAN, NAN
    agree, differ = (a + n2 - b) / people, (n1 - a + b) / people
    variance = design * (
        float((agree * right).sum()) / (2 * sums[0] ** 2)
        + float((agree * wrong + differ * right).sum()) / (2 * sums[0] * sums[1])
        + float((differ * wrong).sum()) / (2 * sums[1] ** 2)
    )
    ratio, reach = sums[0] / sums[1], Z95 * math.sqrt(variance)
    return ratio, ratio * math.exp(-reach), ratio * math.exp(reach)


SPARSE, SPARSE_SHARE = 5, 0.2  # Cochran's rule for tests by chi-squared


def _breslow_day(a: Floats, n1: Floats, b: Floats, n2: Floats, odds: float) -> tuple[float, float, float]:
    """Breslow–Day's statistic and p; the expected cell by the root that also holds where the odds ratio is 1.

    The third is what is concluded from: the same p, or of sparse strata that of their exact conditional moments.
    """
    chosen = a + b
    middle = n2 - chosen + odds * (n1 + chosen)
    expected = 2 * odds * n1 * chosen / (middle + np.sqrt(middle**2 + 4 * (1 - odds) * odds * n1 * chosen))
    variance = 1 / (1 / expected + 1 / (chosen - expected) + 1 / (n1 - expected) + 1 / (n2 - chosen + expected))
    statistic = float(((a - expected) ** 2 / variance).sum())
    p = max(float(stats.chi2.sf(statistic, len(a) - 1)), SMALLEST_P)
    cells = np.concatenate([expected, chosen - expected, n1 - expected, n2 - chosen + expected])
    return statistic, p, p if (cells < SPARSE).mean() <= SPARSE_SHARE else _sparse(a, n1, b, n2, odds)


def _sparse(a: Floats, n1: Floats, b: Floats, n2: Floats, odds: float) -> float:
    """Whether squares are larger than margins and a common odds ratio make them, summed over many small strata."""
    more = spread = 0.0
    for seen, first, other, second in zip(*(counts.round() for counts in (a, n1, b, n2)), strict=True):
        chosen = seen + other
        x = np.arange(max(0.0, chosen - second), min(first, chosen) + 1)
        parts = (x, first - x, chosen - x, second - chosen + x)
        logs = x * math.log(odds) - np.sum([special.gammaln(part + 1) for part in parts], axis=0)
        shares = special.softmax(logs)
        apart = (x - shares @ x) ** 2
        more += float((seen - shares @ x) ** 2 - shares @ apart)
        spread += float(shares @ apart**2 - (shares @ apart) ** 2)
    return max(float(stats.norm.sf(more / math.sqrt(spread))), SMALLEST_P) if spread else NAN


def design_of_rates(codes: Ints, size: int, selected: npt.NDArray[np.bool_], persons: Ints) -> Floats:
    """By how much repeated people widen the variance of each group's rate, shape (size,), ≥ 1; 1 where nobody repeats.

    Parameters
    ----------
    codes
        Each row's group, 0 … size − 1, shape (n,).
    selected, persons
        Whether the row was selected, and whose it is, shape (n,).

    Examples
    --------
    >>> rows = np.repeat([0, 1, 2, 3], 6)  # four people, six rows each
    >>> design_of_rates(np.zeros(24, int), 1, rows < 2, rows).tolist()
    [6.0]
    """
    found = np.ones(size)
    for group in range(size):
        here = codes == group
        _, whose = np.unique(persons[here], return_inverse=True)
        rows = np.bincount(whose).astype(float)
        if len(rows) == 0 or rows.max() == 1:
            continue
        rate = float(selected[here].mean())
        if 0 < rate < 1:
            apart = np.bincount(whose, selected[here].astype(float)) - rows * rate
            found[group] = max(float((apart**2).sum()) / (rows.sum() * rate * (1 - rate)), 1.0)
        else:  # all alike: as many people as there would be if rows of one person were always the same
            found[group] = float((rows**2).sum() / rows.sum())
    return found


def design_of_gap(strata: Ints, focal: npt.NDArray[np.bool_], selected: npt.NDArray[np.bool_], persons: Ints) -> float:
    """By how much repeated people widen the variance of a gap over strata, ≥ 1; rows of the two groups only.

    Parameters
    ----------
    strata
        Each row's stratum, counted from 0, shape (n,).
    focal, selected, persons
        Whether the row is of the focal group, whether it was selected, and whose it is, shape (n,).
    """
    if len(strata) == 0:
        return 1.0
    _, whose = np.unique(persons, return_inverse=True)
    if np.bincount(whose).max() == 1:
        return 1.0
    counts = np.stack([np.bincount(strata[focal == one], minlength=strata.max() + 1) for one in (False, True)])
    both = (counts > 0).all(axis=0)[strata]
    people = counts.sum(axis=0)[strata]
    rate = np.bincount(strata, selected.astype(float))[strata] / people
    other = np.where(focal, counts[0][strata], counts[1][strata])  # the weight n1 n2 / N over the row's own group
    apart = np.where(both, np.where(focal, 1, -1) * other / people * (selected - rate), 0.0)
    alone = float((apart**2).sum())
    return max(float((np.bincount(whose, apart) ** 2).sum()) / alone, 1.0) if alone else 1.0
