"""A model version on disk: a folder of JSON and one safetensors file, each under its digest. Loading runs no code.

``model.json`` (weights, norms, features with fingerprints, recognisers), ``weights.safetensors`` (coefficients),
``framework.json``, one file for each document (JSON, but for pages and pictures), and ``manifest.json``: the SHA-256 of
every other file. The digest of that manifest is the model's digest.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load, save

from vivavoce.data.framework import Framework
from vivavoce.data.vault.durable import make_folder, write_durably
from vivavoce.models.files import (
    DOCUMENT,
    FRAMEWORK,
    MANIFEST,
    MODEL,
    TENSORS,
    ModelRefused,
    parse_json,
    read_files,
)
from vivavoce.models.norms import Norms
from vivavoce.models.score import Standing
from vivavoce.models.version import LinearCompetency, ModelVersion

FORMAT: Literal[3] = 3
PAGES = (".md", ".svg")  # documents that are read by people: text as it is
ARRAYS = ("coefficients", "absent", "mean", "scale")


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class _Norms(_Part):
    mean: float
    sd: Annotated[float, Field(gt=0)]
    applicants: Annotated[int, Field(ge=0)]


class _Competency(_Part):
    id: str
    features: Annotated[list[str], Field(min_length=1)]
    intercept: float
    least_measured: Annotated[float, Field(ge=0, le=1)]
    norms: _Norms
    question_sd: Annotated[float, Field(ge=0)] | None


class _Head(_Part):
    """``model.json``."""

    format: Literal[3]
    kind: Literal["linear"]
    standing: Literal["experimental"]  # what a folder says of itself; more is said by who publishes it
    job: str
    framework: str
    weights: dict[str, float]
    fingerprints: dict[str, str]
    recognisers: list[str]
    languages: Annotated[list[str], Field(min_length=1)]
    competencies: Annotated[list[_Competency], Field(min_length=1)]


def save_model(model: ModelVersion, folder: Path) -> str:
    """Write a model version into a new folder, the manifest last; returns the model's digest.

    Raises
    ------
    FileExistsError
        Where the folder is already there: a model version never changes.
    ValueError
        For a document whose name is none, or belongs to another file.
    """
    for name in model.documents:
        if not DOCUMENT.fullmatch(_file(name)) or _file(name) in {MANIFEST, MODEL, FRAMEWORK}:
            raise ValueError(f"A document's name must be a lower-case word of its own. Got {name!r} instead.")
    if folder.exists():
        raise FileExistsError(f"{folder} exists: a model version never changes. Name a new folder.")
    files = {
        MODEL: _json(_head(model).model_dump(mode="json")),
        TENSORS: save({f"{one.competency}.{a}": getattr(one, a) for one in model.competencies for a in ARRAYS}),
        FRAMEWORK: _json(model.framework.model_dump(mode="json")),
        **{
            _file(name): document.encode() if name.endswith(PAGES) else _json(document)
            for name, document in model.documents.items()
        },
    }
    manifest = _json({name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())})
    make_folder(folder)
    for name, content in {**files, MANIFEST: manifest}.items():
        write_durably(folder / name, content)
    return hashlib.sha256(manifest).hexdigest()


def load_model(folder: Path, *, digest: str | None = None) -> tuple[ModelVersion, str]:
    """Read a model version and its digest.

    Parameters
    ----------
    folder
        As :func:`save_model` wrote it.
    digest
        The digest that it must have; the manifest alone protects against accidents, not against somebody who
        rewrites it.

    Raises
    ------
    ModelRefused
        For a file that is missing, added, changed, too large or no plain file, another digest, or content that is no
        model version.
    """
    files, found = read_files(folder)
    if digest is not None and found != digest:
        raise ModelRefused(f"{folder} is not the model that was asked for: its digest is {found}, not {digest}.")
    try:
        return _model(files), found
    except ModelRefused as error:
        raise ModelRefused(f"{folder} is no model version of format {FORMAT}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        file = MODEL if error.title == _Head.__name__ else FRAMEWORK
        said = f"{file}, {where or 'whole'}: {first['msg']} ({error.error_count()} findings)"
        raise ModelRefused(f"{folder} is no model version of format {FORMAT}: {said}.") from error
    except ValueError as error:
        raise ModelRefused(f"{folder} is no model version of format {FORMAT}: {error}") from error


def _file(document: str) -> str:
    """A document's file: pages and pictures carry their suffix in their name, everything else is JSON."""
    return document if document.endswith(PAGES) else f"{document}.json"


def _head(model: ModelVersion) -> _Head:
    return _Head(
        format=FORMAT,
        kind="linear",
        standing=Standing.EXPERIMENTAL.value,
        job=model.framework.job,
        framework=model.framework.digest,
        weights=dict(model.weights),
        fingerprints=dict(sorted(model.fingerprints.items())),
        recognisers=list(model.recognisers),
        languages=list(model.languages),
        competencies=[
            _Competency(
                id=one.competency,
                features=list(one.features),
                intercept=one.intercept,
                least_measured=one.least_measured,
                norms=_Norms(**asdict(one.norms)),
                question_sd=one.question_sd,
            )
            for one in model.competencies
        ],
    )


def _model(files: Mapping[str, bytes]) -> ModelVersion:
    head = _Head.model_validate_json(files[MODEL])
    framework = Framework.model_validate(parse_json(FRAMEWORK, files[FRAMEWORK]), strict=False)
    if (framework.digest, framework.job) != (head.framework, head.job):
        raise ModelRefused(f"{FRAMEWORK} is not the framework that {MODEL} names.")
    arrays = _arrays(files[TENSORS], head)
    competencies = tuple(
        LinearCompetency(
            competency=one.id,
            features=tuple(one.features),
            intercept=one.intercept,
            coefficients=arrays[f"{one.id}.coefficients"],
            absent=arrays[f"{one.id}.absent"],
            mean=arrays[f"{one.id}.mean"],
            scale=arrays[f"{one.id}.scale"],
            least_measured=one.least_measured,
            norms=Norms(**one.norms.model_dump()),
            question_sd=one.question_sd,
        )
        for one in head.competencies
    )
    documents = {
        name.removesuffix(".json"): content.decode() if name.endswith(PAGES) else parse_json(name, content)
        for name, content in files.items()
        if name not in {MODEL, TENSORS, FRAMEWORK}
    }
    return ModelVersion(
        framework,
        competencies,
        head.weights,
        head.fingerprints,
        tuple(head.recognisers),
        documents,
        tuple(head.languages),
    )


def _arrays(content: bytes, head: _Head) -> dict[str, npt.NDArray[np.float64]]:
    """The coefficients: exactly those that ``model.json`` speaks of, as float64 vectors."""
    try:
        tensors = load(content)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelRefused(f"{TENSORS} is no safetensors file of numpy arrays: {error}.") from error
    wanted = {f"{one.id}.{array}": len(one.features) for one in head.competencies for array in ARRAYS}
    if set(tensors) != set(wanted):
        odd = ", ".join(sorted(set(tensors) ^ set(wanted)))
        raise ModelRefused(f"{TENSORS} and {MODEL} differ in {odd}.")
    for name, length in wanted.items():
        found = tensors[name]
        if found.dtype != np.float64 or found.shape != (length,):
            raise ModelRefused(f"{TENSORS}: {name} must be {length} float64 numbers. Got {found.dtype} {found.shape}.")
    return tensors


def _json(document: object) -> bytes:
    return (json.dumps(document, indent=1, sort_keys=False, ensure_ascii=False, allow_nan=False) + "\n").encode()
