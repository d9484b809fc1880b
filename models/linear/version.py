"""The linear model version: one ridge for each competency, norms of applicants, and weights of the overall score."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy.typing as npt

from vivavoce.models.aggregate import answer_means
from vivavoce.models.answer import MeasuredAnswer
from vivavoce.models.linear.competency import LinearCompetency
from vivavoce.models.linear.scoring import score_answers
from vivavoce.models.norms import Norms
from vivavoce.models.score import Score
from vivavoce.models.version import Floats, ModelVersion, Names


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
