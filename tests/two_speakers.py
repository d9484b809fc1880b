"""Recordings of two people whose turns are known: in one channel, or one on each, with overlap."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.small_whisper.synthesis import RATE, Voice, speak
from tests.small_whisper.vocabulary import ENGLISH
from vivavoce.data.track import Track
from vivavoce.features.speakers.candidate import common, join, of_others, of_speaker, seconds, without

Sound = npt.NDArray[np.float32]
Spans = npt.NDArray[np.float64]

HIGH = Voice(pitch=205.0, tract=1.14, pace=1.05, breath=0.05)
LOW = Voice(pitch=112.0, tract=0.95, pace=1.1, breath=0.02)
QUIET = 10 ** (-62 / 20)  # a room's noise, root mean square
WITHIN_S = 0.15  # silences between the words of a turn up to which a speaker speaks on


@dataclass(frozen=True, eq=False)
class Dialogue:
    """Two channels, the candidate's and the interviewer's, and who speaks when.

    ``words`` holds for each of the two the seconds of every word, shape (n, 2); ``turns`` who (0 is the candidate)
    speaks from when to when.
    """

    channels: tuple[Sound, Sound]
    words: tuple[Spans, Spans]
    turns: tuple[tuple[int, float, float], ...]

    @property
    def mono(self) -> Sound:
        return self.channels[0] + self.channels[1]

    @property
    def overlap_s(self) -> float:
        return seconds(common(*(join(spans, WITHIN_S) for spans in self.words)))

    def wrong_share(self, turns: Track, candidate: int) -> float:
        """Share of the time in which one speaks alone that is given to the other, or in which turns see nobody else."""
        own, theirs = (join(spans, WITHIN_S) for spans in self.words)
        alone = without(own, theirs), without(theirs, own)
        lost = seconds(common(of_others(turns, candidate), alone[0]))
        taken = seconds(common(of_speaker(turns, candidate), alone[1]))
        return (lost + taken) / sum(map(seconds, alone))


def dialogue(
    seed: int,
    *,
    voices: tuple[Voice, Voice] = (HIGH, LOW),
    exchanges: int = 4,
    words: tuple[int, int] = (16, 5),
    overlap_s: float = 0.0,
) -> Dialogue:
    """The interviewer asks, the candidate answers; each answer begins ``overlap_s`` before the question has ended.

    Parameters
    ----------
    voices
        The candidate's and the interviewer's.
    words
        In a turn of the candidate and of the interviewer.
    """
    rng, spoken = np.random.default_rng(seed), list(ENGLISH.values())
    said: tuple[list[tuple[float, Sound]], list[tuple[float, Sound]]] = ([], [])
    turns, now = [], 0.5
    for _ in range(exchanges):
        for who in (1, 0):
            begun = now
            for _ in range(words[who]):
                sound = speak(spoken[int(rng.integers(len(spoken)))], voices[who], rng) * rng.uniform(0.4, 0.8)
                said[who].append((now, sound))
                now += len(sound) / RATE + (rng.uniform(0.02, 0.12) if rng.random() < 0.8 else rng.uniform(0.3, 0.7))
            turns.append((who, begun, said[who][-1][0] + len(said[who][-1][1]) / RATE))
            now = turns[-1][2] - overlap_s if who == 1 and overlap_s else turns[-1][2] + rng.uniform(0.4, 0.9)
    length = round((now + 0.5) * RATE)
    left, right = ((_laid(pieces, length) + QUIET * rng.standard_normal(length)).astype(np.float32) for pieces in said)
    spans = [np.array([(at, at + len(sound) / RATE) for at, sound in pieces]) for pieces in said]
    return Dialogue((left, right), (spans[0], spans[1]), tuple(turns))


def _laid(pieces: list[tuple[float, Sound]], length: int) -> npt.NDArray[np.float64]:
    track = np.zeros(length)
    for at, sound in pieces:
        first = round(at * RATE)
        track[first : first + len(sound)] += sound
    return track
