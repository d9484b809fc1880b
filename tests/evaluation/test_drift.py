import math

import numpy as np
import pytest

from tests.proof import proof_count
from vivavoce.evaluation.drift import drift, population_stability


def test_index_and_distance_of_small_examples() -> None:
    assert population_stability([0.5, 0.5], [0.6, 0.4]).value == pytest.approx(0.040547, abs=1e-6)
    assert population_stability([0.2, 0.3, 0.5], [0.2, 0.3, 0.5]).value == 0.0
    assert drift([1, 2, 3, 4], [3, 4, 5, 6]).ks == 0.5


def test_an_empty_class_is_undefined_unless_empty_on_both_sides() -> None:
    found = population_stability([0.5, 0.5, 0.0], [0.5, 0.25, 0.25])
    assert math.isnan(found.value)
    assert "class 2 is empty on one side only" in str(found.reason)
    assert population_stability([0.5, 0.5, 0.0], [0.6, 0.4, 0.0]).value == pytest.approx(0.040547, abs=1e-6)


def test_a_planted_shift_is_measured_in_its_unit() -> None:
    rng = np.random.default_rng(1)
    found = drift(rng.normal(50, 10, 5000), rng.normal(55, 10, 4000))
    assert found.wasserstein == pytest.approx(5.0, abs=0.6)
    assert found.shift == pytest.approx(0.5, abs=0.06)
    assert found.psi.value == pytest.approx(0.25, abs=0.05)  # two normals half a SD apart: d² before binning
    assert found.psi.value > found.noise
    assert found.ks_p < 1e-6


@pytest.mark.proof
def test_noise_is_passed_by_one_in_twenty_when_nothing_moved(record_property) -> None:
    count = proof_count(300, 2000)
    rng = np.random.default_rng(21)
    found = [drift(*rng.standard_normal((2, 400))) for _ in range(count)]
    passed = np.mean([one.psi.value > one.noise for one in found])
    record_property("share above the noise limit, nothing moved", round(float(passed), 3))
    assert passed == pytest.approx(0.05, abs=proof_count(4, 2) / 100)


def test_few_or_constant_values_have_no_index() -> None:
    assert "fewer than 20 values" in str(drift(np.arange(19.0), np.arange(30.0)).psi.reason)
    constant = drift(np.ones(30), np.arange(30.0))
    assert "constant" in str(constant.psi.reason)
    assert math.isnan(constant.shift)


def test_shares_must_be_shares() -> None:
    with pytest.raises(ValueError, match=r"'actual' parameter of population_stability must be shares ≥ 0 that sum"):
        population_stability([0.5, 0.5], [0.5, 0.6])
