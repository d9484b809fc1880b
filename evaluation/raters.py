"""Each human rater beside the others: severity, drift, and whether they see the same persons as good."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from vivavoce.evaluation.correlation import SMALLEST_SAMPLE, correlation
from vivavoce.evaluation.estimate import NAN, Estimate, Floats, same_length, undefined, vectors

ALONE = "no person was rated by this rater and by another: there is nothing to compare with"
SPLIT = "the raters fall into sets that share no person: severity cannot be compared across them"
NO_TIMES = "no times were given, or some rater's ratings are not spread in time"
CONSTANT = "this rater, or the others' mean, does not vary over the persons they share"


@dataclass(frozen=True)
class Rater:
    """One rater against the others, from persons whom they share.

    Parameters
    ----------
    rater
        Who.
    severity
        Rating units below the average rater for the same person, at the mean time; ideal 0, positive = harsher.
    drift
        Change of severity per unit of time beside the average rater's; ideal 0. A drift that all share cannot be seen.
    against_rest
        Correlation with the mean of the other raters over persons; ideal 1, bounded by both sides' reliability.
    persons
        Persons whom this rater shares with another.
    """

    rater: str
    severity: Estimate
    drift: Estimate
    against_rest: Estimate
    persons: int


def compare_raters(
    persons: npt.ArrayLike,
    raters: npt.ArrayLike,
    values: npt.ArrayLike,
    times: npt.ArrayLike | None = None,
    *,
    confidence: float = 0.95,
) -> tuple[Rater, ...]:
    """Severity, drift and consistency of every rater; not everybody need rate everybody.

    rating = person + rater (+ rater × time) + error, by least squares within persons; limits treat persons, not
    ratings, as independent.

    Parameters
    ----------
    persons, raters
        Ids, one per rating, shape (n,).
    values
        The ratings, shape (n,), finite.
    times
        When, in any unit (days, say), shape (n,); ``None``: no drift.
    confidence
        Of the intervals, 0–1.

    References
    ----------
    Wooldridge (2010), Econometric Analysis of Cross Section and Panel Data, 10.5 (within estimator, robust variance).

    Examples
    --------
    >>> persons, raters = np.repeat(np.arange(30), 2), np.tile(["ann", "bo"], 30)
    >>> values = np.repeat(np.arange(30) % 7, 2) + np.where(raters == "bo", -1.0, 0.0)
    >>> [(one.rater, round(one.severity.value, 2), round(one.against_rest.value, 2))
    ...     for one in compare_raters(persons, raters, values)]
    [('ann', -0.5, 1.0), ('bo', 0.5, 1.0)]
    """
    (y,) = vectors("compare_raters", values=values)
    same_length("compare_raters", persons=np.asarray(persons), raters=np.asarray(raters), values=y)
    person = np.unique(np.asarray(persons), return_inverse=True)[1]
    names, rater = np.unique(np.asarray(raters), return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"compare_raters needs at least two raters. Got {names.tolist()} instead.")
    shared = np.bincount(person)[person] > 1
    effects, drifts = _effects(person, rater, y, times, len(names), confidence)
    table = np.full((person.max() + 1, len(names)), np.nan)
    table[person, rater] = y
    rest = against_rest(table, confidence=confidence)
    return tuple(
        Rater(str(name), effects[i], drifts[i], rest[i], len(np.unique(person[shared & (rater == i)])))
        for i, name in enumerate(names)
    )


@dataclass(frozen=True)
class PanelReliability:
    """Reliability of ratings where every person has other raters, and not equally many.

    Parameters
    ----------
    one
        Of a single rating, ICC(1,1); ideal 1.
    mean
        Of the mean over a person's ratings, for the typical (harmonic mean) number of them; ideal 1.
    typical
        That number.
    persons, ratings
        How many.
    """

    one: Estimate
    mean: Estimate
    typical: float
    persons: int
    ratings: int


def panel_reliability(persons: npt.ArrayLike, values: npt.ArrayLike, *, confidence: float = 0.95) -> PanelReliability:
    """Reliability of ratings in rows, whoever gave them; harshness of raters counts as error.

    Parameters
    ----------
    persons
        Who was rated, one per rating, shape (n,).
    values
        The ratings, shape (n,), finite.
    confidence
        Of the F intervals, which are exact for equally many ratings each and close for others.

    References
    ----------
    Shrout & Fleiss (1979), Psychological Bulletin 86, 420–428; Thomas & Hultquist (1978), Annals of Statistics 6,
    582–587 (unequal numbers).

    Examples
    --------
    >>> judges = [(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)]
    >>> found = panel_reliability(np.repeat(np.arange(6), 4), np.ravel(judges))
    >>> round(found.one.value, 4), round(found.mean.value, 4), found.typical
    (0.1657, 0.4428, 4.0)
    """
    (y,) = vectors("panel_reliability", values=values)
    same_length("panel_reliability", persons=np.asarray(persons), values=y)
    person = np.unique(np.asarray(persons), return_inverse=True)[1]
    counts = np.bincount(person)
    n, total = len(counts), len(y)
    typical = float(n / np.sum(1 / counts))
    if n < 2 or total == n:
        nothing = undefined("nobody, or only one person, was rated twice: error cannot be told from persons")
        return PanelReliability(nothing, nothing, typical, n, total)
    means = np.bincount(person, y) / counts
    within = float(np.sum((y - means[person]) ** 2)) / (total - n)
    middle = float(means.mean())
    between = typical * float(np.sum((means - middle) ** 2)) / (n - 1)
    if between == 0:
        nothing = undefined("the persons' means are equal: there is no variance to apportion")
        return PanelReliability(nothing, nothing, typical, n, total)
    tail = (1 + confidence) / 2
    f = between / within if within else np.inf
    bounds = f, f / stats.f.ppf(tail, n - 1, total - n), f * stats.f.ppf(tail, total - n, n - 1)
    mean, mean_low, mean_high = (float(1 - 1 / x) for x in bounds)
    one, low, high = (float(1 - typical / (x + typical - 1)) for x in bounds)
    return PanelReliability(Estimate(one, low, high), Estimate(mean, mean_low, mean_high), typical, n, total)


def against_rest(ratings: npt.ArrayLike, *, confidence: float = 0.95) -> tuple[Estimate, ...]:
    """Correlation of every rater with the mean of the others.

    Parameters
    ----------
    ratings
        Shape (n persons, k ≥ 2 raters); ``nan`` where a rater did not rate a person.
    confidence
        Of the intervals, 0–1.

    Returns
    -------
    tuple[Estimate, ...]
        One per column; ideal 1. ``nan`` with a reason for fewer than 4 shared persons or no variation.

    Examples
    --------
    >>> [round(one.value, 2) for one in against_rest([[1, 2, 1], [2, 2, 3], [3, 5, 3], [4, 4, 4], [5, 7, 5]])]
    [0.97, 0.85, 0.89]
    """
    table = np.asarray(ratings, np.float64)
    if table.ndim != 2 or table.shape[1] < 2 or np.isinf(table).any():
        raise ValueError(
            "The 'ratings' parameter of against_rest must be of shape (n persons, k ≥ 2 raters), finite or nan. "
            f"Got shape {table.shape} instead."
        )
    given = ~np.isnan(table)
    filled = np.where(given, table, 0.0)
    found = []
    for i in range(table.shape[1]):
        others = given.sum(axis=1) - given[:, i]
        both = given[:, i] & (others > 0)
        mean = (filled.sum(axis=1) - filled[:, i])[both] / others[both]
        found.append(_correlation(table[both, i], mean, confidence))
    return tuple(found)


def _correlation(one: Floats, rest: Floats, confidence: float) -> Estimate:
    if len(one) < SMALLEST_SAMPLE:
        return undefined(ALONE if not len(one) else f"fewer than {SMALLEST_SAMPLE} shared persons")
    if np.ptp(one) == 0 or np.ptp(rest) == 0:
        return undefined(CONSTANT)
    return correlation(one, rest, confidence=confidence)


def _effects(
    person: npt.NDArray[np.intp],
    rater: npt.NDArray[np.intp],
    y: Floats,
    times: npt.ArrayLike | None,
    k: int,
    confidence: float,
) -> tuple[list[Estimate], list[Estimate]]:
    """Severity and drift of k raters; each sums to 0 over the raters."""
    contrasts = np.vstack([np.eye(k - 1), -np.ones(k - 1)])
    columns = contrasts[rater]
    if np.linalg.matrix_rank(_within(columns, person)) < k - 1:
        return [undefined(SPLIT)] * k, [undefined(SPLIT)] * k
    drifts = [undefined(NO_TIMES)] * k
    if times is not None:
        (t,) = vectors("compare_raters", times=times)
        same_length("compare_raters", values=y, times=t)
        moving = np.hstack([columns, columns * (t - t.mean())[:, None]])
        if np.linalg.matrix_rank(_within(moving, person)) == 2 * (k - 1):
            columns = moving
    slopes, covariance, df = _absorbed(columns, y, person)
    reach = float(stats.t.ppf((1 + confidence) / 2, df)) if df else NAN

    def estimates(part: slice) -> list[Estimate]:
        value = -contrasts @ slopes[part]  # severity is a rating that is missing
        error = np.sqrt(np.einsum("ij,jk,ik->i", contrasts, covariance[part, part], contrasts))
        return [
            Estimate(float(v), float(v - reach * e), float(v + reach * e)) for v, e in zip(value, error, strict=True)
        ]

    if columns.shape[1] > k - 1:
        drifts = estimates(slice(k - 1, None))
    return estimates(slice(0, k - 1)), drifts


def _absorbed(columns: Floats, y: Floats, person: npt.NDArray[np.intp]) -> tuple[Floats, Floats, int]:
    """Coefficients within persons, their covariance with persons as units, and persons − 1 who carry information."""
    x, target = _within(columns, person), _within(y[:, None], person)[:, 0]
    bread = np.linalg.inv(x.T @ x)
    slopes = bread @ x.T @ target
    scores = np.zeros((person.max() + 1, x.shape[1]))
    np.add.at(scores, person, x * (target - x @ slopes)[:, None])
    informative = int(np.sum(np.bincount(person) > 1))
    scale = informative / max(informative - 1, 1)
    return slopes, scale * bread @ scores.T @ scores @ bread, informative - 1


def _within(values: Floats, person: npt.NDArray[np.intp]) -> Floats:
    """Deviations from each person's mean, shape as ``values``."""
    sums = np.zeros((person.max() + 1, values.shape[1]))
    np.add.at(sums, person, values)
    result: Floats = values - (sums / np.bincount(person)[:, None])[person]
    return result
