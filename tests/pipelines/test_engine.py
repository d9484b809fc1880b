"""The engine: every task ends once, crashes are retried and named, defects and stalls end one task only."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vivavoce.pipelines.scoring.engine import Done, run_tasks


class Planted:
    """A job that squares, dies, hangs or raises, as its task says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, task: Any, beat: Callable[[str], None]) -> Any:
        beat("begun")
        if task == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if task == "die once" and not (self.folder / "died").exists():
            (self.folder / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if task == "hang":
            time.sleep(600)
        if task == "raise":
            raise ArithmeticError("planted")
        return task if isinstance(task, str) else task**2


def run(tmp_path: Path, tasks: list[Any], workers: int, allowed: int = 1, stall: float = 3600.0) -> dict[int, Done]:
    crashes: dict[int, int] = {}

    def again(index: int, seconds: float) -> bool:
        assert seconds >= 0
        crashes[index] = crashes.get(index, 0) + 1
        return crashes[index] <= allowed

    begun: list[int] = []
    ends = list(
        run_tasks(Planted, (tmp_path,), tasks, workers=workers, began=begun.append, again=again, stall_seconds=stall)
    )
    assert sorted(done.index for done in ends) == list(range(len(tasks))), "every task ends exactly once"
    assert set(begun) == set(range(len(tasks)))
    return {done.index: done for done in ends}


@pytest.mark.parametrize("workers", [1, 3])
def test_results_are_the_same_for_any_number_of_workers(tmp_path: Path, workers: int) -> None:
    ends = run(tmp_path, [1, 2, 3, 4, 5], workers)
    assert [ends[i].result for i in range(5)] == [1, 4, 9, 16, 25]


def test_a_task_that_kills_its_worker_twice_is_crashed_and_the_others_go_on(tmp_path: Path) -> None:
    ends = run(tmp_path, ["die", 2, "die once", 3], 2)
    assert ends[0].error == "crashed"
    assert not ends[0].defect
    assert (ends[1].result, ends[2].result, ends[3].result) == (4, "die once", 9)


def test_a_defect_ends_its_task_with_its_traceback(tmp_path: Path) -> None:
    ends = run(tmp_path, ["raise", 2], 1)
    assert ends[0].defect
    assert "ArithmeticError: planted" in str(ends[0].error)
    assert ends[1].result == 4


def test_a_worker_that_says_nothing_is_killed_and_its_task_is_a_timeout(tmp_path: Path) -> None:
    started = time.monotonic()
    ends = run(tmp_path, ["hang", 2], 1, stall=10.0)
    assert ends[0].error == "timeout"
    assert ends[1].result == 4
    assert time.monotonic() - started < 120


def test_no_workers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be at least 1. Got 0"):
        run(tmp_path, [1], 0)
