"""The bundled interviews, scored once by the command line, hold what was planted in them."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from tests.pipelines.runs import DEMO, ROWS, document, ends, rows, table
from vivavoce.data.framework import load_frameworks
from vivavoce.data.interview import Modality
from vivavoce.data.manifest import read_manifest
from vivavoce.features.transcript.hygiene import normalise
from vivavoce.features.transcript.provided import read_transcript
from vivavoce.models.score import OVERALL
from vivavoce.pipelines.scoring.batch import Batch, ScoreRequest, prepare
from vivavoce.pipelines.scoring.configuration import declared_features
from vivavoce.pipelines.scoring.job import find_result, open_store
from vivavoce.pipelines.scoring.outputs import Result
from vivavoce.pipelines.scoring.recording import observation_stage

pytestmark = pytest.mark.xdist_group("demo")

EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((DEMO / "expected.yaml").read_text(encoding="utf-8"))
FRAMEWORKS = load_frameworks(DEMO.parent / "frameworks")
ANSWERS = 13  # columns of features.parquet that are no features
COLUMNS = {
    "scores": "interview_id candidate_id job competency score low high status reason model_digest standing "
    "recorded_at purposes",
    "questions": "interview_id candidate_id job question_id score model_digest",
    "status": "interview_id candidate_id status reason media detail mended words_left_out seconds",
    "absent": "interview_id question_id feature reason",
}
SECRETS = ("Jamie Rivers", "Jamie", "Rivers", "555-0142", "5550142", "jamie.rivers", "example.com")
NAMES = [row["candidate_name"] for row in ROWS.values()]


@pytest.fixture(scope="session")
def sealed(demo: Path) -> Batch:
    """The demo's request, prepared again, to look into its store."""
    manifest = DEMO / "manifest.jsonl"
    return prepare(ScoreRequest(manifest, out=demo, workers=2, asr="provided", profile="all", csv=True))


@pytest.fixture(scope="session")
def results(sealed: Batch, demo: Path) -> dict[str, Result]:
    assert sealed.configuration.fingerprint == document(demo)["fingerprint"], "nobody edits the package meanwhile"
    store = open_store(sealed.settings.store, sealed.settings.project_key)
    found = {one.interview_id: find_result(store, one, sealed.configuration) for one in sealed.manifest.interviews}
    return {name: result for name, result in found.items() if result is not None}


class TestEnds:
    def test_every_row_ends_as_planted(self, demo: Path) -> None:
        planted = {name: (plan["status"], plan["reason"], plan["media"]) for name, plan in EXPECTED.items()}
        assert ends(demo) == planted
        assert [row["interview_id"] for row in rows(demo, "status")] == list(planted), "the manifest's order"

    def test_counts_add_up(self, demo: Path) -> None:
        run = document(demo)
        assert run["rows"] == sum(run["counts"].values()) == len(ROWS)
        assert run["counts"] == {"scored": 9, "partial": 1, "not_scored": 3}

    def test_every_interview_has_every_competency_and_overall(self, demo: Path) -> None:
        found: dict[str, list[str]] = {}
        for row in rows(demo, "scores"):
            found.setdefault(row["interview_id"], []).append(row["competency"])
        assert found == {name: [*FRAMEWORKS[row["job"]].weights, OVERALL] for name, row in ROWS.items()}

    def test_every_answer_that_was_heard_has_its_row(self, demo: Path) -> None:
        found = [(row["interview_id"], row["question_id"]) for row in rows(demo, "features")]
        assert len(found) == len(set(found))
        for name, plan in EXPECTED.items():
            count = {"scored": plan["answers"], "partial": 1, "not_scored": 0}[
                plan["status"]
            ]  # c10 is cut in its second
            assert sum(one == name for one, _ in found) == count, name


