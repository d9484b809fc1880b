import math

import numpy as np
import pytest

from tests.proof import proof_count
from vivavoce.evaluation.estimate import bootstrap, rows_by_person


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.corrcoef(x, y)[0, 1])


def test_same_seed_same_limits() -> None:
    values = np.random.default_rng(1).standard_normal(50)
    assert bootstrap(np.mean, values, seed=4) == bootstrap(np.mean, values, seed=4)
    assert bootstrap(np.mean, values, seed=4) != bootstrap(np.mean, values, seed=5)


def test_persons_are_drawn_with_all_their_answers() -> None:
    rng = np.random.default_rng(2)
    persons = np.repeat(np.arange(40), 10)
    values = np.repeat(rng.standard_normal(40), 10) + 0.1 * rng.standard_normal(400)
    by_person = bootstrap(np.mean, values, persons=persons)
    by_row = bootstrap(np.mean, values)
    assert by_person.high - by_person.low > 2.5 * (by_row.high - by_row.low)


def test_rows_of_a_person_stay_together() -> None:
    rows = rows_by_person(["x", "y", "x", "z"])
    assert [list(row) for row in rows] == [[0, 2], [1], [3]]


def test_one_person_and_undefined_draws_say_why() -> None:
    alone = bootstrap(np.mean, [1.0, 2.0], persons=["a", "a"])
    assert (alone.value, math.isnan(alone.low)) == (1.5, True)
    assert "one person" in str(alone.reason)

    def undefined_often(values: np.ndarray) -> float:
        return float("nan") if values[0] < 3 else float(values.mean())

    assert "too few people" in str(bootstrap(undefined_often, np.arange(8.0)).reason)


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="must have equally many rows"):
        bootstrap(correlation, np.zeros(3), np.zeros(4))


@pytest.mark.proof
@pytest.mark.parametrize("statistic", ["mean", "correlation"])
def test_interval_covers(statistic: str, record_property) -> None:
    count, draws, n = proof_count(100, 2000), proof_count(300, 500), 40
    rng = np.random.default_rng(19)
    hits = 0
    for seed in range(count):
        x, e = rng.standard_normal((2, n))
        if statistic == "mean":
            hits += bootstrap(np.mean, np.exp(x), draws=draws, seed=seed).covers(math.exp(0.5))
        else:
            hits += bootstrap(correlation, x, 0.5 * x + math.sqrt(0.75) * e, draws=draws, seed=seed).covers(0.5)
    name = "mean of lognormal values (skewed: runs low)" if statistic == "mean" else "correlation"
    record_property(f"coverage of the 95 % interval, {name}, 40 persons", round(hits / count, 3))
    assert hits / count > (0.84 if statistic == "mean" else 0.93 - proof_count(5, 0) / 100)
