"""Fisher's test against SciPy, and where SciPy would count for minutes."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact, hypergeom

from vivavoce.fairness.disparity import fisher


@settings(max_examples=60)
@given(st.integers(1, 120), st.integers(1, 120), st.data())
def test_agrees_with_scipy(n1: int, n2: int, data: st.DataObject) -> None:
    a, b = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    found = fisher(a, n1, b, n2)
    assert found.fisher_p == pytest.approx(fisher_exact([[a, n1 - a], [b, n2 - b]]).pvalue, rel=1e-6)
    observed = hypergeom.pmf(a, n1 + n2, n1, a + b)
    assert found.mid_p == pytest.approx(found.fisher_p - observed / 2, rel=1e-6, abs=1e-12)


def test_ten_million_people_take_no_time() -> None:
    began = time.perf_counter()
    found = fisher(4_000_500, 8_000_000, 999_500, 2_000_000)
    assert 0.1 < found.fisher_p < 0.9
    assert 0 < fisher(4_000_000, 8_000_000, 10, 2_000_000).fisher_p < 1e-300
    assert time.perf_counter() - began < 5
