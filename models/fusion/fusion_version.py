"""The fusion model version: one network for all competencies, norms of applicants, and weights of the overall score.

One interview scored by a fusion version: points, band, status, and what each answer has to do with it.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from vivavoce.data.identity import refuse_name
from vivavoce.data.status import Reason, RowStatus
from vivavoce.models.fusion.fitted import FittedFusion, Flags, heard, measured_shares
from vivavoce.models.fusion.network import Floats, sequences
from vivavoce.models.score import (
    MIDDLE,
    OVERALL,
    POINTS_PER_SD,
    STARTING_POINT,
    Evidence,
    Norms,
    Quote,
    Score,
    measurement_error,
    overall_of,
    own_columns,
)
from vivavoce.models.version import MeasuredAnswer, ModelVersion, Names, not_scored, why_missing

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


MOST_QUESTIONS = 10  # every subset of the answers is predicted for the evidence: 1,024 of them


@dataclass(frozen=True, kw_only=True)
class FusionVersion(ModelVersion):
    """A trained network of one framework, which reads an interview's answers in the order of the framework's questions.

    Parameters
    ----------
    fitted
        The network and everything that it needs: one output for each competency, in the framework's order.
    columns
        Names of the p features that it reads of every answer.
    norms
        Of applicants, by competency, on the scale of the ratings.
    question_sd
        By competency: what another answer could change, in the applicants' standard deviations; None where not known.
    moved
        How far each competency's z moves when a column is exchanged with another person's, mean, shape (k, p).
    usual
        Which columns the answers to each question usually have, shape (questions, p).
    least_measured
        Share of a competency's influence that must lie on measured columns for a score, and of an answer's to count as
        heard, 0–1.

    Raises
    ------
    ValueError
        For a name that claims what must not be claimed, more than 10 questions, shapes that do not fit together, and
        numbers that are not finite.
    """

    kind: ClassVar[str] = "fusion"
    influence_unit: ClassVar[str] = "z, mean change when exchanged with another person's"

    fitted: FittedFusion
    columns: tuple[str, ...]
    norms: Mapping[str, Norms]
    question_sd: Mapping[str, float | None]
    moved: Floats
    usual: Flags
    least_measured: float

    def __post_init__(self) -> None:
        """Refuse parts that do not fit together."""
        for name in (*self.columns, *self.framework.weights):
            refuse_name(name)
        check_questions(len(self.questions))
        names, p, q = list(self.framework.weights), len(self.columns), len(self.questions)
        read = sorted(i for one in self.fitted.modalities for i in one.columns)
        if (self.fitted.k, self.fitted.answers) != (len(names), q) or read != list(range(p)):
            raise ValueError(
                f"A fusion version needs {len(names)} outputs and reads {p} columns of {q} answers. Got "
                f"{self.fitted.k} outputs, {len(read)} columns and {self.fitted.answers} answers instead."
            )
        if len(set(self.columns)) != p or self.moved.shape != (len(names), p) or self.usual.shape != (q, p):
            raise ValueError(
                f"Columns, 'moved' and 'usual' must fit together: {p} different columns, ({len(names)}, {p}) and "
                f"({q}, {p}). Got {len(set(self.columns))}, {self.moved.shape} and {self.usual.shape} instead."
            )
        if list(self.norms) != names or list(self.question_sd) != names:
            raise ValueError(f"Norms and question_sd must be given for each of {', '.join(names)}, in this order.")
        norms = [(one.mean, one.sd) for one in self.norms.values()]
        spreads = [one or 0.0 for one in self.question_sd.values()]
        if not np.isfinite([*np.ravel(norms), *spreads]).all() or min(sd for _, sd in norms) <= 0:
            raise ValueError("Every number must be finite, and the norms' spread above 0.")
        if min(spreads) < 0 or not 0 <= self.least_measured <= 1 or not (self.moved >= 0).all():
            raise ValueError("question_sd and 'moved' must not be negative, and least_measured must lie in 0 to 1.")
        super().__post_init__()

    @property
    def questions(self) -> tuple[str, ...]:
        """Ids, in the order in which answers are read."""
        return tuple(question.id for question in self.framework.questions)

    @property
    def features(self) -> Mapping[str, tuple[str, ...]]:
        """The columns that each competency rests on: all of them, since one network reads everything."""
        return dict.fromkeys(self.framework.weights, self.columns)

    @property
    def applicants(self) -> int:
        """How many applicants the norms rest on, the fewest of all competencies."""
        return min(one.applicants for one in self.norms.values())

    @property
    def influence(self) -> Mapping[str, Mapping[str, float]]:
        """How far each competency's z moves, either way, when a column is exchanged with another person's."""
        return {
            name: dict(zip(self.columns, moved.tolist(), strict=True))
            for name, moved in zip(self.framework.weights, self.moved, strict=True)
        }

    def error(self, competency: str, answers: int) -> float | None:
        """Standard error of measurement in points of a score from so many answers; None from one, or if not known."""
        return measurement_error(self.question_sd[competency], answers)

    def score(self, answers: Sequence[MeasuredAnswer], asked: Collection[str]) -> tuple[Score, ...]:
        """Score one interview, with evidence, as :meth:`ModelVersion.score` says.

        A network reads the whole interview: one answer that was asked for and not heard makes every competency
        ``partial``. Evidence says which answer made the points, not which of its measures.
        """
        return score_answers(self, answers, asked)

    def score_table(
        self, columns: Mapping[str, npt.ArrayLike], interview: npt.ArrayLike, question: Names, interviews: int
    ) -> dict[str, Floats]:
        """Score many interviews at once, as :meth:`ModelVersion.score_table` says."""
        own = {name: columns[name] for name in self.columns}
        return self.weighted(self.z(sequences(own, interview, question, self.questions, interviews)))

    def z(self, x: Floats) -> dict[str, Floats]:
        """Each competency's z, shape (n,) each, from sequences (n, questions, p).

        ``nan`` where no answer that shows the competency was measured, or too little of what it rests on.
        """
        predicted, shares = self.fitted.predict(x).mean, measured_shares(x, self.moved)
        given = ~np.isnan(x).all(axis=2)
        found = {}
        for i, (name, norms) in enumerate(self.norms.items()):
            shows = [name in question.shows for question in self.framework.questions]
            enough = given[:, shows].any(axis=1) & (shares[:, i] >= self.least_measured)
            found[name] = norms.z(np.where(enough, predicted[:, i], np.nan))
        return found


def check_questions(count: int) -> None:
    """Refuse (``ValueError``) a framework of more questions than evidence can be shared out over."""
    if not 1 <= count <= MOST_QUESTIONS:
        raise ValueError(
            f"A fusion version takes 1 to {MOST_QUESTIONS} questions, since every subset of the answers is predicted "
            f"to share out the points. Got {count} instead: use linear."
        )
