"""No code outside a kind's own folders compares names of kinds, or asks a model version for its class."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.house.test_checks import FOLDERS
from vivavoce.models.directory import known_kinds
from vivavoce.training.trainers import kinds, trainer


def kind_of(path: Path) -> str:
    """The kind whose folder a file is in; empty elsewhere."""
    return path.parts[1] if path.parts[0] in ("models", "training") and path.parts[1] in known_kinds() else ""


def faults(tree: ast.AST, names: set[str]) -> Iterator[str]:
    """Comparisons with a kind's name, patterns that match one, and ``isinstance`` or ``type`` of a version."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            constants = {one.value for side in sides for one in ast.walk(side) if isinstance(one, ast.Constant)}
            if names & {one for one in constants if isinstance(one, str)}:
                yield f"line {node.lineno}: {ast.unparse(node)}"
        if isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant) and node.value.value in names:
            yield f"line {node.value.lineno}: case {node.value.value!r}"
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("isinstance", "issubclass")
        ):
            classes = [getattr(one, "attr", getattr(one, "id", "")) for one in ast.walk(node.args[1])]
            if any(one.endswith("Version") and one != "Version" for one in classes):
                yield f"line {node.lineno}: {ast.unparse(node)}"


def test_nobody_asks_a_model_for_its_kind() -> None:
    found = {}
    for path in (one for folder in FOLDERS for one in (ROOT / folder).rglob("*.py")):
        own = kind_of(path.relative_to(ROOT))
        if said := list(faults(ast.parse(path.read_text(encoding="utf-8")), set(known_kinds()) - {own})):
            found[str(path.relative_to(ROOT))] = said
    assert not found


@pytest.mark.parametrize(
    "code",
    [
        'kind == "fusion"',
        '"rubric" != model.kind',
        'request.kind in ("linear", "fusion")',
        "isinstance(model, RubricVersion)",
        "isinstance(model, (LinearVersion, FusionVersion))",
        "isinstance(model, linear_version.LinearVersion | None)",
        'match kind:\n    case "rubric": pass',
    ],
)
def test_what_must_not_be_is_seen(code: str) -> None:
    assert list(faults(ast.parse(code), set(known_kinds())))


def test_every_kind_is_a_folder_in_both_packages_and_says_alike_whether_it_learns() -> None:
    from importlib import import_module

    assert kinds() == known_kinds()
    for name in kinds():
        version = getattr(import_module(f"vivavoce.models.{name}.{name}_version"), f"{name.title()}Version")
        assert (version.kind, version.learned) == (name, trainer(name).learns)
