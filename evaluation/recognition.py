"""How often a recogniser is wrong: word error rate, invented words, and their intervals with persons as the unit.

Recognisers fail more often on people who pause, stammer or speak with an accent, and wrong words become wrong
scores: the audit asks for these numbers by group.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
import numpy.typing as npt
from scipy import stats

from vivavoce.data.script import simplified

WORD = {
    "en": re.compile(r"[^\W_]+(?:['’][^\W_]+)*"),
    "zh": re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]|[^\W_\u3400-\u4dbf\u4e00-\u9fff]+"),
}
HELD = 10_000_000  # numbers in memory at once: 80 MB
DRAWS = 2000  # of the bootstrap: its error on a 95 % limit is then below a tenth of the interval's width


@dataclass(frozen=True)
class ErrorRate:
    """Edits that turn the reference into the hypothesis, counted; ``+`` pools recordings.

    Parameters
    ----------
    substitutions, deletions, insertions
        Counts of the cheapest alignment.
    reference
        Words (Chinese: characters) that were said.
    """

    substitutions: int
    deletions: int
    insertions: int
    reference: int

    def __add__(self, other: "ErrorRate") -> "ErrorRate":
        """Pool two recordings: errors add up and words add up, so long ones weigh more."""
        return ErrorRate(
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
            self.reference + other.reference,
        )

    @property
    def value(self) -> float:
        """Errors per word said; ideal 0, above 1 where inventions outnumber what was said; ``nan`` for silence."""
        errors = self.substitutions + self.deletions + self.insertions
        return errors / self.reference if self.reference else float("nan")

    @property
    def invented(self) -> float:
        """Share of the hypothesis that answers to nothing in the reference, 0–1; ideal 0. ``nan`` for no hypothesis.

        An upper bound on hallucination: a word heard as two counts too.
        """
        written = self.reference - self.deletions + self.insertions
        return self.insertions / written if written else float("nan")


Measure = Callable[[ErrorRate], float]  # one number from pooled errors, ``nan`` where it is undefined


@dataclass(frozen=True)
class Interval:
    """An estimate between its limits."""

    value: float
    low: float
    high: float


def word_error_rate(reference: str, hypothesis: str, language: str) -> ErrorRate:
    """Compare what was recognised with what was said.

    Parameters
    ----------
    reference, hypothesis
        Texts; case, marks and spaces do not count, nor whether Chinese is in Traditional or Simplified script.
    language
        ``en``: by word. ``zh``: by character, Latin words as one (the character error rate).

    Returns
    -------
    ErrorRate
        Counts of the cheapest alignment (Levenshtein, every edit costs 1) [1]_; among equals the one with most
        substitutions. ``value`` is the rate.

    Raises
    ------
    ValueError
        If the language is neither.

    References
    ----------
    .. [1] Levenshtein, Binary codes capable of correcting deletions, insertions and reversals, 1966.

    Examples
    --------
    >>> word_error_rate("the child almost hurt the dog", "the child always heard a the dog", "en")
    ErrorRate(substitutions=2, deletions=0, insertions=1, reference=6)
    >>> word_error_rate("我们解决了问题。", "我们 解 决 问题", "zh").value
    0.142...
    >>> word_error_rate("我們解決了問題", "我们解决了问题", "zh").value
    0.0
    """
    if language not in WORD:
        raise ValueError(
            f"The 'language' parameter of word_error_rate must be one of en, zh. Got {language!r} instead."
        )
    texts = (reference, hypothesis) if language == "en" else map(simplified, (reference, hypothesis))
    said, written = (WORD[language].findall(text.casefold().replace("’", "'")) for text in texts)
    return _count(said, written)


def error_interval(
    persons: Mapping[str, Sequence[ErrorRate]], measure: Measure, *, level: float = 0.95, seed: int = 0
) -> Interval:
    """An error rate with its interval over persons.

    Parameters
    ----------
    persons
        Errors by person: one speaker's recordings stand or fall together, so persons are drawn, not recordings.
    measure
        What is computed from the pooled errors: ``lambda errors: errors.value`` or ``errors.invented``.
    level
        Of the interval, 0–1.
    seed
        Of the draws.

    Returns
    -------
    Interval
        The pooled value and percentile limits of a bootstrap over persons; limits are ``nan`` for fewer than two
        persons, since one person's spread says nothing about others.

    Examples
    --------
    >>> persons = {f"p{i}": [ErrorRate(i % 5, 0, 0, 20)] for i in range(40)}
    >>> found = error_interval(persons, lambda errors: errors.value)
    >>> found.value, found.low < 0.1 < found.high
    (0.1, True)
    """
    pooled = [reduce(add, recordings, ErrorRate(0, 0, 0, 0)) for recordings in persons.values()]
    value = measure(reduce(add, pooled, ErrorRate(0, 0, 0, 0)))
    if len(pooled) < 2:
        return Interval(value, float("nan"), float("nan"))
    found = _drawn(pooled, measure, np.random.default_rng(seed))
    low, high = np.nanquantile(found, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high))


@dataclass(frozen=True)
class ErrorGap:
    """One group's error rate beside another's.

    Parameters
    ----------
    first, second
        Each group's own rate.
    gap
        Second − first; ideal 0, positive where the second group is recognised worse.
    p
        Of no gap, two-sided, from the spread of the drawn gaps; ``nan`` where there is no interval.
    """

    first: Interval
    second: Interval
    gap: Interval
    p: float


def error_gap(
    first: Sequence[ErrorRate], second: Sequence[ErrorRate], measure: Measure, *, level: float = 0.95, seed: int = 0
) -> ErrorGap:
    """Compare two groups' error rates, persons drawn again in each.

    Parameters
    ----------
    first, second
        One entry per *person*: their recordings pooled with ``+``.
    measure
        What is computed from pooled errors.
    level, seed
        Of the interval, 0–1; of the draws.

    Returns
    -------
    ErrorGap
        The gap's limits are its own error times the normal quantile: percentiles run short where a group is small.

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapters 6 and 13.

    Examples
    --------
    >>> fluent = [ErrorRate(i % 3, 0, 0, 30) for i in range(60)]
    >>> accented = [ErrorRate(2 + i % 5, 0, 0, 30) for i in range(60)]
    >>> found = error_gap(fluent, accented, lambda errors: errors.value)
    >>> round(found.gap.value, 3), 0.08 < found.gap.low < found.gap.high < 0.12, found.p < 0.001
    (0.1, True, True)
    """
    rng = np.random.default_rng(seed)
    groups, draws = [], []
    for persons in (first, second):
        value = measure(reduce(add, persons, ErrorRate(0, 0, 0, 0)))
        found = _drawn(persons, measure, rng) if len(persons) > 1 else np.full(DRAWS, np.nan)
        defined = found[~np.isnan(found)]
        low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2]) if len(defined) else (np.nan, np.nan)
        groups.append(Interval(value, float(low), float(high)))
        draws.append(found)
    gap = groups[1].value - groups[0].value
    spread = float(np.std(draws[1] - draws[0], ddof=1))
    if not spread > 0:
        return ErrorGap(groups[0], groups[1], Interval(gap, float("nan"), float("nan")), float("nan"))
    least = min(len(first), len(second))
    error = spread * math.sqrt(least / (least - 1))  # drawing n persons again shows (n − 1) / n of their variance
    reach = float(stats.t.ppf((1 + level) / 2, least - 1)) * error
    p = float(2 * stats.t.sf(abs(gap) / error, least - 1))
    return ErrorGap(groups[0], groups[1], Interval(gap, gap - reach, gap + reach), p)


def _drawn(persons: Sequence[ErrorRate], measure: Measure, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """The measure over persons drawn again and again, shape (DRAWS,), so many draws at a time as fit into memory."""
    counts = np.array([(e.substitutions, e.deletions, e.insertions, e.reference) for e in persons])
    n = len(persons)
    found: list[float] = []
    for start in range(0, DRAWS, max(HELD // n, 1)):
        draws = min(max(HELD // n, 1), DRAWS - start)
        drawn = rng.multinomial(n, np.full(n, 1 / n), draws) @ counts
        found += [measure(ErrorRate(*map(int, row))) for row in drawn]
    return np.array(found)


def _count(said: Sequence[str], written: Sequence[str]) -> ErrorRate:
    """Walk the cheapest alignment back and count its edits."""
    costs = _costs(said, written)
    i, j = len(said), len(written)
    substitutions = deletions = insertions = 0
    while i or j:
        differs = bool(i and j and said[i - 1] != written[j - 1])
        if i and j and costs[i, j] == costs[i - 1, j - 1] + differs:
            substitutions += differs
            i, j = i - 1, j - 1
        elif i and costs[i, j] == costs[i - 1, j] + 1:
            deletions += 1
            i -= 1
        else:
            insertions += 1
            j -= 1
    return ErrorRate(substitutions, deletions, insertions, len(said))


def _costs(said: Sequence[str], written: Sequence[str]) -> npt.NDArray[np.int32]:
    """Cheapest edits from the first i words said to the first j written, shape (n + 1, m + 1), row by row."""
    number = {word: k for k, word in enumerate(dict.fromkeys((*said, *written)))}
    hypothesis = np.array([number[word] for word in written], dtype=np.int32)
    steps = np.arange(len(written) + 1, dtype=np.int32)
    costs = np.empty((len(said) + 1, len(written) + 1), dtype=np.int32)
    costs[0] = steps
    for i, word in enumerate(said):
        above, row = costs[i], costs[i + 1]
        row[0] = i + 1
        row[1:] = np.minimum(above[1:] + 1, above[:-1] + (hypothesis != number[word]))
        row[:] = np.minimum.accumulate(row - steps) + steps  # insertions walk right along the row
    return costs
