"""The commands for what is in use, as typed: options reach what they name, what cannot be meant is refused."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.pipelines.registries import environment
from tests.pipelines.test_shadow import version, write_features
from tests.pipelines.watched import make_keys, people, write_folder
from vivavoce.pipelines.app import app


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    for name, value in {**environment(tmp_path), "VIVA_PROJECT_KEY": str(tmp_path / "project.key")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "300")  # what is looked for stands on one line


def ask(*arguments: object) -> tuple[int, str]:
    found = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return found.exit_code, " ".join(found.output.split())


def test_monitor_and_review(tmp_path):
    rng = np.random.default_rng(0)
    months = [people(rng, month, 40) for month in ("2026-01", "2026-05")]
    reference, out = (write_folder(tmp_path / f"b{i}", frame) for i, frame in enumerate(months))
    make_keys(out, tmp_path, list(months[1]["candidate_id"]))
    candidate = months[1].loc[months[1]["scored"], "candidate_id"].iloc[0]
    given = ("--candidate", candidate, "--after", "60", "--reason", "read again", "--reviewer", "ben")
    assert ask("review", out, *given)[0] == 0
    assert ask("review", out, "--export", tmp_path)[0] == 0
    status, said = ask(
        "monitor", out, "--reference", reference, "--out", tmp_path / "m", "--reviews", tmp_path / "reviews.csv"
    )
    assert (status, "Quiet" in said) == (0, True)
    [seen] = json.loads((tmp_path / "m" / "monitor.json").read_text())["reviewed"]
    assert (seen["window"], seen["n"]) == ("2026-05", 1)


def test_a_review_needs_its_reason_and_is_not_exported_at_once(tmp_path):
    given = ("review", tmp_path, "--candidate", "c1", "--after", "60")
    assert "needs --candidate, --after, --reason and --reviewer" in ask(*given, "--reviewer", "ben")[1]
    assert "either keeps one review" in ask(*given, "--export", "r")[1]
    assert ask(*given, "--reviewer", "ben", "--reason", "")[0] == 2


def test_shadow_stages_and_questions(tmp_path):
    features = write_features(tmp_path / "features.parquet", n=60)
    pair = ("--champion", version(tmp_path / "v1", 0.0), "--challenger", version(tmp_path / "v2", 0.5))
    assert ask("model", "shadow", features, *pair, "--select", "0.3", "--out", tmp_path / "s")[0] == 0
    stages = pd.DataFrame({"candidate_id": [f"c{i}" for i in range(40)], "stage": "x", "passed": np.resize([0, 1], 40)})
    stages.assign(site=np.repeat(["a", "b"], 20)).to_csv(tmp_path / "t.csv", index=False)
    assert ask("fair", "stages", tmp_path / "t.csv", "--out", tmp_path)[0] == 0
    level = np.random.default_rng(0).normal(50, 15, 200).clip(0, 100)
    questions = [
        pd.DataFrame({"candidate_id": [f"c{i}" for i in range(200)], "question_id": name, "score": level})
        for name in ("q1", "q2", "q3")
    ]
    pd.concat(questions).to_csv(tmp_path / "q.csv", index=False)
    assert ask("fair", "questions", tmp_path / "q.csv", "--out", tmp_path / "bank")[0] == 0
    other = [table.assign(job="other") for table in questions]
    pd.concat([table.assign(job="one") for table in questions] + other).to_csv(tmp_path / "two.csv", index=False)
    status, said = ask("fair", "questions", tmp_path / "two.csv", "--out", tmp_path / "bank")
    assert (status, "Name one with --job" in said) == (2, True)
    assert ask("fair", "questions", tmp_path / "two.csv", "--out", tmp_path / "bank", "--job", "other")[0] == 0
