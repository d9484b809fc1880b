"""Whether a word's confidence means what it says in real noise: the small Whisper, and pocketsphinx as what it is."""

import csv
from collections.abc import Callable, Iterator
from functools import cache, reduce
from operator import add
from pathlib import Path

import numpy as np
import pytest

from tests.features.real import read_sound
from tests.features.transcript.dictations import paired, passage, recordings, small, text
from tests.proof import proof_count
from vivavoce.evaluation.recognition import WORD, ErrorRate, word_error_rate
from vivavoce.features.transcript.engines import open_recogniser
from vivavoce.features.transcript.recognise import Engine, Recogniser, WrongLanguage
from vivavoce.features.transcript.words import UNCLEAR_BELOW, Transcript, answer_confidence

Record = Callable[[str, object], None]
SIGNAL_TO_NOISE_DB = (20, 10, 5, 0)
TENTHS = 10
SURE, UNSURE = 0.8, 0.5  # above and below: confidences whose words are compared


def noisy(sound: np.ndarray, noise: np.ndarray, decibels: float) -> np.ndarray:
    """Sound over a noise that is repeated to its length, so many decibels below it."""
    under = np.resize(noise, len(sound))
    return (sound + under * np.sqrt((sound**2).mean() / (under**2).mean()) / 10 ** (decibels / 20)).astype(np.float32)


@cache
def noises(folder: Path) -> tuple[np.ndarray, ...]:
    return tuple(read_sound(path) for path in sorted((folder / "speech" / "noise").glob("noise*.wav")))


def units(words: str, language: str) -> list[str]:
    return WORD[language].findall(words.casefold())


def believed(said: str, heard: Transcript, language: str) -> Iterator[tuple[float, bool]]:
    """Of every written word (Chinese: sign): its confidence, and whether it was said."""
    written = [(unit, word.confidence) for word in heard.words for unit in units(word.text, language)]
    right = {j for _, j in paired(units(said, language), [unit for unit, _ in written])}
    yield from ((confidence, j in right) for j, (_, confidence) in enumerate(written) if confidence is not None)


def curve(table: np.ndarray, record: Record) -> float:
    """Record the curve by tenths of confidence; returns the expected calibration error, 0–1, ideal 0."""
    tenth = np.minimum((table[:, 0] * TENTHS).astype(int), TENTHS - 1)
    error = 0.0
    for low in np.unique(tenth):
        confidence, right = table[tenth == low].mean(axis=0)
        error += (tenth == low).mean() * abs(confidence - right)
        record(f"confidence {low / TENTHS:.1f}", f"{(tenth == low).sum()} words, {right:.2f} right")
    record("words", len(table))
    record("expected calibration error", round(float(error), 3))
    return float(error)


def rises(table: np.ndarray) -> bool:
    """Whether sure words are right more often than unsure ones: the least that a confidence must do."""
    return bool(table[table[:, 0] >= SURE, 1].mean() > table[table[:, 0] < UNSURE, 1].mean() + 0.1)


@pytest.mark.proof
def test_confidence_in_real_noise(viva_data: Path, record_property: Record) -> None:
    """Noise that it never heard in training: it believes itself too easily, which the figures say."""
    words: list[tuple[float, bool]] = []
    answers: list[tuple[float, ErrorRate]] = []
    foreign = 0
    for recording in recordings(8.0, proof_count(4, 16), seed=78):
        for noise in noises(viva_data):
            for decibels in SIGNAL_TO_NOISE_DB:
                sound = noisy(recording.sound, noise, decibels)
                try:
                    (heard,) = small().recognise([passage(sound, recording.language)])
                except WrongLanguage:
                    foreign += 1
                    continue
                words += believed(recording.text, heard, recording.language)
                confidence = answer_confidence(heard)
                if confidence is not None:
                    answers.append((confidence, word_error_rate(recording.text, text(heard), recording.language)))
    table = np.array(words, dtype=float)
    record_property("taken for the other language", foreign)
    error = curve(table, record_property)
    kept = reduce(add, [errors for confidence, errors in answers if confidence >= UNCLEAR_BELOW])
    record_property("answers", len(answers))
    record_property("answers above the line", sum(confidence >= UNCLEAR_BELOW for confidence, _ in answers))
    record_property("word error above the line", round(kept.value, 3))
    assert rises(table)
    assert error <= 0.45


@pytest.fixture(scope="module")
def sphinx() -> Recogniser:
    pytest.importorskip("pocketsphinx", reason="the extra offline-asr is not installed")
    return open_recogniser(Engine.POCKETSPHINX)


@pytest.mark.proof
def test_confidence_of_pocketsphinx(sphinx: Recogniser, viva_data: Path, record_property: Record) -> None:
    """Real clips, clean and in noise: its figures are said, and are no ground for a score."""
    folder = viva_data / "speech"
    with (folder / "transcripts.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["lang"] == "en"][: proof_count(2, 6)]
    words: list[tuple[float, bool]] = []
    for decibels in (np.inf, 20, 10, 0)[:: proof_count(2, 1)]:
        errors = []
        for row in rows:
            sound = read_sound(folder / row["file"])
            for noise in noises(viva_data) if np.isfinite(decibels) else noises(viva_data)[:1]:
                (heard,) = sphinx.recognise([passage(noisy(sound, noise, decibels), "en")])
                words += believed(row["transcript"], heard, "en")
                errors.append(word_error_rate(row["transcript"], text(heard), "en"))
        record_property(f"word error at {decibels} dB", round(reduce(add, errors).value, 2))
    table = np.array(words, dtype=float)
    assert curve(table, record_property) <= 0.3
    assert rises(table)
