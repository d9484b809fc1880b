"""What every command does at its end: the one handler of errors, and lines on the terminal as they stand.

What a command says: to the terminal or to nobody, and with times into a file; a list, as a table or as JSON.
"""

import io
import json
import os
import re
import sqlite3
import sys
import traceback
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, TextIO

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

from vivavoce import __version__
from vivavoce.data.errors import Exit, VivaError
from vivavoce.data.problem import Problem
from vivavoce.data.vault.durable import make_folder, write_durably

WRONG_PATH = (FileNotFoundError, NotADirectoryError, IsADirectoryError, FileExistsError)  # what was typed, not the disk
MACHINE = (OSError, MemoryError, sqlite3.OperationalError)  # SQLite says so where the disk is full or the file is held
LEAVING = (typer.Exit, typer.Abort, *typer.BadParameter.__bases__)  # how typer ends a command, usage errors among them
DEFECT = (
    f"This is a defect of vivavoce {__version__}, not of what you gave it. Please report it with the lines above and "
    "the command; look through them first: they may hold names or words of people."
)


def say(said: Console, line: str, style: str = "") -> None:
    """Print a line as it stands: nothing in it is markup, an emoji or a terminal's command, and it is not wrapped."""
    plain = "".join(repr(one)[1:-1] if unicodedata.category(one) == "Cc" and one not in "\n\t" else one for one in line)
    said.print(Text(plain, style), soft_wrap=True)


def run(work: Callable[[], int | None], *, console: Console | None = None) -> Exit:
    """Do a command's work; whatever goes wrong is said here, and nowhere else.

    Parameters
    ----------
    work
        The command; returns how it ended, or None where all was done.
    console
        Where errors are said: stderr by default, in red where that is a terminal.

    Returns
    -------
    Exit
        What the work returned; the status of a :class:`vivavoce.data.errors.VivaError`, whose message is printed; 130
        where the user interrupted; 2 for a path that is not there, 74 for what this machine refuses; 70, after the
        traceback, for anything else.
    """
    said = console or Console(stderr=True)
    try:
        return Exit(work() or Exit.DONE)
    except VivaError as error:
        say(said, str(error), "red")
        return error.status
    except KeyboardInterrupt:
        say(said, "Interrupted.")
        return Exit.INTERRUPTED
    except BrokenPipeError:  # whoever read the output, as head does, has seen enough; what is left is said to nobody
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.MACHINE
    except WRONG_PATH as error:
        say(said, f"{_where(error)}. Name another path.", "red")
        return Exit.BAD_INPUT
    except MACHINE as error:
        say(said, _fault(error), "red")
        return Exit.MACHINE
    except Exception as error:
        if isinstance(error, LEAVING):
            raise
        say(said, traceback.format_exc().rstrip())
        say(said, DEFECT, "red")
        return Exit.DEFECT


def _fault(error: Exception) -> str:
    """What this machine refuses, and what to look at."""
    if isinstance(error, MemoryError):
        return "This machine has no memory left. Close other programs, or take fewer --workers."
    return (
        f"This machine refuses: {_where(error)}. Look at its disk space, permissions and connections, then run again."
    )


def _where(error: Exception) -> str:
    """The path and what is wrong with it; the error's own words where it names no path."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error).rstrip(".")


class Commands(TyperGroup):
    """All commands, under the one handler; what is wrong with options is said by typer, with the same status 2."""

    def invoke(self, ctx: Any) -> None:
        """Run one command, and leave with its status."""
        raise typer.Exit(run(lambda: super(Commands, self).invoke(ctx)))


COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # ECMA-48 control sequences: colours, and a bar that is drawn again


class Copied(io.TextIOBase):
    """A stream whose lines also go into a log, with the time at which each ended; itself silent where it is told so.

    Parameters
    ----------
    stream
        Where it goes.
    log
        Open for text; None: nowhere else.
    silent
        Whether the stream is left out.
    """

    def __init__(self, stream: TextIO, log: TextIO | None, *, silent: bool) -> None:
        self.stream, self.log, self.silent = stream, log, silent
        self._begun = ""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of the stream."""
        return self.stream.encoding

    @property
    def buffer(self) -> IO[bytes]:
        """That of the stream: bytes are for a pipe, not for a log."""
        return self.stream.buffer

    def isatty(self) -> bool:
        """Whether somebody watches."""
        return self.stream.isatty() and not self.silent

    def fileno(self) -> int:
        """That of the stream."""
        return self.stream.fileno()

    def writable(self) -> bool:
        """Say that it is."""
        return True

    def write(self, text: str) -> int:
        """Write to both; returns the number of characters."""
        if not self.silent:
            self.stream.write(text)
        if self.log is not None:
            *lines, self._begun = (self._begun + COLOURS.sub("", text)).split("\n")
            now = datetime.now(UTC).isoformat(timespec="seconds")
            self.log.writelines(f"{now} {said}\n" for line in lines if (said := line.rpartition("\r")[2].rstrip()))
        return len(text)

    def flush(self) -> None:
        """Flush both."""
        self.stream.flush()
        if self.log is not None:
            self.log.flush()


