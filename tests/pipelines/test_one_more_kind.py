"""One more kind of model is one folder in models and one in training: it trains, scores, is audited and published.

The folders are in ``one_more_kind``; nothing of the program is touched to have them.
"""

import json
import os
import runpy
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import vivavoce.models
import vivavoce.training
from tests.pipelines.cohort import Cohort, make_cohort, write_scores
from tests.pipelines.registries import make_house
from tests.pipelines.runs import ROWS, batch, rows, viva
from tests.pipelines.test_publish import quietly
from vivavoce.data.errors import Exit
from vivavoce.models.directory import UnknownKind, known_kinds, load_model, part_of, save_model
from vivavoce.pipelines.alternatives import alternatives
from vivavoce.pipelines.audit import audit as viva_audit
from vivavoce.pipelines.publish import publish
from vivavoce.pipelines.train import TrainingRequest, train
from vivavoce.training.trainers import kinds, trainer

FOLDER = Path(__file__).with_name("one_more_kind")
MEASURED = ("--asr", "provided", "--encoder", "none")


@pytest.fixture(scope="module")
def _found() -> Iterator[None]:
    """The folders are beside the packages' own, here and in every process that is started."""
    with pytest.MonkeyPatch.context() as patch:
        path = os.pathsep.join(filter(None, (str(FOLDER), os.environ.get("PYTHONPATH"))))
        patch.setenv("PYTHONPATH", path)
        for package in (vivavoce.models, vivavoce.training):
            patch.setattr(package, "__path__", list(package.__path__))
        runpy.run_path(str(FOLDER / "sitecustomize.py"))
        yield


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return make_cohort(tmp_path_factory.mktemp("mean-cohort"), people=600)


def asked(cohort: Cohort, out: Path, kind: str = "mean") -> TrainingRequest:
    return TrainingRequest(
        cohort.features, ratings=cohort.ratings, framework=cohort.shorter, out=out, kind=kind, tracking="none"
    )


@pytest.fixture(scope="module")
def version(_found: None, cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("mean") / "v1"
    found = train(asked(cohort, out))
    assert (found.folder, found.digest) == (out, load_model(out)[1])
    assert "Weights: nothing is learned: the framework's weights are kept" in found.summary
    return out


def test_it_is_found_beside_the_others(version: Path) -> None:
    assert kinds() == known_kinds() == ("fusion", "linear", "mean", "reader", "rubric")
    model, _ = load_model(version)
    assert model.learned is trainer("mean").learns is False


def test_it_is_read_and_written_to_the_byte(version: Path, tmp_path: Path) -> None:
    model, digest = load_model(version)
    assert save_model(model, tmp_path / "again") == digest


def test_its_scores_follow_the_planted_abilities(version: Path) -> None:
    for found in load_model(version)[0].documents["validity"]["ratings"].values():
        assert found["score"]["low"] > 0.4


def test_it_scores_recordings(version: Path, tmp_path: Path) -> None:
    manifest = batch(tmp_path, [ROWS["c01"]])
    viva("score", manifest, "--out", tmp_path / "out", "--model", version, *MEASURED)
    digest = load_model(version)[1]
    found = {row["competency"]: row for row in rows(tmp_path / "out", "scores")}
    assert {row["model_digest"] for row in found.values()} == {digest}
    assert found["teamwork"]["score"] is not None
    notes = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["notes"]
    assert notes[0]["en"] == (
        f"software engineer: scored by the means {digest[:12]}: 50 points are the applicants' mean, 15 their standard "
        "deviation."
    )
    assert notes[0]["zh"] == f"software engineer：评分者为平均 {digest[:12]}：50 分为申请者平均，15 分为标准差。"


def test_it_is_audited_and_held_against_the_gate(version: Path, cohort: Cohort, tmp_path: Path) -> None:
    house, audit, out = make_house(tmp_path), tmp_path / "audit", tmp_path / "bundle"
    model, digest = load_model(version)
    scores, _ = write_scores(model, digest, cohort, tmp_path / "scores")
    viva_audit(scores=scores, groups=cohort.groups, out=audit, select=0.3, model=version)
    assert json.loads((audit / "audit.json").read_text(encoding="utf-8"))["model"]["digest"] == digest
    said = quietly(
        publish, version, audit, name="engineer", out=out, keys=("auditor", "publisher"), features=cohort.features,
        groups=cohort.groups, check_only=True, registry=house.registry, records=house.records, now=datetime.now(UTC),
    )  # fmt: skip
    assert said.status == Exit.CANNOT_TELL, said.text
    gate = json.loads(out.with_name("bundle.gate.json").read_text(encoding="utf-8"))
    assert [one["outcome"] for one in gate["checks"] if one["id"] == "validity"] == ["insufficient"], (
        "nobody's is known"
    )


def test_alternatives_to_it_are_made_by_its_own_trainer(version: Path, cohort: Cohort, tmp_path: Path) -> None:
    candidates, out = tmp_path / "candidates.yaml", tmp_path / "alternatives.json"
    candidates.write_text("candidates: [{name: fewer, without_questions: [q4]}]\n", encoding="utf-8")
    said = quietly(
        alternatives, version, features=cohort.features, outcomes=cohort.outcomes, groups=cohort.groups,
        candidates=candidates, select=0.3, out=tmp_path,
    )  # fmt: skip
    found = json.loads(out.read_text(encoding="utf-8"))["candidates"]
    assert [one["name"] for one in found] == ["fewer"], said.text
    assert found[0]["validity_gain"]["value"] != 0


def test_a_kind_that_there_is_none_of_is_answered_with_those_that_there_are(
    version: Path, cohort: Cohort, tmp_path: Path
) -> None:
    said = quietly(train, asked(cohort, tmp_path / "v", kind="oracle"))
    assert said.status == Exit.BAD_INPUT
    assert (
        "'oracle' is no kind of model here. Known are fusion, linear, mean, reader, rubric: name one of them."
        in said.text
    )


@pytest.mark.parametrize("name", ["os", "../mean", "mean.mean_version", ""])
def test_nothing_is_imported_for_a_name_that_is_no_folder(version: Path, name: str) -> None:
    for look in (trainer, part_of):
        with pytest.raises(UnknownKind, match="is no kind of model here"):
            look(name)


def test_its_norms_are_the_applicants_own(version: Path, cohort: Cohort) -> None:
    model, _ = load_model(version)
    table = pd.read_parquet(cohort.features)
    column = "language.term_coverage_share.teamwork"
    shown = [one.id for one in model.framework.questions_showing("teamwork")]
    means = table[table["question_id"].isin(shown)].groupby("interview_id")[column].mean()
    assert model.norms["teamwork"].mean == pytest.approx(float(np.mean(means)))  # type: ignore[attr-defined]
