"""Less discriminatory alternatives: a planted one is found, noise and costly ones are not."""

import numpy as np
import pytest

from tests.proof import proof_count
from vivavoce.fairness.alternatives import Found, lowest_ratio, search_alternatives
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
