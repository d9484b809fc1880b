"""Three tables are joined; what is lost is counted, what leaks is refused."""

import numpy as np
import pandas as pd
import pytest

from tests.training.tables import COMPETENCIES, FRAMEWORK, LENGTH, NOISE, save, write
from vivavoce.data.errors import VivaError
from vivavoce.data.table import Maps
from vivavoce.training.inputs import Inputs
from vivavoce.training.joining import read_inputs


@pytest.fixture
def paths(tmp_path):
    return write(tmp_path, n=60)


def read(paths) -> Inputs:
    return read_inputs(paths["features"], paths["ratings"], paths["outcomes"], FRAMEWORK)


def test_one_row_per_interview_and_every_table_joined(paths):
    found = read(paths)
    assert len(found.interviews) == 60
    assert found.lost == ()
    assert found.raters == 2
    assert all(np.isfinite(values).all() for values in found.ratings.values())
    assert np.isfinite(found.performance).all()
    assert 0.5 < found.reliability["teamwork"].value < 0.95


def test_languages_of_a_few_people_are_not_learned_in(paths):
    answers = pd.read_parquet(paths["features"])
    assert read(paths).languages == ("en",)
    for count, expected in ((19, ("en",)), (20, ("en", "zh"))):
        few = answers["candidate_id"].isin(sorted(answers["candidate_id"].unique())[:count])
        save(answers.assign(language=np.where(few, "zh", "en")), paths["features"])
        assert read(paths).languages == expected


def test_a_competency_has_its_own_columns_and_the_general_ones(paths):
    columns = read(paths).features["teamwork"]
    assert list(columns) == [LENGTH, NOISE, "language.term_coverage_share.teamwork"]


def test_answers_that_show_a_competency_are_averaged(paths):
    answers = pd.read_parquet(paths["features"])
    questions = [question.id for question in FRAMEWORK.questions_showing("learning")]
    here = (answers["interview_id"] == "ic0003") & answers["question_id"].isin(questions)
    found = read(paths)
    row = int(np.flatnonzero(found.interviews == "ic0003")[0])
    assert found.features["learning"][LENGTH][row] == pytest.approx(answers.loc[here, LENGTH].mean())


def test_sensitive_features_are_not_used_and_idle_ones_are_named(paths):
    found = read(paths)
    assert "language.fillers_per_100_words" not in found.fingerprints
    assert found.dropped == {"prosody.rms_constant_db": "one value only"}


def test_what_joins_lose_is_counted_and_listed(paths):
    answers = pd.read_parquet(paths["features"])
    answers.loc[answers["candidate_id"] == "c0001", "purposes"] = "score"
    answers.loc[answers["candidate_id"] == "c0002", "job"] = "clerk"
    save(answers, paths["features"])
    lost = {one.step: one for one in read(paths).lost}
    questions = len(FRAMEWORK.questions)
    assert lost["answers without consent to training"].count == questions
    assert lost["answers of other jobs than software_engineer"].ids == ("ic0002",)
    assert lost["ratings of interviews not measured"].count == 2 * 2 * len(COMPETENCIES)
    assert lost["outcomes of people not measured"].ids == ("c0001", "c0002")


def test_an_outcome_among_the_features_is_refused(paths):
    answers = pd.read_parquet(paths["features"]).assign(**{"later.performance": 1.0, "hired_on": "2025-01-01"})
    save(answers, paths["features"], undeclared=("later.performance",))
    with pytest.raises(VivaError, match=r"carry no fingerprint.*Got later\.performance, hired_on"):
        read(paths)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda t: t.drop(columns="rater"), "Add the column 'rater'"),
        (lambda t: t.assign(value=t["value"] + 3), "at least 1 and at most 5"),
        (lambda t: t.assign(value="good"), "Write a number"),
        (lambda t: t.assign(competency="charm"), "competency: It is none of software_engineer.*Got charm"),
        (lambda t: pd.concat([t, t[:1]]), "interview_id and rater and competency: One row each"),
        (
            lambda t: t[t["interview_id"] < "ic0030"],
            "needs ratings of 50 people; to tell a correlation of .30 from 0 takes 85. Got 30",
        ),
    ],
)
def test_ratings_at_fault_are_refused(paths, change, match):
    change(pd.read_csv(paths["ratings"])).to_csv(paths["ratings"], index=False)
    with pytest.raises(VivaError, match=match):
        read(paths)


