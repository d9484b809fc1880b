"""How periodic a frame is, and with which period: candidates from the normalised cross-correlation.

The middle 30 ms of a frame are compared with what lies one lag later and one lag earlier. Both directions together
keep the measure centred on the frame, so that a gliding F0 is not shifted in time.

Sources: Talkin (1995), A robust algorithm for pitch tracking, in Speech Coding and Synthesis (cross-correlation);
Boersma (1993), Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a
sampled sound, IFA Proceedings 17 (candidates, octave cost, periodicity as r = S / (S + N)).
"""

from dataclasses import dataclass

import numpy as np

from vivavoce.features.prosody.frames import CEILING_HZ, FLOOR_HZ, RATE, Floats, cross_spectrum

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