class TestTables:
    @pytest.mark.parametrize("name", COLUMNS)
    def test_columns(self, demo: Path, name: str) -> None:
        assert table(demo, name).column_names == COLUMNS[name].split()

    def test_features_carry_unit_and_fingerprint(self, demo: Path) -> None:
        schema = table(demo, "features").schema
        identity = "interview_id candidate_id question_id job language asr_engine start_s end_s"
        more = "purposes site recorded_at unclear word_confidence"
        assert schema.names[:ANSWERS] == [*identity.split(), *more.split()]
        prints = document(demo)["configuration"]["fingerprints"]
        declared = declared_features()
        for field in list(schema)[ANSWERS:]:
            base = field.name if field.name in declared else field.name.rpartition(".")[0]
            assert field.metadata[b"unit"].decode() == declared[base].unit
            assert field.metadata[b"modality"].decode() == declared[base].modality.value
            assert field.metadata[b"fingerprint"].decode() == prints[base]
        assert {name.partition(".")[0] for name in schema.names[ANSWERS:]} == {"language", "prosody", "face"}
        assert list(prints) == [name for name in declared if not name.startswith("reader.")]

    def test_absent_explains_every_nan_and_nothing_else(self, demo: Path) -> None:
        missing = {
            (row["interview_id"], row["question_id"], name)
            for row in rows(demo, "features")
            for name, value in list(row.items())[ANSWERS:]
            if math.isnan(value)
        }
        explained = [(row["interview_id"], row["question_id"], row["feature"]) for row in rows(demo, "absent")]
        assert len(explained) == len(set(explained))
        assert set(explained) == missing
        assert all(row["reason"] for row in rows(demo, "absent"))

    def test_values_are_plausible(self, demo: Path) -> None:
        declared = declared_features()
        odd = [
            (row["interview_id"], row["question_id"], name, value)
            for row in rows(demo, "features")
            for name, value in list(row.items())[ANSWERS:]
            for feature in [declared[name if name in declared else name.rpartition(".")[0]]]
            if not math.isnan(value) and not feature.low <= value <= feature.high
        ]
        assert odd == []

    def test_consent_and_time_travel_along(self, demo: Path) -> None:
        for row in rows(demo, "scores"):
            given = ROWS[row["interview_id"]]
            assert row["purposes"] == (",".join(sorted(given["consent"]["purpose"])) if given["consent"] else None)
            assert row["recorded_at"].isoformat() == given["recorded_at"]
            assert row["standing"] == "experimental"

    def test_run_is_documented(self, demo: Path) -> None:
        run = document(demo)
        wanted = {"versions", "configuration", "fingerprint", "models", "standing", "counts", "rows", "seconds", "runs"}
        assert wanted <= set(run)
        assert {"vivavoce", "python", "torch", "mediapipe", "av"} <= set(run["versions"])
        assert set(run["seconds"]) == {"observe", "words", "measure", "score"}
        assert run["configuration"]["manifest"] == read_manifest(DEMO / "manifest.jsonl").digest
        assert {row["model_digest"] for row in rows(demo, "scores")} - {None} == set(run["models"])

    def test_csv_says_the_same(self, demo: Path) -> None:
        for name in ("scores", "status", "features", "absent"):
            lines = (demo / f"{name}.csv").read_text(encoding="utf-8").splitlines()
            assert len(lines) == 1 + table(demo, name).num_rows
            assert lines[0].replace('"', "").split(",") == table(demo, name).column_names


class TestScores:
    def test_overall_is_the_weighted_sum_of_its_competencies(self, demo: Path) -> None:
        by_interview: dict[str, dict[str, dict[str, Any]]] = {}
        for row in rows(demo, "scores"):
            by_interview.setdefault(row["interview_id"], {})[row["competency"]] = row
        for name, scores in by_interview.items():
            weights = FRAMEWORKS[ROWS[name]["job"]].weights
            values = [scores[competency]["score"] for competency in weights]
            expected = None if None in values else sum(w * v for w, v in zip(weights.values(), values, strict=True))
            assert scores[OVERALL]["score"] == (None if expected is None else pytest.approx(expected))

    def test_missing_evidence_is_never_a_low_score(self, demo: Path) -> None:
        for row in rows(demo, "scores"):
            assert (row["status"] == "scored") == (row["reason"] is None)
            assert row["status"] != "not_scored" or row["score"] is None
            if row["score"] is not None:
                assert 0 <= row["score"] <= 100
                assert row["low"] is None or 0 <= row["low"] <= row["score"] <= row["high"] <= 100
        cut = {row["competency"]: row for row in rows(demo, "scores") if row["interview_id"] == "c10"}
        assert cut[OVERALL]["score"] is None
        assert "missing_competency" in cut[OVERALL]["reason"]

    @pytest.mark.parametrize(
        ("better", "worse"), [("c01", "c02"), ("c02", "c03"), ("c08", "c03"), ("c04", "c05"), ("c06", "c13")]
    )
    def test_better_answers_score_higher(self, demo: Path, better: str, worse: str) -> None:
        """English and Chinese, overall and on every competency that both were measured on."""
        scores = {(row["interview_id"], row["competency"]): row["score"] for row in rows(demo, "scores")}
        shared = [OVERALL, *FRAMEWORKS[EXPECTED[better]["job"]].weights]
        assert EXPECTED[better]["job"] == EXPECTED[worse]["job"]
        assert EXPECTED[better]["language"] == EXPECTED[worse]["language"]
        lower = {
            name: (high, low)
            for name in shared
            if (high := scores[better, name]) is not None and (low := scores[worse, name]) is not None and high <= low
        }
        assert lower == {}

    def test_evidence_adds_up_and_names_words_of_the_answers(self, results: dict[str, Result]) -> None:
        quoted = 0
        for name, result in results.items():
            said = {answer.question_id: answer for answer in result.answers}
            for score in result.scores:
                if score.competency == OVERALL or score.value is None:
                    continue
                assert math.fsum(item.points for item in score.evidence) == pytest.approx(score.value, abs=1e-9)
                for item in score.evidence:
                    answer = said[item.question_id]
                    for quote in item.quotes:
                        assert quote.text in answer.text, name
                        assert answer.start - 0.5 <= quote.start <= quote.end <= answer.end + 0.5
                        quoted += 1
        assert quoted > 100

    @pytest.mark.parametrize("name", ["c01", "c04", "c06"])
    def test_answers_hold_the_candidates_words(self, results: dict[str, Result], name: str) -> None:
        """Of the meeting tool's transcript, in order, but for what is masked; nobody else's."""
        row = ROWS[name]
        said = normalise(read_transcript(DEMO / row["transcript"]))
        theirs = said.spoken_by(row["candidate_speaker"]) if row["candidate_speaker"] else said
        for answer in results[name].answers:
            words = [word.text for word in theirs.within(answer.start, answer.end).words]
            kept = [word for word in words if word in answer.text]
            assert len(kept) >= 0.85 * len(words)
        if name == "c06":
            assert "Thank you" not in "".join(answer.text for answer in results[name].answers)

    @pytest.mark.parametrize(("name", "word"), [("c01", "test"), ("c04", "验证"), ("c06", "customer")])
    def test_evidence_shows_words_in_the_report(
        self, demo: Path, results: dict[str, Result], name: str, word: str
    ) -> None:
        quotes = [quote.text for score in results[name].scores for item in score.evidence for quote in item.quotes]
        assert any(word in quote for quote in quotes)
        page = (demo / "report.html").read_text(encoding="utf-8")
        assert any(quote in page for quote in quotes if word in quote)


