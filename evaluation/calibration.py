"""Do predictions mean what they say: calibration of predicted performance and of predicted probabilities."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from vivavoce.evaluation.agreement import share, too_few
from vivavoce.evaluation.correlation import SMALLEST_SAMPLE
from vivavoce.evaluation.estimate import NAN, Estimate, Floats, number, same_length, undefined, vectors
from vivavoce.evaluation.models import least_squares

CLASSES = 10  # of equally many people; fewer where people are few
LEAST = 10  # people in a class, below which its mean says little
STEPS, SETTLED = 50, 1e-10  # of Newton's method; it needs under ten unless outcomes are separated


@dataclass(frozen=True)
class Class:
    """People with similar predictions: what was predicted, and what came of it."""

    predicted: float
    observed: Estimate
    n: int


@dataclass(frozen=True)
class Calibration:
    """Predictions against outcomes.

    Parameters
    ----------
    slope
        Of outcome on prediction (probabilities: on their logit); ideal 1. Below 1: predictions too extreme.
    mean_error
        Mean outcome − mean prediction; ideal 0.
    error
        Root mean squared error in the outcome's unit (probabilities: its square is the Brier score); ideal 0.
    skill
        1 − error² / variance of the outcome; ideal 1, 0 = no better than the mean, negative = worse.
    classes
        The curve: classes of equally many people by prediction.
    n
        People.
    """

    slope: Estimate
    mean_error: Estimate
    error: float
    skill: float
    classes: tuple[Class, ...]
    n: int


def calibrate(predicted: npt.ArrayLike, observed: npt.ArrayLike, *, confidence: float = 0.95) -> Calibration:
    """Compare predicted with observed values, such as performance ratings.

    Parameters
    ----------
    predicted, observed
        One per person, shape (n ≥ 4,), finite, same unit.
    confidence
        Of the intervals, 0–1.

    References
    ----------
    Van Calster et al. (2019), BMC Medicine 17, 230 (the hierarchy: mean, slope, curve).

    Examples
    --------
    >>> predicted = np.linspace(1, 5, 40)
    >>> found = calibrate(predicted, 1.5 + 0.5 * predicted + np.tile([-0.1, 0.1], 20))
    >>> round(found.slope.value, 2), round(found.mean_error.value, 2)
    (0.5, 0.0)
    """
    x, y = vectors("calibrate", least=SMALLEST_SAMPLE, predicted=predicted, observed=observed)
    constant = undefined("all predictions are equal")
    line = constant if np.ptp(x) == 0 else _line(x, y, confidence)
    return _calibration(x, y, line, lambda values: _mean(values, confidence), confidence)


def calibrate_by(
    strata: npt.ArrayLike, predicted: npt.ArrayLike, observed: npt.ArrayLike
) -> Mapping[str, Calibration | str]:
    """Calibration within each stratum (group, site, year); for a stratum below 4 persons, the reason in its place.

    Examples
    --------
    >>> predicted = np.linspace(1, 5, 21)
    >>> found = calibrate_by(["a"] * 20 + ["b"], predicted, predicted + 0.5)
    >>> round(found["a"].mean_error.value, 2), found["b"]
    (0.5, '1 person: fewer than 4')
    """
    x, y = vectors("calibrate_by", predicted=predicted, observed=observed)
    labels = np.asarray(strata).astype(str)
    same_length("calibrate_by", strata=labels, predicted=x)
    found: dict[str, Calibration | str] = {}
    for label in np.unique(labels):
        here = labels == label
        found[str(label)] = too_few(int(here.sum())) or calibrate(x[here], y[here])
    return found


def calibrate_probabilities(
    probability: npt.ArrayLike, happened: npt.ArrayLike, *, confidence: float = 0.95
) -> Calibration:
    """Compare predicted probabilities with what happened, such as leaving within a year.

    Parameters
    ----------
    probability
        Shape (n ≥ 4,), strictly between 0 and 1.
    happened
        0 or 1, shape (n,).
    confidence
        Of the intervals, 0–1.

    References
    ----------
    Cox (1958), Biometrika 45, 562–565 (logistic slope); Brier (1950), Monthly Weather Review 78, 1–3.

    Examples
    --------
    >>> found = calibrate_probabilities([0.2] * 50 + [0.8] * 50, [1] * 10 + [0] * 40 + [1] * 40 + [0] * 10)
    >>> round(found.slope.value, 6), round(found.error**2, 4)
    (1.0, 0.16)
    """
    name = "calibrate_probabilities"
    p, y = vectors(name, least=SMALLEST_SAMPLE, probability=probability, happened=happened)
    for one in (p.min(), p.max()):
        number(name, "probability", float(one), 0.0, 1.0, open_low=True, open_high=True)
    if not np.isin(y, (0, 1)).all():
        raise ValueError(f"The 'happened' parameter of {name} must be 0 or 1. Got {y[~np.isin(y, (0, 1))][0]} instead.")
    line = _logistic_slope(special.logit(p), y, confidence)
    return _calibration(p, y, line, lambda values: share(values == 1, confidence=confidence), confidence)


def interval_coverage(low: npt.ArrayLike, high: npt.ArrayLike, observed: npt.ArrayLike) -> Estimate:
    """Share of outcomes inside their prediction intervals; ideal: the intervals' own confidence.

    Examples
    --------
    >>> interval_coverage([1, 1, 1, 1], [3, 3, 3, 3], [2, 2, 4, 3]).value
    0.75
    """
    a, b, y = vectors("interval_coverage", low=low, high=high, observed=observed)
    return share((a <= y) & (y <= b))


def _calibration(
    x: Floats, y: Floats, line: Estimate, observed: Callable[[Floats], Estimate], confidence: float
) -> Calibration:
    """Put the parts together; ``observed`` summarises a class's outcomes."""
    squared = float(np.mean((y - x) ** 2))
    variance = float(y.var())
    parts = np.array_split(np.argsort(x, kind="stable"), max(min(CLASSES, len(x) // LEAST), 1))
    return Calibration(
        slope=line,
        mean_error=_mean(y - x, confidence),
        error=math.sqrt(squared),
        skill=1 - squared / variance if variance else NAN,
        classes=tuple(Class(float(x[part].mean()), observed(y[part]), len(part)) for part in parts),
        n=len(x),
    )


def _mean(values: Floats, confidence: float) -> Estimate:
    """A mean with its t interval."""
    reach = float(stats.t.ppf((1 + confidence) / 2, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))
    mean = float(values.mean())
    return Estimate(mean, mean - reach, mean + reach)


def _line(x: Floats, y: Floats, confidence: float) -> Estimate:
    return least_squares(np.column_stack([np.ones(len(x)), x]), y).coefficient(1, confidence)


def _logistic_slope(x: Floats, y: Floats, confidence: float) -> Estimate:
    """Slope of a logistic regression by Newton's method, with its Wald interval."""
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return undefined("all predictions, or all outcomes, are equal")
    design = np.column_stack([np.ones(len(x)), x])
    beta = np.zeros(2)
    for _ in range(STEPS):
        fitted = special.expit(design @ beta)
        information = (design * (fitted * (1 - fitted))[:, None]).T @ design
        if np.linalg.cond(information) > 1 / SETTLED:
            break
        step = np.linalg.solve(information, design.T @ (y - fitted))
        beta = beta + step
        if np.abs(step).max() < SETTLED:
            error = float(np.sqrt(np.linalg.inv(information)[1, 1]))
            reach = float(stats.norm.ppf((1 + confidence) / 2)) * error
            return Estimate(float(beta[1]), float(beta[1]) - reach, float(beta[1]) + reach)
    return undefined("the predictions separate the outcomes: the slope has no finite maximum")
