"""``viva score --model``: a model version scores what it was trained for, says so everywhere, and refuses the rest."""

import html
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.browser import visit
from tests.commands import told
from tests.pipelines.runs import DEMO, ROWS, batch, document, ends, rows, viva
from tests.pipelines.trained import FACE, FRAMEWORK, planted
from vivavoce.data.framework import load_frameworks
from vivavoce.models.directory import load_model, save_model
from vivavoce.models.linear.linear_version import LinearVersion
from vivavoce.models.score import BAND_Z, OVERALL
from vivavoce.pipelines.score import score
from vivavoce.pipelines.scoring.configuration import Profile
from vivavoce.pipelines.scoring.model import check_frameworks, load_scorers

pytestmark = pytest.mark.xdist_group("demo")

MEASURED = ("--profile", "all", "--asr", "provided")
SCORED = ("c01", "c02", "c03", "c08", "c10", "c04", "c09", "c11", "c06")  # the last has another job


@pytest.fixture(scope="module")
def model(demo: Path) -> LinearVersion:
    return planted(demo / "features.parquet")


@pytest.fixture(scope="module")
def folder(model: LinearVersion, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "v1"
    save_model(model, path)
    return path


@pytest.fixture(scope="module")
def out(demo: Path, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled interviews scored by the model; what was observed of them is found in the demo's store."""
    place = tmp_path_factory.mktemp("trained")
    manifest = batch(place, [ROWS[name] for name in SCORED])
    shutil.copytree(demo / "store", place / "out" / "store")
    viva("score", manifest, "--out", place / "out", "--model", folder, *MEASURED, "--skip-bad-rows", ends=3)
    return place / "out"


def scores(out: Path) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["interview_id"], row["competency"]): row for row in rows(out, "scores")}


class TestScores:
    def test_they_are_those_of_the_model_on_the_measured_features(
        self, out: Path, demo: Path, model: LinearVersion
    ) -> None:
        """Bit for bit, from the features that another run of these interviews measured."""
        table = pq.read_table(demo / "features.parquet").to_pandas()
        names = sorted(set(table["interview_id"]))
        means = model.means(
            {name: table[name] for name in model.fingerprints},
            table["interview_id"].map(names.index),
            table["question_id"].to_numpy(str),
            len(names),
        )
        expected = model.points(means)
        found = scores(out)
        compared = 0
        for name in ("c01", "c02", "c03", "c08", "c10"):
            for competency, values in expected.items():
                value, wanted = found[name, competency]["score"], values[names.index(name)]
                assert (value is None) == math.isnan(wanted)
                assert value is None or value == wanted
                compared += value is not None
        assert compared >= 5 * 4

    def test_every_row_names_the_model_and_its_standing(self, out: Path, folder: Path) -> None:
        digest = load_model(folder)[1]
        assert {(row["model_digest"], row["standing"]) for row in rows(out, "scores")} == {(digest, "experimental")}
        run = document(out)
        assert (run["models"], run["standing"]) == ([digest], "experimental")
        assert run["configuration"]["models"] == {"software_engineer": digest}
        assert run["configuration"]["frameworks"] == {"software_engineer": FRAMEWORK.digest}
        assert digest[:12] in (out / "report.html").read_text(encoding="utf-8")

    def test_every_row_ends_as_it_must(self, out: Path) -> None:
        missing = "missing_competency: teamwork"
        assert ends(out) == {
            "c01": ("scored", None, "ok"),
            "c02": ("scored", None, "ok"),
            "c03": ("scored", None, "ok"),
            "c08": ("partial", missing, "no_face"),
            "c10": ("partial", "partial_media", "partial_media"),
            "c04": ("not_scored", "other_recogniser: provided:json", "ok"),
            "c09": ("not_scored", "no_audio", "no_audio"),
            "c11": ("not_scored", "no_consent", None),
            "line 9 (c06)": ("bad_row", "bad_row", None),
        }

    def test_missing_evidence_is_no_low_score(self, out: Path) -> None:
        found = scores(out)
        assert found["c08", "teamwork"]["reason"] == "too_little_measured: no_face"
        assert found["c08", OVERALL]["score"] is None
        assert found["c08", "learning"]["status"] == "scored"
        assert found["c10", "problem_solving"]["status"] == "partial"
        assert found["c10", "problem_solving"]["reason"] == "missing_answer"
        assert {found["c04", name]["status"] for name in (*FRAMEWORK.weights, OVERALL)} == {"not_scored"}
        assert any(row["interview_id"] == "c04" for row in rows(out, "features")), "measured all the same"

    def test_bands_narrow_with_the_answers_and_overall_adds_the_errors_up(self, out: Path) -> None:
        found = scores(out)
        errors = {}
        for name in FRAMEWORK.weights:
            row = found["c01", name]
            answers = len(FRAMEWORK.questions_showing(name))
            heard = sum(question.id in ("q1", "q2", "q3") for question in FRAMEWORK.questions_showing(name))
            assert heard == answers
            errors[name] = 15 * 0.8 / math.sqrt(heard)
            assert row["high"] == pytest.approx(min(100, row["score"] + BAND_Z * errors[name]))
        overall = sum(FRAMEWORK.weights[name] * error for name, error in errors.items())
        assert found["c01", OVERALL]["low"] == pytest.approx(max(0, found["c01", OVERALL]["score"] - BAND_Z * overall))
        single = found["c10", "problem_solving"]
        assert (single["score"] is not None, single["low"]) == (True, None), "one answer has no band"


