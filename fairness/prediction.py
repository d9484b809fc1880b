"""Does the score predict performance alike for two groups: Cleary's model, d_Mod, and both without measurement error.

A score with errors pulls everybody towards their own group's mean, so that equally able members of two groups with
different means get different predictions. Cleary's test takes that for bias. Where the score's reliability is known the
verdict rests on the relation that an error-free score would have.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from vivavoce.evaluation.estimate import Estimate, Floats, number, same_length, undefined, vectors

SMALLEST = 0.10  # criterion SD: a tenth moves about four of a hundred people past a cut at the mean
TOLERABLE = 0.20  # criterion SD: "small" by Cohen's convention; an interval inside it is evidence of likeness
LEAST = 20  # people of a group: standard errors of a slope mean little below
ALPHA = 0.05
FINDING = 0.03  # keeps false alarms below .05 also where ratings are coarse or the reliability is off by .02
NONCENTRALITY = 11.01  # at which a chi-squared test of two constraints at the level of a finding has power .80
EXACT = 1e-9  # of the criterion's spread: residuals below are rounding, and a line without error cannot be tested
NO_SCATTER = "the criterion is a straight line of the score in a group: without scatter nothing can be tested"
NO_RELIABILITY = "the score's reliability is unknown, and unreliability alone looks like bias: give it to get a verdict"


@dataclass(frozen=True)
class GroupLine:
    """A group's own regression of criterion on score, in their units."""

    n: int
    intercept: float
    slope: float
    mean_score: float
    sd_score: float
    mean_criterion: float
    sd_criterion: float


@dataclass(frozen=True)
class StepDown:
    """Cleary's regressions compared as Lautenschlager and Mendoza order them; p-values of F tests.

    ``omnibus_p`` tests one line for both against two; ``slope_p`` the product term; ``intercept_p`` the group term
    given equal slopes. ``kind``: ``none``, ``intercept`` or ``slope``, the first step that rejects after the omnibus;
    ``unknown``, p-values ``nan``, where a group's criterion is a straight line of its score.
    """

    omnibus_p: float
    slope_p: float
    intercept_p: float
    kind: str


@dataclass(frozen=True)
class Corrected:
    """The groups' relation of criterion to the error-free score.

    Parameters
    ----------
    difference
        Reference line − focal line at the focal mean, in reference SD of the criterion (d_Mod for straight lines);
        ideal 0, positive: the reference line promises more than focal members deliver.
    slope_gap
        Reference slope − focal slope, in reference criterion SD per focal SD of error-free score; ideal 0.
    p
        Wald test of both being 0; ``kind`` is named at .05.
    kind
        ``none``, ``intercept`` or ``slope``.
    """

    difference: Estimate
    slope_gap: Estimate
    p: float
    kind: str


@dataclass(frozen=True)
class DifferentialPrediction:
    """Whether a score predicts alike.

    Parameters
    ----------
    reference, focal
        Each group's line.
    cleary
        The customary tests on observed scores; they mistake unreliability for bias.
    d_mod, d_mod_unsigned
        Nye and Sackett's effect size on observed scores: mean difference of the two lines over focal members, signed
        with interval, and its absolute value (biased upward in small samples, so without one).
    corrected
        The same without measurement error in the score.
    detectable
        The smallest corrected difference that these people would show with power .80, in criterion SD.
    verdict
        ``finding``: corrected p < .03 and an effect of at least ``smallest``. ``ok``: both corrected intervals inside
        ± .20. ``insufficient``: neither.
    reason
        Why it is insufficient, or ``None``.
    """

    reference: GroupLine
    focal: GroupLine
    cleary: StepDown
    d_mod: Estimate
    d_mod_unsigned: Estimate
    corrected: Corrected
    detectable: float
    verdict: str
    reason: str | None


