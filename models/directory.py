"""A model version on disk: a folder of JSON and one safetensors file, each under its digest. Loading runs no code.

``model.json`` (weights, norms, features with fingerprints, recognisers), ``weights.safetensors`` (coefficients),
``framework.json``, one file for each document (JSON, but for pages and pictures), and ``manifest.json``: the SHA-256 of
every other file. The digest of that manifest is the model's digest.

The files of a model version, read without trust: plain, few, bounded, under their digests. None of them is run.

What ``model.json`` says of every kind of model version; each kind adds its own.

Which kinds of model there are: a kind is a folder of the package, found by what it holds and loaded by name.

``models/NAME/NAME_stored.py`` writes and reads a version, ``training/NAME/NAME_trainer.py`` makes one. Nothing else
lists kinds, so that one more is one folder in each package.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Annotated, Any, Literal, Never

import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load, save

from vivavoce.data.errors import AlreadyThere, VivaError
from vivavoce.data.framework import Framework
from vivavoce.data.vault.durable import make_folder, write_durably
from vivavoce.models.score import Standing
from vivavoce.models.version import ModelVersion

MODELS, STORED = "vivavoce.models", "stored"  # the package of kinds that can be stored, and the part that stores


class UnknownKind(VivaError):
    """A kind of model that no folder is for; the message lists those that there are."""


def known_kinds(package: str = MODELS, part: str = STORED) -> tuple[str, ...]:
    """Names of a package's folders that hold a part, in alphabetical order.

    Parameters
    ----------
    package
        Whose folders are looked at.
    part
        What a kind's folder holds: ``NAME_part.py``.

    Examples
    --------
    >>> known_kinds()
    ('fusion', 'linear', 'reader', 'rubric')
    """
    folders = (one.name for one in iter_modules(import_module(package).__path__) if one.ispkg)
    return tuple(sorted(name for name in folders if find_spec(f"{package}.{name}.{name}_{part}")))


def part_of(kind: str, package: str = MODELS, part: str = STORED) -> ModuleType:
    """A kind's part, imported where it is met, for fusion needs torch.

    The name is compared with the folders before anything is imported: it may come from a file of somebody else.

    Raises
    ------
    UnknownKind
        For a name that is none, listing those that are.
    """
    known = known_kinds(package, part)
    if kind not in known:
        raise UnknownKind(f"{kind!r} is no kind of model here. Known are {', '.join(known)}: name one of them.")
    return import_module(f"{package}.{kind}.{kind}_{part}")


MANIFEST, MODEL, TENSORS, FRAMEWORK = "manifest.json", "model.json", "weights.safetensors", "framework.json"
DOCUMENT = re.compile(r"[a-z][a-z0-9_]{0,63}\.(json|md|svg)")
SHA256 = re.compile(r"[0-9a-f]{64}")
MAX_FILES = 32  # a model has four, and one for each document
MAX_BYTES = 64 * 2**20  # 64 MiB of all files; a model of 300 features and 10 competencies has some 100 kB


class ModelRefused(VivaError):
    """A folder that is no model version, or not the one that its manifest says."""


def read_files(folder: Path) -> tuple[dict[str, bytes], str]:
    """Every file of a model version but its manifest, by name, and the manifest's own digest.

    Raises
    ------
    ModelRefused
        For links, folders and pipes, for files that are missing, added, changed, of another name than a model's, or
        too many or too large.
    """
    if not folder.is_dir():
        raise ModelRefused(f"{folder} is no folder: name one that viva train wrote.")
    manifest = _read(folder / MANIFEST, MAX_BYTES)
    listed = _listed(folder, manifest)
    with os.scandir(folder) as entries:
        there = {entry.name for entry in islice(entries, MAX_FILES + 2)} - {MANIFEST}
    if there != set(listed):
        odd = ", ".join(sorted(there ^ set(listed)))
        raise ModelRefused(
            f"{folder}: the manifest and the folder differ in {odd}. Restore the folder as it was saved."
        )
    files, left = {}, MAX_BYTES - len(manifest)
    for name, wanted in sorted(listed.items()):
        files[name] = _read(folder / name, left)
        left -= len(files[name])
        if hashlib.sha256(files[name]).hexdigest() != wanted:
            raise ModelRefused(
                f"{folder / name} is not the file that was saved: its SHA-256 differs from the manifest."
            )
    return files, hashlib.sha256(manifest).hexdigest()


def parse_json(name: str, content: bytes) -> Any:
    """A JSON document whose numbers are finite.

    Raises
    ------
    ModelRefused
        For anything else, nesting too deep to read among it.
    """
    try:
        return json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ModelRefused(f"{name} is not JSON that can be read: {error}.") from error


def _no_number(constant: str) -> Never:
    raise ValueError(f"{constant} is no number")


def _listed(folder: Path, manifest: bytes) -> Mapping[str, str]:
    """What the manifest lists; only names that a model has, so that no name leads out of the folder."""
    listed = parse_json(MANIFEST, manifest)
    if not isinstance(listed, dict) or len(listed) > MAX_FILES:
        raise ModelRefused(f"{folder / MANIFEST} must map at most {MAX_FILES} file names to their SHA-256.")
    for name, digest in listed.items():
        known = name in {MODEL, TENSORS, FRAMEWORK} or (DOCUMENT.fullmatch(name) and name != MANIFEST)
        if not known:
            raise ModelRefused(
                f"{folder / MANIFEST} lists {name!r}, which is no file of a model version: those are {MODEL}, "
                f"{TENSORS}, {FRAMEWORK}, and JSON documents, pages and pictures beside them."
            )
        if not isinstance(digest, str) or not SHA256.fullmatch(digest):
            raise ModelRefused(f"{folder / MANIFEST} must give the SHA-256 of {name} in hex. Got {digest!r} instead.")
    missing = {MODEL, TENSORS, FRAMEWORK} - set(listed)
    if missing:
        raise ModelRefused(f"{folder / MANIFEST} lacks {', '.join(sorted(missing))}.")
    return listed


def _read(path: Path, limit: int) -> bytes:
    """The bytes of a plain file; links are not followed, pipes not waited for."""
    try:
        with open(path, "rb", opener=_open_plain) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise ModelRefused(f"{path} must be a plain file.")
            content = file.read(limit + 1)
    except OSError as error:
        raise ModelRefused(f"{path} must be a plain file, no link: {error.strerror}.") from error
    if len(content) > limit:
        raise ModelRefused(
            f"{path}: a model version has at most {MAX_BYTES} bytes. This file alone has {found.st_size}."
        )
    return content


def _open_plain(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


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
    kind: str


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


PAGES = (".md", ".svg")  # documents that are read by people: text as it is


def save_model(model: ModelVersion, folder: Path) -> str:
    """Write a model version into a new folder, the manifest last; returns the model's digest.

    Raises
    ------
    vivavoce.data.errors.AlreadyThere
        Where the folder is already there: a model version never changes.
    ValueError
        For a document whose name is none, or belongs to another file.
    """
    for name in model.documents:
        if not DOCUMENT.fullmatch(_file(name)) or _file(name) in {MANIFEST, MODEL, FRAMEWORK}:
            raise ValueError(f"A document's name must be a lower-case word of its own. Got {name!r} instead.")
    if folder.exists():
        raise AlreadyThere(folder, "a model version never changes. Name a new folder.")
    head, tensors = part_of(model.kind).write(model)
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
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        file = FRAMEWORK if error.title == Framework.__name__ else MODEL
        said = f"{file}, {where or 'whole'}: {first['msg']} ({error.error_count()} findings)"
        raise ModelRefused(f"{folder} is no model version of format {FORMAT}: {said}.") from error
    except (ValueError, VivaError) as error:
        raise ModelRefused(f"{folder} is no model version of format {FORMAT}: {error}") from error


def _file(document: str) -> str:
    """A document's file: pages and pictures carry their suffix in their name, everything else is JSON."""
    return document if document.endswith(PAGES) else f"{document}.json"


def _model(files: Mapping[str, bytes]) -> ModelVersion:
    kind = Kind.model_validate_json(files[MODEL]).kind
    framework = Framework.model_validate(parse_json(FRAMEWORK, files[FRAMEWORK]), strict=False)
    documents = {
        name.removesuffix(".json"): content.decode() if name.endswith(PAGES) else parse_json(name, content)
        for name, content in files.items()
        if name not in {MODEL, TENSORS, FRAMEWORK}
    }
    try:
        stored = part_of(kind)
    except UnknownKind as error:
        raise ModelRefused(f"{MODEL}, kind: {error}") from error
    model: ModelVersion = stored.read(files[MODEL], _tensors(files[TENSORS]), framework, documents)
    return model


def _tensors(content: bytes) -> dict[str, npt.NDArray[Any]]:
    try:
        tensors: dict[str, npt.NDArray[Any]] = load(content)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelRefused(f"{TENSORS} is no safetensors file of numpy arrays: {error}.") from error
    return tensors


def _json(document: object) -> bytes:
    return (json.dumps(document, indent=1, sort_keys=False, ensure_ascii=False, allow_nan=False) + "\n").encode()
