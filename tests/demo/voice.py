"""Synthetic speech with known times: each clause is spoken on its own, so that its start and end are facts."""

import subprocess
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tests.demo.script import Voice, clauses, pronounced, sentences, written

Sound = npt.NDArray[np.float32]

RATE = 22_050  # Hz, as espeak-ng speaks
WAV_HEADER = 44  # bytes before the first sample
HUSH = 10 ** (-45 / 20)  # of full scale: quieter than this at a clause's ends is not speech
ROOM_NOISE = 10 ** (-62 / 20)  # of full scale, root mean square: a quiet room
LOUDNESS = 10 ** (-23 / 20)  # of full scale, root mean square while speaking
COMMA_S, STOP_S, THOUGHT_S = (0.12, 0.3), (0.4, 0.8), (0.9, 1.5)  # pauses after a clause, a sentence, a question


@dataclass(frozen=True)
class Cue:
    """One sentence as spoken: its clauses with start and end in seconds of the recording."""

    speaker: str
    clauses: tuple[tuple[str, float, float], ...]

    @property
    def start(self) -> float:
        """When its first clause starts."""
        return self.clauses[0][1]

    @property
    def end(self) -> float:
        """When its last clause ends."""
        return self.clauses[-1][2]

    @property
    def text(self) -> str:
        """The sentence as a transcript shows it."""
        chinese = any("\u4e00" <= mark <= "\u9fff" for mark in self.clauses[0][0])
        return ("" if chinese else " ").join(text for text, _, _ in self.clauses)


def utter(text: str, voice: Voice) -> Sound:
    """Speak one clause with espeak-ng and cut the silence off both ends; full scale is 1.

    Raises
    ------
    FileNotFoundError
        Where espeak-ng is not installed.
    ValueError
        If the voice stays silent, as for a script that it cannot read.
    """
    command = ["espeak-ng", "--stdout", "-v", voice.variant, "-s", str(voice.words_per_minute)]
    command += ["-p", str(voice.pitch), "--stdin"]
    spoken = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout
    samples = np.frombuffer(spoken[WAV_HEADER:], "<i2").astype(np.float32) / 2**15
    loud = np.flatnonzero(np.abs(samples) > HUSH)
    if not len(loud):
        raise ValueError(f"The voice {voice.variant!r} must speak {text!r}. Got silence instead: {spoken[:80]!r}.")
    return samples[loud[0] : loud[-1] + 1]


class Take:
    """A recording in the making: clauses one after another with pauses between them."""

    def __init__(self, seed: int) -> None:
        self._pause = np.random.default_rng(seed)
        self._pieces: list[tuple[float, Sound]] = []
        self.now = 0.6  # seconds; nobody speaks at once
        self.cues: list[Cue] = []

    def say(self, text: str, voice: Voice, speaker: str) -> tuple[float, float]:
        """Speak a turn and return its start and end in seconds, the pause for thought after it included."""
        turn = self.now
        for sentence in sentences(text):
            spoken: list[tuple[str, float, float]] = []
            for clause in clauses(sentence):
                sound = utter(pronounced(clause), voice)
                sound = sound * np.float32(LOUDNESS / np.sqrt(np.mean(sound**2)))
                end = self.now + len(sound) / RATE
                self._pieces.append((self.now, sound))
                spoken.append((written(clause), self.now, end))
                self.now = end + self._pause.uniform(*COMMA_S)
            self.now = spoken[-1][2] + self._pause.uniform(*STOP_S)
            self.cues.append(Cue(speaker, tuple(spoken)))
        self.now = self.cues[-1].end + self._pause.uniform(*THOUGHT_S)
        return turn, self.now

    def sound(self) -> Sound:
        """Everything said so far over the noise of a quiet room, never beyond full scale."""
        noise = np.random.default_rng(len(self._pieces)).standard_normal(round(self.now * RATE))
        mixed: Sound = np.convolve(noise, np.ones(4) / 2, "same").astype(np.float32) * np.float32(ROOM_NOISE)
        for start, piece in self._pieces:
            first = round(start * RATE)
            mixed[first : first + len(piece)] += piece
        return np.clip(mixed, -0.98, 0.98)


def spread(clause: tuple[str, float, float]) -> list[tuple[str, float, float]]:
    """Divide a clause's time over its words (English) or characters (Chinese) by their length.

    Examples
    --------
    >>> spread(("so we", 0.0, 1.0))
    [('so', 0.0, 0.5), ('we', 0.5, 1.0)]
    """
    text, start, end = clause
    words = text.split() if " " in text or text.isascii() else _characters(text)
    bounds = start + (end - start) * np.cumsum([0, *map(len, words)]) / sum(map(len, words))
    return [(word, round(a, 3), round(b, 3)) for word, (a, b) in zip(words, pairwise(bounds.tolist()), strict=True)]


def _characters(text: str) -> list[str]:
    """Chinese characters one by one, each with the punctuation that follows it."""
    words: list[str] = []
    for mark in text:
        if words and not mark.isalnum():
            words[-1] += mark
        else:
            words.append(mark)
    return words
