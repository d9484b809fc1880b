import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.proof import proof_count
from vivavoce.evaluation.raters import against_rest, compare_raters, panel_reliability
from vivavoce.evaluation.reliability import icc


def planted(
    rng: np.random.Generator, severity: np.ndarray, drift: np.ndarray, persons: int = 120, each: int = 3
) -> tuple[np.ndarray, ...]:
    """Ratings by ``each`` random raters per person; severity is subtracted and grows by ``drift`` a day."""
    person = np.repeat(np.arange(persons), each)
    rater = np.concatenate([rng.permutation(len(severity))[:each] for _ in range(persons)])
    day = np.repeat(rng.uniform(0, 100, persons), each)
    truth = np.repeat(rng.normal(5, 1, persons), each)
    harshness = severity[rater] + drift[rater] * (day - 50)
    return person, rater, truth - harshness + 0.5 * rng.standard_normal(len(rater)), day


def test_planted_severity_and_drift_come_back() -> None:
    severity, drift = np.array([0.5, 0.0, -0.5, 0.2, -0.2]), np.array([0.01, 0, 0, 0, -0.01])
    found = compare_raters(*planted(np.random.default_rng(1), severity, drift, persons=2000))
    assert [one.severity.value for one in found] == pytest.approx(severity, abs=0.05)
    assert [one.drift.value for one in found] == pytest.approx(drift, abs=0.002)
    assert sum(one.severity.value for one in found) == pytest.approx(0, abs=1e-9)
    assert all(1000 < one.persons < 1400 for one in found)


@pytest.mark.proof
def test_severity_and_drift_intervals_cover(record_property) -> None:
    count = proof_count(150, 2000)
    rng = np.random.default_rng(23)
    severity, drift = np.array([0.3, 0.0, -0.3, 0.0]), np.array([0.01, 0.0, 0.0, -0.01])
    severe = moved = 0.0
    for _ in range(count):
        ratings = planted(rng, severity, drift)
        first = compare_raters(*ratings)[0]
        severe += first.severity.covers(0.3 + 0.01 * (ratings[3].mean() - 50)) / count  # severity at the mean time
        moved += first.drift.covers(0.01) / count
    record_property("coverage of severity's 95 % interval", round(float(severe), 3))
    record_property("coverage of drift's 95 % interval", round(float(moved), 3))
    assert [severe, moved] == pytest.approx([0.95, 0.95], abs=proof_count(6, 2) / 100)


def test_raters_who_share_nobody_cannot_be_compared() -> None:
    found = compare_raters([1, 1, 2, 2], ["a", "b", "c", "d"], [1.0, 2, 3, 4])
    assert all("share no person" in str(one.severity.reason) for one in found)
    alone = compare_raters([1, 2, 3], ["a", "a", "b"], [1.0, 2, 3])
    assert all("nothing to compare" in str(one.against_rest.reason) for one in alone)
    assert [one.persons for one in alone] == [0, 0]


def test_without_times_there_is_no_drift() -> None:
    person, rater, values, _ = planted(np.random.default_rng(2), np.zeros(3), np.zeros(3))
    for one in compare_raters(person, rater, values):
        assert "no times were given" in str(one.drift.reason)
        assert math.isfinite(one.severity.low)


def test_correlation_with_the_rest_leaves_the_rater_out() -> None:
    table = np.random.default_rng(3).standard_normal((30, 4))
    table[3, 1] = np.nan
    found = against_rest(table)
    rest = np.nanmean(table[:, [0, 2, 3]], axis=1)
    both = ~np.isnan(table[:, 1])
    assert found[1].value == pytest.approx(np.corrcoef(table[both, 1], rest[both])[0, 1])
    constant = against_rest(np.column_stack([np.ones(9), np.arange(9.0), np.arange(9.0)]))
    assert "does not vary" in str(constant[0].reason)
    assert math.isnan(constant[0].value)


def test_equally_many_ratings_give_the_intraclass_correlation() -> None:
    table = np.random.default_rng(6).standard_normal((20, 3)) + np.random.default_rng(7).standard_normal((20, 1))
    found, known = panel_reliability(np.repeat(np.arange(20), 3), table.ravel()), icc(table)
    for ours, theirs in ((found.one, known.icc_1_1), (found.mean, known.icc_1_k)):
        assert (ours.value, ours.low, ours.high) == pytest.approx((theirs.value, theirs.low, theirs.high))


@pytest.mark.proof
def test_panel_interval_covers_with_unequal_numbers(record_property) -> None:
    count = proof_count(300, 2000)
    rng = np.random.default_rng(25)
    hits = 0
    for _ in range(count):
        person = np.repeat(np.arange(80), rng.integers(1, 7, 80))
        hits += panel_reliability(
            person, rng.standard_normal(80)[person] + rng.standard_normal(len(person))
        ).one.covers(0.5)
    record_property("coverage of the 95 % interval, 1 to 6 ratings each", round(hits / count, 3))
    assert hits / count == pytest.approx(0.95, abs=proof_count(4, 2) / 100)


def test_nobody_rated_twice_has_no_reliability() -> None:
    found = panel_reliability([1, 2, 3], [1.0, 2, 3])
    assert "rated twice" in str(found.one.reason)
    assert "means are equal" in str(panel_reliability([1, 1, 2, 2], [1.0, 3, 3, 1]).mean.reason)
    assert panel_reliability([1, 1, 2, 2], [1.0, 1, 3, 3]).one.value == 1.0


def test_bad_ratings_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must be of shape \(n persons, k ≥ 2 raters\), finite or nan"):
        against_rest(np.zeros((5, 1)))
    with pytest.raises(ValueError, match="needs at least two raters. Got \\['a'\\] instead"):
        compare_raters([1, 2], ["a", "a"], [1, 2])


def test_real_raters_agree_with_the_rest_as_published(viva_data: Path) -> None:
    ratings = pd.read_csv(viva_data / "mit_interview" / "turker_scores_full_interview.csv")
    ratings = ratings[ratings["Worker"] != "AGGR"]
    published = pd.read_csv(viva_data / "mit_interview" / "published_naim_fg15.csv").set_index("column")
    assert len(published) == 16
    for trait, row in published.iterrows():
        table = ratings.pivot(index="Participant", columns="Worker", values=trait)
        mean = np.mean([one.value for one in against_rest(table.to_numpy())])
        assert mean == pytest.approx(row["fig3_one_vs_rest_r"], abs=0.04), trait
