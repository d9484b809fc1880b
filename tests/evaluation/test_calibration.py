import numpy as np
import pytest
import statsmodels.api as sm

from tests.proof import proof_count
from vivavoce.evaluation.calibration import calibrate, calibrate_by, calibrate_probabilities, interval_coverage


def test_a_planted_line_comes_back() -> None:
    rng = np.random.default_rng(1)
    predicted = rng.normal(3, 1, 2000)
    found = calibrate(predicted, 0.6 * predicted + 2 + rng.normal(0, 0.5, 2000))
    assert found.slope.covers(0.6)
    assert found.mean_error.covers(0.8)
    assert [one.n for one in found.classes] == [200] * 10
    assert found.classes[0].predicted < found.classes[9].predicted
    assert all(one.observed.low < 0.6 * one.predicted + 2 < one.observed.high for one in found.classes[3:7])


def test_a_group_with_another_line_is_seen() -> None:
    rng = np.random.default_rng(2)
    predicted, group = rng.normal(3, 1, 2000), np.repeat(["a", "b"], 1000)
    found = calibrate_by(group, predicted, predicted + 0.4 * (group == "b") + rng.normal(0, 0.5, 2000))
    assert found["a"].mean_error.covers(0.0)
    assert found["b"].mean_error.covers(0.4)


def test_skill_is_one_for_the_truth_zero_for_the_mean_negative_for_worse() -> None:
    y = np.arange(10.0)
    assert calibrate(y, y).skill == 1.0
    mean = calibrate(np.full(10, 4.5), y)
    assert mean.skill == pytest.approx(0.0)
    assert "all predictions are equal" in str(mean.slope.reason)
    assert calibrate(y[::-1], y).skill < 0


@pytest.mark.proof
def test_slope_interval_covers_with_unequal_spread(record_property) -> None:
    count = proof_count(300, 2000)
    rng = np.random.default_rng(22)
    hits = 0
    for _ in range(count):
        x = rng.standard_normal(150)
        hits += calibrate(x, 0.7 * x + (0.5 + np.abs(x)) * rng.standard_normal(150)).slope.covers(0.7)
    record_property("coverage of the slope's 95 % interval, spread unequal", round(hits / count, 3))
    assert hits / count == pytest.approx(0.95, abs=proof_count(4, 2) / 100)


def test_logistic_slope_is_statsmodels() -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(-1, 1, 400)
    happened = (rng.random(400) < 1 / (1 + np.exp(-(0.3 + 0.7 * logits)))).astype(float)
    theirs = sm.Logit(happened, sm.add_constant(logits)).fit(disp=0)
    found = calibrate_probabilities(1 / (1 + np.exp(-logits)), happened).slope
    assert found.value == pytest.approx(theirs.params[1])
    assert (found.low, found.high) == pytest.approx(tuple(theirs.conf_int()[1]))


def test_separated_outcomes_have_no_slope() -> None:
    found = calibrate_probabilities([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1])
    assert "separate the outcomes" in str(found.slope.reason)
    equal = calibrate_probabilities([0.1, 0.2, 0.8, 0.9], [0, 0, 0, 0])
    assert "all outcomes, are equal" in str(equal.slope.reason)


def test_share_inside_prediction_intervals() -> None:
    found = interval_coverage(np.zeros(100), np.ones(100), np.linspace(0, 1.25, 100))
    assert found.value == 0.8
    assert found.low < 0.8 < found.high


@pytest.mark.parametrize(
    ("probability", "happened", "message"),
    [
        ([0.1, 0.2, 1.0, 0.3], [0, 1, 1, 0], r"'probability' parameter .* must be in \(0, 1\). Got 1.0"),
        ([0.1, 0.2, 0.4, 0.3], [0, 1, 2, 0], "'happened' parameter .* must be 0 or 1. Got 2.0"),
    ],
)
def test_bad_probabilities_are_refused(probability: list[float], happened: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        calibrate_probabilities(probability, happened)
