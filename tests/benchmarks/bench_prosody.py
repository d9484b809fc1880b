"""What prosody costs, beside extraction with pyin on the same sounds in the same run."""

import time
from collections.abc import Callable

import librosa
import numpy as np

from tests.benchmarks import Figure
from tests.signals import RATE, Clip, speaker, speech_track
from vivavoce.data.spool import AudioSpool
from vivavoce.features.prosody import PROSODY, AnswerVoice, track_voice


def run(reduced: bool = False) -> list[Figure]:
    """CPU seconds per second of sound, the difference of the F0 medians, and the memory that the track takes."""
    clips = [speaker(seed, 15.0, rate=RATE) for seed in range(2 if reduced else 6)]
    _usual(clips[0]), _ours(clips[0])  # compiles and imports
    length = sum(len(clip.samples) for clip in clips) / RATE
    ours, our_s = _timed(_ours, clips)
    usual, usual_s = _timed(_usual, clips)
    floor_s = _timed(_yin, clips)[1]
    apart = np.abs(12 * np.log2(np.array(ours) / np.array(usual))).max()
    return [
        Figure(
            "prosody, 31 features, against pyin's F0, level and voicing alone",
            f"real-time factor {our_s / length:.4f} against {usual_s / length:.4f}",
            usual_s / our_s,
            "≥ 5 × less CPU",
        ),
        Figure("prosody against librosa's yin alone", f"yin {floor_s / length:.4f}", floor_s / our_s),
        Figure("largest difference of the F0 medians", f"{apart:.2f} semitones", None, "≤ 0.5 semitones"),
    ]


def _timed(work: Callable[[Clip], float], clips: list[Clip]) -> tuple[list[float], float]:
    start = time.process_time()
    results = [work(clip) for clip in clips]
    return results, time.process_time() - start


def _ours(clip: Clip) -> float:
    speech = speech_track(*clip.spans)
    with AudioSpool.from_array(clip.samples) as audio:
        found = PROSODY.measure(AnswerVoice(track_voice(audio, speech), speech, 0.0, audio.duration))
    return float(found["prosody.f0_median_hz"])  # type: ignore[arg-type]


def _usual(clip: Clip) -> float:
    options = {"sr": RATE, "frame_length": 1024, "hop_length": 160}
    f0, voiced, _ = librosa.pyin(clip.samples, fmin=60, fmax=500, **options)
    librosa.feature.rms(y=clip.samples, frame_length=1024, hop_length=160)
    return float(np.median(f0[voiced]))


def _yin(clip: Clip) -> float:
    f0 = librosa.yin(clip.samples, fmin=60, fmax=500, sr=RATE, frame_length=1024, hop_length=160)
    return float(np.median(f0))
