"""Fusion is chosen where it sees what linear cannot, and only there."""

import numpy as np
import pytest

from vivavoce.models.fusion.estimator import FusionRegressor
from vivavoce.training.fusion import choose

MODALITIES = {"language": [0, 1, 2], "prosody": [3, 4]}


def cohort(n=1200, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, 3, 5)), rng.standard_normal((n, 2)), np.arange(n) // 2


def model(**parameters):
    return FusionRegressor(
        MODALITIES, **{"epochs": 60, "patience": 10, "batch": 128, "width": 16, "rate": 6e-3, **parameters}
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
