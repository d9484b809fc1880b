"""Selection that is known is undone; selection that is not known is said to be so."""

import numpy as np
import pytest

from tests.proof import proof_count
from vivavoce.evaluation.validity import correct_range_restriction
from vivavoce.training.inputs import Selection
from vivavoce.training.validation.correction import ceiling, correct_scores

DIRECT = Selection(mechanism="direct", source="those who hired")
VALIDITY = 0.40  # of the score among applicants
APPLICANTS, HIRED = 1500, 0.3
# Indirect: people are hired on a test that goes with score and performance.
TABLE = np.array([[1.0, 0.6, VALIDITY], [0.6, 1.0, 0.5], [VALIDITY, 0.5, 1.0]])  # score, test, performance


def applicants(seed):
    return np.random.default_rng(seed).multivariate_normal(np.zeros(3), TABLE, APPLICANTS).T


def hired_by(decided, performance):
    """Performance, known only of the best on what decided."""
    return np.where(decided > np.quantile(decided, 1 - HIRED), performance, np.nan)


@pytest.mark.proof
def test_direct_selection_is_undone(record_property):
    sets = proof_count(25, 200)
    found = []
    for i in range(sets):
        score, _, performance = applicants([0, i])
        found.append(correct_scores({"all": score}, hired_by(score, performance), DIRECT, overall="all")["all"])
    mean = np.mean([one.corrected.value for one in found])
    covered = np.mean([one.corrected.covers(VALIDITY) for one in found])
    record_property("raw, corrected (true .40)", f"{np.mean([one.raw.value for one in found]):.3f}, {mean:.3f}")
    record_property("coverage of 95 % intervals", f"{covered:.3f} of {sets}")
    assert mean == pytest.approx(VALIDITY, abs=0.02)
    assert np.mean([one.raw.value for one in found]) < 0.28
    assert covered >= 0.8


@pytest.mark.proof
def test_indirect_selection_needs_its_selector_and_case_two_is_wrong(record_property):
    sets = proof_count(25, 200)
    stated = Selection(mechanism="indirect", source="minutes", selector="test", applicants_sd=1.0)
    right, wrong = [], []
    for i in range(sets):
        score, test, performance = applicants([1, i])
        known = hired_by(test, performance)
        one = correct_scores({"all": score}, known, stated, overall="all", selector=test)["all"]
        assert one.method == "case III"
        right.append(one.corrected.value)
        wrong.append(correct_range_restriction(one.raw.value, score.std(), score[~np.isnan(known)].std()))
    record_property("case III, case II (true .40)", f"{np.mean(right):.3f}, {np.mean(wrong):.3f}")
    assert np.mean(right) == pytest.approx(VALIDITY, abs=0.02)
    assert np.mean(wrong) < VALIDITY - 0.1


def test_case_two_is_refused_where_the_data_contradict_it():
    score, test, performance = applicants(2)
    found = correct_scores({"all": score}, hired_by(test, performance), DIRECT, overall="all")["all"]
    assert found.method == "none"
    assert np.isnan(found.corrected.value)
    assert "something else decided too" in found.corrected.reason
    assert np.isfinite(found.raw.value)


def test_leavers_do_not_make_direct_selection_look_indirect():
    score, _, performance = applicants(3)
    known = hired_by(score, performance)
    known[np.random.default_rng(4).random(APPLICANTS) < 0.15] = np.nan
    assert correct_scores({"all": score}, known, DIRECT, overall="all")["all"].method == "case II"


def test_other_scores_have_the_overall_score_as_selector():
    score, other, performance = applicants(5)
    known = hired_by(score, performance)
    found = correct_scores({"all": score, "other": other}, known, DIRECT, overall="all")
    assert [one.method for one in found.values()] == ["case II", "case III"]
    assert found["other"].corrected.value > found["other"].raw.value
    assert found["other"].corrected.value == pytest.approx(0.5, abs=0.12)


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        (None, "was not stated"),
        (Selection(mechanism="unknown", source="nobody remembers"), "can err either way"),
        (Selection(mechanism="indirect", source="a panel"), "case II would be wrong here"),
    ],
)
def test_what_is_not_known_is_not_corrected(stated, reason):
    score, test, performance = applicants(6)
    found = correct_scores({"all": score}, hired_by(test, performance), stated, overall="all")["all"]
    assert reason in found.corrected.reason
    assert np.isfinite(found.raw.low)


def test_without_applicants_their_spread_must_be_given():
    score, _, performance = applicants(7)
    kept = score > np.quantile(score, 0.7)
    hired, known = score[kept], performance[kept]
    assert "not given" in correct_scores({"all": hired}, known, DIRECT, overall="all")["all"].corrected.reason
    stated = Selection(mechanism="direct", source="those who hired", applicants_sd=1.0)
    assert correct_scores({"all": hired}, known, stated, overall="all")["all"].corrected.value == pytest.approx(
        VALIDITY, abs=0.12
    )


def test_the_ceiling_is_the_root_of_the_reliability():
    assert ceiling(0.81) == pytest.approx(0.9)
    with pytest.raises(ValueError, match="'reliability' parameter"):
        ceiling(1.2)
