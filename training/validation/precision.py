"""How far another question would have moved a score: the model on single answers, variance within persons.

Would more people help: the cross-fitted r of a competency when fewer people teach it.

Does it hold where nobody taught: sites and employers left out whole, and people who came later.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.correlation import correlation
from vivavoce.evaluation.estimate import NAN, Estimate, Floats, bootstrap, number, same_length, undefined
from vivavoce.evaluation.gain import Drawn, drawn_correlations
from vivavoce.evaluation.variance import components_with_gaps
from vivavoce.training import BadTraining
from vivavoce.training.inputs import Answers
from vivavoce.training.overall import Estimator, cross_fitted
from vivavoce.training.scheme import BY_PERSON, TIME, Scheme, Split

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
        As in :func:`vivavoce.training.overall.cross_fitted`; features are means over the answers.
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


SHARES = (0.25, 0.5, 0.75, 1.0)  # of the people who teach
REPEATS = 3  # draws of fewer people; the last share needs none
AHEAD = 2.0  # times as many people, which the curve is carried on to
POOR_FIT = 0.02  # of r: the law misses the measured points by more, and is not carried on
TOO_WIDE = 0.15  # of the carried-on interval, above which nothing is said
STREAM = 6  # of the seed
CURVE_DRAWS = 1000


@dataclass(frozen=True)
class Point:
    """The cross-fitted r where so many people teach; every point is tested on the same people."""

    share: float
    people: int
    r: Estimate


@dataclass(frozen=True)
class Curve:
    """How r rises with the people who teach.

    Parameters
    ----------
    points
        At each share of the people.
    ahead
        r expected with ``ahead_people``, after r(n) = a − b / n; undefined, with its reason, where that law does not
        fit the points or says too little.
    ahead_people
        Twice those who teach now.
    """

    points: tuple[Point, ...]
    ahead: Estimate
    ahead_people: int


def learning_curve(
    model: Estimator,
    features: npt.ArrayLike,
    ratings: npt.ArrayLike,
    persons: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    scheme: Scheme = BY_PERSON,
    shares: Sequence[float] = SHARES,
    repeats: int = REPEATS,
    draws: int = CURVE_DRAWS,
    seed: int = 0,
) -> Curve:
    """Learn from a part of the people, test on the same people always.

    Parameters
    ----------
    model, features, ratings, persons, weights, scheme
        As in :func:`vivavoce.training.overall.cross_fitted`.
    shares
        Of the people who teach in each fold, rising, the last one 1.
    repeats
        Draws of people at every share below 1; their r is averaged.
    draws, seed
        Of the intervals over persons, and of everything drawn.

    References
    ----------
    Cortes, Jackel, Solla, Vapnik & Denker (1994), NIPS 6, 327–334 (error = a + b / n^c; c is 1 for a ridge once there
    are more people than features).

    Examples
    --------
    >>> from vivavoce.models.linear.ridge import CompetencyRidge
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((200, 30))
    >>> y = x.sum(axis=1) + rng.standard_normal(200)
    >>> found = learning_curve(CompetencyRidge(), x, y, np.arange(200), draws=200)
    >>> found.points[0].people, found.points[0].r.value < found.points[-1].r.value
    (40, True)
    """
    x, y, who = np.asarray(features, np.float64), np.asarray(ratings, np.float64), np.asarray(persons)
    same_length("learning_curve", features=x, ratings=y, persons=who)
    for share in shares:
        number("learning_curve", "shares", share, 0.0, 1.0, open_low=True)
    rated = ~np.isnan(y)
    counts = None if weights is None else np.asarray(weights, np.float64)[rated]
    x, y, who = x[rated], y[rated], who[rated]
    splits = scheme.splits(who, seed=seed)
    scores, share_of, people = [], [], []
    for i, share in enumerate(shares):
        for repeat in range(repeats if share < 1 else 1):
            fewer = [_fewer(one, who, share, [seed, STREAM, repeat, k]) for k, one in enumerate(splits)]
            scores.append(cross_fitted(model, x, y, who, weights=counts, splits=fewer, scheme=scheme))
            share_of.append(i)
        people.append(round(float(np.mean([len(np.unique(who[seen])) for seen, _ in fewer]))))
    ahead_people = round(AHEAD * people[-1])
    drawn = drawn_correlations("learning_curve", scores, y, who, draws=draws, seed=seed)
    if isinstance(drawn, Estimate):
        return Curve(tuple(map(Point, shares, people, [drawn] * len(shares))), drawn, ahead_people)
    mean = (np.array(share_of)[:, None] == np.arange(len(shares))).astype(np.float64)
    mean /= mean.sum(axis=0)
    points = [
        Point(share, count, drawn.estimate(lambda r, i=i: (r @ mean)[..., i]))  # type: ignore[misc]
        for i, (share, count) in enumerate(zip(shares, people, strict=True))
    ]
    return Curve(tuple(points), _ahead(drawn, mean, np.array(people, np.float64)), ahead_people)


def _fewer(split: Split, persons: npt.NDArray[np.generic], share: float, seed: list[int]) -> Split:
    """A share of the persons who teach; a larger share holds the smaller ones of the same repeat."""
    seen, held = split
    names = np.unique(persons[seen])
    kept = np.random.default_rng(seed).permutation(names)[: max(round(share * len(names)), 1)]
    return seen[np.isin(persons[seen], kept)], held


def _ahead(drawn: Drawn, mean: Floats, people: Floats) -> Estimate:
    """r(n) = a − b / n, fitted to the points and carried on to twice the people, if it fits and says something."""
    if len(people) < 3:
        return undefined("a law with two constants needs three points at least")
    design = np.column_stack([np.ones(len(people)), -1 / people])
    law = mean @ np.linalg.pinv(design).T  # from all repeats' r to a and b
    ahead = law @ [1.0, -1 / (AHEAD * people[-1])]
    points = drawn.values @ mean
    missed = float(np.abs(points - drawn.values @ law @ design.T).max())
    if missed > POOR_FIT:
        return undefined(f"r = a − b / n misses the points by up to {missed:.3f}: nothing is carried on")
    found = drawn.estimate(lambda r: r @ ahead)
    if not found.high - found.low <= TOO_WIDE:
        return undefined(f"the carried-on r would lie between {found.low:.2f} and {found.high:.2f}: it says too little")
    return found


PLACE_DRAWS = 1000


def held_out(
    model: Estimator,
    features: Floats,
    ratings: Floats,
    persons: npt.NDArray[np.generic],
    *,
    site: npt.NDArray[np.str_] | None = None,
    employer: npt.NDArray[np.str_] | None = None,
    recorded_at: npt.NDArray[np.datetime64] | None = None,
    weights: Floats | None = None,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Cross-fitted r where whole sites or employers are left out, and where later people are predicted (``time``).

    Parameters
    ----------
    model, features, ratings, persons, weights
        As in :func:`vivavoce.training.overall.cross_fitted`.
    site, employer, recorded_at
        Of each row, shape (n,); rows without one (empty, ``NaT``) are left out of that split. None: not known.
    seed
        Of the intervals.

    Returns
    -------
    dict of Estimate
        Undefined, with the reason, where a split cannot be made. By person the correlation is pooled over folds as
        here, so that these can be read beside it.

    Examples
    --------
    >>> from vivavoce.models.linear.ridge import CompetencyRidge
    >>> x = np.random.default_rng(0).standard_normal((100, 1))
    >>> found = held_out(CompetencyRidge(), x, x[:, 0], np.arange(100), site=np.repeat(["a", "b"], 50))
    >>> round(found["site"].value, 2), found["time"].reason
    (1.0, 'when interviews were recorded is not known')
    """

    def judged(known: npt.NDArray[np.bool_], scheme: Callable[[npt.NDArray[np.intp]], Scheme]) -> Estimate:
        rows = np.flatnonzero(known & ~np.isnan(ratings))
        if not len(rows):
            return undefined("it is known of nobody who was rated")
        x, y, who = features[rows], ratings[rows], persons[rows]
        counts = None if weights is None else weights[rows]
        try:
            scores = cross_fitted(model, x, y, who, weights=counts, scheme=scheme(rows), seed=seed)
        except BadTraining as error:
            return undefined(str(error))
        return correlation(scores, y, who, least=LEAST_PEOPLE, draws=PLACE_DRAWS, seed=seed)

    found = {}
    for name, groups in {"site": site, "employer": employer}.items():
        if groups is None:
            found[name] = undefined(f"{name}s are not known")
        else:
            found[name] = judged(groups != "", partial(_by_group, name, persons, groups))
    if recorded_at is None:
        found[TIME] = undefined("when interviews were recorded is not known")
    else:
        found[TIME] = judged(~np.isnat(recorded_at), lambda rows: Scheme.by_time(persons[rows], recorded_at[rows]))
    return found


def _by_group(
    name: str, persons: npt.NDArray[np.generic], groups: npt.NDArray[np.str_], rows: npt.NDArray[np.bool_]
) -> Scheme:
    return Scheme.by_group(name, persons[rows], groups[rows])
