"""The example table of New York City's rules (6 RCNY 5-301) must come back."""

import numpy as np
import pytest

from vivavoce.fairness.audit import scoring_rate
from vivavoce.fairness.disparity import compare

SEX = {"Male": (50, 92, 0.543, 1.00), "Female": (34, 76, 0.447, 0.82)}
RACE = {
    "Hispanic": (18, 28, 0.642, 1.00), "White": (15, 40, 0.375, 0.58), "Black": (16, 32, 0.500, 0.78),
    "Native Hawaiian": (5, 8, 0.625, 0.97), "Asian": (10, 24, 0.417, 0.65),
}  # fmt: skip


@pytest.mark.parametrize("table", [SEX, RACE], ids=["sex", "race"])
def test_the_rules_own_example(table: dict[str, tuple[int, int, float, float]]) -> None:
    reference = max(table.values(), key=lambda row: row[0] / row[1])[:2]
    for selected, n, rate, ratio in table.values():
        found = compare(reference, (selected, n))
        assert found.focal_rate == pytest.approx(rate, abs=0.001)
        assert found.impact_ratio == pytest.approx(ratio, abs=0.006)


def test_ties_at_the_median_are_not_above_and_are_counted() -> None:
    rate = scoring_rate(np.array([1, 2, 3, 3, 3, 4, np.nan]))
    assert (rate.median, rate.at_median, rate.above.sum()) == (3.0, 3, 1)
    nobody = scoring_rate(np.array([np.nan]))
    assert np.isnan(nobody.median)
    assert not nobody.above.any()
