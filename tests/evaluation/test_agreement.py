from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.proof import proof_count
from vivavoce.evaluation.agreement import agreement, agreement_by, best_constant, human_agreement, share
from vivavoce.evaluation.reliability import icc


def planted(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Human scores, and a machine that gives .5 of each human point plus 30 and an error of 4."""
    human = rng.normal(60, 10, n)
    return human, 30 + 0.5 * human + rng.normal(0, 4, n)


def test_planted_slant_comes_back() -> None:
    human, machine = planted(np.random.default_rng(1), 5000)
    found = agreement(human, machine)
    assert found.spread_ratio.value == pytest.approx(np.sqrt(0.41), abs=0.02)
    assert found.slope.value == pytest.approx(0.5 / 0.41, abs=0.04)
    assert found.mean_difference.value == pytest.approx(0.0, abs=0.3)
    assert [limit.value for limit in found.limits] == pytest.approx([-12.55, 12.55], abs=0.5)
    assert found.icc == icc(np.column_stack([human, machine])).icc_2_1
    assert found.n == 5000


@pytest.mark.proof
def test_intervals_cover(record_property) -> None:
    count = proof_count(200, 2000)
    rng = np.random.default_rng(24)
    spread = np.sqrt(25 + 16)
    hits = np.zeros(5)
    for _ in range(count):
        one = agreement(*planted(rng, 80))
        hits += [
            one.slope.covers(0.5 / 0.41),
            one.spread_ratio.covers(np.sqrt(0.41)),
            one.mean_difference.covers(0.0),
            one.limits[0].covers(-1.959964 * spread),
            one.correlation.covers(0.5 / np.sqrt(0.41)),
        ]
    for name, hit in zip(("slope", "spread ratio", "mean", "limit of agreement", "r"), hits / count, strict=True):
        record_property(f"coverage of the 95 % interval, {name}, 80 persons", round(float(hit), 3))
    assert hits / count == pytest.approx(np.full(5, 0.95), abs=proof_count(5, 2) / 100)


def test_a_machine_that_moves_away_is_seen_over_time() -> None:
    rng = np.random.default_rng(2)
    human, machine = planted(rng, 400)
    day = np.arange(400.0)
    assert agreement(human, machine + 0.02 * day, times=day).trend.covers(0.02)
    assert "no times" in str(agreement(human, machine).trend.reason)
    assert "at one time" in str(agreement(human, machine, times=np.zeros(400)).trend.reason)


def test_a_constant_machine_is_no_agreement() -> None:
    found = agreement([40.0, 50, 60, 70], np.full(4, 55.0))
    for one in (found.correlation, found.slope, found.spread_ratio):
        assert "do not vary" in str(one.reason)


def test_strata_are_shown_apart_and_small_ones_say_so() -> None:
    human, machine = planted(np.random.default_rng(3), 200)
    strata = np.where(np.arange(200) < 100, "a", "b").astype(object)
    strata[-1] = "c"
    found = agreement_by(strata, human, machine + np.where(strata == "b", 6.0, 0.0))
    assert found["b"].mean_difference.value - found["a"].mean_difference.value == pytest.approx(6, abs=2)
    assert found["c"] == "1 person: fewer than 4"


def test_best_constant_is_the_fullest_window() -> None:
    values = np.random.default_rng(4).normal(60, 10, 150)
    tried = max(np.mean(np.abs(values - centre) <= 5) for centre in np.arange(20, 100, 0.01))
    assert best_constant(values, 5) == pytest.approx(tried, abs=0.007)


def test_many_raters_are_split_by_drawing() -> None:
    table = np.random.default_rng(5).normal(60, 5, (40, 12))
    assert human_agreement(table, seed=1) == human_agreement(table, seed=1)
    assert 0 < human_agreement(table).value < 1


def test_share_of_nobody_is_undefined() -> None:
    assert "nobody" in str(share([]).reason)


def test_real_panels_agree_less_often_than_a_constant(viva_data: Path) -> None:
    ratings = pd.read_csv(viva_data / "mit_interview" / "turker_scores_full_interview.csv")
    ratings = ratings[ratings["Worker"] != "AGGR"].pivot(index="Participant", columns="Worker", values="Overall")
    points = (ratings.to_numpy() - 1) / 6 * 100
    panels = points[~np.isnan(points).any(axis=1)]
    people = panels.mean(axis=1)
    found = agreement(people, people + 3, panels=panels)
    assert found.human_within.value == pytest.approx(0.35, abs=0.01)
    assert found.constant_within == pytest.approx(0.42, abs=0.015)
    assert found.within.value == 1.0


def test_too_few_persons_and_bad_points_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'human' parameter of agreement must be an array of shape \(n ≥ 4"):
        agreement([1, 2, 3], [1, 2, 3])
    with pytest.raises(ValueError, match=r"'points' parameter of agreement must be in \(0, inf\). Got 0"):
        agreement([1, 2, 3, 4], [1, 2, 3, 5], points=0)
