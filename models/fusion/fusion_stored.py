"""A fusion model version as ``model.json`` and tensors, whose names, types and shapes are checked before torch."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from vivavoce.data.framework import Framework
from vivavoce.models.directory import MODEL, TENSORS, Head, ModelRefused, NormsPart, Part, common
from vivavoce.models.fusion.fitted import FittedFusion
from vivavoce.models.fusion.fusion_version import FusionVersion
from vivavoce.models.score import Norms

WIDEST, MOST_COLUMNS, MOST_MODALITIES = 256, 10_000, 16  # far beyond what learns: what a file may make torch allocate

Tensors = Mapping[str, npt.NDArray[Any]]
Columns = Annotated[list[Annotated[int, Field(ge=0, lt=MOST_COLUMNS)]], Field(min_length=1, max_length=MOST_COLUMNS)]


class _Competency(Part):
    id: str
    norms: NormsPart
    question_sd: Annotated[float, Field(ge=0)] | None


class FusionHead(Head):
    """``model.json`` of a fusion version."""

    kind: Literal["fusion"]
    columns: Annotated[list[str], Field(min_length=1, max_length=MOST_COLUMNS)]
    modalities: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,63}$")], Columns],
        Field(min_length=1, max_length=MOST_MODALITIES),
    ]
    head: Literal["gaussian", "ordinal"]
    width: Annotated[int, Field(ge=1, le=WIDEST)]
    least_measured: Annotated[float, Field(ge=0, le=1)]
    competencies: Annotated[list[_Competency], Field(min_length=1)]

    @model_validator(mode="after")
    def _has_every_column_once(self) -> Self:
        given = sorted(i for columns in self.modalities.values() for i in columns)
        if given != list(range(len(self.columns))):
            raise ValueError(f"modalities must share out columns 0 to {len(self.columns) - 1}, each once")
        return self


def write(model: FusionVersion) -> tuple[FusionHead, dict[str, npt.NDArray[Any]]]:
    """The head and the tensors."""
    document = model.fitted.document()
    head = FusionHead.model_validate(
        common(model)
        | {
            "columns": list(model.columns),
            **{name: document[name] for name in ("modalities", "head", "width")},
            "least_measured": model.least_measured,
            "competencies": [
                {"id": name, "norms": asdict(norms), "question_sd": model.question_sd[name]}
                for name, norms in model.norms.items()
            ],
        }
    )
    return head, {**model.fitted.to_tensors(), "moved": model.moved, "usual": model.usual}


def read(content: bytes, tensors: Tensors, framework: Framework, documents: Mapping[str, Any]) -> FusionVersion:
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
    head = FusionHead.model_validate_json(content)
    head.check(framework)
    names, questions = [one.id for one in head.competencies], len(framework.questions)
    if names != list(framework.weights):
        raise ModelRefused(f"{MODEL} speaks of the competencies {', '.join(names)}, and its framework of others.")
    own = {"moved": (np.float64, (len(names), len(head.columns))), "usual": (np.bool_, (questions, len(head.columns)))}
    for name, (kind, shape) in own.items():
        found = tensors.get(name)
        if found is None or found.dtype != kind or found.shape != shape:
            raise ModelRefused(f"{TENSORS}: {name} must be {np.dtype(kind)} {shape}.")
    document = {
        **{name: getattr(head, name) for name in ("modalities", "head", "width")},
        "answers": questions,
        "competencies": len(names),
    }
    try:
        fitted = FittedFusion.from_tensors(document, {name: one for name, one in tensors.items() if name not in own})
    except ValueError as error:
        raise ModelRefused(f"{TENSORS} and {MODEL} differ: {error}") from error
    return FusionVersion(
        **head.fields(framework, documents),
        fitted=fitted,
        columns=tuple(head.columns),
        norms={one.id: Norms(**one.norms.model_dump()) for one in head.competencies},
        question_sd={one.id: one.question_sd for one in head.competencies},
        moved=tensors["moved"],
        usual=tensors["usual"],
        least_measured=head.least_measured,
    )
