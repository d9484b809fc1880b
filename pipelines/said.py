"""What a command says: to the terminal or to nobody, and with times into a file; a list, as a table or as JSON."""

import io
import json
import re
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, TextIO

from vivavoce.data.errors import Exit, VivaError
from vivavoce.data.vault.durable import make_folder, write_durably

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
