"""Every command of ``viva``: its help is whole, its options stand there once, and it ends as it says."""

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import pytest
from typer.testing import CliRunner

from vivavoce.data.errors import Exit
from vivavoce.pipelines.app import TREE, app
from vivavoce.pipelines.command import ALWAYS, Command
from vivavoce.pipelines.door import Data, Model, options

TOP = ["manifest", "score", "train", "audit", "publish", "monitor", "review", "erase", "demo", "evaluate", "doctor"]


def commands() -> Iterator[tuple[tuple[str, ...], Command]]:
    """Every command by its words."""
    for name, found in TREE.items():
        if isinstance(found, Command):
            yield (name,), found
            continue
        if found.own:
            yield (name,), found.own
        for word, one in found.commands.items():
            yield (name, word), one


ALL = dict(commands())


@pytest.fixture(params=ALL, ids=" ".join)
def command(request: pytest.FixtureRequest) -> tuple[tuple[str, ...], Command]:
    return request.param, ALL[request.param]


def test_the_order_is_that_of_the_users() -> None:
    assert list(TREE)[: len(TOP)] == TOP
    shown = CliRunner().invoke(app, ["--help"]).output
    assert [shown.index(f"\n  {name} ") for name in TREE] == sorted(shown.index(f"\n  {name} ") for name in TREE)


def test_a_help_is_whole(command: tuple[tuple[str, ...], Command]) -> None:
    words, found = command
    said = CliRunner().invoke(app, [*words, "-h"], env={"COLUMNS": "300"})
    assert said.exit_code == 0, said.output
    text = re.sub(r"(?<=\w-) (?=\w)", "", " ".join(said.output.split()))  # a word that was broken at its hyphen
    assert found.short in text
    assert "<bool>" not in text
    assert not re.search(r"\[/?(bold|red|dim|i|b)\]|:[a-z_]+:(?!/)", text), "markup"
    assert len(found.examples) >= 1
    for example in found.examples:
        assert f"$ {example}" in text
        assert f"viva {' '.join(words)}" in example
    for end in {**ALWAYS, **found.ends}:
        assert re.search(rf"\s{int(end)}  \S", said.output), f"what {end!r} means"
    for option in options(found.function()):
        flag = option.name.upper() if option.plain else option.shown.flag or f"--{option.name.replace('_', '-')}"
        assert re.search(rf"(^|\s|, ){re.escape(flag)}(\s|$)", text), flag
        assert " ".join(option.said.split()) in text, option.said
        if option.default not in (inspect.Parameter.empty, None, False, (), ""):
            several = isinstance(option.default, tuple)
            shown = ", ".join(map(str, option.default)) if several else str(option.default)
            assert re.search(rf"\[default: \(?{re.escape(shown)}", text), (flag, shown)


def test_whatever_reads_a_table_of_people_takes_other_names_of_columns() -> None:
    tables = {words: [one for one in options(found.function()) if _table(one.kind)] for words, found in ALL.items()}
    wanted = {("fair", "alternatives"), ("model", "shadow"), ("monitor",), ("publish",)}
    assert wanted <= {words for words, given in tables.items() if given}
    for words, given in tables.items():
        flags = {one.shown.flag for one in options(ALL[words].function())}
        assert not given or "--map" in flags, (words, [one.name for one in given])


def _table(kind: object) -> bool:
    """Whether it is a table: a file, a database's, or a DataFrame; a place alone is no table."""
    return kind in (Data, Data | None)


def test_a_model_is_a_folder_or_a_registered_one_everywhere() -> None:
    for words, found in ALL.items():
        for option in options(found.function()):
            if option.name in {"model", "champion", "challenger", "beside"}:
                assert "folder" in option.said.lower(), (words, option.name)
                assert "models:/" in option.said, (words, option.name)
                assert str(Model) in str(option.kind) or "Kept" in str(option.kind), (words, option.name)


def test_out_is_a_folder_everywhere_but_where_a_table_is_made_for_hands() -> None:
    for words, found in ALL.items():
        for option in options(found.function()):
            if option.name == "out" and words != ("manifest",):
                assert re.search(r"folder|heads\.jsonl of this folder", option.said, re.IGNORECASE), (
                    words,
                    option.said,
                )


def test_what_a_machine_reads_comes_as_json() -> None:
    machine = {words for words, found in ALL.items() if hasattr(get_type_hints(found.function())["return"], "document")}
    assert {
        ("score",), ("train",), ("audit",), ("publish",), ("monitor",), ("doctor",), ("measure",), ("model", "list"),
        ("model", "show"), ("log", "list"), ("log", "verify"),
    } <= machine  # fmt: skip


def test_json_stands_alone_on_stdout() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "vivavoce", "framework", "describe", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert {row["job"] for row in json.loads(said.stdout)} == {"sales_manager", "software_engineer", "store_manager"}


def test_a_list_is_whole_where_nobody_watches() -> None:
    said = CliRunner().invoke(app, ["weights", "list"], env={"COLUMNS": "40"})
    assert "ed3a0b6b1c0edf879ad9b11b1af5a0e6ab5db9205f891f668f8b0e6c6326e34e" in said.output


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("score", "m.jsonl", "--out", "o", "--wrokers", "2"), "No such option"),
        (("score", "m.jsonl"), "Missing option '--out'"),
        (("score", "m.jsonl", "--out", "o", "--profile", "smell"), "'smell'"),
        (("mesure",), "No such command 'mesure'"),
        (("framework", "check", "a-folder-that-is-not-there-" + "x" * 100), "a-folder-that-is-not-there-" + "x" * 100),
    ],
)
def test_an_error_is_one_plain_line(words: tuple[str, ...], named: str) -> None:
    said = CliRunner().invoke(app, list(words), env={"COLUMNS": "80"})
    assert said.exit_code == Exit.BAD_INPUT
    assert any(named in line for line in said.output.splitlines())
    assert not set("╭│╰─") & set(said.output)


def test_quiet_says_nothing_and_the_log_has_it_all_with_times(tmp_path: Path) -> None:
    from tests.pipelines.registries import environment

    log, home = tmp_path / "said.txt", environment(tmp_path)
    done = CliRunner().invoke(app, ["keys", "create", "ana", "--role", "audit", "-q", "--log", str(log)], env=home)
    assert (done.exit_code, done.output) == (0, "")
    lines = log.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00 (Private|Public) key", line) for line in lines)
    again = CliRunner().invoke(app, ["keys", "create", "ana", "--role", "audit", "-q", "--log", str(log)], env=home)
    assert again.exit_code == Exit.BAD_INPUT
    assert "has a key 'ana' already" in again.output
    assert "has a key 'ana' already" in log.read_text(encoding="utf-8").splitlines()[-1]


def test_verbose_says_where_in_the_program(tmp_path: Path) -> None:
    asked = ["framework", "check", str(tmp_path / "none.yaml")]
    assert "Traceback" not in CliRunner().invoke(app, asked).output
    assert "frameworks.py" in CliRunner().invoke(app, [*asked, "-v"]).output
