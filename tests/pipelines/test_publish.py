"""From a planted cohort to a champion: the gate refuses a biased question by name, and admits what lacks it."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.commands import ended, told
from tests.data.log.logs import make_key
from tests.pipelines.cohort import BIASED, Cohort, make_cohort, write_scores
from tests.pipelines.registries import House, make_house
from tests.pipelines.runs import ROWS, batch, viva
from vivavoce.data.errors import Exit
from vivavoce.data.log.event import Action
from vivavoce.data.signing.key import Role
from vivavoce.models.directory import load_model
from vivavoce.models.score import Standing
from vivavoce.pipelines.alternatives import alternatives
from vivavoce.pipelines.audit import audit as viva_audit
from vivavoce.pipelines.publish import publish as viva_publish
from vivavoce.pipelines.publish import (
    waive,
)
from vivavoce.pipelines.question_bank import questions
from vivavoce.pipelines.registry import resolve, roll_back
from vivavoce.pipelines.train import TrainingRequest, train

pytestmark = pytest.mark.xdist_group("publish")


@dataclass(frozen=True)
class Said:
    """An exit status and what was printed."""

    status: int
    text: str


def quietly(run, *asked, **more) -> Said:
    return Said(*told(run, *asked, width=140, **more))


@pytest.fixture(scope="module")
def cohort(tmp_path_factory) -> Cohort:
    return make_cohort(tmp_path_factory.mktemp("cohort"))


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> House:
    return make_house(tmp_path_factory.mktemp("house"))


def trained(cohort: Cohort, framework: Path, out: Path, champion: Path | None = None) -> tuple[Path, Path]:
    """A version and its audit."""
    request = TrainingRequest(
        cohort.features, ratings=cohort.ratings, outcomes=cohort.outcomes, framework=framework, out=out,
        champion=champion, tracking="none",
    )  # fmt: skip
    said = quietly(train, request)
    assert said.status == 0, said.text
    model, digest = load_model(out)
    scores, single = write_scores(model, digest, cohort, out.with_name(f"{out.name}-scores"))
    audit = out.with_name(f"{out.name}-audit")
    viva_audit(
            scores=scores, groups=cohort.groups, out=audit, select=0.3, outcomes=cohort.outcomes, questions=single,
            model=out, reliability=0.8,
        )  # fmt: skip
    return out, audit


@pytest.fixture(scope="module")
def first(cohort, tmp_path_factory):
    return trained(cohort, cohort.framework, tmp_path_factory.mktemp("first") / "v1")


def publish(cohort, house, version, out, **more) -> Said:
    model, audit = version
    asked = {
        "name": "engineer", "out": out, "keys": ("auditor", "publisher"), "features": cohort.features,
        "groups": cohort.groups, "registry": house.registry, "records": house.records, "now": datetime.now(UTC),
    }  # fmt: skip
    return quietly(viva_publish, model, audit, **(asked | more))


def test_it_refuses_and_names_the_biased_question(cohort, house, first, tmp_path):
    said = publish(cohort, house, first, tmp_path / "bundle")
    assert said.status == Exit.FINDING, said.text
    assert f"Retrain without {BIASED}" in " ".join(said.text.split())
    gate = json.loads((tmp_path / "bundle.gate.json").read_text())
    failed = {one["id"] for one in gate["checks"] if one["outcome"] == "fail"}
    assert {"primary_impact", "question_functioning"} <= failed
    assert not (tmp_path / "bundle").exists()


def test_two_people_may_waive_what_is_not_barred_and_it_shows(cohort, house, first, tmp_path, monkeypatch):
    reason = "A remedial hiring round; two people read every interview and decide without the score."
    for name in ("cora", "dan"):
        make_key(house.home, name, Role.WAIVE)
    waiver = tmp_path / "waiver.json"
    out = tmp_path / "bundle"
    asked = {"reason": reason, "out": tmp_path, "records": house.records}
    assert waive("primary_impact", first[0], key="cora", **asked) == 0
    alone = publish(cohort, house, first, out, waivers=(waiver,), check_only=True)
    assert alone.status == Exit.BAD_INPUT
    assert "2 different keys" in alone.text
    assert waive("primary_impact", first[0], key="dan", **asked) == 0
    both = publish(cohort, house, first, out, waivers=(tmp_path,), check_only=True)
    assert both.status == Exit.DONE, both.text
    assert "waived" in both.text
    waiver.write_text(waiver.read_text().replace("remedial", "ordinary"))
    assert "is not one of these bytes" in publish(cohort, house, first, out, waivers=(waiver,), check_only=True).text
    assert ended(waive, "consent", first[0], key="cora", **(asked | {"out": tmp_path / "other"})) == 2


def test_evidence_of_something_else_is_refused(cohort, house, first, tmp_path):
    model, audit = first
    other = tmp_path / "features.parquet"
    pd.read_parquet(cohort.features).head(600).to_parquet(other)
    said = publish(cohort, house, (model, audit), tmp_path / "bundle", features=other, keys=(), groups=None)
    assert (said.status, "not the table" in said.text) == (Exit.BAD_INPUT, True)
    search = tmp_path / "alternatives.json"
    search.write_text(json.dumps({"model_digest": "f" * 64, "candidates": []}))
    said = publish(cohort, house, first, tmp_path / "bundle", search=search)
    assert (said.status, "was of the version ffffffffffff" in said.text) == (Exit.BAD_INPUT, True)


def test_alternatives_find_the_way_without_the_biased_question(cohort, first, tmp_path):
    candidates = tmp_path / "candidates.yaml"
    candidates.write_text(
        f"candidates:\n  - {{name: without_{BIASED}, without_questions: [{BIASED}]}}\n"
        "  - {name: without_length, without_features: [language.length_words]}\n"
    )
    out = tmp_path / "alternatives.json"
    said = quietly(
        alternatives, first[0], features=cohort.features, ratings=cohort.ratings, outcomes=cohort.outcomes,
        groups=cohort.groups, candidates=candidates, select=0.3, out=tmp_path,
    )  # fmt: skip
    assert said.status == 1, said.text
    found = {one["name"]: one["found"] for one in json.loads(out.read_text())["candidates"]}
    assert found[f"without_{BIASED}"] == "confirmed"
    assert found["without_length"] != "confirmed"


def test_the_bank_proposes_to_drop_the_biased_question(cohort, first, tmp_path):
    scores = first[0].with_name("v1-scores") / "questions.csv"
    said = quietly(questions, scores, out=tmp_path, groups=cohort.groups, outcomes=cohort.outcomes)
    assert said.status == 1, said.text
    bank = json.loads((tmp_path / "questions.json").read_text())["questions"]
    assert [one["question"] for one in bank if one["suggestion"] == "drop"] == [BIASED]


@pytest.fixture(scope="module")
def second(cohort, tmp_path_factory):
    """Trained again without the question."""
    return trained(cohort, cohort.shorter, tmp_path_factory.mktemp("second") / "v2")


@pytest.fixture(scope="module")
def published(cohort, house, second, tmp_path_factory) -> Said:
    return publish(cohort, house, second, tmp_path_factory.mktemp("out") / "bundle")


@pytest.fixture(scope="module")
def third(cohort, house, published, second, tmp_path_factory) -> Said:
    """Another version without the question, learned from other people, published over the first champion."""
    assert published.status == Exit.DONE
    others = make_cohort(tmp_path_factory.mktemp("others"), seed=1)
    version = trained(others, cohort.shorter, tmp_path_factory.mktemp("third") / "v3", champion=second[0])
    return publish(others, house, version, tmp_path_factory.mktemp("out") / "bundle")


def test_without_the_question_it_is_published(house, second, published):
    assert published.status == Exit.DONE, published.text
    found = resolve("models:/engineer@champion", house.registry, house.records, now=datetime.now(UTC))
    assert (found.digest, found.standing) == (load_model(second[0])[1], Standing.PUBLISHED)
    card = (found.bundle.folder / "card.md").read_text()
    assert "problem_solving" in card
    assert "| sex | people |" in card
    gate = card[card.index("## 准入门槛") :].split("## 已知局限")[0]
    assert not re.findall(r"[^|\n]*[A-Za-z]{3,}(?: [a-z]{2,}){3,}.*", gate), "four words of English are a sentence"
    assert [event.action for event in house.records.read().events()][-2:] == [Action.PROMOTE, Action.PUBLISH]


def score(folder: Path, ends: int) -> str:
    """Score three bundled interviews by the champion, in production."""
    folder.mkdir()
    manifest = batch(folder, [ROWS[name] for name in ("c01", "c02", "c03")])
    return viva(
        "score", manifest, "--out", folder / "out", "--model", "models:/engineer@champion", "--production",
        "--asr", "provided", "--encoder", "none", ends=ends,
    )  # fmt: skip


def test_audit_and_scoring_stand_in_the_log_with_people_under_pseudonyms(
    cohort, house, second, published, tmp_path, monkeypatch
):
    assert published.status == Exit.DONE
    for name, value in house.environment.items():
        monkeypatch.setenv(name, value)
    before = len(house.records.read().lines)
    digest = load_model(second[0])[1]
    made = viva_audit(
        second[0].with_name("v2-scores") / "scores.parquet", cohort.groups, tmp_path / "audit", select=0.3,
        model=second[0],
    )  # fmt: skip
    assert made.exit == 0
    score(tmp_path / "batch", ends=0)
    audited, scored = list(house.records.read().events())[before:]
    assert (audited.action, audited.digests["model"]) == (Action.AUDIT, digest)
    assert (scored.action, scored.digests["model"]) == (Action.SCORE, digest)
    assert len(scored.people) == scored.details["people"] == 3
    assert scored.details["standing"] == "published"
    assert not {ROWS[name]["candidate_id"] for name in ("c01", "c02", "c03")} & set(scored.people)


def test_champion_scores_until_a_byte_changes_and_its_predecessor_after_a_rollback(
    house, second, third, tmp_path, monkeypatch
):
    assert third.status in {Exit.DONE, Exit.CANNOT_TELL}, third.text
    for name, value in house.environment.items():
        monkeypatch.setenv(name, value)
    now = datetime.now(UTC)
    champion = resolve("models:/engineer@champion", house.registry, house.records, now=now)
    score(tmp_path / "first", ends=0)
    rows = pq.read_table(tmp_path / "first" / "out" / "scores.parquet").to_pylist()
    assert {(row["model_digest"], row["standing"]) for row in rows} == {(champion.digest, champion.standing.value)}
    assert all(row["score"] is not None for row in rows)

    card = champion.bundle.folder / "card.md"
    card.chmod(0o644)
    content = bytearray(card.read_bytes())
    content[7] ^= 1
    card.write_bytes(content)
    said = score(tmp_path / "second", ends=2)
    assert "card.md" in said
    assert not (tmp_path / "second" / "out" / "scores.parquet").exists()

    roll_back(house.registry, house.records, "engineer", house.publisher, now=now)
    score(tmp_path / "third", ends=0)
    rows = pq.read_table(tmp_path / "third" / "out" / "scores.parquet").to_pylist()
    assert {row["model_digest"] for row in rows} == {load_model(second[0])[1]}
