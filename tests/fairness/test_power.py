"""How many people a claim needs, and how often the bare rule is wrong."""

import numpy as np
import pytest
from scipy.stats import binom

from vivavoce.fairness.intervals import detectable_ratio, people_to_detect, people_to_show, power_of_ratio


def test_people_needed() -> None:
    assert [people_to_show(rate) for rate in (0.5, 0.3)] == pytest.approx([316, 736], abs=1)
    assert [people_to_detect(rate) for rate in (0.5, 0.3, 0.2, 0.1)] == [388, 859, 1447, 3213]


def test_the_detectable_ratio_is_detected_with_the_stated_power() -> None:
    ratio = detectable_ratio(0.4, 300, 120)
    assert power_of_ratio(ratio, 0.4, 300, 120) == pytest.approx(0.8, abs=1e-6)
    assert detectable_ratio(0.3, 859, 859) == pytest.approx(0.8, abs=1e-3)
    assert np.isnan(detectable_ratio(0.0, 100, 100))


@pytest.mark.parametrize(
    ("n1", "n2", "rate", "fixed", "highest"),
    [(30, 10, 0.3, 0.36, 0.69), (15, 5, 0.1, 0.49, 0.84), (100, 30, 0.5, 0.15, 0.28)],
)
def test_the_bare_rule_raises_false_alarms(n1: int, n2: int, rate: float, fixed: float, highest: float) -> None:
    a, b = np.meshgrid(np.arange(n1 + 1), np.arange(n2 + 1), indexing="ij")
    chance = np.outer(binom.pmf(np.arange(n1 + 1), n1, rate), binom.pmf(np.arange(n2 + 1), n2, rate))
    below, above = 5 * b * n1 < 4 * a * n2, 5 * a * n2 < 4 * b * n1
    assert chance[below].sum() == pytest.approx(fixed, abs=0.006)
    assert chance[below | above].sum() == pytest.approx(highest, abs=0.006)
