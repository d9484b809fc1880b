"""Which questions of a bank to keep, rephrase or drop: what they measure, and whether they treat groups alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.items import LEAST, Item, analyse_items
from vivavoce.fairness.functioning import Question, question_functioning
from vivavoce.fairness.groups import UNKNOWN, Labels

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
