import itertools
import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from tests.proof import proof_count
from vivavoce.evaluation.correlation import correlation_interval
from vivavoce.evaluation.effect import people_needed_for_correlation, people_needed_for_gain
from vivavoce.evaluation.estimate import bootstrap
from vivavoce.evaluation.gain import incremental_validity
from vivavoce.evaluation.validity import (
    correct_attenuation,
    correct_indirect_restriction,
    correct_multivariate_restriction,
    correct_range_restriction,
    corrected_validity,
)


def test_case_two_undoes_selection() -> None:
    found = correct_range_restriction(0.33, unrestricted_sd=100.32, restricted_sd=48.19)
    assert type(found) is float
    assert found == pytest.approx(0.5884, abs=5e-5)
    assert correct_range_restriction(-0.33, 100.32, 48.19) == pytest.approx(-0.5884, abs=5e-5)
    assert correct_range_restriction(0.33, 7.0, 7.0) == pytest.approx(0.33)


def test_attenuation() -> None:
    found = correct_attenuation(0.30, 0.70, 0.81)
    assert type(found) is float
    assert found == pytest.approx(0.398410, abs=1e-6)
    assert correct_attenuation(0.9, 0.5, 0.5) > 1  # a finding, not a rounding


@pytest.mark.parametrize(
    ("n", "low", "high"), [(25, -0.17, 0.58), (100, 0.05, 0.42), (300, 0.13, 0.34), (1000, 0.18, 0.30)]
)
def test_interval_of_a_correlation(n: int, low: float, high: float) -> None:
    found = correlation_interval(0.24, n)
    assert (round(found.low, 2), round(found.high, 2)) == (low, high)


@pytest.mark.proof
@pytest.mark.parametrize(("rho", "n"), [(0.24, 25), (0.24, 300), (0.8, 50)])
def test_correlation_interval_covers(rho: float, n: int, record_property) -> None:
    count = proof_count(400, 2000)
    rng = np.random.default_rng(14)
    x, e = rng.standard_normal((2, count, n))
    y = rho * x + math.sqrt(1 - rho**2) * e
    hits = 0
    for one, other in zip(x, y, strict=True):
        low, high = correlation_interval(float(np.corrcoef(one, other)[0, 1]), n)
        hits += low <= rho <= high
    record_property(f"coverage of the 95 % interval, rho {rho}, n {n}", round(hits / count, 3))
    assert hits / count == pytest.approx(0.95, abs=proof_count(4, 2) / 100)


APPLICANTS = np.array([[1.0, 0.6, 0.4], [0.6, 1.0, 0.5], [0.4, 0.5, 1.0]])  # score, test, performance without error


def hired(
    rng: np.random.Generator, on: int, n: int, share: float, reliability: float
) -> tuple[np.ndarray, float, float]:
    """Score, test and criterion of the n best on one of them (n, 3), its spread among all, the criterion's reliability.

    The reliability is given among applicants and returned as it is among the chosen, who differ less.
    """
    people = rng.standard_normal((round(n / share), 3)) @ np.linalg.cholesky(APPLICANTS).T
    error = 1 / reliability - 1
    cut = stats.norm.isf(share)
    mean = stats.norm.pdf(cut) / share
    left = 1 - APPLICANTS[on, 2] ** 2 * mean * (mean - cut)  # variance of performance among the chosen
    chosen = people[np.argsort(-people[:, on])[:n]]
    chosen[:, 2] += np.sqrt(error) * rng.standard_normal(n)
    return chosen, float(people[:, on].std(ddof=1)), left / (left + error)


