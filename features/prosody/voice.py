"""A voice over time: F0, periodicity, level, timbre and cycle differences on a 10 ms grid.

Streaming: frames are read in blocks, a block needs nothing from another but the path of F0, which is
found per run of speech. Memory grows by the track (64 bytes a frame) and by the candidates of the longest run.
"""

from typing import TYPE_CHECKING

import numpy as np

from vivavoce.data.track import Track
from vivavoce.features.prosody import cycles, periodicity, timbre
from vivavoce.features.prosody.frames import (
    HOP_S,
    WINDOW,
    Floats,
    cut_frames,
    decibel,
    find_runs,
    frame_count,
    hann,
    mark_speech,
    split_blocks,
)
from vivavoce.features.prosody.path import find_path
from vivavoce.features.prosody.periodicity import Candidates, find_candidates

if TYPE_CHECKING:
    from vivavoce.data.media.spool import AudioSpool

COLUMNS = ("level_db", "clipped_share", "f0_hz", "periodicity", *timbre.NAMES, *cycles.NAMES)
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
        found.append(find_candidates(cut_frames(audio, start, stop, periodicity.WIDTH)))
        timbres = timbre.measure_timbre(cut_frames(audio, start, stop, WINDOW))
        values[start:stop, 4 : 4 + len(timbre.NAMES)] = timbres
    joined = Candidates(np.concatenate([c.f0_hz for c in found]), np.concatenate([c.strength for c in found]))
    f0, values[first:last, 3] = find_path(joined, values[first:last, 0])
    values[first:last, 2] = f0
    for start, stop in split_blocks(first, last):
        voiced = np.flatnonzero(np.isfinite(f0[start - first : stop - first]))
        if len(voiced):
            surroundings = cut_frames(audio, start, stop, cycles.WIDTH)[voiced]
            measured = cycles.measure_cycles(surroundings, f0[start - first + voiced])
            values[start + voiced, -len(cycles.NAMES) :] = measured
