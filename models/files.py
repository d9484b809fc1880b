"""The files of a model version, read without trust: plain, few, bounded, under their digests. None of them is run."""

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Never

MANIFEST, MODEL, TENSORS, FRAMEWORK = "manifest.json", "model.json", "weights.safetensors", "framework.json"
DOCUMENT = re.compile(r"[a-z][a-z0-9_]{0,63}\.(json|md|svg)")
SHA256 = re.compile(r"[0-9a-f]{64}")
MAX_FILES = 32  # a model has four, and one for each document
MAX_BYTES = 64 * 2**20  # 64 MiB of all files; a model of 300 features and 10 competencies has some 100 kB


class ModelRefused(ValueError):
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
