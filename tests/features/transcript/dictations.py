"""Both ways to run the small Whisper, planted recordings, and how what was heard is compared with what was said."""

import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.small_whisper import CHECKPOINT, SHA256
from tests.small_whisper.recordings import Planted, Recording, converse
from vivavoce.data.media.memory import AudioSpool
from vivavoce.evaluation.recognition import ErrorRate, word_error_rate
from vivavoce.features.speech import find_speech
from vivavoce.features.transcript.dictation import Dictation
from vivavoce.features.transcript.recognise import Passage
from vivavoce.features.transcript.weights import Checkpoint
from vivavoce.features.transcript.whisper import WhisperRecogniser
from vivavoce.features.transcript.words import Transcript, Word


@cache
def small() -> WhisperRecogniser:
    return WhisperRecogniser.load(Checkpoint(CHECKPOINT, None, SHA256), device="cpu")


@cache
def faster() -> Dictation[Any]:
    """The same weights in eight bits; skips where the library is absent."""
    pytest.importorskip("faster_whisper", reason="the extra fast is not installed")
    from tests.small_whisper.conversion import convert
    from vivavoce.features.transcript.faster import FasterRecogniser

    with tempfile.TemporaryDirectory() as folder:
        return FasterRecogniser.load(Checkpoint(convert(CHECKPOINT, Path(folder)), None, None), device="cpu")


@cache
def recordings(seconds: float, count: int, seed: int = 0) -> tuple[Recording, ...]:
    rng = np.random.default_rng(seed)
    return tuple(converse(seconds, ("en", "zh")[i % 2], rng) for i in range(count))


def passage(sound: np.ndarray, language: str = "auto") -> Passage:
    audio = AudioSpool.from_array(sound)
    return Passage(audio, find_speech(audio), 0.0, audio.duration, language)


def text(transcript: Transcript) -> str:
    return " ".join(word.text for word in transcript.words)


def starts(planted: Sequence[Planted], heard: Sequence[Word], shift: float = 0.0) -> np.ndarray:
    """Planted and found starts of the words that were recognised, and whether both neighbours were: shape (n, 3).

    Words are paired as word error counts them; Chinese by the first sign.
    """
    english = all(word.text.isascii() for word in planted)
    said, written = ([word.text if english else word.text[0] for word in words] for words in (planted, heard))
    pairs = set(paired(said, written))
    ends = {(-1, -1), (len(said), len(written))}
    rows = [
        (planted[i].start + shift, heard[j].start, {(i - 1, j - 1), (i + 1, j + 1)} <= pairs | ends) for i, j in pairs
    ]
    return np.array(sorted(rows), dtype=float).reshape(-1, 3)


def paired(said: Sequence[str], written: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Indices of equal words in the cheapest alignment, from the last: among equals the one with most substitutions.

    Where two words were written for two others, a text that happens to be among both is no word found.
    """
    costs = np.add.outer(np.arange(len(said) + 1), np.arange(len(written) + 1))
    for i, j in np.ndindex(len(said), len(written)):
        costs[i + 1, j + 1] = min(costs[i, j] + (said[i] != written[j]), costs[i, j + 1] + 1, costs[i + 1, j] + 1)
    i, j = len(said), len(written)
    while i and j:
        if costs[i, j] == costs[i - 1, j - 1] + (said[i - 1] != written[j - 1]):
            i, j = i - 1, j - 1
            if said[i] == written[j]:
                yield i, j
        elif costs[i, j] == costs[i - 1, j] + 1:
            i -= 1
        else:
            j -= 1


def error(recording: Recording, heard: Transcript) -> ErrorRate:
    return word_error_rate(recording.text, text(heard), recording.language)
