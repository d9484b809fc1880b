"""Memory does not grow with length: a recording of hours takes what one of minutes takes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.proof import proof_count

ROOT = Path(__file__).parents[2]
FILLED_MIN = 4  # from here on a batch of windows is full
GROWTH_MIB = 64  # allowed from there to three hours: words with their times, and chance


@pytest.mark.proof
def test_memory_is_flat(record_property: Callable[[str, object], None]) -> None:
    seen = {}
    for minutes in (FILLED_MIN, proof_count(8, 180)):
        command = [sys.executable, "-m", "tests.pipelines.memory", str(minutes)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        words, seen[minutes] = map(int, ran.stdout.split())
        assert words > 20 * minutes
        record_property(f"MiB at {minutes} min", seen[minutes])
    assert max(seen.values()) - seen[FILLED_MIN] < GROWTH_MIB
