"""The golden run, stage by stage, as nested plain values. What it knows of the product stands in its first part."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file
from typer.testing import CliRunner

from tests.golden.plain import Json, plain
from tests.golden.planted import Months, Tables, make_clips, make_months, make_tables
from tests.pipelines.cohort import write_scores
from tests.pipelines.registries import environment
from tests.pipelines.runs import ROWS, batch, score_demo, start
from vivavoce.models.directory import load_model
from vivavoce.pipelines.app import app

# ---- What this run knows of viva: commands, options, and the files that they leave. All of it is here. ----

MEASURED = ("--asr", "provided", "--encoder", "none")
CHAMPION = "models:/engineer@champion"
ANSWERS = ("interview_id", "question_id")
NOT_MEASURED = {"candidate_id", "job", "language", "asr_engine", "purposes", "site", "recorded_at"}
KINDS = ("linear", "rubric", "fusion")


def score(run: "Run", manifest: Path, out: Path, *more: object) -> int:
    return run.viva("score", manifest, "--out", out, *more)


def train(run: "Run", kind: str, out: Path) -> int:
    """Linear and rubric learn from everybody, fusion from some; the rubric keeps the biased question."""
    t, champion = run.tables, run.home / "linear"
    features, outcomes, framework, more = {
        "linear": (t.cohort.features, t.cohort.outcomes, t.cohort.shorter, ()),
        "rubric": (
            t.told.features, t.hired, t.cohort.framework, ("--criterion", "rating", "--selection", t.selection),
        ),
        "fusion": (t.few, t.cohort.outcomes, t.cohort.shorter, ("--champion", champion)),
    }[kind]  # fmt: skip
    return run.viva(
        "train", features, "--ratings", t.cohort.ratings, "--outcomes", outcomes, "--framework", framework,
        "--out", out, "--kind", kind, "--tracking-uri", "none", *more,
    )  # fmt: skip


def audit(run: "Run", kind: str, scores: Path, questions: Path, out: Path) -> int:
    """The linear version by everything that is known; the rubric by those hired out of all applicants."""
    t = run.tables
    more = {
        "linear": (
            "--outcomes", t.cohort.outcomes, "--features", t.cohort.features, "--ratings", t.looks, "--rating-scale",
            1, 5, "--recognition", t.heard, "--questions", questions, "--by", "sex",
        ),
        "rubric": (
            "--outcomes", t.employed, "--applicants", t.applicants, "--selected-on", "impression",
            "--questions", questions,
        ),
        "fusion": ("--outcomes", t.cohort.outcomes),
    }[kind]  # fmt: skip
    return run.viva(
        "audit", scores, "--groups", t.cohort.groups, "--out", out, "--select", 0.3, "--model", run.home / kind,
        "--reliability", 0.8, "--attribute", "sex=sex", *more,
    )  # fmt: skip


def keys(run: "Run") -> list[int]:
    """The exit statuses of making the log's key, the log, and the keys of an auditor and a publisher."""
    return [
        run.viva("keys", "create", "log", "--role", "log"),
        run.viva("log", "create"),
        run.viva("keys", "create", "auditor", "--role", "audit"),
        run.viva("keys", "create", "publisher", "--role", "publish"),
    ]


def publish(run: "Run", kind: str, out: Path) -> int:
    t = run.tables
    return run.viva(
        "publish", run.home / kind, "--audit", run.home / f"{kind}-audit", "--name", "engineer", "--out", out,
        "--key", "auditor", "--key", "publisher", "--features", t.few if kind == "fusion" else t.of(kind).features,
        "--groups", t.cohort.groups, *(("--check-only",) if kind == "fusion" else ()),
    )  # fmt: skip


def verify(run: "Run", bundle: Path) -> int:
    return run.viva("model", "verify", bundle)


def verify_log(run: "Run") -> int:
    return run.viva("log", "verify")


def monitor(run: "Run", months: Months, out: Path) -> int:
    return run.viva(
        "monitor", *months.later, "--reference", months.reference, "--out", out, "--model", CHAMPION,
        "--groups", months.groups, "--select", 0.3, "--reviews", months.reviews,
    )  # fmt: skip


def erase(run: "Run", out: Path, candidate: str) -> int:
    return run.viva("erase", out, "--candidate", candidate, "--reason", "Asked us to, by letter.")


