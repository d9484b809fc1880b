"""A version of means as ``model.json``, without tensors."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

from vivavoce.data.framework import Framework
from vivavoce.models.directory import Head, NormsPart, common
from vivavoce.models.mean.mean_version import MeanVersion
from vivavoce.models.score import Norms


class MeanHead(Head):
    """``model.json``."""

    kind: Literal["mean"]
    measures: dict[str, str]
    norms: dict[str, NormsPart]


def write(model: MeanVersion) -> tuple[MeanHead, dict[str, Any]]:
    """The head, and no tensors."""
    norms = {name: asdict(one) for name, one in model.norms.items()}
    return MeanHead.model_validate(common(model) | {"measures": dict(model.measures), "norms": norms}), {}


def read(content: bytes, tensors: Mapping[str, Any], framework: Framework, documents: Mapping[str, Any]) -> MeanVersion:
    """The version."""
    head = MeanHead.model_validate_json(content)
    head.check(framework)
    assert not tensors
    norms = {name: Norms(**one.model_dump()) for name, one in head.norms.items()}
    return MeanVersion(**head.fields(framework, documents), measures=head.measures, norms=norms)
