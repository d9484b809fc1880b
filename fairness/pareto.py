"""Weights between validity and impact: the composites that nothing else beats on both."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize

from vivavoce.evaluation.estimate import NAN, Floats, number, same_length, vectors
from vivavoce.fairness.composite import composite_adverse_impact, correlation_matrix

POINTS = 21  # of the frontier: steps that a plot shows as a curve
DRAWS = 400  # simulated studies; the mean loss is then known to about a twentieth of its spread
HALVINGS = 50  # of the trade-off angle: π/2 · 2⁻⁵⁰, far below anything that a weight shows
NO_PEOPLE = "the number of people behind the estimates was not given: how much would be lost in new people is unknown"


@dataclass(frozen=True)
class Composite:
    """One way to weigh the predictors.

    Parameters
    ----------
    weights
        Shape (k,), summing to 1.
    validity
        Correlation with the criterion; as high as the estimates allow at this impact.
    difference
        Majority − minority mean in standard deviations; ideal 0.
    impact_ratio
        Minority's / majority's selection rate; ideal 1.
    expected_validity, expected_ratio
        What weights chosen like these from a study of this size reach on average in new people; ``nan`` where the
        study's size is unknown. The gap to ``validity`` and ``impact_ratio`` is the shrinkage.
    """

    weights: tuple[float, ...]
    validity: float
    difference: float
    impact_ratio: float
    expected_validity: float
    expected_ratio: float


@dataclass(frozen=True)
class Frontier:
    """Weights against impact.

    Parameters
    ----------
    composites
        From most valid to least impact: no weights ≥ 0 have more of both.
    regression
        Weights of least squares, which look at validity only (and may be negative).
    unit
        Equal weights, the yardstick that needs no study.
    reason
        Why expected values are missing, or ``None``.
    """

    composites: tuple[Composite, ...]
    regression: Composite
    unit: Composite
    reason: str | None

    def best(self, least_ratio: float) -> Composite:
        """The most valid composite of the frontier with at least this impact ratio (``ValueError`` if none has)."""
        for composite in self.composites:
            if composite.impact_ratio >= least_ratio:
                return composite
        highest = self.composites[-1].impact_ratio
        raise ValueError(
            f"The 'least_ratio' parameter of best must be at most the highest ratio of the frontier, {highest:.4f}. "
            f"Got {least_ratio} instead: no weights ≥ 0 on these predictors reach it."
        )


@dataclass(frozen=True)
class Setting:
    """What is known of predictors and applicants: validities (k,), d (k,), correlations (k, k), and two shares."""

    validities: Floats
    d: Floats
    correlations: Floats
    selection_ratio: float
    minority_share: float


def pareto(
    validities: npt.ArrayLike,
    d: npt.ArrayLike,
    correlations: npt.ArrayLike,
    *,
    selection_ratio: float,
    minority_share: float,
    people: int | None = None,
    ratios: npt.ArrayLike | None = None,
    seed: int = 0,
) -> Frontier:
    """Every best compromise between validity and adverse impact.

    Weights of the frontier look at group differences, so they are chosen once, before anybody is scored, and are the
    same for all; a score never depends on the group.

    Parameters
    ----------
    validities, d
        Shape (k,): correlations with the criterion (one at least above 0) and standardised group differences
        (majority − minority).
    correlations
        Of the predictors within groups, shape (k, k).
    selection_ratio, minority_share
        Shares of applicants, above 0 and below 1.
    people
        Behind the estimates, > k + 2; shrinkage is simulated from them (multivariate normal studies of this size,
        from a population that is as estimated, each choosing weights at the same trade-off).
    ratios
        Impact ratios to meet; ``None``: 21, evenly from the most valid composite's to the least impact's.
    seed
        Of the simulation.

    Raises
    ------
    ValueError
        Where the correlations are impossible, no validity is positive, or a ratio is out of reach.

    References
    ----------
    De Corte, Lievens & Sackett (2007), Journal of Applied Psychology 92, 1380–1393; Song, Wee & Newman (2017),
    Journal of Applied Psychology 102, 1636–1657 (shrinkage).

    Examples
    --------
    >>> found = pareto([0.3, 0.2], [0.8, 0.0], [[1.0, 0.1], [0.1, 1.0]], selection_ratio=0.2, minority_share=0.3)
    >>> [round(one.validity, 3) for one in (found.composites[0], found.best(0.8))]
    [0.345, 0.248]
    """
    setting = _setting(validities, d, correlations, selection_ratio, minority_share, people)
    last = _last_angle(setting)
    lowest, highest = (_ratio(setting, _weights(setting, angle)) for angle in (0.0, last))
    if ratios is None:
        targets = np.linspace(lowest, highest, POINTS)
    else:
        (targets,) = vectors("pareto", least=1, ratios=ratios)
    if targets.max() > highest * (1 + 1e-9):
        raise ValueError(
            f"The 'ratios' parameter of pareto must be at most {highest:.4f}, the highest ratio that weights ≥ 0 reach "
            f"on these predictors. Got {targets.max()} instead."
        )
    angles = [_angle(setting, target, last) for target in targets]
    studies = _studies(setting, people, seed)
    regression = np.linalg.solve(setting.correlations, setting.validities)
    return Frontier(
        composites=tuple(
            _composite(setting, _weights(setting, angle), [_chosen(one, angle) for one in studies]) for angle in angles
        ),
        regression=_composite(
            setting, regression, [np.linalg.solve(one.correlations, one.validities) for one in studies]
        ),
        unit=_composite(setting, np.ones(len(regression)), [np.ones(len(regression))] * len(studies)),
        reason=NO_PEOPLE if people is None else None,
    )


def _setting(
    validities: npt.ArrayLike,
    d: npt.ArrayLike,
    correlations: npt.ArrayLike,
    selection_ratio: float,
    minority_share: float,
    people: int | None,
) -> Setting:
    """Check what is known."""
    v, gaps = vectors("pareto", least=1, validities=validities, d=d)
    table = correlation_matrix("pareto", correlations)
    same_length("pareto", validities=v, correlations=table)
    explained = float(v @ np.linalg.solve(table, v))
    if v.max() <= 0 or explained >= 1:
        raise ValueError(
            "The 'validities' parameter of pareto must hold one value above 0 and go with the correlations (R² below "
            f"1). Got {v.tolist()} with R² {explained:.4f} instead."
        )
    if people is not None:
        number("pareto", "people", people, len(v) + 2, math.inf, open_low=True, open_high=True)
    number("pareto", "selection_ratio", selection_ratio, 0.0, 1.0, open_low=True, open_high=True)
    number("pareto", "minority_share", minority_share, 0.0, 1.0, open_low=True, open_high=True)
    return Setting(v, gaps, table, selection_ratio, minority_share)


def _weights(setting: Setting, angle: float) -> Floats:
    """Weights ≥ 0 of the frontier where its slope is tan(angle) of validity per unit of difference; 0 past its end.

    Maximises w·(cos v − sin d) at w'Rw = 1, a nonnegative least-squares problem.
    """
    target = math.cos(angle) * setting.validities - math.sin(angle) * setting.d
    root = np.linalg.cholesky(setting.correlations)
    found: Floats = optimize.nnls(root.T, np.linalg.solve(root, target))[0]
    return found


def _chosen(study: Setting, angle: float) -> Floats:
    """The weights that a study chooses at a trade-off: those of its frontier's end where that comes first."""
    found = _weights(study, angle)
    return found if found.any() else _weights(study, _last_angle(study))


