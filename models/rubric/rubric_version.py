"""A rubric as a model version: one framework, one variant, and the parameters themselves, so that nothing changes it.

A later change of the shipped ``rubric.yaml`` changes no version. An interview that this variant cannot measure is not
scored; no other variant takes its place, since scores of two variants are two measurements.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from vivavoce.data.framework import Framework
from vivavoce.models.rubric.rubric import Rubric, RubricParameters
from vivavoce.models.score import OVERALL, TOP, Score
from vivavoce.models.version import WHOLE, Floats, MeasuredAnswer, ModelVersion, Names

WORTH = {
    "en": "It ranked independent synthetic answers by the level that their writer was asked for (Spearman .89 in "
    "English, .85 in Chinese; 36 interviews that nobody had seen); on 138 real interviews about other things it did "
    "not follow the raters (r = −.06). No relation to job performance is claimed.",
    "zh": "对独立的合成回答，它曾按写作者被要求的水平排序（Spearman 英文 .89，中文 .85；36 场无人见过的面试）；"
    "对 138 场内容不同的真实面试，它与评分者不一致（r = −.06）。不声称与工作绩效有任何关系。",
}


def column_of(measure: str, competency: str, columns: Collection[str]) -> str:
    """The column that a measure of a competency stands in: its own where there is one, else the general one.

    Examples
    --------
    >>> column_of("language.term_coverage_share", "teamwork", ["language.term_coverage_share.teamwork"])
    'language.term_coverage_share.teamwork'
    >>> column_of("language.structure_share", "teamwork", [])
    'language.structure_share'
    """
    own = f"{measure}.{competency}"
    return own if own in columns else measure


@dataclass(frozen=True, kw_only=True)
class RubricVersion(ModelVersion):
    """A rubric of one framework: what answers show, on stated scales, under the framework's weights; nothing learned.

    Parameters
    ----------
    variant
        ``full``, ``no_question`` or ``no_encoder``.
    parameters
        That variant's, and no other's.
    """

    kind: ClassVar[str] = "rubric"
    influence_unit: ClassVar[str] = "points at most"
    learned: ClassVar[bool] = False

    variant: str
    parameters: RubricParameters

    def __post_init__(self) -> None:
        """Refuse parts that do not fit together."""
        if list(self.parameters.variants) != [self.variant]:
            raise ValueError(
                f"A rubric version carries its own variant, {self.variant}. Got {', '.join(self.parameters.variants)} "
                "instead."
            )
        total = math.fsum(self.measures.values())
        if not abs(total - 1) <= 1e-9:
            raise ValueError(f"The weights of a rubric's measures must sum to 1. Got {total:g} instead.")
        if dict(self.weights) != self.framework.weights:
            raise ValueError(
                f"A rubric version has its framework's weights, {self.framework.weights}. Got {dict(self.weights)} "
                "instead: change the framework."
            )
        super().__post_init__()

    @property
    def measures(self) -> Mapping[str, float]:
        """Weight of each measure, by declared name, in 0–1; they sum to 1."""
        return self.parameters.variants[self.variant]

    @property
    def question_sd(self) -> float:
        """Points by which one person's answers are assumed to lie around their score."""
        return self.parameters.question_sd[self.variant]

    @property
    def features(self) -> Mapping[str, tuple[str, ...]]:
        """The columns that each competency rests on."""
        return {
            name: tuple(column_of(measure, name, self.fingerprints) for measure in self.measures)
            for name in self.framework.weights
        }

    @property
    def applicants(self) -> None:
        """None: its scale is nominal, and rests on nobody."""
        return None

    @property
    def influence(self) -> Mapping[str, Mapping[str, float]]:
        """Points between none and all of each feature, of the 100 that a competency has."""
        most = [TOP * weight for weight in self.measures.values()]
        return {name: dict(zip(columns, most, strict=True)) for name, columns in self.features.items()}

    @property
    def made(self) -> Mapping[str, str]:
        """How it was made, in a sentence or two of its card, by language."""
        return {
            "en": f"rubric, variant {self.variant}. Nothing was learned: what candidates tell of their own acts, "
            "reasons and talks with others earns points on scales that are stated beforehand.",
            "zh": f"评分量规，变体 {self.variant}。没有任何学习：候选人讲述的自身行动、理由以及与他人的交谈，"
            "按事先写明的标尺得分。",
        }

    @property
    def worth(self) -> Mapping[str, str]:
        """Of which scores its figures of validity are, in a sentence of its card."""
        return {
            "en": "Of the score as it is: no rating and no performance went into it.",
            "zh": "依据分数本身：其中没有用到任何人工评分或绩效。",
        }

    @property
    def limits(self) -> tuple[Mapping[str, str], ...]:
        """What its points do not say."""
        return (
            {
                "en": "Points are earned from 0 to 100 and compare nobody with applicants; what this variant cannot "
                "measure is not scored. Bands rest on an assumed spread of one person's answers.",
                "zh": "分数从 0 到 100 逐步获得，不与其他申请者比较；该变体测不到的内容不计分。"
                "分数区间依据假定的个人回答间差异。",
            },
            WORTH,
        )

    def meaning(self, digest: str) -> Mapping[str, str]:
        """What scored a batch and what its points mean, after "scored by"; ``digest`` is the version's."""
        return {
            "en": f"the rubric {digest[:12]}, variant {self.variant}: what candidates tell of their own acts, reasons "
            "and talks, without training. Points are earned from 0 to 100 and compare nobody with applicants; evidence "
            "says what earned them. What this variant cannot measure is not scored.",
            "zh": f"评分量规 {digest[:12]}，变体 {self.variant}：候选人讲述的自身行动、理由和交谈，未经训练。"
            "分数从 0 到 100 逐步获得，不与其他申请者比较；依据说明得分来自何处。该变体测不到的内容不计分。",
        }

    @property
    def rubric(self) -> Rubric:
        """The rubric that scores."""
        return Rubric(self.framework, self.variant, self.parameters)

    def error(self, competency: str, answers: int) -> float | None:  # noqa: ARG002 (all competencies alike)
        """Standard error of measurement in points of a score from so many answers; None from one."""
        return self.rubric.error(answers)

    def score(self, answers: Sequence[MeasuredAnswer], asked: Collection[str]) -> tuple[Score, ...]:
        """Score one interview, with evidence, as :meth:`ModelVersion.score` says; a whole recording is one answer."""
        known = shown_by(self.framework)
        return self.rubric.score([answer for answer in answers if answer.question_id in known], asked)

    def score_table(
        self, columns: Mapping[str, npt.ArrayLike], interview: npt.ArrayLike, question: Names, interviews: int
    ) -> dict[str, Floats]:
        """Score many interviews at once, as :meth:`ModelVersion.score_table` says."""
        whose, asked, shown = np.asarray(interview, np.intp), np.asarray(question, str), shown_by(self.framework)
        found = {}
        for name in self.framework.weights:
            rows = np.flatnonzero(np.isin(asked, sorted(one for one, shows in shown.items() if name in shows)))
            found[name] = _sums(self.earned(name, columns, rows), whose[rows], interviews)
        weighted = np.column_stack([self.weights[name] * values for name, values in found.items()])
        return {**found, OVERALL: np.array([math.fsum(row) for row in weighted.tolist()], np.float64)}

    def earned(self, competency: str, columns: Mapping[str, npt.ArrayLike], rows: npt.NDArray[np.intp]) -> Floats:
        """Points of some answers for each measure, shape (rows, measures), that add up to 0–100; ``nan`` for all of an
        answer's where one of them was not measured.
        """
        found = np.empty((len(rows), len(self.measures)))
        for k, (measure, weight) in enumerate(self.measures.items()):
            scale = self.parameters.scales[measure]
            values = np.asarray(columns[column_of(measure, competency, self.fingerprints)], np.float64)[rows]
            share = np.minimum(1.0, np.maximum(0.0, (values - scale.none) / (scale.full - scale.none)))
            found[:, k] = TOP * (weight * share)
        found[np.isnan(found).any(axis=1)] = np.nan
        return found


def shown_by(framework: Framework) -> dict[str, tuple[str, ...]]:
    """What each question shows, by id; a whole recording whose question nobody knows may show every competency."""
    return {WHOLE: tuple(framework.weights)} | {one.id: one.shows for one in framework.questions}


def _sums(points: Floats, whose: npt.NDArray[np.intp], interviews: int) -> Floats:
    """Mean of the answers' points for each interview, rounded once as ``Rubric.score`` does; ``nan`` for no answer."""
    known = ~np.isnan(points[:, 0])
    order = np.argsort(whose[known], kind="stable")
    heard = np.bincount(whose[known], minlength=interviews)
    shares = (points[known] / heard[whose[known], None])[order].ravel().tolist()
    ends = (np.cumsum(heard) * points.shape[1]).tolist()
    found = np.full(interviews, np.nan)
    for i in np.flatnonzero(heard):
        found[i] = math.fsum(shares[ends[i - 1] if i else 0 : ends[i]])
    return found
