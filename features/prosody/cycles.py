"""How much neighbouring cycles of a voiced frame differ in length (jitter) and in size (shimmer).

Around each frame's centre the strongest excursion of the waveform is taken as a pulse; the cross-correlation of its
surroundings with the signal one period later and one period earlier gives two successive periods.

Source: Boersma (2009), Should jitter be measured by peak picking or by waveform matching?, Folia Phoniatrica 61
(waveform matching; the local definitions of jitter and shimmer, and what still counts as the same voice).
"""

import numpy as np
import numpy.typing as npt

from vivavoce.features.prosody.frames import CEILING_HZ, FLOOR_HZ, RATE, Floats, Spectra, cross_spectrum
from vivavoce.features.prosody.periodicity import BAND_HZ

NAMES = ("jitter_percent", "shimmer_percent")
LONGEST = int(np.ceil(RATE / FLOOR_HZ))  # 291 samples
HALF = LONGEST // 2 + 1  # half the widest window around a pulse
SEARCH = (0.8, 1.25)  # of the frame's period: where the neighbouring pulse is sought
FARTHEST = int(SEARCH[1] * LONGEST) + 1  # 364 samples
REACH = (
    HALF + FARTHEST + HALF + 2
)  # from the frame's centre to its pulse, the neighbouring pulse, the end of its window
WIDTH = 2 * REACH
FFT = 1536  # ≥ WIDTH; 2⁹·3 is fast
PERIOD_CHANGE = 1.3  # a larger ratio of successive periods is a missed pulse, not a voice
AMPLITUDE_CHANGE = 1.6  # likewise for amplitudes
Places = npt.NDArray[np.intp]


def measure_cycles(frames: Floats, f0_hz: Floats) -> Floats:
    """Local jitter and shimmer in percent, shape (n, 2); ``nan`` where two good periods were not found.

    Parameters
    ----------
    frames : ndarray, shape (n, WIDTH)
        Samples around each voiced frame's centre.
    f0_hz : ndarray, shape (n,)
        The frame's F0, all finite.
    """
    period = RATE / f0_hz
    spectrum, smooth = _limit_band(frames)
    pulse = _find_pulse(smooth, period)
    correlation = _correlate(spectrum, smooth, pulse, period)
    later, earlier = (_find_neighbour(correlation, pulse, period, step) for step in (1, -1))
    places = (pulse - _whole(earlier), pulse, pulse + _whole(later))
    before, here, after = (_measure_size(smooth, place, period) for place in places)
    jitter = 200 * np.abs(later - earlier) / (later + earlier)
    shimmer = 100 * (np.abs(here - before) / (here + before) + np.abs(after - here) / (after + here))
    sizes = np.stack([before, here, after])
    regular = np.maximum(later, earlier) <= PERIOD_CHANGE * np.minimum(later, earlier)  # false where either is nan
    even = sizes.max(axis=0) <= AMPLITUDE_CHANGE * sizes.min(axis=0)
    both = np.stack([jitter, shimmer], axis=1)
    return np.where((regular & even)[:, None], both, np.nan).astype(np.float32)


def _limit_band(frames: Floats) -> tuple[Spectra, Floats]:
    """Spectrum and samples of the frames within the voice band."""
    from scipy import fft

    frequencies = fft.rfftfreq(FFT, 1 / RATE)
    band = (frequencies >= BAND_HZ[0]) & (frequencies <= BAND_HZ[1])
    spectrum = fft.rfft(frames, FFT, axis=1) * band
    return spectrum, fft.irfft(spectrum, FFT, axis=1)


def _find_pulse(smooth: Floats, period: Floats) -> Places:
    """Index of the strongest excursion within half a period of the centre, shape (n,)."""
    offsets = np.arange(-HALF, HALF + 1)
    near = np.abs(smooth[:, REACH - HALF : REACH + HALF + 1])
    near = np.where(np.abs(offsets) <= period[:, None] / 2, near, -1)
    strongest: Places = near.argmax(axis=1) + REACH - HALF
    return strongest


def _cut_cycle(smooth: Floats, place: Places, period: Floats) -> tuple[Floats, Floats]:
    """Samples around a place and a Hann window of one period, both of shape (n, 2 · HALF + 1)."""
    offsets = np.arange(-HALF, HALF + 1, dtype=np.float32)
    phase = np.minimum(np.abs(offsets) / period[:, None], 0.5)
    window: Floats = (0.5 + 0.5 * np.cos(2 * np.pi * phase)).astype(np.float32)
    return np.take_along_axis(smooth, place[:, None] + offsets.astype(np.intp), axis=1), window


def _correlate(spectrum: Spectra, smooth: Floats, pulse: Places, period: Floats) -> Floats:
    """Correlation of the pulse's cycle with the whole frame; index m is a cycle that starts HALF before its pulse."""
    from scipy import fft

    cycle, window = _cut_cycle(smooth, pulse, period)
    template = fft.rfft(cycle * window, FFT, axis=1)
    correlation: Floats = fft.irfft(cross_spectrum(spectrum, template), FFT, axis=1)
    return correlation


def _find_neighbour(correlation: Floats, pulse: Places, period: Floats, step: int) -> Floats:
    """Distance in samples to the next (step 1) or last (step −1) pulse; ``nan`` where no peak lies in the search."""
    lags = np.arange(int(SEARCH[0] * RATE / CEILING_HZ) - 1, FARTHEST + 1)
    height = np.take_along_axis(correlation, pulse[:, None] - HALF + step * lags, axis=1)
    before, here, after = height[:, :-2], height[:, 1:-1], height[:, 2:]
    relative = lags[1:-1] / period[:, None]
    wanted = (relative >= SEARCH[0]) & (relative <= SEARCH[1]) & (here > before) & (here >= after)
    best = np.where(wanted, here, -np.inf).argmax(axis=1)[:, None]
    left, middle, right = (np.take_along_axis(part, best, axis=1)[:, 0] for part in (before, here, after))
    found = np.take_along_axis(wanted, best, axis=1)[:, 0]
    curvature = np.where(found, left - 2 * middle + right, -1)
    distance = lags[1:-1][best[:, 0]] + 0.5 * (left - right) / curvature
    return np.where(found, distance, np.nan).astype(np.float32)


def _whole(distance: Floats) -> Places:
    return np.rint(np.nan_to_num(distance)).astype(np.intp)


def _measure_size(smooth: Floats, place: Places, period: Floats) -> Floats:
    """Root of the windowed energy of one cycle, shape (n,); never zero."""
    cycle, window = _cut_cycle(smooth, place, period)
    energy = ((cycle * window) ** 2).sum(axis=1)
    size: Floats = np.sqrt(energy + np.finfo(np.float32).tiny)
    return size
