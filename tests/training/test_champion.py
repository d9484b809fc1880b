"""A better model is said to be better, an equal one is not; *worse* is said only of people new to the champion."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.tables import FRAMEWORK, NOISE, write
from vivavoce.training.champion import NotComparable, Verdict, compare
from vivavoce.training.inputs import Provenance
from vivavoce.training.joining import read_inputs
from vivavoce.training.linear.linear_trainer import fit

DIGEST = "a" * 64


def read(folder, seed, n=150):
    folder.mkdir()
    paths = write(folder, n=n, seed=seed)
    return read_inputs(paths["features"], paths["ratings"], paths["outcomes"], FRAMEWORK)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("champion")
    then, now = read(folder / "then", 1), read(folder / "now", 2)
    return fit(then, FRAMEWORK, effort=None), fit(now, FRAMEWORK, effort=None), now


def dated(inputs, first, last):
    return replace(inputs, provenance=Provenance({}, {"interviews": (first, last)}))


def without(inputs, name):
    """The inputs as they are where a feature has one value only."""
    single = replace(inputs.answers, columns={one: v for one, v in inputs.answers.columns.items() if one != name})
    return replace(inputs, answers=single, dropped={name: "one value only"})


def blunt(model):
    """The champion with its competencies mixed up, as if it had learned from noise."""
    parts = model.competencies
    return replace(
        model, competencies=tuple(replace(one, coefficients=-one.coefficients) for one in parts), documents={}
    )


def test_one_that_learned_from_equal_people_is_not_shown_to_be_better(trained):
    then, now, inputs = trained
    found = compare(then.model, DIGEST, now, inputs)
    assert found.overall.verdict is Verdict.NOT_SHOWN
    assert found.overall.difference.covers(0)
    assert abs(found.overall.champion.value - found.overall.challenger.value) < 0.1
    assert found.overall.persons == 150
    assert not found.fair
    assert "may have learned from these people" in found.said


def test_a_poor_champion_is_beaten_in_every_competency(trained):
    then, now, inputs = trained
    found = compare(blunt(then.model), DIGEST, now, inputs)
    assert found.overall.verdict is Verdict.BETTER
    assert found.overall.difference.low > 0
    assert {one.verdict for one in found.competencies.values()} == {Verdict.BETTER}
    assert found.document()["overall"]["verdict"] == "better"


def test_worse_is_concluded_only_where_the_champion_cannot_have_seen_the_people(trained):
    then, now, inputs = trained
    worse = replace(now, z={name: -z for name, z in now.z.items()}, overall=-now.overall)
    assert compare(then.model, DIGEST, worse, inputs).overall.verdict is Verdict.NOT_SHOWN
    sheet = {"datasheet": {"dates": {"interviews": ["2025-01-01", "2025-12-31"]}}}
    champion = replace(then.model, documents=sheet)
    later = compare(champion, DIGEST, worse, dated(inputs, "2026-01-01", "2026-03-01"))
    assert later.fair
    assert later.overall.verdict is Verdict.WORSE
    overlapping = compare(champion, DIGEST, worse, dated(inputs, "2025-12-31", "2026-03-01"))
    assert not overlapping.fair


def test_without_performance_the_human_ratings_decide(trained):
    then, now, inputs = trained
    bare = replace(inputs, performance=np.full(150, np.nan), criterion=None)
    scores = replace(now, overall=np.sum([FRAMEWORK.weights[name] * z for name, z in now.z.items()], axis=0))
    assert compare(then.model, DIGEST, scores, bare).overall.criterion == "the weighted human ratings"


def test_other_measurements_and_other_competencies_are_not_compared(trained):
    then, now, inputs = trained
    other = replace(inputs, fingerprints={**inputs.fingerprints, NOISE: "another microphone"})
    with pytest.raises(NotComparable, match=NOISE):
        compare(then.model, DIGEST, now, other)
    with pytest.raises(NotComparable, match="says nothing in these data: .*one value only"):
        compare(then.model, DIGEST, now, without(inputs, NOISE))
    with pytest.raises(NotComparable, match="The champion scores"):
        compare(then.model, DIGEST, replace(now, z={"charm": now.overall}), inputs)


def test_interviews_of_which_no_answer_is_known_are_compared_by_their_means(trained):
    then, now, inputs = trained
    every = {name: values for own in inputs.features.values() for name, values in own.items()}
    one = dict.fromkeys(inputs.features, every)
    whole = replace(inputs, answers=None, features=one)
    found = compare(then.model, DIGEST, now, whole)
    known = compare(then.model, DIGEST, now, inputs)
    assert found.overall.champion.value == pytest.approx(known.overall.champion.value, abs=0.1)
    assert found.overall.persons == 150
