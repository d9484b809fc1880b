"""Programs that are killed at a random moment, and what they had said by then."""

import random
import signal
import subprocess
import sys
import time


def killed(program: str, *arguments: object, within_s: float, moment: random.Random) -> list[str]:
    """Run a Python program, send it SIGKILL within ``within_s`` seconds of its first line, return the lines it said.

    Its first line says that it is ready and is not returned. Every line must be flushed: it stands for a promise made.
    """
    process = start(program, *arguments)
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first, "the program ended before it was ready"
    time.sleep(moment.uniform(0, within_s))
    process.send_signal(signal.SIGKILL)
    said, _ = process.communicate()
    assert process.returncode in (-signal.SIGKILL, 0)
    return [line for line in said.split("\n")[:-1] if line]  # what follows the last newline was cut off


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a Python program whose ``sys.argv[1:]`` are the arguments."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)], stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
