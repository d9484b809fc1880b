"""How far apart groups score, overall and per competency: distributions, d and g with their intervals."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.effect import Difference, difference
from vivavoce.evaluation.estimate import NAN, Floats
from vivavoce.evaluation.multiplicity import benjamini_hochberg

QUANTILES = (0.05, 0.25, 0.50, 0.75, 0.95)  # what a box with whiskers shows
LEAST = 10  # people of a group, below which a mean describes persons rather than a group


@dataclass(frozen=True)
class Distribution:
    """A group's scores on one competency.

    Parameters
    ----------
    n, missing
        People with and without this score.
    mean, sd
        In the score's unit; ``nan`` without people (sd: fewer than two).
    quantiles
        5, 25, 50, 75, 95 %.
    """

    n: int
    missing: int
    mean: float
    sd: float
    quantiles: tuple[float, ...]


@dataclass(frozen=True)
class ScoreDifference:
    """One focal group against the reference on one competency.

    Parameters
    ----------
    score
        Competency, ``overall``, question or feature.
    reference, focal
        Groups.
    difference
        Reference − focal, so positive where the focal group scores lower; ``None`` where undefined.
    q
        False-discovery-adjusted p-value (Benjamini–Hochberg) over everything compared in one call; exploratory.
    reason
        Why there is no difference, or ``None``.
    """

    score: str
    reference: str
    focal: str
    difference: Difference | None
    q: float
    reason: str | None


@dataclass(frozen=True)
class ScoreDifferences:
    """Distributions by (score, group), and each group against the reference."""

    distributions: Mapping[tuple[str, str], Distribution]
    differences: tuple[ScoreDifference, ...]


def score_differences(
    scores: Mapping[str, npt.ArrayLike], groups: npt.ArrayLike, *, reference: str | None = None
) -> ScoreDifferences:
    """Compare groups' scores.

    Parameters
    ----------
    scores
        By name, shape (n,) each, one row per person; ``nan`` where a person has no such score (counted, left out).
    groups
        Declared labels, shape (n,).
    reference
        Whom the others are compared with; ``None``: the largest group, first in the alphabet among equals.

    Returns
    -------
    ScoreDifferences
        Differences are ``None`` with a reason where a group has fewer than 10 people with the score, or no spread.

    References
    ----------
    Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57, 289–300.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> found = score_differences({"teamwork": rng.normal(50, 10, 90)}, ["x"] * 50 + ["y"] * 35 + ["z"] * 5)
    >>> [(one.focal, one.reason) for one in found.differences]
    [('y', None), ('z', '5 people with this score: fewer than 10')]
    """
    labels = np.asarray(groups).astype(str)
    names, sizes = np.unique(labels, return_counts=True)
    chosen = str(names[np.argmax(sizes)]) if reference is None else reference
    if chosen not in names:
        raise ValueError(
            f"The 'reference' parameter of score_differences must be one of the groups {names.tolist()}. "
            f"Got {reference!r} instead."
        )
    columns = {name: _column(name, values, len(labels)) for name, values in scores.items()}
    distributions = {
        (name, str(group)): _distribution(values[labels == group])
        for name, values in columns.items()
        for group in names
    }
    found = [
        _compare(name, chosen, str(group), values[labels == chosen], values[labels == group])
        for name, values in columns.items()
        for group in names
        if group != chosen
    ]
    return ScoreDifferences(distributions, _adjusted(found))


def _column(name: str, values: npt.ArrayLike, n: int) -> Floats:
    column = np.asarray(values, np.float64)
    if column.shape != (n,) or np.isinf(column).any():
        raise ValueError(
            f"The 'scores' parameter of score_differences must hold {n} numbers (or nan) per score, one per person in "
            f"'groups'. Got shape {column.shape} for {name!r} instead."
        )
    return column


def _distribution(values: Floats) -> Distribution:
    here = values[~np.isnan(values)]
    return Distribution(
        n=len(here),
        missing=len(values) - len(here),
        mean=float(here.mean()) if len(here) else NAN,
        sd=float(here.std(ddof=1)) if len(here) > 1 else NAN,
        quantiles=tuple(map(float, np.quantile(here, QUANTILES))) if len(here) else (NAN,) * len(QUANTILES),
    )


def _compare(score: str, reference: str, focal: str, first: Floats, second: Floats) -> ScoreDifference:
    first, second = first[~np.isnan(first)], second[~np.isnan(second)]
    fewest = min(len(first), len(second))
    if fewest < LEAST:
        reason = f"{fewest} {'person' if fewest == 1 else 'people'} with this score: fewer than {LEAST}"
        return ScoreDifference(score, reference, focal, None, NAN, reason)
    found = difference(first, second)
    return ScoreDifference(score, reference, focal, found, NAN, found.d.reason)


def _adjusted(found: list[ScoreDifference]) -> tuple[ScoreDifference, ...]:
    """Adjust for everything that was compared."""
    p = np.array([NAN if one.difference is None else one.difference.p for one in found])
    return tuple(
        ScoreDifference(one.score, one.reference, one.focal, one.difference, float(value), one.reason)
        for one, value in zip(found, benjamini_hochberg(p), strict=True)
    )
