"""Where the variance of ratings comes from: persons, raters or questions, recognisers, the rest."""

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.estimate import NAN, Floats, number

ROUNDING = 1e-14  # mean squares below this share of the largest square are rounding, not variance


@dataclass(frozen=True)
class MeanSquares:
    """The two-way analysis of variance of a table persons × raters: mean squares in squared rating units."""

    persons: float
    raters: float
    residual: float
    within: float
    total: float


def mean_squares(table: Floats) -> MeanSquares:
    """Mean squares between persons, between raters, residual, within persons and in total, of shape (n, k) ratings.

    Examples
    --------
    >>> mean_squares(np.array([[1.0, 2.0], [3.0, 4.0]]))
    MeanSquares(persons=4.0, raters=1.0, residual=0.0, within=0.5, total=1.6666666666666667)
    """
    n, k = table.shape
    centred = table - table.mean()
    person, rater = centred.mean(axis=1, keepdims=True), centred.mean(axis=0, keepdims=True)
    residual = centred - person - rater
    found = np.array(
        [
            k * np.sum(person**2) / (n - 1),
            n * np.sum(rater**2) / (k - 1),
            np.sum(residual**2) / ((n - 1) * (k - 1)),
            np.sum((centred - person) ** 2) / (n * (k - 1)),
            np.sum(centred**2) / (n * k - 1),
        ]
    )
    found[found <= ROUNDING * max(found.max(), float(np.square(table).max()))] = 0.0
    return MeanSquares(*map(float, found))


@dataclass(frozen=True)
class Components:
    """How much each source adds to the variance of one rating, in squared rating units; estimates below 0 become 0.

    Parameters
    ----------
    person
        True differences between persons: what a score is for.
    question, recogniser
        Questions (raters) and recognisers that are harsher than others; error only where persons meet different ones.
    person_question, person_recogniser
        Persons who are better on some questions, or better heard by some recognisers.
    question_recogniser
        Questions that some recognisers hear worse.
    residual
        The rest, with the three-way interaction. With one recogniser its share is in here, and not told apart.
    """

    person: float
    question: float
    recogniser: float
    person_question: float
    person_recogniser: float
    question_recogniser: float
    residual: float

    def standard_error(self, questions: float, recognisers: float = 1, *, absolute: bool = False) -> float:
        """Standard error of measurement of a mean over so many questions and recognisers; ideal 0.

        Where persons met differently many, give the harmonic mean. ``absolute`` counts harshness too: for scores
        compared with a fixed cut, or persons with different questions.
        """
        q, r = self._counts(questions, recognisers)
        error = self.person_question / q + self.person_recogniser / r + self.residual / (q * r)
        harsh = self.question / q + self.recogniser / r + self.question_recogniser / (q * r)
        return math.sqrt(error + harsh if absolute else error)

    def reliability(self, questions: float, recognisers: float = 1, *, absolute: bool = False) -> float:
        """Person variance / (person variance + error variance), 0–1; ideal 1; ``nan`` where nothing varies.

        Relative: the generalisability coefficient; absolute: the index of dependability.
        """
        error = self.standard_error(questions, recognisers, absolute=absolute) ** 2
        return self.person / (self.person + error) if self.person + error else NAN

    @staticmethod
    def _counts(questions: float, recognisers: float) -> tuple[float, float]:
        one = number("Components", "questions", questions, 1, math.inf, open_high=True)
        return one, number("Components", "recognisers", recognisers, 1, math.inf, open_high=True)


def variance_components(ratings: npt.ArrayLike) -> Components:
    """Variance components of a complete design in which everybody meets everything.

    Parameters
    ----------
    ratings
        Shape (n persons, q questions or raters) or (n, q, r recognisers); each ≥ 2, finite.

    Raises
    ------
    ValueError
        For other shapes: with one question person and question cannot be told apart, and there is no band.

    References
    ----------
    Cronbach, Gleser, Nanda & Rajaratnam (1972), The Dependability of Behavioral Measurements; Brennan (2001),
    Generalizability Theory, chapters 3 and 4 (expected mean squares).

    Examples
    --------
    >>> judges = [(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)]
    >>> found = variance_components(judges)
    >>> round(found.reliability(1), 4), round(found.reliability(1, absolute=True), 4)  # ICC(3,1), ICC(2,1)
    (0.7148, 0.2898)
    """
    table = np.asarray(ratings, np.float64)
    if table.ndim not in (2, 3) or min(table.shape) < 2 or not np.isfinite(table).all():
        raise ValueError(
            "The 'ratings' parameter of variance_components must be finite and of shape (n persons, q questions) or "
            f"(n, q, r recognisers) with at least 2 of each. Got shape {table.shape} instead."
        )
    squares = _expected_squares(table)
    if table.ndim == 2:
        person, question, both = (squares[key] for key in ((0,), (1,), (0, 1)))
        n, q = table.shape
        return Components(_positive(person - both, q), _positive(question - both, n), 0.0, 0.0, 0.0, 0.0, both)
    n, q, r = table.shape
    rest = squares[0, 1, 2]
    pairs = {pair: squares[pair] for pair in ((0, 1), (0, 2), (1, 2))}
    return Components(
        person=_positive(squares[0,] - pairs[0, 1] - pairs[0, 2] + rest, q * r),
        question=_positive(squares[1,] - pairs[0, 1] - pairs[1, 2] + rest, n * r),
        recogniser=_positive(squares[2,] - pairs[0, 2] - pairs[1, 2] + rest, n * q),
        person_question=_positive(pairs[0, 1] - rest, r),
        person_recogniser=_positive(pairs[0, 2] - rest, q),
        question_recogniser=_positive(pairs[1, 2] - rest, n),
        residual=rest,
    )


