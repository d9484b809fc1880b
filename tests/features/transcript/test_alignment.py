import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whisper.timing import dtw_cpu

from vivavoce.features.transcript.whisper import row_starts


def library_starts(cost: np.ndarray) -> list[int]:
    rows, columns = dtw_cpu.py_func(cost)
    return [int(columns[rows == row].min()) for row in range(len(cost))]


def test_a_planted_path_comes_back() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        rows, columns = int(rng.integers(2, 60)), int(rng.integers(200, 1500))
        starts = np.sort(rng.choice(np.arange(1, columns), rows - 1, replace=False))
        planted = np.array([0, *starts])
        cost = rng.normal(0, 0.3, (rows, columns))
        for row, (a, b) in enumerate(zip(planted, [*planted[1:], columns], strict=True)):
            cost[row, a:b] -= 3
        assert np.abs(row_starts(cost) - planted).max() <= 1


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 8), st.integers(2, 20), st.integers(0, 10_000))
def test_the_path_is_the_librarys(rows: int, columns: int, seed: int) -> None:
    cost = np.random.default_rng(seed).normal(size=(rows, columns))
    assert row_starts(cost).tolist() == library_starts(cost)


def test_more_rows_than_columns_is_allowed() -> None:
    starts = row_starts(np.random.default_rng(1).normal(size=(9, 4)))
    assert starts[0] == 0
    assert (np.diff(starts) >= 0).all()
    assert starts.max() < 4


def test_ends_are_where_the_path_ends() -> None:
    assert row_starts(np.zeros((1, 5))).tolist() == [0]
    with pytest.raises(ValueError, match="not enough values"):
        row_starts(np.zeros(5))
