"""Two people who talk at once, one on each channel: each is recognised through their own microphone."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.features.transcript.dictations import passage, small, text
from tests.small_whisper import CHECKPOINT
from tests.small_whisper.recordings import Recording, converse, room
from tests.small_whisper.synthesis import RATE
from tests.two_speakers import HIGH, LOW
from vivavoce.data.interview import Consent, Interview, Modality, Purpose
from vivavoce.data.interview import Recording as MediaFile
from vivavoce.data.media.account import Limits
from vivavoce.data.vault.keys import ProjectKey
from vivavoce.data.vault.store import Store
from vivavoce.evaluation.recognition import ErrorRate, word_error_rate
from vivavoce.features.transcript.words import Transcript
from vivavoce.pipelines.scoring.answers import AnswerSpan, Speaking
from vivavoce.pipelines.scoring.job import open_store
from vivavoce.pipelines.scoring.recording import Observer
from vivavoce.pipelines.scoring.words import Heard, Listener

ANSWERS = tuple(AnswerSpan(f"q{i}", 0, 8.0 * i, 8.0 * (i + 1)) for i in range(3))  # 8 s each


@pytest.fixture(scope="module")
def said() -> tuple[list[Recording], Recording]:
    """Three answers of the candidate, and what the interviewer says all through the second one."""
    rng = np.random.default_rng(3)
    return [converse(8.0, "en", rng, voice=HIGH) for _ in ANSWERS], converse(8.0, "en", rng, voice=LOW)


@pytest.fixture(scope="module")
def heard(said: tuple[list[Recording], Recording], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Heard]:
    """What is heard in two channels, then again where the store holds the observation and the words of another run."""
    folder, rng = tmp_path_factory.mktemp("channels"), np.random.default_rng(0)
    answers, question = said
    theirs = np.concatenate([room(8.0, rng), question.sound, room(8.0, rng)])
    own = np.concatenate([answer.sound for answer in answers])
    path = folder / "call.wav"
    soundfile.write(path, np.stack([theirs, own], axis=1), RATE)
    store = open_store(folder / "store", ProjectKey.read_or_create(folder / "key"))
    return {language: listened(path, store, language) for language in ("en", "auto")}


def listened(path: Path, store: Store, language: str) -> Heard:
    observer, listener = Observer(store, 5.0, Limits()), Listener(store, "whisper", str(CHECKPOINT))
    consent = Consent(frozenset({Modality.TEXT}), frozenset(Purpose), None, "p")
    interview = Interview("i", "c", "store_manager", (MediaFile(path),), language, consent)
    seen = observer.observe(path, "c", None, frozenset({Modality.TEXT}))
    speaking = Speaking.of(seen.observation.tracks, frozenset())
    assert (speaking.candidate, speaking.by_channel) == (1, True)
    try:
        return listener.hear(interview, ANSWERS, [speaking], [seen.sha256], [seen.sound])[0]
    finally:
        seen.close()


def error(planted: Recording, transcript: Transcript, span: AnswerSpan) -> ErrorRate:
    words = transcript.within(span.start, span.end).words
    return word_error_rate(planted.text, " ".join(word.text for word in words), "en")


def test_the_candidate_is_understood_while_somebody_else_talks(
    said: tuple[list[Recording], Recording], heard: dict[str, Heard]
) -> None:
    found = [error(planted, heard["en"].words, span) for planted, span in zip(said[0], ANSWERS, strict=True)]
    print([rate.value for rate in found])
    assert all(rate.value <= 0.25 for rate in found)


def test_the_mix_would_not_do(said: tuple[list[Recording], Recording]) -> None:
    answers, question = said
    (mixed,) = small().recognise([passage(0.5 * (answers[1].sound + question.sound), "en")])
    assert word_error_rate(answers[1].text, text(mixed), "en").value > 0.6


def test_a_kept_observation_has_its_channels_decoded_again(heard: dict[str, Heard]) -> None:
    assert heard["auto"].words == heard["en"].words
    assert np.array_equal(heard["auto"].theirs, heard["en"].theirs)
