"""A rubric version as ``model.json``; it has no tensors, and the file for them is empty."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from vivavoce.data.framework import Framework
from vivavoce.models.directory import MODEL, TENSORS, Head, ModelRefused, Part, common
from vivavoce.models.rubric.rubric import RubricParameters
from vivavoce.models.rubric.rubric_version import RubricVersion

Tensors = Mapping[str, npt.NDArray[Any]]


class _Measure(Part):
    """Weight of a measure, and the values that earn none and all of its points."""

    weight: Annotated[float, Field(gt=0, le=1)]
    none: float
    full: float

    @model_validator(mode="after")
    def _has_width(self) -> Self:
        if self.none == self.full:
            raise ValueError(f"a measure's scale must have a width. Got {self.none:g} at both ends.")
        return self


class RubricHead(Head):
    """``model.json`` of a rubric version."""

    kind: Literal["rubric"]
    variant: Literal["full", "no_question", "no_encoder"]
    rubric: str
    measures: Annotated[dict[str, _Measure], Field(min_length=1)]
    question_sd: Annotated[float, Field(gt=0)]


def write(model: RubricVersion) -> tuple[RubricHead, dict[str, npt.NDArray[np.float64]]]:
    """The head, and no tensors."""
    scales = model.parameters.scales
    head = RubricHead.model_validate(
        common(model)
        | {
            "variant": model.variant,
            "rubric": model.parameters.version,
            "measures": {
                name: {"weight": weight, "none": scales[name].none, "full": scales[name].full}
                for name, weight in model.measures.items()
            },
            "question_sd": model.parameters.question_sd[model.variant],
        }
    )
    return head, {}


def read(content: bytes, tensors: Tensors, framework: Framework, documents: Mapping[str, Any]) -> RubricVersion:
    """The version.

    Parameters
    ----------
    content
        Of ``model.json``.
    tensors, framework, documents
        The other files.

    Raises
    ------
    ModelRefused, pydantic.ValidationError, ValueError
        For parts that do not fit together.
    """
    head = RubricHead.model_validate_json(content)
    head.check(framework)
    if tensors:
        raise ModelRefused(f"{TENSORS} and {MODEL} differ in {', '.join(sorted(tensors))}: a rubric has no tensors.")
    parameters = RubricParameters.model_validate(
        {
            "version": head.rubric,
            "variants": {head.variant: {name: one.weight for name, one in head.measures.items()}},
            "scales": {name: {"none": one.none, "full": one.full} for name, one in head.measures.items()},
            "question_sd": {head.variant: head.question_sd},
        }
    )
    return RubricVersion(
        **head.fields(framework, documents),
        variant=head.variant,
        parameters=parameters,
    )
