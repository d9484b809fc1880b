"""The output folder: its tables, its report, and ``run.json``, which is written last and says that all is there.

How far a run is: a bar with rate and remaining time on a terminal, one plain line per interview elsewhere.
"""

import json
import platform
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from vivavoce import __version__
from vivavoce.data.ledger import Run
from vivavoce.data.status import COMPLETE
from vivavoce.data.vault.durable import sweep
from vivavoce.models.score import OVERALL, Standing
from vivavoce.pipelines.report.blocks import LANGUAGES, Sentence
from vivavoce.pipelines.scoring.batch import Batch
from vivavoce.pipelines.scoring.configuration import declared_features
from vivavoce.pipelines.scoring.outputs import (
    Column,
    Result,
    Row,
    absent_table,
    columns_used,
    features_table,
    questions_table,
    scores_table,
    status_table,
    write_csv,
    write_parquet,
    write_whole,
)
from vivavoce.pipelines.scoring.reading import reading_account
from vivavoce.pipelines.scoring.report import status_counts, write_report

TABLES = ("scores", "questions", "status", "features", "absent")
LIBRARIES = (
    "av",
    "librosa",
    "mediapipe",
    "numpy",
    "openai-whisper",
    "opencv-contrib-python",
    "scipy",
    "silero-vad",
    "torch",
    "transformers",
)
SHOWN = 30  # rows of the closing table on a terminal


