"""The code behind a number, as one digest, so that a stage whose code changes is another stage."""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

DATA = (".yaml", ".csv")  # word lists and models that a package ships beside its code


def source_digest(*paths: Path) -> str:
    """SHA-256 (hex) over what files of code and data do; comments, docstrings and layout do not count.

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
    digest = hashlib.sha256()
    for path in paths:
        for name, file in _files(path):
            content = _meaning(file.read_text(encoding="utf-8")) if file.suffix == ".py" else file.read_bytes()
            digest.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\0".encode())
    return digest.hexdigest()


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """Files with the names under which they count, the same on every machine and in every order of reading."""
    if not path.is_dir():
        yield path.name, path
        return
    for file in sorted(path.rglob("*"), key=lambda file: file.relative_to(path).as_posix()):
        if file.suffix in (".py", *DATA):
            yield file.relative_to(path).as_posix(), file


def _meaning(code: str) -> bytes:
    return repr(_plain(ast.parse(code))).encode()


def _plain(part: object) -> object:
    """A syntax tree without places, docstrings and empty fields, whose number differs between versions of Python."""
    if isinstance(part, ast.AST):
        fields = ((name, value) for name, value in ast.iter_fields(part) if value not in (None, []))
        return type(part).__name__, [(name, _plain(value)) for name, value in fields]
    if isinstance(part, list):
        return [_plain(one) for one in part if not _is_text(one)]
    return repr(part)


def _is_text(part: object) -> bool:
    """Whether a statement is a bare string: a docstring, which changes nothing."""
    return isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) and isinstance(part.value.value, str)
