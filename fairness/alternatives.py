"""The search for a less discriminatory alternative: chosen on one half of the persons, confirmed on the other.

Beside it, what other weights of the competencies could reach at all: the front of validity and impact.

Candidates are declared before anybody looks and never see a group: fewer questions, other features, other weights. A
group-blind choice among them by impact is what 29 CFR 1607.3 B asks for; a change of anybody's score by group is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.estimate import Estimate, Floats, bootstrap, number, same_length
from vivavoce.fairness.composite import composite_adverse_impact, composite_difference, composite_validity
from vivavoce.fairness.groups import UNKNOWN, Labels
from vivavoce.fairness.pareto import Composite, pareto

MARGIN_R = 0.02  # of validity that an alternative may cost
GAIN = 0.05  # of the impact ratio that it must bring
LEAST = 20  # people of a group in a half: below, one person moves its rate by a twentieth
SMALLEST_EIGENVALUE = 1e-6  # of correlations: below, one score is made of the others
DRAWS = 500  # of persons, per candidate: limits to about a tenth of their width


class Found(StrEnum):
    """How one candidate's search ended."""

    CONFIRMED = "confirmed"
    RULED_OUT = "ruled out"  # the other half says that it costs too much validity, or brings too little
    OPEN = "open"  # the other half cannot tell


@dataclass(frozen=True)
class Alternative:
    """One candidate against the version as it is, on the confirming half.

    Parameters
    ----------
    name
        As declared.
    chosen
        Whether it looked better on the first half: the only ones that may be confirmed.
    validity_gain
        r with performance minus that of the version; ideal at least −.02.
    ratio_gain
        Its lowest impact ratio minus that of the version; ideal above .05.
    found
        ``confirmed``: chosen, both margins held, and more ratio beyond chance (interval above 0).
    """

    name: str
    chosen: bool
    validity_gain: Estimate
    ratio_gain: Estimate
    found: Found


def search_alternatives(
    version: npt.ArrayLike,
    candidates: Mapping[str, npt.ArrayLike],
    performance: npt.ArrayLike,
    attributes: Mapping[str, Labels],
    *,
    share: float,
    confirming: npt.ArrayLike,
    seed: int = 0,
) -> list[Alternative]:
    """Compare every declared candidate with the version.

    Parameters
    ----------
    version
        Its cross-fitted overall scores, shape (n,), one person each; finite.
    candidates
        The same persons' cross-fitted scores under each candidate, shape (n,) each.
    performance
        Shape (n,); ``nan`` where not known.
    attributes
        Declared groups.
    share
        Of people selected at the declared cut, 0–1.
    confirming
        Which persons confirm, shape (n,) of booleans; the others choose.
    seed
        Of the bootstrap.

    Returns
    -------
    list of Alternative
        In the order of the candidates.

    Raises
    ------
    ValueError
        For lengths that differ, and a share outside 0–1.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> women = np.arange(4000) % 2
    >>> able = rng.standard_normal(4000)
    >>> sex = Labels(("men", "women"), women.astype(np.int64))
    >>> version = able + 0.3 * rng.standard_normal(4000) - 0.5 * women
    >>> fair = able + 0.3 * rng.standard_normal(4000)
    >>> half = rng.random(4000) < 0.5
    >>> [one] = search_alternatives(version, {"fair": fair}, able, {"sex": sex}, share=0.3, confirming=half)
    >>> one.found.value
    'confirmed'
    """
    number("search_alternatives", "share", share, 0.0, 1.0, open_low=True, open_high=True)
    base, y, half = np.asarray(version, np.float64), np.asarray(performance, np.float64), np.asarray(confirming, bool)
    same_length("search_alternatives", version=base, performance=y, confirming=half)
    codes = [labels.codes for labels in attributes.values()]
    same_length("search_alternatives", version=base, **dict(zip(attributes, codes, strict=True)))
    found = []
    for name, values in candidates.items():
        scores = np.asarray(values, np.float64)
        same_length("search_alternatives", version=base, **{name: scores})
        columns: list[npt.NDArray[Any]] = [base, scores, y, *codes]
        first, second = ([column[rows] for column in columns] for rows in (~half, half))
        chosen = _validity_gain(*first) >= -MARGIN_R and _ratio_gain(share)(*first) >= GAIN
        validity = bootstrap(_validity_gain, *second, draws=DRAWS, seed=seed)
        ratio = bootstrap(_ratio_gain(share), *second, draws=DRAWS, seed=seed)
        found.append(Alternative(name, bool(chosen), validity, ratio, _judge(bool(chosen), validity, ratio)))
    return found


def _judge(chosen: bool, validity: Estimate, ratio: Estimate) -> Found:
    if chosen and validity.value >= -MARGIN_R and ratio.value >= GAIN and ratio.low > 0:
        return Found.CONFIRMED
    return Found.RULED_OUT if validity.high < -MARGIN_R or ratio.high < GAIN else Found.OPEN


def _validity_gain(version: Floats, candidate: Floats, y: Floats, *_: Any) -> float:
    known = ~np.isnan(y)
    if known.sum() < LEAST or np.ptp(y[known]) == 0:
        return float("nan")
    return float(np.corrcoef(candidate[known], y[known])[0, 1] - np.corrcoef(version[known], y[known])[0, 1])


def _ratio_gain(share: float) -> Any:
    """How much higher the lowest impact ratio is under the candidate, at the same share selected."""

    def gain(version: Floats, candidate: Floats, _: Floats, *codes: npt.NDArray[np.int64]) -> float:
        return lowest_ratio(candidate, codes, share) - lowest_ratio(version, codes, share)

    return gain


