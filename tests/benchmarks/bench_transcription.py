"""What recognition costs beside the library's own ``transcribe``: same weights, same sounds, same run, CPU seconds.

Random weights of Whisper's base size know no words and no end, so every window gets the same token budget in all
arms: 56 tokens, about what a full window of English takes. Checks that only words can pass (likelihood, repetition) are
off in all arms, and so is the detector's rejection: the speech is synthesised.
"""

import math
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import whisper
from whisper.model import ModelDimensions, Whisper

from tests.benchmarks import Figure
from tests.small_whisper.conversion import convert
from tests.small_whisper.recordings import converse, room
from vivavoce.data.media.memory import AudioSpool
from vivavoce.features.speech import RATE, find_speech
from vivavoce.features.transcript import dictation
from vivavoce.features.transcript.dictation import Dictation
from vivavoce.features.transcript.faster import FasterRecogniser
from vivavoce.features.transcript.network import Network
from vivavoce.features.transcript.recognise import Passage
from vivavoce.features.transcript.weights import Checkpoint, open_converted
from vivavoce.features.transcript.whisper import WhisperRecogniser
from vivavoce.features.transcript.windows import WINDOW_SAMPLES

BASE = ModelDimensions(80, 1500, 512, 8, 6, 51865, 448, 512, 8, 6)
TOKENS = 56  # of one window
ANSWER_S = 60.0  # four answers to an interview of four minutes
USUAL = {
    "language": "en",
    "temperature": 0.0,
    "compression_ratio_threshold": None,
    "logprob_threshold": None,
    "no_speech_threshold": None,
    "condition_on_previous_text": False,
    "without_timestamps": True,
    "sample_len": TOKENS,
    "fp16": False,
}


def run(reduced: bool) -> list[Figure]:
    """Dense speech and half-silent recordings, with and without word times, in single precision and in eight bits.

    Reduced, one interview each is recognised, and two windows of it by the library, whose time for all is scaled up.
    """
    torch.set_num_threads(1)
    model = random_base()
    whole = WhisperRecogniser(Network(model, torch.device("cpu"), "0" * 64), TOKENS)
    eight = in_eight_bits(model)
    transcribe_seconds(model, interview(0, silent=False)[: 5 * RATE], words=True)  # the library compiles its alignment
    figures = []
    for name, silent, targets in (("dense speech", False, (1.3, 1.7)), ("half silent", True, (2.0, 3.0))):
        sounds = [interview(seed, silent) for seed in range(1 if reduced else 5)]
        ours = sum(cpu_seconds(partial(recognise, whole, sound)) for sound in sounds)
        fast = sum(cpu_seconds(partial(recognise, eight, sound)) for sound in sounds)
        minutes = sum(map(len, sounds)) / RATE / 60
        for words, target in zip((False, True), targets, strict=True):
            usual = sum(transcribe_seconds(model, sound, words=words, sampled=reduced) for sound in sounds)
            beside = "with word times" if words else "without word times"
            what = f"{name}, {minutes:.0f} min: ours (word times) against transcribe {beside}"
            figures.append(Figure(what, f"{ours:.1f} s against {usual:.1f} s", usual / ours, f"≥ {target}×"))
        what = f"{name}: eight bits (extra fast) against ours"
        figures.append(Figure(what, f"{fast:.1f} s against {ours:.1f} s", ours / fast, "≥ 2×"))
    return [*figures, word_times(whole)]


def word_times(recogniser: WhisperRecogniser) -> Figure:
    """What word times add to our own transcription of four full windows."""
    sound = interview(0, silent=False)[: 115 * RATE]
    with_times = cpu_seconds(partial(recognise, recogniser, sound))
    without = cpu_seconds(partial(recognise, recogniser, sound, words=False))
    return Figure(
        "word times on top of plain transcription",
        f"{with_times:.1f} s against {without:.1f} s",
        with_times / without,
        "≤ 1.15×",
    )


def random_base() -> Whisper:
    """Base-size weights that never write a special token."""
    torch.manual_seed(0)
    model = Whisper(BASE).eval()
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.02)
    model.decoder.token_embedding.weight.data[50257:] = 0  # from the end token on: never the likeliest
    model.set_alignment_heads(whisper._ALIGNMENT_HEADS["base"])
    return model


def interview(seed: int, silent: bool) -> np.ndarray:
    """Four answers of a minute; where ``silent``, half of each is pauses for thought."""
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(4):
        if silent:
            parts += [
                part for _ in range(2) for part in (converse(ANSWER_S / 4, "en", rng).sound, room(ANSWER_S / 4, rng))
            ]
        else:
            parts.append(converse(ANSWER_S, "en", rng).sound)
    return np.concatenate(parts)


def in_eight_bits(model: Whisper) -> FasterRecogniser:
    """The same weights as the extra ``fast`` runs them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        torch.save({"dims": asdict(model.dims), "model_state_dict": model.state_dict()}, folder / "base.pt")
        opened = open_converted(Checkpoint(convert(folder / "base.pt", folder / "converted"), None, None))
        return FasterRecogniser(opened, torch.device("cpu"), TOKENS)


def recognise(recogniser: Dictation[Any], sound: np.ndarray, *, words: bool = True) -> None:
    """Our path, detector included, the whole recording as one passage."""
    with AudioSpool.from_array(sound) as audio, unchecked(), nullcontext() if words else no_alignment():
        recogniser.recognise([Passage(audio, find_speech(audio), 0.0, audio.duration, "en")])


def transcribe_seconds(model: Whisper, sound: np.ndarray, *, words: bool, sampled: bool = False) -> float:
    """CPU time of the library's path, for as many windows as the recording has.

    With word times the library goes on from the last word that it aligned. Random words end anywhere, which would make
    it take more windows than it would with real ones: its time is scaled to one window per 30 s. ``sampled``, it is
    given the first two windows.
    """
    taken = []
    decode = model.decode
    model.decode = lambda *given: taken.append(1) or decode(*given)
    given = sound[: 2 * WINDOW_SAMPLES] if sampled else sound
    seconds = cpu_seconds(partial(whisper.transcribe, model, given, word_timestamps=words, **USUAL))
    del model.decode
    return seconds / len(taken) * math.ceil(len(sound) / WINDOW_SAMPLES)


@contextmanager
def unchecked() -> Iterator[None]:
    """No window fails for being improbable or repetitive."""
    kept = dictation.TOO_UNSURE, dictation.TOO_REPETITIVE
    dictation.TOO_UNSURE, dictation.TOO_REPETITIVE = -math.inf, math.inf
    try:
        yield
    finally:
        dictation.TOO_UNSURE, dictation.TOO_REPETITIVE = kept


@contextmanager
def no_alignment() -> Iterator[None]:
    """Words without times: what plain transcription would cost here."""
    from vivavoce.features.transcript import whisper as recogniser

    kept = recogniser.align
    recogniser.align = lambda _network, _encoded, texts, _filled, _language: [[] for _ in texts]
    try:
        yield
    finally:
        recogniser.align = kept


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU time of one call."""
    began = time.process_time()
    work()
    return time.process_time() - began
