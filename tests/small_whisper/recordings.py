"""Recordings whose truth is planted: words of the vocabulary at known times, and sounds that are no speech."""

from dataclasses import dataclass

import numpy as np

from tests.small_whisper.synthesis import RATE, Sound, Voice, speak
from tests.small_whisper.vocabulary import WORDS

SILENCE_DB = -75.0  # a quiet room below full scale, so that no recording is digitally silent


@dataclass(frozen=True)
class Planted:
    """A word where it was put: text, start and end in seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Recording:
    """Sound at 16 kHz, shape (samples,), and what was said in it."""

    sound: Sound
    words: tuple[Planted, ...]
    language: str

    @property
    def text(self) -> str:
        """The words in order: spaces between English words, none between Chinese ones."""
        return (" " if self.language == "en" else "").join(word.text for word in self.words)


def room(seconds: float, rng: np.random.Generator, level_db: float = SILENCE_DB) -> Sound:
    """Faint noise, shape (samples,): what a recording holds where nobody speaks."""
    return rng.normal(0, 10 ** (level_db / 20), round(seconds * RATE)).astype(np.float32)


def converse(
    seconds: float,
    language: str,
    rng: np.random.Generator,
    *,
    gap_s: tuple[float, float] = (0.2, 0.5),
    lead_s: float = 0.3,
    noise_db: float = SILENCE_DB,
    voice: Voice | None = None,
) -> Recording:
    """Words in random order, with random gaps and levels, until ``seconds`` are full."""
    speaker = voice or Voice.draw(rng)
    sound = room(seconds, rng, noise_db)
    words = []
    at = lead_s
    while True:
        text = str(rng.choice(list(WORDS[language])))
        spoken = speak(WORDS[language][text], speaker, rng) * 10 ** (rng.uniform(-6, 3) / 20)
        if at + len(spoken) / RATE + 0.2 > seconds:
            return Recording(sound, tuple(words), language)
        first = round(at * RATE)
        sound[first : first + len(spoken)] += spoken
        words.append(Planted(text, first / RATE, (first + len(spoken)) / RATE))
        at += len(spoken) / RATE + float(rng.uniform(*gap_s))


def non_speech(kind: str, seconds: float, rng: np.random.Generator) -> Sound:
    """Sound in which nobody speaks: ``silence``, ``noise``, ``hum``, ``music`` or ``keyboard``."""
    t = np.arange(round(seconds * RATE)) / RATE
    quiet = room(seconds, rng).astype(np.float64)
    if kind == "silence":
        return quiet.astype(np.float32)
    if kind == "noise":
        steps = rng.normal(0, 1, len(t))
        shaped = np.convolve(steps, np.ones(int(rng.integers(1, 8))), mode="same")
        return (shaped / np.abs(shaped).max() * rng.uniform(0.02, 0.5)).astype(np.float32)
    if kind == "hum":
        mains = rng.choice([50.0, 60.0])
        tones = sum(np.sin(2 * np.pi * mains * k * t + rng.uniform(0, 6)) / k for k in (1, 2, 3, 5))
        return (quiet + 0.1 * tones).astype(np.float32)
    if kind == "music":
        return (quiet + _chords(t, rng)).astype(np.float32)
    if kind == "keyboard":
        return (quiet + _clicks(len(t), rng)).astype(np.float32)
    raise ValueError(f"No non-speech sound is called {kind!r}.")


KINDS = ("silence", "noise", "hum", "music", "keyboard")


def _chords(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Steady chords that change every half second, like a waiting loop."""
    notes = 220 * 2 ** (rng.integers(0, 24, (int(t[-1] / 0.5) + 1, 3)) / 12)
    playing = notes[(t / 0.5).astype(int)]
    phase = 2 * np.pi * np.cumsum(playing, axis=0) / RATE
    fading = np.exp(-3 * (t % 0.5))
    return 0.1 * fading * np.sin(phase).sum(axis=1)


def _clicks(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Key presses: bursts of 5–15 ms, about six a second."""
    sound = np.zeros(samples)
    at = 0.1
    while at * RATE + 400 < samples:
        length = int(rng.integers(80, 240))
        first = int(at * RATE)
        sound[first : first + length] += rng.normal(0, rng.uniform(0.05, 0.3), length) * np.hanning(length)
        at += float(rng.exponential(0.12)) + 0.05
    return sound
