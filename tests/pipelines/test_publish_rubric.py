"""A rubric is a version like any other: provisional while nobody's performance is known, published once it is."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from tests.pipelines.cohort import Cohort, add_told, make_cohort, prints, write_scores
from tests.pipelines.registries import House, make_house
from tests.pipelines.runs import ROWS, batch, rows, viva
from tests.pipelines.test_publish import Said, quietly
from tests.pipelines.watched import NOISE, people, write_folder
from tests.training.tables import save
from vivavoce.data.errors import Exit
from vivavoce.data.framework import load_framework
from vivavoce.data.log.event import Action
from vivavoce.models.directory import load_model, save_model
from vivavoce.models.score import Standing
from vivavoce.pipelines.alternatives import alternatives
from vivavoce.pipelines.audit import audit as viva_audit
from vivavoce.pipelines.monitor import monitor
from vivavoce.pipelines.publish import publish as viva_publish
from vivavoce.pipelines.question_bank import questions
from vivavoce.pipelines.registry import resolve
from vivavoce.pipelines.shadow import shadow
from vivavoce.pipelines.train import TrainingRequest, train
from vivavoce.training.champion import compare
from vivavoce.training.joining import read_inputs
from vivavoce.training.linear.linear_trainer import fit
from vivavoce.training.rubric.rubric_trainer import judge

pytestmark = pytest.mark.xdist_group("publish")

HIRED = 400  # people whose performance is known
REASONS, TERMS = "language.reasons_share", "language.term_coverage_share"


@pytest.fixture(scope="module")
def cohort(tmp_path_factory) -> Cohort:
    """Measured as the rubric without a sentence encoder needs it; few of them were hired."""
    made = make_cohort(tmp_path_factory.mktemp("rubric-cohort"), people=2400)
    table = pd.read_parquet(made.features)
    add_told(table, np.random.default_rng(5))
    save(table, made.features, prints=prints())
    pd.read_csv(made.outcomes).head(HIRED).to_csv(made.outcomes, index=False)
    return made


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> House:
    return make_house(tmp_path_factory.mktemp("rubric-house"))


def request(cohort, out, **more):
    asked = TrainingRequest(cohort.features, framework=cohort.shorter, out=out, kind="rubric", tracking="none")
    return replace(asked, **more)


def audited(cohort, version, **more):
    model, digest = load_model(version)
    scores, _ = write_scores(model, digest, cohort, version.with_name(f"{version.name}-scores"))
    audit = version.with_name(f"{version.name}-audit")
    viva_audit(scores=scores, groups=cohort.groups, out=audit, select=0.3, model=version, **more)
    return audit


def publish(cohort, house, version, audit, out) -> Said:
    return quietly(
        viva_publish, version, audit, name="engineer", out=out, keys=("auditor", "publisher"),
        features=cohort.features, groups=cohort.groups, registry=house.registry, records=house.records,
        now=datetime.now(UTC),
    )  # fmt: skip


@pytest.fixture(scope="module")
def first(cohort, house, tmp_path_factory):
    """Nothing but a framework and interviews: the cold start."""
    version = tmp_path_factory.mktemp("cold") / "v1"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in house.environment.items():
            patch.setenv(name, value)
        said = quietly(train, request(cohort, version))
    assert said.status == 0, said.text
    out = version.with_name("bundle")
    return version, said.text, publish(cohort, house, version, audited(cohort, version), out), out


@pytest.fixture(scope="module")
def second(cohort, house, first, tmp_path_factory):
    """The same rubric once performance is known, beside the one in use."""
    version = tmp_path_factory.mktemp("warm") / "v2"
    asked = request(cohort, version, ratings=cohort.ratings, outcomes=cohort.outcomes, champion=first[0])
    said = quietly(train, asked)
    assert said.status == 0, said.text
    audit = audited(cohort, version, outcomes=cohort.outcomes, reliability=0.8)
    out = version.with_name("bundle")
    return version, said.text, publish(cohort, house, version, audit, out), out


def test_without_performance_it_is_provisional_and_says_what_is_missing(first):
    version, said, published, out = first
    assert "nothing is learned: the framework's weights are kept" in said
    assert "Agreement with human ratings" not in said, "nobody rated"
    assert published.status == Exit.CANNOT_TELL, published.text
    gate = json.loads(out.with_name("bundle.gate.json").read_text())
    ends = {one["id"]: one["outcome"] for one in gate["checks"]}
    blocking = {one["id"] for one in gate["checks"] if one["level"] == "blocking" and one["outcome"] != "pass"}
    assert ends["validity"] == "insufficient"
    assert blocking == {"validity"}
    assert gate["every_decision_reviewed"]
    card = (out / "card.md").read_text()
    assert "Not known: no performance and no ratings were given" in card
    assert "| with | r | people |" not in card, "an empty table says nothing"
    model, _ = load_model(version)
    assert (model.kind, model.variant) == ("rubric", "no_encoder")
    assert model.documents["datasheet"]["persons"] == 2400
    assert model.documents["validity"]["variants"] == {"no_encoder": 2400}


def test_with_performance_of_planted_validity_it_is_published(house, first, second):
    version, said, published, out = second
    model, digest = load_model(version)
    performance = model.documents["validity"]["performance"]
    used = performance["correlations"][performance["used"]]
    assert (performance["used"], performance["persons"]) == ("framework", HIRED)
    assert 0.25 < used["low"] < used["value"] < used["high"] < 0.55, "0.45 was planted, of ability, not of answers"
    assert model.documents["weights"] == {"reason": "nothing is learned: the framework's weights are kept"}
    assert model.documents["champion"]["champion"] == load_model(first[0])[1]
    assert model.documents["champion"]["fair"], "a rubric cannot have learned from these people"
    assert model.documents["champion"]["overall"]["difference"]["value"] == 0.0
    assert "the framework's" in said
    assert published.status == Exit.DONE, published.text
    found = resolve("models:/engineer@champion", house.registry, house.records, now=datetime.now(UTC))
    assert (found.digest, found.standing) == (digest, Standing.PUBLISHED)
    card = (out / "card.md").read_text()
    assert "Kind: rubric, variant no_encoder. Nothing was learned" in card
    assert "performance, framework, as used" in card
    assert "ridge" not in card
    assert "cross-fitted" not in card


def test_its_making_stands_in_the_event_log(house, first):
    made = next(event for event in house.records.read().events() if event.action is Action.TRAIN)
    assert made.digests["model"] == load_model(first[0])[1]
    assert {"features"} == set(made.digests) - {"model"}


def test_the_two_versions_differ_by_their_documents_and_by_no_score(cohort, first, second):
    one, other = load_model(first[0]), load_model(second[0])
    assert one[1] != other[1]
    assert replace(one[0], documents={}) == replace(other[0], documents={})


def test_answer_length_decisions_and_bands_stand_beside_it(second):
    documents = load_model(second[0])[0].documents
    for found in documents["validity"]["ratings"].values():
        assert found["score"]["low"] > 0.3
        assert abs(found["answer length"]["value"]) < 0.1, "length was planted as noise"
    assert documents["validity"]["permutation"]["overall"]["framework"]["p"] < 0.01
    assert any(one.startswith("overall beats answer length") for one in documents["validity"]["findings"])
    assert any("bands assume" in one for one in documents["validity"]["findings"])
    assert documents["decisions"]["correlations"]["rating"]["overall"]["low"] > 0.2
    assert "Nothing is learned, so nobody is split" in documents["datasheet.md"]


def test_the_champion_scores_in_production_with_the_numbers_of_the_plain_rubric(
    cohort, house, second, tmp_path, monkeypatch
):
    for name, value in house.environment.items():
        monkeypatch.setenv(name, value)
    manifest = batch(tmp_path, [ROWS[name] for name in ("c01", "c04")])
    measured = ("--asr", "provided", "--encoder", "none")
    viva(
        "score", manifest, "--out", tmp_path / "out", "--model", "models:/engineer@champion", "--production", *measured,
        ends=3,
    )  # fmt: skip
    viva("score", manifest, "--out", tmp_path / "plain", "--framework", cohort.shorter, *measured)
    digest = load_model(second[0])[1]
    scored, plain = (
        {(row["interview_id"], row["competency"]): row for row in rows(tmp_path / name, "scores")}
        for name in ("out", "plain")
    )
    assert {(row["model_digest"], row["standing"]) for key, row in scored.items() if key[0] != "c04"} == {
        (digest, "published")
    }
    compared = [key for key, row in scored.items() if key[0] != "c04" and row["score"] is not None]
    assert len(compared) == 5
    assert all(scored[key]["score"] == plain[key]["score"] for key in compared)
    assert {row["reason"] for key, row in scored.items() if key[0] == "c04"} == {"other_recogniser: provided:json"}
    told = json.loads((tmp_path / "out" / "run.json").read_text())["notes"][0]["en"]
    assert f"scored by the rubric {digest[:12]}, variant no_encoder" in told
    report = (tmp_path / "out" / "report.html").read_text()
    assert "The points sum to the score." in report
    assert "trained model" not in report


@pytest.fixture(scope="module")
def linear(cohort, tmp_path_factory):
    """A ridge of the first people of the same table, and their inputs."""
    folder = tmp_path_factory.mktemp("linear")
    table = pd.read_parquet(cohort.features)
    few = table[table["candidate_id"] < "p00300"].reset_index(drop=True)
    save(few, folder / "features.parquet", prints=prints())
    framework = load_framework(cohort.shorter)
    inputs = read_inputs(folder / "features.parquet", cohort.ratings, cohort.outcomes, framework)
    fitted = fit(inputs, framework, effort=None)
    save_model(fitted.model, folder / "v1")
    return folder, inputs, fitted


def test_it_runs_in_the_shadow_of_a_linear_version_and_the_other_way(cohort, second, linear, tmp_path):
    pair = {"champion": second[0], "challenger": linear[0] / "v1"}
    said = quietly(shadow, cohort.features, **pair, select=0.3, out=tmp_path / "a")
    assert said.status == 0, said.text
    found = json.loads((tmp_path / "a" / "shadow.json").read_text())
    assert found["correlation"]["value"] > 0.7, "both follow the planted abilities"
    turned = dict(zip(pair, reversed(pair.values()), strict=True))
    assert quietly(shadow, cohort.features, **turned, select=0.3, out=tmp_path / "b").status == 0
    back = json.loads((tmp_path / "b" / "shadow.json").read_text())
    assert back["mean_difference"]["value"] == pytest.approx(-found["mean_difference"]["value"])
    assert back["sides"]["moved_in"] == found["sides"]["moved_out"]


def test_either_kind_may_be_the_champion_of_a_training(cohort, second, linear, tmp_path):
    folder, inputs, fitted = linear
    rubric, digest = load_model(second[0])
    ahead = compare(rubric, digest, fitted, inputs)
    assert (ahead.fair, ahead.overall.persons) == (True, 300)
    framework = load_framework(cohort.shorter)
    own = read_inputs(folder / "features.parquet", None, cohort.outcomes, framework, learning=False)
    behind = compare(fitted.model, "f" * 64, judge(own, framework), own)
    assert not behind.fair
    assert behind.overall.challenger.value == pytest.approx(ahead.overall.champion.value)
    assert behind.overall.champion.value > ahead.overall.challenger.value, "it had learned from these very people"


def test_alternatives_to_a_rubric_learn_nothing_either(cohort, second, tmp_path):
    six = tmp_path / "six"
    assert quietly(train, replace(request(cohort, six), framework=cohort.framework)).status == 0
    candidates = tmp_path / "candidates.yaml"
    candidates.write_text(
        "candidates:\n  - {name: without_q5, without_questions: [q5]}\n"
        f"  - {{name: no_reasons, without_features: [{REASONS}]}}\n"
        "  - {name: equal, weights: {problem_solving: .25, technical_fit: .25, teamwork: .25, learning: .25}}\n"
    )
    out = tmp_path / "alternatives.json"
    asked = {
        "features": cohort.features, "outcomes": cohort.outcomes, "groups": cohort.groups, "candidates": candidates,
        "select": 0.3, "out": tmp_path,
    }  # fmt: skip
    said = quietly(alternatives, six, **asked)
    found = {one["name"]: one for one in json.loads(out.read_text())["candidates"]}
    assert found["without_q5"]["ratio_gain"]["value"] > 0.1, said.text
    for front in json.loads(out.read_text())["weights"].values():
        assert front["competencies"] == ["problem_solving", "technical_fit", "teamwork", "learning"]
        assert front["own"]["validity"] <= front["frontier"][0]["validity"]
        assert front["own"]["impact_ratio"] <= front["frontier"][-1]["impact_ratio"]
    assert "weights by " in said.text
    assert abs(found["equal"]["validity_gain"]["value"]) < 0.05
    assert found["no_reasons"]["validity_gain"]["value"] > -0.05, "reasons were planted as noise"
    candidates.write_text("candidates:\n  - {name: blind, without_features: [prosody.f0_median_hz]}\n")
    said = quietly(alternatives, six, **asked)
    assert (said.status, "are no features here" in said.text) == (2, True)


def test_the_question_bank_reads_its_scores(cohort, second, tmp_path):
    scores = second[0].with_name("v2-scores") / "questions.csv"
    said = quietly(questions, scores, out=tmp_path, groups=cohort.groups, outcomes=cohort.outcomes)
    assert said.status == 0, said.text
    bank = json.loads((tmp_path / "questions.json").read_text())["questions"]
    assert {one["suggestion"] for one in bank} == {"keep"}


def test_the_monitor_watches_what_it_rests_on(house, second, tmp_path):
    """Evidence that dwindles in two months running calls for an audit, by name."""
    model, digest = load_model(second[0])
    rng = np.random.default_rng(2)
    months = {"2026-01": 0.0, "2026-05": 0.0, "2026-06": 0.12, "2026-07": 0.12}
    folders = []
    for month, less in months.items():
        folder = write_folder(tmp_path / month, people(rng, month, 300), digest=digest, prints=prints())
        table = pd.read_parquet(folder / "features.parquet")
        for name in model.fingerprints:
            drop = less if name == f"{TERMS}.teamwork" else 0.0
            table[name] = 0.5 - drop + 0.12 * rng.standard_normal(len(table))
        save(table, folder / "features.parquet", prints=prints(), quality=(NOISE,))
        folders.append(folder)
    said = quietly(
        monitor, folders[1:], reference=folders[0], out=tmp_path / "out", model=second[0],
        now=datetime(2026, 9, 1, tzinfo=UTC), records=house.records,
    )  # fmt: skip
    found = json.loads((tmp_path / "out" / "monitor.json").read_text())
    assert said.status == Exit.FINDING, said.text
    watched = [one for one in found["watched"] if one["kind"] == "features"]
    assert {one["what"] for one in watched} == set(model.fingerprints)
    assert {one["what"] for one in watched if one["alarm"]} == {f"{TERMS}.teamwork"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tune": 5}, "--tune would do nothing"),
        ({"split": "site"}, "--split would do nothing"),
        ({"kind": "linear"}, "learns from human ratings: give --ratings"),
        ({"kind": "oracle"}, "'oracle' is no kind of model here. Known are fusion, linear, reader, rubric"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_read(cohort, tmp_path, change, said):
    asked = replace(request(cohort, tmp_path / "v"), **change)
    found = quietly(train, replace(asked, features="nowhere.parquet"))
    assert (found.status, said in " ".join(found.text.split())) == (2, True), found.text
