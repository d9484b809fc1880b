"""Spectral balance of sounds whose spectrum is known."""

import numpy as np
import pytest

from tests.signals import speech_track, tone
from vivavoce.data.media.memory import AudioSpool
from vivavoce.features.prosody import track_voice


def column(samples, name):
    with AudioSpool.from_array(samples) as audio:
        return track_voice(audio, speech_track((0, audio.duration)))[name][5:-5]


def harmonics(decibels_per_hz: float, f0_hz: float = 100.0, top_hz: float = 3800.0):
    """Harmonics whose level falls along a straight line over frequency."""
    total = np.zeros_like(tone(f0_hz, 1.0))
    for hz in np.arange(f0_hz, top_hz, f0_hz):
        total += tone(hz, 1.0, 0.02 * 10 ** (decibels_per_hz * hz / 20))
    return total


def test_alpha_ratio_and_hammarberg_of_two_tones():
    low, high = tone(300, 1.0, 0.2), tone(3000, 1.0, 0.02)
    assert column(low + high, "alpha_ratio_db") == pytest.approx(20, abs=0.1)
    assert column(low + high, "hammarberg_db") == pytest.approx(20, abs=0.5)  # a tone may lie between two bins


def test_centroid_is_the_mean_frequency_by_power():
    low, high = tone(500, 1.0, 0.1), tone(1500, 1.0, 0.1)
    assert column(low + high, "centroid_hz") == pytest.approx(1000, abs=5)


@pytest.mark.parametrize("slope", [-0.01, -0.02])
def test_slope_of_a_straight_spectrum(slope):
    found = np.median(column(harmonics(slope), "slope_high_db_per_khz"))
    assert found == pytest.approx(1000 * slope, abs=1.5)


def test_edge_is_where_the_spectrum_ends():
    chance = np.random.default_rng(0).standard_normal(16_000)
    spectrum = np.fft.rfft(chance)
    for edge in (3400, 5000, 7000):
        limited = np.where(np.fft.rfftfreq(16_000, 1 / 16_000) <= edge, spectrum, 0)
        found = column((0.1 * np.fft.irfft(limited)).astype(np.float32), "edge_hz")
        assert np.median(found) == pytest.approx(edge, abs=250)