@pytest.mark.proof
@pytest.mark.parametrize("confidence", [0.90, 0.95])
@pytest.mark.parametrize("on", [0, 1], ids=["case II", "case III"])
def test_corrected_validity_covers_the_truth(on: int, confidence: float, record_property) -> None:
    """People are chosen on the score (case II) or on a test (case III); the true validity among applicants is .40."""
    count = proof_count(100, 2000)
    every = []
    for n, share, reliability in itertools.product((40, 60, 150, 500), (0.3, 0.6), (0.6, 1.0)):
        rng = np.random.default_rng([n, on])
        found = []
        for _ in range(count):
            chosen, spread, known = hired(rng, on, n, share, reliability)
            score, test, criterion = chosen.T
            selector = test if on else None
            found.append(
                corrected_validity(
                    score,
                    criterion,
                    applicants_sd=spread,
                    selector=selector,
                    criterion_reliability=known,
                    confidence=confidence,
                )
            )
        covered = np.mean([one.covers(0.4) for one in found])
        width = np.mean([one.high - one.low for one in found])
        every.append(covered)
        record_property(
            f"{confidence} n {n} chosen {share} reliability {reliability}", f"{covered:.3f}, {width:.2f} wide"
        )
    assert np.mean(every) == pytest.approx(confidence, abs=proof_count(20, 10) / 1000)
    assert min(every) >= confidence - proof_count(110, 25) / 1000
    assert max(every) <= confidence + proof_count(110, 25) / 1000


@pytest.mark.proof
def test_a_bootstrap_misses_the_truth_more_often(record_property) -> None:
    """Why the limits are not the percentiles of drawn persons: 40 of 133 applicants are chosen on the score."""
    rng = np.random.default_rng(9)
    count, draws = proof_count(100, 2000), proof_count(200, 500)
    ours, theirs = [], []
    for i in range(count):
        chosen, spread, _ = hired(rng, 0, 40, 0.3, 1.0)

        def corrected(x: np.ndarray, y: np.ndarray, spread: float = spread) -> float:
            return correct_range_restriction(np.corrcoef(x, y)[0, 1], spread, x.std(ddof=1))

        score, _, criterion = chosen.T
        ours.append(corrected_validity(score, criterion, applicants_sd=spread).covers(0.4))
        theirs.append(bootstrap(corrected, score, criterion, draws=draws, seed=i).covers(0.4))
    record_property("covered by Fisher's limits and by percentiles", f"{np.mean(ours):.3f}, {np.mean(theirs):.3f}")
    assert np.mean(ours) > np.mean(theirs) + proof_count(0, 10) / 1000
    assert np.mean(ours) == pytest.approx(0.95, abs=proof_count(45, 15) / 1000)


def test_corrected_validity_is_the_textbook_s_value() -> None:
    chosen, spread, _ = hired(np.random.default_rng(4), 1, 60, 0.3, 1.0)
    score, test, criterion = chosen.T
    r, r_x, r_y = (np.corrcoef(*pair)[0, 1] for pair in ((score, criterion), (test, score), (test, criterion)))
    direct = corrected_validity(score, criterion, applicants_sd=1.5)
    assert direct.value == pytest.approx(correct_range_restriction(r, 1.5, score.std(ddof=1)), abs=1e-12)
    fisher = correlation_interval(r, 60)
    assert direct.low == pytest.approx(correct_range_restriction(fisher.low, 1.5, score.std(ddof=1)), abs=1e-12)
    by_test = corrected_validity(score, criterion, applicants_sd=spread, selector=test)
    expected = correct_indirect_restriction(r, r_x, r_y, spread, test.std(ddof=1))
    assert by_test.value == pytest.approx(expected, abs=1e-12)
    left_out = [
        math.atanh(
            correct_indirect_restriction(
                *(
                    np.corrcoef(np.delete(a, i), np.delete(b, i))[0, 1]
                    for a, b in ((score, criterion), (test, score), (test, criterion))
                ),
                spread,
                np.delete(test, i).std(ddof=1),
            )
        )
        for i in range(60)
    ]
    error = math.sqrt(59 * np.var(left_out))
    reach = stats.t.ppf(0.975, 56) * error
    assert by_test.high == pytest.approx(math.tanh(math.atanh(expected) + reach), abs=1e-12)
    plain = corrected_validity(score, criterion, criterion_reliability=0.5)
    assert (plain.value, plain.low) == pytest.approx((r / math.sqrt(0.5), fisher.low / math.sqrt(0.5)), abs=1e-12)


