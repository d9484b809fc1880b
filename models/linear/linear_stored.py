"""A linear model version as ``model.json`` and tensors."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from vivavoce.data.framework import Framework
from vivavoce.models.directory import MODEL, TENSORS, Head, ModelRefused, NormsPart, Part, common
from vivavoce.models.linear.linear_version import LinearCompetency, LinearVersion
from vivavoce.models.score import Norms

ARRAYS = ("coefficients", "absent", "mean", "scale")

Tensors = Mapping[str, npt.NDArray[Any]]


class _Competency(Part):
    id: str
    features: Annotated[list[str], Field(min_length=1)]
    intercept: float
    least_measured: Annotated[float, Field(ge=0, le=1)]
    norms: NormsPart
    question_sd: Annotated[float, Field(ge=0)] | None


class LinearHead(Head):
    """``model.json`` of a linear version."""

    kind: Literal["linear"]
    competencies: Annotated[list[_Competency], Field(min_length=1)]


def write(model: LinearVersion) -> tuple[LinearHead, dict[str, npt.NDArray[Any]]]:
    """The head and the tensors."""
    head = LinearHead.model_validate(
        common(model)
        | {
            "competencies": [
                {
                    "id": one.competency,
                    "features": list(one.features),
                    "intercept": one.intercept,
                    "least_measured": one.least_measured,
                    "norms": asdict(one.norms),
                    "question_sd": one.question_sd,
                }
                for one in model.competencies
            ]
        }
    )
    return head, {f"{one.competency}.{name}": getattr(one, name) for one in model.competencies for name in ARRAYS}


def read(content: bytes, tensors: Tensors, framework: Framework, documents: Mapping[str, Any]) -> LinearVersion:
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
    head = LinearHead.model_validate_json(content)
    head.check(framework)
    _check(tensors, head)
    competencies = tuple(
        LinearCompetency(
            competency=one.id,
            features=tuple(one.features),
            intercept=one.intercept,
            **{name: tensors[f"{one.id}.{name}"] for name in ARRAYS},
            least_measured=one.least_measured,
            norms=Norms(**one.norms.model_dump()),
            question_sd=one.question_sd,
        )
        for one in head.competencies
    )
    return LinearVersion(
        **head.fields(framework, documents),
        competencies=competencies,
    )


def _check(tensors: Tensors, head: LinearHead) -> None:
    """Refuse tensors that are not exactly those that ``model.json`` speaks of, as float64 vectors."""
    wanted = {f"{one.id}.{name}": len(one.features) for one in head.competencies for name in ARRAYS}
    if set(tensors) != set(wanted):
        odd = ", ".join(sorted(set(tensors) ^ set(wanted)))
        raise ModelRefused(f"{TENSORS} and {MODEL} differ in {odd}.")
    for name, length in wanted.items():
        found = tensors[name]
        if found.dtype != np.float64 or found.shape != (length,):
            raise ModelRefused(f"{TENSORS}: {name} must be {length} float64 numbers. Got {found.dtype} {found.shape}.")
