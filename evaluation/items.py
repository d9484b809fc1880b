"""What each question of an interview contributes: difficulty, agreement with the others, prediction of performance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.agreement import share
from vivavoce.evaluation.estimate import Estimate, Floats, same_length, undefined
from vivavoce.evaluation.validity import correlation_interval

MATES = 2  # other questions of a competency that make a rest
LEAST = 30  # people who answered: below, r = .20 has an interval from −.17 to .53 and decides nothing


@dataclass(frozen=True)
class Item:
    """One question of a bank.

    Parameters
    ----------
    question
        Its name.
    n
        People who have a score on it.
    skipped
        Share of people without one, 0–1, with its interval; ideal 0.
    difficulty
        Mean score as a share of the scale, 0–1: easy near 1, hard near 0; ideal near the middle.
    with_rest
        Correlation with the mean of the other questions of its competency (of all others where there are fewer than
        two of these: one useless question must not condemn its only neighbour); ideal 1, customary least .20.
    with_performance
        Correlation with later performance.
    reliability
        Lower bound: the share of its variance that the other questions explain (squared multiple correlation,
        adjusted for the number of questions), 0–1; ideal 1.

    References
    ----------
    Guttman (1945), Psychometrika 10, 255–282 (squared multiple correlations bound reliability from below); Ebel &
    Frisbie (1991), Essentials of Educational Measurement, chapter 13 (.20 as the least discrimination).
    """

    question: str
    n: int
    skipped: Estimate
    difficulty: float
    with_rest: Estimate
    with_performance: Estimate
    reliability: Estimate


def analyse_items(
    scores: npt.ArrayLike,
    names: Sequence[str],
    *,
    scale: tuple[float, float] = (0.0, 100.0),
    competencies: Sequence[str] | None = None,
    performance: npt.ArrayLike | None = None,
) -> list[Item]:
    """Analyse every question of a bank.

    Parameters
    ----------
    scores
        Shape (n people, q ≥ 3 questions); ``nan`` where a person skipped a question.
    names
        Of the questions, q of them.
    scale
        Lowest and highest possible score.
    competencies
        What each question shows, q of them; by default all show the same.
    performance
        Shape (n,), ``nan`` where not known.

    Returns
    -------
    list of Item
        In the given order; what fewer than 30 people answered is undefined, with the reason.

    Raises
    ------
    ValueError
        For other shapes, infinite scores, and scores outside the scale.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> able = rng.standard_normal((300, 1))
    >>> scores = 50 + 10 * (able + rng.standard_normal((300, 4)))
    >>> scores[:, 3] = rng.uniform(20, 80, 300)  # a question that has nothing to do with the rest
    >>> [round(item.with_rest.value, 1) + 0.0 for item in analyse_items(scores, ["q1", "q2", "q3", "q4"])]
    [0.5, 0.5, 0.5, 0.0]
    """
    table = _checked(scores, names, scale)
    kinds = np.asarray(["" for _ in names] if competencies is None else competencies)
    outcome = np.full(len(table), np.nan) if performance is None else np.asarray(performance, np.float64)
    same_length("analyse_items", scores=table, performance=outcome)
    low, high = scale
    return [
        Item(
            name,
            int((~np.isnan(column)).sum()),
            share(np.isnan(column)),
            float((np.nanmean(column) - low) / (high - low)) if not np.isnan(column).all() else float("nan"),
            _correlation(column, _rest(table, i, kinds)),
            _correlation(column, outcome),
            _explained(table, i),
        )
        for i, (name, column) in enumerate(zip(names, table.T, strict=True))
    ]


def _checked(scores: npt.ArrayLike, names: Sequence[str], scale: tuple[float, float]) -> Floats:
    table = np.asarray(scores, np.float64)
    if table.ndim != 2 or table.shape[1] != len(names) or table.shape[1] < 3:
        raise ValueError(
            f"The 'scores' parameter of analyse_items must be of shape (n, q ≥ 3) with q names. "
            f"Got shape {table.shape} and {len(names)} names instead."
        )
    outside = ~np.isnan(table) & ~((table >= scale[0]) & (table <= scale[1]))
    if outside.any():
        row, column = np.argwhere(outside)[0]
        raise ValueError(
            f"The 'scores' parameter of analyse_items must lie in {list(scale)}. Got {table[row, column]} for "
            f"{names[column]} in row {row} instead: give the scale."
        )
    return table


def _rest(table: Floats, i: int, kinds: "npt.NDArray[np.str_]") -> Floats:
    """Each person's mean over the other questions that they answered; ``nan`` where there is none."""
    others = np.flatnonzero((kinds == kinds[i]) & (np.arange(len(kinds)) != i))
    if len(others) < MATES:
        others = np.delete(np.arange(len(kinds)), i)
    answered = ~np.isnan(table[:, others])
    count = answered.sum(axis=1)
    total = np.where(answered, table[:, others], 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _correlation(one: Floats, other: Floats) -> Estimate:
    both = ~np.isnan(one) & ~np.isnan(other)
    n = int(both.sum())
    if n < LEAST:
        return undefined(f"{n} people have both, at least {LEAST}")
    if np.ptp(one[both]) == 0 or np.ptp(other[both]) == 0:
        return undefined("everybody has the same score")
    r = float(np.corrcoef(one[both], other[both])[0, 1])
    return Estimate(r, *correlation_interval(r, n))


def _explained(table: Floats, i: int) -> Estimate:
    """Adjusted squared multiple correlation with the other questions, on people who answered all."""
    whole = table[~np.isnan(table).any(axis=1)]
    n, q = len(whole), table.shape[1]
    if n < max(LEAST, 2 * q):
        return undefined(f"{n} people answered every question, at least {max(LEAST, 2 * q)}")
    y, x = whole[:, i], np.delete(whole, i, axis=1)
    if np.ptp(y) == 0:
        return undefined("everybody has the same score")
    x = np.column_stack([np.ones(n), x])
    residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    plain = 1 - float(residual @ residual) / float(((y - y.mean()) ** 2).sum())
    return Estimate(max(0.0, 1 - (1 - plain) * (n - 1) / (n - q)), reason="no interval: a lower bound")
