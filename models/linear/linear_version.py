"""The linear model version: one ridge for each competency, norms of applicants, and weights of the overall score.

One interview scored by a linear model version: points, band, status, and what made the points.

One competency's ridge, as numbers: what a linear model version is made of.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from vivavoce.data.identity import refuse_name
from vivavoce.data.status import Reason, RowStatus
from vivavoce.models.linear.ridge import REACH, measured_share, rating
from vivavoce.models.score import (
    MIDDLE,
    OVERALL,
    POINTS_PER_SD,
    STARTING_POINT,
    Evidence,
    Norms,
    Score,
    answer_means,
    measurement_error,
    overall_of,
)
from vivavoce.models.version import Floats, MeasuredAnswer, ModelVersion, Names, not_scored, why_missing

if TYPE_CHECKING:
    from vivavoce.models.linear.ridge import CompetencyRidge


BLOCK = 2**14  # rows at a time: a column's 128 KiB stay in the cache while they are added up


@dataclass(frozen=True)
class LinearCompetency:
    """One competency's ridge, as numbers.

    Parameters
    ----------
    competency
        Its id in the framework.
    features
        Names of the p columns, in the order of the arrays.
    intercept, coefficients, absent, mean, scale
        As :class:`CompetencyRidge` fits them; arrays of shape (p,).
    least_measured
        Share of the coefficients whose features must have been measured, 0–1.
    norms
        Of applicants, on the scale of the ratings.
    question_sd
        Standard deviation of the rating from one answer about the person's own, in the applicants' standard
        deviations (person × question, and residual); None where training heard one question a person, or never asked.

    Raises
    ------
    ValueError
        For a name that claims what must not be claimed, arrays of other lengths than the features, and numbers that
        are not finite.
    """

    competency: str
    features: tuple[str, ...]
    intercept: float
    coefficients: Floats
    absent: Floats
    mean: Floats
    scale: Floats
    least_measured: float
    norms: Norms
    question_sd: float | None = None

    def __post_init__(self) -> None:
        """Refuse a target that claims what must not be claimed, and numbers that are none or too few."""
        refuse_name(self.competency)
        for name in self.features:
            refuse_name(name)
        arrays = (self.coefficients, self.absent, self.mean, self.scale)
        shapes = {(len(set(self.features)),), *(one.shape for one in arrays)}
        if len(shapes) > 1 or not self.features:
            raise ValueError(f"{self.competency}: features and their numbers must be equally many. Got {shapes}.")
        single = (self.intercept, self.norms.mean, self.norms.sd, self.question_sd or 0.0)
        if not all(np.isfinite(one).all() for one in (*arrays, single)) or self.norms.sd <= 0:
            raise ValueError(f"{self.competency}: every number must be finite, and the norms' spread above 0.")
        if not 0 <= self.least_measured <= 1 or (self.question_sd is not None and self.question_sd < 0):
            raise ValueError(
                f"{self.competency}: least_measured must lie in 0 to 1, and question_sd must not be negative. Got "
                f"{self.least_measured} and {self.question_sd} instead."
            )

    @staticmethod
    def of(
        competency: str,
        features: Collection[str],
        model: "CompetencyRidge",
        norms: Norms,
        question_sd: float | None = None,
    ) -> "LinearCompetency":
        """The numbers of a fitted ridge."""
        return LinearCompetency(
            competency,
            tuple(features),
            model.intercept_,
            model.coef_,
            model.absent_coef_,
            model.mean_,
            model.scale_,
            model.least_measured,
            norms,
            question_sd,
        )

    @property
    def importance(self) -> Floats:
        """Rating per standard deviation of each feature, shape (p,): what must have been measured is counted in it."""
        return self.coefficients * self.scale

    def error(self, answers: int) -> float | None:
        """Standard error of measurement in points of a score from so many answers; None from one, or if not known."""
        return measurement_error(self.question_sd, answers)

    def z(self, columns: Mapping[str, npt.ArrayLike]) -> Floats:
        """Standard deviations above the applicants' mean, shape (n,); ``nan`` where too little was measured.

        Parameters
        ----------
        columns
            Each feature's mean over the answers that show the competency, shape (n,); others do not matter.
        """
        given = [np.asarray(columns[name], np.float64) for name in self.features]
        parts = []
        for start in range(0, len(given[0]), BLOCK):
            x = [one[start : start + BLOCK] for one in given]
            found = rating(x, self.intercept, self.coefficients, self.absent, self.mean, self.scale)
            parts.append(np.where(self.measured_share(x) >= self.least_measured, found, np.nan))
        return self.norms.z(np.concatenate(parts) if parts else np.empty(0))

    def measured_share(self, columns: Sequence[Floats]) -> Floats:
        """Share of the importance that lies on measured features, 0–1, shape (n,); ideal 1. Features in their order."""
        return measured_share(columns, self.importance)


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


@dataclass(frozen=True, kw_only=True)
class LinearVersion(ModelVersion):
    """A trained model of one framework, one ridge for each competency.

    Parameters
    ----------
    competencies
        One ridge for each competency of the framework, in its order.
    """

    kind: ClassVar[str] = "linear"
    influence_unit: ClassVar[str] = "z per standard deviation"

    competencies: tuple[LinearCompetency, ...]

    def __post_init__(self) -> None:
        """Refuse parts that do not fit together."""
        expected = list(self.framework.weights)
        if [one.competency for one in self.competencies] != expected:
            raise ValueError(
                f"A linear model version needs one ridge for each of {', '.join(expected)}, in this order. Got "
                f"{[one.competency for one in self.competencies]} instead."
            )
        super().__post_init__()

    @property
    def features(self) -> Mapping[str, tuple[str, ...]]:
        """The columns that each competency rests on."""
        return {one.competency: one.features for one in self.competencies}

    @property
    def norms(self) -> Mapping[str, Norms]:
        """Of applicants, by competency."""
        return {one.competency: one.norms for one in self.competencies}

    @property
    def applicants(self) -> int:
        """How many applicants the norms rest on, the fewest of all competencies."""
        return min(one.norms.applicants for one in self.competencies)

    @property
    def influence(self) -> Mapping[str, Mapping[str, float]]:
        """Z of each competency per standard deviation of each feature."""
        return {
            one.competency: dict(zip(one.features, (one.importance / one.norms.sd).tolist(), strict=True))
            for one in self.competencies
        }

    def error(self, competency: str, answers: int) -> float | None:
        """Standard error of measurement in points of a score from so many answers; None from one, or if not known."""
        return next(one for one in self.competencies if one.competency == competency).error(answers)

    def score(self, answers: Sequence[MeasuredAnswer], asked: Collection[str]) -> tuple[Score, ...]:
        """Score one interview, with evidence, as :meth:`ModelVersion.score` says."""
        return score_answers(self, answers, asked)

    def score_table(
        self, columns: Mapping[str, npt.ArrayLike], interview: npt.ArrayLike, question: Names, interviews: int
    ) -> dict[str, Floats]:
        """Score many interviews at once, as :meth:`ModelVersion.score_table` says."""
        return self.points(self.means(columns, interview, question, interviews))

    def means(
        self,
        columns: Mapping[str, npt.ArrayLike],
        interview: npt.ArrayLike,
        question: Names,
        interviews: int,
    ) -> dict[str, dict[str, Floats]]:
        """For each competency, its features' means over the answers that show it: as :func:`answer_means` says."""
        shown = {
            one.competency: tuple(asked.id for asked in self.framework.questions_showing(one.competency))
            for one in self.competencies
        }
        found: dict[str, dict[str, Floats]] = {}
        for questions in dict.fromkeys(shown.values()):  # competencies that the same questions show share their means
            alike = [one for one in self.competencies if shown[one.competency] == questions]
            own = {name: columns[name] for one in alike for name in one.features}
            means = answer_means(own, interview, question, questions, interviews)
            found |= {one.competency: {name: means[name] for name in one.features} for one in alike}
        return found

    def z(self, features: Mapping[str, Mapping[str, npt.ArrayLike]]) -> dict[str, Floats]:
        """Each competency's z, shape (n,) each, from its own features' means; ``nan`` where it was not measured."""
        return {one.competency: one.z(features[one.competency]) for one in self.competencies}

    def points(self, features: Mapping[str, Mapping[str, npt.ArrayLike]]) -> dict[str, Floats]:
        """Each competency's score from 0 to 100, and ``overall``, from :meth:`means`.

        The overall score is ``50 + 15 · Σ w z``; it is ``nan`` for whoever lacks one competency, never a mean of the
        rest.
        """
        return self.weighted(self.z(features))
