"""A model version on disk: a folder of JSON and one safetensors file, each under its digest. Loading runs no code.

``model.json`` (weights, norms, features with fingerprints, recognisers), ``weights.safetensors`` (coefficients),
``framework.json``, one JSON file for each document, and ``manifest.json``: the SHA-256 of every other file. The digest
of that manifest is the model's digest.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load, save

from vivavoce.data.framework import Framework
from vivavoce.data.vault.durable import make_folder, write_durably
from vivavoce.models.norms import Norms
from vivavoce.models.version import LinearCompetency, ModelVersion

FORMAT = 1
MANIFEST, MODEL, TENSORS, FRAMEWORK = "manifest.json", "model.json", "weights.safetensors", "framework.json"
ARRAYS = ("coefficients", "absent", "mean", "scale")
PLAIN = re.compile(r"[a-z][a-z0-9_]*")
MAX_BYTES = 64 * 2**20  # 64 MiB; a model of 300 features and 10 competencies has some 100 kB


class ModelRefused(ValueError):
    """A folder that is no model version, or not the one that its manifest says."""


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
        if not PLAIN.fullmatch(name) or f"{name}.json" in {MANIFEST, MODEL, FRAMEWORK}:
            raise ValueError(f"A document's name must be a lower-case word of its own. Got {name!r} instead.")
    if folder.exists():
        raise FileExistsError(f"{folder} exists: a model version never changes. Name a new folder.")
    files = {
        MODEL: _json(_head(model)),
        TENSORS: save({f"{one.competency}.{a}": getattr(one, a) for one in model.competencies for a in ARRAYS}),
        FRAMEWORK: _json(model.framework.model_dump(mode="json")),
        **{f"{name}.json": _json(document) for name, document in model.documents.items()},
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
        For a file that is missing, added, changed or too large, another digest, or content that is no model version.
    """
    manifest = _read(folder, MANIFEST)
    found = hashlib.sha256(manifest).hexdigest()
    if digest is not None and found != digest:
        raise ModelRefused(f"{folder} is not the model that was asked for: its digest is {found}, not {digest}.")
    try:
        files = _verified(folder, json.loads(manifest))
        return _model(files), found
    except (KeyError, TypeError, AttributeError, ValueError, SafetensorError) as error:
        if isinstance(error, ModelRefused):
            raise
        said = f"{error.error_count()} findings" if isinstance(error, ValidationError) else repr(error)
        raise ModelRefused(f"{folder} is no model version of format {FORMAT}: {said}.") from error


def _head(model: ModelVersion) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "kind": "linear",
        "standing": "experimental",
        "job": model.framework.job,
        "framework": model.framework.digest,
        "weights": dict(model.weights),
        "fingerprints": dict(sorted(model.fingerprints.items())),
        "recognisers": list(model.recognisers),
        "competencies": [
            {
                "id": one.competency,
                "features": list(one.features),
                "intercept": one.intercept,
                "least_measured": one.least_measured,
                "norms": asdict(one.norms),
            }
            for one in model.competencies
        ],
    }


def _model(files: Mapping[str, bytes]) -> ModelVersion:
    head = json.loads(files[MODEL])
    if head["format"] != FORMAT or head["kind"] != "linear":
        raise ModelRefused(f"This version reads linear models of format {FORMAT}. Got {head['kind']} {head['format']}.")
    framework = Framework.model_validate(json.loads(files[FRAMEWORK]), strict=False)
    if framework.digest != head["framework"]:
        raise ModelRefused(f"{FRAMEWORK} is not the framework that {MODEL} names.")
    tensors = load(files[TENSORS])
    competencies = tuple(
        LinearCompetency(
            competency=one["id"],
            features=tuple(one["features"]),
            intercept=float(one["intercept"]),
            least_measured=float(one["least_measured"]),
            norms=Norms(**one["norms"]),
            question_sd=None,
            **{a: np.asarray(tensors[f"{one['id']}.{a}"], np.float64) for a in ARRAYS},
        )
        for one in head["competencies"]
    )
    documents = {
        name.removesuffix(".json"): json.loads(content)
        for name, content in files.items()
        if name not in {MODEL, TENSORS, FRAMEWORK}
    }
    return ModelVersion(
        framework, competencies, head["weights"], head["fingerprints"], tuple(head["recognisers"]), documents
    )


def _verified(folder: Path, manifest: Mapping[str, str]) -> dict[str, bytes]:
    there = {path.name for path in folder.iterdir()} - {MANIFEST}
    if there != set(manifest):
        odd = ", ".join(sorted(there ^ set(manifest)))
        raise ModelRefused(
            f"{folder}: the manifest and the folder differ in {odd}. Restore the folder as it was saved."
        )
    files = {name: _read(folder, name) for name in sorted(manifest)}
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != manifest[name]:
            raise ModelRefused(
                f"{folder / name} is not the file that was saved: its SHA-256 differs from the manifest."
            )
    return files


def _read(folder: Path, name: str) -> bytes:
    path = folder / name
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_BYTES:
        raise ModelRefused(f"{path} must be a plain file of at most {MAX_BYTES} bytes: {folder} is no model version.")
    return path.read_bytes()


def _json(document: object) -> bytes:
    return (json.dumps(document, indent=1, sort_keys=False, ensure_ascii=False, allow_nan=False) + "\n").encode()
