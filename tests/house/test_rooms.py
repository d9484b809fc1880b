"""The house's rooms: no two modules lean on each other, and a file's name tells which one is meant."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT
from tests.house.test_checks import FOLDERS, tracked

MOST_OF_A_NAME = 2  # a thing, and the command about it: data/manifest.py, pipelines/manifest.py
LEAST_DOCUMENTED = 0.94  # of public functions and classes
IMPORTED = "vivavoce"

Graph = dict[str, set[str]]


def files() -> list[Path]:
    return [path for path in tracked("*.py") if path.parts[0] in FOLDERS]


def name_of(path: Path) -> str:
    return ".".join((IMPORTED, *path.with_suffix("").parts)).removesuffix(".__init__")


def imports_of(code: str, known: set[str]) -> set[str]:
    """The project's modules that a file imports, inside functions and for types too."""
    found = set()
    for part in ast.walk(ast.parse(code)):
        if isinstance(part, ast.ImportFrom) and part.module:
            for name in part.names:
                found |= {f"{part.module}.{name.name}", part.module} & known or set()
        elif isinstance(part, ast.Import):
            found |= {name.name for name in part.names} & known
    deepest = {one for one in found if not any(other.startswith(f"{one}.") for other in found)}
    return deepest


def circles(graph: Graph) -> Iterator[set[str]]:
    """Groups of modules each of which reaches every other."""
    reached = {start: reach(graph, start) for start in graph}
    seen: set[str] = set()
    for start in graph:
        if start not in seen and start in reached[start]:
            together = {other for other in reached[start] if start in reached[other]}
            seen |= together
            yield together


def reach(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    ahead = list(graph[start])
    while ahead:
        one = ahead.pop()
        if one not in found:
            found.add(one)
            ahead.extend(graph[one])
    return found


def test_circles_are_found() -> None:
    assert [sorted(one) for one in circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})] == [["a", "b", "c"]]
    assert list(circles({"a": {"b"}, "b": set()})) == []
    assert imports_of("def f():\n    from vivavoce.data import log", {"vivavoce.data", "vivavoce.data.log"}) == {
        "vivavoce.data.log"
    }


def test_no_modules_import_each_other() -> None:
    known = {name_of(path) for path in files()}
    graph = {
        name_of(path): imports_of((ROOT / path).read_text(encoding="utf-8"), known) - {name_of(path)}
        for path in files()
    }
    assert not [sorted(one) for one in circles(graph)]


def test_a_name_tells_which_file_is_meant() -> None:
    names = Counter(path.name for path in files() if path.name != "__init__.py")
    assert not {name: count for name, count in names.items() if count > MOST_OF_A_NAME}


def test_public_functions_say_what_they_do() -> None:
    public = [
        (f"{path}: {part.name}", ast.get_docstring(part) is not None)
        for path in files()
        for part in ast.parse((ROOT / path).read_text(encoding="utf-8")).body
        if isinstance(part, ast.FunctionDef | ast.ClassDef) and not part.name.startswith("_")
    ]
    silent = [name for name, documented in public if not documented]
    assert len(silent) <= (1 - LEAST_DOCUMENTED) * len(public), silent
