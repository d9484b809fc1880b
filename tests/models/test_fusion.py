"""Fusion of modalities over answers: planted interactions, spreads and absences; same bytes; scikit-learn's checks."""

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

import vivavoce.models.fusion.learn as learning
from tests.proof import proof_count
from vivavoce.models.fusion.estimator import FusionRegressor
from vivavoce.models.fusion.fitted import FittedFusion
from vivavoce.models.fusion.learn import CheckpointRefused
from vivavoce.models.linear.ridge import CompetencyRidge

TWO = {"language": [0, 1, 2], "prosody": [3, 4]}
THREE = {**TWO, "face": [5]}
QUICK = {"epochs": 4, "width": 8}
WEIGHTS_ARE_NOT_COPIES = "who is held out, and the minibatches, depend on the number of rows: a copy is another row"
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": WEIGHTS_ARE_NOT_COPIES,
    "check_sample_weight_equivalence_on_sparse_data": WEIGHTS_ARE_NOT_COPIES,
}


def sequences(n, answers=4, features=6, seed=0):
    return np.random.default_rng(seed).standard_normal((n, answers, features))


def noise(n, seed=1):
    return np.random.default_rng(seed).standard_normal(n)


def bytes_of(model: FusionRegressor) -> bytes:
    return save(model.fitted_.to_tensors()) + json.dumps(model.fitted_.document()).encode()


def explained(truth, found):
    return 1 - np.mean((truth - found) ** 2) / np.var(truth)


@parametrize_with_checks(
    [FusionRegressor(epochs=25, width=8, batch=32, rate=0.02)], expected_failed_checks=lambda _: EXPECTED
)
def test_scikit_learn_agrees(estimator, check):
    check(estimator)


@pytest.fixture
def torch_warns_always():
    """Torch warns of an array that it may not write to once per process: whoever comes second would not hear it."""
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(False)


@pytest.mark.parametrize("head", ["gaussian", "ordinal"])
def test_arrays_that_may_not_be_written_are_taken_as_they_are(head, torch_warns_always):
    x, weights = sequences(60), np.ones(60)
    y = np.clip(np.round(3 + noise(60)), 1, 5)
    for one in (x, y, weights):
        one.setflags(write=False)
    model = FusionRegressor(head=head, **QUICK).fit(x, y, sample_weight=weights)
    again = FittedFusion.from_tensors(model.fitted_.document(), load(save(model.fitted_.to_tensors())))
    assert np.array_equal(again.predict(x).mean[:, 0], model.predict(x))


def test_an_interaction_across_answers_is_found_that_linear_cannot_see():
    x = sequences(3000)
    truth = x[:, 0, 0] * x[:, 2, 0] + 0.5 * x[:, :, 3].mean(axis=1)
    y = truth + 0.5 * noise(3000)
    model = FusionRegressor(THREE, batch=128, patience=10, rate=6e-3).fit(x[:1500], y[:1500])
    ridge = CompetencyRidge().fit(x[:1500].reshape(1500, -1), y[:1500])
    assert explained(truth[1500:], model.predict(x[1500:])) > 0.75
    assert explained(truth[1500:], ridge.predict(x[1500:].reshape(1500, -1))) < 0.2


@pytest.mark.proof
def test_intervals_cover_noise_that_differs_from_person_to_person(record_property):
    found = np.mean([heteroscedastic(seed) for seed in range(proof_count(1, 20))], axis=0)
    record_property("coverage of 90 % intervals: all, quiet half, noisy half", found.round(3).tolist())
    assert 0.87 <= found[0] <= 0.93
    assert np.all((found[1:3] >= 0.85) & (found[1:3] <= 0.95))  # one spread for all would cover nearly all the quiet
    assert found[3] > 0.9


def heteroscedastic(seed: int) -> tuple[float, float, float, float]:
    """Coverage among 4,000 new people, its two halves by planted noise, and r of the log spreads with the planted."""
    x = sequences(6000, answers=2, seed=2 * seed)
    sd = np.exp(0.7 * x[:, 0, 1])
    y = x[:, :, 0].mean(axis=1) + sd * noise(6000, 2 * seed + 1)
    model = FusionRegressor(THREE, batch=128, patience=8, rate=6e-3).fit(x[:2000], y[:2000])
    fresh, planted = x[2000:], sd[2000:]
    low, high = model.predict_interval(fresh, 0.9)
    inside = (low <= y[2000:]) & (y[2000:] <= high)
    quiet = planted < np.median(planted)
    r = np.corrcoef(np.log(model.predict_spread(fresh)), np.log(planted))[0, 1]
    return inside.mean(), inside[quiet].mean(), inside[~quiet].mean(), r


