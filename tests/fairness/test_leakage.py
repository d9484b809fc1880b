import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from tests.proof import proof_count
from vivavoce.evaluation.estimate import Estimate
from vivavoce.fairness.leakage import (
    _permutations,
    _rank_sums,
    group_predictabilities,
    group_predictability,
    judge_area,
    score_predictability,
)


def people(rng: np.random.Generator, n: int, p: int, d: float, share: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, p) of which the first lies ``d`` standard deviations higher in the group."""
    member = rng.permutation(np.arange(n) < share * n)
    features = rng.standard_normal((n, p))
    features[:, 0] += d * member
    return features, member


@pytest.mark.parametrize("values", [3, 9, 400, 0])
def test_ranks_are_scipys_and_areas_scikits(values: int) -> None:
    rng = np.random.default_rng(1)
    predicted = rng.integers(0, values, (200, 50)) - values / 2 if values else rng.standard_normal((200, 50))
    predicted[0] = -0.0  # is equal to 0
    predicted[:2, 7] = 1.0
    flags = rng.random((200, 50)) < 0.3
    rounded = predicted.copy()
    rounded[1, 7] = np.nextafter(1.0, 2.0)  # differs in the last bit: a rounding, and a tie all the same
    sums = _rank_sums(rounded, flags)
    assert sums.tolist() == np.sum(stats.rankdata(predicted, axis=0) * flags, axis=0).tolist()
    members = flags.sum(axis=0)
    areas = (sums - members * (members + 1) / 2) / (members * (200 - members))
    assert areas == pytest.approx([roc_auc_score(flags[:, k], predicted[:, k]) for k in range(50)])


def test_families_together_are_what_each_is_alone() -> None:
    rng = np.random.default_rng(8)
    features, member = people(rng, 300, 5, 0.5)
    features[rng.random(300) < 0.2, 3:] = np.nan
    families = [features[:, :2], features[:, 3:], np.ones((300, 1)), features]
    found = group_predictabilities(families, member, draws=99)
    assert [repr(one) for one in found] == [repr(group_predictability(one, member, draws=99)) for one in families]
    assert found[2].value.reason == "every one of these features has one value only"


def test_permutations_are_those_that_the_flags_themselves_would_be_drawn_in() -> None:
    member = np.random.default_rng(2).random(150) < 0.4
    _, drawn, orders = _permutations(150, 5, 20, 7)
    rng = np.random.default_rng(7)
    rng.permutation(150)
    assert drawn.tolist() == sorted(rng.permutation(150).tolist())
    assert all((member[orders[:, k]] == rng.permutation(member)).all() for k in range(20))


@pytest.mark.parametrize("d", [0.0, 0.5, 2.0])
def test_the_planted_distance_comes_back_as_an_area(d: float) -> None:
    found = group_predictability(*people(np.random.default_rng(4), 4000, 4, d), draws=199)
    assert found.value.value == pytest.approx(stats.norm.cdf(d / np.sqrt(2)), abs=0.025)
    assert found.value.low < stats.norm.cdf(d / np.sqrt(2)) < found.value.high
    assert (found.p == 0.005) == (d > 0)


def test_what_is_absent_counts_too() -> None:
    rng = np.random.default_rng(3)
    features, member = people(rng, 400, 2, 0.0)
    features[member & (rng.random(400) < 0.6), 1] = np.nan
    assert group_predictability(features, member, draws=199).value.low > 0.7


def test_a_score_made_of_length_is_told_from_one_that_is_not() -> None:
    rng = np.random.default_rng(4)
    words = rng.normal(100, 30, (800, 1))
    made, other = 0.5 * words[:, 0] + rng.normal(0, 15, 800), rng.standard_normal(800)
    assert score_predictability(words, made, draws=199).value.value == pytest.approx(np.sqrt(0.5), abs=0.05)
    nothing = score_predictability(words, other, draws=199)
    assert nothing.value.low < 0 < nothing.value.high
    assert nothing.p > 0.01


@pytest.mark.proof
@pytest.mark.parametrize(("n", "p", "d", "share"), [(200, 10, 0.0, 0.5), (200, 10, 0.5, 0.5), (600, 30, 0.5, 0.2)])
def test_area_intervals_cover_and_the_test_keeps_its_level(n, p, d, share, record_property) -> None:
    count = proof_count(40, 1000)
    rng = np.random.default_rng(5)
    found = [group_predictability(*people(rng, n, p, d, share), draws=99, seed=i) for i in range(count)]
    truth = 0.5 if d == 0 else float(np.mean([one.value.value for one in found]))
    covered = np.mean([one.value.covers(truth) for one in found])
    record_property(f"area's 95 % interval covers, {n} people, {p} features, d {d}", round(float(covered), 3))
    assert 0.93 - proof_count(8, 1) / 100 <= covered <= 0.98 + proof_count(3, 0) / 100
    if d == 0:
        alarms = np.mean([one.p <= 0.05 for one in found])
        record_property("permutation p ≤ .05 where nothing differs", round(float(alarms), 3))
        assert alarms <= 0.05 + proof_count(8, 2) / 100


@pytest.mark.proof
@pytest.mark.parametrize("slope", [0.0, 0.5])
def test_correlation_intervals_cover(slope, record_property) -> None:
    count = proof_count(40, 1000)
    rng = np.random.default_rng(6)
    found = []
    for i in range(count):
        x = rng.standard_normal((300, 2))
        found.append(score_predictability(x, slope * x[:, 0] + rng.standard_normal(300), draws=99, seed=i).value)
    truth = float(np.mean([one.value for one in found]))
    covered = np.mean([one.covers(truth) for one in found])
    record_property(f"held-out correlation's 95 % interval covers, slope {slope}", round(float(covered), 3))
    assert 0.93 - proof_count(8, 0) / 100 <= covered <= 0.97 + proof_count(3, 0) / 100


def test_verdicts_need_an_effect_that_counts() -> None:
    assert judge_area(Estimate(0.53, 0.52, 0.54), 0.001) == "ok"  # beyond chance, and nothing
    assert judge_area(Estimate(0.56, 0.50, 0.62), 0.2) == "insufficient"


def test_too_few_people_and_constant_features_say_so() -> None:
    rng = np.random.default_rng(7)
    features, member = people(rng, 100, 2, 0.0, share=0.1)
    assert "fewer than 30" in str(group_predictability(features, member).value.reason)
    assert "one value only" in str(group_predictability(np.ones((100, 2)), np.arange(100) < 50).value.reason)
    assert "fewer than 60" in str(score_predictability(features[:50], np.arange(50.0)).value.reason)
    with pytest.raises(ValueError, match=r"shape \(n people, p\), finite or nan. Got shape \(3,\)"):
        group_predictability(np.ones(3), np.ones(3, bool))
