"""What a command costs with everything that it starts: processor time to the last orphan, wall time, peak memory."""

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

PARENT = """
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER of linux/prctl.h
code = subprocess.call(sys.argv[1:])
while True:
    try:
        os.waitpid(-1, 0)
    except ChildProcessError:
        os._exit(code)
"""
LOOK_S = 0.1  # between two looks at the memory
MEBI = 2**20


@dataclass
class Cost:
    """Processor and wall seconds, and the peak resident memory of each process (MiB) by its role, largest first."""

    cpu_s: float = 0.0
    wall_s: float = 0.0
    peaks: dict[str, list[float]] = field(default_factory=dict)


def run(command: Sequence[str], *, environment: dict[str, str], ends: int = 0) -> Cost:
    """Run a command to its end, which must be this exit status, and count all that it started.

    Its parent is a process that adopts what the command leaves behind and waits for it, so that nobody's time is lost.
    """
    cost, before, begun = Cost(), _children_cpu(), time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", PARENT, *command],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with _memory_watched(process.pid, cost):
        _, said = process.communicate()
    cost.wall_s = time.monotonic() - begun
    if process.returncode != ends:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {said}")
    cost.cpu_s = _children_cpu() - before
    return cost


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def _memory_watched(root: int, cost: Cost) -> Iterator[None]:
    peaks: dict[tuple[str, int], float] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(LOOK_S):
            for process in _family(root):
                _look(process, peaks)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for (role, _), peak in sorted(peaks.items(), key=lambda item: -item[1]):
            cost.peaks.setdefault(role, []).append(peak)


def _family(root: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(root)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _look(process: psutil.Process, peaks: dict[tuple[str, int], float]) -> None:
    try:
        command, mebi = " ".join(process.cmdline()), process.memory_info().rss / MEBI
    except psutil.NoSuchProcess:
        return
    role = next((role for mark, role in ROLES.items() if mark in command), "main")
    peaks[role, process.pid] = max(mebi, peaks.get((role, process.pid), 0.0))


ROLES = {"vivavoce.data.media.child": "decoder", "spawn_main": "worker", "resource_tracker": "tracker"}