def test_steps_of_a_scale_come_back_as_chances():
    x = sequences(3000, answers=2)
    latent = 1.5 * x[:, :, 0].sum(axis=1) + np.random.default_rng(2).logistic(size=3000)
    y = 1.0 + np.digitize(latent, [-2.0, 0.0, 1.0, 3.0])
    model = FusionRegressor(THREE, head="ordinal", batch=128, patience=8, rate=6e-3).fit(x[:1500], y[:1500])
    chance = np.array([1 / (1 + np.exp(-(cut - 1.5 * x[1500:, :, 0].sum(axis=1)))) for cut in (-2.0, 0.0, 1.0, 3.0)])
    expected = 5 - chance.sum(axis=0)
    assert explained(expected, model.predict(x[1500:])) > 0.95
    low, high = model.predict_interval(x[1500:], 0.9)
    assert set(np.unique(low)) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    assert np.mean((low <= y[1500:]) & (y[1500:] <= high)) >= 0.87
    assert 0.8 < model.fitted_.spread[0] < 1.25


def test_an_absent_modality_changes_nothing():
    x = sequences(300)
    x[:150, :, 5] = np.nan
    y = x[:, :, 0].mean(axis=1)
    model = FusionRegressor(THREE, **QUICK).fit(x, y)
    before, gates = model.predict(x), model.gates(x)
    with torch.no_grad():
        for parameter in model.fitted_.network.encoders["face"].parameters():
            parameter.add_(torch.randn_like(parameter))
    after = model.predict(x)
    assert np.array_equal(before[:150], after[:150])
    assert not np.any(before[150:] == after[150:])
    assert np.all(gates[:150, 2] == 0)
    assert np.all(gates[150:] > 0)


def test_a_modality_that_nobody_has_leaves_the_same_model():
    x = sequences(200)
    x[:, :, 5] = np.nan
    y = x[:, :, 0].mean(axis=1)
    with_it = FusionRegressor(THREE, **QUICK).fit(x, y).predict(x)
    without = FusionRegressor(TWO, **QUICK).fit(x[:, :, :5], y).predict(x[:, :, :5])
    assert np.array_equal(with_it, without)


def test_an_absent_answer_leaves_the_state_as_it_was():
    x = sequences(300)
    x[::2, 1] = np.nan
    model = FusionRegressor(THREE, **QUICK).fit(x, x[:, 0, 0])
    other = x.copy()
    other[::2, 1, :3] = 0.0  # the language of answer 1 is there after all
    assert not np.any(model.predict(x)[::2] == model.predict(other)[::2])
    assert np.isfinite(model.predict(x)).all()


def test_nothing_measured_is_no_prediction():
    x = sequences(100)
    model = FusionRegressor(THREE, **QUICK).fit(x, x[:, :, 0].mean(axis=1))
    x[0] = np.nan
    low, high = model.predict_interval(x)
    for found in (model.predict(x), model.predict_spread(x), low, high):
        assert np.isnan(found[0])
        assert np.isfinite(found[1:]).all()


def test_unrated_competencies_are_left_out_of_the_loss():
    x = sequences(400)
    y = np.column_stack([x[:, :, 0].mean(axis=1), x[:, :, 1].mean(axis=1)])
    y[::2, 0], y[1::2, 1] = np.nan, np.nan
    found = FusionRegressor(THREE, epochs=50).fit(x, y).predict(x)
    assert explained(x[:, :, 0].mean(axis=1), found[:, 0]) > 0.8
    assert explained(x[:, :, 1].mean(axis=1), found[:, 1]) > 0.8


def test_rows_of_weight_zero_teach_nothing():
    x = sequences(400)
    y = x[:, :, 0].mean(axis=1)
    wrong = np.arange(400) % 4 == 0
    weighted = FusionRegressor(THREE, epochs=50).fit(
        x, np.where(wrong, -5 * y, y), sample_weight=np.where(wrong, 0.0, 1.0)
    )
    assert explained(y, weighted.predict(x)) > 0.85


def test_no_person_is_on_both_sides():
    model = FusionRegressor(THREE)
    persons = np.repeat(np.arange(50), 3)
    held = model._held(150, persons)
    assert held.sum() == 30
    assert not set(persons[held]) & set(persons[~held])


def test_the_same_seed_gives_the_same_bytes_for_any_number_of_threads():
    x = sequences(300)
    y = x[:, :, 0].mean(axis=1)
    model = FusionRegressor(THREE, **QUICK)
    one = bytes_of(clone(model).fit(x, y))
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    two = bytes_of(clone(model).fit(x, y))
    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)
    assert one == two
    assert one != bytes_of(clone(model).set_params(random_state=1).fit(x, y))


