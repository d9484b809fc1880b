"""What goes wrong has one kind of error, one table of statuses and one handler."""

import errno
import importlib
import io
import pkgutil
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from vivavoce.data.errors import AlreadyThere, Exit, VivaError
from vivavoce.data.log.log import LogAltered
from vivavoce.data.manifest import ManifestError
from vivavoce.data.manifest_table import RowError
from vivavoce.pipelines.terminal import Commands, run
from vivavoce.training.runs import NoTracking

ROOT = Path(__file__).parents[2]
INTERNAL = {
    "vivavoce.features.reader.endpoint._Unusable": "one try of several, and becomes the reader's failure",
    "vivavoce.features.reader.reading.TooLongToRead": "becomes the rating's reason",
    "vivavoce.data.media.account.Ended": "ends decoding inside the confined child, and becomes a status",
    "vivavoce.pipelines.scoring.answers.SeveralSpeakers": "becomes the row's status",
    "vivavoce.pipelines.scoring.job.Ended": "ends one interview, and becomes the row's status",
    "vivavoce.pipelines.scoring.words.Unheard": "becomes the row's status",
}
"""Exceptions that nobody outside meets, each with what becomes of it."""


def modules() -> Iterator[ModuleType]:
    for name in ("data", "features", "models", "evaluation", "fairness", "training", "pipelines"):
        package = importlib.import_module(f"vivavoce.{name}")
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"vivavoce.{name}."):
            yield importlib.import_module(found.name)


@pytest.fixture(scope="module")
def errors() -> dict[str, type[BaseException]]:
    """Every exception class that the project defines, by its full name."""
    return {
        f"{one.__module__}.{one.__qualname__}": one
        for module in modules()
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, BaseException) and one.__module__ == module.__name__
    }


def test_every_error_is_a_viva_error_with_a_status_or_internal_with_a_reason(errors) -> None:
    assert len(errors) > 40
    others = {name for name, one in errors.items() if not issubclass(one, VivaError)}
    assert others == set(INTERNAL)
    for name, one in errors.items():
        if name not in others:
            assert one.status in set(Exit) - {Exit.DONE, Exit.DEFECT, Exit.INTERRUPTED}, name


def test_no_two_errors_that_a_user_meets_share_a_name(errors) -> None:
    names = [one.__name__ for name, one in errors.items() if name not in INTERNAL]
    assert sorted(names) == sorted(set(names))


def test_no_command_has_statuses_of_its_own() -> None:
    for path in (ROOT / "pipelines").rglob("*.py"):
        assert not re.search(r"\bEXIT_[A-Z]+\b|sys\.exit|SystemExit", path.read_text(encoding="utf-8")), path


def raising(error: BaseException) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


FULL = OSError(errno.ENOSPC, "No space left on device", "/data/out")
ENDS = {
    "bad input": (VivaError("ratings.csv, line 3: write a number."), Exit.BAD_INPUT, "ratings.csv, line 3"),
    "there": (AlreadyThere(Path("v1"), "name a new folder."), Exit.BAD_INPUT, "v1 exists: name a new folder."),
    "altered": (LogAltered(Path("log"), ["event 3"]), Exit.FINDING, "was altered: event 3"),
    "store": (NoTracking("The tracking store refused."), Exit.MACHINE, "refused"),
    "path": (FileNotFoundError(errno.ENOENT, "No such file", "x.csv"), Exit.BAD_INPUT, "x.csv: No such file. Name"),
    "disk": (FULL, Exit.MACHINE, "/data/out: No space left on device. Look at its disk space"),
    "unnamed": (OSError("cut off"), Exit.MACHINE, "refuses: cut off. Look"),
    "memory": (MemoryError(), Exit.MACHINE, "--workers"),
    "sqlite": (sqlite3.OperationalError("database or disk is full"), Exit.MACHINE, "database or disk is full"),
    "interrupted": (KeyboardInterrupt(), Exit.INTERRUPTED, "Interrupted."),
}


@pytest.mark.parametrize(("error", "status", "words"), ENDS.values(), ids=ENDS)
def test_the_handler_says_what_is_wrong_and_returns_its_status(error, status, words, capsys) -> None:
    assert run(raising(error)) is status
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("status", [Exit.DONE, Exit.FINDING, Exit.SOME_ROWS, Exit.CANNOT_TELL, Exit.NOT_LOGGED])
def test_what_a_command_returns_is_how_it_ends(status, capsys) -> None:
    assert run(lambda: status) is status
    assert capsys.readouterr() == ("", "")


def test_a_defect_shows_where_it_is_and_how_to_report_it(capsys) -> None:
    assert run(raising(ZeroDivisionError("division by zero"))) is Exit.DEFECT
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "in work" in said
    *_, error, report = said.splitlines()
    assert error == "ZeroDivisionError: division by zero"
    assert "a defect of vivavoce" in report
    assert "Please report it" in report


def test_off_a_terminal_a_message_is_one_plain_line_and_on_one_it_is_red() -> None:
    message = f"/data/[red]:smile:/{'long/' * 60}x.csv: 'a\x1b[2J\x07b' is no number."
    for printed, colours in (("", "auto"), ("\x1b[31m", "standard")):
        console = Console(file=io.StringIO(), width=80, color_system=colours, _environ={})
        assert run(raising(VivaError(message)), console=console) is Exit.BAD_INPUT
        said = console.file.getvalue()  # type: ignore[attr-defined]
        assert said.startswith(f"{printed}/data/[red]:smile:/long/")
        assert said.count("\n") == 1
        assert "\x1b[2J" not in said
        assert "a\\x1b[2J\\x07b' is no number." in said


def test_every_fault_of_a_manifest_is_a_line_that_can_be_searched(capsys) -> None:
    faults = [RowError(line, "site", "'[red]'", "Name a site.") for line in (3, 9)]
    assert run(raising(ManifestError(Path("m.csv"), faults))) is Exit.BAD_INPUT
    assert [line.partition(", site")[0] for line in capsys.readouterr().err.splitlines()] == [
        "m.csv, line 3",
        "m.csv, line 9",
    ]


def test_the_command_line_ends_with_the_status_of_what_was_raised() -> None:
    app = typer.Typer(cls=Commands)
    deep = typer.Typer()
    app.add_typer(deep, name="deep")

    @app.command()
    def altered() -> None:
        raise LogAltered(Path("log"), ["event 3"])

    @app.command()
    def some() -> None:
        raise typer.Exit(Exit.SOME_ROWS)

    @deep.command()
    def broken(number: int) -> None:
        raise ZeroDivisionError

    @deep.command()
    def stop() -> None:
        raise KeyboardInterrupt

    ends = {
        ("altered",): 1,
        ("some",): 3,
        ("deep", "broken", "1"): 70,
        ("deep", "broken", "one"): 2,
        ("deep", "stop"): 130,
        ("nothing",): 2,
        ("--help",): 0,
    }
    for line, status in ends.items():
        done = CliRunner().invoke(app, list(line))
        assert done.exit_code == status, done.output


def test_the_page_on_commands_has_every_status_in_both_languages() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", page, re.MULTILINE)
    assert [(int(number), name) for number, name, *_ in rows] == [(one.value, one.name) for one in Exit]
    assert all(re.search("[一-鿿]", chinese) and not re.search("[一-鿿]", english) for *_, english, chinese in rows)
