"""One training's validity document: what was planted comes back, nothing personal is in it, and it costs seconds."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.training.tables import COMPETENCIES, FRAMEWORK, NOISE, write
from vivavoce.training.inputs import Selection
from vivavoce.training.joining import read_inputs
from vivavoce.training.learned import without_nan
from vivavoce.training.linear.linear_trainer import fit
from vivavoce.training.validation.overall import Effort

QUICK = Effort(permutations=19, repeats=1)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    paths = write(tmp_path_factory.mktemp("report"), n=200, validity=0.6)
    return read_inputs(paths["features"], paths["ratings"], paths["outcomes"], FRAMEWORK)


@pytest.fixture(scope="module")
def fitted(inputs):
    return fit(inputs, FRAMEWORK, effort=QUICK)


@pytest.fixture(scope="module")
def validity(fitted):
    return fitted.model.documents["validity"]


def test_every_question_is_answered_for_every_competency(validity):
    for what in ("permutation", "learning curve", "calibration", "precision", "elsewhere", "ceiling", "baselines"):
        assert set(COMPETENCIES) <= set(validity[what]), what
    assert validity["permutation"]["teamwork"]["p"] == 0.05
    assert validity["permutation"]["overall"]["framework"]["p"] == 0.05
    assert validity["learning curve"]["teamwork"]["points"][-1]["r"]["value"] == pytest.approx(
        validity["ratings"]["teamwork"]["score"]["value"]
    )


def test_predictions_are_calibrated(validity):
    for name in (*COMPETENCIES, "overall"):
        slope = validity["calibration"][name]["slope"]
        assert slope["low"] < 1 < slope["high"], name


def test_bands_rest_on_single_answers(fitted, validity):
    for one in fitted.model.competencies:
        assert one.question_sd == validity["precision"][one.competency]["question_sd"]
        assert 0.3 < one.question_sd < 0.7  # an answer lies half a level's spread from its person's level


def test_a_voice_of_noise_is_not_shown_to_add(validity):
    assert validity["increments"]["voice"]["verdict"] in {"not shown", "underpowered"}
    assert validity["increments"]["voice"]["columns"] == 1
    assert validity["increments by competency"]["teamwork"]["voice"]["gain"]["high"] < 0.05
    assert any(one.startswith("voice over language: ") for one in validity["findings"])


def test_a_voice_that_predicts_performance_is_shown(inputs):
    rng = np.random.default_rng(1)
    voice = rng.standard_normal(len(inputs.interviews))
    ratings = {name: y + 0.6 * voice for name, y in inputs.ratings.items()}
    features = {name: {**columns, NOISE: voice} for name, columns in inputs.features.items()}
    performance = inputs.performance + voice
    changed = replace(inputs, ratings=ratings, features=features, performance=performance, answers=None)
    found = fit(changed, FRAMEWORK, effort=QUICK).model.documents["validity"]
    assert found["increments"]["voice"]["verdict"] == "shown"
    assert found["precision"]["teamwork"]["reason"] == "0 people answered two questions: fewer than 20"
    assert any("single answers are not known" in one for one in found["findings"])


def test_selection_that_is_stated_is_undone_and_one_that_is_not_is_said(inputs, validity):
    assert validity["performance"]["corrected"] is None
    assert "not stated" in validity["performance"]["note"]
    test = np.nanmean(list(inputs.ratings.values()), axis=0)
    hired = np.where(test > np.median(test), inputs.performance, np.nan)
    changed = replace(
        inputs,
        performance=hired,
        criteria={"panel": test},
        selection=Selection(mechanism="indirect", source="a panel", selector="panel", applicants_sd=float(test.std())),
    )
    found = fit(changed, FRAMEWORK, effort=None).model.documents["validity"]["performance"]
    assert found["note"] is None
    assert {one["method"] for one in found["corrected"].values()} == {"case III"}
    one = found["corrected"]["framework"]
    assert one["corrected"]["value"] > one["raw"]["value"]


def test_the_document_is_small_json_without_ids(fitted, validity):
    text = json.dumps(without_nan(validity), allow_nan=False)
    assert len(text) < 60_000
    assert "c0007" not in text


def test_the_same_seed_gives_the_same_document(inputs, validity):
    assert fit(inputs, FRAMEWORK, effort=QUICK).model.documents["validity"] == validity


def test_sample_weights_reach_the_ridge(inputs):
    half = np.arange(len(inputs.interviews)) < 100
    changed = replace(
        inputs,
        ratings={name: np.where(half, y, 6 - y) for name, y in inputs.ratings.items()},
        weights=half.astype(float),
        provenance=None,
    )
    found = fit(changed, FRAMEWORK, effort=None)
    assert np.corrcoef(found.z["teamwork"], inputs.ratings["teamwork"])[0, 1] > 0.8
