"""Berkeley 1973: the pooled gap vanishes within departments."""

import math

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable

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


def test_it_agrees_with_statsmodels_where_that_is_defined() -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        n1, n2 = rng.integers(20, 60, (2, 5))
        a, b = rng.binomial(n1, 0.5), rng.binomial(n2, 0.35)
        stacked = np.stack([[a, n1 - a], [b, n2 - b]]).astype(float)
        oracle = StratifiedTable(stacked)
        pairs = zip(zip(a.tolist(), n1.tolist(), strict=True), zip(b.tolist(), n2.tolist(), strict=True), strict=True)
        found = stratify(list(pairs))
        homogeneous = oracle.test_equal_odds()
        seen = (found.odds_ratio, found.odds_low, found.odds_high, found.breslow_day, found.breslow_day_p)
        wanted = (
            oracle.oddsratio_pooled, *oracle.oddsratio_pooled_confint(), homogeneous.statistic, homogeneous.pvalue,
        )  # fmt: skip
        assert seen == pytest.approx(wanted, rel=1e-9)
        assert found.differ_p == found.breslow_day_p
        if found.chi2:  # within half a person of no gap, the library takes the correction twice
            assert (found.chi2, found.p) == pytest.approx(
                (oracle.test_null_odds(True).statistic, oracle.test_null_odds(True).pvalue), rel=1e-9, abs=1e-15
            )


def test_breslow_day_where_the_common_odds_ratio_is_one() -> None:
    opposite = [((160, 400), (64, 400)), ((64, 400), (160, 400))]
    found = stratify(opposite)
    beside = stratify([((160, 400), (64, 400)), ((64, 400), (160, 401))])
    assert found.odds_ratio == 1.0
    assert found.breslow_day == pytest.approx(beside.breslow_day, rel=0.01)
    assert found.breslow_day == pytest.approx(2 * 48**2 * (2 / 112 + 2 / 288), rel=1e-12)
    assert 0 < found.breslow_day_p < 1e-25


def test_one_stratum_has_the_interval_of_one_table() -> None:
    for pair in (((48, 80), (12, 40)), ((3, 20), (1, 10)), ((5, 9), (0, 7))):
        found, table = stratify([pair]), compare(*pair)
        assert (found.ratio_low, found.ratio_high) == pytest.approx((table.score_low, table.score_high), rel=1e-12)
        assert (found.ratio, found.below_four_fifths, found.flip_flop) == (
            pytest.approx(table.impact_ratio), table.below_four_fifths, table.flip_flop,
        )  # fmt: skip


def test_a_ratio_of_four_fifths_in_every_stratum_is_not_below() -> None:
    assert not stratify([((4, 5), (16, 25)), ((10, 50), (8, 50))]).below_four_fifths
    assert stratify([((4, 5), (16, 25)), ((10, 50), (7, 50))]).below_four_fifths


def test_many_small_strata_are_told_apart_only_where_they_differ() -> None:
    rng = np.random.default_rng(4)
    called = {"equal": 0, "opposite": 0}
    for _ in range(60):
        for name, rates in (("equal", (0.4, 0.4)), ("opposite", (0.2, 0.6))):
            focal = rng.choice(rates, 120)
            a, b = rng.binomial(4, 0.4, 120).tolist(), rng.binomial(4, focal).tolist()
            found = stratify([((x, 4), (y, 4)) for x, y in zip(a, b, strict=True)])
            called[name] += found.differ_p < 0.05
    assert called["equal"] <= 8
    assert called["opposite"] >= 30


def test_the_ratio_over_strata_is_covered_and_the_test_keeps_its_level() -> None:
    rng = np.random.default_rng(9)
    covered = false = 0
    for _ in range(200):
        rates = rng.uniform(0.2, 0.7, 40)
        a, b = rng.binomial(9, rates).tolist(), rng.binomial(6, 0.7 * rates).tolist()
        found = stratify([((x, 9), (y, 6)) for x, y in zip(a, b, strict=True)])
        covered += found.ratio_low <= 0.7 <= found.ratio_high
        c = rng.binomial(6, rates).tolist()
        false += stratify([((x, 9), (y, 6)) for x, y in zip(a, c, strict=True)]).p < 0.05
    assert covered / 200 == pytest.approx(0.95, abs=0.045)
    assert false / 200 <= 0.05 + 0.045
