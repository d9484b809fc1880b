"""Every interval that the report prints, by exact enumeration; and against another's code."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import binom
from statsmodels.stats.proportion import confint_proportions_2indep

from tests.proof import proof_count
from vivavoce.fairness.intervals import Z95, katz, miettinen_nurminen, score_difference

SIZES = [(20, 20), (30, 10), (50, 50), (100, 30), (200, 20), (200, 200), (60, 15), (300, 30), (500, 100), (1000, 20)]
RATES = (0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
RATIOS = (1.0, 0.8, 0.5)


def coverage(method: Callable, n1: int, n2: int, rate1: float, rate2: float, truth: float) -> float:
    a, b = np.meshgrid(np.arange(n1 + 1), np.arange(n2 + 1), indexing="ij")
    chance = np.outer(binom.pmf(np.arange(n1 + 1), n1, rate1), binom.pmf(np.arange(n2 + 1), n2, rate2))
    low, high = method(a, n1, b, n2)
    return float(chance[(low <= truth + 1e-9) & (truth - 1e-9 <= high)].sum())


@pytest.mark.proof
def test_score_intervals_cover(record_property: Callable[[str, object], None]) -> None:
    found: dict[str, list[float]] = {"ratio": [], "difference": []}
    for n1, n2 in SIZES[: proof_count(2, len(SIZES))]:
        for rate in RATES:
            for ratio in RATIOS:
                found["ratio"].append(coverage(miettinen_nurminen, n1, n2, rate, rate * ratio, ratio))
                found["difference"].append(coverage(score_difference, n1, n2, rate, rate * ratio, rate * (1 - ratio)))
    for name, seen in found.items():
        record_property(f"{name}: lowest coverage", f"{min(seen):.4f}")
        record_property(f"{name}: share of grid ≥ .94", f"{np.mean(np.array(seen) >= 0.94):.3f}")
        assert np.mean(seen) >= 0.95
    assert min(found["ratio"]) >= 0.94
    assert min(found["difference"]) >= 0.938  # 20 against 20 people at .7 and .35: stated in the docs


@pytest.mark.parametrize(
    ("n1", "n2", "rate", "of_katz", "of_score"), [(200, 20, 0.9, 0.874, 0.962), (1000, 20, 0.95, 0.641, 0.952)]
)
def test_the_katz_interval_fails_where_it_is_said_to(
    n1: int, n2: int, rate: float, of_katz: float, of_score: float
) -> None:
    assert coverage(katz, n1, n2, rate, rate, 1.0) == pytest.approx(of_katz, abs=5e-4)
    assert coverage(miettinen_nurminen, n1, n2, rate, rate, 1.0) == pytest.approx(of_score, abs=5e-4)


@pytest.mark.parametrize("table", [(48, 80, 12, 40), (70, 160, 42, 114), (3, 20, 1, 10), (111, 219, 83, 207)])
def test_the_ratio_agrees_with_statsmodels(table: tuple[int, int, int, int]) -> None:
    a, n1, b, n2 = table
    theirs = confint_proportions_2indep(b, n2, a, n1, method="score", compare="ratio", correction=True)
    assert [float(limit) for limit in miettinen_nurminen(*table)] == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("table", [(48, 80, 12, 40), (70, 160, 42, 114), (111, 219, 83, 207)])
def test_the_difference_agrees_with_a_numerical_maximum(table: tuple[int, int, int, int]) -> None:
    """By maximising the likelihood, since statsmodels 0.15 gives other limits here than its own test does."""
    a, n1, b, n2 = table

    def statistic(difference: float) -> float:
        def loss(rate: float) -> float:
            high = rate + difference
            return -(a * np.log(high) + (n1 - a) * np.log(1 - high) + b * np.log(rate) + (n2 - b) * np.log(1 - rate))

        bounds = (max(0, -difference) + 1e-9, min(1, 1 - difference) - 1e-9)
        rate = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
        high = rate + difference
        variance = (high * (1 - high) / n1 + rate * (1 - rate) / n2) * (n1 + n2) / (n1 + n2 - 1)
        return (a / n1 - b / n2 - difference) / np.sqrt(variance)

    middle = a / n1 - b / n2
    low = brentq(lambda x: statistic(x) - Z95, middle - 0.4, middle)
    high = brentq(lambda x: statistic(x) + Z95, middle, middle + 0.4)
    assert [float(limit) for limit in score_difference(*table)] == pytest.approx([low, high], abs=1e-6)


def test_limits_at_the_edges() -> None:
    assert [float(x) for x in miettinen_nurminen(0, 10, 0, 10)] == [0.0, np.inf]
    assert float(miettinen_nurminen(5, 10, 0, 10)[0]) == 0.0
    assert float(miettinen_nurminen(0, 10, 5, 10)[1]) == np.inf
    assert np.isnan(miettinen_nurminen(0, 0, 5, 10)).all()
    assert np.isnan(katz(0, 10, 5, 10)).all()
    low, high = miettinen_nurminen(10, 10, 20, 20)
    assert low < 1 < high
