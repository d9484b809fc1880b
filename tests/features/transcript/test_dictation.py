"""What every engine that runs a Whisper must do, tested on a small one that listens: forty words of our own voice."""

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pytest

from tests.features.transcript.dictations import error, faster, passage, recordings, small, starts, text
from tests.proof import proof_count
from tests.small_whisper.recordings import KINDS, converse, non_speech, room
from tests.small_whisper.synthesis import RATE
from vivavoce.data.media.memory import AudioSpool
from vivavoce.evaluation.recognition import word_error_rate
from vivavoce.features.speech import find_speech
from vivavoce.features.transcript import dictation
from vivavoce.features.transcript.dictation import Dictation
from vivavoce.features.transcript.recognise import Passage
from vivavoce.features.transcript.windows import windows_of
from vivavoce.features.transcript.words import Transcript

Record = Callable[[str, object], None]


@pytest.fixture(params=[small, faster], ids=["whisper", "faster-whisper"])
def engine(request: pytest.FixtureRequest) -> Dictation[Any]:
    return request.param()


def hear(engine: Dictation[Any], sound: np.ndarray, language: str = "auto") -> Transcript:
    return engine.recognise([passage(sound, language)])[0]


def test_planted_words_come_back_in_both_languages(engine: Dictation[Any]) -> None:
    errors = []
    for recording in recordings(8.0, 12):
        heard = hear(engine, recording.sound)
        assert heard.language == recording.language
        assert heard.engine == f"{engine.name}:{engine.sha256[:12]}"
        errors.append(error(recording, heard))
    pooled = reduce(add, errors)
    print(f"{heard.engine}: {pooled.value:.3f} of {pooled.reference} words and signs wrong")
    assert pooled.value < 0.15  # words that the detector takes for no speech among them


def test_full_windows_are_heard_to_their_end(engine: Dictation[Any]) -> None:
    """Packed windows hold all that fits: in each of them, and across two, the place is kept."""
    for seconds in (30.0, 60.0):
        errors = [error(recording, hear(engine, recording.sound)) for recording in recordings(seconds, 4)]
        pooled = reduce(add, errors)
        print(f"{seconds:.0f} s: {pooled.value:.3f} of {pooled.reference} words and signs wrong")
        assert pooled.value < 0.25


def test_words_begin_when_they_were_spoken(engine: Dictation[Any]) -> None:
    found = np.concatenate(
        [
            starts(recording.words, hear(engine, recording.sound).words)
            for recording in recordings(8.0, 12)
            if recording.language == "en"
        ]
    )
    off = np.abs(found[:, 1] - found[:, 0])
    print(f"word starts: median {np.median(off):.3f} s, 95 % {np.quantile(off, 0.95):.3f} s, n {len(off)}")
    assert len(off) > 40
    assert np.median(off) <= 0.1
    assert np.quantile(off, 0.95) <= 0.3


def test_words_have_a_length_and_an_order(engine: Dictation[Any]) -> None:
    for recording in recordings(8.0, 4):
        words = hear(engine, recording.sound).words
        assert all(word.start <= word.end <= 8.0 for word in words)
        assert [word.start for word in words] == sorted(word.start for word in words)
        assert all(word.confidence is not None and 0 <= word.confidence <= 1 for word in words)


def test_nothing_is_heard_in_silence(engine: Dictation[Any]) -> None:
    rng = np.random.default_rng(4)
    spoken = converse(60.0, "en", rng)
    heard = hear(engine, np.concatenate([room(60.0, rng), spoken.sound, room(60.0, rng)]))
    first, last = 60.0 + spoken.words[0].start, 60.0 + spoken.words[-1].end
    assert len(heard.words) > 15
    assert min(word.start for word in heard.words) > first - 0.3
    assert max(word.end for word in heard.words) < last + 0.3


@pytest.mark.proof
def test_sounds_without_speech_yield_no_word(engine: Dictation[Any], record_property: Record) -> None:
    rng = np.random.default_rng(9)
    count = proof_count(30, 300)
    spoken = [kind for i in range(count) if hear(engine, non_speech(kind := KINDS[i % len(KINDS)], 5.0, rng)).words]
    record_property("clips", count)
    record_property("clips with a word", len(spoken))
    assert len(spoken) <= 0.01 * count, spoken


