"""Two voices in one channel come apart; one voice stays whole."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.features.real import read_sound
from tests.proof import proof_count
from tests.small_whisper.synthesis import Voice
from tests.two_speakers import HIGH, LOW, Sound, dialogue
from vivavoce.data.media.memory import AudioSpool
from vivavoce.data.track import Track
from vivavoce.features.prosody.voice_track import track_voice
from vivavoce.features.speakers.candidate import choose_candidate, speaking_seconds
from vivavoce.features.speakers.voiceprint import APART, distance, find_voice_turns
from vivavoce.features.speech import find_speech

WRONG = 0.1  # of the speech time, at most
ALIKE = 30  # Hz between two random voices below which they are not clearly different


def told(sound: Sound) -> Track | None:
    with AudioSpool.from_array(sound) as audio:
        speech = find_speech(audio)
        return find_voice_turns(audio, speech, track_voice(audio, speech))


@pytest.mark.parametrize("overlap_s", [0.0, 0.6])
def test_planted_turns_come_back(overlap_s: float, record_property: Callable[[str, object], None]) -> None:
    planted = dialogue(5, overlap_s=overlap_s)
    turns = told(planted.mono)
    assert turns is not None
    candidate = choose_candidate(turns)
    assert candidate == 0, "who speaks most comes first"
    wrong = planted.wrong_share(turns, candidate)
    record_property("share of speech time given to the wrong person", round(wrong, 4))
    assert wrong <= WRONG


@pytest.mark.parametrize("voice", [HIGH, LOW])
def test_one_voice_stays_whole(voice: Voice) -> None:
    assert told(dialogue(9, voices=(voice, voice), exchanges=2).mono) is None


def test_two_who_speak_alike_long_leave_the_candidate_undecided() -> None:
    turns = told(dialogue(4, words=(9, 9), exchanges=3).mono)
    assert turns is not None
    assert choose_candidate(turns) is None


def test_too_little_of_a_voice_is_none() -> None:
    assert told(dialogue(1, exchanges=1, words=(12, 1)).mono) is None
    assert told(np.zeros(16_000, np.float32)) is None


def test_distance_of_gaussians_is_mahalanobis() -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(0, 2, (4000, 3))
    assert distance(one, one + np.array([6, 0, 0])) == pytest.approx(3, rel=0.05)
    assert distance(one, one) == 0


@pytest.mark.proof
def test_random_voices(record_property: Callable[[str, object], None]) -> None:
    """Pairs of random voices, of clearly different pitch and not, and each voice alone."""
    rng = np.random.default_rng(11)
    wrong, missed, split, pairs = [], 0, 0, proof_count(2, 25)
    for seed in range(pairs):
        one, other = Voice.draw(rng), Voice.draw(rng)
        while abs(one.pitch - other.pitch) < ALIKE:
            other = Voice.draw(rng)
        planted = dialogue(seed, voices=(one, other), overlap_s=0.4 if seed % 2 else 0.0, exchanges=3)
        turns = told(planted.mono)
        missed += turns is None
        wrong += [] if turns is None else [planted.wrong_share(turns, 0)]
        split += told(dialogue(seed, voices=(one, one), exchanges=3).mono) is not None
    record_property("pairs of random voices", pairs)
    record_property("taken for one", missed)
    record_property("single voices taken for two", split)
    record_property("share of speech time given to the wrong person, median and worst", np.percentile(wrong, [50, 100]))
    assert split == 0
    assert missed <= 0.1 * pairs
    assert np.median(wrong) <= WRONG


def test_real_readers_alone_are_never_two(viva_data: Path) -> None:
    """Three readers, 8 to 18 s each: a recording of one person must not be refused."""
    folder = viva_data / "speech"
    pause = np.zeros(4000, np.float32)
    one = [read_sound(folder / "speechbrain" / f"spk1_snt{i}.wav") for i in range(1, 7)]
    sounds = [
        np.concatenate([part for sentence in one for part in (sentence, pause)]),
        read_sound(folder / "wenet" / "librispeech-1995-1837-0001.wav"),
        read_sound(folder / "whisper" / "jfk.flac"),
    ]
    for sound in sounds:
        assert told(sound) is None
    assert APART > 2, "the readers reach 2.1"


def test_real_two_people_clearly_different(viva_data: Path) -> None:
    """A woman reading six sentences between the parts of a man's speech."""
    folder = viva_data / "speech"
    one = [read_sound(folder / "speechbrain" / f"spk1_snt{i}.wav") for i in range(1, 7)]
    other = np.array_split(read_sound(folder / "whisper" / "jfk.flac"), 3)
    parts = [part / np.sqrt((part**2).mean()) * 0.05 for i in range(3) for part in (*one[2 * i : 2 * i + 2], other[i])]
    turns = told(np.concatenate(parts))
    assert turns is not None
    assert len(speaking_seconds(turns)) == 2
