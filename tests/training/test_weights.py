"""Planted weights come back with honest intervals; what is not in the data is said, not estimated."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.planted import CENTRE, PRIOR, people, truth
from tests.proof import proof_count
from vivavoce.evaluation.estimate import Estimate
from vivavoce.training.learned import LearnedWeights
from vivavoce.training.weights import FOLDS, folds_within, learn_weights


def learned(weights, n, correlation, seed, validity=0.35) -> LearnedWeights:
    return learn_weights(*people(weights, n, correlation, seed, validity), PRIOR, seed=seed)


def values(found: LearnedWeights) -> np.ndarray:
    return np.array(list(found.values.values()))


def least_squares_error(found: LearnedWeights, weights: np.ndarray) -> float:
    beta = np.array([one.coefficient.value for one in found.weights])
    return float(np.linalg.norm(beta / beta.sum() - weights))


@pytest.mark.proof
@pytest.mark.parametrize(("n", "correlation"), [(100, 0.3), (100, 0.8), (1000, 0.5), (5000, 0.8)])
def test_intervals_cover_truths_from_the_prior(n, correlation, record_property):
    repeats = proof_count(6 if n == 100 else 3, 200)
    covered, errors = [], []
    for seed in range(repeats):
        weights = truth(seed)
        found = learned(weights, n, correlation, seed)
        covered += [one.low <= true <= one.high for one, true in zip(found.weights, weights, strict=True)]
        here = np.linalg.norm(values(found) - weights)
        errors.append((here, least_squares_error(found, weights), np.linalg.norm(CENTRE - weights)))
    posterior, ols, prior = np.mean(errors, axis=0)
    record_property("coverage of 90 % intervals", round(float(np.mean(covered)), 3))
    record_property("error posterior / least squares / prior", f"{posterior:.3f} / {ols:.3f} / {prior:.3f}")
    assert np.mean(covered) >= proof_count(75, 85) / 100  # three truths of four weights have a standard error of .09
    if n == 100:
        assert posterior < ols
    if repeats >= 200:
        # a hundred people whose competencies correlate at .8 add next to nothing to the prior
        assert posterior < prior * (1.02 if (n, correlation) == (100, 0.8) else 1.0)


@pytest.mark.proof
@pytest.mark.parametrize("correlation", [0.3, 0.8])
@pytest.mark.parametrize("fixed", [(1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), (0.1, 0.2, 0.3, 0.4)])
def test_truths_far_from_the_prior_are_tabulated_and_flagged(fixed, correlation, record_property):
    weights, repeats = np.array(fixed), proof_count(1, 30)
    for n in (100, 1000, 5000):
        found = [learned(weights, n, correlation, seed) for seed in range(repeats)]
        error = np.mean([np.linalg.norm(values(one) - weights) for one in found])
        free = np.mean([least_squares_error(one, weights) for one in found])
        flagged = np.mean([one.in_conflict for one in found])
        said = f"{error:.3f} / {free:.3f} / {np.linalg.norm(CENTRE - weights):.3f} / {flagged:.2f}"
        record_property(f"N {n}: error posterior / least squares / prior / conflict flagged", said)
    if not (fixed[0] == 0.1 and correlation == 0.8):  # 5,000 people then flag the conflict six times in ten
        assert flagged == 1
    assert error < (0.35 if correlation == 0.8 else 0.2)


def test_no_validity_keeps_the_prior_and_says_so():
    found = learned(CENTRE, 300, 0.5, 1, validity=0.0)
    assert not found.identified
    assert found.slope.covers(0)
    assert found.values == PRIOR
    assert "not identified" in found.findings()[0]
    assert all(one.low < one.prior < one.high for one in found.weights)


@pytest.mark.proof
def test_no_validity_is_rarely_taken_for_some(record_property):
    count = proof_count(8, 400)
    false = np.mean([learned(CENTRE, 120, 0.5, seed, validity=0.0).identified for seed in range(count)])
    record_property("share identified where nothing is there (nominal .05)", round(float(false), 3))
    assert false <= 0.13 if count == 8 else 0.08


def test_a_negative_coefficient_is_a_finding_and_not_a_zero():
    rng = np.random.default_rng(2)
    z = rng.standard_normal((900, 4))
    y = z @ [0.6, 0.5, 0.4, -0.4] + rng.standard_normal(900)
    found = learn_weights(z, y, ["one"] * 900, PRIOR)
    assert found.negative == ("learning",)
    assert found.weights[3].unshrunk.high < 0
    assert found.weights[3].low >= 0
    assert any(
        said.startswith("learning: the unconstrained coefficient is clearly negative") for said in found.findings()
    )


def test_competencies_that_are_one_are_said_to_be_one():
    z, y, jobs = people(CENTRE, 300, 0.3, 3)
    z[:, 1] = z[:, 0] + 0.1 * np.random.default_rng(0).standard_normal(300)
    found = learn_weights(z, y, jobs, PRIOR)
    assert found.inseparable == (("problem_solving", "technical_fit"),)
    assert "report them as one score" in " ".join(found.findings())


def test_competencies_that_determine_one_another_have_no_least_squares():
    z, y, jobs = people(CENTRE, 300, 0.3, 3)
    z[:, 1] = z[:, 0]
    found = learn_weights(z, y, jobs, PRIOR)
    assert found.conflict is None
    assert "determine one another" in (found.weights[0].unshrunk.reason or "")
    assert found.document()["weights"][0]["unshrunk"]["value"] is None


def test_effective_weights_are_shares_of_the_variance():
    found = learned(CENTRE, 400, 0.5, 4)
    assert sum(one.effective for one in found.weights) == pytest.approx(1)
    z, y, jobs = people(CENTRE, 400, 0.5, 4)
    alone = learn_weights(z, y, jobs, PRIOR, applicants=np.diag([100.0, 1, 1, 1]))
    assert alone.weights[0].effective > 0.95


def test_units_of_a_job_and_the_order_of_people_do_not_matter():
    z, y, jobs = people(truth(1), 300, 0.5, 5)
    found = learn_weights(z, y, jobs, PRIOR)
    moved = learn_weights(z, np.where(jobs == "clerk", y * 7 - 2, y), jobs, PRIOR)
    assert values(found) == pytest.approx(values(moved), abs=1e-6)


def test_the_same_seed_gives_the_same_numbers():
    assert learned(truth(2), 100, 0.5, 6).document() == learned(truth(2), 100, 0.5, 6).document()


def test_words_of_a_shift():
    one = learned(CENTRE, 100, 0.5, 6).weights[0]
    moved = replace(one, value=0.43, low=0.21, high=0.64)
    assert moved.shift == "problem solving .40 → .43 [.21, .64]"


def test_every_fold_has_its_share_of_every_job():
    jobs = np.array(["a"] * 50 + ["b"] * 11)
    fold = folds_within(jobs, 0)
    assert np.bincount(fold[:50]).tolist() == [10] * FOLDS
    assert sorted(np.bincount(fold[50:]).tolist()) == [2, 2, 2, 2, 3]


@pytest.mark.parametrize(
    ("scores", "performance", "match"),
    [
        (np.ones((30, 3)), np.arange(30.0), "one column per competency"),
        (np.ones((30, 4)), np.arange(29.0), "rows instead"),
        (np.ones((30, 4)), np.arange(30.0), "must vary"),
        (np.full((30, 4), np.nan), np.arange(30.0), "must be finite"),
        (np.ones((6, 4)), np.arange(6.0), "shape"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(scores, performance, match):
    with pytest.raises(ValueError, match=match):
        learn_weights(scores, performance, ["a"] * len(performance), PRIOR)


def test_real_ratings_give_weights_and_the_halo_is_named(viva_data):
    table = pd.read_csv(viva_data / "avi_challenge_2025" / "avi2025_labels.csv")
    table = table[table["split"] == "train"].dropna(subset=["Hireability"])
    names = ["Integrity", "Collegiality", "Social_versatility", "Development_orientation"]
    z = (table[names] - table[names].mean()) / table[names].std()
    found = learn_weights(
        z.to_numpy(), table["Hireability"], ["any"] * len(table), dict.fromkeys(names, 0.25), same_raters=True
    )
    assert found.persons == 450
    assert found.identified
    assert sum(found.values.values()) == pytest.approx(1)
    assert all(one.low < one.value < one.high for one in found.weights)
    assert "halo" in found.findings()[0]
    assert isinstance(found.slope, Estimate)
