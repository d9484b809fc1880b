"""Fusion the whole way: trained where no line fits, better than a linear champion, admitted, scoring with evidence."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.pipelines.cohort import Cohort, make_frameworks, prints, write_scores
from tests.pipelines.registries import make_house
from tests.pipelines.runs import ROWS, batch, document, rows, viva
from tests.pipelines.test_publish import Said, quietly
from tests.training.curves import write_curved
from vivavoce.data.errors import Exit
from vivavoce.data.framework import load_framework
from vivavoce.models.directory import load_model
from vivavoce.models.fusion.fusion_version import ANSWER
from vivavoce.models.score import OVERALL
from vivavoce.pipelines.audit import audit as viva_audit
from vivavoce.pipelines.publish import publish
from vivavoce.pipelines.publishing.admission import points
from vivavoce.pipelines.shadow import shadow
from vivavoce.pipelines.train import TrainingRequest, train

pytestmark = pytest.mark.xdist_group("fusion")

PEOPLE = 400
MEASURED = ("--asr", "provided", "--encoder", "none")


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """Answers of a middling length are best; men and women are alike."""
    folder = tmp_path_factory.mktemp("curved")
    six, five = make_frameworks(folder)
    tables = write_curved(folder, PEOPLE, framework=load_framework(five), voice=False, prints=prints())
    ids = pd.read_csv(tables["outcomes"])["candidate_id"]
    pd.DataFrame({"candidate_id": ids, "sex": np.resize(["men", "women"], PEOPLE)}).to_csv(
        folder / "groups.csv", index=False
    )
    return Cohort(*tables.values(), folder / "groups.csv", six, five)


def asked(cohort: Cohort, out: Path, **more: object) -> TrainingRequest:
    request = TrainingRequest(
        cohort.features, ratings=cohort.ratings, outcomes=cohort.outcomes, framework=cohort.shorter, out=out,
        tracking="none",
    )  # fmt: skip
    return replace(request, **more)


@pytest.fixture(scope="module")
def linear(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("linear") / "v1"
    assert quietly(train, asked(cohort, out)).status == Exit.DONE
    return out


@pytest.fixture(scope="module")
def fusion(cohort: Cohort, linear: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    out = tmp_path_factory.mktemp("fusion") / "v2"
    return out, quietly(train, asked(cohort, out, kind="fusion", champion=linear))


def test_it_beats_linear_on_the_same_folds_and_the_champion_on_performance(fusion: tuple[Path, Said]) -> None:
    folder, said = fusion
    assert said.status == Exit.DONE, said.text
    assert "Fusion beside linear: fusion: it explains +" in said.text
    assert "This version is" not in said.text
    model, _ = load_model(folder)
    assert model.kind == "fusion"
    assert model.documents["fusion"]["gain"]["low"] > 0.3
    assert model.documents["champion"]["overall"]["verdict"] == "better"
    assert {one["verdict"] for one in model.documents["champion"]["competencies"].values()} == {"better"}
    for name in ("datasheet.md", "calibration.svg", "weights.svg", "decisions"):
        assert model.documents[name]
    assert [path.name for path in folder.parent.iterdir()] == [folder.name], "no checkpoint is left"


def test_nothing_is_searched(cohort: Cohort, tmp_path: Path) -> None:
    said = quietly(train, asked(cohort, tmp_path / "v", kind="fusion", tune=5))
    assert (said.status, "--tune would do nothing: leave it out" in said.text) == (Exit.BAD_INPUT, True)


def test_it_is_admitted_like_any_other_version(
    cohort: Cohort, fusion: tuple[Path, Said], tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("house")
    house, folder = make_house(home), fusion[0]
    model, digest = load_model(folder)
    scores, questions = write_scores(model, digest, cohort, home / "scores")
    viva_audit(
            scores=scores, groups=cohort.groups, out=home / "audit", select=0.3, outcomes=cohort.outcomes,
            questions=questions, model=folder, reliability=0.8,
        )  # fmt: skip
    audit = json.loads((home / "audit" / "audit.json").read_text())
    assert audit["model"]["digest"] == digest
    said = quietly(
        publish, folder, home / "audit", name="engineer", out=home / "bundle", keys=("auditor", "publisher"),
        features=cohort.features, groups=cohort.groups, registry=house.registry, records=house.records,
        now=datetime.now(UTC),
    )  # fmt: skip
    gate = json.loads((home / "bundle.gate.json").read_text())
    ends = {one["id"]: one["outcome"] for one in gate["checks"]}
    assert said.status == Exit.CANNOT_TELL, said.text
    blocking = {one["id"] for one in gate["checks"] if one["level"] == "blocking" and one["outcome"] != "pass"}
    assert blocking == {"primary_impact"}, "nothing but the number of people"
    assert {ends[name] for name in ("groups_permuted", "scored_twice", "validity")} == {"pass"}
    card = (home / "bundle" / "card.md").read_text()
    assert model.influence_unit in card
    assert "The evidence of a score says which answer made it" in card
    assert "Gates, from 0 (shut) to 1 (open): text ." in card


def test_two_kinds_are_shadowed(cohort: Cohort, linear: Path, fusion: tuple[Path, Said], tmp_path: Path) -> None:
    out = tmp_path / "shadow.json"
    said = quietly(shadow, cohort.features, champion=linear, challenger=fusion[0], select=0.3, out=tmp_path)
    assert said.status == 0, said.text
    found = json.loads(out.read_text())
    assert found["people"]["both"] == PEOPLE
    assert 0 < found["correlation"]["value"] < 0.9


def test_it_scores_interviews_with_evidence_by_answer(fusion: tuple[Path, Said], tmp_path: Path) -> None:
    names = ("c01", "c02")
    manifest = batch(tmp_path, [ROWS[name] for name in names])
    viva("score", manifest, "--out", tmp_path / "out", "--model", fusion[0], *MEASURED)
    model, digest = load_model(fusion[0])
    found = {(row["interview_id"], row["competency"]): row for row in rows(tmp_path / "out", "scores")}
    assert document(tmp_path / "out")["models"] == [digest]
    expected = points(model, pq.read_table(tmp_path / "out" / "features.parquet").to_pandas())
    compared = 0
    for name in names:
        for competency in (*model.framework.weights, OVERALL):
            value = expected.loc[name, competency]
            assert found[name, competency]["score"] == (None if np.isnan(value) else value)
            compared += not np.isnan(value)
    assert compared >= 3
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert ANSWER in page
    assert digest[:12] in page
