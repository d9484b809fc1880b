"""One interview scored by a linear model version: points, band, status, and what made the points."""

import math
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from vivavoce.data.status import Reason, RowStatus
from vivavoce.models.answer import MeasuredAnswer
from vivavoce.models.linear.competency import LinearCompetency
from vivavoce.models.linear.prediction import REACH
from vivavoce.models.missing import not_scored, why_missing
from vivavoce.models.norms import MIDDLE, POINTS_PER_SD
from vivavoce.models.score import OVERALL, STARTING_POINT, Evidence, Score, overall_of

if TYPE_CHECKING:
    from vivavoce.models.linear.version import LinearVersion


def score_answers(
    model: "LinearVersion", answers: Sequence[MeasuredAnswer], asked: Collection[str]
) -> tuple[Score, ...]:
    """Score every competency of the model's framework, and overall: the numbers of ``LinearVersion.points``.

    Parameters
    ----------
    model
        The model version.
    answers
        One interview's. Only answers to questions of the framework count: the model knows no others.
    asked
        Ids of the questions that the candidate was asked.

    Returns
    -------
    tuple of Score
        In the framework's order, ``overall`` last. A competency without answers, or of which too little was measured,
        is ``not_scored``; one that lacks an answer to a question that was asked is ``partial``. Without every
        competency the overall score has no value.
    """
    columns = {name: [answer.value(name) for answer in answers] for name in model.fingerprints}
    questions = [answer.question_id for answer in answers]
    means = model.means(columns, np.zeros(len(answers), np.intp), questions, 1)
    points = {name: float(values[0]) for name, values in model.points(means).items()}
    scores = []
    for one in model.competencies:
        shown = {question.id for question in model.framework.questions_showing(one.competency)}
        showing = [answer for answer in answers if answer.question_id in shown]
        scores.append(_competency(one, showing, shown & set(asked), points[one.competency]))
    if answers and not set(questions) & {question.id for question in model.framework.questions}:
        scores = [not_scored(score.competency, Reason.NO_QUESTION) for score in scores]
    return (*scores, overall_of(scores, model.weights, points[OVERALL]))


def _competency(
    model: LinearCompetency, showing: Sequence[MeasuredAnswer], expected: Collection[str], value: float
) -> Score:
    if not showing:
        return not_scored(model.competency, Reason.NO_ANSWER)
    if math.isnan(value):
        return not_scored(
            model.competency, why_missing(showing, dict(zip(model.features, model.importance.tolist(), strict=True)))
        )
    heard = {answer.question_id for answer in showing if _share(model, answer) >= model.least_measured}
    evidence = sorted(_evidence(model, showing), key=lambda item: -abs(item.points))
    whole = set(expected) <= heard
    return Score(
        model.competency,
        value,
        model.error(len(heard)),
        RowStatus.SCORED if whole else RowStatus.PARTIAL,
        None if whole else Reason.MISSING_ANSWER.value,
        tuple(evidence),
        MIDDLE,
    )


def _evidence(model: LinearCompetency, showing: Sequence[MeasuredAnswer]) -> Iterator[Evidence]:
    """What the score's distance from 50 is made of, without what makes nothing."""
    points = POINTS_PER_SD / model.norms.sd
    start = model.intercept + math.fsum(model.coefficients * model.mean) - model.norms.mean
    yield Evidence(None, STARTING_POINT, None, points * start)
    for name, coefficient, absent, mean, scale in zip(
        model.features, model.coefficients, model.absent, model.mean, model.scale, strict=True
    ):
        measured = [(answer, value) for answer in showing if not math.isnan(value := answer.value(name))]
        if not measured and absent:
            yield Evidence(None, name, None, float(points * absent))
        away = math.fsum(value - mean for _, value in measured) / max(len(measured), 1)
        counted = REACH * scale / abs(away) if abs(away) > REACH * scale else 1.0  # of what the answers show
        for answer, value in measured if coefficient else ():
            part = float(points * coefficient * counted * (value - mean) / len(measured))
            yield Evidence(answer.question_id, name, value, part, answer.quotes.get(name, ()))


def _share(model: LinearCompetency, answer: MeasuredAnswer) -> float:
    """How much of what matters was measured in one answer, 0–1."""
    return float(model.measured_share([np.array([answer.value(name)]) for name in model.features])[0])
