import math
from dataclasses import asdict

import numpy as np
import pytest

from tests.proof import proof_count
from vivavoce.evaluation.reliability import icc
from vivavoce.evaluation.variance import Components, components_with_gaps, mean_squares, variance_components

JUDGES = np.array([(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)], float)


def test_two_ways_give_the_intraclass_correlations() -> None:
    found, known = variance_components(JUDGES), icc(JUDGES)
    assert found.reliability(1) == pytest.approx(known.icc_3_1.value)
    assert found.reliability(4) == pytest.approx(known.icc_3_k.value)
    assert found.reliability(1, absolute=True) == pytest.approx(known.icc_2_1.value)
    assert found.reliability(4, absolute=True) == pytest.approx(known.icc_2_k.value)
    assert found.residual == pytest.approx(mean_squares(JUDGES).residual)


def test_planted_components_come_back() -> None:
    rng = np.random.default_rng(1)
    n, q, r = 3000, 40, 30
    truth = Components(9.0, 4.0, 2.0, 3.0, 1.0, 0.5, 6.0)

    def drawn(variance: float, *shape: int) -> np.ndarray:
        return math.sqrt(variance) * rng.standard_normal(shape)

    table = drawn(truth.person, n, 1, 1) + drawn(truth.question, 1, q, 1) + drawn(truth.recogniser, 1, 1, r)
    table = table + drawn(truth.person_question, n, q, 1) + drawn(truth.person_recogniser, n, 1, r)
    table = table + drawn(truth.question_recogniser, 1, q, r) + drawn(truth.residual, n, q, r)
    found = variance_components(table)
    for name in ("person", "person_question", "person_recogniser", "residual"):
        assert getattr(found, name) == pytest.approx(getattr(truth, name), rel=0.08)
    for name in ("question", "recogniser", "question_recogniser"):  # few questions, few recognisers
        assert getattr(found, name) == pytest.approx(getattr(truth, name), rel=0.6)
    assert found.standard_error(6) == pytest.approx(math.sqrt(3 / 6 + 1 + 6 / 6), rel=0.05)
    assert found.standard_error(6, absolute=True) > found.standard_error(6) > found.standard_error(6, 3)


def test_estimates_below_zero_become_zero_and_nothing_is_undefined() -> None:
    assert variance_components([[1.0, 2], [2, 1]]).person == 0.0
    assert math.isnan(variance_components(np.ones((3, 2))).reliability(2))


def test_one_question_has_no_band() -> None:
    with pytest.raises(ValueError, match=r"with at least 2 of each. Got shape \(5, 1\) instead"):
        variance_components(np.zeros((5, 1)))
    with pytest.raises(ValueError, match=r"'questions' parameter of Components must be in \[1, inf\). Got 0"):
        variance_components(JUDGES).standard_error(0)


def test_without_gaps_both_ways_agree():
    table = np.random.default_rng(3).standard_normal((30, 5)) + np.arange(5)
    assert asdict(components_with_gaps(table)) == pytest.approx(asdict(variance_components(table)))


@pytest.mark.proof
def test_planted_components_come_back_through_gaps(record_property):
    sets = proof_count(60, 400)
    found = []
    for i in range(sets):
        rng = np.random.default_rng([5, i])
        ease = 0.7 * rng.standard_normal(6)
        table = rng.standard_normal((150, 1)) + ease + 0.8 * rng.standard_normal((150, 6))
        table[rng.random(table.shape) < 0.4] = np.nan
        one = components_with_gaps(table)
        found.append((one.person, one.question - ease.var(ddof=1), one.residual))
    mean = np.mean(found, axis=0)
    record_property("person 1, question's error 0, residual .64", ", ".join(f"{one:.3f}" for one in mean))
    assert mean == pytest.approx([1.0, 0.0, 0.64], abs=0.03)


def test_gaps_that_leave_nothing_are_refused():
    with pytest.raises(ValueError, match="persons met two questions or more"):
        components_with_gaps([[1.0, np.nan], [np.nan, 2.0], [1.0, np.nan]])
    with pytest.raises(ValueError, match="more values than levels"):
        components_with_gaps([[1.0, 2.0, np.nan, np.nan], [np.nan, np.nan, 1.0, 3.0]])
