"""Which recording is this: the SHA-256 of a file, and what tells without reading it that it has not changed.

The code behind a number, as one digest, so that a stage whose code changes is another stage.

Names that no feature, score or competency may carry, with the clause that refuses each.
"""

import ast
import hashlib
import os
import re
import time
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TypeGuard

import yaml

from vivavoce.data.errors import VivaError

SETTLED_S = 2.0  # the coarsest time stamp in use (FAT, some network mounts) has 2 s


class InputChanged(VivaError):
    """A file changed while it was read."""


@dataclass(frozen=True)
class Identity:
    """What the file system says of a file; while it stays equal, so does the content.

    ``ctime_ns`` (the last change of content *or* attributes) notices content that was replaced by a tool that puts
    the old time stamp back.
    """

    device: int
    inode: int
    size: int  # bytes
    mtime_ns: int
    ctime_ns: int

    @staticmethod
    def of(path: Path) -> "Identity":
        """Return the identity of a file; links are followed."""
        return _identity(path.stat())

    @property
    def settled(self) -> bool:
        """Whether the last change lies so far back that another one would show in the time stamps."""
        return time.time() - max(self.mtime_ns, self.ctime_ns) / 1e9 > SETTLED_S


@dataclass(frozen=True)
class Digest:
    """A file's SHA-256 (hex) and the identity that it had from the first byte read to the last."""

    sha256: str
    identity: Identity


def digest_file(path: Path) -> Digest:
    """Read a file once and return its digest; memory does not grow with its size.

    Raises
    ------
    InputChanged
        If the file changed while it was read.
    OSError
        If it cannot be read.
    """
    with path.open("rb") as stream:
        before = _identity(os.fstat(stream.fileno()))
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    if Identity.of(path) != before:  # written to, or replaced by another file
        raise InputChanged(f"{path} changed while it was read. Wait until it is complete, then run again.")
    return Digest(sha256, before)


def _identity(stat: os.stat_result) -> Identity:
    return Identity(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


DATA = (".yaml", ".csv")  # word lists and models that a package ships beside its code
OWN = "vivavoce"
OWN_MODULE = re.compile(rf"{OWN}(\.\w+)+")


def source_digest(*paths: Path) -> str:
    """SHA-256 (hex) over what files of code and data do.

    Comments, docstrings and layout do not count, nor do the names of files and of this project's own modules: what is
    only moved or renamed keeps its digest, and so does every model that was trained on its numbers.

    Parameters
    ----------
    paths
        Python files, or folders: of these every ``.py``, ``.yaml`` and ``.csv`` below.

    Raises
    ------
    FileNotFoundError
        If a path does not exist.

    Examples
    --------
    >>> source_digest(Path(__file__)) == source_digest(Path(__file__))
    True
    """
    files = [file for path in paths for file in _files(path)]
    contents = (_meaning(one.read_text(encoding="utf-8")) if one.suffix == ".py" else one.read_bytes() for one in files)
    return hashlib.sha256("\0".join(sorted(hashlib.sha256(one).hexdigest() for one in contents)).encode()).hexdigest()


def _files(path: Path) -> list[Path]:
    """A file, or every file of code and data in a folder."""
    return [file for file in path.rglob("*") if file.suffix in (".py", *DATA)] if path.is_dir() else [path]


def _meaning(code: str) -> bytes:
    """What a file does, and the names that it takes from this project, wherever there they stand."""
    tree = ast.parse(code)
    own = {(name.name, name.asname or name.name) for part in ast.walk(tree) if _is_own(part) for name in part.names}
    return repr((_plain(tree), sorted(own))).encode()


def _is_own(part: object) -> TypeGuard[ast.Import | ast.ImportFrom]:
    """Whether a statement imports from this project."""
    if isinstance(part, ast.Import):
        return all(_within(name.name) for name in part.names)
    return isinstance(part, ast.ImportFrom) and (part.level > 0 or _within(part.module or ""))


def _within(module: str) -> bool:
    return module.partition(".")[0] == OWN


def _plain(part: object) -> object:
    """A syntax tree without places, docstrings and empty fields, whose number differs between versions of Python."""
    if isinstance(part, ast.Constant) and isinstance(part.value, str) and OWN_MODULE.fullmatch(part.value):
        return OWN  # a module named as text: whose code a process runs, or beside which a file lies
    if isinstance(part, ast.AST):
        fields = ((name, value) for name, value in ast.iter_fields(part) if value not in (None, []))
        return type(part).__name__, [(name, _plain(value)) for name, value in fields]
    if isinstance(part, list):
        return [_plain(one) for one in part if not _is_text(one) and not _is_own(one)]
    return repr(part)


def _is_text(part: object) -> bool:
    """Whether a statement is a bare string: a docstring, which changes nothing."""
    return isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) and isinstance(part.value.value, str)


WORD_WITHIN = re.compile(r"(?<=[a-z])(?=[A-Z])")  # NotStressed is two words


class RefusedName(VivaError, ValueError):
    """A name claims what must not be inferred from a person's face, voice or words."""


@cache
def _refused() -> tuple[tuple[re.Pattern[str], str, str], ...]:
    document = yaml.safe_load(files("vivavoce.data").joinpath("refused.yaml").read_text(encoding="utf-8"))
    return tuple(
        (re.compile(rf"(?<![a-z])(?:{'|'.join(group['words'])})", re.IGNORECASE), group["claim"], group["clause"])
        for group in document["refused"]
    )


def refuse_name(text: str) -> None:
    """Raise ``RefusedName`` where a name or meaning claims emotion, honesty, personality or a protected attribute.

    Examples
    --------
    >>> refuse_name("face.mouth_opening_ratio")
    >>> refuse_name("face.stress_score")
    Traceback (most recent call last):
    ...
    vivavoce.data.identity.RefusedName: 'face.stress_score' claims stress (matched 'stress'): refused under ...
    """
    words = WORD_WITHIN.sub(" ", text)
    for pattern, claim, clause in _refused():
        found = pattern.search(words)
        if found:
            raise RefusedName(
                f"{text!r} claims {claim} (matched {found.group()!r}): refused under {clause}. "
                "Name the physical measure instead (an angle, a rate, Hz, dB)."
            )
