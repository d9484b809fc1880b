"""Corrections for many comparisons: the textbook's steps, written out."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from vivavoce.evaluation.multiplicity import benjamini_hochberg, holm


@pytest.mark.parametrize("seed", range(5))
def test_corrections_are_the_textbook_s_steps(seed: int) -> None:
    p = np.random.default_rng(seed).uniform(size=17) ** 3
    p[3] = p[5]
    up, down = 1.0, 0.0
    for rank, i in enumerate(np.argsort(p, kind="stable")):
        down = max(down, min(p[i] * (17 - rank), 1.0))
        assert holm(p)[i] == pytest.approx(down, abs=1e-15)
    for rank, i in reversed(list(enumerate(np.argsort(p, kind="stable")))):
        up = min(up, p[i] * 17 / (rank + 1))
        assert benjamini_hochberg(p)[i] == pytest.approx(up, abs=1e-15)


def test_holm_is_the_library_s_to_the_bit() -> None:
    rng = np.random.default_rng(8)
    for _ in range(5):  # the library takes a tenth of a second each
        p = rng.uniform(size=rng.integers(1, 40)) ** 3
        assert holm(p).tolist() == multipletests(p, method="holm")[1].tolist()


@pytest.mark.parametrize("correct", [holm, benjamini_hochberg])
def test_what_was_not_tested_does_not_count_and_nothing_exceeds_one(correct) -> None:
    some = np.array([0.01, np.nan, 0.04, 1.7, 0.03])
    found = correct(some)
    assert np.isnan(found[1])
    assert found[[0, 2, 3, 4]] == pytest.approx(correct(some[[0, 2, 3, 4]]), abs=0)
    assert found[3] == 1.0
    assert some[3] == 1.7
    assert correct([]).size == 0
    assert np.isnan(correct([np.nan])).all()
