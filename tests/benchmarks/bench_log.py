"""What the event log costs: appending in batches and one by one, verifying, proving; beside plain appended lines."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks import Figure
from tests.data.log.logs import Place, events, make_log
from vivavoce.data.log.log import verify_log
from vivavoce.data.log.tree import consistency_proof, inclusion_proof, leaf_hash

BATCH = 1000  # events that share two syncs of the disk and one signature


def run(reduced: bool = False) -> list[Figure]:
    """Wall seconds on this machine's temporary folder, preparing the events left out."""
    size = 10_000 if reduced else 100_000
    batches = [events(BATCH) for _ in range(size // BATCH)]
    with _scratch() as folder:
        place = make_log(folder)
        with place.open() as log:
            begun = time.perf_counter()
            for batch in batches:
                log.append(batch)
            appending = size / (time.perf_counter() - begun)
        plain = size / _plain(folder / "plain", [[event.line(0) for event in batch] for batch in batches])
        begun = time.perf_counter()
        read = verify_log(place.folder, place.trust)
        verifying = time.perf_counter() - begun
        leaves = [leaf_hash(line) for line in read.lines]
        begun = time.perf_counter()
        inclusion_proof(leaves, size // 2)
        consistency_proof(leaves, size // 2)
        proving = time.perf_counter() - begun
        single = _single(place, 200 if reduced else 1000)
    return [
        Figure(f"append {size} events in batches of {BATCH}", f"{appending:,.0f} a second", None, "≥ 10,000 a second"),
        Figure("the same lines appended and synced, without heads", f"{plain:,.0f} a second", appending / plain),
        Figure("append one by one, each synced and signed", f"{single:,.0f} a second"),
        Figure(f"verify {size} events", f"{verifying:.2f} s", None, "≤ 5 s (100,000 events)"),
        Figure(f"one proof of inclusion and one of consistency among {size} events", f"{proving:.2f} s"),
    ]


def _plain(path: Path, batches: list[list[bytes]]) -> float:
    """Seconds for the same bytes in the same batches, synced twice as the log does."""
    begun = time.perf_counter()
    with path.open("ab", buffering=0) as stream:
        for lines in batches:
            stream.write(b"".join(line + b"\n" for line in lines))
            os.fsync(stream.fileno())
            os.fsync(stream.fileno())
    return time.perf_counter() - begun


def _single(place: Place, size: int) -> float:
    """Events a second where each is a batch of its own, the log held open."""
    found = events(size)
    with place.open() as log:
        begun = time.perf_counter()
        for event in found:
            log.append([event])
        return size / (time.perf_counter() - begun)


@contextmanager
def _scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
