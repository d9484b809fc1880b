"""A voice over time: F0, periodicity, level, timbre and cycle differences on a 10 ms grid.

Streaming: frames are read in blocks, a block needs nothing from another but the path of F0, which is
found per run of speech. Memory grows by the track (64 bytes a frame) and by the candidates of the longest run.

What each frame's spectrum looks like: level of the voice, balance, slopes, centroid, cepstral peak, upper edge.

Sources: Eyben et al. (2016), The Geneva minimalistic acoustic parameter set (alpha ratio, Hammarberg index,
slopes, with their bands); Hillenbrand et al. (1994), Acoustic correlates of breathy vocal quality (cepstral peak
prominence).

How much neighbouring cycles of a voiced frame differ in length (jitter) and in size (shimmer).

Around each frame's centre the strongest excursion of the waveform is taken as a pulse; the cross-correlation of its
surroundings with the signal one period later and one period earlier gives two successive periods.

Source: Boersma (2009), Should jitter be measured by peak picking or by waveform matching?, Folia Phoniatrica 61
(waveform matching; the local definitions of jitter and shimmer, and what still counts as the same voice).
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vivavoce.data.track import Array, Track
from vivavoce.features.prosody.frames import (
    BAND_HZ,
    CEILING_HZ,
    FLOOR_HZ,
    HOP_S,
    RATE,
    WIDTH,
    WINDOW,
    Candidates,
    Floats,
    Spectra,
    cross_spectrum,
    cut_frames,
    decibel,
    find_candidates,
    find_path,
    find_runs,
    frame_count,
    hann,
    mark_speech,
    split_blocks,
)

if TYPE_CHECKING:
    from vivavoce.data.media.memory import AudioSpool


TIMBRE_NAMES = (
    "voice_db",
    "alpha_ratio_db",
    "hammarberg_db",
    "slope_low_db_per_khz",
    "slope_high_db_per_khz",
    "centroid_hz",
    "cpp_db",
    "edge_hz",
)
TIMBRE_FFT = 1200  # ≥ the window; 2⁴·3·5² is fast
BIN_HZ = RATE / TIMBRE_FFT  # 13.3 Hz
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
        decibel(_sum(power, BOTTOM_HZ, TOP_HZ) * 2 / (TIMBRE_FFT * (hann(WINDOW) ** 2).sum())),
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

    spectrum = fft.rfft((frames - frames.mean(axis=1, keepdims=True)) * hann(WINDOW), TIMBRE_FFT, axis=1)
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


CYCLE_NAMES = ("jitter_percent", "shimmer_percent")
LONGEST = int(np.ceil(RATE / FLOOR_HZ))  # 291 samples
HALF = LONGEST // 2 + 1  # half the widest window around a pulse
SEARCH = (0.8, 1.25)  # of the frame's period: where the neighbouring pulse is sought
FARTHEST = int(SEARCH[1] * LONGEST) + 1  # 364 samples
REACH = (
    HALF + FARTHEST + HALF + 2
)  # from the frame's centre to its pulse, the neighbouring pulse, the end of its window
CYCLE_WIDTH = 2 * REACH
CYCLE_FFT = 1536  # ≥ WIDTH; 2⁹·3 is fast
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

    frequencies = fft.rfftfreq(CYCLE_FFT, 1 / RATE)
    band = (frequencies >= BAND_HZ[0]) & (frequencies <= BAND_HZ[1])
    spectrum = fft.rfft(frames, CYCLE_FFT, axis=1) * band
    return spectrum, fft.irfft(spectrum, CYCLE_FFT, axis=1)


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
    template = fft.rfft(cycle * window, CYCLE_FFT, axis=1)
    correlation: Floats = fft.irfft(cross_spectrum(spectrum, template), CYCLE_FFT, axis=1)
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


COLUMNS = ("level_db", "clipped_share", "f0_hz", "periodicity", *TIMBRE_NAMES, *CYCLE_NAMES)
FULL_SCALE = 0.985  # −0.13 dBFS: what a limiter or converter leaves of a clipped peak after resampling


def track_voice(audio: "AudioSpool", speech: Track) -> Track:
    """Measure a recording every 10 ms.

    Parameters
    ----------
    audio : AudioSpool
        The recording at 16 kHz.
    speech : Track
        Segments of speech as the detector found them; only its spans are used.

    Returns
    -------
    Track
        One row per 10 ms, float32 columns ``COLUMNS``: ``level_db`` (relative to full scale) and ``clipped_share``
        everywhere, ``periodicity`` and the timbre within speech, ``f0_hz`` (55–550 Hz), ``jitter_percent`` and
        ``shimmer_percent`` where the voice is voiced; ``nan`` elsewhere.

    Raises
    ------
    ValueError
        If the audio is not at 16 kHz.
    """
    count = frame_count(audio)
    values = np.full((count, len(COLUMNS)), np.nan, np.float32)
    for first, last in split_blocks(0, count):
        values[first:last, :2] = _measure_level(cut_frames(audio, first, last, WINDOW))
    for first, last in find_runs(mark_speech(speech, count)):
        _measure_run(audio, first, last, values)
    starts = np.arange(count) * HOP_S
    return Track(np.stack([starts, starts + HOP_S], axis=1), values, COLUMNS)


def _measure_level(frames: Floats) -> Floats:
    """Root-mean-square level under the window in dBFS, and the share of samples at full scale, shape (n, 2)."""
    window = hann(WINDOW)
    power = ((frames * window) ** 2).sum(axis=1) / (window**2).sum()
    clipped = (np.abs(frames) >= FULL_SCALE).mean(axis=1)
    measured: Floats = np.stack([decibel(power), clipped], axis=1).astype(np.float32)
    return measured


def _measure_run(audio: "AudioSpool", first: int, last: int, values: Floats) -> None:
    """Fill the rows of one unbroken run of speech."""
    found = []
    for start, stop in split_blocks(first, last):
        found.append(find_candidates(cut_frames(audio, start, stop, WIDTH)))
        timbres = measure_timbre(cut_frames(audio, start, stop, WINDOW))
        values[start:stop, 4 : 4 + len(TIMBRE_NAMES)] = timbres
    joined = Candidates(np.concatenate([c.f0_hz for c in found]), np.concatenate([c.strength for c in found]))
    f0, values[first:last, 3] = find_path(joined, values[first:last, 0])
    values[first:last, 2] = f0
    for start, stop in split_blocks(first, last):
        voiced = np.flatnonzero(np.isfinite(f0[start - first : stop - first]))
        if len(voiced):
            surroundings = cut_frames(audio, start, stop, CYCLE_WIDTH)[voiced]
            measured = measure_cycles(surroundings, f0[start - first + voiced])
            values[start + voiced, -len(CYCLE_NAMES) :] = measured
