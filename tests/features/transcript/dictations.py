"""Both ways to run the small Whisper, planted recordings, and how what was heard is compared with what was said."""

import tempfile
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.small_whisper import CHECKPOINT, SHA256
from tests.small_whisper.recordings import Planted, Recording, converse
from vivavoce.data.media.spool import AudioSpool
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
    """Planted and found starts of the words that were recognised, shape (n, 2); Chinese by its first sign."""
    pairs = []
    matcher = SequenceMatcher(
        None, [word.text[0] for word in planted], [word.text[0] for word in heard], autojunk=False
    )
    if all(word.text.isascii() for word in planted):
        matcher.set_seqs([word.text for word in planted], [word.text for word in heard])
    for block in matcher.get_matching_blocks():
        pairs += [(planted[block.a + i].start + shift, heard[block.b + i].start) for i in range(block.size)]
    return np.array(pairs).reshape(-1, 2)


def error(recording: Recording, heard: Transcript) -> ErrorRate:
    return word_error_rate(recording.text, text(heard), recording.language)
