"""A declared alternative to a rubric version: the same rubric with fewer questions or measures, or other weights."""

from collections.abc import Mapping
from dataclasses import replace

from pydantic import ValidationError

from vivavoce.data.framework import Framework
from vivavoce.evaluation.arguments import Floats
from vivavoce.models.rubric.version import RubricVersion
from vivavoce.models.score import OVERALL
from vivavoce.training.inputs import BadTraining, Inputs
from vivavoce.training.rubric import points_of
from vivavoce.training.variants import Variant, fewer_questions, refuse_unknown


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
