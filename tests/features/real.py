"""Real recordings as 16 kHz mono."""

from pathlib import Path

import numpy as np
import soundfile
import soxr

RATE = 16_000  # Hz


def read_sound(path: Path) -> np.ndarray:
    """A WAV or FLAC file as float32, shape (samples,)."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return soxr.resample(samples.mean(axis=1), rate, RATE).astype(np.float32)
