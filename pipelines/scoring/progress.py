"""How far a run is: a bar with rate and remaining time on a terminal, one plain line per interview elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from vivavoce.pipelines.scoring.result import Result


class Progress:
    """Says what ended, and how long the rest will take.

    Parameters
    ----------
    console
        Where to; ``console.is_terminal`` decides between bar and lines.
    total
        Rows of the manifest.
    done
        Rows that an earlier run ended.
    """

    def __init__(self, console: Console, total: int, done: int) -> None:
        self.console = console
        self.total = total
        self.done = done
        self._begun = time.monotonic()
        self._ended_now = 0
        self._bar = Bar(
            TextColumn("[bold]interviews"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(elapsed_when_finished=False),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("interviews", total=total, completed=done, rate="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def ended(self, result: Result, seconds: float) -> None:
        """Count one row and say how it ended; rows with a reason are printed above the bar too."""
        self.done += 1
        self._ended_now += 1
        rate = self._ended_now / max(time.monotonic() - self._begun, 1e-9)
        self._bar.update(self._task, completed=self.done, rate=f"{3600 * rate:.0f}/h")
        because = f" ({result.reason})" if result.reason else ""
        line = f"{result.interview_id}: {result.status.value}{because}, {seconds:.1f} s"
        if not self.console.is_terminal:
            left = (self.total - self.done) / rate
            line = f"[{self.done}/{self.total}] {line}, {left:.0f} s left"
        if result.reason or not self.console.is_terminal:
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)
