"""Lips that move with one speaker's words, names, and who speaks most say who is the candidate; else nobody does."""

import numpy as np
import pytest

from tests.signals import speech_track
from vivavoce.data.track import Array, Track
from vivavoce.features.speakers.candidate import choose_candidate, lips_with_speech, match_candidate, turn_track

BLOCK_S, FPS = 8.0, 5.0


def halves(shift: float = 0.0) -> Track:
    """Two people who speak by turns of eight seconds, equally long."""
    starts = np.arange(0, 80, 2 * BLOCK_S)
    return turn_track([np.stack([starts + at, starts + at + BLOCK_S - shift], axis=1) for at in (0, BLOCK_S)])


def face(speaks: Array, seed: int = 0) -> Track:
    """A mouth that opens and closes within some spans, and trembles a little outside."""
    rng, times = np.random.default_rng(seed), np.arange(0, 80, 1 / FPS)
    talking = np.array([bool(((speaks[:, 0] <= t) & (t < speaks[:, 1])).any()) for t in times])
    opening = np.where(talking, rng.uniform(0, 0.3, len(times)), 0.05 + 0.02 * rng.standard_normal(len(times)))
    return Track(np.stack([times, times + 1 / FPS], axis=1), opening[:, None], ("mouth_opening_ratio",))


@pytest.mark.parametrize("candidate", [0, 1])
def test_the_person_whose_lips_move_is_the_candidate(candidate: int) -> None:
    turns = halves()
    seen = face(turns.spans[turns["speaker"] == candidate])
    assert choose_candidate(turns) is None, "both speak equally long"
    assert choose_candidate(turns, seen) == candidate
    assert lips_with_speech(seen, turns)[candidate] > 5


def test_lips_outweigh_who_speaks_most() -> None:
    turns = turn_track([np.array([[0.0, 50.0]]), np.array([[52.0, 72.0]])])
    assert choose_candidate(turns) == 0
    assert choose_candidate(turns, face(np.array([[52.0, 72.0]]))) == 1


@pytest.mark.parametrize("seed", range(8))
def test_lips_that_move_with_nobody_say_nothing(seed: int) -> None:
    assert choose_candidate(halves(), face(np.array([[0.0, 80.0]]), seed)) is None


def test_a_face_that_is_hardly_seen_says_nothing() -> None:
    turns = halves()
    seen = face(turns.spans[turns["speaker"] == 0])
    seen.values[30:] = np.nan
    assert np.isnan(lips_with_speech(seen, turns)).all()
    assert choose_candidate(turns, seen) is None


@pytest.mark.parametrize(("seconds", "expected"), [(40.0, 0), (30.0, None), (8.0, 1)])
def test_twice_the_others_speech_is_the_candidates(seconds: float, expected: int | None) -> None:
    turns = turn_track([np.array([[0.0, seconds]]), np.array([[50.0, 70.0]])])
    assert choose_candidate(turns) == expected


def test_the_named_candidates_words_lie_in_one_speakers_turns() -> None:
    turns = halves()
    assert match_candidate(turns, turns.spans[turns["speaker"] == 1] + 0.5) == 1
    assert match_candidate(turns, speech_track((4.0, 12.0)).spans) is None
    assert match_candidate(turns, np.empty((0, 2))) is None
