"""No person on both sides, whatever is split by; what is later never teaches what is earlier."""

import numpy as np
import pytest

from vivavoce.data.errors import VivaError
from vivavoce.training.scheme import check_splits, person_folds, splits_by_group, splits_by_person, splits_by_time


def test_all_rows_of_a_person_share_a_fold():
    persons = np.random.default_rng(0).integers(0, 23, 200)
    fold = person_folds(persons, seed=1)
    assert all(len(set(fold[persons == person])) == 1 for person in range(23))
    sizes = np.bincount([fold[persons == person][0] for person in range(23)])
    assert np.ptp(sizes) <= 1


def test_every_row_is_tested_once():
    persons = np.random.default_rng(1).integers(0, 30, 100)
    splits = splits_by_person(persons)
    assert sorted(np.concatenate([held for _, held in splits])) == list(range(100))
    check_splits(splits, persons)


def test_a_site_is_tested_by_those_who_never_were_there():
    rng = np.random.default_rng(2)
    persons, site = np.arange(300), rng.integers(0, 12, 300)
    splits = splits_by_group(persons, site)
    assert len(splits) == 5
    assert sorted(np.concatenate([held for _, held in splits])) == list(range(300))
    assert not any(np.intersect1d(site[seen], site[held]).size for seen, held in splits)


def test_a_person_at_two_sites_ties_them_together():
    site = np.repeat(["a", "b", "c", "d"], 10)
    persons = np.arange(40)
    persons[10] = persons[0]
    for seen, held in splits_by_group(persons, site):
        assert not np.intersect1d(site[seen], site[held]).size
        assert not np.intersect1d(persons[seen], persons[held]).size
    with pytest.raises(VivaError, match="Got 2 groups tied into one"):
        splits_by_group(["x", "x", "y"], ["a", "b", "b"])


def test_the_later_never_teaches_the_earlier():
    rng = np.random.default_rng(3)
    days = np.datetime64("2026-01-01") + rng.integers(0, 300, 200)
    persons = rng.integers(0, 120, 200)
    splits = splits_by_time(persons, days)
    assert len(splits) == 4
    check_splits(splits, persons)
    last = np.array([days[persons == person].max() for person in persons])
    assert all(last[seen].max() < last[held].min() for seen, held in splits)
    held = np.concatenate([held for _, held in splits])
    assert 0.7 < len(held) / 200 < 0.9


def test_one_moment_cannot_be_split_by_time():
    with pytest.raises(VivaError, match="needs two moments"):
        splits_by_time(["a", "b"], [1, 1])


def test_fewer_persons_than_folds_are_refused():
    with pytest.raises(ValueError, match="must be 2 to 3 persons"):
        person_folds(["a", "b", "c"])
