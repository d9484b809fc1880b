"""What each frame's spectrum looks like: level of the voice, balance, slopes, centroid, cepstral peak, upper edge.

Sources: Eyben et al. (2016), The Geneva minimalistic acoustic parameter set (alpha ratio, Hammarberg index,
slopes, with their bands); Hillenbrand et al. (1994), Acoustic correlates of breathy vocal quality (cepstral peak
prominence).
"""

import numpy as np

from vivavoce.data.track import Array
from vivavoce.features.prosody.frames import CEILING_HZ, FLOOR_HZ, RATE, WINDOW, Floats, decibel, hann

NAMES = (
    "voice_db",
    "alpha_ratio_db",
    "hammarberg_db",
    "slope_low_db_per_khz",
    "slope_high_db_per_khz",
    "centroid_hz",
    "cpp_db",
    "edge_hz",
)
FFT = 1200  # ≥ the window; 2⁴·3·5² is fast
BIN_HZ = RATE / FFT  # 13.3 Hz
TOP_HZ = 3800.0  # what a telephone keeps (Eyben et al. go to 5 kHz): 8 kHz recordings give the same numbers
BOTTOM_HZ = 50.0  # rumble below is the room's
EDGE_DB = 50.0  # below the whole power: what lies above a frame's upper edge
NUMERICAL_NOISE = 1e-10  # of a frame's strongest bin: 100 dB below, float32 has nothing to say
CEPSTRUM_FROM_S = 0.001  # the regression line starts at 1 ms: the vocal tract lies below


def measure_timbre(frames: Floats) -> Floats:
    """Spectral measures of each frame, shape (n, len(NAMES)).

    Parameters
    ----------
    frames : ndarray, shape (n, WINDOW)
        Samples around each frame's centre. All but ``voice_db`` (dBFS) are ratios, so that level does not move them.
    """
    power = _find_power(frames)
    strongest = power.max(axis=1, keepdims=True)
    power = np.maximum(power, NUMERICAL_NOISE * strongest + np.finfo(np.float32).tiny)
    columns = (
        decibel(_sum(power, BOTTOM_HZ, TOP_HZ) * 2 / (FFT * (hann(WINDOW) ** 2).sum())),
        decibel(_sum(power, BOTTOM_HZ, 1000) / _sum(power, 1000, TOP_HZ)),
        decibel(_band(power, BOTTOM_HZ, 2000).max(axis=1) / _band(power, 2000, TOP_HZ).max(axis=1)),
        _slope(power, BOTTOM_HZ, 500),
        _slope(power, 500, 1500),
        _centroid(power),
        _cepstral_peak(power),
        _edge(power),
    )
    measured: Floats = np.stack(columns, axis=1).astype(np.float32)
    return measured


def _find_power(frames: Floats) -> Floats:
    """Power spectrum under a Hann window in bins of ``BIN_HZ``, shape (n, FFT // 2 + 1)."""
    from scipy import fft

    spectrum = fft.rfft((frames - frames.mean(axis=1, keepdims=True)) * hann(WINDOW), FFT, axis=1)
    power: Floats = spectrum.real**2 + spectrum.imag**2
    return power


def _bins(low_hz: float, high_hz: float) -> slice:
    return slice(int(np.ceil(low_hz / BIN_HZ)), int(np.ceil(high_hz / BIN_HZ)))


def _band(power: Floats, low_hz: float, high_hz: float) -> Floats:
    return power[:, _bins(low_hz, high_hz)]


def _sum(power: Floats, low_hz: float, high_hz: float) -> Floats:
    total: Floats = _band(power, low_hz, high_hz).sum(axis=1)
    return total


def _regress(values: Array) -> tuple[Array, Array]:
    """Slope per column and mean of the least-squares line through each row."""
    place = np.arange(values.shape[1], dtype=np.float32)
    place -= place.mean()
    mean: Floats = values.mean(axis=1)
    return (values * place).sum(axis=1) / (place**2).sum(), mean


def _slope(power: Floats, low_hz: float, high_hz: float) -> Floats:
    """Slope of the spectrum's level in a band, in dB per kHz."""
    return _regress(10.0 * np.log10(_band(power, low_hz, high_hz)))[0] / np.float32(BIN_HZ / 1000)


def _centroid(power: Floats) -> Floats:
    """Centre of gravity of the power between 50 and 3800 Hz, in Hz."""
    bins = _bins(BOTTOM_HZ, TOP_HZ)
    frequencies = (np.arange(bins.start, bins.stop) * BIN_HZ).astype(np.float32)
    part = power[:, bins]
    centre: Floats = (part * frequencies).sum(axis=1) / part.sum(axis=1)
    return centre


def _cepstral_peak(power: Floats) -> Floats:
    """Height of the cepstral peak within the F0 range above the line through the cepstrum, in dB."""
    from scipy import fft

    logarithm = 10 * np.log10(power[:, : int(TOP_HZ / BIN_HZ) + 1])
    cepstrum = fft.irfft(logarithm, axis=1)
    step_s = 1 / (cepstrum.shape[1] * BIN_HZ)  # 1/7600 s
    first, last = int(np.ceil(CEPSTRUM_FROM_S / step_s)), int(1 / FLOOR_HZ / step_s)
    level = 20 * np.log10(np.abs(cepstrum[:, first : last + 1]) + np.finfo(np.float32).tiny)
    slope, mean = _regress(level)
    shortest = int(1 / CEILING_HZ / step_s) - first
    peak = level[:, shortest:].argmax(axis=1) + shortest
    line = mean + slope * (peak - (level.shape[1] - 1) / 2)
    prominence: Floats = level[np.arange(len(level)), peak] - line
    return prominence


def _edge(power: Floats) -> Floats:
    """Spectral roll-off: frequency above which no more than ``EDGE_DB`` below the whole power remains, in Hz."""
    above = np.cumsum(power[:, ::-1], axis=1, dtype=np.float64)
    faint = (above < above[:, -1:] * 10 ** (-EDGE_DB / 10)).sum(axis=1)
    edge: Floats = ((power.shape[1] - 1 - faint) * BIN_HZ).astype(np.float32)
    return edge
