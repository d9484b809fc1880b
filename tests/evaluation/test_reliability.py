import math

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from tests.proof import proof_count
from vivavoce.evaluation.reliability import (
    cronbach_alpha,
    icc,
    smallest_real_difference,
    spearman_brown,
    standard_error,
    weighted_kappa,
)

JUDGES = [(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)]
SHARES = [[0.44, 0.07, 0.09], [0.05, 0.20, 0.05], [0.01, 0.03, 0.06]]
COHEN = [[0, 1, 3], [1, 0, 6], [3, 6, 0]]


def test_shrout_and_fleiss_table_gives_its_published_correlations_and_intervals() -> None:
    published = {
        "ICC(1,1)": (0.1657, -0.13, 0.72),
        "ICC(2,1)": (0.2898, 0.02, 0.76),
        "ICC(3,1)": (0.7148, 0.34, 0.95),
        "ICC(1,k)": (0.4428, -0.88, 0.91),
        "ICC(2,k)": (0.6201, 0.07, 0.93),
        "ICC(3,k)": (0.9093, 0.68, 0.99),
    }
    found = icc(JUDGES)
    assert found.by_name.keys() == published.keys()
    for name, (value, low, high) in published.items():
        assert found.by_name[name].value == pytest.approx(value, abs=5e-5)
        assert found.by_name[name].low == pytest.approx(low, abs=6e-3)
        assert found.by_name[name].high == pytest.approx(high, abs=6e-3)


def test_alpha_is_the_third_correlation_of_the_mean() -> None:
    found = cronbach_alpha(JUDGES)
    assert found == icc(JUDGES).icc_3_k
    table = np.array(JUDGES, float)
    by_covariances = 4 / 3 * (1 - table.var(axis=0, ddof=1).sum() / table.sum(axis=1).var(ddof=1))
    assert found.value == pytest.approx(by_covariances)


def test_spearman_brown_steps_up_and_back() -> None:
    assert spearman_brown(0.714841, 4) == pytest.approx(0.909316, abs=1e-6)
    assert spearman_brown(spearman_brown(0.6, 5), 1 / 5) == pytest.approx(0.6)
    assert math.isnan(spearman_brown(-0.5, 4))


def test_equal_ratings_are_undefined_and_say_why() -> None:
    found = icc(np.full((5, 3), 0.1))
    assert all(math.isnan(one.value) and "nobody differs" in str(one.reason) for one in found.by_name.values())
    alpha = cronbach_alpha([[1, 3], [2, 2], [3, 1]])
    assert math.isnan(alpha.value)
    assert "sums are equal" in str(alpha.reason)


def test_raters_who_agree_exactly_are_reliable() -> None:
    found = icc([[1, 1], [2, 2], [5, 5]])
    assert found.icc_1_1.value == found.icc_2_1.value == found.icc_3_k.value == 1.0


def test_a_constant_severity_lowers_the_second_correlation_only() -> None:
    harsh = icc([[1, 3], [2, 4], [5, 7]])
    assert harsh.icc_3_1.value == 1.0
    assert harsh.icc_2_1.value < 0.8
    assert "no residual variance" in str(harsh.icc_2_1.reason)


def test_bad_tables_are_refused_by_name_and_row() -> None:
    with pytest.raises(ValueError, match=r"'ratings' parameter of icc must be an array of shape \(n ≥ 2, k ≥ 2\)"):
        icc([[1, 2]])
    with pytest.raises(ValueError, match=r"must be finite. Got \[nan, 2.0\] in row 1 \(1 such rows\) instead"):
        icc([[1, 2], [math.nan, 2], [3, 3]])


@pytest.mark.proof
@pytest.mark.parametrize(("severity", "kind"), [(0.0, "icc_1_1"), (0.5, "icc_2_1"), (0.5, "icc_3_1")])
def test_intervals_cover_planted_reliability(severity: float, kind: str, record_property) -> None:
    count, n, k = proof_count(200, 2000), 50, 6
    rng = np.random.default_rng(9)
    truth = 1 / 2 if severity == 0 or kind == "icc_3_1" else 1 / (2 + severity**2)
    hits = 0
    for _ in range(count):
        raters = severity * rng.standard_normal((1, k))
        table = rng.standard_normal((n, 1)) + raters + rng.standard_normal((n, k))
        hits += getattr(icc(table), kind).covers(truth)
    record_property(f"coverage of the 95 % interval, {kind}", round(hits / count, 3))
    assert hits / count == pytest.approx(0.95, abs=proof_count(5, 2) / 100)


