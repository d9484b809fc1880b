import math

import numpy as np
import pytest
from scipy import optimize

from vivavoce.fairness.composite import composite_adverse_impact
from vivavoce.fairness.pareto import Frontier, pareto

VALIDITIES = np.array([0.30, 0.30, 0.18, 0.28])
D = np.array([1.00, 0.23, 0.09, 0.33])
CORRELATIONS = np.array([[1, 0.24, 0, 0.19], [0.24, 1, 0.12, 0.16], [0, 0.12, 1, 0.51], [0.19, 0.16, 0.51, 1]])
APPLICANTS = {"selection_ratio": 0.10, "minority_share": 0.25}


@pytest.fixture(scope="module")
def frontier() -> Frontier:
    return pareto(VALIDITIES, D, CORRELATIONS, **APPLICANTS)


def test_published_inputs_give_the_known_yardsticks(frontier: Frontier) -> None:
    assert frontier.regression.validity == pytest.approx(0.4343, abs=5e-5)
    assert frontier.regression.impact_ratio == pytest.approx(0.2263, abs=1e-4)
    raw = np.array([0.2166, 0.2126, 0.0676, 0.1703])
    assert frontier.regression.weights == pytest.approx(raw / raw.sum(), abs=1e-4)
    assert frontier.unit.validity == pytest.approx(0.4177, abs=5e-5)
    assert frontier.unit.impact_ratio == pytest.approx(0.2846, abs=1e-4)


def test_published_inputs_give_the_known_frontier() -> None:
    half, four_fifths = pareto(VALIDITIES, D, CORRELATIONS, ratios=[0.50, 0.80], **APPLICANTS).composites
    assert half.validity == pytest.approx(0.3886, abs=5e-5)
    assert four_fifths.validity == pytest.approx(0.2238, abs=5e-5)
    assert four_fifths.weights == pytest.approx((0, 0.147, 0.853, 0), abs=5e-4)


def test_frontier_falls_in_validity_as_impact_improves(frontier: Frontier) -> None:
    validity = [one.validity for one in frontier.composites]
    ratio = [one.impact_ratio for one in frontier.composites]
    assert all(np.diff(validity) <= 1e-12)
    assert all(np.diff(ratio) >= -1e-12)
    assert all(sum(one.weights) == pytest.approx(1) and min(one.weights) >= 0 for one in frontier.composites)
    assert frontier.best(0.5).impact_ratio >= 0.5


def test_no_random_weights_beat_the_frontier(frontier: Frontier) -> None:
    rng = np.random.default_rng(1)
    curve = [one.impact_ratio for one in frontier.composites], [one.validity for one in frontier.composites]
    for weights in rng.dirichlet(np.ones(4), 500):
        sd = math.sqrt(weights @ CORRELATIONS @ weights)
        ratio = composite_adverse_impact(weights @ D / sd, **APPLICANTS).ratio
        assert weights @ VALIDITIES / sd <= np.interp(ratio, *curve) + 2e-3  # straight lines between 21 points


def test_a_general_solver_finds_the_same_weights() -> None:
    (ours,) = pareto(VALIDITIES, D, CORRELATIONS, ratios=[0.6], **APPLICANTS).composites

    def ratio(weights: np.ndarray) -> float:
        gap = float(weights @ D / math.sqrt(weights @ CORRELATIONS @ weights))
        return composite_adverse_impact(gap, **APPLICANTS).ratio

    theirs = optimize.minimize(
        lambda w: -(w @ VALIDITIES) / math.sqrt(w @ CORRELATIONS @ w),
        np.full(4, 0.25),
        method="SLSQP",
        bounds=[(0, 1)] * 4,
        constraints=[{"type": "eq", "fun": lambda w: w.sum() - 1}, {"type": "ineq", "fun": lambda w: ratio(w) - 0.6}],
    )
    assert ours.validity == pytest.approx(-theirs.fun, abs=1e-4)
    assert ours.weights == pytest.approx(theirs.x, abs=5e-3)


def test_weights_from_few_people_lose_in_new_people_and_unit_weights_do_not() -> None:
    few = pareto(VALIDITIES, D, CORRELATIONS, people=100, ratios=[0.3, 0.6], **APPLICANTS)
    many = pareto(VALIDITIES, D, CORRELATIONS, people=2000, ratios=[0.3, 0.6], **APPLICANTS)
    for small, large in zip(few.composites, many.composites, strict=True):
        assert small.expected_validity < small.validity - 0.01
        assert small.expected_validity < large.expected_validity < large.validity
    assert few.regression.expected_validity < many.regression.expected_validity < many.regression.validity
    assert few.unit.expected_validity == pytest.approx(few.unit.validity)
    assert few.reason is None


def test_without_people_shrinkage_is_unknown_and_says_so(frontier: Frontier) -> None:
    assert math.isnan(frontier.composites[0].expected_validity)
    assert "number of people behind the estimates was not given" in str(frontier.reason)


def test_a_predictor_that_favours_the_minority_extends_the_frontier_past_one() -> None:
    found = pareto([0.3, 0.1], [0.5, -0.4], np.eye(2), **APPLICANTS)
    assert found.composites[-1].impact_ratio > 1
    assert found.composites[-1].weights == pytest.approx((0, 1), abs=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pareto([-0.1, 0], [0.5, 0.2], np.eye(2), **APPLICANTS), "must hold one value above 0"),
        (lambda: pareto([0.8, 0.8], [0.5, 0.2], np.eye(2), **APPLICANTS), r"with R² 1.2800"),
        (lambda: pareto(VALIDITIES, D, CORRELATIONS, ratios=[0.99], **APPLICANTS), "at most 0.8524"),
        (lambda: pareto(VALIDITIES, D, CORRELATIONS, **APPLICANTS).best(0.9), "at most the highest ratio"),
        (lambda: pareto(VALIDITIES, D, CORRELATIONS, people=5, **APPLICANTS), r"'people' .* must be in \(6, inf\)"),
    ],
)
def test_bad_arguments_are_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
