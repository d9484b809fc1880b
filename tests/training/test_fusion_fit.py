"""A training of fusion: learns what no line describes, keeps everybody out of their own score, and may be killed."""

import json
from dataclasses import replace

import numpy as np
import pytest

import vivavoce.models.fusion.learn as learning
from tests.training.curves import LENGTH, NOISE, write_curved
from tests.training.tables import COMPETENCIES, FRAMEWORK
from vivavoce.data.framework import Framework
from vivavoce.models.directory import save_model
from vivavoce.models.fusion.estimator import FusionRegressor
from vivavoce.models.fusion.fitted import FittedFusion, Prediction
from vivavoce.models.score import OVERALL
from vivavoce.training import BadTraining
from vivavoce.training.fusion.choice import lesson_of
from vivavoce.training.fusion.folds import _moved, _pseudo_values, sequences_of
from vivavoce.training.fusion.fusion_trainer import TRAINER, fit_fusion
from vivavoce.training.joining import read_inputs
from vivavoce.training.variants import Variant

QUICK = FusionRegressor(width=12, epochs=60, patience=10, batch=32, rate=0.01)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    tables = write_curved(tmp_path_factory.mktemp("tables"))
    return read_inputs(tables["features"], tables["ratings"], tables["outcomes"], FRAMEWORK)


@pytest.fixture(scope="module")
def fitted(inputs):
    return fit_fusion(inputs, FRAMEWORK, fusion=QUICK)


def test_what_no_line_describes_is_learned_and_said(fitted):
    documents = fitted.model.documents
    assert documents["fusion"]["kind"] == "fusion"
    assert documents["fusion"]["gain"]["low"] > 0.2
    assert documents["fusion"]["said"].startswith("Fusion beside linear: fusion: it explains +")
    for name in COMPETENCIES:
        found = documents["validity"]["ratings"][name]
        assert found["score"]["low"] > found["linear"]["value"] + 0.15
    json.dumps(documents, allow_nan=False)


def test_the_scale_is_that_of_applicants_scored_by_others(fitted):
    for values in fitted.z.values():
        assert (np.nanmean(values), np.nanstd(values, ddof=1)) == pytest.approx((0, 1))
    assert fitted.model.applicants == 240


def test_weights_are_learned_from_performance_of_people_not_seen(fitted):
    documents = fitted.model.documents
    assert sum(fitted.model.weights.values()) == pytest.approx(1)
    assert documents["weights"]["identified"]
    performance = documents["validity"]["performance"]
    assert performance["correlations"][performance["used"]]["low"] > 0.2
    both = ~np.isnan(fitted.overall)
    assert both.all()


def test_columns_and_modalities_count_as_planted(fitted):
    for name, moved in fitted.model.influence.items():
        assert max(moved, key=moved.__getitem__) in (LENGTH, f"language.term_coverage_share.{name}")
        assert moved[LENGTH] > 3 * moved[NOISE]
    gates = fitted.model.documents["fusion"]["gates"]
    assert set(gates) == {"text", "voice"}
    assert all(0 < value <= 1 for value in gates.values())
    increments = fitted.model.documents["validity"]["increments"]
    assert set(increments) == {"voice"}
    assert increments["voice"]["verdict"] != "shown"


def test_what_was_not_learned_again_says_so(fitted):
    validity = fitted.model.documents["validity"]
    assert validity["procedure"].startswith("fusion, learned anew without each modality")
    for name in COMPETENCIES:
        assert validity["permutation"][name]["p"] is None
        assert "not learned again" in validity["permutation"][name]["reason"]
        assert "not learned again" in validity["elsewhere"][name]["site"]["reason"]
        assert validity["calibration"][name]["slope"]["low"] < 1.15
        assert validity["baselines"][name]
    assert 0 < validity["permutation"]["overall"]["framework"]["p"] < 0.05


def test_the_version_scores_like_those_who_were_crossfitted(fitted, inputs):
    answers = inputs.answers
    points = fitted.model.score_table(answers.columns, answers.interview, answers.question, len(inputs.interviews))
    for name, z in fitted.z.items():
        assert np.corrcoef(points[name], z)[0, 1] > 0.85
    assert np.isfinite(points[OVERALL]).all()


def test_nobody_s_rating_moves_their_own_score(inputs):
    quick = FusionRegressor(width=4, epochs=3)
    lesson = lesson_of(inputs, sequences_of(inputs, FRAMEWORK), quick)
    before = lesson.predicted()
    changed = lesson.ratings.copy()
    changed[7] = 1.0
    after = replace(lesson, ratings=changed).predicted()
    fold = next(held for _, held in lesson.scheme.splits(lesson.persons) if 7 in held)
    assert np.array_equal(before[fold], after[fold])
    others = np.setdiff1d(np.arange(len(before)), fold)
    assert not np.any(before[others] == after[others])