def test_rows_predicted_alone_get_the_same_bits():
    x = sequences(50)
    model = FusionRegressor(THREE, **QUICK).fit(x, x[:, :, 0].mean(axis=1))
    together = model.predict(x)
    assert np.array_equal(together, np.concatenate([model.predict(row[None]) for row in x]))
    assert np.array_equal(together[::-1], model.predict(x[::-1]))


@pytest.mark.parametrize("head", ["gaussian", "ordinal"])
def test_tensors_and_json_are_the_whole_model(head):
    x = sequences(200)
    y = np.round(np.clip(x[:, :, :2].sum(axis=1), -2, 2))
    x[::3, :, 3:] = np.nan
    model = FusionRegressor(THREE, head=head, **QUICK).fit(x, y)
    tensors, document = load(save(model.fitted_.to_tensors())), json.loads(json.dumps(model.fitted_.document()))
    again = FittedFusion.from_tensors(document, tensors)
    for one, other in zip(model.fitted_.predict(x), again.predict(x), strict=True):
        assert np.array_equal(one, other)
    for one, other in zip(model.fitted_.interval(x, 0.9), again.interval(x, 0.9), strict=True):
        assert np.array_equal(one, other)


def interrupted_after(epochs, monkeypatch):
    """Learning that is cut off once so many epochs are written."""
    write, count = learning.write_progress, iter(range(1000))

    def cut(*arguments):
        write(*arguments)
        if next(count) + 1 == epochs:
            raise KeyboardInterrupt

    monkeypatch.setattr(learning, "write_progress", cut)


@pytest.mark.parametrize("epochs", [1, 5])
def test_an_interrupted_fit_goes_on_to_the_same_bytes(epochs, tmp_path, monkeypatch):
    x = sequences(300)
    y = x[:, 0, 0] * x[:, 1, 0]
    whole = FusionRegressor(THREE, width=8, epochs=9).fit(x, y)
    model = FusionRegressor(THREE, width=8, epochs=9, checkpoint=tmp_path / "fit.safetensors")
    with monkeypatch.context() as patched:
        interrupted_after(epochs, patched)
        with pytest.raises(KeyboardInterrupt):
            clone(model).fit(x, y)
    seen = []
    monkeypatch.setattr(learning, "_epoch", lambda *a, real=learning._epoch: (seen.append(a[-1]), real(*a)))
    again = clone(model).fit(x, y)
    assert seen == list(range(epochs, 9))
    assert bytes_of(again) == bytes_of(whole)


def test_a_checkpoint_of_another_fit_is_refused(tmp_path):
    x = sequences(60)
    place = tmp_path / "fit.safetensors"
    model = FusionRegressor(THREE, checkpoint=place, **QUICK).fit(x, x[:, 0, 0])
    with pytest.raises(CheckpointRefused, match="of another fit"):
        clone(model).fit(x, x[:, 0, 1])
    with pytest.raises(CheckpointRefused, match="of another fit"):
        clone(model).set_params(width=9).fit(x, x[:, 0, 0])
    place.write_bytes(b"no tensors")
    with pytest.raises(CheckpointRefused, match="is no checkpoint"):
        clone(model).fit(x, x[:, 0, 0])


@pytest.mark.parametrize(
    ("parameters", "shape", "match"),
    [
        ({"modalities": {"language": [0, 1]}}, (30, 2, 3), "exactly one modality"),
        ({"modalities": {"a.b": [0, 1, 2]}}, (30, 2, 3), "one plain word"),
        ({"head": "poisson"}, (30, 2, 3), "one of gaussian, ordinal"),
        ({"head": "ordinal"}, (30, 2, 3), "2 to 11 different values"),
        ({"rate": 1e30}, (30, 2, 3), "lost its way"),
    ],
)
def test_what_does_not_fit_is_refused(parameters, shape, match):
    x = sequences(*shape)
    with pytest.raises(ValueError, match=match):
        FusionRegressor(**parameters).fit(x, noise(30))


def test_interviews_of_another_length_are_refused():
    model = FusionRegressor(**QUICK).fit(sequences(30, 2, 3), noise(30))
    with pytest.raises(ValueError, match="interviews of 2 answers. Got 3"):
        model.predict(sequences(30, 3, 3))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there_is_said():
    with pytest.raises(ValueError, match="has no CUDA device"):
        FusionRegressor(device="cuda").fit(sequences(30), noise(30))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_learns_the_same_and_repeats_itself():
    x = sequences(2000)
    y = x[:, 0, 0] * x[:, 2, 0] + 0.5 * noise(2000)
    here, there = (FusionRegressor(THREE, device=device).fit(x, y) for device in ("cpu", "cuda"))
    assert bytes_of(there) == bytes_of(clone(there).fit(x, y))
    assert np.corrcoef(here.predict(x), there.predict(x))[0, 1] > 0.9
