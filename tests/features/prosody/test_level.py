"""Levels are relative: a planted step comes back, the gain of the recording does not."""

import numpy as np
import pytest

from tests.signals import RATE, speech_track, vowel
from vivavoce.data.media.memory import AudioSpool
from vivavoce.features.prosody import PROSODY, AnswerVoice, track_voice

LOUD = vowel(130, 2.0).samples


def measure(samples, start, end, *spans):
    with AudioSpool.from_array(samples) as audio:
        speech = speech_track(*spans)
        return PROSODY.measure(AnswerVoice(track_voice(audio, speech), speech, start, end))


@pytest.mark.parametrize("gain", [0.1, 1.0])
def test_an_answer_is_compared_with_the_speakers_usual_level(gain):
    faint = LOUD * np.float32(10 ** (-6 / 20))
    samples = gain * np.concatenate([LOUD, LOUD, faint])
    found = measure(samples, 4.0, 6.0, (0, 2), (2, 4), (4.05, 5.95))
    assert found["prosody.level_relative_db"] == pytest.approx(-6, abs=0.1)
    assert found["prosody.level_range_db"] < 0.2


def test_range_of_a_linear_fade_is_its_percentiles():
    fade = 10 ** (np.linspace(0, -20, len(LOUD)) / 20)
    found = measure((LOUD * fade).astype(np.float32), 0, 2, (0.05, 1.95))
    assert found["prosody.level_range_db"] == pytest.approx(0.6 * 19, rel=0.03)
    assert found["prosody.level_change_db_per_s"] == pytest.approx(10, rel=0.05)


def test_the_tracks_level_is_the_root_mean_square_in_dbfs():
    sine = 0.1 * np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE)
    with AudioSpool.from_array(sine) as audio:
        track = track_voice(audio, speech_track((0, 1)))
    assert track["level_db"][10:-10] == pytest.approx(20 * np.log10(0.1 / np.sqrt(2)), abs=0.05)
    assert track["voice_db"][10:-10] == pytest.approx(20 * np.log10(0.1 / np.sqrt(2)), abs=0.05)
