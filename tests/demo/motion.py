"""How a head moves while it speaks: the jaw follows the sound, the rest wanders, nods and blinks."""

import math

import numpy as np

from tests.demo.portrait import CLOSED_MOUTH, Pose
from tests.demo.voice import LOUDNESS, RATE, Cue, Sound

FRAMES_PER_SECOND = 12
WINDOW_S = 0.05  # of sound that decides how far the mouth is open
WIDEST_MOUTH = 3.5  # pixels of the portrait
SHUT = (0.55, 1.0, 1.0, 0.5)  # how far the lids are shut on the frames of one blink: a third of a second
BLINK_EVERY_S = (2.2, 5.5)
WANDER = {"x": 4.0, "y": 2.0, "roll_deg": 2.2, "yaw": 3.5, "pitch": 1.6}  # the furthest that a still listener drifts
SLOW_HZ = (0.07, 0.31)  # of that drift


def loudness(sound: Sound, cues: list[Cue], times: Sound) -> Sound:
    """How loud the candidate is around each time, 0 silent to 1 loud; other speakers count as silence."""
    half = round(WINDOW_S * RATE / 2)
    levels = np.zeros(len(times), np.float32)
    for i, time in enumerate(times):
        if any(cue.start <= time <= cue.end for cue in cues):
            middle = round(float(time) * RATE)
            levels[i] = np.sqrt(np.mean(sound[max(middle - half, 0) : middle + half] ** 2))
    decibels = 20 * np.log10(np.maximum(levels / LOUDNESS, 1e-3))
    opened: Sound = np.clip((decibels + 22) / 26, 0, 1).astype(np.float32)
    return opened


def move(sound: Sound, cues: list[Cue], seed: int) -> list[Pose]:
    """One pose a frame for a recording's whole length.

    Parameters
    ----------
    sound
        The recording at ``voice.RATE``.
    cues
        What the candidate says in it.
    seed
        Decides drift, nods and blinks.
    """
    rng = np.random.default_rng(seed)
    times = np.arange(0, len(sound) / RATE, 1 / FRAMES_PER_SECOND, dtype=np.float32)
    loud = loudness(sound, cues, times)
    drift = {name: _drift(rng, times, reach) for name, reach in WANDER.items()}
    nod = np.convolve(loud, np.hanning(9) / np.hanning(9).sum(), "same") * np.sin(2 * math.pi * 0.6 * times)
    mouth = CLOSED_MOUTH + (WIDEST_MOUTH - CLOSED_MOUTH) * loud
    lids = _blinks(rng, len(times))
    return [
        Pose(
            x=float(drift["x"][i]),
            y=float(drift["y"][i] + 1.6 * nod[i]),
            roll_deg=float(drift["roll_deg"][i]),
            yaw=float(drift["yaw"][i]),
            pitch=float(drift["pitch"][i] + 1.8 * nod[i]),
            mouth=float(mouth[i]),
            lids=float(lids[i]),
        )
        for i in range(len(times))
    ]


def _drift(rng: np.random.Generator, times: Sound, reach: float) -> Sound:
    """Three slow waves of random pace and phase; the sum stays within ``reach``."""
    pace, phase = rng.uniform(*SLOW_HZ, 3), rng.uniform(0, 2 * math.pi, 3)
    waves: Sound = np.sin(2 * math.pi * pace[:, None] * times + phase[:, None]).mean(axis=0) * reach
    return waves


def _blinks(rng: np.random.Generator, frames: int) -> Sound:
    lids = np.zeros(frames, np.float32)
    first = int(rng.uniform(*BLINK_EVERY_S) * FRAMES_PER_SECOND)
    while first + len(SHUT) < frames:
        lids[first : first + len(SHUT)] = SHUT
        first += int(rng.uniform(*BLINK_EVERY_S) * FRAMES_PER_SECOND)
    return lids