def differential_prediction(
    score: npt.ArrayLike,
    criterion: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    reference: str,
    focal: str,
    reliability: float | Estimate | None = None,
    smallest: float = SMALLEST,
) -> DifferentialPrediction:
    """Compare the two groups' regressions of criterion on score.

    Parameters
    ----------
    score, criterion
        Shape (n,), finite, one row per person with both.
    groups
        Labels, shape (n,); rows of other groups are not used.
    reference, focal
        Which two groups.
    reliability
        Of the score *within* groups, above 0, at most 1; an :class:`Estimate` widens the intervals by its own.
        ``None``: no corrected result and no verdict.
    smallest
        The effect in criterion SD that counts.

    Returns
    -------
    DifferentialPrediction
        Criterion ratings that are biased themselves, and selection on them, are outside what it can see.

    Raises
    ------
    ValueError
        For fewer than 20 people in a group, or a score or criterion that does not vary in it.

    References
    ----------
    Cleary (1968), Journal of Educational Measurement 5, 115–124; Lautenschlager & Mendoza (1986), Applied Psychological
    Measurement 10, 133–139; Nye & Sackett (2017), Organizational Research Methods 20, 639–664; Linn & Werts (1971),
    Journal of Educational Measurement 8, 1–4 (unreliability); Fuller (1987), Measurement Error Models, chapter 1.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> group = np.repeat(["men", "women"], 800)
    >>> able = rng.standard_normal(1600) - 0.5 * (group == "women")
    >>> score = able + np.sqrt(2 / 3) * rng.standard_normal(1600)
    >>> performance = 0.5 * able + rng.standard_normal(1600)
    >>> found = differential_prediction(
    ...     score, performance, group, reference="men", focal="women", reliability=0.6)
    >>> found.verdict, found.corrected.kind
    ('ok', 'none')
    """
    name = "differential_prediction"
    x, y = vectors(name, score=score, criterion=criterion)
    labels = np.asarray(groups).astype(str)
    same_length(name, score=x, groups=labels)
    number(name, "smallest", smallest, 0.0, math.inf, open_low=True, open_high=True)
    first, second = (_group(x[labels == one], y[labels == one], one) for one in (reference, focal))
    observed, unsigned = _observed(first, second)
    exact = not (_scatters(first) and _scatters(second))
    if exact:
        observed = Estimate(observed.value, reason=NO_SCATTER)
    cleary = StepDown(math.nan, math.nan, math.nan, "unknown") if exact else _step_down(first, second)
    lines = first.line, second.line
    if reliability is None or exact:
        nothing = undefined(NO_SCATTER if exact else NO_RELIABILITY)
        blank = Corrected(nothing, nothing, math.nan, "unknown")
        said = nothing.reason
        return DifferentialPrediction(*lines, cleary, observed, unsigned, blank, math.nan, "insufficient", said)
    known = reliability if isinstance(reliability, Estimate) else Estimate(reliability)
    number(name, "reliability", known.value, 0.0, 1.0, open_low=True)
    corrected, error = _corrected(first, second, known)
    verdict, reason = _judge(corrected, smallest)
    return DifferentialPrediction(
        *lines, cleary, observed, unsigned, corrected, math.sqrt(NONCENTRALITY) * error, verdict, reason
    )


@dataclass(frozen=True)
class _Group:
    """Centred score and criterion of one group, beside its line."""

    dx: Floats
    dy: Floats
    line: GroupLine


def _group(x: Floats, y: Floats, label: str) -> _Group:
    if len(x) < LEAST or np.ptp(x) == 0 or np.ptp(y) == 0:
        raise ValueError(
            f"differential_prediction needs {LEAST} people in each group, whose score and criterion vary. Got {len(x)} "
            f"in group {label!r}{'' if len(x) < LEAST else ' with one value only'} instead."
        )
    dx, dy = x - x.mean(), y - y.mean()
    slope = float(dx @ dy / (dx @ dx))
    line = GroupLine(
        n=len(x),
        intercept=float(y.mean() - slope * x.mean()),
        slope=slope,
        mean_score=float(x.mean()),
        sd_score=float(x.std(ddof=1)),
        mean_criterion=float(y.mean()),
        sd_criterion=float(y.std(ddof=1)),
    )
    return _Group(dx, dy, line)


def _scatters(group: _Group) -> bool:
    """Whether the criterion is more than a straight line of the score."""
    residual = group.dy - group.line.slope * group.dx
    return float(np.max(np.abs(residual))) > EXACT * group.line.sd_criterion


def _compare(first: _Group, second: _Group, reliability: float) -> tuple[Floats, Floats, Floats]:
    """Line difference at the focal mean and slope gap, in reference criterion SD, their covariance (2, 2), and their
    derivatives by the reliability.

    Every person's influence on both is written down and squared (infinitesimal jackknife): no equal spread is assumed.
    """
    one, two = first.line, second.line
    shift, sd, spread = two.mean_score - one.mean_score, one.sd_criterion, two.sd_score * math.sqrt(reliability)
    slopes = np.array([one.slope, two.slope]) / reliability
    values = np.array([one.mean_criterion - two.mean_criterion + slopes[0] * shift, (slopes[0] - slopes[1]) * spread])
    bend = [_slope_influence(group) / reliability for group in (first, second)]
    unit = (first.dy**2 - np.mean(first.dy**2)) / (2 * sd**2)
    wide = (second.dx**2 - np.mean(second.dx**2)) / (2 * two.sd_score**2)
    on_first = np.array([first.dy - slopes[0] * first.dx + shift * bend[0], spread * bend[0]]) - values[:, None] * unit
    on_second = np.array([slopes[0] * second.dx - second.dy, values[1] * wide - spread * bend[1]])
    covariance = sum(part @ part.T / (part.shape[1] * (part.shape[1] - 1)) for part in (on_first, on_second))
    by_reliability = np.array([-slopes[0] * shift, -values[1] / 2]) / reliability
    return values / sd, np.asarray(covariance) / sd**2, by_reliability / sd


