"""Two groups' selection rates compared: every statistic that an auditor prints, from counts.

Signs: ``difference``, ``z``, ``phi``, ``h`` and ``shortfall`` are positive where the focal group does worse.

Fisher's exact test of two selection rates, and its mid-P: our own, for SciPy has no mid-P and takes 2 ms where this
takes 65 µs; SciPy is the tests' oracle.
"""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from numbers import Integral
from typing import NamedTuple

import numpy as np

from vivavoce.fairness.intervals import katz, miettinen_nurminen, score_difference

TIE = 1e-7  # two tables count as equally likely within this relative distance, as in R and SciPy
SMALLEST_P = sys.float_info.min  # what lies below is printed as this, never as 0
REACH = 40  # standard deviations on either side of the mode: what lies beyond is below the smallest float


@dataclass(frozen=True)
class ExactTest:
    """Two-sided p-values of one 2 × 2 table, both in [0, 1]; small means that equal rates would hardly give this.

    ``fisher_p`` is the probability, margins fixed, of all tables at most as likely as the observed one (the
    minimum-likelihood convention). ``mid_p`` is ``fisher_p`` minus half the probability of the observed table.
    """

    fisher_p: float
    mid_p: float


def fisher(a: int, n1: int, b: int, n2: int) -> ExactTest:
    """Test whether a of n1 and b of n2 are selected at the same rate.

    Cost grows with the standard deviation of the table, not with the number of people: ten million take
    milliseconds. A p-value below the smallest float is that float, never 0.

    References
    ----------
    Agresti (2013), Categorical Data Analysis, 3rd ed., 3.5; Lancaster (1961), JASA 56, 223–234 (mid-P).

    Examples
    --------
    >>> test = fisher(48, 80, 12, 40)
    >>> round(test.fisher_p, 5), round(test.mid_p, 5)
    (0.00341, 0.00278)
    """
    selected, people = a + b, n1 + n2
    if people == 0:
        return ExactTest(float("nan"), float("nan"))
    mode = (selected + 1) * (n1 + 1) // (people + 2)
    spread = selected * n1 * n2 * (people - selected) / (people**2 * max(people - 1, 1))
    reach = REACH * (int(spread**0.5) + 1)
    first = max(0, selected - n2, mode - reach)
    last = min(selected, n1, mode + reach)
    if not first <= a <= last:
        return ExactTest(SMALLEST_P, SMALLEST_P)
    x = np.arange(first, last, dtype=np.float64)
    steps = np.log((selected - x) * (n1 - x)) - np.log((x + 1) * (n2 - selected + x + 1))
    logs = np.concatenate(([0.0], np.cumsum(steps)))
    likelihood = np.exp(logs - logs.max())
    likelihood /= likelihood.sum()
    observed = likelihood[a - first]
    total = float(min(likelihood[likelihood <= observed * (1 + TIE)].sum(), 1.0))
    return ExactTest(max(total, SMALLEST_P), max(total - float(observed) / 2, SMALLEST_P))


NAN = float("nan")
Count = int | float | Decimal | Fraction  # published counts come as rate × n, so decimals are allowed

WITHOUT_PEOPLE = (
    "score_low", "score_high", "difference", "difference_low", "difference_high", "fisher_p", "mid_p", "h", "shortfall",
)  # fmt: skip
NO_PEOPLE = "a group has no people"
NONE_SELECTED_REFERENCE = "nobody of the reference group was selected: there is no rate to compare with"
NONE_SELECTED = "a group without any selected has no Katz interval"
NO_SPREAD = "everybody or nobody was selected: the pooled rate has no variance"


class Counts(NamedTuple):
    """How many of a group were selected, and how many people it has."""

    selected: Count
    n: Count