def lowest_ratio(scores: Floats, codes: "tuple[npt.NDArray[np.int64], ...]", share: float) -> float:
    """The lowest impact ratio over all attributes where the best ``share`` of people are selected.

    Parameters
    ----------
    scores
        Shape (n,).
    codes
        Group codes of each attribute, shape (n,) each; -1 is unknown. Groups of fewer than 20 people do not count.
    share
        0–1.

    Returns
    -------
    float
        Ideal 1; ``nan`` where no attribute has two groups, or nobody of them was selected.
    """
    count = max(1, round(share * len(scores)))
    selected = np.zeros(len(scores), bool)
    selected[np.argsort(-scores, kind="stable")[:count]] = True
    ratios = []
    for one in codes:
        known = one != UNKNOWN
        n = np.bincount(one[known])
        rates = np.bincount(one[known], weights=selected[known])[n >= LEAST] / n[n >= LEAST]
        if len(rates) > 1 and rates.max() > 0:
            ratios.append(float(rates.min() / rates.max()))
    return min(ratios, default=float("nan"))


@dataclass(frozen=True)
class Front:
    """What weights of the competencies could reach for two groups, and what the framework's reach.

    Parameters
    ----------
    reference, focal
        The groups whose means of the weighted sum lie furthest apart, highest and lowest.
    people
        Of both, with performance.
    own
        The framework's weights. They saw none of these people's performance or groups, so nothing shrinks.
    frontier
        Weights that nothing beats on validity and impact, each with what it is expected to reach in new people; like
        ``own`` of the scores as given, and in the order of the competencies.
    """

    reference: str
    focal: str
    people: int
    own: Composite
    frontier: tuple[Composite, ...]

    @property
    def as_valid(self) -> Composite | None:
        """Weights of the front with the least impact whose validity in new people may be expected to hold (−.02)."""
        held = [
            one
            for one in self.frontier
            if one.expected_validity >= self.own.validity - MARGIN_R and one.expected_ratio > self.own.impact_ratio
        ]
        return max(held, key=lambda one: one.expected_ratio, default=None)


def weights_front(
    competencies: Mapping[str, npt.ArrayLike],
    weights: Mapping[str, float],
    performance: npt.ArrayLike,
    labels: Labels,
    *,
    share: float,
    seed: int = 0,
) -> Front | str:
    """Which weights of the competencies lose no validity needlessly for their impact, or why that is not known.

    Parameters
    ----------
    competencies
        Cross-fitted scores by competency, shape (n,) each, one person each; finite.
    weights
        The framework's, of every competency, ≥ 0.
    performance
        Shape (n,); ``nan`` where not known.
    labels
        One attribute's groups; those of fewer than 20 people do not count.
    share
        Of people selected, 0–1.
    seed
        Of the simulated studies.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> women = np.arange(2000) % 2
    >>> words, plans = rng.standard_normal((2, 2000)) - np.outer([0.8, 0.0], women)
    >>> later = 0.3 * words + 0.3 * plans + 0.24 * women + rng.standard_normal(2000)
    >>> sex = Labels(("men", "women"), women.astype(np.int64))
    >>> found = weights_front({"words": words, "plans": plans}, {"words": 0.8, "plans": 0.2}, later, sex, share=0.3)
    >>> found.focal, round(found.own.impact_ratio, 2), found.as_valid.impact_ratio > 0.6
    ('women', 0.4, True)
    """
    z = np.column_stack([np.asarray(competencies[name], np.float64) for name in weights])
    w, y = np.array(list(weights.values())), np.asarray(performance, np.float64)
    same_length("weights_front", competencies=z, performance=y, labels=labels.codes)
    large = np.flatnonzero(np.bincount(labels.codes[labels.codes != UNKNOWN]) >= LEAST)
    means = {code: float(np.mean(z[labels.codes == code] @ w)) for code in large}
    if len(means) < 2:
        return f"fewer than two groups of {LEAST} people"
    reference, focal = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    one, other = (z[labels.codes == code] for code in (reference, focal))
    within = np.vstack([one - one.mean(axis=0), other - other.mean(axis=0)])
    spread = np.sqrt(np.sum(within**2, axis=0) / (len(within) - 2))
    known = ~np.isnan(y) & np.isin(labels.codes, (reference, focal))
    if known.sum() <= max(LEAST, z.shape[1] + 2) or np.ptp(y[known]) == 0 or (spread == 0).any():
        return f"fewer than {LEAST} people of {labels.levels[reference]} and {labels.levels[focal]} with performance"
    d = (one.mean(axis=0) - other.mean(axis=0)) / spread
    r = np.corrcoef(within.T).reshape(len(w), len(w))
    v = np.array([np.corrcoef(column, y[known])[0, 1] for column in z[known].T])
    if v.max() <= 0 or np.linalg.eigvalsh(r)[0] < SMALLEST_EIGENVALUE or v @ np.linalg.solve(r, v) >= 1:
        return "no competency goes with performance, or one is made of the others"
    people, minority = int(known.sum()), len(other) / len(within)
    difference, validity = composite_difference(w * spread, d, r), composite_validity(w * spread, v, r)
    ratio = composite_adverse_impact(difference, selection_ratio=share, minority_share=minority).ratio
    own = Composite(tuple(map(float, w)), validity, difference, ratio, validity, ratio)
    found = pareto(v, d, r, selection_ratio=share, minority_share=minority, people=people, seed=seed)
    scaled = [np.array(one.weights) / spread for one in found.composites]  # in the scores' unit
    frontier = [
        replace(one, weights=tuple(map(float, weight / weight.sum())))
        for one, weight in zip(found.composites, scaled, strict=True)
    ]
    return Front(labels.levels[reference], labels.levels[focal], people, own, tuple(frontier))