def _slope_influence(group: _Group) -> Floats:
    """What each person does to their group's slope times n, with residuals enlarged for leverage as in HC3."""
    squares = group.dx**2
    leverage = 1 / len(squares) + squares / squares.sum()
    residual: Floats = (group.dy - group.line.slope * group.dx) / (1 - leverage)
    return group.dx * residual / float(np.mean(squares))


def _observed(first: _Group, second: _Group) -> tuple[Estimate, Estimate]:
    """Nye and Sackett's d_Mod, signed and unsigned, with focal scores normal."""
    (signed, gap), covariance, _ = _compare(first, second, 1.0)
    absolute = float(stats.foldnorm.mean(abs(signed / gap), scale=abs(gap))) if gap else abs(float(signed))
    return _interval(signed, covariance[0, 0]), Estimate(absolute, reason="biased upward in small samples")


def _corrected(first: _Group, second: _Group, reliability: Estimate) -> tuple[Corrected, float]:
    """The error-free comparison, and the standard error of its difference."""
    values, covariance, by_reliability = _compare(first, second, reliability.value)
    if not math.isnan(reliability.low):
        error = (reliability.high - reliability.low) / (2 * stats.norm.isf(ALPHA / 2))
        covariance = covariance + error**2 * np.outer(by_reliability, by_reliability)
    df = first.line.n + second.line.n - 4
    wald = float(values @ np.linalg.solve(covariance, values)) / 2
    p = float(stats.f.sf(wald, 2, df))
    slope_p = float(stats.f.sf(values[1] ** 2 / covariance[1, 1], 1, df))
    kind = "none" if p >= ALPHA else "slope" if slope_p < ALPHA else "intercept"
    found = Corrected(_interval(values[0], covariance[0, 0]), _interval(values[1], covariance[1, 1]), p, kind)
    return found, math.sqrt(covariance[0, 0])


def _interval(value: float, variance: float) -> Estimate:
    reach = float(stats.norm.isf(ALPHA / 2)) * math.sqrt(variance)
    return Estimate(float(value), float(value) - reach, float(value) + reach)


def _judge(found: Corrected, smallest: float) -> tuple[str, str | None]:
    effect = max(abs(found.difference.value), abs(found.slope_gap.value))
    if found.p < FINDING and effect >= smallest:
        return "finding", None
    estimates = (found.difference, found.slope_gap)
    if all(one.low > -TOLERABLE and one.high < TOLERABLE for one in estimates):
        return "ok", None
    widest = max((bound for one in estimates for bound in (one.low, one.high)), key=abs)
    return "insufficient", f"differences up to {abs(widest):.2f} criterion SD are compatible with these people"


def _step_down(first: _Group, second: _Group) -> StepDown:
    """F tests of nested least squares: one line, two intercepts, two lines."""
    one, two = first.line, second.line
    x = np.concatenate([first.dx + one.mean_score, second.dx + two.mean_score])
    y = np.concatenate([first.dy + one.mean_criterion, second.dy + two.mean_criterion])
    x = (x - x.mean()) / x.std()
    group = np.repeat([0.0, 1.0], [one.n, two.n])
    columns = [np.ones(len(x)), x, group, x * group]
    errors = [_squared_error(np.column_stack(columns[:k]), y) for k in (2, 3, 4)]
    df = len(x) - 4

    def p(simple: float, full: float, terms: int, left: int) -> float:
        return float(stats.f.sf((simple - full) / terms / (full / left), terms, left))

    omnibus = p(errors[0], errors[2], 2, df)
    slope, intercept = p(errors[1], errors[2], 1, df), p(errors[0], errors[1], 1, df + 1)
    steps = "slope" if slope < ALPHA else "intercept" if intercept < ALPHA else "none"
    return StepDown(omnibus, slope, intercept, steps if omnibus < ALPHA else "none")


def _squared_error(design: Floats, y: Floats) -> float:
    solution = np.linalg.lstsq(design, y, rcond=None)[0]
    return float(np.sum((y - design @ solution) ** 2))
