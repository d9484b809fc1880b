"""One speaker on each channel is told from one sound on both, whatever the gains and the crosstalk."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.two_speakers import HIGH, Dialogue, Sound, dialogue
from vivavoce.data.media.memory import AudioSpool
from vivavoce.data.track import Track
from vivavoce.features.speakers.candidate import choose_candidate, find_channel_turns, seconds

WRONG = 0.1  # of the speech time, at most


def told(left: Sound, right: Sound) -> Track | None:
    return find_channel_turns([AudioSpool.from_array(left), AudioSpool.from_array(right)])


@pytest.fixture(scope="module")
def overlapping() -> Dialogue:
    return dialogue(2, overlap_s=0.6)


@pytest.mark.parametrize("leak", [0.0, 0.1])
@pytest.mark.parametrize("gain", [1.0, 0.2])
def test_turns_come_back_with_crosstalk_and_unequal_gains(
    overlapping: Dialogue, leak: float, gain: float, record_property: Callable[[str, object], None]
) -> None:
    own, theirs = overlapping.channels
    turns = told(gain * (theirs + leak * own), own + leak * theirs)  # the candidate is on the right
    assert turns is not None
    assert choose_candidate(turns) == 1
    wrong = overlapping.wrong_share(turns, 1)
    record_property("share of speech time given to the wrong person", round(wrong, 4))
    assert wrong <= WRONG
    marked = seconds(turns.spans[turns["overlap"] == 1])
    assert 0.3 * overlapping.overlap_s <= marked <= overlapping.overlap_s + 4 * 0.4, "four overlaps, a syllable each"


SAME: dict[str, Callable[[Sound], tuple[Sound, Sound]]] = {
    "a copy": lambda sound: (sound, sound),
    "a quieter copy": lambda sound: (sound, 0.2 * sound),
    "inverted": lambda sound: (sound, -sound),
    "left only": lambda sound: (sound, 0 * sound),
    "left only, noise on the right": lambda sound: (
        sound,
        (0.001 * np.random.default_rng(0).standard_normal(len(sound))).astype(np.float32),
    ),
    "two microphones": lambda sound: (sound, 0.7 * np.roll(sound, 12) + 0.3 * np.roll(sound, 500)),
}


@pytest.fixture(scope="module")
def one_person() -> Sound:
    return dialogue(9, voices=(HIGH, HIGH), exchanges=2).mono


@pytest.mark.parametrize("kind", SAME)
def test_one_sound_on_both_channels_is_not_two_people(one_person: Sound, kind: str) -> None:
    assert told(*SAME[kind](one_person)) is None


def test_two_people_in_front_of_two_microphones_are_not_told_apart(overlapping: Dialogue) -> None:
    """Both microphones hold both voices at nearly the same level: channels say nothing, and claim nothing."""
    own, theirs = overlapping.channels
    assert told(own + 0.8 * theirs, 0.9 * own + theirs) is None


def test_one_channel_or_silence_says_nothing() -> None:
    assert find_channel_turns([]) is None
    silence = np.zeros(16_000, np.float32)
    assert told(silence, silence) is None
    assert told(silence[:0], silence[:0]) is None