@pytest.mark.proof
def test_long_recordings_do_not_drift(engine: Dictation[Any], record_property: Record) -> None:
    """One passage of an hour, no answer twice, packed into full windows; words are compared within their answer.

    What the recogniser confuses is no error of its times: a word is also looked at where its neighbours are right too.
    """
    minutes = proof_count(6, 60)
    rng = np.random.default_rng(0)
    said = [converse(8.0, "en", rng) for _ in range(60 * minutes // 8)]
    audio = AudioSpool()
    for answer in said:
        audio.append(answer.sound)
    (heard,) = engine.recognise([Passage(audio, find_speech(audio), 0.0, audio.duration, "en")])
    found = np.concatenate(
        [
            starts(answer.words, heard.within(8.0 * i, 8.0 * i + 8.0).words, shift=8.0 * i)
            for i, answer in enumerate(said)
        ]
    )
    off, in_place = found[:, 1] - found[:, 0], found[:, 2] == 1
    late = found[:, 0] > 60.0 * (minutes - 2)
    drift = np.median(off[late]) - np.median(off[~late])
    within = {name: np.quantile(np.abs(some), 0.95) for name, some in (("all", off), ("in place", off[in_place]))}
    share = len(found) / sum(len(answer.words) for answer in said)
    record_property("minutes", minutes)
    record_property("words", len(found))
    record_property("drift, s", round(float(drift), 3))
    record_property("median of starts, s", round(float(np.median(np.abs(off))), 3))
    record_property("95 % of starts within, s", round(float(within["all"]), 3))
    record_property("share beyond 0.3 s", round(float((np.abs(off) > 0.3).mean()), 4))
    record_property("95 % within where both neighbours are right, s", round(float(within["in place"]), 3))
    record_property("share of the words found", round(share, 3))
    assert share > 0.8
    assert abs(drift) < 0.05
    assert np.median(np.abs(off)) <= 0.1
    assert within["in place"] <= 0.1
    assert within["all"] <= 0.3


def test_batches_change_no_word(engine: Dictation[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    passages = [passage(recording.sound) for recording in recordings(8.0, 6, seed=6)]
    together = engine.recognise(passages)
    assert [engine.recognise([one])[0] for one in passages] == together
    monkeypatch.setattr(dictation, "BATCH", 2)
    assert engine.recognise(passages) == together


def test_answers_are_heard_apart(engine: Dictation[Any]) -> None:
    first, second = recordings(8.0, 2, seed=8)
    audio = AudioSpool.from_array(np.concatenate([first.sound, second.sound]))
    speech = find_speech(audio)
    one, two = engine.recognise([Passage(audio, speech, 0.0, 8.0), Passage(audio, speech, 8.0, 16.0)])
    assert (one.language, two.language) == ("en", "zh")
    assert all(word.end <= 8.0 for word in one.words)
    assert all(word.start >= 8.0 for word in two.words)


def test_no_speech_is_an_empty_transcript(engine: Dictation[Any]) -> None:
    assert hear(engine, np.zeros(3 * RATE, np.float32)).words == ()
    assert engine.recognise([]) == []


def test_samples_are_seeded_by_the_window_alone(engine: Dictation[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    window = next(windows_of(passage(recordings(8.0, 2, seed=8)[0].sound)))
    encoded = engine.encode([window])
    samples = {seed: engine.decode(encoded, "en", 1.5, seed) for seed in (1, 2, 3)}
    assert len({sample[0].tokens for sample in samples.values()}) > 1
    assert {seed: engine.decode(encoded, "en", 1.5, seed) for seed in (3, 2, 1)} == samples
    monkeypatch.setattr(dictation, "TOO_UNSURE", 0.0)  # every window fails
    monkeypatch.setattr(dictation, "LOST", 2.0)  # and is sampled all the same
    passages = [passage(one.sound, one.language) for one in recordings(8.0, 2, seed=8)]
    together = engine.recognise(passages)
    assert [engine.recognise([one])[0] for one in reversed(passages)][::-1] == together


def test_eight_bits_write_the_same_words() -> None:
    pairs = [
        (recording.language, hear(small(), recording.sound), hear(faster(), recording.sound))
        for recording in recordings(8.0, 4, seed=8)
    ]
    pooled = reduce(add, [word_error_rate(text(whole), text(eight), language) for language, whole, eight in pairs])
    assert pooled.value <= 0.1
    assert small().stage.fingerprint != faster().stage.fingerprint


def test_eight_bits_time_the_same_words_alike() -> None:
    """The same text in the same windows: what is left is the library's own alignment, and eight bits."""
    windows = list(windows_of(passage(np.concatenate([one.sound for one in recordings(30.0, 4)[::2]]), "en")))
    whole, eight = small().encode(windows), faster().encode(windows)
    texts = [row.tokens for row in small().write(whole, windows, "en")]
    filled = [window.filled for window in windows]
    pairs = zip(small().align(whole, texts, filled, "en"), faster().align(eight, texts, filled, "en"), strict=True)
    apart = np.array([a.start - b.start for one, other in pairs for a, b in zip(one, other, strict=True)])
    print(f"{len(apart)} words: 95 % of starts within {np.quantile(np.abs(apart), 0.95):.3f} s of each other")
    assert len(apart) > 50
    assert np.quantile(np.abs(apart), 0.95) <= 0.1
