"""Norms: planted batches give back their quantiles, and nothing finer than their people support."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.pipelines.runs import ROWS, viva
from tests.pipelines.runs import batch as batch_of
from vivavoce.data.interview import Modality
from vivavoce.data.norms import BadNorms, Norm, Norms, read_norms, step
from vivavoce.data.schema import Feature
from vivavoce.pipelines.app import app
from vivavoce.pipelines.features import make_norms, read_features
from vivavoce.pipelines.features import norms as norms_command
from vivavoce.pipelines.scoring.outputs import ANSWER, AnswerResult, write_parquet
from vivavoce.pipelines.scoring.report import compare

LENGTH, PAUSES, F0 = "language.length_words", "prosody.pause_share", "prosody.f0_median_hz"
PRINTS = {LENGTH: "1" * 64, PAUSES: "2" * 64, F0: "3" * 64}
FEATURES = {
    LENGTH: Feature(LENGTH, Modality.TEXT, "count", 0, 5000, "Words.", "count"),
    PAUSES: Feature(PAUSES, Modality.VOICE, "share", 0, 1, "Pauses.", "count", impairment_sensitive=True),
    F0: Feature(F0, Modality.VOICE, "Hz", 60, 500, "F0.", "Boersma", proxy_of=("sex",)),
}


def batch(people: int, questions: tuple[str, ...] = ("q1", "q2"), **changed: object) -> pa.Table:
    """Person i answers the k-th question in 100 (k + 1) + i words."""
    records = [
        {
            "interview_id": f"i{i}", "candidate_id": f"c{i}", "question_id": question, "job": "clerk",
            "language": "en", "asr_engine": "provided:vtt", "start_s": 0.0, "end_s": 9.0, "purposes": "score,train",
            LENGTH: 100.0 * (k + 1) + i, PAUSES: np.nan if i else 0.5, F0: 100.0 + i, **changed,
        }
        for i in range(people)
        for k, question in enumerate(questions)
    ]  # fmt: skip
    measures = [pa.field(name, pa.float64(), metadata={"fingerprint": PRINTS[name]}) for name in PRINTS]
    return pa.Table.from_pylist(records, schema=pa.schema([*(pa.field(*one) for one in ANSWER), *measures]))


def answer(value: float, question: str = "q1", engine: str = "provided:vtt", language: str = "en") -> AnswerResult:
    return AnswerResult(question, 0, 0.0, 9.0, language, engine, "…", {LENGTH: value, PAUSES: 0.1, F0: 220.0}, {})


def said(norms: Norms, one: AnswerResult, column: str = LENGTH) -> tuple[str, str] | None:
    found = compare(norms, "clerk", one, column, FEATURES[column])
    return found and (found.percentiles, str(found.sentence))


def test_planted_quantiles_come_back_per_question() -> None:
    norms = make_norms(batch(101), "2026-11-22")
    by_question = {group.question: group.measures[LENGTH] for group in norms.groups}
    assert by_question["q1"].median == 150
    assert by_question["q2"].median == 250
    assert by_question["q1"].cuts == pytest.approx(100 + np.arange(5, 100, 5) * 1.01 - 0.5, abs=0.01)
    assert said(norms, answer(105)) == ("5–10", "30 % shorter than the middle of 101 people’s answers to this question")
    assert said(norms, answer(205, "q2")) == (
        "5–10",
        "18 % shorter than the middle of 101 people’s answers to this question",
    )


def test_a_question_that_nobody_answered_is_compared_with_the_whole_job() -> None:
    norms = make_norms(batch(40), "2026-11-22")
    percentiles, sentence = said(norms, answer(500, "q9")) or ("", "")
    assert percentiles == "90–100"
    assert sentence.endswith("longer than the middle of 40 people’s answers to all questions of this job")
    (whole,) = (group for group in norms.groups if group.question is None)
    assert whole.measures[LENGTH].people == 40
    assert norms.answers == 80


@pytest.mark.parametrize(("people", "percents"), [(7, None), (8, 25), (29, 25), (30, 10), (99, 10), (100, 5)])
def test_percentiles_are_no_finer_than_their_people(people: int, percents: int | None) -> None:
    assert step(people) == percents
    if percents is None:
        with pytest.raises(BadNorms, match="at least 8 people .* Got 7 in all of 14 answers"):
            make_norms(batch(people), "2026-11-22")
        return
    norms = make_norms(batch(people), "2026-11-22")
    assert len(norms.groups[0].measures[LENGTH].cuts) == 100 // percents - 1
    found = said(norms, answer(100.0))
    assert found is not None
    assert found[0] == f"0–{percents}"
    assert found[1].endswith("; few people, so quarters only") == (people < 30)


def test_no_stored_number_is_the_least_or_the_greatest_of_anybody() -> None:
    stored = [
        cut for group in make_norms(batch(12), "d").groups for norm in group.measures.values() for cut in norm.cuts
    ]
    assert min(stored) > 100
    assert all(PAUSES not in group.measures for group in make_norms(batch(12), "d").groups), "one person's value"


def test_equal_values_share_their_place() -> None:
    norm = Norm(40, (0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0))
    assert (norm.place(0.0).low, norm.place(0.0).high) == (0, 60)
    assert (norm.place(3.5).low, norm.place(3.5).high) == (80, 90)
    assert (norm.place(9.9).low, norm.place(9.9).high) == (90, 100)


def test_what_approximates_a_sign_or_stands_in_for_a_group_places_nobody() -> None:
    norms = make_norms(batch(40, **{PAUSES: 0.3}), "2026-11-22")
    assert said(norms, answer(120)) is not None
    assert said(norms, answer(120), PAUSES) is None
    assert said(norms, answer(120), F0) is None


def test_other_languages_jobs_and_recognisers_are_not_compared() -> None:
    norms = make_norms(batch(40), "2026-11-22")
    assert said(norms, answer(120, language="zh")) is None
    assert said(norms, answer(120, engine="whisper")) is None
    assert compare(norms, "seller", answer(120), LENGTH, FEATURES[LENGTH]) is None


def test_who_agreed_to_a_score_only_is_no_reference() -> None:
    with pytest.raises(BadNorms, match="consent to the purpose 'train'"):
        make_norms(batch(40, purposes="score"), "2026-11-22")


def test_other_fingerprints_are_refused_by_name() -> None:
    norms = make_norms(batch(40), "2026-11-22")
    norms.check(PRINTS)
    norms.check({LENGTH: PRINTS[LENGTH]})
    with pytest.raises(BadNorms, match=r"made in another way here .*: language\.length_words\. Make norms anew"):
        norms.check({**PRINTS, LENGTH: "9" * 64})


def test_the_file_comes_back_and_a_changed_one_is_refused(tmp_path: Path) -> None:
    write_parquet(batch(40), tmp_path / "features.parquet")
    out = tmp_path / "norms.json"
    assert norms_command(tmp_path / "features.parquet", out=tmp_path) == 0
    norms = read_norms(out)
    assert norms == make_norms(read_features(tmp_path / "features.parquet"), norms.made)
    document = json.loads(norms.text()) | {"people": 41}
    out.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(BadNorms, match="was changed after it was made"):
        read_norms(out)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "groups": [3]}', "\x00"])
def test_what_is_no_norms_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "norms.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BadNorms, match="is no norms file"):
        read_norms(path)
    with pytest.raises(BadNorms, match="cannot be read"):
        read_norms(tmp_path / "gone.json")


def test_a_table_of_something_else_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_parquet(pa.table({"candidate_id": ["c1"]}), tmp_path / "scores.parquet")
    with pytest.raises(SystemExit) as ended:
        app(["measure", "norms", str(tmp_path / "scores.parquet"), "--out", str(tmp_path)])
    assert ended.value.code == 2
    assert "It lacks question_id, job" in capsys.readouterr().err.replace("\n", " ")
    assert not (tmp_path / "norms.json").exists()


@pytest.fixture
def run(tmp_path: Path) -> tuple[Path, Path]:
    """One bundled interview, scored by its words: manifest and output folder."""
    (tmp_path / "in").mkdir()
    manifest = batch_of(tmp_path / "in", [ROWS["c01"]])
    viva("score", manifest, "--out", tmp_path / "out", "--asr", "provided")
    return manifest, tmp_path / "out"


def test_norms_appear_in_the_report_of_a_finished_run_and_leave_its_scores_alone(
    run: tuple[Path, Path], tmp_path: Path
) -> None:
    manifest, out = run
    measured, scores = pq.read_table(out / "features.parquet"), (out / "scores.parquet").read_bytes()
    at = measured.schema.get_field_index("candidate_id")
    people = [measured.set_column(at, "candidate_id", pa.array([f"p{k}"] * len(measured))) for k in range(9)]
    write_parquet(pa.concat_tables(people), tmp_path / "reference.parquet")
    viva("measure", "norms", tmp_path / "reference.parquet", "--out", tmp_path)
    asked = ("--asr", "provided", "--norms", tmp_path)
    viva("score", manifest, "--out", out, *asked)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "9 people’s answers to this question; few people, so quarters only" in page
    assert read_norms(tmp_path / "norms.json").digest[:12] in page
    assert (out / "scores.parquet").read_bytes() == scores
    assert "nothing to do" in viva("score", manifest, "--out", out, *asked)
    other = viva("score", manifest, "--out", tmp_path / "b", *asked, "--encoder", "none", ends=2)
    assert "made in another way here" in other
    assert not (tmp_path / "b" / "scores.parquet").exists()
