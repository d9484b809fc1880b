import math

import numpy as np
import pytest
from scipy import stats

from tests.proof import proof_count
from vivavoce.evaluation.effect import difference, superiority
from vivavoce.evaluation.estimate import Estimate


def test_small_table_gives_d_and_g() -> None:
    found = difference([3, 4, 5, 6, 7], [1, 2, 3, 4, 5])
    assert found.d.value == pytest.approx(1.264911, abs=1e-6)
    assert found.g.value == pytest.approx(1.142500, abs=1e-6)
    assert found.mean.value == 2.0
    assert (found.n_first, found.n_second) == (5, 5)


def test_swapping_groups_turns_the_sign_and_the_limits() -> None:
    first, second = [3, 4, 5, 9, 7.5], [1, 2, 3, 4, 5, 6]
    one, other = difference(first, second), difference(second, first)
    assert (one.d.value, one.d.low, one.d.high) == pytest.approx((-other.d.value, -other.d.high, -other.d.low))
    assert one.p == pytest.approx(other.p)


def test_values_without_spread_have_no_effect_size() -> None:
    found = difference([2, 2], [1, 1, 1])
    assert found.mean.value == 1.0
    assert math.isnan(found.d.value)
    assert math.isnan(found.p)
    assert "no standard deviation" in str(found.g.reason)


@pytest.mark.proof
@pytest.mark.parametrize(("d", "n1", "n2"), [(0.0, 20, 20), (0.5, 100, 30), (1.2, 15, 40)])
def test_interval_covers_planted_difference(d: float, n1: int, n2: int, record_property) -> None:
    count = proof_count(200, 2000)
    rng = np.random.default_rng(18)
    hits = np.mean([difference(rng.normal(d, 1, n1), rng.normal(0, 1, n2)).d.covers(d) for _ in range(count)])
    record_property(f"coverage of the 95 % interval of d, {d} at {n1}/{n2}", round(float(hits), 3))
    assert hits == pytest.approx(0.95, abs=proof_count(5, 2) / 100)


def test_one_person_is_no_group() -> None:
    with pytest.raises(ValueError, match=r"'second' parameter of difference must be an array of shape \(n ≥ 2"):
        difference([1, 2], [1])


def test_superiority_is_the_area_under_the_curve():
    rng = np.random.default_rng(11)
    first, second = rng.standard_normal(400) + 1, rng.standard_normal(300)
    found = superiority(first, second)
    assert found.value == pytest.approx(np.mean(first[:, None] > second))
    assert found.covers(stats.norm.cdf(1 / np.sqrt(2)))
    assert superiority([1.0, 1.0], [1.0, 1.0]).value == 0.5
    assert superiority([3.0, 4.0], [1.0, 2.0]) == Estimate(1.0, 1.0, 1.0)
