"""Watching: planted shifts raise an alarm after two windows, equal windows do not."""

import numpy as np
import pytest

from tests.proof import proof_count
from vivavoce.evaluation.drift import Window, watch

NAMES = [f"feature {i}" for i in range(20)]


def window(rng, name, *, people=300, shift=0.0, lost=0.02):
    values = {one: rng.standard_normal(people) for one in NAMES}
    values[NAMES[0]] = values[NAMES[0]] + shift
    return Window(name, values, {"not scored": (int(rng.binomial(people, lost)), people)})


def test_a_shift_alarms_in_its_second_window_and_no_sooner():
    rng = np.random.default_rng(0)
    reference = window(rng, "training", people=1000)
    months = [window(rng, "May"), window(rng, "June", shift=0.7), window(rng, "July", shift=0.7)]
    found = {(one.window, one.what): one for one in watch(reference, months) if one.moved}
    assert {key: one.alarm for key, one in found.items()} == {("June", NAMES[0]): False, ("July", NAMES[0]): True}
    assert found["July", NAMES[0]].drift.shift == pytest.approx(0.7, abs=0.2)  # three errors


def test_one_strange_month_is_no_trend():
    rng = np.random.default_rng(1)
    reference = window(rng, "training", people=1000)
    months = [window(rng, "May", shift=0.8), window(rng, "June"), window(rng, "July", shift=0.8)]
    assert not any(one.alarm for one in watch(reference, months))


def test_a_rising_share_of_people_not_scored_is_seen():
    rng = np.random.default_rng(2)
    reference = window(rng, "training", people=1000)
    found = watch(reference, [window(rng, "May", lost=0.15), window(rng, "June", lost=0.15)])
    [alarm] = [one for one in found if one.alarm]
    assert (alarm.what, alarm.window) == ("not scored", "June")
    assert alarm.share == pytest.approx(0.15, abs=0.06)


def test_a_change_too_small_to_matter_does_not_move_whatever_its_p():
    """.12 of a standard deviation in 20,000 people: p far below .001, index about .015."""
    rng = np.random.default_rng(3)
    reference = window(rng, "training", people=20000)
    [seen] = [one for one in watch(reference, [window(rng, "May", people=20000, shift=0.12)]) if one.what == NAMES[0]]
    assert seen.adjusted_p < 0.001
    assert not seen.moved


def test_few_people_are_no_evidence():
    rng = np.random.default_rng(4)
    found = watch(window(rng, "training", people=1000), [window(rng, "May", people=15, shift=5)])
    assert all(np.isnan(one.p) and not one.moved for one in found)


@pytest.mark.proof
def test_alarms_where_nothing_moved(record_property):
    """Twenty features and a share, twelve equal months of 300 people: a year with any alarm."""
    count = proof_count(3, 100)
    rng = np.random.default_rng(5)
    years = 0
    for _ in range(count):
        months = [window(rng, f"month {i}") for i in range(12)]
        years += any(one.alarm for one in watch(window(rng, "training", people=1000), months))
    record_property("years with a false alarm", years / count)
    assert years / count <= 0.05
