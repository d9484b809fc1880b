import math

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable

from tests.proof import proof_count
from vivavoce.fairness.functioning import (
    Functioning,
    _mantel,
    alpha_within,
    ets_class,
    expected_ability,
    question_functioning,
)


def cohort(
    rng: np.random.Generator, n: int, *, questions: int = 6, reliability: float = 0.6, d: float = 0.5, bias: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Scores (2n, questions) with ``d`` of true impact; their mean has the given reliability within groups.

    The second question is ``bias`` of its own standard deviations harder for the focal group.
    """
    group = np.repeat(["men", "women"], n)
    able = rng.standard_normal(2 * n) - d * (group == "women")
    error = math.sqrt(questions * (1 / reliability - 1))
    scores = able[:, None] + error * rng.standard_normal((2 * n, questions))
    scores[group == "women", 1] -= bias * math.sqrt(1 + error**2)
    return scores, group


def look(people: tuple[np.ndarray, np.ndarray]) -> Functioning:
    return question_functioning(*people, reference="men", focal="women")


def test_the_biased_question_is_found_and_left_out_of_the_match() -> None:
    found = look(cohort(np.random.default_rng(1), 500, bias=0.5))
    assert found.left_out == ("2",)
    assert found.settled
    biased = found.questions[1]
    assert (biased.verdict, biased.size) == ("finding", "C")
    assert biased.delta < -1.5
    assert biased.odds > 1
    assert biased.uniform.low > 0
    assert {one.verdict for i, one in enumerate(found.questions) if i != 1} <= {"ok", "insufficient"}


def test_a_biased_question_among_four_does_not_stain_the_others() -> None:
    found = look(cohort(np.random.default_rng(2), 500, questions=4, reliability=0.8, bias=0.5))
    assert found.left_out == ("2",)


def test_a_difference_that_changes_with_ability_is_found() -> None:
    rng = np.random.default_rng(3)
    scores, group = cohort(rng, 1500, reliability=0.85)
    focal = group == "women"
    scores[focal, 0] = rng.standard_normal(1500) * scores[:, 0].std() + scores[focal, 0].mean()
    first = look((scores, group)).questions[0]
    assert first.nonuniform_p < 1e-6
    assert first.verdict == "finding"


@pytest.mark.proof
@pytest.mark.parametrize(("n", "reliability"), [(150, 0.6), (1000, 0.6)])
def test_true_impact_is_not_taken_for_bias(n: int, reliability: float, record_property) -> None:
    count = proof_count(30, 600)
    rng = np.random.default_rng(50 + n)
    found = [look(cohort(rng, n, reliability=reliability)) for _ in range(count)]
    alarms = np.mean([any(one.verdict == "finding" for one in every.questions) for every in found])
    raw = np.mean([[one.uniform_p < 0.05 for one in every.questions] for every in found])
    ok = np.mean([[one.verdict == "ok" for one in every.questions] for every in found])
    record_property(f"any of six questions falsely alarmed, d .5, reliability .6, {n} a group", round(float(alarms), 4))
    record_property("unadjusted tests below .05", round(float(raw), 3))
    record_property("questions shown to be ok", round(float(ok), 3))
    assert alarms <= 0.05 + proof_count(5, 1) / 100
    assert raw < 0.05 + proof_count(6, 2) / 100


@pytest.mark.proof
def test_half_a_standard_deviation_is_found(record_property) -> None:
    count = proof_count(15, 400)
    rng = np.random.default_rng(60)
    found = [look(cohort(rng, 250, bias=0.5)) for _ in range(count)]
    power = np.mean(["2" in one.left_out for one in found])
    others = np.mean([bool(set(one.left_out) - {"2"}) for one in found])
    record_property("power, question biased by .5 SD, 250 a group", round(float(power), 3))
    record_property("another question alarmed beside it", round(float(others), 3))
    assert power > 0.9
    assert others <= 0.05 + proof_count(10, 1) / 100


def test_matching_on_observed_scores_would_have_alarmed() -> None:
    scores, group = cohort(np.random.default_rng(4), 12_000)
    focal = group == "women"
    match = scores[:, 1:].mean(axis=1)
    reliability = alpha_within(scores[:, 1:], focal)
    observed, _ = expected_ability(match, focal, 1.0)
    allowed, _ = expected_ability(match, focal, reliability)
    categories = np.searchsorted(np.quantile(scores[:, 0], [0.2, 0.4, 0.6, 0.8]), scores[:, 0])
    assert _mantel(categories, observed, focal)[1] < 0.001 < _mantel(categories, allowed, focal)[1]


def test_mantel_haenszel_is_statsmodels_for_two_categories() -> None:
    rng = np.random.default_rng(5)
    able = rng.standard_normal(800)
    focal = rng.random(800) < 0.4
    passed = (able + rng.logistic(size=800) - 0.5 * focal > 0).astype(np.intp)
    odds, p = _mantel(passed, able, focal)
    stratum = np.searchsorted(np.quantile(able, np.linspace(0, 1, 21)[1:-1]), able, "right")
    tables = [
        np.array(
            [[np.sum(passed[here & ~focal] == k) for k in (1, 0)], [np.sum(passed[here & focal] == k) for k in (1, 0)]]
        )
        for here in (stratum == k for k in range(20))
    ]
    theirs = StratifiedTable(tables)
    assert odds == pytest.approx(theirs.oddsratio_pooled)
    assert p == pytest.approx(theirs.test_null_odds(correction=False).pvalue)


def test_groups_that_do_not_overlap_on_a_question_are_a_finding() -> None:
    scores, group = cohort(np.random.default_rng(8), 200, reliability=0.8)
    scores[:, 1] = np.where(group == "women", 0.0, 1.0)
    biased = look((scores, group)).questions[1]
    assert (biased.verdict, biased.size, biased.odds) == ("finding", "C", math.inf)
    assert "do not overlap" in str(biased.reason)


def test_ratings_on_a_scale_of_five_do_as_well() -> None:
    scores, group = cohort(np.random.default_rng(9), 600, bias=0.5)
    ratings = np.clip(np.rint(3 + scores), 1, 5)
    assert look((ratings, group)).left_out == ("2",)


def test_questions_that_do_not_go_together_match_nobody() -> None:
    rng = np.random.default_rng(6)
    first = rng.standard_normal(200)
    scores = np.column_stack([first, -first, rng.standard_normal(200)])
    found = question_functioning(scores, np.repeat(["a", "b"], 100), reference="a", focal="b")
    assert found.questions[2].verdict == "insufficient"
    assert "do not go together" in str(found.questions[2].reason)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reference": "c"}, r"needs 30 people in each group. Got {'c': 0, 'b': 50} instead"),
        ({"names": ["one"]}, r"must name 4 questions. Got \['one'\] instead"),
        ({"scores": np.ones((100, 4))}, r"one value only in \['1', '2', '3', '4'\]"),
        ({"scores": np.zeros((100, 2))}, r"shape \(n ≥ 2, k ≥ 3\)"),
    ],
)
def test_bad_arguments_are_refused(change: dict, message: str) -> None:
    good = {
        "scores": np.random.default_rng(7).standard_normal((100, 4)),
        "groups": np.repeat(["a", "b"], 50),
        "reference": "a",
        "focal": "b",
    }
    with pytest.raises(ValueError, match=message):
        question_functioning(**(good | change))


@pytest.mark.parametrize(
    ("delta", "p", "size"),
    [
        (0.99, 1e-9, "A"), (1.4, 0.051, "A"), (3.0, 0.2, "A"), (1.0, 0.049, "B"), (-1.4, 0.01, "B"),
        (1.6, 0.01, "B"), (-2.0, 0.0005, "C"), (math.inf, 0.001, "C"), (math.nan, math.nan, "?"),
    ],
)  # fmt: skip
def test_the_letter_follows_the_whole_ets_rule(delta: float, p: float, size: str) -> None:
    """At 1.6 and p .01 the error is 1.6 / 2.576 = .62: above 1 by less than one of it, so no C."""
    assert ets_class(delta, p) == size
