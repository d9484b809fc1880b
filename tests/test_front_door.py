"""The lines that the README shows, as a notebook runs them: DataFrames in, typed results out."""

import inspect
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pandas as pd
import pytest

import vivavoce as vv
from tests.pipelines.conftest import _project_key, demo, shared  # noqa: F401 - the session's scored demo
from tests.pipelines.runs import DEMO
from tests.training.tables import FILE, write

HEAVY = ("torch", "pandas", "numpy", "pyarrow", "typer", "scipy", "sklearn", "cv2", "pydantic")


def loaded_by(program: str) -> set[str]:
    """Which heavy modules a program loads."""
    code = f"{program}\nimport sys; print(*(set({HEAVY!r}) & set(sys.modules)))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_importing_it_imports_nothing_heavy() -> None:
    assert loaded_by("import vivavoce as vv; dir(vv)") == set()


def test_it_lists_what_it_has_and_every_name_is_there() -> None:
    assert set(vv.__all__) <= set(dir(vv))
    for name in ("score", "measure", "train", "audit", "publish", "load", "read_framework", "models", "VivaError"):
        assert name in vv.__all__
    assert all(getattr(vv, name) is not None for name in vv.__all__)
    with pytest.raises(AttributeError, match="no attribute 'scoer'"):
        vv.scoer  # noqa: B018


def test_a_function_shows_every_option_with_type_default_and_sentence() -> None:
    signature = inspect.signature(vv.score)
    assert list(signature.parameters)[:2] == ["manifest", "out"]
    assert signature.parameters["workers"].default == 1
    assert get_type_hints(vv.score)["return"] is vv.Run
    assert "outcomes" in inspect.signature(vv.audit).parameters, "declared by a kind of evidence"


def test_a_value_outside_its_ends_and_an_unknown_word_are_refused(tmp_path: Path) -> None:
    with pytest.raises(vv.VivaError, match="'workers' must be at least 1. Got 0 instead"):
        vv.score(DEMO / "manifest.jsonl", out=tmp_path, workers=0)
    with pytest.raises(vv.VivaError, match="'profile' must be one of language, voice, face, all. Got 'smell' instead"):
        vv.score(DEMO / "manifest.jsonl", out=tmp_path, profile="smell")  # type: ignore[arg-type]


@pytest.mark.xdist_group("demo")
def test_a_run_is_tables_and_a_report(demo: Path) -> None:  # noqa: F811
    run = vv.score(DEMO / "manifest.jsonl", out=demo, profile="all", asr="provided", workers=2, csv=True)
    assert run.exit is vv.Exit.SOME_ROWS
    assert len(run.status) == 13
    assert set(run.scores["standing"]) == {"experimental"}
    assert run.report.name == "report.html"
    assert run.report.is_file()
    known = run.features.attrs["columns"]["language.length_words"]
    assert known["unit"] == "count"
    assert len(known["fingerprint"]) == 64


@pytest.mark.xdist_group("demo")
def test_scores_are_audited_with_groups_from_a_dataframe(demo: Path, tmp_path: Path) -> None:  # noqa: F811
    run = vv.score(DEMO / "manifest.jsonl", out=demo, profile="all", asr="provided", workers=2, csv=True)
    people = run.scores["candidate_id"].unique()
    groups = pd.DataFrame({"candidate_id": people, "sex": np.resize(["women", "men"], len(people))})
    audit = vv.audit(run.scores, groups=groups, select=0.25)
    assert audit.verdict == "insufficient"
    assert audit.exit is vv.Exit.CANNOT_TELL
    assert set(audit.by_group["group"]) >= {"women", "men"}
    assert list(audit.findings.columns)
    assert audit.to_html(tmp_path / "audit.html").is_file()


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A planted study: features, ratings, outcomes."""
    return write(tmp_path_factory.mktemp("study"), n=80)


@pytest.fixture(scope="module")
def model(study: dict[str, Path]) -> "vv.Trained":
    features = vv_frame(study["features"])
    tables = {name: pd.read_csv(study[name], float_precision="round_trip") for name in ("ratings", "outcomes")}
    return vv.train(features, **tables, framework=FILE, tracking="none")


def vv_frame(path: Path) -> pd.DataFrame:
    from vivavoce.pipelines.scoring.outputs import read_frame

    return read_frame(path)


def test_a_training_from_dataframes_is_that_from_files(
    study: dict[str, Path], model: "vv.Trained", tmp_path: Path
) -> None:
    same = vv.train(
        study["features"], ratings=study["ratings"], outcomes=study["outcomes"], framework=FILE, out=tmp_path / "v1",
        tracking="none",
    )  # fmt: skip
    for one, other in zip(same.version.competencies, model.version.competencies, strict=True):
        assert one.coefficients.tolist() == other.coefficients.tolist()
    assert dict(same.weights) == dict(model.weights)
    assert model.standing == "experimental"
    assert model.folder.is_dir()


def test_a_model_scores_a_dataframe_and_is_loaded_again(study: dict[str, Path], model: "vv.Trained") -> None:
    features = vv_frame(study["features"])
    scores = model.score(features)
    assert set(scores["competency"]) == {*model.weights.index, "overall"}
    assert scores["score"].dropna().between(0, 100).all()
    again = vv.load(model.folder)
    assert again.digest == model.digest
    pd.testing.assert_frame_equal(again.score(features), scores)
    lost = features.copy()
    lost.attrs = {}
    with pytest.raises(vv.VivaError, match="nothing says how these features were measured"):
        model.score(lost)


def test_a_model_and_its_audit_meet_the_gate(
    study: dict[str, Path], model: "vv.Trained", tmp_path: Path, monkeypatch
) -> None:
    from tests.pipelines.registries import environment
    from vivavoce.pipelines.keys import create

    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    scores = model.score(study["features"])
    overall = scores[scores["competency"] == "overall"]
    people = overall["candidate_id"].unique()
    groups = pd.DataFrame({"candidate_id": people, "sex": np.resize(["women", "men"], len(people))})
    audit = vv.audit(overall, groups=groups, select=0.25, model=model)
    create("ana", role=["publish", "audit"])
    asked = vv.publish(model, audit, name="engineer", out=tmp_path / "bundle", check_only=True)
    assert asked.bundle is None
    assert asked.admission in {"refused", "provisional"}
    assert {"check", "outcome"} & set(asked.checks.columns) or "id" in asked.checks


def test_estimators_follow_scikit_learns_conventions() -> None:
    from sklearn.base import clone

    rng = np.random.default_rng(0)
    features = rng.standard_normal((60, 2))
    ridge = clone(vv.models.CompetencyRidge(penalties=(1e-6,))).fit(features, features @ [1.0, -1.0])
    assert ridge.coef_ == pytest.approx([1, -1], abs=1e-3)


def test_a_framework_is_read() -> None:
    assert vv.read_framework(FILE).job == "software_engineer"


def test_a_manifest_may_be_a_dataframe_of_files_in_the_present_folder(tmp_path: Path, monkeypatch) -> None:
    rows = pd.read_json(DEMO / "manifest.jsonl", lines=True).query("interview_id == 'c13'")
    monkeypatch.chdir(DEMO)
    run = vv.score(rows.dropna(axis=1), out=tmp_path / "out", asr="provided", encoder="none")
    assert run.status["status"].tolist() == ["scored"]
    again = vv.score(rows.dropna(axis=1), out=tmp_path / "out", asr="provided", encoder="none")
    assert again.exit is vv.Exit.DONE, "the same rows are the same manifest: nothing to do"