class TestPrivacy:
    def test_nothing_that_names_or_reaches_a_candidate_is_in_any_file(self, demo: Path) -> None:
        wanted = [secret.encode() for secret in [*SECRETS, *NAMES]]
        for path in demo.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                if path.suffix == ".parquet":  # compressed: unpacked it could still hold it
                    content = json.dumps(pq.read_table(path).to_pylist(), default=str, ensure_ascii=False).encode()
                    content += str(pq.read_schema(path)).encode()
                found = [secret.decode() for secret in wanted if secret in content]
                assert not found, path

    def test_the_store_and_its_names_hold_no_plaintext(self, demo: Path, results: dict[str, Result]) -> None:
        sealed = b"".join(path.read_bytes() for path in (demo / "store").rglob("*") if path.is_file())
        names = "".join(str(path.relative_to(demo)) for path in (demo / "store").rglob("*"))
        for name, result in results.items():
            assert ROWS[name]["candidate_id"] not in names
            for answer in result.answers:
                assert answer.text[:12].encode() not in sealed
                assert answer.text[-12:].encode() not in sealed

    def test_what_was_masked_was_said(self, results: dict[str, Result]) -> None:
        text = " ".join(answer.text for answer in results["c06"].answers)
        assert "If we are cut off, call me on" in text
        assert "So, our second largest customer" in text

    def test_consent_to_text_alone_measures_text_alone(self, demo: Path) -> None:
        for row in rows(demo, "features"):
            spoken = [value for name, value in row.items() if name.startswith(("prosody.", "face."))]
            measured = not np.isnan(spoken).all()
            assert measured == (row["interview_id"] != "c13")
        reasons = {
            row["reason"]
            for row in rows(demo, "absent")
            if row["interview_id"] == "c13" and row["feature"].startswith(("prosody.", "face."))
        }
        assert reasons == {"no_consent"}

    def test_no_voice_or_face_is_sealed_without_consent(self, sealed: Batch) -> None:
        from vivavoce.data.identity import digest_file

        store = open_store(sealed.settings.store, sealed.settings.project_key)
        sha256 = digest_file(DEMO / ROWS["c13"]["media"]).sha256
        kept = store.get("p13", sha256, observation_stage(frozenset({Modality.TEXT}), 5.0))
        assert kept is not None
        assert set(kept.tracks) <= {"speech"}
        folder = sealed.settings.store / store.keyring.pseudonym("p13")
        assert sorted(path.name.partition(".")[0] for path in folder.iterdir()) == ["observation", "result"]

    @pytest.mark.parametrize("person", ["p11", "p12"])
    def test_nothing_is_opened_of_who_may_not_be_processed(self, sealed: Batch, person: str) -> None:
        store = open_store(sealed.settings.store, sealed.settings.project_key)
        folder = sealed.settings.store / store.keyring.pseudonym(person)
        assert [path.name.partition(".")[0] for path in folder.iterdir()] == ["result"]

    def test_no_declared_group_and_no_picture_is_anywhere(self, demo: Path) -> None:
        columns = {name for path in demo.glob("*.parquet") for name in pq.read_schema(path).names}
        assert not {
            name
            for name in columns
            if any(word in name for word in ("gender", "race", "ethnic", "emotion", "declared"))
        }
        page = (demo / "report.html").read_text(encoding="utf-8")
        assert "<img" not in page
        assert "data:image" not in page
