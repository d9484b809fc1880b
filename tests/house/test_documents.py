"""What README, CONTRIBUTING and docs/ say to type is there: files, commands with their options, lines of Python."""

import ast
import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

import vivavoce as vv
from tests.conftest import ROOT
from tests.house.test_checks import FOLDERS
from vivavoce.pipelines.app import app

SAID = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(viva [^`]+)`")
FILE = re.compile(rf"(?<![\w/.-])((?:{'|'.join((*FOLDERS, 'docs', 'tests', 'notebooks'))})/[\w/.-]*\.\w+)")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
MADE = {"data/local"}  # kept out of the repository
API = [path for path in SAID if path.name.startswith("README")]


def lines(text: str) -> Iterator[str]:
    """Every line that begins with viva: of blocks, where a backslash continues it, and within a sentence."""
    for _, block in BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if (typed := line.strip().removeprefix("$ ")).startswith("viva "):
                yield typed
    yield from INLINE.findall(BLOCK.sub("", text))


def fault(line: str) -> str:
    """What of a line the command line does not have; empty where it has all."""
    try:
        words = shlex.split(re.split(r"\s[|&;#>]|\s+#", line)[0].replace("…", " "))[1:]
    except ValueError:
        return "quotes do not match"
    command = typer.main.get_command(app)
    context = command.make_context("viva", [], resilient_parsing=True)
    while words and isinstance(command, TyperGroup) and not words[0].startswith("-"):
        named = words[0]
        _, command, words = command.resolve_command(context, words)
        if command is None:
            return f"no command {named!r}"
    options = {name for one in command.get_params(context) for name in (*one.opts, *one.secondary_opts)}
    typed = {word.strip("[](),;.").partition("=")[0] for word in words if word.lstrip("[(").startswith("--")}
    return ", ".join(sorted(name for name in typed - options if name != "--"))


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("viva score interviews.jsonl --out results", ""),
        ("viva measure interviews.jsonl --out measured", ""),
        ("viva registry list", "no command 'registry'"),
        ("viva model lst", "no command 'lst'"),
        ("viva score a.jsonl --output results", "--output"),
    ],
)
def test_what_is_not_there_is_seen(line: str, what: str) -> None:
    assert fault(line) == what


@pytest.mark.parametrize("path", SAID, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_and_options_are_there(path: Path) -> None:
    found = {line: said for line in lines(path.read_text(encoding="utf-8")) if (said := fault(line))}
    assert not found


@pytest.mark.parametrize("path", SAID, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_links_are_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = {one.rstrip(".") for one in FILE.findall(text) if "NAME" not in one}
    lost = {one for one in named if not (ROOT / one).exists() and not any(one.startswith(made) for made in MADE)}
    lost |= {one for one in LINK.findall(BLOCK.sub("", text)) if not (path.parent / one).exists()}
    assert not lost


@pytest.mark.parametrize("path", API, ids=lambda path: path.name)
def test_lines_of_python_fit_the_front_door(path: Path) -> None:
    code = "\n".join(block for kind, block in BLOCK.findall(path.read_text(encoding="utf-8")) if kind == "python")
    for call in (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "vv":
            signature = inspect.signature(getattr(vv, call.func.attr))
            signature.bind(*call.args, **{one.arg: one.value for one in call.keywords if one.arg})
