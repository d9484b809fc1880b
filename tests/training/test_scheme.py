"""One scheme for a whole training: no unit on both sides, outside and inside a fit, whatever rows are asked about."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.training import BadTraining
from vivavoce.training.scheme import BY_PERSON, Scheme, check_splits, splits_by_person

ROWS = st.lists(st.tuples(st.integers(0, 15), st.integers(0, 6)), min_size=8, max_size=60)


def schemes(persons, groups):
    """Every scheme that these rows allow."""
    found = [BY_PERSON]
    for make in (lambda: Scheme.by_group("site", persons, groups), lambda: Scheme.by_time(persons, groups)):
        try:
            found.append(make())
        except BadTraining:
            continue
    return found


@given(ROWS)
def test_no_person_and_no_group_is_on_both_sides_and_the_later_never_teaches(rows):
    persons, groups = np.array(rows).T
    if len(np.unique(persons)) < 5:
        return
    for scheme in schemes(persons, groups):
        splits = scheme.splits(persons)
        check_splits(splits, persons)
        for seen, held in splits:
            if scheme.by == "site":
                assert not np.intersect1d(groups[seen], groups[held]).size
            if scheme.by == "time":
                last = {one: groups[persons == one].max() for one in set(persons)}
                assert max(last[one] for one in persons[seen]) < min(last[one] for one in persons[held])
            inner = scheme.inner(persons[seen])
            assert all(len(set(inner[persons[seen] == one])) == 1 for one in set(persons[seen]))


def test_folds_do_not_depend_on_how_many_rows_a_person_has():
    rng = np.random.default_rng(0)
    persons, site = np.arange(60), rng.integers(0, 9, 60)
    often = np.repeat(persons, rng.integers(1, 5, 60))
    for scheme in (Scheme.by_group("site", persons, site), Scheme.by_time(persons, site)):
        once = [set(persons[held]) for _, held in scheme.splits(persons)]
        assert once == [set(often[held]) for _, held in scheme.splits(often)]


def test_the_usual_scheme_is_by_person():
    persons = np.random.default_rng(1).integers(0, 30, 80)
    for one, other in zip(BY_PERSON.splits(persons, seed=3), splits_by_person(persons, seed=3), strict=True):
        assert (one[1] == other[1]).all()
    assert (BY_PERSON.inner(persons) == persons).all()
    assert len(set(BY_PERSON.exchangeable(persons))) == 1


def test_inside_one_site_persons_are_left_out():
    scheme = Scheme.by_group("site", np.arange(40), np.repeat(["a", "b"], 20))
    [(seen, _), _] = scheme.splits(np.arange(40))
    assert len(set(scheme.inner(seen))) == 20
    assert len(set(scheme.inner(np.arange(40)))) == 2


def test_the_past_is_cut_into_periods_inside_a_fit():
    scheme = Scheme.by_time(np.arange(100), np.arange(100))
    inner = scheme.inner(np.arange(50))
    assert len(set(inner)) == 5
    assert (np.diff(inner) >= 0).all()


def test_ratings_change_places_within_a_site_and_among_those_alone_in_theirs():
    persons = np.array([0, 0, 1, 2, 3, 4])
    scheme = Scheme.by_group("site", persons, np.array(["a", "a", "a", "b", "c", "d"]))
    found = scheme.exchangeable(persons)
    assert found[0] == found[1] == found[2] != found[3]
    assert len(set(found[3:])) == 1
    periods = Scheme.by_time(np.arange(100), np.arange(100)).exchangeable(np.arange(100))
    assert len(set(periods)) == 5


def test_what_cannot_be_split_is_refused_with_the_way_out():
    persons = np.arange(10)
    with pytest.raises(BadTraining, match="Everybody here is of one employer: .* Split by person"):
        Scheme.by_group("employer", persons, np.repeat("a", 10))
    with pytest.raises(BadTraining, match="All 2 groups of rater are tied into one .* split by person"):
        Scheme.by_group("rater", np.array(["x", "x", "y"]), np.array(["a", "b", "b"]))
    with pytest.raises(BadTraining, match="recorded at one moment"):
        Scheme.by_time(persons, np.zeros(10))
    scheme = Scheme.by_group("site", persons, persons // 5)
    with pytest.raises(BadTraining, match="5 people cannot be split by site: they are all of one"):
        scheme.splits(persons[:5])
    with pytest.raises(BadTraining, match="The site of 1 people is not known"):
        scheme.splits(np.array([3, 99]))


def test_a_group_of_most_people_is_said():
    scheme = Scheme.by_group("site", np.arange(10), np.array(["a"] * 8 + ["b", "c"]))
    assert scheme.sentence.endswith("whole ones are tested. The largest holds 80% of the people.")
    assert scheme.document()["largest"] == 0.8
