"""Less discriminatory alternatives: a planted one is found, noise and costly ones are not."""

import numpy as np
import pytest

from tests.proof import proof_count
from vivavoce.fairness.alternatives import MARGIN_R, Found, Front, lowest_ratio, search_alternatives, weights_front
from vivavoce.fairness.groups import Labels

SHARE = 0.3


def people(rng, n=3000):
    """Ability without a group difference, performance that follows it, and who is a woman."""
    women = np.arange(n) % 2
    able = rng.standard_normal(n)
    performance = 0.5 * able + np.sqrt(0.75) * rng.standard_normal(n)
    return women, able, performance, Labels(("men", "women"), women.astype(np.int64)), rng.random(n) < 0.5


def noisy(rng, able, error):
    return able + error * rng.standard_normal(len(able))


def test_a_question_that_hurts_women_and_measures_nothing_is_better_left_out():
    rng = np.random.default_rng(0)
    women, able, y, sex, half = people(rng)
    version = noisy(rng, able, 0.5) - 0.5 * women
    candidates = {
        "without the question": version + 0.5 * women,
        "noise instead": rng.standard_normal(len(able)),  # equal for all, and worth nothing
        "the same again": version,
    }
    found = {
        one.name: one.found
        for one in search_alternatives(version, candidates, y, {"sex": sex}, share=SHARE, confirming=half)
    }
    assert found == {
        "without the question": Found.CONFIRMED,
        "noise instead": Found.RULED_OUT,
        "the same again": Found.RULED_OUT,
    }


@pytest.mark.proof
def test_equal_versions_are_seldom_confirmed_as_better(record_property):
    """Candidates that differ from a fair version by noise only; 2,000 people, .05 by chance and at most .10 here."""
    count = proof_count(8, 200)
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(count):
        _, able, y, sex, half = people(rng, 2000)
        version, other = noisy(rng, able, 0.5), noisy(rng, able, 0.5)
        [one] = search_alternatives(version, {"other": other}, y, {"sex": sex}, share=SHARE, confirming=half)
        hits += one.found is Found.CONFIRMED
    record_property("confirmed although equal", hits / count)
    assert hits / count <= (0.05 if count >= 200 else 0.25)


def test_few_people_leave_a_promising_candidate_open():
    """A gain of .1 cannot be confirmed by 100 people: neither yes nor no."""
    rng = np.random.default_rng(4)
    women, able, y, sex, half = people(rng, 200)
    version = noisy(rng, able, 0.5) - 0.35 * women
    [one] = search_alternatives(
        version, {"fair": version + 0.35 * women}, y, {"sex": sex}, share=SHARE, confirming=half
    )
    assert one.found is Found.OPEN
    assert one.ratio_gain.high - one.ratio_gain.low > 0.2


def test_the_lowest_ratio_is_counted_by_hand():
    scores = np.arange(100.0)
    codes = np.repeat([0, 1], 50)  # the best 30 are all of group 1
    assert lowest_ratio(scores, (codes,), 0.3) == 0.0
    assert lowest_ratio(scores, (np.tile([0, 1], 50),), 0.3) == 1.0
    assert np.isnan(lowest_ratio(scores, (np.zeros(100, np.int64),), 0.3))


def test_a_share_outside_its_range_is_refused():
    with pytest.raises(ValueError, match="share"):
        search_alternatives([1.0], {}, [1.0], {}, share=30, confirming=[True])


def weighed(people: int = 3000, seed: int = 6):
    """Two equally valid competencies of unlike spread; groups differ in the first only, and not in performance."""
    rng = np.random.default_rng(seed)
    women = np.arange(people) % 3 == 0
    speech, plans = rng.standard_normal((2, people))
    later = 0.4 * speech + 0.4 * plans + rng.standard_normal(people)
    parts = {"speech": speech - 0.8 * women, "plans": 2 * plans}
    return parts, later, Labels(("men", "women"), women.astype(np.int64))


def test_the_front_of_weights_knows_what_the_planted_difference_costs() -> None:
    parts, later, sex = weighed()
    found = weights_front(parts, {"speech": 0.5, "plans": 0.25}, later, sex, share=0.3)  # equal, in the scores' unit
    assert isinstance(found, Front)
    assert (found.reference, found.focal, found.people) == ("men", "women", 3000)
    assert found.own.difference == pytest.approx(0.8 / np.sqrt(2), abs=0.08)
    ratios = [one.impact_ratio for one in found.frontier]
    assert ratios == sorted(ratios)
    assert found.frontier[-1].weights == pytest.approx((0, 1), abs=1e-6)
    assert found.frontier[-1].impact_ratio == pytest.approx(1, abs=0.08)
    better = found.as_valid
    assert better is not None
    assert better.weights[0] / better.weights[1] < 2  # the first counts for less than under equal weights
    assert better.impact_ratio > found.own.impact_ratio + 0.05
    assert better.expected_validity >= found.own.validity - MARGIN_R
    total = parts["speech"] * better.weights[0] + parts["plans"] * better.weights[1]
    women = sex.codes == 1
    gap = (total[~women].mean() - total[women].mean()) / np.sqrt((total[~women].var() * 2 + total[women].var()) / 3)
    assert gap == pytest.approx(better.difference, abs=0.01)  # the weights hold for the scores as they are


def test_the_front_of_weights_shrinks_with_few_people_and_says_why_there_is_none() -> None:
    parts, later, sex = weighed(120)
    few = weights_front(parts, {"speech": 0.5, "plans": 0.25}, later, sex, share=0.3)
    assert isinstance(few, Front)
    assert few.frontier[0].expected_validity < few.frontier[0].validity
    parts, later, sex = weighed(30)
    assert "two groups of 20" in weights_front(parts, {"speech": 1, "plans": 1}, later, sex, share=0.3)
    parts, later, sex = weighed(200)
    unknown = np.where(np.arange(200) < 190, np.nan, later)
    assert "with performance" in weights_front(parts, {"speech": 1, "plans": 1}, unknown, sex, share=0.3)
    assert "made of the others" in weights_front(
        {**parts, "plans": parts["speech"]}, {"speech": 1, "plans": 1}, later, sex, share=0.3
    )