@dataclass(frozen=True)
class Comparison:
    """One focal group against its reference.

    Undefined numbers are ``nan``; ``undefined`` says why, by field name.

    Parameters
    ----------
    reference_rate, focal_rate
        Share selected, 0–1.
    impact_ratio
        Focal / reference rate. Ideal 1; below .8 the four-fifths rule asks for an explanation.
    ratio_low, ratio_high
        95 % log interval of the ratio (Katz); printed, never decides.
    score_low, score_high
        95 % score interval of the ratio (Miettinen–Nurminen); decides.
    difference
        Reference rate − focal rate. Ideal 0.
    difference_low, difference_high
        Its 95 % score interval (Miettinen–Nurminen).
    z, z_p
        Two-proportion Z with pooled variance and its two-sided p.
    chi2, chi2_yates
        Pearson's chi-squared (1 df), without and with Yates' correction.
    fisher_p, mid_p
        Two-sided exact p, minimum-likelihood convention; mid-P is Fisher's p minus half the observed table's
        probability. Decimal counts are rounded to whole people for these two.
    phi
        Correlation of group and selection, −1 to 1. Ideal 0.
    h
        Cohen's difference of arcsine-transformed rates. Ideal 0; .2 small, .5 medium, .8 large.
    shortfall
        People of the focal group missing against the pooled rate: n₂ · pooled − b. Ideal 0.
    below_four_fifths
        5 b n₁ < 4 a n₂, in exact arithmetic: a ratio of exactly .8 is not below. False where undefined.
    flip_flop
        Whether moving one selection from one group to the other, everything else equal, changes
        ``below_four_fifths``: then one person decides, and the rule says neither pass nor fail.
    """

    reference_rate: float
    focal_rate: float
    impact_ratio: float
    ratio_low: float
    ratio_high: float
    score_low: float
    score_high: float
    difference: float
    difference_low: float
    difference_high: float
    z: float
    z_p: float
    chi2: float
    chi2_yates: float
    fisher_p: float
    mid_p: float
    phi: float
    h: float
    shortfall: float
    below_four_fifths: bool
    flip_flop: bool
    undefined: Mapping[str, str] = field(default_factory=dict)


def compare(
    reference: tuple[Count, Count], focal: tuple[Count, Count], design: tuple[float, float] = (1.0, 1.0)
) -> Comparison:
    """Compare a focal group's selection rate with its reference's.

    Parameters
    ----------
    reference, focal
        ``(selected, n)``, for example :class:`Counts`; 0 ≤ selected ≤ n. Decimals are taken exactly.
    design
        By how much people with several rows widen the variance of each rate, ≥ 1 (:mod:`vivavoce.fairness.strata`):
        tests and intervals take as many people as there would be without (Rao & Scott 1992, Biometrics 48, 577–585).

    Raises
    ------
    ValueError
        For counts that are negative, not finite, or with more selected than people.

    References
    ----------
    29 CFR 1607.4 D (four-fifths); Questions and Answers 20–22 (44 FR 11996, small numbers); Morris & Dunleavy
    (2017), Adverse Impact Analysis.

    Examples
    --------
    >>> found = compare(reference=(48, 80), focal=(12, 40))
    >>> found.impact_ratio, round(found.z, 4), round(found.shortfall, 3), found.below_four_fifths
    (0.5, 3.0984, 8.0, True)
    >>> compare((0, 10), (3, 10)).undefined["impact_ratio"]
    'nobody of the reference group was selected: there is no rate to compare with'
    """
    a, n1 = _exact(reference, "reference")
    b, n2 = _exact(focal, "focal")
    undefined: dict[str, str] = {}
    rate1, rate2 = _rate(a, n1, "reference_rate", undefined), _rate(b, n2, "focal_rate", undefined)
    peopled = n1 > 0 and n2 > 0
    ratio = float(b * n1 / (a * n2)) if peopled and a else NAN
    if math.isnan(ratio):
        undefined["impact_ratio"] = NONE_SELECTED_REFERENCE if peopled else NO_PEOPLE
    whole, (shrink1, shrink2) = (a, n1, b, n2), map(Fraction, design)
    a, n1, b, n2 = a / shrink1, n1 / shrink1, b / shrink2, n2 / shrink2
    counts = (float(a), float(n1), float(b), float(n2))
    ratio_low, ratio_high = (float(limit) for limit in katz(*counts))
    score_low, score_high = (float(limit) for limit in miettinen_nurminen(*counts))
    difference_low, difference_high = (float(limit) for limit in score_difference(*counts))
    if math.isnan(ratio_low):
        undefined |= dict.fromkeys(("ratio_low", "ratio_high"), NONE_SELECTED if peopled else NO_PEOPLE)
    if not peopled:
        undefined |= dict.fromkeys(WITHOUT_PEOPLE, NO_PEOPLE)
    exact = fisher(round(a), round(n1), round(b), round(n2)) if peopled else None
    z, z_p, chi2, yates, phi = _pooled(a, n1, b, n2, undefined)
    a, n1, b, n2 = whole
    return Comparison(
        reference_rate=rate1,
        focal_rate=rate2,
        impact_ratio=ratio,
        ratio_low=ratio_low,
        ratio_high=ratio_high,
        score_low=score_low,
        score_high=score_high,
        difference=float(a / n1 - b / n2) if peopled else NAN,
        difference_low=difference_low,
        difference_high=difference_high,
        z=z,
        z_p=z_p,
        chi2=chi2,
        chi2_yates=yates,
        fisher_p=exact.fisher_p if exact else NAN,
        mid_p=exact.mid_p if exact else NAN,
        phi=phi,
        h=2 * math.asin(math.sqrt(rate1)) - 2 * math.asin(math.sqrt(rate2)) if peopled else NAN,
        shortfall=float(n2 * (a + b) / (n1 + n2) - b) if peopled else NAN,
        below_four_fifths=below_four_fifths(a, n1, b, n2),
        flip_flop=_flips(a, n1, b, n2),
        undefined=undefined,
    )


