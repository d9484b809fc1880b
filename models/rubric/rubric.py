"""The rubric: what an answer shows, set against the framework, without training. The cold start and the yardstick.

``s_c`` is the mean over the answers that show competency ``c`` of ``100 · Σ_k a_k u_k``, where ``u_k`` is measure ``k``
on its stated scale and ``a_k`` its stated weight (``rubric.yaml``). The overall score is ``Σ_c w_c s_c`` with the
framework's prior weights: no applicants have been seen, so every competency is on the same nominal scale.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

from vivavoce.data.framework import Framework
from vivavoce.data.schema import Absent, digest_of
from vivavoce.data.status import Reason, RowStatus
from vivavoce.models.score import TOP, Evidence, Quote, Score, overall_of
from vivavoce.models.version import MeasuredAnswer

STRUCTURAL = {"no_encoder": "no_encoder", "no_question": "no_question"}  # an absence that decides the variant
NOT_TRIED = Absent(Reason.NO_CONSENT)  # what was not even measured lacked the consent to its modality


class _Scale(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    none: float
    full: float

    def share(self, value: float) -> float:
        """Share of the points, 0–1."""
        return min(1.0, max(0.0, (value - self.none) / (self.full - self.none)))


class RubricParameters(BaseModel):
    """``rubric.yaml``, validated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    variants: Mapping[str, Mapping[str, Annotated[float, Field(gt=0, le=1)]]]
    scales: Mapping[str, _Scale]
    question_sd: Mapping[str, Annotated[float, Field(gt=0)]]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the parameters."""
        return digest_of(self.model_dump(mode="json"))

    def only(self, variant: str) -> "RubricParameters":
        """One variant's weights, the scales that it uses, and its spread of answers."""
        measures = self.variants[variant]
        return RubricParameters(
            version=self.version,
            variants={variant: measures},
            scales={name: self.scales[name] for name in measures},
            question_sd={variant: self.question_sd[variant]},
        )


@cache
def rubric_parameters() -> RubricParameters:
    """The shipped rubric."""
    text = files("vivavoce.models.rubric").joinpath("rubric.yaml").read_text(encoding="utf-8")
    return RubricParameters.model_validate(yaml.safe_load(text))


@dataclass(frozen=True)
class Rubric:
    """A framework's rubric in one of its variants: a model version like any other, with a digest."""

    framework: Framework
    variant: str
    parameters: RubricParameters

    @staticmethod
    def for_answers(framework: Framework, answers: Sequence[MeasuredAnswer]) -> "Rubric":
        """Choose the variant that every answer of the interview can be measured by.

        One answer without an encoder, or without a known question, decides for the whole interview: its
        answers are measured alike or not at all.
        """
        absent = {value.reason for answer in answers for value in answer.measures.values() if isinstance(value, Absent)}
        variant = next((name for reason, name in STRUCTURAL.items() if reason in absent), "full")
        return Rubric(framework, variant, rubric_parameters())

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over parameters, variant and framework: which model scored whom."""
        return digest_of([self.parameters.digest, self.variant, self.framework.digest])

    @property
    def features(self) -> tuple[str, ...]:
        """The features that this variant uses, by declared name."""
        return tuple(self.parameters.variants[self.variant])

    def score(self, answers: Sequence[MeasuredAnswer], asked: Collection[str]) -> tuple[Score, ...]:
        """Score every competency of the framework, and overall, from the answers that were heard.

        Parameters
        ----------
        answers
            Those that were heard whole.
        asked
            Ids of the questions that the candidate was asked. A question of the framework that nobody asked leaves a
            wider band; one that was asked and has no measured answer is missing evidence.

        Returns
        -------
        tuple of Score
            In the framework's order, ``overall`` last. A competency whose answers are all missing is ``not_scored``;
            one of whose answers some are missing is ``partial``. Without every competency the overall score has no
            value: what it measures would have changed.
        """
        scores = [self._competency(competency.id, answers, asked) for competency in self.framework.competencies]
        weights = self.framework.weights
        value = math.fsum(weights[score.competency] * score.value for score in scores if score.value is not None)
        return (*scores, overall_of(scores, weights, value))

    def _competency(self, competency: str, answers: Sequence[MeasuredAnswer], asked: Collection[str]) -> Score:
        shares = [(answer, self._shares(competency, answer)) for answer in answers if competency in answer.shows]
        heard = [(answer, found) for answer, found in shares if not isinstance(found, Absent)]
        if not heard:
            reasons = [found.reason for _, found in shares if isinstance(found, Absent)]
            reason = reasons[0] if reasons else Reason.NO_ANSWER.value
            return Score(competency, None, None, RowStatus.NOT_SCORED, reason)
        evidence = tuple(
            Evidence(
                answer.question_id, measure, value, TOP * share / len(heard), quotes_of(measure, competency, answer)
            )
            for answer, found in heard
            for measure, value, share in found
        )
        value = math.fsum(item.points for item in evidence)
        error = self.error(len(heard))
        expected = {question.id for question in self.framework.questions_showing(competency)} & set(asked)
        if expected <= {answer.question_id for answer, _ in heard}:
            return Score(competency, value, error, RowStatus.SCORED, None, evidence)
        return Score(competency, value, error, RowStatus.PARTIAL, Reason.MISSING_ANSWER.value, evidence)

    def error(self, answers: int) -> float | None:
        """Standard error of measurement in points of a score from so many answers; None from one."""
        return self.parameters.question_sd[self.variant] / math.sqrt(answers) if answers > 1 else None

    def _shares(self, competency: str, answer: MeasuredAnswer) -> list[tuple[str, float, float]] | Absent:
        """(measure, value, weight · share of the points) of each component, or why the answer cannot be scored."""
        found = []
        for measure, weight in self.parameters.variants[self.variant].items():
            name = f"{measure}.{competency}"
            value = answer.measures.get(name if name in answer.measures else measure, NOT_TRIED)
            if isinstance(value, Absent):
                return value
            found.append((measure, value, weight * self.parameters.scales[measure].share(value)))
        return found


def quotes_of(measure: str, competency: str, answer: MeasuredAnswer) -> tuple[Quote, ...]:
    """The words behind a measure of an answer; empty where it has none to show."""
    return answer.quotes.get(f"{measure}.{competency}", answer.quotes.get(measure, ()))
