import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vivavoce.evaluation.effect import difference
from vivavoce.fairness.differences import score_differences


def test_planted_gap_comes_back_where_it_is() -> None:
    rng = np.random.default_rng(1)
    groups = np.repeat(["x", "y"], [600, 400])
    teamwork = rng.normal(50, 10, 1000)
    found = score_differences({"teamwork": teamwork, "fit": teamwork - 4.0 * (groups == "y")}, groups)
    equal, gap = found.differences
    assert (equal.score, gap.score, gap.reference, gap.focal) == ("teamwork", "fit", "x", "y")
    assert equal.difference is not None
    assert gap.difference is not None
    assert equal.difference.d.covers(0.0)
    assert gap.difference.d.covers(0.4)
    assert gap.difference == difference(teamwork[:600], teamwork[600:] - 4)
    assert gap.q < 1e-6 < equal.q


def test_missing_scores_are_counted_and_small_groups_kept_apart() -> None:
    values = np.arange(40.0)
    values[:3] = np.nan
    found = score_differences({"fit": values}, ["a"] * 25 + ["b"] * 15)
    assert found.distributions["fit", "a"].n == 22
    assert found.distributions["fit", "a"].missing == 3
    assert found.distributions["fit", "b"].quantiles[2] == 32.0
    few = score_differences({"fit": np.arange(30.0)}, ["a"] * 29 + ["b"])
    assert few.differences[0].difference is None
    assert few.differences[0].reason == "1 person with this score: fewer than 10"
    assert math.isnan(few.differences[0].q)
    assert math.isnan(few.distributions["fit", "b"].sd)


def test_reference_is_the_largest_group_unless_named() -> None:
    scores, groups = {"fit": np.arange(60.0)}, ["b"] * 20 + ["a"] * 20 + ["c"] * 20
    assert {one.reference for one in score_differences(scores, groups).differences} == {"a"}
    assert {one.focal for one in score_differences(scores, groups, reference="c").differences} == {"a", "b"}
    with pytest.raises(ValueError, match=r"must be one of the groups \['a', 'b', 'c'\]. Got 'd' instead"):
        score_differences(scores, groups, reference="d")


def test_equal_groups_are_rarely_conspicuous_after_adjustment() -> None:
    rng = np.random.default_rng(2)
    groups = np.repeat(list("abcd"), 40)
    alarms = sum(
        any(
            one.q < 0.05
            for one in score_differences({str(i): rng.standard_normal(160) for i in range(5)}, groups).differences
        )
        for _ in range(40)
    )
    assert alarms <= 6


def test_scores_of_the_wrong_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must hold 3 numbers \(or nan\) per score.* Got shape \(2,\) for 'fit'"):
        score_differences({"fit": [1, 2]}, ["a", "a", "b"])


def test_real_labels_differ_by_group(viva_data: Path) -> None:
    table = pd.read_csv(viva_data / "avi_challenge_2025" / "avi2025_labels.csv")
    gender = next(column for column in table.columns if "gender" in column.lower())
    rating = next(column for column in table.columns if "hire" in column.lower())
    found = score_differences({"hireability": table[rating]}, table[gender])
    assert found.distributions["hireability", "2"].n == 219
    assert {one.focal for one in found.differences if one.reason} == {"4"}
