"""Other people than those who taught a model are noticed, by the feature that moved and by all together."""

import numpy as np
import pytest

from vivavoce.training.validation.transport import transport

NAMES = ("language.a", "language.b", "prosody.c")


def people(n, seed, shift=(0.0, 0.0, 0.0)):
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal(n) + by for name, by in zip(NAMES, shift, strict=True)}


def compared(shift, n=400, seed=0):
    return transport(people(n, seed), np.arange(n), people(n, seed + 1, shift), np.arange(n, 2 * n), NAMES)


def test_the_same_population_looks_alike():
    verdicts = [compared((0.0, 0.0, 0.0), seed=10 * i).verdict for i in range(20)]
    assert verdicts.count("alike") >= 19


def test_a_planted_shift_comes_back():
    found = compared((0.0, 0.6, 0.0))
    assert found.shifts["language.b"].g.covers(0.6)
    assert found.moved == ("language.b",)
    assert found.verdict == "shifted"
    assert "moved most: language.b." in found.sentence


def test_many_small_shifts_are_seen_together():
    found = compared((0.4, -0.4, 0.4), n=1000)
    assert found.moved == ()
    assert found.auc.covers(0.688)  # Φ(.4 · √3 / √2)
    assert found.verdict == "shifted"


def test_other_people_are_called_so():
    assert compared((2.0, 0.0, 0.0)).sentence.startswith("Today's applicants are other people")


def test_who_is_in_both_is_compared_with_nobody():
    columns = people(100, 5)
    found = transport(columns, np.arange(100), columns, np.arange(100), NAMES)
    assert (found.before, found.verdict) == (0, "unknown")
    assert "0 and 100 people" in found.sentence


def test_a_feature_that_is_no_longer_measured_is_told_by_its_absence():
    today = people(200, 7)
    today["prosody.c"][:] = np.nan
    found = transport(people(200, 6), np.arange(200), today, np.arange(200, 400), NAMES)
    assert found.shifts["prosody.c"].missing_today == 1.0
    assert np.isnan(found.shifts["prosody.c"].g.value)
    assert found.auc.value > 0.95


def test_rows_of_a_person_count_once():
    n = 100
    once = compared((1.0, 0.0, 0.0), n=n)
    old, new = people(n, 0), people(n, 1, (1.0, 0.0, 0.0))
    thrice = {name: np.repeat(v, 3) for name, v in new.items()}
    found = transport(old, np.arange(n), thrice, np.repeat(np.arange(n, 2 * n), 3), NAMES)
    assert found.auc.value == pytest.approx(once.auc.value)
    assert found.today == n
