"""Is one score more valid than another: correlations with one criterion, compared within the same drawn persons.

What further predictors explain beyond others: the gain in R².
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from vivavoce.evaluation.effect import people_needed_for_difference, people_needed_for_gain
from vivavoce.evaluation.estimate import (
    DRAWS,
    NAN,
    Estimate,
    Floats,
    Limits,
    between,
    confidence_level,
    matrix,
    number,
    same_length,
    undefined,
    vectors,
)

SMALLEST_GAIN = 0.02  # of a correlation, that would be worth having: .30 to .32
LEAST_PEOPLE = 20  # below, the percentile interval of a correlation is no interval
BLOCK = 2_000_000  # counts of persons at once: 16 MB


@dataclass(frozen=True)
class Gain:
    """What a fuller score's correlation with a criterion has over a simpler one's.

    Parameters
    ----------
    base, full
        The two correlations, each with its interval over persons; ideal 1.
    gain
        ``full`` − ``base``, paired: both are computed from the same drawn persons.
    verdict
        ``shown``: the interval lies above 0. ``not shown``: it reaches 0 and its upper limit is below ``smallest``, so
        that whatever there is does not matter. ``underpowered``: these people cannot tell.
    people_needed
        Persons like these who would show a gain of ``smallest`` with power .80; None where nothing can be told.
    persons
        How many had all three values; 0 where there were too few.
    """

    base: Estimate
    full: Estimate
    gain: Estimate
    verdict: str
    people_needed: int | None
    persons: int


@dataclass(frozen=True)
class Drawn:
    """Correlations of k scores with one criterion, among all persons and in every draw of them.

    Parameters
    ----------
    values, draws
        Shapes (k,) and (draws, k); ``nan`` where a draw has no spread.
    persons
        How many had everything.
    """

    values: Floats
    draws: Floats
    persons: int

    def estimate(self, combined: Callable[[Floats], Floats], confidence: float = 0.95) -> Estimate:
        """What is combined from the correlations (…, k), with its interval."""
        return between(float(combined(self.values)), combined(self.draws), self.persons, confidence)


def drawn_correlations(
    function: str,
    scores: Sequence[npt.ArrayLike],
    criterion: npt.ArrayLike,
    persons: npt.ArrayLike | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Drawn | Estimate:
    """Correlations of scores, shape (n,) each, with one criterion (n,), all from the same drawn persons.

    Rows that lack one value are left out of all. Undefined for fewer than 20 persons, and without spread.
    """
    columns, y, number_of = _common(function, scores, criterion, persons)
    reason = _too_little(columns, y, number_of)
    if reason:
        return undefined(reason)
    values, drawn = _correlations(columns, y, number_of, draws, seed)
    return Drawn(values, drawn, int(number_of.max()) + 1)


def gain(
    base: npt.ArrayLike,
    full: npt.ArrayLike,
    criterion: npt.ArrayLike,
    persons: npt.ArrayLike | None = None,
    *,
    smallest: float = SMALLEST_GAIN,
    draws: int = DRAWS,
    confidence: float = 0.95,
    seed: int = 0,
) -> Gain:
    """Compare two scores' correlations with one criterion, persons drawn again.

    Scores that were fitted to these very people gain by overfitting: give cross-fitted ones. The interval holds for
    the scores as they are; that other people would have taught other scores is not in it.

    Parameters
    ----------
    base, full, criterion
        Shape (n,); rows where one of them is ``nan`` are left out of all three.
    persons
        Whose row it is, shape (n,); by default every row is another person.
    smallest
        The smallest gain in r worth having, 0–1.
    draws, confidence, seed
        Of the intervals.

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 8 (paired draws).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> language, voice, noise = rng.standard_normal((3, 500))
    >>> performance = language + voice + noise
    >>> gain(language, language + voice, performance).verdict
    'shown'
    """
    level = confidence_level("gain", confidence)
    number("gain", "smallest", smallest, 0.0, 1.0, open_low=True, open_high=True)
    drawn = drawn_correlations("gain", [base, full], criterion, persons, draws=draws, seed=seed)
    if isinstance(drawn, Estimate):
        return Gain(drawn, drawn, drawn, "underpowered", None, 0)
    first, second = drawn.estimate(lambda r: r[..., 0], level), drawn.estimate(lambda r: r[..., 1], level)
    found = drawn.estimate(lambda r: r[..., 1] - r[..., 0], level)
    verdict = "shown" if found.low > 0 else "not shown" if found.high < smallest else "underpowered"
    error = float(np.nanstd(drawn.draws[:, 1] - drawn.draws[:, 0]))
    needed = people_needed_for_difference(smallest, error, drawn.persons, alpha=1 - level)
    return Gain(first, second, found, verdict, needed, drawn.persons)


def _common(
    function: str, columns: Sequence[npt.ArrayLike], criterion: npt.ArrayLike, persons: npt.ArrayLike | None
) -> tuple[Floats, Floats, npt.NDArray[np.intp]]:
    """The rows that have everything: columns (n, k), criterion (n,), and each row's person, 0 to persons − 1."""
    y = np.asarray(criterion, np.float64)
    who = np.arange(len(y)) if persons is None else np.asarray(persons)
    same_length(function, criterion=y, persons=who, **{f"scores {i}": one for i, one in enumerate(columns)})
    x = np.column_stack([np.asarray(one, np.float64) for one in columns])
    known = ~np.isnan(x).any(axis=1) & ~np.isnan(y)
    if known.any():
        matrix(function, "scores", np.column_stack([x[known], y[known]]), rows=1)
    return x[known], y[known], np.unique(who[known], return_inverse=True)[1]


