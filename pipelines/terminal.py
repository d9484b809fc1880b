"""What every command does at its end: the one handler of errors, and lines on the terminal as they stand."""

import os
import sqlite3
import sys
import traceback
import unicodedata
from collections.abc import Callable
from typing import Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

from vivavoce import __version__
from vivavoce.data.errors import Exit, VivaError

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
