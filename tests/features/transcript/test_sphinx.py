import csv
from collections.abc import Callable
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
import pytest

from tests.features.real import RATE, read_sound
from tests.proof import proof_count
from tests.small_whisper.recordings import KINDS, non_speech
from vivavoce.data.media.memory import AudioSpool
from vivavoce.evaluation.recognition import word_error_rate
from vivavoce.features.speech import find_speech
from vivavoce.features.transcript.engines import open_recogniser
from vivavoce.features.transcript.recognise import Engine, Passage, Recogniser, WrongLanguage
from vivavoce.features.transcript.words import Transcript, answer_confidence


@pytest.fixture(scope="module")
def sphinx() -> Recogniser:
    pytest.importorskip("pocketsphinx", reason="the extra offline-asr is not installed")
    return open_recogniser(Engine.POCKETSPHINX)


def hear(recogniser: Recogniser, sound: np.ndarray, language: str = "auto") -> Transcript:
    audio = AudioSpool.from_array(sound)
    return recogniser.recognise([Passage(audio, find_speech(audio), 0.0, audio.duration, language)])[0]


def test_real_speech_is_written_and_its_error_is_said(sphinx: Recogniser, viva_data: Path) -> None:
    folder = viva_data / "speech"
    with (folder / "transcripts.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["lang"] == "en"][: proof_count(7, 100)]
    errors = []
    for row in rows:
        said = hear(sphinx, read_sound(folder / row["file"]))
        errors.append(word_error_rate(row["transcript"], " ".join(word.text for word in said.words), "en"))
    pooled = reduce(add, errors)
    print(f"pocketsphinx on {len(rows)} clips: word error {pooled.value:.2f} of {pooled.reference} words")
    assert pooled.value < 0.6


def test_times_confidence_and_order(sphinx: Recogniser, viva_data: Path) -> None:
    sound = read_sound(viva_data / "speech" / "wenet" / "librispeech-1995-1837-0001.wav")
    said = hear(sphinx, np.concatenate([np.zeros(5 * RATE, np.float32), sound]))
    starts = [word.start for word in said.words]
    assert min(starts) >= 5.0
    assert starts == sorted(starts)
    assert all(word.start < word.end <= 5.0 + len(sound) / RATE for word in said.words)
    confidence = answer_confidence(said)
    assert confidence is not None
    assert 0 < confidence < 1
    assert (said.engine, said.language, said.word_times) == ("pocketsphinx:5", "en", True)


def test_what_was_heard_before_changes_nothing(sphinx: Recogniser, viva_data: Path) -> None:
    folder = viva_data / "speech" / "speechbrain"
    first = read_sound(folder / "spk1_snt1.wav")
    before = hear(sphinx, first)
    hear(sphinx, read_sound(folder / "spk2_snt5.wav") * 0.1)
    assert hear(sphinx, first) == before


@pytest.mark.proof
def test_sounds_without_speech_yield_no_word(
    sphinx: Recogniser, record_property: Callable[[str, object], None]
) -> None:
    rng = np.random.default_rng(11)
    count = proof_count(30, 300)
    spoken = [kind for i in range(count) if hear(sphinx, non_speech(kind := KINDS[i % len(KINDS)], 5.0, rng)).words]
    record_property("clips", count)
    record_property("clips with a word", len(spoken))
    assert len(spoken) <= 0.01 * count, spoken


def test_chinese_is_refused(sphinx: Recogniser) -> None:
    with pytest.raises(WrongLanguage, match="'zh'; known here: en"):
        hear(sphinx, np.zeros(RATE, np.float32), "zh")
