"""What ``model.json`` says of every kind of model version; each kind adds its own."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from vivavoce.data.framework import Framework
from vivavoce.models.files import FRAMEWORK, MODEL, ModelRefused
from vivavoce.models.score import Standing
from vivavoce.models.version import ModelVersion

FORMAT: Literal[3] = 3


class Part(BaseModel):
    """A part of ``model.json``: nothing is converted, nothing added, every number finite."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class NormsPart(Part):
    """Norms of applicants."""

    mean: float
    sd: Annotated[float, Field(gt=0)]
    applicants: Annotated[int, Field(ge=0)]


class Kind(BaseModel):
    """What has to be known before the rest can be read."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    format: Literal[3]
    kind: Literal["rubric", "linear", "fusion"]


class Head(Part):
    """The common part; ``kind`` is the subclass's."""

    format: Literal[3]
    kind: str
    standing: Literal["experimental"]  # what a folder says of itself; more is said by who publishes it
    job: str
    framework: str
    weights: dict[str, float]
    fingerprints: dict[str, str]
    recognisers: list[str]
    languages: Annotated[list[str], Field(min_length=1)]

    def check(self, framework: Framework) -> None:
        """Refuse (``ModelRefused``) a framework that it was not written beside."""
        if (framework.digest, framework.job) != (self.framework, self.job):
            raise ModelRefused(f"{FRAMEWORK} is not the framework that {MODEL} names.")

    def fields(self, framework: Framework, documents: Mapping[str, Any]) -> dict[str, Any]:
        """What every kind of version is made from, by name."""
        return {
            "framework": framework,
            "weights": self.weights,
            "fingerprints": self.fingerprints,
            "recognisers": tuple(self.recognisers),
            "documents": documents,
            "languages": tuple(self.languages),
        }


def common(model: ModelVersion) -> dict[str, object]:
    """The common fields of a version's head."""
    return {
        "format": FORMAT,
        "kind": model.kind,
        "standing": Standing.EXPERIMENTAL.value,
        "job": model.framework.job,
        "framework": model.framework.digest,
        "weights": dict(model.weights),
        "fingerprints": dict(sorted(model.fingerprints.items())),
        "recognisers": list(model.recognisers),
        "languages": list(model.languages),
    }
