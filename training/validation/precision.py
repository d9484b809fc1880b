"""How far another question would have moved a score: the model on single answers, variance within persons."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.arguments import Floats
from vivavoce.evaluation.estimate import NAN, Estimate, undefined
from vivavoce.evaluation.resampling import bootstrap
from vivavoce.evaluation.variance import components_with_gaps
from vivavoce.training.answers import Answers
from vivavoce.training.crossfit import Estimator, cross_fitted
from vivavoce.training.scheme import BY_PERSON, Scheme

LEAST_PEOPLE = 20  # with two answers each; the standard deviation's own error is then a sixth of it at most
CROSSED = 0.9  # of the people answered every question: then harder questions are harder for all, and no error
DRAWS = 300
STEP = 0.01  # of the way; what it loses to rounding is a billionth of a score
LEAST_MEASURED = 0.75  # of an interview's features, for an answer to stand for itself


@dataclass(frozen=True)
class Precision:
    """What one more question could change.

    Parameters
    ----------
    question_sd
        Standard deviation of one person's answers around that person's score, in the score's unit; a score from q
        answers has the standard error question_sd / √q. ``nan`` where it cannot be known.
    reliability
        Of the score over the questions that people answered (``questions``), 0–1; ideal 1: what part of its variance is
        not due to which questions were asked.
    design
        ``crossed``: everybody answered the same questions, whose difficulty is then no error. ``mixed``: it is.
    people, questions
        People with two answers or more, and answers of each on average.
    reason
        Why nothing is known; None where it is.
    """

    question_sd: float
    reliability: Estimate
    design: str
    people: int
    questions: float
    reason: str | None = None


def cross_fitted_answers(
    model: Estimator,
    features: npt.ArrayLike,
    ratings: npt.ArrayLike,
    persons: npt.ArrayLike,
    answers: Answers,
    names: Collection[str],
    questions: Collection[str],
    *,
    weights: npt.ArrayLike | None = None,
    scheme: Scheme = BY_PERSON,
    seed: int = 0,
) -> tuple[Floats, Floats]:
    """Scores of interviews and of every single answer, by models that saw no rating of that person.

    Single answers lie further out than means of several, beyond what the model's reach was made for. They are looked
    at a hundredth of the way from their interview's mean, and the change of the score is multiplied again: for a
    straight line that is the same. What an answer lacks is taken as its interview has it.

    Parameters
    ----------
    model, features, ratings, persons, weights, scheme, seed
        As in :func:`vivavoce.training.crossfit.cross_fitted`; features are means over the answers.
    answers, names
        Single answers, and which of their columns the features are, in their order.
    questions
        Ids of the questions that show the competency.

    Returns
    -------
    interviews, answers : array, shapes (n,) and (n, questions)
        On the scale of the ratings; ``nan`` where there was no such answer, or where less than three quarters of what
        was measured of its interview was measured of it. The score of mean features is the mean of the answers' scores,
        where nothing was missing.
    """
    asked = sorted(questions)
    rows = np.flatnonzero(answers.to(asked))
    x, whose, who = np.asarray(features, np.float64), answers.interview[rows], np.asarray(persons)
    n = len(who)
    single, own = answers.matrix(names)[rows], x[whose]
    near = own + STEP * np.where(np.isnan(single), 0.0, single - own)
    found = cross_fitted(
        model,
        np.vstack([x, near]),
        np.concatenate([np.asarray(ratings, np.float64), np.full(len(rows), NAN)]),
        np.concatenate([who, who[whose]]),
        weights=None if weights is None else np.concatenate([np.asarray(weights, np.float64), np.zeros(len(rows))]),
        scheme=scheme,
        seed=seed,
    )
    measured = (~np.isnan(single)).sum(axis=1) >= LEAST_MEASURED * (~np.isnan(own)).sum(axis=1)
    moved = found[n:] - found[:n][whose]
    table = np.full((n, len(asked)), NAN)
    table[whose, np.searchsorted(asked, answers.question[rows])] = np.where(
        measured, found[:n][whose] + moved / STEP, NAN
    )
    return found[:n], table


def precision(scores: npt.ArrayLike, persons: npt.ArrayLike, *, seed: int = 0) -> Precision:
    """Variance within persons of single answers' scores.

    Parameters
    ----------
    scores
        Of interviews by questions, shape (n, q); ``nan`` where there is none.
    persons
        Whose interview it is, shape (n,); of somebody with several the first is taken.
    seed
        Of the interval.

    References
    ----------
    Brennan (2001), Generalizability Theory, chapters 2 and 3.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> level = rng.standard_normal((400, 1))
    >>> found = precision(level + 0.5 * rng.standard_normal((400, 4)), np.arange(400))
    >>> round(found.question_sd, 1), round(found.reliability.value, 2), found.design
    (0.5, 0.94, 'crossed')
    """
    table = np.asarray(scores, np.float64)
    _, first = np.unique(np.asarray(persons), return_index=True)
    table = table[np.sort(first)]
    count = np.count_nonzero(~np.isnan(table), axis=1)
    several = table[count >= 2]
    people = len(several)
    if people < LEAST_PEOPLE:
        reason = f"{people} people answered two questions: fewer than {LEAST_PEOPLE}"
        return Precision(NAN, undefined(reason), "none", people, NAN, reason)
    answered = np.count_nonzero(~np.isnan(several), axis=1)
    crossed = bool(np.mean(answered == several.shape[1]) >= CROSSED)
    usual = float(1 / np.mean(1 / answered))

    def reliability(rows: Floats) -> float:
        return components_with_gaps(rows).reliability(usual, absolute=not crossed)

    return Precision(
        components_with_gaps(several).standard_error(1, absolute=not crossed),
        bootstrap(reliability, several, draws=DRAWS, seed=seed),
        "crossed" if crossed else "mixed",
        people,
        float(answered.mean()),
    )