def test_the_report_says_what_the_points_count_from_and_reasons_in_words(out: Path) -> None:
    opened = visit(out / "report.html")
    assert (opened.console, opened.requests) == ((), ())
    text = html.unescape(opened.dom)
    assert "scores of a model version" in text
    assert "rubric scores" not in text
    assert text.count("Counted from 50, the mean of the model's applicants: the points sum to") >= 4 * 3
    assert "words from a recogniser that the model does not accept: provided:json" in text
    assert "too little was measured of what the model rests on: no face is to be seen" in text


class TestSameNumbers:
    def test_candidates_order_and_workers_change_no_bit(
        self, out: Path, demo: Path, folder: Path, tmp_path: Path
    ) -> None:
        swapped = {"c03": "p10", "c10": "p03"}
        names = ("c08", "c10", "c01", "c03")
        people = {one: swapped.get(one, ROWS[one]["candidate_id"]) for one in names}
        manifest = batch(tmp_path, [{**ROWS[one], "candidate_id": person} for one, person in people.items()])
        shutil.copytree(demo / "store", tmp_path / "out" / "store")
        viva("score", manifest, "--out", tmp_path / "out", "--model", folder, *MEASURED, "--workers", 2, ends=3)
        one, other = scores(out), scores(tmp_path / "out")
        assert len(other) == len(names) * 5
        for key, row in other.items():
            assert [row[column] for column in ("score", "low", "high", "status", "reason")] == [
                one[key][column] for column in ("score", "low", "high", "status", "reason")
            ]