def recorded_versions() -> dict[str, str]:
    """What ran: vivavoce, Python and the libraries that numbers depend on."""
    return {"vivavoce": __version__, "python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def is_finished(out: Path, batch: Batch, *, csv: bool) -> bool:
    """Whether an earlier run wrote everything that this one would, beside the same norms."""
    wanted = [f"{name}.parquet" for name in TABLES] + ["report.html", "run.json"]
    wanted += [f"{name}.csv" for name in TABLES] if csv else []
    if not all((out / name).is_file() for name in wanted):
        return False
    told: object = json.loads((out / "run.json").read_text(encoding="utf-8")).get("norms")
    return told == norms_document(batch)


def write_folder(out: Path, rows: Sequence[Row], batch: Batch, runs: Sequence[Run], *, csv: bool) -> None:
    """Write every file of a finished run."""
    (out / "run.json").unlink(missing_ok=True)
    sweep(out, older_s=0)  # what a killed run of this folder had begun to write
    for name, table in tables(rows, batch).items():
        write_parquet(table, out / f"{name}.parquet")
        if csv:
            write_csv(table, out / f"{name}.csv")
    run = run_document(rows, batch, runs)
    write_report(out / "report.html", rows, batch.frameworks, declared_features(), run, batch.norms)
    text = json.dumps(run, indent=2, ensure_ascii=False) + "\n"
    write_whole(out / "run.json", lambda temporary: Path(temporary).write_text(text, encoding="utf-8"))


def tables(rows: Sequence[Row], batch: Batch) -> dict[str, pa.Table]:
    """Every table of the folder by name."""
    features = declared_features()
    names = {name: name if name in features else name.rpartition(".")[0] for name in columns_used(rows)}
    prints = batch.configuration.fingerprints
    columns = [Column(name, features[declared], prints[declared]) for name, declared in names.items()]
    return {
        "scores": scores_table(rows, batch.standing, batch.configuration.models),
        "questions": questions_table(rows),
        "status": status_table(rows),
        "features": features_table(rows, columns),
        "absent": absent_table(rows, columns),
    }


def run_document(rows: Sequence[Row], batch: Batch, runs: Sequence[Run]) -> dict[str, Any]:
    """The content of ``run.json``: versions, configuration, models, counts, seconds."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for row in rows:
        for stage, spent in row.result.seconds.items():
            seconds[stage] += spent
    configuration = batch.configuration
    return {
        "versions": recorded_versions(),
        "configuration": configuration.document(),
        "fingerprint": configuration.fingerprint,
        "norms": norms_document(batch),
        "models": sorted({*configuration.models.values(), *(row.result.model_digest or "" for row in rows)} - {""}),
        "standing": weakest([batch.standing(job) for job in configuration.frameworks]).value,
        "counts": {status.value: count for status, count in status_counts(rows)},
        "rows": len(rows),
        "seconds": {stage: round(spent, 3) for stage, spent in seconds.items()},
        "runs": [{"started": run.started, "ended": run.ended, "pid": run.pid, "host": run.host} for run in runs],
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        **({"reader": reading_account(rows, batch.settings.desk)} if batch.settings.desk else {}),
        "notes": notes(batch, rows),
        **({"map": dict(batch.manifest.mapped)} if batch.manifest.mapped else {}),
    }


def norms_document(batch: Batch) -> dict[str, Any] | None:
    """Which norms the report compares with; they are in no score."""
    norms = batch.norms
    if norms is None:
        return None
    return {"digest": norms.digest, "made": norms.made, "people": norms.people, "answers": norms.answers}


def weakest(standings: Sequence[Standing]) -> Standing:
    """What may be said of a whole run: the standing of the model that has come least far.

    Examples
    --------
    >>> weakest([Standing.PUBLISHED, Standing.PROVISIONAL]), weakest([])
    (<Standing.PROVISIONAL: 'provisional'>, <Standing.EXPERIMENTAL: 'experimental'>)
    """
    return min(standings, key=list(Standing).index, default=Standing.EXPERIMENTAL)


def notes(batch: Batch, rows: Sequence[Row]) -> list[dict[str, str]]:
    """What a reader of the scores must know about this run, each in every language of the report."""
    configuration = batch.configuration
    said = [
        Sentence("batch", "scored_by", {"job": one.job.replace("_", " "), "meaning": one.model.meaning(one.digest)})
        for one in batch.settings.scorers.values()
    ]
    if not said:
        said = [Sentence("batch", "no_encoder" if configuration.encoder is None else "english_encoder")]
    if batch.settings.desk:
        told = reading_account(rows, batch.settings.desk)
        values = {name: "–" if told[name] is None else f"{told[name]:.2f}" for name in ("icc", "rubric")}
        said.append(Sentence("batch", "readings", {**values, "answers": told["ratings"], "scores": told["scores"]}))
    said += [
        Sentence(
            "batch", "one_language", {"job": job.replace("_", " "), "there": Sentence("batch", f"language_{there}")}
        )
        for job in configuration.frameworks
        for there, *more in [batch.frameworks[job].languages]
        if not more
    ]
    if configuration.asr == "pocketsphinx":
        said.append(Sentence("batch", "smoke_run"))
    if configuration.consent_on_file:
        said.append(Sentence("batch", "consent_on_file", {"policy": configuration.consent_on_file}))
    return [{language: sentence.said(language) for language in LANGUAGES} for sentence in said]


def summarise(said: Console, out: Path, rows: Sequence[Row]) -> None:
    """Print how the batch ended and where to look."""
    table = Table("interview", "status", "reason", "recording", "overall", title=None, box=None, pad_edge=False)
    for row in rows[:SHOWN]:
        overall = next((score.value for score in row.result.scores if score.competency == OVERALL), None)
        media = row.result.media.value if row.result.media else "–"
        points = "–" if overall is None else f"{overall:.0f}"
        table.add_row(row.result.interview_id, row.result.status.value, row.result.reason or "", media, points)
    said.print(table)
    if len(rows) > SHOWN:
        said.print(f"… and {len(rows) - SHOWN} more in status.parquet", highlight=False)
    counts = ", ".join(f"{count} {status.value}" for status, count in status_counts(rows))
    closing = f"{len(rows)} rows: {counts}. Report: {out / 'report.html'}"
    said.print(closing, markup=False, highlight=False, soft_wrap=True)
    if any(row.result.status not in COMPLETE for row in rows):
        said.print("Why a row was not scored: the column reason above and in status.parquet.", highlight=False)


class Progress:
    """Says what ended, and how long the rest will take.

    Parameters
    ----------
    console
        Where to; ``console.is_terminal`` decides between bar and lines.
    total
        Rows of the manifest.
    done
        Rows that an earlier run ended.
    """

    def __init__(self, console: Console, total: int, done: int) -> None:
        self.console = console
        self.total = total
        self.done = done
        self._begun = time.monotonic()
        self._ended_now = 0
        self._bar = Bar(
            TextColumn("[bold]interviews"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(elapsed_when_finished=False),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("interviews", total=total, completed=done, rate="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def ended(self, result: Result, seconds: float) -> None:
        """Count one row and say how it ended; rows with a reason are printed above the bar too."""
        self.done += 1
        self._ended_now += 1
        rate = self._ended_now / max(time.monotonic() - self._begun, 1e-9)
        self._bar.update(self._task, completed=self.done, rate=f"{3600 * rate:.0f}/h")
        because = f" ({result.reason})" if result.reason else ""
        line = f"{result.interview_id}: {result.status.value}{because}, {seconds:.1f} s"
        if not self.console.is_terminal:
            left = (self.total - self.done) / rate
            line = f"[{self.done}/{self.total}] {line}, {left:.0f} s left"
        if result.reason or not self.console.is_terminal:
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)
