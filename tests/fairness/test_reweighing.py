import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.fairness.groups import reweigh


def test_small_table_gives_its_weights() -> None:
    groups, outcomes = np.array(list("fffffmmmmm")), np.array([1, 1, 0, 0, 0, 1, 1, 1, 1, 0])
    found = reweigh(groups, outcomes)
    expected = {("f", 1): 1.5, ("f", 0): 2 / 3, ("m", 1): 0.75, ("m", 0): 2.0}
    for group, outcome, weight in zip(groups, outcomes, found.weights, strict=True):
        assert weight == pytest.approx(expected[group, outcome], abs=1e-6)
    assert found.weights.sum() == pytest.approx(10)
    rates = [np.average(outcomes[groups == one], weights=found.weights[groups == one]) for one in "fm"]
    assert rates[0] == pytest.approx(rates[1])
    assert found.empty == ()


def test_independent_outcomes_need_no_weights() -> None:
    found = reweigh(["a", "a", "b", "b"], [0, 1, 0, 1])
    assert found.weights.tolist() == [1, 1, 1, 1]
    assert found.effective_n == 4


def test_continuous_ratings_become_alike_by_class() -> None:
    rng = np.random.default_rng(1)
    groups = rng.choice(["a", "b", "c"], 3000, p=[0.6, 0.3, 0.1])
    ratings = rng.normal(50, 10, 3000) - 6 * (groups == "b")
    found = reweigh(groups, ratings)
    assert len(np.unique(found.classes)) == 5
    for number in range(5):
        shares = [
            np.average(found.classes[groups == one] == number, weights=found.weights[groups == one]) for one in "abc"
        ]
        assert shares == pytest.approx([shares[0]] * 3)
    means = [np.average(ratings[groups == one], weights=found.weights[groups == one]) for one in "ab"]
    assert abs(means[0] - means[1]) < 1.0 < 6
    assert found.effective_n < 3000


def test_equal_ratings_are_never_parted() -> None:
    found = reweigh(["a", "b"] * 50, np.repeat([1.0, 2, 3, 3, 3, 3, 4, 5, 6, 7], 10))
    assert len(set(found.classes[20:60])) == 1


def test_what_nobody_shows_is_named() -> None:
    assert reweigh(["a", "a", "b", "b"], [0, 1, 1, 1]).empty == (("b", 0),)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), min_size=4, max_size=60))
def test_weights_are_positive_and_make_filled_tables_independent(people: list[tuple[str, int]]) -> None:
    groups, outcomes = np.array([one for one, _ in people]), np.array([two for _, two in people], float)
    found = reweigh(groups, outcomes, classes=4)
    assert (found.weights > 0).all()
    assert found.weights.sum() == pytest.approx(len(people))
    assert found.effective_n <= len(people) + 1e-9
    if not found.empty:
        overall = np.average(outcomes, weights=found.weights)
        for group in set(groups):
            here = groups == group
            assert np.average(outcomes[here], weights=found.weights[here]) == pytest.approx(overall)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'classes' parameter of reweigh must be in \[2, inf\). Got 1"):
        reweigh(["a", "b", "a"], [1, 2, 3], classes=1)
    with pytest.raises(ValueError, match="must have equally many rows"):
        reweigh(["a", "b"], [1, 2, 3])
