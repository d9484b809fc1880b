"""The grid on which a voice is measured: one frame every 10 ms of the recording, whatever block it is read in.

How periodic a frame is, and with which period: candidates from the normalised cross-correlation.

The middle 30 ms of a frame are compared with what lies one lag later and one lag earlier. Both directions together
keep the measure centred on the frame, so that a gliding F0 is not shifted in time.

Sources: Talkin (1995), A robust algorithm for pitch tracking, in Speech Coding and Synthesis (cross-correlation);
Boersma (1993), Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a
sampled sound, IFA Proceedings 17 (candidates, octave cost, periodicity as r = S / (S + N)).

Which candidate is the voice: the cheapest path through a run of frames, voiced or not.

Source: Boersma (1993), section 4 (the path finder). Costs are for steps of 10 ms, set on real voices, a little
above his.
"""

from collections.abc import Iterator
from dataclasses import dataclass
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


MIDDLE = round(0.03 * RATE)  # 480 samples: of 20, 30 and 55 ms the one with the fewest gross errors on real voices
SHORTEST = int(RATE / CEILING_HZ)  # 29 samples
LONGEST = int(np.ceil(RATE / FLOOR_HZ))  # 291 samples
WIDTH = MIDDLE + 2 * (LONGEST + 1)  # 1064 samples: the frame needs one longest lag, and its neighbour, each way
FFT = 1152  # ≥ WIDTH, so that no lag wraps; 2⁷·3² is fast
BAND_HZ = (
    30.0,
    3800.0,
)  # below: handling noise; above: what a telephone drops, so that 8 kHz recordings give the same F0
CANDIDATES = 8  # per frame; a period's multiples up to the seventh
OCTAVE_COST = (
    0.02  # per octave: of equally strong peaks the shortest period wins (Boersma's .01 leaves some subharmonics)
)


@dataclass(frozen=True, eq=False)
class Candidates:
    """The best periods of each frame, both arrays of shape (n, CANDIDATES).

    ``f0_hz`` is the frequency of the peak, ``strength`` its height, at most about 1 (−inf where there are fewer peaks).
    """

    f0_hz: Floats
    strength: Floats


def find_candidates(frames: Floats) -> Candidates:
    """Peaks of each frame's correlation within the voice band, interpolated by a parabola.

    Parameters
    ----------
    frames : ndarray, shape (n, WIDTH)
        Samples around each frame's centre.
    """
    correlation = _correlate(_limit_band(frames))
    before, here, after = correlation[:, :-2], correlation[:, 1:-1], correlation[:, 2:]
    peaked = (here > before) & (here >= after) & (here > 0)
    lags = np.arange(SHORTEST, LONGEST + 1)
    cost = OCTAVE_COST * np.log2(lags / SHORTEST).astype(np.float32)
    ranked = np.where(peaked, here - cost, -np.inf)
    best = np.argsort(-ranked, axis=1, kind="stable")[:, :CANDIDATES]
    found = np.take_along_axis(peaked, best, axis=1)
    left, middle, right = (np.take_along_axis(part, best, axis=1) for part in (before, here, after))
    curvature = np.where(found, left - 2 * middle + right, -1)
    shift = np.where(found, 0.5 * (left - right) / curvature, 0)
    strength = np.where(found, middle - 0.25 * (left - right) * shift, -np.inf)
    return Candidates((RATE / (lags[best] + shift)).astype(np.float32), strength.astype(np.float32))


def _limit_band(frames: Floats) -> Floats:
    from scipy import fft

    frequencies = fft.rfftfreq(FFT, 1 / RATE)
    band = (frequencies >= BAND_HZ[0]) & (frequencies <= BAND_HZ[1])
    centred = frames - frames.mean(axis=1, keepdims=True)
    limited: Floats = fft.irfft(fft.rfft(centred, FFT, axis=1) * band, FFT, axis=1)
    return limited[:, :WIDTH]