class Mean(FittedFusion):
    """Predicts the mean of the first column over the answers that are there; twice that for a second competency."""

    def predict(self, x):
        mean = np.nanmean(x[:, :, 0], axis=1)[:, None] * [1.0, 2.0]
        return Prediction(mean, mean, mean)


def test_of_a_mean_every_answer_is_its_own_pseudo_value_and_other_columns_move_nothing():
    game = Mean((), 3, 1, 2, None, np.ones(2), None)
    x = np.array([[[1.0, 9.0], [2.0, 9.0], [6.0, 9.0]], [[4.0, 1.0], [8.0, 2.0], [np.nan, np.nan]]])
    found = _pseudo_values(game, x, game.predict(x).mean)
    assert found[0] == pytest.approx(np.array([[1, 2], [2, 4], [6, 12]]))
    assert found[1, :2] == pytest.approx(np.array([[4, 8], [8, 16]]))
    assert np.isnan(found[1, 2]).all()
    assert _moved(game, np.array([[[1.0, 5.0]], [[4.0, 7.0]]])) == pytest.approx(np.array([[6.0, 0.0], [12.0, 0.0]]))


def killed_after(epochs, monkeypatch):
    write, count = learning.write_progress, iter(range(10_000))

    def cut(*arguments):
        write(*arguments)
        if next(count) + 1 == epochs:
            raise KeyboardInterrupt

    monkeypatch.setattr(learning, "write_progress", cut)


def test_a_training_that_was_killed_goes_on_to_the_same_bytes(inputs, tmp_path, monkeypatch):
    quick = FusionRegressor(width=4, epochs=4)
    ask = {"fusion": quick, "effort": None}
    whole = save_model(fit_fusion(inputs, FRAMEWORK, **ask).model, tmp_path / "whole")
    place = tmp_path / "v1.checkpoints"
    with monkeypatch.context() as patched:
        killed_after(10, patched)  # in the third fold
        with pytest.raises(KeyboardInterrupt):
            fit_fusion(inputs, FRAMEWORK, checkpoints=place, **ask)
    assert [path.name for path in sorted(place.iterdir())] == [f"fold-{i}.safetensors" for i in (1, 2, 3)]
    epochs = []
    monkeypatch.setattr(learning, "_epoch", lambda *a, real=learning._epoch: (epochs.append(a[-1]), real(*a)))
    again = save_model(fit_fusion(inputs, FRAMEWORK, checkpoints=place, **ask).model, tmp_path / "again")
    assert again == whole
    assert epochs == [2, 3, *3 * [0, 1, 2, 3]], "two folds were done, half of the third"
    with pytest.raises(BadTraining, match="checkpoint of another fit"):
        fit_fusion(inputs, FRAMEWORK, checkpoints=place, fusion=FusionRegressor(width=5, epochs=4), effort=None)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"answers": None}, "use linear"),
        ({"candidates": np.array(["c"] * 240)}, "100 people to be tried on. Got 1: use linear"),
        ({"features": {name: {} for name in COMPETENCIES}}, "None of the features"),
    ],
)
def test_what_cannot_teach_fusion_is_refused(inputs, change, match):
    with pytest.raises(BadTraining, match=match):
        fit_fusion(replace(inputs, **change), FRAMEWORK, fusion=QUICK)


def test_more_questions_than_evidence_can_be_shared_over_are_refused(inputs):
    document = FRAMEWORK.model_dump(mode="json")
    first = document["questions"][0] | {"shows": list(COMPETENCIES)}
    document["questions"] = [{**first, "id": f"q{i}"} for i in range(1, 12)]
    with pytest.raises(BadTraining, match="1 to 10 questions"):
        fit_fusion(inputs, Framework.model_validate(document, strict=False), fusion=QUICK)


def test_people_are_split_as_the_training_is(inputs):
    sites = np.array([f"s{i % 6}" for i in range(240)])
    scheme = inputs.scheme.by_group("site", inputs.candidates, sites)
    quick = FusionRegressor(width=4, epochs=2)
    found = fit_fusion(replace(inputs, scheme=scheme), FRAMEWORK, fusion=quick, effort=None)
    assert found.model.documents["datasheet"]["split"]["by"] == "site"
    lesson = lesson_of(replace(inputs, scheme=scheme), sequences_of(inputs, FRAMEWORK), quick)
    for _, held in lesson.scheme.splits(lesson.persons):
        assert not set(sites[held]) & set(np.delete(sites, held))


def test_alternatives_to_a_fusion_version_are_learned_by_fusion(inputs, fitted, monkeypatch):
    asked = []

    def learned(changed, framework, **more):
        asked.append((changed, more))
        return fitted

    monkeypatch.setattr("vivavoce.training.fusion.fusion_trainer.fit_fusion", learned)
    without = Variant(name="no_length", without_features=(LENGTH,))
    assert np.array_equal(TRAINER.scores_under(fitted.model, inputs, without, 0)["overall"], fitted.overall)
    assert LENGTH not in asked[0][0].features["teamwork"]
    assert asked[0][1]["effort"] is None
