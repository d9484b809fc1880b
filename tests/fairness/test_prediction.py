import math

import numpy as np
import pytest
import statsmodels.api as sm

from tests.proof import proof_count
from vivavoce.evaluation.estimate import Estimate
from vivavoce.fairness.prediction import DifferentialPrediction, differential_prediction

RELIABILITY = 0.6


def cohort(
    rng: np.random.Generator,
    n: int,
    *,
    d: float = 0.5,
    slopes: tuple[float, float] = (0.5, 0.5),
    overpredicted: float = 0.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score, criterion and group of n people each: ``d`` of true impact, scores of reliability .6 within groups.

    The lines meet at the focal mean unless ``overpredicted`` puts the focal one lower there.
    """
    group = np.repeat(["men", "women"], n)
    focal = group == "women"
    able = rng.standard_normal(2 * n) - d * focal
    score = able + math.sqrt(1 / RELIABILITY - 1) * rng.standard_normal(2 * n)
    line = np.where(focal, slopes[1] * (able + d) - slopes[0] * d - overpredicted, slopes[0] * able)
    return score, line + math.sqrt(1 - slopes[0] ** 2) * rng.standard_normal(2 * n), group


def judge(
    people: tuple[np.ndarray, np.ndarray, np.ndarray], reliability: float | Estimate | None = RELIABILITY
) -> DifferentialPrediction:
    return differential_prediction(*people, reference="men", focal="women", reliability=reliability)


def test_step_down_is_statsmodels() -> None:
    score, criterion, group = cohort(np.random.default_rng(1), 100, slopes=(0.5, 0.3))
    focal = (group == "women").astype(float)
    designs = [
        np.column_stack([score]),
        np.column_stack([score, focal]),
        np.column_stack([score, focal, score * focal]),
    ]
    one, two, three = (sm.OLS(criterion, sm.add_constant(design)).fit() for design in designs)
    found = judge((score, criterion, group)).cleary
    assert found.omnibus_p == pytest.approx(three.compare_f_test(one)[1])
    assert found.slope_p == pytest.approx(three.compare_f_test(two)[1])
    assert found.intercept_p == pytest.approx(two.compare_f_test(one)[1])


def test_effect_size_is_the_mean_difference_of_the_lines_over_focal_people() -> None:
    people = cohort(np.random.default_rng(2), 3000, slopes=(0.6, 0.3), overpredicted=0.2)
    found = judge(people)
    one, two = found.reference, found.focal
    x = np.random.default_rng(3).normal(two.mean_score, two.sd_score, 400_000)
    gaps = (one.intercept - two.intercept + (one.slope - two.slope) * x) / one.sd_criterion
    assert found.d_mod.value == pytest.approx(gaps.mean(), abs=2e-3)
    assert found.d_mod_unsigned.value == pytest.approx(np.abs(gaps).mean(), abs=2e-3)


def test_without_errors_in_the_score_the_correction_changes_nothing() -> None:
    found = judge(cohort(np.random.default_rng(4), 200), reliability=1.0)
    assert found.corrected.difference == found.d_mod


def test_an_uncertain_reliability_widens_the_interval() -> None:
    people = cohort(np.random.default_rng(5), 500)
    sure, unsure = judge(people).corrected, judge(people, Estimate(0.6, 0.4, 0.8)).corrected
    assert unsure.difference.value == sure.difference.value
    assert unsure.difference.high - unsure.difference.low > 1.2 * (sure.difference.high - sure.difference.low)


def test_unknown_reliability_gives_no_verdict() -> None:
    found = judge(cohort(np.random.default_rng(6), 5000), reliability=None)
    assert found.cleary.kind != "none"
    assert found.verdict == "insufficient"
    assert "reliability is unknown" in str(found.reason)
    assert math.isnan(found.corrected.difference.value)


def test_few_people_are_insufficient_and_say_what_they_leave_open() -> None:
    found = judge(cohort(np.random.default_rng(7), 60))
    assert found.verdict == "insufficient"
    assert "are compatible with these people" in str(found.reason)
    assert found.detectable > 0.4


@pytest.mark.proof
@pytest.mark.parametrize("n", [200, 1000])
def test_true_impact_is_not_taken_for_bias(n: int, record_property) -> None:
    count = proof_count(150, 2000)
    rng = np.random.default_rng(40 + n)
    found = [judge(cohort(rng, n)) for _ in range(count)]
    alarms = np.mean([one.verdict == "finding" for one in found])
    cleary = np.mean([one.cleary.kind != "none" for one in found])
    covered = np.mean([one.corrected.difference.covers(0.0) for one in found])
    record_property(f"false alarms, d .5, reliability .6, {n} a group", round(float(alarms), 4))
    record_property(f"false alarms of Cleary's step-down, {n} a group", round(float(cleary), 3))
    record_property(f"coverage of the corrected 95 % interval, {n} a group", round(float(covered), 3))
    assert alarms <= 0.05 + proof_count(4, 1) / 100
    assert covered == pytest.approx(0.95, abs=proof_count(5, 2) / 100)
    if n == 1000:
        assert cleary > 0.3


@pytest.mark.proof
@pytest.mark.parametrize(
    ("kind", "planted"), [("slope", {"slopes": (0.5, 0.3)}), ("intercept", {"overpredicted": 0.2})]
)
def test_planted_bias_is_found_and_named(kind: str, planted: dict, record_property) -> None:
    count = proof_count(60, 1000)
    rng = np.random.default_rng(42)
    found = [judge(cohort(rng, 1000, **planted)) for _ in range(count)]
    power = np.mean([one.verdict == "finding" for one in found])
    named = np.mean([one.corrected.kind == kind for one in found])
    detectable = np.mean([one.detectable for one in found])
    record_property(f"power, {kind} differing by .2, 1,000 a group", round(float(power), 3))
    record_property(f"named {kind}", round(float(named), 3))
    record_property("detectable difference stated, criterion SD", round(float(detectable), 3))
    assert power > 0.85
    assert named > 0.8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reference": "nobody"}, "needs 20 people in each group.* Got 0 in group 'nobody'"),
        ({"reliability": 1.5}, r"'reliability' parameter .* must be in \(0, 1\]. Got 1.5"),
        ({"criterion": np.ones(100)}, "Got 50 in group 'a' with one value only"),
        ({"criterion": np.ones(99)}, "must have equally many rows"),
        ({"smallest": 0.0}, r"'smallest' parameter .* must be in \(0, inf\)"),
    ],
)
def test_bad_arguments_are_refused(change: dict, message: str) -> None:
    rng = np.random.default_rng(8)
    good = {
        "score": rng.standard_normal(100),
        "criterion": rng.standard_normal(100),
        "groups": np.repeat(["a", "b"], 50),
        "reference": "a",
        "focal": "b",
        "reliability": 0.8,
    }
    with pytest.raises(ValueError, match=message):
        differential_prediction(**(good | change))


@pytest.mark.parametrize("reliability", [None, 0.8])
@pytest.mark.parametrize("steeper", [0.0, 1.0])
def test_a_criterion_that_is_the_score_itself_is_undefined(reliability: float | None, steeper: float) -> None:
    score, groups = np.arange(60.0), np.tile(["a", "b"], 30)
    criterion = 1 + score * np.where(groups == "a", 2.0, 2.0 + steeper)
    found = differential_prediction(score, criterion, groups, reference="a", focal="b", reliability=reliability)
    assert found.verdict == "insufficient"
    assert "without scatter" in str(found.reason)
    assert np.isnan([found.corrected.p, found.cleary.omnibus_p, found.d_mod.low]).all()
