import numpy as np
import pytest

from vivavoce.fairness.composite import composite_adverse_impact, composite_difference, composite_validity


def test_published_example() -> None:
    found = composite_adverse_impact(0.15, selection_ratio=0.25, minority_share=0.30)
    assert found.ratio == pytest.approx(0.8234, abs=5e-5)
    assert 0.7 * found.majority_rate + 0.3 * found.minority_rate == pytest.approx(0.25)


def test_selection_among_planted_people_has_that_ratio() -> None:
    rng = np.random.default_rng(1)
    minority = rng.random(1_000_000) < 0.3
    score = rng.standard_normal(1_000_000) - 0.6 * minority
    chosen = score > np.quantile(score, 0.9)
    found = composite_adverse_impact(0.6, selection_ratio=0.1, minority_share=0.3)
    assert found.ratio == pytest.approx(chosen[minority].mean() / chosen[~minority].mean(), abs=0.01)


def test_no_difference_no_impact_and_the_sign_turns_it() -> None:
    assert composite_adverse_impact(0.0, selection_ratio=0.1, minority_share=0.5).ratio == 1.0
    assert composite_adverse_impact(-0.3, selection_ratio=0.1, minority_share=0.5).ratio > 1.0


def test_sum_of_planted_predictors_differs_and_predicts_as_computed() -> None:
    rng = np.random.default_rng(2)
    table = np.array([[1.0, 0.4, 0.3], [0.4, 1.0, 0.2], [0.3, 0.2, 1.0]])  # two predictors and the criterion
    people = rng.multivariate_normal(np.zeros(3), table, 400_000)
    scores = people[:, :2] @ [2.0, 1.0]
    assert composite_validity([2, 1], [0.3, 0.2], table[:2, :2]) == pytest.approx(
        np.corrcoef(scores, people[:, 2])[0, 1], abs=0.005
    )
    gap = np.array([0.8, 0.1]) @ [2.0, 1.0] / scores.std()
    assert composite_difference([2, 1], [0.8, 0.1], table[:2, :2]) == pytest.approx(gap, abs=0.005)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: composite_adverse_impact(0.2, selection_ratio=1.0, minority_share=0.3), r"'selection_ratio' .* 1.0"),
        (lambda: composite_difference([0, 0], [1, 1], np.eye(2)), "must not all be 0"),
        (lambda: composite_difference([1, 1], [1, 1], [[1, 2], [2, 1]]), "positive eigenvalues"),
        (lambda: composite_validity([1, 1], [1, 1, 1], np.eye(2)), "must have equally many rows"),
    ],
)
def test_bad_arguments_are_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
