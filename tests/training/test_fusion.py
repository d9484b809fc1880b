"""Fusion is chosen where it sees what linear cannot, and only there."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.training.tables import COMPETENCIES, FRAMEWORK, LENGTH, write
from vivavoce.evaluation.estimate import Estimate
from vivavoce.models.fusion.estimator import FusionRegressor
from vivavoce.training import BadTraining
from vivavoce.training.fusion.choice import Choice, choose, choose_for
from vivavoce.training.fusion.folds import sequences_of
from vivavoce.training.joining import read_inputs

MODALITIES = {"language": [0, 1, 2], "prosody": [3, 4]}


def cohort(n=1000, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, 3, 5)), rng.standard_normal((n, 2)), np.arange(n) // 2


def model(**parameters):
    return FusionRegressor(
        MODALITIES, **{"epochs": 60, "patience": 10, "batch": 128, "width": 12, "rate": 1e-2, **parameters}
    )


def test_an_interaction_across_answers_makes_fusion_the_choice():
    x, noise, persons = cohort()
    product = x[:, 0, 0] * x[:, 2, 0]
    y = np.column_stack([product, product + x[:, :, 1].mean(axis=1)]) + 0.5 * noise
    found = choose(model(), x, y, persons, ["teamwork", "learning"])
    assert found.kind == "fusion"
    assert found.gain.low > 0.1
    assert found.explained["linear"] < 0.3
    assert all(one.low > 0 for one in found.gains.values())
    assert found.reason.startswith("fusion: it explains +")


def test_linear_data_keep_linear():
    x, noise, persons = cohort()
    x[:, 1, 3:] = np.nan  # nobody's voice was measured in one answer
    means = np.nanmean(x, axis=1)
    y = means @ np.array([[1.0, 0.5], [0.0, 1.0], [0.5, 0.0], [0.5, 0.5], [0.0, 0.0]]) + noise
    y[::5, 0] = np.nan
    found = choose(model(), x, y, persons, ["teamwork", "learning"])
    assert found.kind == "linear"
    assert found.gain.low <= 0
    assert found.explained["linear"] > 0.3
    assert "linear" in found.reason


def test_knowing_which_answer_is_which_is_no_reason_for_fusion():
    x, noise, persons = cohort()
    y = np.column_stack([x[:, 0, 0] - x[:, 2, 0]]) + noise[:, :1]
    found = choose(model(), x, y, persons, ["teamwork"])
    assert found.explained["linear"] < 0.05 < 0.5 < found.explained["linear by answer"]
    assert found.kind == "linear"


def test_too_few_persons_are_refused():
    x, noise, _ = cohort(150)
    with pytest.raises(ValueError, match="of 100 persons. Got .* of 75 persons"):
        choose(model(), x, noise, np.arange(150) // 2, ["teamwork", "learning"])


def test_shapes_that_do_not_fit_are_refused():
    x, noise, persons = cohort(400)
    with pytest.raises(ValueError, match=r"ratings \(n, 1\)"):
        choose(model(), x, noise, persons, ["teamwork"])


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    tables = write(tmp_path_factory.mktemp("tables"), n=240)
    return read_inputs(tables["features"], tables["ratings"], tables["outcomes"], FRAMEWORK)


def test_answers_stand_in_the_order_of_the_framework_s_questions(inputs):
    found = sequences_of(inputs, FRAMEWORK)
    assert found.values.shape == (240, len(FRAMEWORK.questions), len(found.columns))
    for place, question in enumerate(FRAMEWORK.questions):
        for name in COMPETENCIES:
            column = found.values[:, place, found.columns.index(f"language.term_coverage_share.{name}")]
            assert np.isnan(column).all() == (name not in question.shows)
    lengths = found.values[:, :, found.columns.index(LENGTH)].mean(axis=1)
    teamwork = inputs.features["teamwork"][LENGTH]
    shown = [i for i, question in enumerate(FRAMEWORK.questions) if "teamwork" in question.shows]
    assert teamwork == pytest.approx(found.values[:, shown, found.columns.index(LENGTH)].mean(axis=1))
    assert not np.allclose(lengths, teamwork)
    assert sorted(i for columns in found.modalities.values() for i in columns) == list(range(len(found.columns)))


def test_a_training_whose_truth_is_linear_keeps_the_model_that_it_trains(inputs):
    found = choose_for(inputs, FRAMEWORK, fusion=model(epochs=25))
    assert found.kind == "linear"
    assert found.explained["linear by competency"] > 0.4
    assert set(found.gains) == set(COMPETENCIES)
    document = found.document()
    assert json.loads(json.dumps(document, allow_nan=False))["kind"] == "linear"
    assert document["said"].startswith("Fusion beside linear: linear:")


def test_a_choice_says_when_the_other_kind_was_trained():
    some = Estimate(0.1, 0.05, 0.15)
    found = Choice("fusion", {"linear": 0.2, "fusion": 0.3}, some, {"teamwork": some}, "fusion: it explains more.")
    assert found.document()["said"].endswith(
        "it explains more. This version is the linear one: train with --kind fusion to have the other."
    )
    assert found.document("fusion")["said"].endswith("it explains more.")
    other = replace(found, kind="linear", reason="linear: fusion explains less.")
    assert other.document("fusion")["said"].endswith(
        "explains less. This version is fusion all the same, as it was asked for: linear is the one to use."
    )


def test_sample_weights_teach_and_do_not_judge(inputs):
    half = np.where(np.arange(240) % 2 == 0, 1.0, 0.0)
    noisy = {name: np.where(half > 0, values, 6 - values) for name, values in inputs.ratings.items()}
    weighted = choose_for(replace(inputs, ratings=noisy, weights=half), FRAMEWORK, fusion=model(epochs=5))
    assert weighted.explained["linear by competency"] < 0  # learned from the right half, judged on everybody


def test_interviews_without_their_answers_are_refused(inputs):
    with pytest.raises(BadTraining, match="use linear"):
        sequences_of(replace(inputs, answers=None), FRAMEWORK)


def test_a_training_of_few_people_is_refused(inputs):
    with pytest.raises(BadTraining, match="100 people to be tried on. Got 1: use linear"):
        choose_for(replace(inputs, candidates=np.full(240, "c")), FRAMEWORK)