def scored_cohort(run: "Run", kind: str) -> tuple[Path, Path]:
    """The cohort's overall scores by a version, and those of single questions: two tables."""
    model, digest = load_model(run.home / kind)
    return write_scores(model, digest, run.tables.of(kind), run.home / f"{kind}-scores")


def version_of(folder: Path) -> tuple[Json, dict[str, np.ndarray], dict[str, Json]]:
    """A version's own numbers, its arrays, and its documents by name."""
    documents = {path.stem: read(path) for path in folder.glob("*.json")}
    head = documents.pop("model")
    for name in ("manifest", "framework"):
        documents.pop(name)
    return head, load_file(folder / "weights.safetensors"), documents


def audit_of(folder: Path) -> Json:
    return read(folder / "audit.json")


def gate_of(bundle: Path) -> Json:
    return read(bundle.with_name(f"{bundle.name}.gate.json"))


def monitored(folder: Path) -> Json:
    return read(folder / "monitor.json")


def table(out: Path, name: str) -> pd.DataFrame:
    """``features``, ``scores``, ``questions``, ``status`` or ``absent`` of an output folder."""
    return pq.read_table(out / f"{name}.parquet").to_pandas()


def logged(home: Path) -> list[Json]:
    lines = (home / "log" / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [{name: event.get(name) for name in ("action", "details")} for event in map(json.loads, lines)]


def read(path: Path) -> Json:
    return json.loads(path.read_text(encoding="utf-8"))


# ---- The stages: what of that is kept. ----


@dataclass
class Run:
    """One run in a folder; each stage is made once, after those that it rests on.

    ``demo`` is the scored demo where somebody scored it already, ``clips`` the folder of real clips where there is one.
    """

    home: Path
    demo: Path | None = None
    clips: Path | None = None
    made: dict[str, Json] = field(default_factory=dict)

    def __getitem__(self, stage: str) -> Json:
        if stage not in self.made:
            for needed in NEEDS.get(stage, ()):
                self[needed]
            self.made[stage] = plain(STAGES[stage](self))
        return self.made[stage]

    def viva(self, *arguments: object) -> int:
        """Run a command; its exit status. Scoring starts processes, and so gets one of its own."""
        words = [str(one) for one in arguments]
        places = {**environment(self.home), "VIVA_PROJECT_KEY": str(self.home / "project.key")}
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**places, **threads}.items():
                patch.setenv(name, value)
            if words[0] == "score":
                said, _ = (process := start(*words)).communicate(timeout=600)
                status = process.returncode
            else:
                found = CliRunner().invoke(app, words)
                if found.exception is not None and not isinstance(found.exception, SystemExit):
                    raise found.exception
                said, status = found.output, found.exit_code
        print(f"viva {words[0]}: {status}\n{said}")  # shown where a test fails
        return status

    @cached_property
    def tables(self) -> Tables:
        return make_tables(self.home / "tables")


def demo_stage(run: Run) -> Json:
    out = run.demo or score_demo(run.home / "demo")
    return scored(out)


def train_stage(run: Run) -> Json:
    return {kind: _trained(run, kind) for kind in KINDS}


def _trained(run: Run, kind: str) -> Json:
    status = train(run, kind, run.home / kind)
    head, arrays, documents = version_of(run.home / kind)
    scores, questions = (_summed(path) for path in scored_cohort(run, kind))
    version = {**head, "arrays": {name: _array(values) for name, values in arrays.items()}}
    return {"status": status, "version": version, "scores": scores, "questions": questions, **documents}


def _array(values: np.ndarray) -> Json:
    """A small array whole; of a large one its shape, exact sums, and its first values."""
    flat = values.astype(np.float64).ravel().tolist()
    if len(flat) <= 64:
        return flat
    sums = {"sum": math.fsum(flat), "squares": math.fsum(one * one for one in flat)}
    return {"shape": list(values.shape), **sums, "first": flat[:8]}


def _summed(path: Path) -> Json:
    """Scores of the first people, and the exact sum of everybody's."""
    found = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, float_precision="round_trip")
    by = "question_id" if "question_id" in found else "competency"
    return {
        name: {
            **dict(zip(rows["candidate_id"][:12], rows["score"][:12].tolist(), strict=True)),
            "people": int(rows["score"].notna().sum()),
            "sum": math.fsum(rows["score"].dropna()),
        }
        for name, rows in found.groupby(by)
    }


def audit_stage(run: Run) -> Json:
    found = {}
    for kind in KINDS:
        out = run.home / f"{kind}-audit"
        status = audit(run, kind, *scored_cohort(run, kind), out)
        found[kind] = {"exit": status, **_short(audit_of(out))}
    return found