@contextmanager
def saying(*, quiet: bool = False, verbose: bool = False, log: Path | None = None) -> Iterator[None]:
    """Within it, what is said is said to whom it should be.

    Parameters
    ----------
    quiet
        Nothing is said but what a command was asked to print, and why it fails.
    verbose
        Where a command refuses, it is said where in the program too.
    log
        File to which everything that is said is added.

    Raises
    ------
    VivaError
        Where the log cannot be written.
    """
    out, err = sys.stdout, sys.stderr
    try:
        file = None if log is None else log.open("a", encoding="utf-8")
    except OSError as error:
        raise VivaError(f"--log {log} cannot be written: {error.strerror}.", remedy="Name another file.") from error
    try:
        if quiet or file is not None:
            sys.stdout, sys.stderr = Copied(out, file, silent=False), Copied(err, file, silent=quiet)
        yield
    except Exception as error:
        if file is not None:  # said on the terminal by whoever runs the command, when the log is closed
            Copied(err, file, silent=True).write(f"{error}\n")
        if verbose and isinstance(error, VivaError):
            err.write(traceback.format_exc())
        raise
    finally:
        sys.stdout, sys.stderr = out, err
        if file is not None:
            file.close()


def keep(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document as JSON, durably; its folder is made where it is not there yet."""
    make_folder(path.parent)
    write_durably(path, (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode())


@dataclass(frozen=True)
class Told:
    """What a command found, as the JSON file says that it wrote."""

    found: Mapping[str, Any]
    exit: Exit = Exit.DONE

    def document(self) -> dict[str, Any]:
        """For a machine."""
        return dict(self.found)


@dataclass(frozen=True)
class Listed:
    """A list that was asked for: rows with the same columns, a table for people and JSON for machines.

    Parameters
    ----------
    rows
        Each by column.
    columns
        In their order.
    title
        What it is, where that does not go without saying.
    note
        A line below the table.
    exit
        How the command ends.
    """

    rows: Sequence[Mapping[str, object]]
    columns: Sequence[str]
    title: str | None = None
    note: str = ""
    exit: Exit = Exit.DONE

    def document(self) -> list[dict[str, object]]:
        """The rows, for a machine."""
        return [dict(row) for row in self.rows]

    def show(self) -> None:
        """Print the table: in the width of a terminal, or whole, one line for each row, where a program reads."""
        cells = [[in_words(row.get(name)) for name in self.columns] for row in self.rows]
        if sys.stdout.isatty():
            from rich.console import Console
            from rich.table import Table
            from rich.text import Text

            table = Table(*self.columns, title=self.title, title_justify="left", box=None, pad_edge=False)
            for row in cells:
                table.add_row(*map(Text, row))
            Console().print(table)
        else:
            lines = [list(self.columns), *cells]
            widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
            told = [*([self.title] if self.title else []), *("  ".join(map(str.ljust, line, widths)) for line in lines)]
            sys.stdout.writelines(f"{line.rstrip()}\n" for line in told)
        if self.note:
            sys.stdout.write(f"{self.note}\n")


@dataclass(frozen=True)
class Asker:
    """Asks on a terminal; elsewhere keeps what it would have asked, so that all of it is named at once."""

    live: bool
    missing: list[Problem] = field(default_factory=list)

    @staticmethod
    def here() -> "Asker":
        """Whether there is somebody to ask."""
        return Asker(sys.stdin.isatty() and sys.stderr.isatty())

    def ask(self, what: str, question: str, remedy: str, choices: Sequence[str] | None = None) -> str:
        """An answer; empty, and kept with its remedy, where there is nobody to ask."""
        if self.live:
            from rich.prompt import Prompt

            allowed = list(choices) if choices else None
            return Prompt.ask(question, console=Console(stderr=True), choices=allowed).strip()
        self.missing.append(Problem(what, "nothing", remedy))
        return ""

    def end(self, place: object) -> None:
        """Refuse, with everything that is missing (``InputRefused``), where anything is."""
        if self.missing:
            from vivavoce.data.table_source import InputRefused

            raise InputRefused(place, self.missing)


def in_words(value: object) -> str:
    """A cell of a table: nothing for what is not there, a comma between several.

    Examples
    --------
    >>> in_words(None), in_words(True), in_words(["audit", "publish"]), in_words(0.25)
    ('', 'yes', 'audit, publish', '0.25')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(in_words, value))
    return str(value)