def test_corrected_validity_says_why_there_is_none() -> None:
    rng = np.random.default_rng(5)
    x, e = rng.standard_normal((2, 30))
    assert "no restriction" in corrected_validity(x, x + e, applicants_sd=0.5).reason
    assert "fewer than 5" in corrected_validity(x[:4], e[:4], applicants_sd=9.0).reason
    assert "no spread" in corrected_validity(x, np.ones(30)).reason
    assert "contradict" in corrected_validity(x, x + 0.1 * e, applicants_sd=9.0, criterion_reliability=0.2).reason
    one = np.r_[np.zeros(29), 5.0]
    assert "without one" in corrected_validity(x, x + e, applicants_sd=9.0, selector=one).reason
    assert corrected_validity(x, x + e, criterion_reliability=0.2).value > 1
    with pytest.raises(ValueError, match="'applicants_sd' parameter"):
        corrected_validity(x, x + e, applicants_sd=0.0)


def planted_selection(seed: int, n: int = 400_000) -> tuple[np.ndarray, np.ndarray]:
    """Predictor, criterion and selector of applicants (n, 3), and who was hired for the selector (the best 30 %)."""
    truth = np.array([[1.0, 0.45, 0.6], [0.45, 1.0, 0.35], [0.6, 0.35, 1.0]])
    people = np.random.default_rng(seed).multivariate_normal(np.zeros(3), truth, n)
    return people, people[:, 2] > np.quantile(people[:, 2], 0.7)


def test_direct_selection_is_undone_and_the_wrong_correction_is_seen_to_be_wrong() -> None:
    people, hired_for_selector = planted_selection(1)
    direct = people[people[:, 0] > np.quantile(people[:, 0], 0.7)]
    r = np.corrcoef(direct.T)[0, 1]
    assert correct_range_restriction(r, 1.0, direct[:, 0].std()) == pytest.approx(0.45, abs=0.02)

    indirect = people[hired_for_selector]
    r = np.corrcoef(indirect.T)
    third = correct_indirect_restriction(r[0, 1], r[0, 2], r[1, 2], 1.0, indirect[:, 2].std())
    assert third == pytest.approx(0.45, abs=0.02)
    wrong = correct_range_restriction(r[0, 1], 1.0, indirect[:, 0].std())
    assert wrong < 0.45 - 0.02


def test_lawley_undoes_selection_on_two_variables() -> None:
    truth = np.array([[1.0, 0.3, 0.5, 0.4], [0.3, 1.0, 0.2, 0.4], [0.5, 0.2, 1.0, 0.45], [0.4, 0.4, 0.45, 1.0]])
    people = np.random.default_rng(2).multivariate_normal(np.zeros(4), truth, 400_000)
    composite = people[:, 1] + people[:, 3]
    hired = people[composite > np.quantile(composite, 0.6)]
    found = correct_multivariate_restriction(np.cov(hired.T), truth[np.ix_([1, 3], [1, 3])], [1, 3])
    assert found == pytest.approx(truth, abs=0.02)
    assert found[np.ix_([1, 3], [1, 3])] == pytest.approx(truth[np.ix_([1, 3], [1, 3])])


def test_contradicting_correlations_are_undefined() -> None:
    assert math.isnan(correct_indirect_restriction(-0.9, 0.9, 0.9, 2.0, 1.0))


@pytest.mark.parametrize(("gain", "people"), [(0.005, 1407), (0.01, 701), (0.02, 348)])
def test_incremental_validity_needs_people(gain: float, people: int) -> None:
    assert people_needed_for_gain(gain, base=0.10) == people


def test_correlations_need_people() -> None:
    assert people_needed_for_correlation(0.3) == people_needed_for_correlation(-0.3) == 85
    with pytest.raises(ValueError, match=r"'r' parameter of people_needed_for_correlation must be in \(0, 1\). Got 0"):
        people_needed_for_correlation(0.0)


