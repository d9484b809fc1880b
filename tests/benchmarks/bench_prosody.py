"""What prosody costs, beside extraction with pyin on the same sounds in the same run."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import librosa
import numpy as np
import numpy.typing as npt

from tests.benchmarks import Figure
from tests.features.prosody.recordings import read_clips
from tests.signals import RATE, Clip, speaker, speech_track
from vivavoce.data.media.memory import AudioSpool
from vivavoce.features.prosody import PROSODY, AnswerVoice, track_voice

Contour = npt.NDArray[np.floating]
DATA = Path(os.environ.get("VIVA_DATA", Path(__file__).parents[3] / "shared" / "data"))
PYIN = {"fmin": 60, "fmax": 500, "sr": RATE, "frame_length": 1024, "hop_length": 160}


def run(reduced: bool = False) -> list[Figure]:
    """CPU seconds per second of sound and the difference of F0 medians, on synthetic and, if present, real voices."""
    synthetic = [speaker(seed, 15.0, rate=RATE) for seed in range(2 if reduced else 6)]
    real = read_clips(DATA, every=3 if reduced else 1) if DATA.is_dir() else ()
    _extract(synthetic[0]), _extract_usual(synthetic[0])  # compiles and imports
    figures = _compare("synthetic voices", synthetic)
    return figures + _compare("real voices", real) if real else figures


def _compare(label: str, clips: Sequence[Clip]) -> list[Figure]:
    length = sum(len(clip.samples) for clip in clips) / RATE
    ours, our_s = _time(_extract, clips)
    usual, usual_s = _time(_extract_usual, clips)
    _, floor_s = _time(_extract_floor, clips)
    pairs = [(a[: len(b)], b[: len(a)]) for a, b in zip(ours, usual, strict=True)]
    both = [np.isfinite(a) & np.isfinite(b) for a, b in pairs]
    apart = [
        abs(12 * np.log2(np.median(a[k]) / np.median(b[k]))) for (a, b), k in zip(pairs, both, strict=True) if k.any()
    ]
    return [
        Figure(
            f"all of prosody against pyin and level, {label}",
            f"real-time factor {our_s / length:.4f} against {usual_s / length:.4f}",
            usual_s / our_s,
            "≥ 5 × less CPU",
        ),
        Figure(f"librosa's yin alone against it, {label}", f"real-time factor {floor_s / length:.4f}", floor_s / our_s),
        Figure(
            f"difference of F0 medians where both are voiced, {label}",
            f"largest {max(apart):.2f}, mean {np.mean(apart):.2f} semitones",
            None,
            "≤ 0.5 semitones",
        ),
    ]


def _time(work: Callable[[Clip], Contour], clips: Sequence[Clip]) -> tuple[list[Contour], float]:
    start = time.process_time()
    results = [work(clip) for clip in clips]
    return results, time.process_time() - start


def _extract(clip: Clip) -> Contour:
    speech = speech_track(*clip.spans)
    with AudioSpool.from_array(clip.samples) as audio:
        track = track_voice(audio, speech)
        PROSODY.measure(AnswerVoice(track, speech, 0.0, audio.duration))
    return track["f0_hz"]


def _extract_usual(clip: Clip) -> Contour:
    f0, voiced, _ = librosa.pyin(clip.samples, **PYIN)
    librosa.feature.rms(y=clip.samples, frame_length=1024, hop_length=160)
    heard = np.where(voiced, f0, np.nan)
    return (heard[:-1] + heard[1:]) / 2  # their frames begin where ours are centred


def _extract_floor(clip: Clip) -> Contour:
    return librosa.yin(clip.samples, **PYIN)
