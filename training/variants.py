"""Other ways to learn from the same people, declared before anybody looks: fewer questions or features, other weights.

None of them sees a group. ``pipelines/alternatives.py`` compares them with the version.

A declared alternative to a rubric version: the same rubric with fewer questions or measures, or other weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from pydantic import Field, ValidationError, model_validator

from vivavoce.data.framework import Framework, Name, Part, Sentence
from vivavoce.evaluation.estimate import Floats
from vivavoce.models.rubric.rubric_version import RubricVersion
from vivavoce.models.score import OVERALL, answer_means
from vivavoce.training.fit import Fitted, fit
from vivavoce.training.inputs import Inputs, read_document
from vivavoce.training.rubric import points_of
from vivavoce.training.tables import BadTraining

if TYPE_CHECKING:
    from vivavoce.training.fusion.fit import FittedVersion


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


def overall_scores(
    inputs: Inputs, framework: Framework, variant: Variant | None = None, *, kind: str = "linear", seed: int = 0
) -> Floats:
    """Cross-fitted overall scores of every interview under a variant, shape (n,); ``nan`` where not measured.

    Parameters
    ----------
    inputs, framework
        As for :func:`vivavoce.training.fit.fit`.
    variant
        What to change; None: nothing.
    kind
        Of the version, ``linear`` or ``fusion``: every variant is learned as it was.
    seed
        Of the folds.

    Raises
    ------
    BadTraining
        For a variant that names what is not there, or leaves a competency without questions or features.
    """
    changed, shorter = (inputs, framework) if variant is None else change(inputs, framework, variant)
    fitted: Fitted | FittedVersion
    if kind == "fusion":
        from vivavoce.training.fusion.fit import fit_fusion

        fitted = fit_fusion(changed, shorter, effort=None, seed=seed)
    else:
        fitted = fit(changed, shorter, effort=None, seed=seed)
    given = None if variant is None else variant.weights
    weights = np.array([(given or fitted.model.weights)[name] for name in fitted.z])
    plain = np.column_stack(list(fitted.z.values())) @ weights
    return plain if given else np.where(np.isnan(fitted.overall), plain, fitted.overall)


def change(inputs: Inputs, framework: Framework, variant: Variant) -> tuple[Inputs, Framework]:
    """Inputs and framework as a variant has them.

    Raises
    ------
    BadTraining
        As :func:`overall_scores`.
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


def rubric_scores_under(model: RubricVersion, inputs: Inputs, variant: Variant | None = None) -> Floats:
    """Overall points of every interview, shape (n,), by a rubric version as it is or changed; ``nan`` where not scored.

    Parameters
    ----------
    model, inputs
        The version and its people.
    variant
        What to change; None: nothing. Of what it leaves out, features are measures by their declared
        names; the others' weights are scaled so that they sum to 1 again.

    Raises
    ------
    BadTraining
        For a variant that names what is not there, or leaves a competency without questions or measures.
    """
    return points_of(model if variant is None else changed(model, variant), inputs)[OVERALL]


def changed(model: RubricVersion, variant: Variant) -> RubricVersion:
    """The version as a variant has it; refuses (``BadTraining``) as :func:`rubric_scores_under`."""
    framework = fewer_questions(model.framework, variant)
    if variant.weights is not None:
        framework = _weighted(framework, variant.name, variant.weights)
    refuse_unknown(variant, "modalities", variant.without_modalities, {"text"})
    refuse_unknown(variant, "features", variant.without_features, set(model.measures))
    left = {name: weight for name, weight in model.measures.items() if name not in variant.without_features}
    if not left or variant.without_modalities:
        raise BadTraining(f"{variant.name}: a rubric rests on text alone, and would be left without measures.")
    total = sum(left.values())
    parameters = model.parameters.model_copy(
        update={"variants": {model.variant: {name: weight / total for name, weight in left.items()}}}
    )
    columns = {
        column
        for own in model.features.values()
        for measure, column in zip(model.measures, own, strict=True)
        if measure in left
    }
    return replace(
        model,
        framework=framework,
        weights=framework.weights,
        parameters=parameters,
        fingerprints={name: one for name, one in model.fingerprints.items() if name in columns},
    )


def _weighted(framework: Framework, name: str, weights: Mapping[str, float]) -> Framework:
    if set(weights) != set(framework.weights):
        raise BadTraining(f"{name}: give weights of {', '.join(framework.weights)}, no more and no fewer.")
    document = framework.model_dump(mode="json")
    for one in document["competencies"]:
        one["weight"] = weights[one["id"]]
    try:
        return Framework.model_validate(document, strict=False)
    except ValidationError as error:
        said = "; ".join(str(one["msg"]) for one in error.errors())
        raise BadTraining(f"{name}: the framework does not hold with these weights: {said}") from error