def _too_little(columns: Floats, y: Floats, number_of: npt.NDArray[np.intp]) -> str | None:
    persons = int(number_of.max()) + 1 if len(number_of) else 0
    if persons < LEAST_PEOPLE:
        return f"{persons} persons with both: fewer than {LEAST_PEOPLE}"
    if np.ptp(y) == 0 or np.any(np.ptp(columns, axis=0) == 0):
        return "one of the two does not vary"
    return None


def _correlations(
    columns: Floats, y: Floats, number_of: npt.NDArray[np.intp], draws: int, seed: int
) -> tuple[Floats, Floats]:
    """Correlations of k columns with y, and in each draw of persons, shape (draws, k); ``nan`` without spread."""
    k, n = columns.shape[1], int(number_of.max()) + 1
    x, target = columns - columns.mean(axis=0), y - y.mean()
    x, target = x / x.std(axis=0), target / target.std()
    parts = [np.ones((len(y), 1)), x, x**2, x * target[:, None], target[:, None], target[:, None] ** 2]
    terms = np.hstack(parts)
    sums = np.column_stack([np.bincount(number_of, term, minlength=n) for term in terms.T])
    rng = np.random.default_rng(seed)
    drawn = []
    step = max(1, BLOCK // n)
    for start in range(0, draws, step):
        size = min(step, draws - start)
        places = rng.integers(0, n, (size, n)) + n * np.arange(size)[:, None]
        counts = np.bincount(places.ravel(), minlength=size * n).reshape(size, n)
        drawn.append(_r(counts.astype(np.float64) @ sums, k))
    return _r(sums.sum(axis=0)[None], k)[0], np.vstack(drawn)


def _r(sums: Floats, k: int) -> Floats:
    """Correlations (m, k) from sums of 1, x, x², xy, y and y²."""
    means = sums / sums[:, :1]
    x, xx, xy, y, yy = (means[:, 1 + start : 1 + end] for start, end in _bounds(k))
    spread = np.maximum(xx - x**2, 0) * np.maximum(yy - y**2, 0)
    found: Floats = np.divide(xy - x * y, np.sqrt(spread), out=np.full_like(x, NAN), where=spread > 0)
    return np.clip(found, -1.0, 1.0)


def _bounds(k: int) -> list[tuple[int, int]]:
    return [(0, k), (k, 2 * k), (2 * k, 3 * k), (3 * k, 3 * k + 1), (3 * k + 1, 3 * k + 2)]


@dataclass(frozen=True)
class ExplainedGain:
    """What further predictors add to the explained share of a criterion.

    Parameters
    ----------
    base, full
        R² of the base predictors and of all, 0–1, in these people (optimistic: fitted to them).
    gain
        ΔR² among all people like these: R² differences corrected for the number of predictors (Ezekiel), with an
        interval from the noncentral F distribution; ideal: as large as a decision needs. Below 0 where the added
        predictors explain less than chance would.
    f, p
        F test of no gain, and its p-value.
    n, added
        Persons, and the rank that the added predictors bring.
    verdict
        ``shown``: the F test rejects. ``not shown``: it does not, and the interval's upper limit is below
        ``smallest``, so whatever there is does not matter. ``underpowered``: these people cannot tell. (The test has
        one tail and the interval two: a p between .025 and .05 goes with a lower limit of 0.)
    people_needed
        Persons who would show a gain of ``smallest`` with power .80.
    """

    base: float
    full: float
    gain: Estimate
    f: float
    p: float
    n: int
    added: int
    verdict: str
    people_needed: int


def incremental_validity(
    base: npt.ArrayLike,
    added: npt.ArrayLike,
    criterion: npt.ArrayLike,
    *,
    smallest: float = 0.01,
    confidence: float = 0.95,
) -> ExplainedGain:
    """Whether predictors explain a criterion beyond others.

    One row per person. Predictors that were fitted to these very people gain by overfitting: give cross-fitted
    scores.

    Parameters
    ----------
    base, added
        Predictors, shapes (n, p) and (n, q); a vector is one predictor.
    criterion
        Shape (n,), not constant.
    smallest
        The smallest ΔR² worth having; .01 takes a correlation of .30 to .316.
    confidence
        Of the interval; ``p`` is compared with its complement.

    References
    ----------
    Cohen (1988), Statistical Power Analysis, chapter 9 (f² = ΔR² / (1 − R²), λ = f²N); Smithson (2001), Educational
    and Psychological Measurement 61, 605–632 (interval).

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> language, voice = rng.standard_normal((2, 400))
    >>> performance = 0.4 * language + rng.standard_normal(400)
    >>> incremental_validity(language, voice, performance).verdict
    'underpowered'
    """
    name = "incremental_validity"
    first, second = matrix(name, "base", base), matrix(name, "added", added)
    (y,) = vectors(name, criterion=criterion)
    same_length(name, base=first, added=second, criterion=y)
    number(name, "smallest", smallest, 0.0, 1.0, open_low=True, open_high=True)
    level = confidence_level(name, confidence)
    n = len(y)
    base_r2, base_rank = _explained(first, y)
    full_r2, full_rank = _explained(np.hstack([first, second]), y)
    added_rank, df = full_rank - base_rank, n - full_rank - 1
    if added_rank == 0 or df < 1 or full_r2 >= 1:
        raise ValueError(
            f"incremental_validity needs added predictors that the base does not contain, more persons than predictors "
            f"and a criterion that they do not determine. Got {n} persons, base of rank {base_rank}, all of rank "
            f"{full_rank}, R² {full_r2:.6g} instead."
        )
    f = (full_r2 - base_r2) / added_rank / ((1 - full_r2) / df)
    left = 1 - _adjusted(base_r2, n, base_rank)
    limits = [left * f2 / (1 + f2) for f2 in _effect_limits(f, added_rank, df, n, level)]
    gain = _adjusted(full_r2, n, full_rank) - _adjusted(base_r2, n, base_rank)
    p = float(stats.f.sf(f, added_rank, df))
    verdict = "shown" if p < 1 - level else "not shown" if limits[1] < smallest else "underpowered"
    base_share = min(max(1 - left, 0.0), 1 - smallest - 1e-9)
    needed = people_needed_for_gain(smallest, base_share, added=added_rank, alpha=1 - level)
    return ExplainedGain(base_r2, full_r2, Estimate(gain, limits[0], limits[1]), f, p, n, added_rank, verdict, needed)


def _explained(predictors: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> tuple[float, int]:
    """R² of least squares with an intercept, and the rank of the centred predictors."""
    centred = predictors - predictors.mean(axis=0)
    scale = centred.std(axis=0)
    target = y - y.mean()
    if not target.any():
        raise ValueError("The 'criterion' parameter of incremental_validity must vary. Got one value only instead.")
    solution, _, rank, _ = np.linalg.lstsq(centred / np.where(scale > 0, scale, 1.0), target, rcond=None)
    fitted = centred / np.where(scale > 0, scale, 1.0) @ solution
    return float(1 - np.sum((target - fitted) ** 2) / np.sum(target**2)), int(rank)


def _adjusted(r2: float, n: int, predictors: int) -> float:
    """Ezekiel's R² among all people like these."""
    return 1 - (1 - r2) * (n - 1) / (n - predictors - 1)


def _effect_limits(f: float, added: int, df: int, n: int, confidence: float) -> Limits:
    """Limits of f² = λ / n: the noncentralities under which the observed F is just not extreme."""
    tail = (1 - confidence) / 2

    def noncentrality(probability: float) -> float:
        if stats.f.cdf(f, added, df) <= probability:
            return 0.0
        high = 4.0 * added * f + 10
        while stats.ncf.cdf(f, added, df, high) > probability:
            high *= 2
        return float(optimize.brentq(lambda shift: stats.ncf.cdf(f, added, df, shift) - probability, 0.0, high))

    return Limits(noncentrality(1 - tail) / n, noncentrality(tail) / n)
