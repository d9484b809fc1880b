"""Single questions: planted difficulty, loading, gaps and prediction come back."""

import numpy as np
import pytest

from vivavoce.fairness.question_bank import analyse_items

NAMES = ["q1", "q2", "q3", "q4"]


def bank(n=4000, seed=0):
    """Scores with loadings .8, .6, .4 and 0 on ability (sd 10 around 50), and ability itself."""
    rng = np.random.default_rng(seed)
    able = rng.standard_normal(n)
    loading = np.array([0.8, 0.6, 0.4, 0.0])
    scores = 50 + 10 * (able[:, None] * loading + rng.standard_normal((n, 4)) * np.sqrt(1 - loading**2))
    return np.clip(scores, 0, 100), able


def test_what_does_not_measure_ability_goes_with_nothing():
    items = analyse_items(bank()[0], NAMES)
    found = [item.with_rest.value for item in items]
    assert found[0] > found[1] > found[2] > 0.2
    assert abs(found[3]) < 0.05  # three standard errors of 4,000 people
    assert items[3].reliability.value < 0.005


def test_reliability_is_the_share_that_others_explain():
    """Of three indicators with loadings .8, .6, .4 the regression of the first on the other two has
    R² = (.48² + .32² − 2·.48·.32·.24) / (1 − .24²)."""
    expected = (0.48**2 + 0.32**2 - 2 * 0.48 * 0.32 * 0.24) / (1 - 0.24**2)
    found = analyse_items(bank(40000)[0][:, :3], NAMES[:3])[0].reliability.value
    assert found == pytest.approx(expected, abs=0.015)


def test_skipped_answers_are_counted_and_no_zeros():
    scores, _ = bank()
    whole = analyse_items(scores, NAMES)[1]
    scores[:1000, 1] = np.nan
    item = analyse_items(scores, NAMES)[1]
    assert (item.n, item.skipped.value) == (3000, 0.25)
    assert item.skipped.low < 0.25 < item.skipped.high
    assert item.difficulty == pytest.approx(0.5, abs=0.01)
    assert item.with_rest.value == pytest.approx(whole.with_rest.value, abs=0.03)


def test_performance_is_predicted_as_planted():
    scores, able = bank()
    rng = np.random.default_rng(1)
    y = 0.5 * able + np.sqrt(0.75) * rng.standard_normal(len(able))
    item = analyse_items(scores, NAMES, performance=y)[0]
    assert item.with_performance.covers(0.8 * 0.5)


def test_a_question_goes_with_its_own_competency():
    rng = np.random.default_rng(2)
    first, second = rng.standard_normal((2, 2000, 1))
    scores = np.clip(
        50 + 10 * np.hstack([first + rng.standard_normal((2000, 3)), second + rng.standard_normal((2000, 3))]), 0, 100
    )
    names = [f"q{i}" for i in range(6)]
    apart = analyse_items(scores, names, competencies=["a"] * 3 + ["b"] * 3)
    mixed = analyse_items(scores, names)
    assert apart[0].with_rest.value > mixed[0].with_rest.value + 0.1


def test_too_few_people_are_no_answer():
    item = analyse_items(bank(20)[0], NAMES)[0]
    assert np.isnan(item.with_rest.value)
    assert "fewer than 30" in item.with_rest.reason


@pytest.mark.parametrize(("scores", "said"), [(np.full((9, 4), 101.0), "lie in"), (np.ones((9, 2)), "shape")])
def test_bad_input_is_named(scores, said):
    with pytest.raises(ValueError, match=said):
        analyse_items(scores, NAMES)
