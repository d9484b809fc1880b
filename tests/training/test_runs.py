"""Every training leaves one record, with its search beneath it, and nothing about a person in it."""

import sqlite3
import subprocess
import sys

import pandas as pd
import pytest

from tests.commands import told
from tests.training.tables import COMPETENCIES, FILE, save, write
from vivavoce.data.errors import Exit
from vivavoce.models.directory import load_model
from vivavoce.pipelines.train import TrainingRequest
from vivavoce.pipelines.train import train as viva_train
from vivavoce.training.runs import NoTracking, Record, figures, record, tracking_uri

TRIALS = 3
PEOPLE, RATER, TRACE = "person-zq", "assessor-zq", "zq"  # a mark that no digest can hold by chance


def marked(folder):
    """Planted tables whose people and raters carry names that can be searched for."""
    paths = write(folder, n=60)
    answers = pd.read_parquet(paths["features"])
    for name in ("interview_id", "candidate_id"):
        answers[name] = PEOPLE + answers[name]
    save(answers, paths["features"])
    ratings = pd.read_csv(paths["ratings"])
    ratings = ratings.assign(interview_id=PEOPLE + ratings["interview_id"], rater=RATER + ratings["rater"])
    ratings.to_csv(paths["ratings"], index=False)
    later = pd.read_csv(paths["outcomes"])
    later.assign(candidate_id=PEOPLE + later["candidate_id"], rater=RATER + "boss").to_csv(
        paths["outcomes"], index=False
    )
    return paths


def train(folder, paths, name, **asked):
    request = TrainingRequest(**{**paths, "framework": FILE, "out": folder / name, **asked})
    return told(viva_train, request)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    tables, store = folder / "tables", folder / "store"
    tables.mkdir()
    store.mkdir()
    paths = marked(tables)
    asked = {"tracking": f"sqlite:///{store / 'runs.sqlite'}"}
    first = train(folder, paths, "v1", **asked)
    second = train(folder, paths, "v2", tune=TRIALS, champion=folder / "v1", seed=1, **asked)
    assert first[0] == second[0] == Exit.DONE, first[1] + second[1]
    return folder, store, second[1]


def client(store):
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=f"sqlite:///{store / 'runs.sqlite'}")


def runs(store):
    found = client(store)
    [experiment] = [one for one in found.search_experiments() if one.name == FILE.stem]
    return found.search_runs([experiment.experiment_id], max_results=100)


def test_one_run_for_each_training_and_one_below_it_for_each_trial(recorded):
    _, store, _ = recorded
    found = runs(store)
    parents = [one for one in found if "mlflow.parentRunId" not in one.data.tags]
    assert len(parents) == 2
    tuned = next(one for one in parents if one.data.params["trials"] == str(TRIALS))
    below = [one for one in found if one.data.tags.get("mlflow.parentRunId") == tuned.info.run_id]
    assert len(below) == TRIALS * len(COMPETENCIES)
    assert {one.data.params["competency"] for one in below} == set(COMPETENCIES)
    assert all("inner error" in one.data.metrics for one in below)


def test_a_run_holds_digests_figures_with_limits_and_the_version(recorded):
    folder, store, _ = recorded
    parents = [one for one in runs(store) if one.data.params.get("trials") == "0"]
    [one] = parents
    model, digest = load_model(folder / "v1")
    assert one.info.run_name == digest[:12]
    sheet = model.documents["datasheet"]
    assert one.data.params["sha256.ratings"] == sheet["digests"]["ratings"]
    ratings = model.documents["validity"]["ratings"]["teamwork"]["score"]
    for ending, name in (("", "value"), ("_low", "low"), ("_high", "high")):
        assert one.data.metrics[f"validity.ratings.teamwork.score{ending}"] == ratings[name]
    files = {item.path for item in client(store).list_artifacts(one.info.run_id, "model")}
    wanted = {"manifest.json", "datasheet.md", "datasheet.json", "weights.svg", "calibration.svg"}
    assert {f"model/{name}" for name in wanted} <= files


def test_the_champion_is_compared_and_the_verdict_said(recorded):
    folder, store, said = recorded
    found = load_model(folder / "v2")[0].documents["champion"]
    assert found["champion"] == load_model(folder / "v1")[1]
    assert found["overall"]["verdict"] in ("better", "not shown")
    assert "Against the champion" in said
    tuned = next(one for one in runs(store) if one.data.params.get("trials") == str(TRIALS))
    assert "champion.overall.difference_low" in tuned.data.metrics


def test_no_person_is_in_the_tracking_store(recorded):
    _, store, _ = recorded
    everything = [one for one in store.rglob("*") if one.is_file()]
    assert any(one.suffix == ".sqlite" for one in everything)
    assert any(one.name == "datasheet.md" for one in everything)
    assert [str(one) for one in everything if TRACE.encode() in one.read_bytes()] == []
    with sqlite3.connect(store / "runs.sqlite") as connection:
        dump = "\n".join(connection.iterdump())
    connection.close()
    assert TRACE not in dump
    assert {one.info.user_id for one in runs(store)} == {"unknown"}  # nor who ran it


def test_the_operator_reads_what_was_found(recorded):
    *_, said = recorded
    assert "Agreement with human ratings" in said
    assert "Settings found in 3 trials" in said


def test_undefined_numbers_are_not_recorded_as_zero():
    nothing = {"value": None, "low": None, "high": None, "reason": "too few"}
    assert dict(figures({"a": nothing, "b": {"c": {"value": 1, "low": 0.5, "high": 2.0}}})) == {
        "b.c": 1.0,
        "b.c_low": 0.5,
        "b.c_high": 2.0,
    }


def test_where_runs_go(tmp_path, monkeypatch):
    monkeypatch.delenv("VIVA_TRACKING", raising=False)
    assert tracking_uri(None, tmp_path / "models" / "v1") == f"sqlite:///{tmp_path / 'models' / 'runs.sqlite'}"
    monkeypatch.setenv("VIVA_TRACKING", "sqlite:////srv/all.sqlite")
    assert tracking_uri(None, tmp_path) == "sqlite:////srv/all.sqlite"
    assert tracking_uri("none", tmp_path) == "none"


def test_a_store_that_refuses_is_said_without_its_password(tmp_path, monkeypatch):
    monkeypatch.setattr("mlflow.store.db.utils.MAX_RETRY_COUNT", 1)  # it would try for more than a minute
    run = Record("job", "name", {}, {}, tmp_path)
    with pytest.raises(NoTracking, match="refused") as told:
        record(run, "postgresql+psycopg://viva:hunter2@/nowhere?host=/nonexistent")
    assert "hunter2" not in str(told.value)


def test_without_mlflow_it_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow.exceptions", None)
    with pytest.raises(NoTracking, match=r"pip install 'vivavoce\[track\]', or --tracking-uri none"):
        record(Record("job", "name", {}, {}, tmp_path), "sqlite:///runs.sqlite")


def test_a_model_is_kept_where_its_record_could_not_be(tmp_path):
    paths = write(tmp_path, n=60)
    (tmp_path / "file").touch()
    store = f"sqlite:///{tmp_path / 'file' / 'runs.sqlite'}"
    status, said = train(tmp_path, {**paths, "outcomes": None}, "v1", tracking=store)
    assert status == Exit.MACHINE
    assert "The model is saved" in said
    load_model(tmp_path / "v1")


def test_mlflow_is_imported_by_nobody_who_does_not_record():
    modules = "vivavoce.training.runs, vivavoce.training.linear.search"
    program = f"import sys, {modules}; print(sorted({{'mlflow', 'optuna'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
