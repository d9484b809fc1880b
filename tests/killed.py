"""Programs that are killed: at a random moment, with what they had said by then; or before each step on files."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

A_STEP_S = 0.005  # about what one durable write takes: the kill lands anywhere between two of them


def killed(program: str, *arguments: object, within: int, moment: random.Random) -> list[str]:
    """Run a Python program, send it SIGKILL a random moment after one of its first lines, return the lines it said.

    Its first line says that it is ready and is not returned; the kill comes after at least 1 and at most ``within``
    further lines, however busy the machine. Every line must be flushed: it stands for a promise made.
    """
    process = start(program, *arguments)
    assert process.stdout is not None
    assert process.stdout.readline(), "the program ended before it was ready"
    said = [process.stdout.readline() for _ in range(moment.randint(1, within))]
    time.sleep(moment.uniform(0, A_STEP_S))
    process.send_signal(signal.SIGKILL)
    said += process.communicate()[0].splitlines(keepends=True)
    assert process.returncode in (-signal.SIGKILL, 0)
    return [line.strip() for line in said if line.endswith("\n")]  # what follows the last newline was cut off


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a Python program whose ``sys.argv[1:]`` are the arguments."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)], stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )


STEPS = """
import importlib, os, pathlib, signal, sys
module, prepare, work, root = importlib.import_module(sys.argv[1]), sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4])
TOUCHING = {"open", "os.link", "os.mkdir", "os.remove", "os.rename"}
for step in range(1, 1000):
    folder = root / str(step)
    folder.mkdir()
    getattr(module, prepare)(folder)
    child = os.fork()
    if child == 0:
        left = step
        def count(event, arguments):
            global left
            if event in TOUCHING and str(folder) in str(arguments[0]):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(count)
        getattr(module, work)(folder)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
"""


def killed_before_every_step(module: str, prepare: str, work: str, root: Path) -> list[Path]:
    """Run ``work(folder)`` of a module again and again, each time killed one step further, until it gets through.

    A step is whatever opens, links, makes, removes or renames something in the folder; ``prepare(folder)`` runs before.
    Returns the folders as they were left, the completed one last.
    """
    subprocess.run([sys.executable, "-c", STEPS, module, prepare, work, str(root)], check=True, timeout=120)
    return sorted(root.iterdir(), key=lambda folder: int(folder.name))
