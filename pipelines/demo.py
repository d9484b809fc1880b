"""``viva demo``: score the bundled interviews, words, voice and face, and compare with what was planted in them."""

from collections import defaultdict
from importlib.resources import as_file, files
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from vivavoce.models.score import OVERALL
from vivavoce.pipelines.score import EXIT_ALL_SCORED, EXIT_BAD_INPUT, EXIT_INTERRUPTED, run_score
from vivavoce.pipelines.scoring.batch import Request
from vivavoce.pipelines.scoring.configuration import Profile

QUALITIES = ("strong", "middling", "weak")


def run_demo(out: Path, workers: int) -> int:
    """Score the demo interviews; returns 0 where every one ended as planted.

    Some of them are broken on purpose, so that ``viva score`` itself ends with 3 here.
    """
    said = Console(stderr=True)
    with as_file(files("vivavoce.data").joinpath("demo")) as folder:
        request = Request(
            manifest=folder / "manifest.jsonl", framework=None, out=out, workers=workers, asr="provided", weights=None,
            profile=Profile.ALL, encoder="auto", frames_per_second=5.0, consent_on_file=None, skip_bad_rows=False,
            csv=False,
        )  # fmt: skip
        said.print("Thirteen made-up interviews; five are flawed on purpose.", highlight=False)
        status = run_score(request, console=said)
        if status in (EXIT_BAD_INPUT, EXIT_INTERRUPTED):
            return status
        planted = yaml.safe_load((folder / "expected.yaml").read_text(encoding="utf-8"))
    return compare(out, planted, said)


def compare(out: Path, planted: dict[str, dict[str, Any]], said: Console) -> int:
    """Say whether the interviews ended as planted, and whether better answers scored higher."""
    import pyarrow.parquet

    ended = {row["interview_id"]: row for row in pyarrow.parquet.read_table(out / "status.parquet").to_pylist()}
    wrong = [
        f"{name} must end as {plan['status']}({plan['reason']}) and ended as {row['status']}({row['reason']})"
        for name, plan in planted.items()
        if (row := ended[name]) and (row["status"], row["reason"]) != (plan["status"], plan["reason"])
    ]
    overall = {
        row["interview_id"]: row["score"]
        for row in pyarrow.parquet.read_table(out / "scores.parquet").to_pylist()
        if row["competency"] == OVERALL and row["score"] is not None
    }
    groups: defaultdict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for name, plan in planted.items():
        if name in overall and plan["quality"]:
            groups[plan["job"], plan["language"]][plan["quality"]].append(overall[name])
    for (job, language), by_quality in groups.items():
        found = [f"{quality} {_points(by_quality[quality])}" for quality in QUALITIES if by_quality[quality]]
        said.print(f"Planted quality, {job.replace('_', ' ')} in {language}: {', '.join(found)}", highlight=False)
        levels = [by_quality[quality] for quality in QUALITIES if by_quality[quality]]
        wrong += [
            f"{job} in {language}: a weaker answer scored as high as a better one"
            for better, worse in pairwise(levels)
            if min(better) <= max(worse)
        ]
    for line in wrong:
        said.print(line, style="red", highlight=False)
    said.print(f"Open {out / 'report.html'} in a browser.", highlight=False, soft_wrap=True)
    return EXIT_ALL_SCORED if not wrong else 1


def _points(values: list[float]) -> str:
    return " and ".join(f"{value:.0f}" for value in values)
