"""A version whose scores are means of one measure, in standard deviations of the applicants."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from vivavoce.data.status import Reason, RowStatus
from vivavoce.models.score import MIDDLE, OVERALL, Evidence, Norms, Score, answer_means, overall_of
from vivavoce.models.version import Floats, MeasuredAnswer, ModelVersion, Names, not_scored


@dataclass(frozen=True, kw_only=True)
class MeanVersion(ModelVersion):
    """One measure for each competency, and its norms."""

    kind: ClassVar[str] = "mean"
    influence_unit: ClassVar[str] = "z per standard deviation"
    learned: ClassVar[bool] = False

    measures: Mapping[str, str]
    norms: Mapping[str, Norms]

    @property
    def made(self) -> Mapping[str, str]:
        """How it was made."""
        said = "mean. Nothing was learned: one measure for each competency, beside the applicants' mean."
        return {"en": said, "zh": "平均：没有学习，每项胜任力一个测量，与申请者平均相比。"}

    @property
    def worth(self) -> Mapping[str, str]:
        """Of which scores its figures are."""
        return {"en": "Of the score as it is: no rating and no performance went into it.", "zh": "依据分数本身。"}

    def meaning(self, digest: str) -> Mapping[str, str]:
        """What its points mean."""
        said = f"the means {digest[:12]}: 50 points are the applicants' mean, 15 their standard deviation."
        return {"en": said, "zh": f"平均 {digest[:12]}：50 分为申请者平均，15 分为标准差。"}

    @property
    def features(self) -> Mapping[str, tuple[str, ...]]:
        """One column each."""
        return {name: (column,) for name, column in self.measures.items()}

    @property
    def applicants(self) -> int:
        """The fewest."""
        return min(one.applicants for one in self.norms.values())

    @property
    def influence(self) -> Mapping[str, Mapping[str, float]]:
        """One standard deviation moves z by one."""
        return {name: {column: 1.0} for name, column in self.measures.items()}

    def error(self, competency: str, answers: int) -> float | None:  # noqa: ARG002 (not known)
        """Not known."""
        return None

    def score(self, answers: Sequence[MeasuredAnswer], asked: Collection[str]) -> tuple[Score, ...]:  # noqa: ARG002
        """Every competency and overall; its evidence is the mean."""
        columns = {name: [answer.value(name) for answer in answers] for name in self.fingerprints}
        questions = [answer.question_id for answer in answers]
        points = self.score_table(columns, np.zeros(len(answers), np.intp), questions, 1)
        scores = [self._scored(name, float(points[name][0])) for name in self.weights]
        return (*scores, overall_of(scores, self.weights, float(points[OVERALL][0])))

    def _scored(self, name: str, value: float) -> Score:
        if np.isnan(value):
            return not_scored(name, Reason.NO_ANSWER)
        evidence = Evidence(None, self.measures[name], None, value - MIDDLE)
        return Score(name, value, None, RowStatus.SCORED, None, (evidence,), MIDDLE)

    def score_table(
        self, columns: Mapping[str, npt.ArrayLike], interview: npt.ArrayLike, question: Names, interviews: int
    ) -> dict[str, Floats]:
        """Points of many interviews."""
        found = {}
        for name, column in self.measures.items():
            shown = [one.id for one in self.framework.questions_showing(name)]
            means = answer_means({column: columns[column]}, interview, question, shown, interviews)
            found[name] = self.norms[name].z(means[column])
        return self.weighted(found)
