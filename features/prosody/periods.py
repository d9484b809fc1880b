"""How periodic a frame is, and with which period: candidates from the normalised cross-correlation.

The middle 30 ms of a frame are compared with what lies one lag later and one lag earlier. Both directions together
keep the measure centred on the frame, so that a gliding F0 is not shifted in time.

Sources: Talkin (1995), A robust algorithm for pitch tracking, in Speech Coding and Synthesis (cross-correlation);
Boersma (1993), Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a
sampled sound, IFA Proceedings 17 (candidates, octave cost, periodicity as r = S / (S + N)).

Which candidate is the voice: the cheapest path through a run of frames, voiced or not.

Source: Boersma (1993), section 4 (the path finder). Costs are for steps of 10 ms, set on real voices, a little
above his.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
