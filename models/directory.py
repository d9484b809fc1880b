"""A model version on disk: a folder of JSON and one safetensors file, each under its digest. Loading runs no code.

``model.json`` (weights, norms, features with fingerprints, recognisers), ``weights.safetensors`` (coefficients),
``framework.json``, one file for each document (JSON, but for pages and pictures), and ``manifest.json``: the SHA-256 of
every other file. The digest of that manifest is the model's digest.
"""

import hashlib
import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy.typing as npt
from pydantic import ValidationError
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
from vivavoce.models.head import FORMAT, Kind
from vivavoce.models.version import ModelVersion

PAGES = (".md", ".svg")  # documents that are read by people: text as it is


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
    head, tensors = _stored(model.kind).write(model)
    files = {
        MODEL: _json(head.model_dump(mode="json")),
        TENSORS: save(tensors),
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
        file = FRAMEWORK if error.title == Framework.__name__ else MODEL
        said = f"{file}, {where or 'whole'}: {first['msg']} ({error.error_count()} findings)"
        raise ModelRefused(f"{folder} is no model version of format {FORMAT}: {said}.") from error
    except ValueError as error:
        raise ModelRefused(f"{folder} is no model version of format {FORMAT}: {error}") from error


def _file(document: str) -> str:
    """A document's file: pages and pictures carry their suffix in their name, everything else is JSON."""
    return document if document.endswith(PAGES) else f"{document}.json"


def _stored(kind: str) -> Any:
    """How one of the three kinds is stored; imported where it is met, for fusion needs torch."""
    return import_module(f"vivavoce.models.{kind}.stored")


def _model(files: Mapping[str, bytes]) -> ModelVersion:
    kind = Kind.model_validate_json(files[MODEL]).kind
    framework = Framework.model_validate(parse_json(FRAMEWORK, files[FRAMEWORK]), strict=False)
    documents = {
        name.removesuffix(".json"): content.decode() if name.endswith(PAGES) else parse_json(name, content)
        for name, content in files.items()
        if name not in {MODEL, TENSORS, FRAMEWORK}
    }
    model: ModelVersion = _stored(kind).read(files[MODEL], _tensors(files[TENSORS]), framework, documents)
    return model


def _tensors(content: bytes) -> dict[str, npt.NDArray[Any]]:
    try:
        tensors: dict[str, npt.NDArray[Any]] = load(content)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelRefused(f"{TENSORS} is no safetensors file of numpy arrays: {error}.") from error
    return tensors


def _json(document: object) -> bytes:
    return (json.dumps(document, indent=1, sort_keys=False, ensure_ascii=False, allow_nan=False) + "\n").encode()
