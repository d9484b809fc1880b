"""A reader version as ``model.json``: the weights by name, digest and size, never the weights; it has no tensors."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from vivavoce.data.framework import Framework
from vivavoce.data.reader import Reader
from vivavoce.models.directory import MODEL, TENSORS, Head, ModelRefused, Part, common
from vivavoce.models.reader.reader_version import ReaderVersion

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Reader(Part):
    """What reads."""

    name: Annotated[str, Field(min_length=1, max_length=300)]
    sha256: Digest | Literal[""]
    size: Annotated[int, Field(ge=0)]
    instructions: Digest
    points: Annotated[list[int], Field(min_length=2, max_length=11)]
    readings: Annotated[int, Field(ge=1, le=6)]
    endpoint: Annotated[str, Field(pattern=r"^https?://", max_length=500)] | None
    key_variable: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)] | None


class ReaderHead(Head):
    """``model.json`` of a reader version."""

    kind: Literal["reader"]
    reader: _Reader


def write(model: ReaderVersion) -> tuple[ReaderHead, dict[str, npt.NDArray[np.float64]]]:
    """The head, and no tensors."""
    return ReaderHead.model_validate(common(model) | {"reader": model.reader.document()}), {}


def read(
    content: bytes, tensors: Mapping[str, npt.NDArray[Any]], framework: Framework, documents: Mapping[str, Any]
) -> ReaderVersion:
    """The version; raises as every kind's for parts that do not fit together."""
    head = ReaderHead.model_validate_json(content)
    head.check(framework)
    if tensors:
        raise ModelRefused(f"{TENSORS} and {MODEL} differ in {', '.join(sorted(tensors))}: a reader has no tensors.")
    known = head.reader
    if bool(known.sha256) == bool(known.endpoint):
        raise ModelRefused(f"{MODEL}, reader: either weights or an endpoint reads, one of the two.")
    own = known.model_dump() | {"points": tuple(known.points)}
    return ReaderVersion(**head.fields(framework, documents), reader=Reader(**own))