def _short(document: Json) -> Json:
    """Primary tables and findings whole; of the many exploratory ones what is judged. No texts of rule packs."""
    kept = ("attribute", "cut", "comparator")
    judged = ("group", "impact_ratio", "score_low", "score_high", "mid_p", "adjusted_p", "verdict")
    tables = [
        one
        if one["family"] == "primary"
        else {
            **{name: one[name] for name in kept},
            "rows": [{name: row[name] for name in judged} for row in one["rows"]],
        }
        for one in document["tables"]
    ]
    findings = [
        one
        if one["family"] == "primary"
        else [one["where"].get(name) for name in ("attribute", "group", "measure", "cut")] + [one["size"]]
        for one in document["findings"]
    ]
    checks = {f"{one['pack']} {one['check']}": one["answer"] for one in document["checks"]}
    return {**document, "findings": findings, "tables": tables, "checks": checks, "rules": None}


def publish_stage(run: Run) -> Json:
    found: dict[str, Json] = {"keys": keys(run)}
    for kind in ("rubric", "fusion", "linear"):  # the last one is admitted
        bundle = run.home / f"{kind}-bundle"
        found[kind] = {"exit": publish(run, kind, bundle), **gate_of(bundle)}
    return {**found, "verified": verify(run, run.home / "linear-bundle")}


def production_stage(run: Run) -> Json:
    """Two interviews in English and one in Chinese, of which the champion knows nothing."""
    folder = run.home / "production"
    folder.mkdir()
    manifest = batch(folder, [ROWS[name] for name in ("c01", "c02", "c04")])
    status = score(run, manifest, folder / "out", "--model", CHAMPION, "--production", *MEASURED)
    return {"exit": status, **scored(folder / "out")}


def monitor_stage(run: Run) -> Json:
    out = run.home / "monitor"
    status = monitor(run, make_months(run.home / "months"), out)
    return {"exit": status, **monitored(out)}


def erase_stage(run: Run) -> Json:
    out = run.home / "production" / "out"
    statuses = [erase(run, out, who) for who in ("p02", "p02", "nobody")]
    left = {name: sorted(set(table(out, name)["interview_id"])) for name in ("features", "scores", "questions")}
    status = dict(table(out, "status")[["interview_id", "status"]].itertuples(index=False))
    return {
        "exit": statuses, "left": left, "status": status, "report": (out / "report.html").exists(),
        "log": logged(run.home), "verified": verify_log(run),
    }  # fmt: skip


def clips_stage(run: Run) -> Json:
    assert run.clips is not None, "a run without clips has no such stage"
    manifest = make_clips(run.home / "clips", run.clips)
    status = score(run, manifest, run.home / "clips" / "out", "--profile", "all", *MEASURED)
    return {"exit": status, **scored(run.home / "clips" / "out")}


def scored(out: Path) -> Json:
    """An output folder's tables: features by column and answer, scores by interview and competency."""
    features = table(out, "features").set_index(list(ANSWERS))
    scores = table(out, "scores")
    single = table(out, "questions").groupby("interview_id")
    absent = table(out, "absent").groupby("reason")
    return {
        "features": {
            name: {" ".join(map(str, key)): value for key, value in features[name].items()}
            for name in features
            if name not in NOT_MEASURED
        },
        "recogniser": {" ".join(map(str, key)): value for key, value in features["asr_engine"].items()},
        "scores": {
            who: rows.set_index("competency")[["score", "low", "high", "status", "reason", "standing"]].T.to_dict()
            for who, rows in scores.groupby("interview_id")
        },
        "questions": {who: dict(zip(rows["question_id"], rows["score"], strict=True)) for who, rows in single},
        "status": table(out, "status").set_index("interview_id")[["status", "reason", "media"]].T.to_dict(),
        "absent": {reason: rows["feature"].value_counts().sort_index().to_dict() for reason, rows in absent},
    }


STAGES: dict[str, Callable[[Run], Any]] = {
    "demo": demo_stage, "train": train_stage, "audit": audit_stage, "publish": publish_stage,
    "production": production_stage, "monitor": monitor_stage, "erase": erase_stage, "clips": clips_stage,
}  # fmt: skip
NEEDS = {
    "audit": ("train",), "publish": ("audit",), "production": ("publish",), "monitor": ("production",),
    "erase": ("monitor",),
}  # fmt: skip
