"""What goes wrong, as its reader meets it: one kind of error with a remedy, and one table of exit statuses."""

from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import ClassVar

from vivavoce.data.problem import Problem


class Exit(IntEnum):
    """How every command ends. A number means the same whichever command gives it."""

    DONE = 0  # all was done, and nothing was found that somebody must look at
    FINDING = 1  # found, and somebody must look: adverse impact, a refused version, an altered bundle or record
    BAD_INPUT = 2  # nothing was done: what was given cannot be used, and the message says how to mend it
    SOME_ROWS = 3  # done, but some rows or parts have no result; each says why
    CANNOT_TELL = 4  # done, and the numbers are too few: provisional, insufficient
    NOT_LOGGED = 5  # done, but not entered into the event log
    DEFECT = 70  # a defect of this program (sysexits.h: EX_SOFTWARE)
    MACHINE = 74  # this machine's fault: a full disk, a store out of reach (sysexits.h: EX_IOERR)
    INTERRUPTED = 130  # by the user (128 + SIGINT)


class VivaError(Exception):
    """What was asked for cannot be done; the message names the place, the value, the limit and the way out.

    Parameters
    ----------
    said
        The message; where ``problems`` are given, what they are about (a file's name), said before each of them.
    remedy
        The way out, where the message does not hold it already.
    problems
        Everything that is wrong, where several things are: all are said at once.

    Examples
    --------
    >>> print(VivaError("ratings.csv", problems=[Problem("line 3", "'x'", "Write a number.")]))
    ratings.csv: line 3: Write a number. Got 'x' instead.
    >>> VivaError("There is no log.", remedy="Begin one: viva log create").status
    <Exit.BAD_INPUT: 2>
    """

    status: ClassVar[Exit] = Exit.BAD_INPUT

    def __init__(self, said: str, *, remedy: str = "", problems: Sequence[Problem] = ()) -> None:
        self.remedy = remedy
        self.problems = tuple(problems)
        lines = [f"{said}: {problem}" for problem in self.problems] or [said]
        super().__init__("\n".join([*lines, remedy] if remedy else lines))


class AlreadyThere(VivaError):
    """What was to be written is there, and is never written over."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} exists: {why}")
