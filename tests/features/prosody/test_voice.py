"""The track does not depend on blocks, segments read elsewhere, or threads; real voices are plausible."""

import subprocess
import sys

import numpy as np
import pytest

from tests.features.prosody.invariance import measure
from tests.features.prosody.recordings import read_clips
from tests.signals import RATE, Clip, speaker, speech_track
from vivavoce.data.media.memory import AudioSpool
from vivavoce.data.schema import Absent
from vivavoce.features.prosody import PROSODY, AnswerVoice, frames, track_voice

CLIP = speaker(5, 12.0, rate=RATE)
SENSITIVE = {
    *("jitter_percent", "shimmer_percent", "hnr_db", "cpp_db", "speech_rate_per_s", "articulation_rate_per_s"),
    *("pauses_per_min", "pause_share", "pause_mean_s", "pause_median_s", "pause_longest_s", "response_latency_s"),
}


def values_of(clip: Clip) -> np.ndarray:
    with AudioSpool.from_array(clip.samples) as audio:
        return track_voice(audio, speech_track(*clip.spans)).values


@pytest.mark.parametrize("block", [1, 7, 100, 333, 100_000])
def test_blocks_change_no_bit(block, monkeypatch):
    whole = values_of(CLIP)
    monkeypatch.setattr(frames, "BLOCK", block)
    assert np.array_equal(values_of(CLIP), whole, equal_nan=True)


def test_threads_change_no_bit(tmp_path):
    program = (
        "import sys, numpy as np; from tests.features.prosody.test_voice import CLIP, values_of;"
        "np.save(sys.argv[1], values_of(CLIP))"
    )
    for threads in "12":
        environment = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        subprocess.run([sys.executable, "-c", program, tmp_path / f"{threads}.npy"], check=True, env=environment)
    assert np.array_equal(np.load(tmp_path / "1.npy"), np.load(tmp_path / "2.npy"), equal_nan=True)


def test_memory_does_not_grow_with_the_sound():
    import tracemalloc

    def peak(minutes: int) -> int:
        spans = [(second, second + 4.0) for second in range(0, 60 * minutes, 5)]
        with AudioSpool() as audio:
            for _ in range(minutes * 5):
                audio.append(CLIP.samples)
            tracemalloc.start()
            track = track_voice(audio, speech_track(*spans))
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return found - track.values.nbytes - 2 * track.spans.nbytes

    assert peak(2) < 1.2 * peak(1)


def test_another_rate_is_refused():
    class Fast(AudioSpool):
        rate = 48_000

    with Fast.from_array(CLIP.samples) as audio, pytest.raises(ValueError, match="must be at 16000 Hz. Got 48000 Hz"):
        track_voice(audio, speech_track((0, 1)))


def test_recordings_shorter_than_a_window_are_measured():
    for length in (0, 1, 159, 160, 400):
        with AudioSpool.from_array(CLIP.samples[16_000 : 16_000 + length]) as audio:
            track = track_voice(audio, speech_track((0, 1)))
            assert len(track) == length // 160
            assert np.isfinite(track["level_db"]).all()
            found = PROSODY.measure(AnswerVoice(track, speech_track((0, length / RATE)), 0, 1))
            assert isinstance(found["prosody.f0_median_hz"], Absent)


def test_digital_silence_marked_as_speech_is_absent_and_warns_of_nothing():
    found = measure(Clip("silence", np.zeros(3 * RATE, np.float32), RATE, ((0.5, 2.5),)))
    assert found["prosody.f0_median_hz"] == Absent("too_little_voice")
    assert found["prosody.speech_rate_per_s"] == 0


def test_signs_of_impairment_are_marked():
    assert {feature.name for feature in PROSODY if feature.impairment_sensitive} == {f"prosody.{n}" for n in SENSITIVE}


def test_real_voices_lie_in_their_plausible_ranges(viva_data):
    declared = {feature.name: feature for feature in PROSODY}
    for clip in read_clips(viva_data):
        found = measure(clip)
        assert not isinstance(found["prosody.f0_median_hz"], Absent), clip.name
        for name, value in found.items():
            assert isinstance(value, Absent) or declared[name].plausible(value), (clip.name, name, value)