def _correlate(frames: Floats) -> Floats:
    """Similarity of the middle with its surroundings at lags SHORTEST − 1 … LONGEST + 1, in −1 … 1, shape (n, lags)."""
    from scipy import fft

    side = LONGEST + 1
    middle = fft.rfft(frames[:, side : side + MIDDLE], FFT, axis=1)
    products = fft.irfft(cross_spectrum(fft.rfft(frames, FFT, axis=1), middle), FFT, axis=1)
    sums = np.cumsum(frames.astype(np.float64) ** 2, axis=1)
    sums = np.concatenate([np.zeros((len(frames), 1)), sums], axis=1)
    energies = sums[:, MIDDLE:] - sums[:, :-MIDDLE]
    lags = np.arange(SHORTEST - 1, LONGEST + 2)
    both = 0.5 * (products[:, side + lags] + products[:, side - lags])
    mean_energy = 0.5 * energies[:, [side]] + 0.25 * (energies[:, side + lags] + energies[:, side - lags])
    similarity: Floats = (both / np.maximum(mean_energy, np.finfo(np.float32).tiny)).astype(np.float32)
    return similarity


VOICING_THRESHOLD = 0.45  # of the correlation, Boersma's: a little less voice than noise, HNR −0.9 dB
SILENCE = 0.03  # of the loudest frame's amplitude (−30 dB): fainter hum is the room's, not the voice
OCTAVE_JUMP_COST = 0.5  # per octave between neighbouring frames
VOICING_COST = 0.2  # per change between voiced and unvoiced


def find_path(candidates: Candidates, level_db: Floats) -> tuple[Floats, Floats]:
    """F0 and periodicity of one unbroken run of frames.

    Parameters
    ----------
    candidates
        Of the run's n frames.
    level_db : ndarray, shape (n,)
        Level of each frame; only its distance to the run's loudest frame counts.

    Returns
    -------
    f0_hz : ndarray, shape (n,)
        ``nan`` where unvoiced.
    periodicity : ndarray, shape (n,)
        Height of the chosen peak (the highest one where unvoiced), in 0–1.
    """
    pitch = np.log2(candidates.f0_hz)
    amplitude = 10 ** ((level_db - level_db.max()) / 20)
    unvoiced = VOICING_THRESHOLD + np.maximum(0, 2 - amplitude / (SILENCE / (1 + VOICING_THRESHOLD)))
    reward = np.hstack(
        [unvoiced[:, None].astype(np.float32), candidates.strength + OCTAVE_COST * (pitch - np.log2(CEILING_HZ))]
    )
    chosen = _trace(reward, pitch)
    rows = np.arange(len(pitch))
    voiced = chosen > 0
    column = np.maximum(chosen - 1, 0)
    strongest = np.maximum(candidates.strength.max(axis=1), 0)
    f0 = np.where(voiced, candidates.f0_hz[rows, column], np.nan)
    periodicity = np.where(voiced, candidates.strength[rows, column], strongest)
    return f0.astype(np.float32), np.clip(periodicity, 0, 1).astype(np.float32)


def _trace(reward: Floats, pitch: Floats) -> npt.NDArray[np.intp]:
    """Return the column of ``reward`` on the best path, shape (n,): column 0 is unvoiced, k + 1 is candidate k."""
    count, states = reward.shape
    cost = np.full((max(count - 1, 0), states, states), VOICING_COST, np.float32)
    cost[:, 0, 0] = 0
    cost[:, 1:, 1:] = OCTAVE_JUMP_COST * np.abs(pitch[:-1, :, None] - pitch[1:, None, :])
    came_from = np.zeros((count, states), np.intp)
    total = reward[0].astype(np.float64)
    columns = np.arange(states)
    for step in range(1, count):
        arrival = total[:, None] - cost[step - 1]
        came_from[step] = arrival.argmax(axis=0)
        total = arrival[came_from[step], columns] + reward[step]
    chosen = np.empty(count, np.intp)
    chosen[-1] = total.argmax()
    for step in range(count - 1, 0, -1):
        chosen[step - 1] = came_from[step, chosen[step]]
    return chosen
