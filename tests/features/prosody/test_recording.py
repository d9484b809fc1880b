"""Planted faults of a recording come back: noise, clipping, bandwidth, reverberation."""

import numpy as np
import pytest
from scipy.signal import fftconvolve

from tests.features.prosody.invariance import measure, pass_rate
from tests.signals import Clip, speaker
from vivavoce.data.schema import Absent
from vivavoce.features.prosody import PROSODY

CLEAN = speaker(3, 8.0, rate=16_000)


def change(samples, clip: Clip = CLEAN) -> Clip:
    return Clip(clip.name, np.asarray(samples, np.float32), clip.rate, clip.spans)


def spoken(clip: Clip) -> np.ndarray:
    times = np.arange(len(clip.samples)) / clip.rate
    return np.any([(times >= a) & (times < b) for a, b in clip.spans], axis=0)


@pytest.mark.parametrize("planted", [0, 10, 20, 30])
def test_signal_to_noise_ratio(planted):
    power = np.mean(CLEAN.samples[spoken(CLEAN)].astype(float) ** 2)
    noise = np.random.default_rng(0).standard_normal(len(CLEAN.samples)) * np.sqrt(power) * 10 ** (-planted / 20)
    found = measure(change(CLEAN.samples + noise))["prosody.recording_snr_db"]
    assert found == pytest.approx(planted, abs=1.0)


def test_clipping():
    assert measure(CLEAN)["prosody.recording_clipped_share"] == 0
    loud = np.clip(CLEAN.samples * 20, -1, 1)
    planted = np.mean(np.abs(loud[spoken(CLEAN)]) >= 0.999)
    assert measure(change(loud))["prosody.recording_clipped_share"] == pytest.approx(planted, rel=0.1)


@pytest.mark.parametrize(("rate", "edge"), [(8_000, 4000), (11_025, 5512), (48_000, 8000)])
def test_bandwidth(rate, edge):
    found = measure(pass_rate(rate)(CLEAN))["prosody.recording_bandwidth_hz"]
    assert found == pytest.approx(edge, rel=0.08)


def test_reverberation_lengthens_the_decay():
    """Coarse, as any blind estimate: within 45 %, and in the right order."""
    chance = np.random.default_rng(1)
    found = []
    for planted in (0.4, 0.8, 1.6):
        t = np.arange(round(planted * 16_000)) / 16_000
        room = chance.standard_normal(len(t)) * 10 ** (-3 * t / planted)
        wet = fftconvolve(CLEAN.samples, room / np.sqrt(np.sum(room**2)))[: len(CLEAN.samples)]
        found.append(measure(change(wet))["prosody.recording_decay_s"])
    assert found == sorted(found)
    assert found == pytest.approx([0.4, 0.8, 1.6], rel=0.45)


def test_without_silence_there_is_no_noise_to_measure():
    start, end = (round(x * 16_000) for x in CLEAN.spans[0])
    phrase = Clip("phrase", CLEAN.samples[start:end], 16_000, ((0.0, (end - start) / 16_000),))
    assert measure(phrase)["prosody.recording_snr_db"] == Absent("no_silence")


def test_the_recordings_quality_is_marked_as_such():
    marked = {feature.name for feature in PROSODY if feature.quality}
    assert marked == {feature.name for feature in PROSODY if feature.name.startswith("prosody.recording_")}
    assert len(marked) == 5