def test_increment_agrees_with_statsmodels() -> None:
    rng = np.random.default_rng(5)
    base, added = rng.standard_normal((300, 3)), rng.standard_normal((300, 2))
    y = base @ [0.3, 0.1, 0.0] + added @ [0.2, 0.0] + rng.standard_normal(300)
    small = sm.OLS(y, sm.add_constant(base)).fit()
    large = sm.OLS(y, sm.add_constant(np.hstack([base, added]))).fit()
    f, p, _ = large.compare_f_test(small)
    found = incremental_validity(base, added, y)
    assert (found.base, found.full, found.f, found.p) == pytest.approx((small.rsquared, large.rsquared, f, p))
    assert found.gain.value == pytest.approx(large.rsquared_adj - small.rsquared_adj)
    assert (found.n, found.added) == (300, 2)


def planted_gain(rng: np.random.Generator, n: int, gain: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Base predictor with R² .10, an uncorrelated predictor with the given gain, and the criterion."""
    base, added, rest = rng.standard_normal((3, n))
    return base, added, math.sqrt(0.10) * base + math.sqrt(gain) * added + math.sqrt(0.90 - gain) * rest


def test_verdicts_say_shown_not_shown_and_underpowered() -> None:
    rng = np.random.default_rng(6)
    assert incremental_validity(*planted_gain(rng, 2000, 0.05)).verdict == "shown"
    assert incremental_validity(*planted_gain(rng, 20_000, 0.0)).verdict == "not shown"
    few = incremental_validity(*planted_gain(rng, 100, 0.005))
    assert few.verdict == "underpowered"
    assert 500 < few.people_needed < 1000


@pytest.mark.proof
def test_power_and_false_alarms_are_as_stated(record_property) -> None:
    count = proof_count(150, 2000)
    rng = np.random.default_rng(15)
    shown = np.mean([incremental_validity(*planted_gain(rng, 701, 0.01)).verdict == "shown" for _ in range(count)])
    alarms = np.mean([incremental_validity(*planted_gain(rng, 701, 0.0)).verdict == "shown" for _ in range(count)])
    record_property("power at N 701, gain .01 over .10", round(float(shown), 3))
    record_property("false alarms at N 701", round(float(alarms), 3))
    assert shown == pytest.approx(0.80, abs=proof_count(10, 3) / 100)
    assert alarms <= proof_count(10, 6) / 100


@pytest.mark.proof
@pytest.mark.parametrize(("gain", "n"), [(0.01, 300), (0.10, 300)])
def test_gain_interval_covers(gain: float, n: int, record_property) -> None:
    count = proof_count(200, 2000)
    rng = np.random.default_rng(16)
    hits = np.mean([incremental_validity(*planted_gain(rng, n, gain)).gain.covers(gain) for _ in range(count)])
    record_property(f"coverage of the 95 % interval, gain {gain}, n {n}", round(float(hits), 3))
    assert hits == pytest.approx(0.95, abs=proof_count(5, 2) / 100)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: correlation_interval(1.2, 50), r"'r' parameter of correlation_interval must be in \[-1, 1\]. Got 1.2"),
        (lambda: correlation_interval(0.2, 3), r"'n' parameter of correlation_interval must be in \[4, inf\). Got 3"),
        (lambda: correlation_interval(0.2, 50, 95), r"'confidence' parameter .* must be in \(0, 1\). Got 95 instead"),
        (lambda: correct_attenuation(0.3, 0.0, 0.8), r"'reliability_x' parameter .* must be in \(0, 1\]. Got 0.0"),
        (lambda: correct_range_restriction(0.3, 1.0, 0.0), r"'restricted_sd' .* must be in \(0, inf\). Got 0.0"),
        (lambda: correct_multivariate_restriction(np.eye(3), np.eye(2), [0, 0]), "must be 2 different rows of the 3"),
        (lambda: correct_multivariate_restriction(-np.eye(3), np.eye(1), [0]), "with positive eigenvalues"),
        (lambda: incremental_validity([1, 2, 3.0], [1, 2, 3], [1, 3, 2]), "that the base does not contain"),
        (lambda: incremental_validity([1, 2, 3.0], [1, 3, 2], [1, 1, 1]), "'criterion' .* must vary"),
        (lambda: incremental_validity([1, 2, 3.0], [1, 3], [1, 1, 1]), "must have equally many rows"),
    ],
)
def test_bad_arguments_are_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
