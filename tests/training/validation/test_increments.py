"""A voice that knows something is told from one that is noise, and from one of which nothing can be told."""

import numpy as np
import pytest

from tests.proof import proof_count
from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.training.validation.increments import increments, scores_by_modality

TEXT, VOICE = 4, 8
MODALITIES = {**{f"language.f{i}": "text" for i in range(TEXT)}, **{f"prosody.f{i}": "voice" for i in range(VOICE)}}


def planted(n, signal, seed):
    """Ratings that follow language, and voice by ``signal``."""
    rng = np.random.default_rng(seed)
    columns = {name: rng.standard_normal(n) for name in MODALITIES}
    ratings = columns["language.f0"] + signal * columns["prosody.f0"] + rng.standard_normal(n)
    return columns, ratings, np.arange(n)


def found(n, signal, seed):
    columns, ratings, persons = planted(n, signal, seed)
    scores = scores_by_modality(lambda _: CompetencyRidge(), columns, MODALITIES, ratings, persons)
    [one] = increments(scores, {"voice": VOICE}, ratings, persons)
    return one


def test_a_voice_that_knows_something_is_shown():
    one = found(400, 0.7, 0)
    assert (one.modality, one.columns, one.verdict) == ("voice", VOICE, "shown")
    assert one.gain.gain.value == pytest.approx(1.22 / np.sqrt(2.49) - 1 / np.sqrt(2.49), abs=0.06)
    assert one.sentence.startswith("voice over language: shown, Δr .1")


def test_few_people_cannot_tell_and_hear_how_many_could():
    one = found(80, 0.3, 1)
    assert one.verdict == "underpowered"
    assert "takes about" in one.sentence
    assert one.people_needed > 80


@pytest.mark.proof
def test_noise_is_hardly_ever_shown(record_property):
    sets = proof_count(40, 300)
    verdicts = [found(200, 0.0, [2, i]).verdict for i in range(sets)]
    shown = np.mean([one == "shown" for one in verdicts])
    record_property("noise shown to add", f"{shown:.3f} of {sets}")
    assert shown <= 0.05


def test_many_people_can_say_that_nothing_is_there():
    assert found(4000, 0.0, 6).verdict == "not shown"


def test_the_base_does_not_see_the_voice():
    columns, ratings, persons = planted(120, 1.0, 3)
    scores = scores_by_modality(lambda _: CompetencyRidge(), columns, MODALITIES, ratings, persons)
    deaf = {name: values if MODALITIES[name] == "text" else values[::-1] for name, values in columns.items()}
    again = scores_by_modality(lambda _: CompetencyRidge(), deaf, MODALITIES, ratings, persons)
    assert np.array_equal(scores["text"], again["text"])
    assert not np.allclose(scores["text+voice"], again["text+voice"])


def test_without_language_or_anything_beside_it_there_is_nothing_to_compare():
    columns, ratings, persons = planted(60, 0.0, 4)
    make = lambda _: CompetencyRidge()  # noqa: E731
    assert scores_by_modality(make, columns, {}, ratings, persons) == {}
    assert scores_by_modality(make, columns, dict.fromkeys(columns, "text"), ratings, persons) == {}
    assert scores_by_modality(make, columns, dict.fromkeys(columns, "voice"), ratings, persons) == {}


def test_too_few_people_are_underpowered_with_a_reason():
    one = found(15, 1.0, 5)
    assert one.sentence == "voice over language: underpowered (15 persons with both: fewer than 20)"


def test_a_criterion_made_of_the_scores_has_nothing_to_test():
    rng = np.random.default_rng(7)
    one, other = rng.standard_normal((2, 100))
    scores = {"text": one, "voice": other, "text+voice": one + other}
    [found] = increments(scores, {"voice": 1}, one + other, np.arange(100))
    assert found.verdict == "shown"
    assert found.explained is None
