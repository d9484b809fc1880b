"""One million scores, four attributes, twenty cuts: seconds and memory, beside fairlearn's selection rates alone."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from tests.benchmarks import Figure

PEOPLE = 1_000_000
CUTS = 20
LEVELS = {"sex": "fm", "race": "abcdefg", "age": "abcd", "disability": "yn"}
MOST_SECONDS, MOST_GIB = 30, 2
AUDIT = """
import resource, sys, time
from pathlib import Path
from vivavoce.pipelines.audit import AuditRequest, run_audit
folder = Path(sys.argv[1])
began = time.perf_counter()
run_audit(AuditRequest(folder / "scores.csv", folder / "groups.csv", folder / "out", cut=55.0))
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def run(reduced: bool) -> list[Figure]:
    """Audit a planted cohort in a process of its own; ``reduced`` takes a tenth of the people."""
    n = PEOPLE // 10 if reduced else PEOPLE
    rng = np.random.default_rng(0)
    groups = {name: rng.choice(list(levels), n) for name, levels in LEVELS.items()}
    scores = rng.normal(50, 10, n).round(3)
    with tempfile.TemporaryDirectory() as folder:
        ids = [f"c{i:07d}" for i in range(n)]
        pd.DataFrame({"candidate_id": ids, "score": scores}).to_csv(Path(folder, "scores.csv"), index=False)
        pd.DataFrame({"candidate_id": ids, **groups}).to_csv(Path(folder, "groups.csv"), index=False)
        done = subprocess.run([sys.executable, "-c", AUDIT, folder], capture_output=True, text=True, check=True)
    seconds, gib = map(float, done.stdout.split())
    baseline = fairlearn_seconds(scores, groups)
    whole = f"{n:,} scores × {len(LEVELS)} attributes × {CUTS} cuts"
    return [
        Figure(f"{whole}: read, judge, report", f"{seconds:.1f} s", seconds / baseline, f"≤ {MOST_SECONDS} s"),
        Figure("the same, peak memory", f"{gib:.2f} GiB", None, f"≤ {MOST_GIB} GiB"),
        Figure("fairlearn: selection rates alone, in memory", f"{baseline:.1f} s", 1.0),
    ]


def fairlearn_seconds(scores: np.ndarray, groups: dict[str, np.ndarray]) -> float:
    """Time of ``MetricFrame`` with ``selection_rate``, every attribute at one cut, times the cuts."""
    from fairlearn.metrics import MetricFrame, selection_rate

    selected = (scores >= np.median(scores)).astype(int)
    began = time.perf_counter()
    for labels in groups.values():
        _ = MetricFrame(metrics=selection_rate, y_true=selected, y_pred=selected, sensitive_features=labels).by_group
    return (time.perf_counter() - began) * CUTS
