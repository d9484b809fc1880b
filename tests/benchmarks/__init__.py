"""Benchmarks, never timed tests: ``make bench`` runs every ``bench_*.py`` here and prints ratios against a baseline.

Each module has ``run(reduced: bool) -> list[Figure]``; baseline and candidate are measured in the same run, since
machines are noisy.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table: what was compared, what was measured, the ratio, and the target where there is one."""

    what: str
    measured: str
    ratio: float | None = None
    target: str = ""
