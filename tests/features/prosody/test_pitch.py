"""F0 of tones, glides, vowels and real voices."""

from pathlib import Path

import numpy as np
import pytest

from tests.features.prosody.recordings import read_clips
from tests.signals import RATE, chirp, speech_track, tone, vowel
from vivavoce.data.media.memory import AudioSpool
from vivavoce.data.track import Track
from vivavoce.features.prosody import PROSODY, AnswerVoice, track_voice

SETTLED = slice(5, -5)  # frames whose window lies inside the sound


def track_of(samples, speech: Track | None = None) -> Track:
    with AudioSpool.from_array(samples) as audio:
        return track_voice(audio, speech or speech_track((0, audio.duration)))


def cents(found, truth):
    return 1200 * np.log2(np.asarray(found, float) / truth)


@pytest.mark.parametrize("hz", [60, 71.3, 90, 120, 163.7, 220, 301, 440, 500])
def test_the_f0_of_a_tone_comes_back_within_ten_cents(hz):
    f0 = track_of(tone(hz, 1.0))["f0_hz"][SETTLED]
    assert np.abs(cents(f0, hz)).max() < 10


@pytest.mark.parametrize("bounds", [(60, 500), (500, 60), (90, 180)])
def test_a_gliding_f0_is_followed_within_ten_cents(bounds):
    samples, truth = chirp(*bounds, length=4.0)
    track = track_of(samples)
    middles = track.spans.mean(axis=1)
    assert np.abs(cents(track["f0_hz"], truth(middles))[SETTLED]).max() < 10


@pytest.mark.parametrize("hz", [70, 100, 150, 230, 350])
def test_the_f0_of_a_vowel_comes_back_without_octave_errors(hz):
    sound = vowel(hz, 1.5, jitter_percent=0.5, shimmer_percent=3, hnr_db=15)
    f0 = track_of(sound.samples)["f0_hz"][SETTLED]
    assert np.isfinite(f0).mean() > 0.99
    assert abs(np.median(cents(f0, hz))) < 10
    assert np.abs(cents(f0, hz)).max() < 100


def test_noise_and_silence_are_not_voiced():
    noise = np.random.default_rng(0).standard_normal(2 * RATE).astype(np.float32)
    assert np.isfinite(track_of(0.1 * noise)["f0_hz"]).mean() < 0.01
    assert np.isnan(track_of(np.zeros(RATE))["f0_hz"]).all()


def test_only_speech_is_measured():
    track = track_of(tone(150, 2.0), speech_track((0.5, 1.0)))
    inside = (track.spans[:, 0] > 0.495) & (track.spans[:, 1] < 1.005)
    assert np.isfinite(track["f0_hz"][inside]).all()
    assert np.isnan(track["f0_hz"][~inside]).all()
    assert np.isnan(track["periodicity"][~inside]).all()
    assert np.isfinite(track["level_db"]).all()


def measure(samples, *spans):
    with AudioSpool.from_array(samples) as audio:
        speech = speech_track(*spans)
        return PROSODY.measure(AnswerVoice(track_voice(audio, speech), speech, 0.0, audio.duration))


def test_slope_spread_and_voicing_of_a_glide():
    samples, _ = chirp(100, 200, length=4.0)
    found = measure(samples, (0.05, 3.95))
    assert found["prosody.f0_slope_semitones_per_s"] == pytest.approx(3.0, rel=0.01)
    assert found["prosody.f0_movement_semitones_per_s"] == pytest.approx(3.0, rel=0.01)
    assert found["prosody.f0_spread_semitones"] == pytest.approx(0.6 * 3.9 * 3, rel=0.02)
    assert found["prosody.f0_median_hz"] == pytest.approx(141.4, rel=0.01)
    assert found["prosody.voiced_share"] == 1
    falling, _ = chirp(200, 100, length=4.0)
    assert measure(falling, (0.05, 3.95))["prosody.f0_slope_semitones_per_s"] == pytest.approx(-3.0, rel=0.01)


def test_voiced_share_is_the_planted_one():
    chance = np.random.default_rng(1)
    hiss = (0.05 * chance.standard_normal(RATE)).astype(np.float32)
    sound = np.concatenate([vowel(140, 1.0).samples, hiss, vowel(140, 1.0).samples])
    found = measure(sound, (0.0, 3.0))
    assert found["prosody.voiced_share"] == pytest.approx(2 / 3, abs=0.02)
    assert found["prosody.voiced_stretch_s"] == pytest.approx(1.0, abs=0.05)


def test_real_voices_agree_with_pyin(viva_data: Path):
    """Gross errors on frames that both call voiced, and the median over them."""
    import librosa

    gross, medians = [], []
    for clip in read_clips(viva_data, every=2):
        track = track_of(clip.samples, speech_track(*clip.spans))
        hz, voiced, _ = librosa.pyin(clip.samples, fmin=60, fmax=500, sr=RATE, frame_length=1024, hop_length=160)
        theirs = np.interp(track.spans.mean(axis=1), np.arange(len(hz)) * 0.01, np.where(voiced, hz, np.nan))
        both = np.isfinite(theirs) & np.isfinite(track["f0_hz"])
        gross.append((np.abs(cents(track["f0_hz"][both], theirs[both])) > 100).mean())
        medians.append(cents(np.median(track["f0_hz"][both]), np.median(theirs[both])))
    assert np.abs(medians).max() < 50
    assert np.mean(gross) < 0.03
    assert np.max(gross) < 0.08
