"""YAML that people write, read strictly: a plain file of bounded size and depth, every name text and once."""

import math
from collections.abc import Callable, Hashable
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from vivavoce.data.problem import Problem
from vivavoce.data.table_source import InputRefused

MAX_BYTES = 2 * 2**20
MAX_NODES = 100_000  # once every alias stands written out
MERGE = "tag:yaml.org,2002:merge"


def read_yaml(
    path: Path, refused: Callable[[Path, list[Problem]], Exception] = InputRefused, *, most: int = MAX_BYTES
) -> Any:
    """What a file says, as plain values.

    Parameters
    ----------
    path
        UTF-8, with a byte order mark or without.
    refused
        Makes the error that its reader raises.
    most
        Bytes.

    Raises
    ------
    Exception
        As ``refused`` makes it, for what is no regular file or larger, no UTF-8, no YAML, a name that stands twice or
        is no text, a merge key (``<<``), a number that is not finite, and aliases that write out to more than
        100,000 values; with line and column where there are any.
    """
    if not path.is_file():
        raise refused(path, [Problem("file", "no file", "Name a file that exists.")])
    size = path.stat().st_size
    if size > most:
        raise refused(path, [Problem("file", f"{size} bytes", f"It has at most {most} bytes.")])
    try:
        return _parsed(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise refused(path, [Problem("file", str(error.strerror), "Name a file that can be read.")]) from error
    except UnicodeDecodeError as error:
        found = f"byte 0x{error.object[error.start]:02x} at position {error.start}"
        raise refused(path, [Problem("file", found, "Save the file as UTF-8.")]) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "file"
        raise refused(path, [Problem(where, f"{error.problem}", "Write valid YAML.")]) from error
    except RecursionError as error:
        raise refused(path, [Problem("file", "it is nested too deeply", "Write valid YAML.")]) from error
    except (yaml.YAMLError, ValueError, KeyError, AttributeError) as error:
        # the last three are what PyYAML lets through for a date or a tagged value that it cannot build
        raise refused(path, [Problem("file", f"{error}", "Write valid YAML.")]) from error


def shipped_yaml(package: str, name: str) -> Any:
    """What a file of a package says: ours, so read by the fast loader where there is one."""
    text = files(package).joinpath(*name.split("/")).read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(text, loader)  # noqa: S506 (safe: either is a SafeLoader, which runs no code)


def _parsed(text: str) -> Any:
    loader = _Strict(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _written_out(node, {}) > MAX_NODES:
            raise yaml.YAMLError(f"its aliases write out to more than {MAX_NODES} values")
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _written_out(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node holds once every alias stands written out."""
    if id(node) in known:
        if not known[id(node)]:
            raise yaml.YAMLError("an alias stands within what it names")
        return known[id(node)]
    known[id(node)] = 0
    inner = node.value if isinstance(node, yaml.CollectionNode) else []
    parts = [part for one in inner for part in (one if isinstance(one, tuple) else (one,))]
    known[id(node)] = 1 + sum(_written_out(part, known) for part in parts)
    return known[id(node)]


class _Strict(yaml.SafeLoader):
    """YAML without code, in which a key that stands twice is an error: plain YAML would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: set[object] = set()
        for key, _ in node.value:
            if key.tag == MERGE:
                raise yaml.constructor.ConstructorError(
                    None, None, "a merge key (<<): write its names out", key.start_mark
                )
            name = self.construct_object(key, deep=True)
            if not isinstance(name, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {name!r} is not text: put it in quotes", key.start_mark
                )
            if name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {name!r} stands twice: keep one", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep)

    def construct_yaml_float(self, node: yaml.ScalarNode) -> float:
        value = super().construct_yaml_float(node)
        if not math.isfinite(value):
            raise yaml.constructor.ConstructorError(None, None, f"{node.value} is no number", node.start_mark)
        return value


_Strict.add_constructor("tag:yaml.org,2002:float", _Strict.construct_yaml_float)