def components_with_gaps(ratings: npt.ArrayLike) -> Components:
    """Variance components of persons × questions where not everybody met every question.

    Questions are compared within persons (least squares with a level for each person and each question); persons by
    what is left when questions are taken out. Of a complete table the components are those of
    :func:`variance_components`. Questions that no person links to the others are compared with nothing: their
    difference then counts as one between persons.

    Parameters
    ----------
    ratings
        Shape (n persons, q questions); ``nan`` where a person did not meet a question. Who met one only is left out.

    Raises
    ------
    ValueError
        For fewer than two persons and two questions, infinite values, and too few values to leave a residual.

    References
    ----------
    Searle, Casella & McCulloch (1992), Variance Components, chapter 5 (Henderson's method 3).

    Examples
    --------
    >>> judges = [(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)]
    >>> found = components_with_gaps(judges)
    >>> round(found.reliability(1), 4), round(found.reliability(1, absolute=True), 4)
    (0.7148, 0.2898)
    """
    table = np.asarray(ratings, np.float64)
    if table.ndim == 2 and not np.isinf(table).any():
        table = table[np.count_nonzero(~np.isnan(table), axis=1) > 1]
    known = ~np.isnan(table)
    if table.ndim != 2 or min(table.shape) < 2 or np.isinf(table).any():
        raise ValueError(
            "The 'ratings' parameter of components_with_gaps must be of shape (n persons, q questions) with at least 2 "
            f"of each, where persons met two questions or more. Got shape {np.shape(ratings)} instead."
        )
    person, question = np.nonzero(known)
    count = known.sum(axis=1)
    met = np.zeros((len(person), table.shape[1]))
    met[np.arange(len(person)), question] = 1.0
    level = np.nansum(table, axis=1) / count
    within, values = met - (known / count[:, None])[person], table[known] - level[person]
    ease, _, rank, _ = np.linalg.lstsq(within, values, rcond=1e-10)
    df = len(person) - len(table) - int(rank)
    if df < 1:
        raise ValueError(f"components_with_gaps needs more values than levels. Got {len(person)} values instead.")
    residual = float(np.sum((values - within @ ease) ** 2)) / df
    left = level - known @ ease / count
    asked = known.any(axis=0)
    return Components(
        person=max(float(left.var(ddof=1)) - residual * float(np.mean(1 / count)), 0.0),
        question=max(float(ease[asked].var(ddof=1)) - residual * float(np.mean(1 / known.sum(axis=0)[asked])), 0.0),
        recogniser=0.0,
        person_question=0.0,
        person_recogniser=0.0,
        question_recogniser=0.0,
        residual=residual,
    )


def _positive(difference: float, repeats: int) -> float:
    return max(difference, 0.0) / repeats


def _expected_squares(table: Floats) -> dict[tuple[int, ...], float]:
    """Mean square of every main effect and interaction of a crossed table, by its axes."""
    axes = tuple(range(table.ndim))
    effects: dict[tuple[int, ...], Floats] = {(): np.asarray(table.mean(keepdims=True))}
    found: dict[tuple[int, ...], float] = {}
    for order in range(1, table.ndim + 1):
        for chosen in combinations(axes, order):
            others = tuple(axis for axis in axes if axis not in chosen)
            lower = sum(effect for part, effect in effects.items() if set(part) < set(chosen))
            effects[chosen] = np.asarray(table.mean(axis=others, keepdims=True) - lower)
            repeats = math.prod(table.shape[axis] for axis in others)
            df = math.prod(table.shape[axis] - 1 for axis in chosen)
            found[chosen] = repeats * float(np.sum(effects[chosen] ** 2)) / df
    return found
