"""The grid on which a voice is measured: one frame every 10 ms of the recording, whatever block it is read in."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vivavoce.data.track import Track

if TYPE_CHECKING:
    from vivavoce.data.media.memory import AudioSpool

Floats = npt.NDArray[np.float32]
Spectra = npt.NDArray[np.complex64]
Mask = npt.NDArray[np.bool_]

RATE = 16_000  # Hz, the spool's
HOP_S = 0.01  # a syllable nucleus (≥ 50 ms) spans five frames
HOP = round(RATE * HOP_S)  # 160 samples
FLOOR_HZ = 55.0  # below any speaking voice, so that 60 Hz still lies inside the search
CEILING_HZ = 550.0  # above speaking voices; their 500 Hz still lies inside
WINDOW = 2 * round(1.5 * RATE / FLOOR_HZ / 4) * 2  # 872 samples: three periods of the floor, as Boersma (1993) asks
BLOCK = 500  # frames held at once: 5 s, about 10 MB with their spectra


def frame_count(audio: "AudioSpool") -> int:
    """Count the whole 10 ms frames of a recording; frame k covers [k, k + 1) hops.

    Raises
    ------
    ValueError
        If the spool is not at 16 kHz.
    """
    if audio.rate != RATE:
        raise ValueError(f"The 'audio' parameter of track_voice must be at {RATE} Hz. Got {audio.rate} Hz instead.")
    return round(audio.duration * RATE) // HOP


def cut_frames(audio: "AudioSpool", first: int, last: int, width: int) -> Floats:
    """Samples around the centres of frames first … last − 1, shape (last − first, width), zero outside."""
    start = first * HOP + (HOP - width) // 2
    stop = start + (last - 1 - first) * HOP + width
    inside = max(start, 0), min(stop, round(audio.duration * RATE))
    samples = np.zeros(stop - start, np.float32)
    samples[inside[0] - start : inside[1] - start] = audio.read(inside[0] / RATE, inside[1] / RATE)
    view: Floats = np.lib.stride_tricks.sliding_window_view(samples, width)[::HOP]
    return view


def split_blocks(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Half-open ranges of at most ``BLOCK`` frames that cover first … last − 1 in order."""
    for start in range(first, last, BLOCK):
        yield start, min(start + BLOCK, last)


def mark_speech(speech: Track, count: int) -> Mask:
    """Which of the first ``count`` frames have their centre inside a segment of speech, shape (count,)."""
    spoken = np.zeros(count, bool)
    for start, end in speech.spans:
        first, last = np.ceil(np.array([start, end]) / HOP_S - 0.5 - 1e-6).astype(int)
        spoken[max(first, 0) : max(last, 0)] = True
    return spoken


def find_runs(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open index ranges in which the mask is true.

    Examples
    --------
    >>> find_runs(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def hann(width: int) -> Floats:
    """Return a periodic Hann window, shape (width,)."""
    phase = 2 * np.pi * (np.arange(width) + 0.5) / width
    window: npt.NDArray[np.floating[Any]] = 0.5 - 0.5 * np.cos(phase)
    return window.astype(np.float32)


def cross_spectrum(signal: Spectra, template: Spectra) -> Spectra:
    """Product of spectra whose inverse is the correlation of the signal with the template.

    Written out in real arithmetic: the complex product fuses its roundings or not, depending on processor and size.
    """
    product = np.empty_like(signal)
    product.real = signal.real * template.real + signal.imag * template.imag
    product.imag = signal.imag * template.real - signal.real * template.imag
    return product


def decibel(power_ratio: npt.ArrayLike) -> npt.NDArray[np.floating[Any]]:
    """10 log10 of a ratio of powers; nothing lies below −120 dB, the floor of a 20-bit recording.

    Examples
    --------
    >>> decibel([1.0, 0.5, 0.0]).round(1).tolist()
    [0.0, -3.0, -120.0]
    """
    decibels: npt.NDArray[np.floating[Any]] = 10 * np.log10(np.maximum(power_ratio, 1e-12))
    return decibels
