"""Which questions of a bank to keep, rephrase or drop: what they measure, and whether they treat groups alike.

What each question of an interview contributes: difficulty, agreement with the others, prediction of performance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.agreement import share
from vivavoce.evaluation.correlation import correlation
from vivavoce.evaluation.estimate import Estimate, Floats, same_length, undefined
from vivavoce.fairness.functioning import Question, question_functioning
from vivavoce.fairness.groups import UNKNOWN, Labels

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
            correlation(column, _rest(table, i, kinds), least=LEAST),
            correlation(column, outcome, least=LEAST),
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


LEAST_DISCRIMINATION = 0.20  # correlation with the rest (Ebel & Frisbie 1991)
MOST_SKIPPED = 0.20  # share of people without an answer
EASY, HARD = 0.90, 0.10  # mean share of the scale: there everybody gets the same


class Suggestion(StrEnum):
    """What to do with a question."""

    KEEP = "keep"
    REPHRASE = "rephrase"
    DROP = "drop"
    OPEN = "open"  # these numbers cannot tell


@dataclass(frozen=True)
class Banked:
    """One question: what was seen, the comparisons by group, what to do and why.

    ``functioning`` holds ``(attribute, reference, focal, result)`` of every pair that could be compared.
    """

    item: Item
    functioning: tuple[tuple[str, str, str, Question], ...]
    suggestion: Suggestion
    reasons: tuple[str, ...]


def judge_questions(
    scores: npt.ArrayLike,
    names: Sequence[str],
    *,
    scale: tuple[float, float] = (0.0, 100.0),
    competencies: Sequence[str] | None = None,
    performance: npt.ArrayLike | None = None,
    attributes: Mapping[str, Labels] | None = None,
) -> list[Banked]:
    """Judge every question of a bank.

    *Drop*: it treats equally able people differently (a finding of :func:`question_functioning`, Bonferroni over the
    pairs of groups), or the whole interval of its correlation with the rest lies below .20: it measures something
    else, or nothing. *Rephrase*: clearly more than a fifth skip it, or nearly everybody gets the same. *Open*: too few
    people. A correlation with performance is shown and decides nothing: in the numbers that employers have, its
    interval is wider than any threshold.

    Parameters
    ----------
    scores, names, scale, competencies, performance
        As for :func:`analyse_items`.
    attributes
        Declared groups by attribute, n labels each.

    Raises
    ------
    ValueError
        As :func:`analyse_items`.
    """
    table = np.asarray(scores, np.float64)
    items = analyse_items(table, names, scale=scale, competencies=competencies, performance=performance)
    compared = _functioning(table, names, attributes or {})
    return [_judge(item, compared.get(item.question, ())) for item in items]


def _functioning(
    table: npt.NDArray[np.float64], names: Sequence[str], attributes: Mapping[str, Labels]
) -> dict[str, tuple[tuple[str, str, str, Question], ...]]:
    """Every question for every group against the attribute's largest, on people who answered everything."""
    whole = ~np.isnan(table).any(axis=1)
    varied = [i for i in range(len(names)) if np.ptp(table[whole, i]) > 0] if whole.any() else []
    found: dict[str, list[tuple[str, str, str, Question]]] = {names[i]: [] for i in varied}
    if len(varied) < 3:
        return {}
    for attribute, labels in attributes.items():
        sizes = np.bincount(labels.codes[whole & (labels.codes != UNKNOWN)], minlength=len(labels.levels))
        groups = np.asarray([*labels.levels, ""])[labels.codes]
        reference = int(np.argmax(sizes))
        for focal in np.flatnonzero(sizes >= LEAST):
            if focal == reference or sizes[reference] < LEAST:
                continue
            pair = (labels.levels[reference], labels.levels[int(focal)])
            chosen = [names[i] for i in varied]
            result = question_functioning(
                table[whole][:, varied], groups[whole], reference=pair[0], focal=pair[1], names=chosen
            )
            for one in result.questions:
                found[one.question].append((attribute, *pair, one))
    return {name: tuple(pairs) for name, pairs in found.items()}


def _judge(item: Item, functioning: tuple[tuple[str, str, str, Question], ...]) -> Banked:
    dropped, rephrased = [], []
    for attribute, reference, focal, one in functioning:
        if one.verdict == "finding" and one.adjusted_p * len(functioning) < 0.05:
            dropped.append(f"treats {focal} and {reference} ({attribute}) differently at equal ability")
    if item.with_rest.high < LEAST_DISCRIMINATION:
        dropped.append(
            f"r with the other questions {item.with_rest.value:.2f}, at most {item.with_rest.high:.2f}: measures "
            "something else"
        )
    if item.skipped.low > MOST_SKIPPED:
        rephrased.append(f"{item.skipped.value:.0%} skip it")
    if item.difficulty > EASY or item.difficulty < HARD:
        rephrased.append(f"nearly everybody gets {'the top' if item.difficulty > EASY else 'the bottom'} of the scale")
    if dropped:
        return Banked(item, functioning, Suggestion.DROP, (*dropped, *rephrased))
    if rephrased:
        return Banked(item, functioning, Suggestion.REPHRASE, tuple(rephrased))
    if item.with_rest.reason is not None:
        return Banked(item, functioning, Suggestion.OPEN, (item.with_rest.reason,))
    return Banked(item, functioning, Suggestion.KEEP, ())
