"""The search for a less discriminatory alternative: chosen on one half of the persons, confirmed on the other.

Candidates are declared before anybody looks and never see a group: fewer questions, other features, other weights. A
group-blind choice among them by impact is what 29 CFR 1607.3 B asks for; a change of anybody's score by group is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.estimate import Estimate, Floats, bootstrap, number, same_length
from vivavoce.fairness.groups import UNKNOWN, Labels

MARGIN_R = 0.02  # of validity that an alternative may cost
GAIN = 0.05  # of the impact ratio that it must bring
LEAST = 20  # people of a group in a half: below, one person moves its rate by a twentieth
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
