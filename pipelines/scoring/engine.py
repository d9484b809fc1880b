"""The engine of this machine: long-lived workers, one interview at a time each, restarted when they die.

Workers are spawned (never forked: their libraries hold threads), load their models once and get one task after the
other. What a task returns does not depend on which worker ran it or in which order.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Protocol

STALL_SECONDS = 3600.0  # silence of a worker after which it is taken for hung; the longest stage of 3 h stays below
PR_SET_PDEATHSIG = 1


class Job(Protocol):
    """What a worker does: built once per worker, then called once per task. ``beat`` says that it is alive."""

    def __call__(self, task: Any, beat: Callable[[str], None]) -> Any:
        """Run one task and return its picklable result."""


@dataclass(frozen=True)
class Done:
    """One task's end: its result, or the error that no status covers."""

    index: int
    result: Any | None = None
    error: str | None = None  # "crashed" or "timeout" where the worker died, else the defect's traceback
    defect: bool = False  # True: the program is wrong, not the file


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    index: int | None = None
    since: float = 0.0  # when the task began, monotonic seconds
    heard: float = 0.0  # when the worker last said something


def run_tasks(
    build_job: Callable[..., Job],
    arguments: Sequence[object],
    tasks: Sequence[Any],
    *,
    workers: int,
    began: Callable[[int], object],
    again: Callable[[int, float], bool],
    stall_seconds: float = STALL_SECONDS,
) -> Iterator[Done]:
    """Run every task in one of ``workers`` processes; yields each task's end as it comes, in any order.

    Parameters
    ----------
    build_job
        Importable function that builds the job inside the worker from ``arguments`` (both are pickled).
    tasks
        Picklable tasks; ``Done.index`` is the position here.
    workers
        Number of processes, ≥ 1. Results are the same for every number.
    began
        Called with a task's index before a worker gets it.
    again
        Called with the index of a task whose worker died and the seconds that it took; whether to try it once more
        (a worker may have been killed from outside) or to end it as ``crashed``.
    stall_seconds
        Seconds without a sign of life after which a worker is killed and its task ends as ``timeout``.

    Raises
    ------
    ValueError
        If ``workers`` is below 1.
    """
    if workers < 1:
        raise ValueError(f"The 'workers' parameter must be at least 1. Got {workers} instead.")
    waiting = deque(range(len(tasks)))
    pool = [_start(build_job, arguments) for _ in range(min(workers, len(tasks)))]
    try:
        while waiting or any(worker.index is not None for worker in pool):
            for worker in pool:
                if worker.index is None and waiting:
                    began(waiting[0])
                    _assign(worker, waiting.popleft(), tasks)
            for worker in _heard_from(pool, stall_seconds):
                done = _receive(worker, stall_seconds)
                if done is None:
                    continue
                if done.error in {"crashed", "timeout"}:
                    _stop(worker)
                    pool[pool.index(worker)] = _start(build_job, arguments)
                    if done.error == "crashed" and again(done.index, time.monotonic() - worker.since):
                        waiting.appendleft(done.index)
                        continue
                yield done
    finally:
        for worker in pool:
            _stop(worker)


def _start(build_job: Callable[..., Job], arguments: Sequence[object]) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, build_job, arguments, os.getpid()), name="viva-worker")
    process.start()
    theirs.close()
    return _Worker(process, ours, heard=time.monotonic())


def _assign(worker: _Worker, index: int, tasks: Sequence[Any]) -> None:
    worker.index = index
    worker.since = worker.heard = time.monotonic()
    try:
        worker.pipe.send((index, tasks[index]))
    except BrokenPipeError:
        return  # died while idle: the next look at its sentinel ends this attempt


def _heard_from(pool: Sequence[_Worker], stall_seconds: float) -> list[_Worker]:
    busy = [worker for worker in pool if worker.index is not None]
    ready = set(wait([w.pipe for w in busy] + [w.process.sentinel for w in busy], timeout=min(1.0, stall_seconds)))
    now = time.monotonic()
    return [w for w in busy if w.pipe in ready or w.process.sentinel in ready or now - w.heard > stall_seconds]


def _receive(worker: _Worker, stall_seconds: float) -> Done | None:
    """The worker's task's end, or None where it only said that it is alive."""
    index = worker.index
    assert index is not None
    if not worker.pipe.poll():
        if worker.process.is_alive():
            return Done(index, error="timeout") if time.monotonic() - worker.heard > stall_seconds else None
        return Done(index, error="crashed")
    try:
        kind, payload = worker.pipe.recv()
    except (EOFError, ConnectionResetError):
        return Done(index, error="crashed")
    worker.heard = time.monotonic()
    if kind == "beat":
        return None
    worker.index = None
    return Done(index, result=payload) if kind == "result" else Done(index, error=payload, defect=True)


def _stop(worker: _Worker) -> None:
    worker.pipe.close()
    if worker.process.is_alive():
        worker.process.kill()
    worker.process.join()
    worker.process.close()


def _work(pipe: Connection, build_job: Callable[..., Job], arguments: Sequence[object], parent: int) -> None:
    """The life of one worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides; a worker finishes nothing half
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)  # the parent died before the line above
    job = build_job(*arguments)
    while True:
        try:
            index, task = pipe.recv()
        except EOFError:
            return
        try:
            answer = ("result", job(task, lambda stage: pipe.send(("beat", stage))))
        except Exception:  # noqa: BLE001 - a defect ends one row, named with its traceback, and never the batch
            answer = ("defect", f"task {index}: {traceback.format_exc()}")
        pipe.send(answer)