@pytest.mark.proof
def test_alpha_interval_covers_planted_reliability(record_property) -> None:
    count = proof_count(200, 2000)
    rng = np.random.default_rng(10)
    tables = rng.standard_normal((count, 60, 1)) + rng.standard_normal((count, 60, 5))
    hits = sum(cronbach_alpha(table).covers(5 / 6) for table in tables)
    record_property("coverage of Feldt's 95 % interval", round(hits / count, 3))
    assert hits / count == pytest.approx(0.95, abs=proof_count(5, 2) / 100)


def test_cohen_table_gives_its_kappas() -> None:
    assert weighted_kappa(SHARES, "unweighted").value == pytest.approx(0.491525, abs=1e-6)
    assert weighted_kappa(SHARES, COHEN).value == pytest.approx(0.347826, abs=1e-6)
    assert weighted_kappa(SHARES, "linear").value == pytest.approx(0.473684, abs=1e-6)
    assert weighted_kappa(SHARES, "quadratic").value == pytest.approx(0.454545, abs=1e-6)


@pytest.mark.parametrize(("ours", "theirs"), [("unweighted", None), ("linear", "linear"), ("quadratic", "quadratic")])
def test_kappa_is_scikit_learns(ours: str, theirs: str | None) -> None:
    rng = np.random.default_rng(2)
    first = rng.integers(0, 5, 300)
    second = np.clip(first + rng.integers(-1, 2, 300), 0, 4)
    counts = np.histogram2d(first, second, bins=[np.arange(6)] * 2)[0]
    assert weighted_kappa(counts, ours).value == pytest.approx(cohen_kappa_score(first, second, weights=theirs))


@pytest.mark.proof
def test_kappa_interval_covers_cohens_table(record_property) -> None:
    count = proof_count(300, 2000)
    rng = np.random.default_rng(11)
    tables = rng.multinomial(300, np.ravel(SHARES), count).reshape(-1, 3, 3)
    hits = sum(weighted_kappa(table, "linear").covers(0.473684) for table in tables)
    record_property("coverage of the 95 % interval, 300 people", round(hits / count, 3))
    assert hits / count == pytest.approx(0.95, abs=proof_count(5, 2) / 100)


def test_kappa_without_people_or_variety_says_why() -> None:
    assert "number of people" in str(weighted_kappa(SHARES).reason)
    assert "one and the same category" in str(weighted_kappa([[7, 0], [0, 0]]).reason)
    assert "empty" in str(weighted_kappa([[0, 0], [0, 0]]).reason)


@pytest.mark.parametrize(
    ("table", "weights", "message"),
    [
        ([[1, 2, 3], [4, 5, 6]], "linear", "must be square and without negative counts"),
        ([[1, -2], [4, 5]], "linear", "smallest entry -2"),
        ([[1, 2], [4, 5]], "cubic", "one of unweighted, linear, quadratic, or an array. Got 'cubic'"),
        ([[1, 2], [4, 5]], [[1, 0], [0, 1]], "disagreement weights ≥ 0 of shape \\(2, 2\\) with a zero diagonal"),
    ],
)
def test_kappa_refuses(table: list[list[int]], weights: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        weighted_kappa(table, weights)


def test_error_of_measurement_in_sd_units() -> None:
    assert [round(standard_error(r), 2) for r in (0.64, 0.80, 0.90)] == [0.60, 0.45, 0.32]
    assert [round(smallest_real_difference(r), 2) for r in (0.64, 0.80, 0.90)] == [1.66, 1.24, 0.88]
    assert standard_error(0.84, sd=15.0) == pytest.approx(6.0)
    assert type(standard_error(0.84, 15)) is type(smallest_real_difference(0.84, 15)) is float
    with pytest.raises(ValueError, match=r"'reliability' parameter of standard_error must be in \[0, 1\]. Got 1.2"):
        standard_error(1.2)
