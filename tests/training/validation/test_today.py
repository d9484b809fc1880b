"""Today's table beside a training: the same people do not count, other measurements are refused."""

import json

import pandas as pd
import pytest

from tests.training.tables import FRAMEWORK, LENGTH, save, write
from vivavoce.training import BadTraining
from vivavoce.training.joining import read_inputs
from vivavoce.training.measured import read_measured
from vivavoce.training.runs import figures
from vivavoce.training.validation.transport import compare_with_today, today_document


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    paths = write(tmp_path_factory.mktemp("before"), n=120)
    return read_inputs(paths["features"], paths["ratings"], None, FRAMEWORK)


@pytest.fixture
def today(tmp_path):
    """Other people's answers, to be changed and read."""
    answers = pd.read_parquet(write(tmp_path, n=120, seed=5)["features"])
    answers["candidate_id"] = "new" + answers["candidate_id"]

    def read(changed):
        save(changed, tmp_path / "today.parquet")
        return read_measured(tmp_path / "today.parquet", FRAMEWORK.job)

    return answers, read


def compared(inputs, measured):
    used = {name for columns in inputs.features.values() for name in columns}
    return compare_with_today(inputs, used, measured, FRAMEWORK.job)


def test_other_people_of_the_same_kind_look_alike(inputs, today):
    answers, read = today
    found = compared(inputs, read(answers))
    assert (found.verdict, found.before, found.today) == ("alike", 120, 120)
    used = {name for columns in inputs.features.values() for name in columns}
    text = json.dumps(today_document(inputs, used, read(answers), FRAMEWORK.job), allow_nan=False)
    assert "look like the people who taught the model" in text
    assert "c0007" not in text


def test_longer_answers_are_noticed(inputs, today):
    answers, read = today
    found = compared(inputs, read(answers.assign(**{LENGTH: answers[LENGTH] + 30})))
    assert found.moved == (LENGTH,)
    assert found.verdict == "other people"


def test_every_shift_becomes_a_figure_of_the_run(inputs, today):
    answers, read = today
    moved = today_document(inputs, [LENGTH], read(answers.assign(**{LENGTH: answers[LENGTH] + 30})), FRAMEWORK.job)
    found = dict(figures({"today": moved}))
    assert found["today.auc"] > 0.9
    assert found[f"today.shifts.{LENGTH}.g_low"] > 1


def test_only_answers_of_the_job_that_were_agreed_to_count(inputs, today):
    answers, read = today
    few = answers.copy()
    few.loc[few["candidate_id"] > "newc0009", "job"] = "clerk"
    assert compared(inputs, read(few)).verdict == "unknown"
    assert compared(inputs, read(answers.assign(purposes="score"))).today == 0


def test_features_measured_in_another_way_are_refused(inputs, today, tmp_path):
    answers, read = today
    read(answers)
    save(answers, tmp_path / "today.parquet", prints={LENGTH: "another print"})
    other = read_measured(tmp_path / "today.parquet", FRAMEWORK.job)
    with pytest.raises(BadTraining, match="language.length_words are missing, or measured in another way"):
        compared(inputs, other)
    document = today_document(inputs, [LENGTH], other, FRAMEWORK.job)
    assert document["said"].startswith("Not compared with today's applicants: ")
    assert document["sha256"] == other.table.sha256