def _last_angle(setting: Setting) -> float:
    """The angle at which the frontier ends: beyond it no predictor is worth its difference."""
    low, high = 0.0, math.pi / 2
    if _weights(setting, high).any():
        return high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _weights(setting, middle).any() else (low, middle)
    return low


def _angle(setting: Setting, ratio: float, last: float) -> float:
    """The smallest angle whose composite reaches an impact ratio."""
    if _ratio(setting, _weights(setting, 0.0)) >= ratio:
        return 0.0
    low, high = 0.0, last
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if _ratio(setting, _weights(setting, middle)) >= ratio else (middle, high)
    return high


def _ratio(setting: Setting, weights: Floats) -> float:
    difference = _standardised(setting, weights, setting.d)
    impact = composite_adverse_impact(
        difference, selection_ratio=setting.selection_ratio, minority_share=setting.minority_share
    )
    return impact.ratio


def _standardised(setting: Setting, weights: Floats, parts: Floats) -> float:
    return float(weights @ parts) / math.sqrt(float(weights @ setting.correlations @ weights))


def _composite(setting: Setting, weights: Floats, chosen: list[Floats]) -> Composite:
    """Describe weights, and beside them those that simulated studies chose, all in the setting's population."""
    return Composite(
        weights=tuple(map(float, weights / weights.sum())),
        validity=_standardised(setting, weights, setting.validities),
        difference=_standardised(setting, weights, setting.d),
        impact_ratio=_ratio(setting, weights),
        expected_validity=_mean([_standardised(setting, one, setting.validities) for one in chosen]),
        expected_ratio=_mean([_ratio(setting, one) for one in chosen]),
    )


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else NAN


def _studies(setting: Setting, people: int | None, seed: int) -> list[Setting]:
    """What studies of this size would have estimated: correlations from Wishart draws, differences from normal ones."""
    if people is None:
        return []
    rng = np.random.default_rng(seed)
    k = len(setting.d)
    truth = np.eye(k + 1)
    truth[:k, :k] = setting.correlations
    truth[:k, k] = truth[k, :k] = setting.validities
    share = setting.minority_share
    error = np.linalg.cholesky(setting.correlations) / math.sqrt(people * share * (1 - share))
    found = []
    for _ in range(DRAWS):
        sample = np.corrcoef(rng.multivariate_normal(np.zeros(k + 1), truth, people, method="cholesky").T)
        d = setting.d + error @ rng.standard_normal(k)
        found.append(Setting(sample[:k, k], d, sample[:k, :k], setting.selection_ratio, share))
    return found
