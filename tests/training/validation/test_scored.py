"""What is asked of every score."""

import numpy as np
import pytest

from vivavoce.evaluation.estimate import Estimate, undefined
from vivavoce.training.validation.overall import calibration_of, ceiling_of


def test_predictions_that_are_too_extreme_have_a_slope_below_one():
    rng = np.random.default_rng(0)
    predicted = rng.standard_normal(200)
    observed = 0.5 + 0.5 * predicted + 0.3 * rng.standard_normal(200)
    observed[:20] = np.nan
    found = calibration_of(predicted, observed, np.arange(200))
    assert found["slope"]["low"] < 0.5 < found["slope"]["high"]
    assert found["mean_error"]["value"] == pytest.approx(0.5, abs=0.15)
    assert found["n"] == 180


def test_a_persons_rows_are_one_and_few_people_are_no_calibration():
    predicted = np.repeat(np.random.default_rng(1).standard_normal(60), 2)
    assert calibration_of(predicted, predicted + 1, np.repeat(np.arange(60), 2))["n"] == 60
    assert "30 people" in calibration_of(predicted[:60], predicted[:60], np.repeat(np.arange(30), 2))["reason"]


def test_the_ceiling_has_the_limits_of_the_reliability_where_it_has_any():
    assert ceiling_of(Estimate(0.64, 0.49, 0.81), "raters").brief == ".80 [.70, .90]"
    assert ceiling_of(Estimate(0.25, -0.1, 0.5), "raters").low == 0
    assert np.isnan(ceiling_of(Estimate(0.64, reason="one person"), "raters").low)
    assert ceiling_of(undefined("one rater"), "raters").reason == "raters: one rater"