class TestRefusals:
    """Before anything is measured: the exit status is 2, the folder holds no result."""

    def test_a_job_without_a_model_is_a_bad_row_with_a_remedy(self, folder: Path, tmp_path: Path) -> None:
        manifest = batch(tmp_path, [ROWS["c01"], ROWS["c06"]])
        status, said = refused(manifest, tmp_path / "out", str(folder), skip_bad_rows=False)
        assert status == 2
        assert "Name a job that has a model (software_engineer), or give --model for it." in said
        assert "sales_manager" in said

    def test_other_measurements_are_named_one_by_one(self, model: LinearVersion, tmp_path: Path) -> None:
        changed = {
            name: "f" * 64 if name == "language.length_words" else one for name, one in model.fingerprints.items()
        }
        save_model(replace(model, fingerprints=changed), tmp_path / "v1")
        status, said = refused(batch(tmp_path, [ROWS["c01"]]), tmp_path / "out", str(tmp_path / "v1"))
        assert status == 2
        assert "(1 differences): language.length_words: fingerprint ffffffffffff → " in said
        assert not (tmp_path / "out" / "store").exists()

    def test_another_transcript_setting_is_another_measurement(self, folder: Path, tmp_path: Path) -> None:
        status, said = refused(batch(tmp_path, [ROWS["c01"]]), tmp_path / "out", str(folder), asr="auto")
        assert status == 2
        assert "language.structure_share: fingerprint" in said
        assert "prosody.level_range_db" not in said, "the voice does not depend on the words"

    def test_the_profile_must_cover_what_the_model_rests_on(self, folder: Path, tmp_path: Path) -> None:
        manifest = batch(tmp_path, [ROWS["c01"]])
        status, said = refused(manifest, tmp_path / "out", str(folder), profile=Profile.LANGUAGE)
        assert status == 2
        assert "rests on face, voice, which --profile language does not measure" in said
        assert f"{FACE}, prosody.level_range_db" in said
        assert "rests on face, which" in refused(manifest, tmp_path / "out", str(folder), profile=Profile.VOICE)[1]

    def test_a_recogniser_that_is_known_beforehand_must_be_accepted(self, model: LinearVersion, tmp_path: Path) -> None:
        save_model(replace(model, recognisers=("whisper:0123456789ab",)), tmp_path / "v1")
        status, said = refused(batch(tmp_path, [ROWS["c01"]]), tmp_path / "out", str(tmp_path / "v1"))
        assert status == 2
        assert "recogniser provided (accepted: whisper:0123456789ab)" in said

    def test_a_language_in_which_the_model_did_not_learn_is_measured_and_not_scored(
        self, demo: Path, model: LinearVersion, tmp_path: Path
    ) -> None:
        words = {row["asr_engine"] for row in rows(demo, "features") if row["interview_id"] == "c05"}
        english = replace(model, languages=("en",), recognisers=(*model.recognisers, *words))
        save_model(english, tmp_path / "v1")
        assert load_model(tmp_path / "v1")[0].languages == ("en",)
        manifest = batch(tmp_path, [ROWS["c05"]])
        shutil.copytree(demo / "store", tmp_path / "out" / "store")
        viva("score", manifest, "--out", tmp_path / "out", "--model", tmp_path / "v1", *MEASURED, ends=3)
        assert ends(tmp_path / "out")["c05"][:2] == ("not_scored", "other_language: zh")
        assert len(rows(tmp_path / "out", "features")) == 3

    def test_measures_that_may_not_be_scored_are_refused(self, model: LinearVersion, tmp_path: Path) -> None:
        barred = "language.fillers_per_100_words"
        first = model.competencies[0]
        using = replace(first, features=(barred, *first.features[1:]))
        prints = {**model.fingerprints, barred: "0" * 64}
        save_model(replace(model, competencies=(using, *model.competencies[1:]), fingerprints=prints), tmp_path / "v1")
        status, said = refused(batch(tmp_path, [ROWS["c01"]]), tmp_path / "out", str(tmp_path / "v1"))
        assert status == 2
        assert f"uses {barred}: no score may rest on" in said

    def test_the_framework_is_the_models(self, folder: Path, tmp_path: Path) -> None:
        manifest, own = batch(tmp_path, [ROWS["c01"]]), tmp_path / "software_engineer.yaml"
        shipped = DEMO.parent / "frameworks" / "software_engineer.yaml"
        own.write_text("# the same\n" + shipped.read_text(encoding="utf-8"), encoding="utf-8")
        check_frameworks(load_scorers([str(folder)]), load_frameworks(own))
        own.write_text(shipped.read_text(encoding="utf-8").replace('version: "1"', 'version: "2"'), encoding="utf-8")
        status, said = refused(manifest, tmp_path / "out", str(folder), framework=own)
        assert status == 2
        assert f"was trained for {FRAMEWORK.digest[:12]}" in said
        other = DEMO.parent / "frameworks" / "sales_manager.yaml"
        assert "software_engineer has no framework" in refused(manifest, tmp_path, str(folder), framework=other)[1]

    def test_one_job_has_one_model(self, folder: Path, tmp_path: Path) -> None:
        status, said = refused(batch(tmp_path, [ROWS["c01"]]), tmp_path / "out", str(folder), str(folder))
        assert status == 2
        assert "both for the job software_engineer: name one" in said

    def test_another_model_does_not_go_on_in_the_same_folder(
        self, out: Path, model: LinearVersion, tmp_path: Path
    ) -> None:
        save_model(replace(model, documents={"note": {"trained": "again"}}), tmp_path / "v2")
        status, said = refused(out.parent / "manifest.jsonl", out, str(tmp_path / "v2"))
        assert status == 2
        assert "models.software_engineer: " in said

    def test_a_changed_byte_is_no_model(self, folder: Path, tmp_path: Path) -> None:
        shutil.copytree(folder, tmp_path / "v1")
        weights = tmp_path / "v1" / "weights.safetensors"
        content = weights.read_bytes()
        weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        manifest = batch(tmp_path, [ROWS["c01"]])
        said = viva("score", manifest, "--out", tmp_path / "out", "--model", tmp_path / "v1", *MEASURED, ends=2)
        assert "weights.safetensors is not the file that was saved" in said
        assert "Traceback" not in said


def refused(manifest: Path, out: Path, *models: str, **changes: Any) -> tuple[int, str]:
    """A run in this process: its exit status and what it said."""
    asked = {"asr": "provided", "profile": "all", "skip_bad_rows": True, "model": models} | changes
    return told(score, manifest, out=out, width=10_000, **asked)