def below_four_fifths(a: Count, n1: Count, b: Count, n2: Count) -> bool:
    """Whether b / n2 is less than four fifths of a / n1, without a division that could round.

    Examples
    --------
    >>> below_four_fifths(4, 5, 16, 25), (16 / 25) / (4 / 5) < 0.8
    (False, True)
    """
    return 5 * Fraction(b) * Fraction(n1) < 4 * Fraction(a) * Fraction(n2)


def _flips(a: Fraction, n1: Fraction, b: Fraction, n2: Fraction) -> bool:
    """Whether one selection moved towards the other side of four fifths gets there."""
    below = below_four_fifths(a, n1, b, n2)
    moved = (a - 1, b + 1) if below else (a + 1, b - 1)
    possible = 0 <= moved[0] <= n1 and 0 <= moved[1] <= n2
    return possible and below_four_fifths(moved[0], n1, moved[1], n2) != below


def _pooled(
    a: Fraction, n1: Fraction, b: Fraction, n2: Fraction, undefined: dict[str, str]
) -> tuple[float, float, float, float, float]:
    """Z, its two-sided p, chi-squared, Yates' chi-squared and phi; ``nan`` without variance."""
    people, selected = n1 + n2, a + b
    margins = selected * (people - selected) * n1 * n2
    if margins == 0:
        reason = NO_SPREAD if n1 and n2 else NO_PEOPLE
        undefined |= dict.fromkeys(("z", "z_p", "chi2", "chi2_yates", "phi"), reason)
        return NAN, NAN, NAN, NAN, NAN
    cross = a * (n2 - b) - b * (n1 - a)
    phi = float(cross) / math.sqrt(margins)
    z = phi * math.sqrt(people)
    corrected = max(abs(cross) - people / 2, Fraction(0))
    yates = float(people * corrected**2 / margins)
    return z, max(math.erfc(abs(z) / math.sqrt(2)), SMALLEST_P), float(people * cross**2 / margins), yates, phi


def _rate(selected: Fraction, n: Fraction, name: str, undefined: dict[str, str]) -> float:
    if n == 0:
        undefined[name] = NO_PEOPLE
        return NAN
    return float(selected / n)


def _exact(counts: tuple[Count, Count], name: str) -> tuple[Fraction, Fraction]:
    selected, n = counts
    if not (math.isfinite(selected) and math.isfinite(n) and 0 <= selected <= n):
        raise ValueError(
            f"The {name!r} parameter of compare must be (selected, n) with 0 ≤ selected ≤ n, both finite. "
            f"Got ({selected}, {n}) instead."
        )
    # numpy's integers would overflow inside a Fraction
    as_fraction = [Fraction(int(x)) if isinstance(x, Integral) else Fraction(x) for x in (selected, n)]
    return as_fraction[0], as_fraction[1]
