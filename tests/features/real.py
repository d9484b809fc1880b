"""Real recordings as 16 kHz mono."""

from pathlib import Path

import av
import numpy as np
import soundfile
import soxr

RATE = 16_000  # Hz


def read_sound(path: Path) -> np.ndarray:
    """A WAV or FLAC file, or a film's sound, as float32, shape (samples,)."""
    if path.suffix in {".wav", ".flac"}:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        return soxr.resample(samples.mean(axis=1), rate, RATE).astype(np.float32)
    with av.open(str(path)) as film:
        resampler = av.AudioResampler("flt", "mono", RATE)
        frames = [part for frame in film.decode(audio=0) for part in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])
