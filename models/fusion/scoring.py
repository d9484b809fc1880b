"""One interview scored by a fusion version: points, band, status, and what each answer has to do with it."""

import math
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from vivavoce.data.status import Reason, RowStatus
from vivavoce.models.aggregate import own_columns
from vivavoce.models.answer import MeasuredAnswer
from vivavoce.models.fusion.fitted import FittedFusion
from vivavoce.models.fusion.measured import Flags, heard
from vivavoce.models.fusion.sequences import Floats, sequences
from vivavoce.models.missing import not_scored, why_missing
from vivavoce.models.norms import MIDDLE, POINTS_PER_SD
from vivavoce.models.score import OVERALL, STARTING_POINT, Evidence, Quote, Score, overall_of

if TYPE_CHECKING:
    from vivavoce.models.fusion.version import FusionVersion

ANSWER = "fusion.answer"
"""The measure that evidence names: the answer as a whole, its value being the share of the columns measured in it."""


def score_answers(
    model: "FusionVersion", answers: Sequence[MeasuredAnswer], asked: Collection[str]
) -> tuple[Score, ...]:
    """Score every competency of the model's framework, and overall: the numbers of ``FusionVersion.score_table``.

    Parameters
    ----------
    model
        The model version.
    answers
        One interview's. Only answers to questions of the framework count.
    asked
        Ids of the questions that the candidate was asked.

    Returns
    -------
    tuple of Score
        In the framework's order, ``overall`` last, as :meth:`ModelVersion.score` says.
    """
    columns = {name: [answer.value(name) for answer in answers] for name in model.columns}
    questions = [answer.question_id for answer in answers]
    x = sequences(columns, np.zeros(len(answers), np.intp), questions, model.questions, 1)
    points = {name: float(values[0]) for name, values in model.weighted(model.z(x)).items()}
    known = [answer for answer in answers if answer.question_id in model.questions]
    whole = heard(x[0], model.moved, model.usual, model.least_measured)
    parts, start = answer_parts(model.fitted, x[0]) if known else (np.empty((0, 0)), np.empty(0))
    scores = []
    for i, name in enumerate(model.framework.weights):
        if math.isnan(points[name]):
            scores.append(_without(model, name, known))
            continue
        evidence = _evidence(model, name, known, x[0], parts[:, i], float(start[i]))
        scores.append(_scored(model, name, points[name], whole[:, i], asked, tuple(evidence)))
    if answers and not known:
        scores = [not_scored(name, Reason.NO_QUESTION) for name in model.framework.weights]
    return (*scores, overall_of(scores, model.weights, points[OVERALL]))


def answer_parts(fitted: FittedFusion, x: Floats) -> tuple[Floats, Floats]:
    """What each answer adds to the predicted ratings, mean over all orders in which answers are added: Shapley values.

    Parameters
    ----------
    fitted
        The network.
    x
        One interview, shape (q, p); 2^q subsets of its answers are predicted at once.

    Returns
    -------
    parts, start
        Shapes (q, k) and (k,): 0 for an answer in which nothing was measured; parts sum to the prediction less the
        start, what is expected of somebody of whom nothing is known.

    References
    ----------
    Shapley (1953), in Contributions to the Theory of Games II, 307–317.
    """
    given = np.flatnonzero(~np.isnan(x).all(axis=1))
    m, start = len(given), fitted.start
    parts = np.zeros((len(x), fitted.k))
    if m == 0:
        return parts, start
    subsets = np.arange(2**m)
    within = (subsets[:, None] >> np.arange(m)) & 1 == 1
    some = np.full((len(subsets), *x.shape), np.nan)
    some[:, given] = np.where(within[:, :, None], x[given], np.nan)
    values = np.vstack([start, fitted.predict(some[1:]).mean])
    others = np.array([1 / (m * math.comb(m - 1, size)) for size in range(m)])  # of subsets of the other answers
    size = within.sum(axis=1)
    for i, place in enumerate(given):
        without = subsets[~within[:, i]]
        parts[place] = others[size[without]] @ (values[without | 1 << i] - values[without])
    return parts, start


def _scored(
    model: "FusionVersion",
    name: str,
    value: float,
    whole: Flags,
    asked: Collection[str],
    evidence: tuple[Evidence, ...],
) -> Score:
    missing = any(question in asked and not whole[i] for i, question in enumerate(model.questions))
    return Score(
        name,
        value,
        model.error(name, int(whole.sum())),
        RowStatus.PARTIAL if missing else RowStatus.SCORED,
        Reason.MISSING_ANSWER.value if missing else None,
        evidence,
        MIDDLE,
    )


def _without(model: "FusionVersion", name: str, known: Sequence[MeasuredAnswer]) -> Score:
    """A competency without a score, and why: nobody was asked for it, or too little of everything was measured."""
    shows = {question.id for question in model.framework.questions_showing(name)}
    showing = [answer for answer in known if answer.question_id in shows]
    if not showing:
        return not_scored(name, Reason.NO_ANSWER)
    measured = any(not math.isnan(answer.value(column)) for answer in showing for column in model.columns)
    return not_scored(name, why_missing(known if measured else showing, model.influence[name]))


def _evidence(
    model: "FusionVersion", name: str, known: Sequence[MeasuredAnswer], x: Floats, parts: Floats, start: float
) -> Iterator[Evidence]:
    """What the score's distance from 50 is made of, the answer that moves it most first."""
    norms = model.norms[name]
    points = POINTS_PER_SD / norms.sd
    own = own_columns(name, model.columns, model.framework)
    found = [Evidence(None, STARTING_POINT, None, points * (start - norms.mean))]
    for i, question in enumerate(model.questions):
        if parts[i]:
            expected = model.usual[i]
            share = float((~np.isnan(x[i, expected])).mean()) if expected.any() else 1.0
            quotes = _quotes([answer for answer in known if answer.question_id == question], own)
            found.append(Evidence(question, ANSWER, share, float(points * parts[i]), quotes))
    yield from sorted(found, key=lambda item: -abs(item.points))


def _quotes(answers: Sequence[MeasuredAnswer], columns: Collection[str]) -> tuple[Quote, ...]:
    """The words behind the competency's measures, in the order in which they were said, each once."""
    found = {quote for answer in answers for name in columns for quote in answer.quotes.get(name, ())}
    return tuple(sorted(found, key=lambda quote: (quote.start, quote.end, quote.text)))
