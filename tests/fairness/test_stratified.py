"""Berkeley 1973: the pooled gap vanishes within departments."""

import math

import numpy as np
import pytest

from vivavoce.fairness.disparity import compare
from vivavoce.fairness.strata import stratify

BERKELEY = [
    ((512, 825), (89, 108)), ((353, 560), (17, 25)), ((120, 325), (202, 593)),
    ((138, 417), (131, 375)), ((53, 191), (94, 393)), ((22, 373), (24, 341)),
]  # fmt: skip


def test_simpson() -> None:
    pooled = compare((1198, 2691), (557, 1835))
    assert pooled.impact_ratio == pytest.approx(0.6818, abs=5e-5)
    assert pooled.z == pytest.approx(9.60, abs=5e-3)
    found = stratify(BERKELEY)
    assert found.odds_ratio == pytest.approx(0.9046968, abs=5e-8)
    assert (found.chi2, found.p) == pytest.approx((1.426946, 0.232264), abs=6e-7)
    assert (found.breslow_day, found.breslow_day_p) == pytest.approx((18.8255, 0.00207), abs=5e-5)
    assert found.odds_low < 1 < found.odds_high


def test_a_planted_common_odds_ratio_comes_back_and_is_covered() -> None:
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(200):
        strata = []
        for base in (0.2, 0.4, 0.6):
            focal = (odds := base / (1 - base) / 2) / (1 + odds)  # common odds ratio 2
            strata.append(((int(rng.binomial(150, base)), 150), (int(rng.binomial(80, focal)), 80)))
        found = stratify(strata)
        covered += found.odds_low <= 2 <= found.odds_high
    assert covered / 200 == pytest.approx(0.95, abs=0.04)


def test_strata_that_say_nothing_are_left_out_and_counted() -> None:
    found = stratify([*BERKELEY, ((5, 5), (0, 0)), ((0, 9), (0, 4))])
    assert (found.strata, found.left_out) == (6, 2)
    assert found.odds_ratio == stratify(BERKELEY).odds_ratio


def test_undefined_says_why() -> None:
    assert "no stratum" in stratify([((5, 5), (0, 0))]).undefined
    wholly = stratify([((5, 5), (1, 5))])
    assert math.isnan(wholly.odds_ratio)
    assert "0 or infinite" in wholly.undefined
    one = stratify(BERKELEY[:1])
    assert math.isnan(one.breslow_day)
    assert one.odds_ratio > 0
    assert "one stratum" in one.undefined