def test_two_outcomes_of_one_candidate_are_refused(paths):
    table = pd.read_csv(paths["outcomes"])
    pd.concat([table, table[:1]]).to_csv(paths["outcomes"], index=False)
    with pytest.raises(VivaError, match="One row each.*c0000"):
        read(paths)


def test_reliability_is_known_for_unequal_panels_and_unknown_for_one_rater_each(paths):
    table = pd.read_csv(paths["ratings"])
    table[1:].to_csv(paths["ratings"], index=False)
    assert read(paths).reliability["problem_solving"].value == pytest.approx(0.86, abs=0.05)  # 1 - .4² / 2 / .44 = .82
    table[table["rater"] == "r1"].to_csv(paths["ratings"], index=False)
    found = read(paths).reliability["problem_solving"]
    assert np.isnan(found.value)
    assert "rated twice" in str(found.reason)


def test_files_that_are_not_there_are_named(paths, tmp_path):
    with pytest.raises(VivaError, match=r"nowhere\.csv: file: Name a file that exists"):
        read_inputs(paths["features"], tmp_path / "nowhere.csv", None, FRAMEWORK)
    with pytest.raises(VivaError, match=r"features\.csv: file: Name a file that exists"):
        read_inputs(tmp_path / "features.csv", paths["ratings"], None, FRAMEWORK)


def test_ratings_of_candidates_are_those_of_their_interviews(paths):
    one = read(paths)
    table = pd.read_csv(paths["ratings"], float_precision="round_trip")
    table.insert(0, "Candidate ID", table.pop("interview_id").str.removeprefix("i"))
    table.to_csv(paths["ratings"], index=False)
    other = read(paths)
    assert {name: values.tolist() for name, values in other.ratings.items()} == {
        name: values.tolist() for name, values in one.ratings.items()
    }
    assert other.lost == one.lost


def test_a_rating_of_a_candidate_with_several_interviews_must_name_one(paths):
    answers = pd.read_parquet(paths["features"])
    answers.loc[answers["candidate_id"] == "c0001", "candidate_id"] = "c0000"
    save(answers, paths["features"])
    table = pd.read_csv(paths["ratings"]).rename(columns={"interview_id": "candidate_id"})
    table["candidate_id"] = table["candidate_id"].str.removeprefix("i")
    table.to_csv(paths["ratings"], index=False)
    with pytest.raises(VivaError, match="line 2, candidate_id: Name the interview .* has several. Got c0000"):
        read(paths)


def test_a_row_with_a_trailing_comma_is_refused_and_shifts_nothing(paths):
    """Once it was read as candidate 3.0 with an outcome of 12."""
    paths["outcomes"].write_text("candidate_id,value,tenure_months\nc0000,3.0,12,\n")
    with pytest.raises(VivaError, match=r"line 2: A row has as many cells as the header \(3\).*Got 4 cells"):
        read(paths)


def test_an_export_is_read_under_its_own_names_and_the_map_is_kept(paths):
    table = pd.read_csv(paths["outcomes"]).rename(columns={"candidate_id": "Applicant No", "value": "Rating 2026"})
    table.to_csv(paths["outcomes"], index=False, sep=";", decimal=",", encoding="utf-16")
    maps = Maps({"applicant_no": "candidate_id", "Rating 2026": "value"})
    before = read_inputs(paths["features"], paths["ratings"], None, FRAMEWORK)
    found = read_inputs(paths["features"], paths["ratings"], paths["outcomes"], FRAMEWORK, maps=maps)
    told = found.provenance.origins["outcomes"].document()
    assert told["map"] == {"Applicant No": "candidate_id", "Rating 2026": "value"}
    assert "map" not in found.provenance.origins["ratings"].document()
    assert np.isnan(before.performance).all()
    assert np.isfinite(found.performance).all()
