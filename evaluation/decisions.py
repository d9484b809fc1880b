"""What a cut score is worth: how often those above it turn out excellent, or leave, beside those below it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from vivavoce.evaluation.agreement import share
from vivavoce.evaluation.correlation import correlation
from vivavoce.evaluation.estimate import Estimate, Floats, number, undefined, vectors

LEAST = 20  # people on a side of a cut: below, a share of one half has limits 42 points apart
Z = float(stats.norm.isf(0.025))
NONE_BELOW = "nobody below the cut turned out so: there is no rate to compare with"


@dataclass(frozen=True)
class Cut:
    """People at or above a cut score beside those below it.

    Parameters
    ----------
    cut
        On the score's own scale.
    above, below
        How many people.
    share_above, share_below
        Of them, to whom it happened, 0–1, with 95 % limits.
    ratio
        How many times as often above as below, with 95 % limits; ideal far from 1 in the hoped-for direction.
    """

    cut: float
    above: int
    below: int
    share_above: Estimate
    share_below: Estimate
    ratio: Estimate


def success_at_cuts(scores: npt.ArrayLike, success: npt.ArrayLike, cuts: Sequence[float]) -> list[Cut]:
    """Share of people who turned out well, above and below each cut.

    Parameters
    ----------
    scores
        Cross-fitted, shape (n,): no person's score may come from a model that saw that person's outcome.
    success
        1 where a person turned out well, 0 where not, shape (n,).
    cuts
        On the score's scale.

    Returns
    -------
    list of Cut
        In the given order; undefined with fewer than 20 people on a side.

    Raises
    ------
    ValueError
        For lengths that differ, values that are not finite, and outcomes other than 0 and 1.

    References
    ----------
    Wilson (1927), JASA 22, 209–212 (shares); Koopman (1984), Biometrics 40, 513–517 (score limits of the ratio).

    Examples
    --------
    >>> scores = np.repeat([40.0, 60.0], 100)
    >>> success = np.r_[np.arange(100) < 20, np.arange(100) < 50]
    >>> [found] = success_at_cuts(scores, success, [50])
    >>> found.share_above.value, found.share_below.value, found.ratio.value
    (0.5, 0.2, 2.5)
    """
    x, y = vectors("success_at_cuts", scores=scores, success=success)
    if not np.isin(y, (0, 1)).all():
        raise ValueError(f"The 'success' parameter of success_at_cuts must be 0 or 1. Got {np.unique(y)[:5]} instead.")
    return [_cut(x, y == 1, float(cut)) for cut in cuts]


def _cut(scores: Floats, success: npt.NDArray[np.bool_], cut: float) -> Cut:
    above = scores >= cut
    counts = int(above.sum()), int((~above).sum())
    if min(counts) < LEAST:
        few = undefined(f"{counts[0]} people above and {counts[1]} below the cut, at least {LEAST} each")
        return Cut(cut, *counts, few, few, few)
    return Cut(cut, *counts, share(success[above]), share(success[~above]), _ratio(success[above], success[~above]))


def _ratio(above: npt.NDArray[np.bool_], below: npt.NDArray[np.bool_]) -> Estimate:
    from statsmodels.stats.proportion import confint_proportions_2indep

    if not below.any():
        return undefined(NONE_BELOW)
    value = float(above.mean() / below.mean())
    low, high = confint_proportions_2indep(
        above.sum(), len(above), below.sum(), len(below), compare="ratio", method="score"
    )
    return Estimate(value, float(low), float(high))


def leaving_at_cuts(
    scores: npt.ArrayLike, days: npt.ArrayLike, left: npt.ArrayLike, cuts: Sequence[float], *, horizon: float = 365.0
) -> list[Cut]:
    """Share of people who left within a time, above and below each cut, where some were not followed that long.

    Parameters
    ----------
    scores
        Cross-fitted, shape (n,).
    days
        Until a person left, or was last known to be there, shape (n,), ≥ 0.
    left
        1 where they left on that day, 0 where they were still there (censored), shape (n,).
    cuts
        On the score's scale.
    horizon
        Days within which leaving counts, above 0.

    Returns
    -------
    list of Cut
        Shares are 1 − S(horizon) after Kaplan and Meier with limits on the log(−log) scale; the ratio has limits by
        the delta method. Undefined with fewer than 20 people on a side, or nobody followed to the horizon.

    Raises
    ------
    ValueError
        For lengths that differ, values that are not finite, and follow-up that cannot be.

    References
    ----------
    Kaplan & Meier (1958), JASA 53, 457–481; Kalbfleisch & Prentice (2002), section 1.4.

    Examples
    --------
    >>> scores = np.repeat([40.0, 60.0], 50)
    >>> days = np.r_[np.full(20, 100.0), np.full(30, 400.0), np.full(5, 100.0), np.full(45, 400.0)]
    >>> [found] = leaving_at_cuts(scores, days, days < 365, [50])
    >>> round(found.share_below.value, 2), round(found.share_above.value, 2)
    (0.4, 0.1)
    """
    x, time, event = vectors("leaving_at_cuts", scores=scores, days=days, left=left)
    number("leaving_at_cuts", "horizon", horizon, 0.0, math.inf, open_low=True, open_high=True)
    if (time < 0).any() or not np.isin(event, (0, 1)).all():
        raise ValueError("leaving_at_cuts needs days of at least 0, and 'left' of 0 or 1.")
    found = []
    for cut in cuts:
        above = x >= cut
        counts = int(above.sum()), int((~above).sum())
        if min(counts) < LEAST:
            few = undefined(f"{counts[0]} people above and {counts[1]} below the cut, at least {LEAST} each")
            found.append(Cut(float(cut), *counts, few, few, few))
            continue
        (high, high_se), (low, low_se) = (_left_by(time[side], event[side], horizon) for side in (above, ~above))
        found.append(Cut(float(cut), *counts, high, low, _delta_ratio(high, high_se, low, low_se)))
    return found


def _left_by(days: Floats, left: Floats, horizon: float) -> tuple[Estimate, float]:
    """Share who left by the horizon, and its standard error (Greenwood)."""
    if days.max() < horizon:
        return undefined(f"nobody was followed for {horizon:g} days"), math.nan
    times = np.unique(days[(left == 1) & (days <= horizon)])
    risk = np.array([(days >= time).sum() for time in times])
    events = np.array([((days == time) & (left == 1)).sum() for time in times])
    stays = float(np.prod(1 - events / risk)) if len(times) else 1.0
    if stays in (0.0, 1.0):
        found = share(np.full(len(days), stays == 0.0))
        return found, 0.0
    greenwood = float(np.sum(events / (risk * (risk - events))))
    reach = Z * math.sqrt(greenwood) / abs(math.log(stays))
    return Estimate(1 - stays, 1 - stays ** math.exp(-reach), 1 - stays ** math.exp(reach)), stays * math.sqrt(
        greenwood
    )


def _delta_ratio(above: Estimate, above_se: float, below: Estimate, below_se: float) -> Estimate:
    if math.isnan(above.value) or math.isnan(below.value):
        return undefined(above.reason or below.reason or "not known")
    if below.value == 0 or above.value == 0:
        return undefined("nobody left on one side of the cut")
    reach = Z * math.hypot(above_se / above.value, below_se / below.value)
    value = above.value / below.value
    return Estimate(value, value * math.exp(-reach), value * math.exp(reach))


def expected_hit_rate(validity: float, base_rate: float, selection_ratio: float) -> float:
    """Share of selected people who turn out well, for a linear relation between normal scores and performance.

    Parameters
    ----------
    validity
        Correlation of score and performance among applicants, −1 to 1, ends excluded.
    base_rate
        Share of all applicants who would turn out well, 0–1.
    selection_ratio
        Share selected, 0–1.

    Returns
    -------
    float
        0–1; with validity 0 it is the base rate.

    Raises
    ------
    ValueError
        For numbers outside their range.

    References
    ----------
    Taylor & Russell (1939), Journal of Applied Psychology 23, 565–578.

    Examples
    --------
    >>> round(expected_hit_rate(0.50, 0.50, 0.20), 2)  # as in their table
    0.78
    """
    name = "expected_hit_rate"
    for what, value, low in (
        ("validity", validity, -1.0),
        ("base_rate", base_rate, 0.0),
        ("selection_ratio", selection_ratio, 0.0),
    ):
        number(name, what, value, low, 1.0, open_low=True, open_high=True)
    ends = [float(stats.norm.isf(one)) for one in (selection_ratio, base_rate)]
    both = stats.multivariate_normal(mean=[0, 0], cov=[[1, validity], [validity, 1]]).cdf([-ends[0], -ends[1]])
    return float(both) / selection_ratio


def correlations_with(scores: dict[str, Floats], criteria: dict[str, Floats]) -> dict[str, dict[str, Estimate]]:
    """Correlation of every score with every criterion on the people who have both, with 95 % limits (Fisher)."""
    return {
        criterion: {name: correlation(x, y, least=LEAST) for name, x in scores.items()}
        for criterion, y in criteria.items()
    }
