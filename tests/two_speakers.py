"""Recordings of two people whose turns are known: in one channel, or one on each, with overlap."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.small_whisper.synthesis import RATE, Voice, speak
from tests.small_whisper.vocabulary import ENGLISH

Sound = npt.NDArray[np.float32]

CANDIDATE = Voice(pitch=205.0, tract=1.14, pace=1.05, breath=0.05)
INTERVIEWER = Voice(pitch=112.0, tract=0.95, pace=1.1, breath=0.02)
QUIET = 10 ** (-62 / 20)  # a room's noise, root mean square


@dataclass(frozen=True, eq=False)
class Dialogue:
    """Two channels, the candidate's and the interviewer's, and who speaks when.

    ``turns`` holds for each of the two the seconds of every word, shape (n, 2).
    """

    channels: tuple[Sound, Sound]
    turns: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]

    @property
    def mono(self) -> Sound:
        return self.channels[0] + self.channels[1]

    @property
    def duration(self) -> float:
        return len(self.channels[0]) / RATE


def dialogue(
    seed: int,
    *,
    voices: tuple[Voice, Voice] = (CANDIDATE, INTERVIEWER),
    exchanges: int = 4,
    words: tuple[int, int] = (14, 5),
    overlap_s: float = 0.0,
) -> Dialogue:
    """The interviewer asks, the candidate answers; each answer begins ``overlap_s`` before the question has ended.

    Parameters
    ----------
    words
        In a turn of the candidate and of the interviewer.
    """
    rng, spoken = np.random.default_rng(seed), list(ENGLISH.values())
    said: tuple[list[tuple[float, Sound]], list[tuple[float, Sound]]] = ([], [])
    now = 0.5
    for _ in range(exchanges):
        for who in (1, 0):
            for _ in range(words[who]):
                sound = speak(spoken[int(rng.integers(len(spoken)))], voices[who], rng) * rng.uniform(0.4, 0.8)
                said[who].append((now, sound))
                now += len(sound) / RATE + (rng.uniform(0.02, 0.12) if rng.random() < 0.8 else rng.uniform(0.3, 0.7))
            now += rng.uniform(0.4, 0.9) if who == 0 or not overlap_s else -overlap_s
    length = round((now + 0.5) * RATE)
    channels = tuple(_laid(pieces, length) + QUIET * rng.standard_normal(length) for pieces in said)
    turns = tuple(np.array([(at, at + len(sound) / RATE) for at, sound in pieces]) for pieces in said)
    left, right = (channel.astype(np.float32) for channel in channels)
    return Dialogue((left, right), (turns[0], turns[1]))


def _laid(pieces: list[tuple[float, Sound]], length: int) -> npt.NDArray[np.float64]:
    track = np.zeros(length)
    for at, sound in pieces:
        first = round(at * RATE)
        track[first : first + len(sound)] += sound
    return track
