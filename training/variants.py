"""Other ways to score the same people, declared before anybody looks: fewer questions or features, other weights.

None of them sees a group. ``pipelines/alternatives.py`` compares them with the version; how a version is reduced to one
is its trainer's to say (``training/trainers.py``).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from pydantic import Field, ValidationError, model_validator

from vivavoce.data.framework import Framework, Name, Part, Sentence
from vivavoce.evaluation.estimate import Floats
from vivavoce.models.score import answer_means
from vivavoce.training import BadTraining
from vivavoce.training.inputs import Inputs, read_document

Share = Annotated[float, Field(ge=0, le=1)]


class Variant(Part):
    """One declared alternative; what is not named stays as it is.

    Parameters
    ----------
    name
        As reports call it.
    without_questions, without_features, without_modalities
        What is left out: question ids, columns, ``voice`` or ``face``.
    weights
        Of every competency, in place of learned ones; they sum to 1.
    """

    name: Name
    without_questions: tuple[Sentence, ...] = ()
    without_features: tuple[Sentence, ...] = ()
    without_modalities: tuple[Sentence, ...] = ()
    weights: dict[str, Share] | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not (self.without_questions or self.without_features or self.without_modalities or self.weights):
            raise ValueError(f"{self.name} changes nothing: say what it leaves out, or other weights.")
        if self.weights is not None and abs(sum(self.weights.values()) - 1) > 1e-9:
            raise ValueError(f"{self.name}: the weights must sum to 1. Got {sum(self.weights.values()):g}.")
        return self


class Variants(Part):
    """A file of declared alternatives."""

    candidates: Annotated[tuple[Variant, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        names = [one.name for one in self.candidates]
        if len(set(names)) < len(names):
            raise ValueError("Every candidate needs a name of its own.")
        return self


def read_variants(path: Path) -> tuple[Variant, ...]:
    """Read a YAML file ``candidates: [{name: …, without_questions: […]}, …]``.

    Raises
    ------
    BadTraining
        With every problem.
    """
    return read_document(path, Variants, {"candidates": Variant}).candidates


def change(inputs: Inputs, framework: Framework, variant: Variant) -> tuple[Inputs, Framework]:
    """Inputs and framework as a variant has them.

    Raises
    ------
    BadTraining
        For a variant that names what is not there, or leaves a competency without questions or features.
    """
    shorter = fewer_questions(framework, variant)
    if variant.weights is not None and set(variant.weights) != set(framework.weights):
        raise BadTraining(f"{variant.name}: give weights of {', '.join(framework.weights)}, no more and no fewer.")
    answers = inputs.answers
    if variant.without_questions and answers is None:
        raise BadTraining(f"{variant.name}: leaving out questions needs single answers, which these inputs have not.")
    columns = {column for own in inputs.features.values() for column in own}
    refuse_unknown(variant, "features", variant.without_features, columns)
    refuse_unknown(variant, "modalities", variant.without_modalities, set(inputs.modalities.values()))
    gone = {
        name
        for name in columns
        if name in variant.without_features or inputs.modalities.get(name) in variant.without_modalities
    }
    features = {}
    for competency, own in inputs.features.items():
        kept = [name for name in own if name not in gone]
        if not kept:
            raise BadTraining(f"{variant.name}: {competency} would be left without features.")
        if variant.without_questions and answers is not None:
            shown = [question.id for question in shorter.questions_showing(competency)]
            single = {name: answers.columns[name] for name in kept}
            means = answer_means(single, answers.interview, answers.question, shown, len(inputs.interviews))
            features[competency] = {name: values for name, values in means.items() if _varies(values)}
        else:
            features[competency] = {name: own[name] for name in kept}
    return replace(inputs, features=features), shorter


def fewer_questions(framework: Framework, variant: Variant) -> Framework:
    """The framework without a variant's questions; refuses (``BadTraining``) what does not hold without them."""
    if not variant.without_questions:
        return framework
    refuse_unknown(variant, "questions", variant.without_questions, {one.id for one in framework.questions})
    kept = [one for one in framework.questions if one.id not in variant.without_questions]
    document = framework.model_dump(mode="json")
    document["questions"] = [one.model_dump(mode="json") for one in kept]
    try:
        return Framework.model_validate(document, strict=False)
    except ValidationError as error:
        said = "; ".join(str(one["msg"]) for one in error.errors())
        raise BadTraining(f"{variant.name}: the framework does not hold without these questions: {said}") from error


def refuse_unknown(variant: Variant, what: str, named: Sequence[str], known: set[str]) -> None:
    """Refuse (``BadTraining``) names that are none of the known ones."""
    unknown = sorted(set(named) - known)
    if unknown:
        raise BadTraining(f"{variant.name}: {', '.join(unknown)} are no {what} here. Known are: {sorted(known)}.")


def _varies(values: Floats) -> bool:
    found = values[~np.isnan(values)]
    return len(found) > 0 and bool(np.ptp(found) > 0)
