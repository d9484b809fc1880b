"""Whisper's path, tested with a small Whisper that listens: forty words of our own synthesiser.

It hears windows of up to eight seconds well and loses its place in longer ones, so answers here last that long;
packing full windows and mapping them back is proven sample by sample in ``test_windows.py``.
"""

import csv
import os
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from functools import cache, reduce
from operator import add
from pathlib import Path

import numpy as np
import pytest
import torch
import whisper
from whisper.audio import log_mel_spectrogram
from whisper.model import ModelDimensions, Whisper

from tests.features.real import read_sound
from tests.proof import proof_count
from tests.small_whisper import CHECKPOINT, SHA256
from tests.small_whisper.recordings import KINDS, Planted, Recording, converse, non_speech, room
from tests.small_whisper.synthesis import RATE
from vivavoce.data.media.spool import AudioSpool
from vivavoce.evaluation.recognition import ErrorRate, word_error_rate
from vivavoce.features.speech import find_speech
from vivavoce.features.transcript import decoding
from vivavoce.features.transcript import whisper as recogniser_module
from vivavoce.features.transcript.confidence import UNCLEAR_BELOW, answer_confidence
from vivavoce.features.transcript.encoding import encode
from vivavoce.features.transcript.network import Network, halved
from vivavoce.features.transcript.recognise import Passage, WrongLanguage
from vivavoce.features.transcript.weights import Checkpoint
from vivavoce.features.transcript.whisper import WhisperRecogniser
from vivavoce.features.transcript.windows import windows_of
from vivavoce.features.transcript.words import Transcript, Word


@cache
def small() -> WhisperRecogniser:
    return WhisperRecogniser.load(Checkpoint(CHECKPOINT, None, SHA256), device="cpu")


@cache
def recordings(seconds: float, count: int, seed: int = 0) -> tuple[Recording, ...]:
    rng = np.random.default_rng(seed)
    return tuple(converse(seconds, ("en", "zh")[i % 2], rng) for i in range(count))


def passage(sound: np.ndarray, language: str = "auto") -> Passage:
    audio = AudioSpool.from_array(sound)
    return Passage(audio, find_speech(audio), 0.0, audio.duration, language)


def hear(sound: np.ndarray, language: str = "auto") -> Transcript:
    return small().recognise([passage(sound, language)])[0]


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


def test_planted_words_come_back_in_both_languages() -> None:
    errors = []
    for recording in recordings(8.0, 12):
        heard = hear(recording.sound)
        assert heard.language == recording.language
        assert heard.engine == f"whisper:{SHA256[:12]}"
        errors.append(error(recording, heard))
    pooled = reduce(add, errors)
    print(f"small Whisper: {pooled.value:.3f} of {pooled.reference} words and signs wrong")
    assert pooled.value < 0.15  # words that the detector takes for no speech among them


def test_words_begin_when_they_were_spoken() -> None:
    found = np.concatenate(
        [
            starts(recording.words, hear(recording.sound).words)
            for recording in recordings(8.0, 12)
            if recording.language == "en"
        ]
    )
    off = np.abs(found[:, 1] - found[:, 0])
    print(f"word starts: median {np.median(off):.3f} s, 95 % {np.quantile(off, 0.95):.3f} s, n {len(off)}")
    assert len(off) > 40
    assert np.median(off) <= 0.1
    assert np.quantile(off, 0.95) <= 0.3


def test_words_have_a_length_and_an_order() -> None:
    for recording in recordings(8.0, 4):
        words = hear(recording.sound).words
        assert all(word.start <= word.end <= 8.0 for word in words)
        assert [word.start for word in words] == sorted(word.start for word in words)
        assert all(word.confidence is not None and 0 <= word.confidence <= 1 for word in words)


def test_nothing_is_heard_in_silence() -> None:
    rng = np.random.default_rng(4)
    spoken = converse(60.0, "en", rng)
    heard = hear(np.concatenate([room(60.0, rng), spoken.sound, room(60.0, rng)]))
    first, last = 60.0 + spoken.words[0].start, 60.0 + spoken.words[-1].end
    assert len(heard.words) > 15
    assert min(word.start for word in heard.words) > first - 0.3
    assert max(word.end for word in heard.words) < last + 0.3


def test_sounds_without_speech_yield_no_word() -> None:
    rng = np.random.default_rng(9)
    count = proof_count(30, 300)
    spoken = [kind for i in range(count) if hear(non_speech(kind := KINDS[i % len(KINDS)], 5.0, rng)).words]
    assert len(spoken) <= 0.01 * count, spoken


def test_long_recordings_do_not_drift() -> None:
    minutes = proof_count(6, 60)
    answers = [recording for recording in recordings(8.0, 12) if recording.language == "en"]
    audio = AudioSpool()
    planted = []
    for i in range(60 * minutes // 8):
        answer = answers[i % len(answers)]
        audio.append(answer.sound)
        planted += [Planted(word.text, word.start + 8.0 * i, word.end + 8.0 * i) for word in answer.words]
    speech = find_speech(audio)
    passages = [Passage(audio, speech, 8.0 * i, 8.0 * i + 8.0, "en") for i in range(60 * minutes // 8)]
    found = starts(planted, [word for heard in small().recognise(passages) for word in heard.words])
    off = found[:, 1] - found[:, 0]
    late = found[:, 0] > 60.0 * (minutes - 2)
    print(f"drift over {minutes} min: {np.median(off[late]) - np.median(off[~late]):+.3f} s")
    assert len(found) > 0.8 * len(planted)
    assert abs(np.median(off[late]) - np.median(off[~late])) < 0.05
    assert np.quantile(np.abs(off[late]), 0.95) <= 0.3


def test_batches_change_no_word(monkeypatch: pytest.MonkeyPatch) -> None:
    passages = [passage(recording.sound) for recording in recordings(8.0, 6, seed=6)]
    together = small().recognise(passages)
    assert [small().recognise([one])[0] for one in passages] == together
    monkeypatch.setattr(recogniser_module, "BATCH", 2)
    assert small().recognise(passages) == together


def test_answers_are_heard_apart() -> None:
    first, second = recordings(8.0, 2, seed=8)
    audio = AudioSpool.from_array(np.concatenate([first.sound, second.sound]))
    speech = find_speech(audio)
    one, two = small().recognise([Passage(audio, speech, 0.0, 8.0), Passage(audio, speech, 8.0, 16.0)])
    assert (one.language, two.language) == ("en", "zh")
    assert all(word.end <= 8.0 for word in one.words)
    assert all(word.start >= 8.0 for word in two.words)


def test_the_encoder_runs_once_per_batch() -> None:
    calls = []
    hook = small().network.model.encoder.register_forward_hook(lambda *_: calls.append(1))
    windows = list(windows_of(one := passage(recordings(50.0, 1)[0].sound)))
    try:
        assert small().recognise([one])[0].words
    finally:
        hook.remove()
    assert len(windows) == 2
    assert len(calls) == 1


def test_the_text_is_the_librarys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same window through the library's own transcribe gives the same text."""
    monkeypatch.setattr(decoding, "TOO_UNSURE", -np.inf)  # nobody samples
    network = small().network
    for recording in recordings(8.0, 6, seed=6):
        windows = list(windows_of(passage(recording.sound)))
        theirs = whisper.transcribe(
            network.model,
            windows[0].sound,
            language=recording.language,
            temperature=0.0,
            logprob_threshold=None,
            condition_on_previous_text=False,
            without_timestamps=True,
            fp16=False,
        )
        (ours,) = decoding.write(network, encode(network, windows), windows, recording.language)
        assert network.tokenizer(recording.language).decode(list(ours.tokens)) == theirs["text"]


def test_confidence_tells_clear_from_drowned_speech() -> None:
    rng = np.random.default_rng(12)
    rows = []
    for recording in recordings(8.0, 6, seed=6):
        level = np.sqrt((recording.sound**2).mean())
        for snr_db in (30, 0, -6):
            noisy = recording.sound + rng.normal(0, level / 10 ** (snr_db / 20), len(recording.sound)).astype(
                np.float32
            )
            heard = hear(noisy, recording.language)
            confidence = answer_confidence(heard)
            if confidence is not None:
                rows.append((confidence, error(recording, heard).value, snr_db))
    table = np.array(rows)
    print("\n".join(f"{snr:4.0f} dB: confidence {c:.2f}, error {e:.2f}" for c, e, snr in rows))
    assert np.corrcoef(table[:, 0], table[:, 1])[0, 1] < -0.5
    clear = table[table[:, 2] == 30]
    assert (clear[:, 0] > UNCLEAR_BELOW).all()


def test_another_language_is_named() -> None:
    model = Whisper(small().network.model.dims)
    model.load_state_dict(small().network.model.state_dict())
    rows = model.decoder.token_embedding.weight.data
    german, english = (small().network.tokenizer("en").to_language_token(code) for code in ("de", "en"))
    rows[[german, english]] = rows[[english, german]]
    deceived = WhisperRecogniser(Network(model.eval(), torch.device("cpu"), "0" * 64))
    with pytest.raises(WrongLanguage, match="'de'; known here: en, zh"):
        deceived.recognise([passage(recordings(8.0, 2, seed=8)[0].sound)])


def test_no_speech_is_an_empty_transcript() -> None:
    assert hear(np.zeros(3 * RATE, np.float32)).words == ()
    assert small().recognise([]) == []


def test_the_stage_knows_the_weights() -> None:
    other = WhisperRecogniser(replace(small().network, sha256="0" * 64))
    assert other.stage.fingerprint != small().stage.fingerprint
    assert other.engine == "whisper:000000000000"


def test_fallback_is_seeded_by_the_window_alone() -> None:
    """Random weights fail every check, so that every window is sampled at every temperature."""
    torch.manual_seed(1)
    dimensions = ModelDimensions(80, 1500, 16, 1, 1, 51865, 448, 16, 1, 1)
    model = Whisper(dimensions).eval()
    torch.nn.init.normal_(model.decoder.positional_embedding)
    raving = WhisperRecogniser(Network(model, torch.device("cpu"), "0" * 64), most_tokens=12)
    passages = [passage(recording.sound, "en") for recording in recordings(8.0, 2, seed=8)]
    together = raving.recognise(passages)
    torch.rand(7)
    assert [raving.recognise([one])[0] for one in reversed(passages)][::-1] == together


def test_half_precision_writes_the_same_words() -> None:
    model = Whisper(small().network.model.dims)
    model.load_state_dict(small().network.model.state_dict())
    half = WhisperRecogniser(halved(replace(small().network, model=model.eval())))
    for recording in recordings(8.0, 2, seed=8):
        single, found = hear(recording.sound), half.recognise([passage(recording.sound)])[0]
        assert word_error_rate(text(single), text(found), recording.language).value < 0.05
    assert half.stage.fingerprint != small().stage.fingerprint


def test_windows_are_scaled_alone() -> None:
    quiet, loud = recordings(8.0, 2, seed=8)
    windows = [next(windows_of(passage(one.sound * gain))) for one, gain in ((quiet, 0.05), (loud, 1.0))]
    alone = log_mel_spectrogram(windows[0].sound)
    stacked = log_mel_spectrogram(np.stack([window.sound for window in windows]))[0]
    assert not torch.equal(alone, stacked)  # the library would let the loud one hide the quiet one


def test_tokens_are_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "TOO_UNSURE", -np.inf)
    heard = hear(recordings(8.0, 2, seed=8)[1].sound, "zh")
    assert all(not word.text.startswith("<|") for word in heard.words)


@pytest.mark.skipif("VIVA_WHISPER" not in os.environ, reason="no real weights: VIVA_WHISPER is not set")
def test_real_weights_on_real_speech(viva_data: Path) -> None:
    real = WhisperRecogniser.load(Checkpoint(Path(os.environ["VIVA_WHISPER"]), None, None))
    folder = viva_data / "speech"
    with (folder / "transcripts.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["file"] != "wenet/nst_ID003.wav"]
    for language in ("en", "zh"):
        mine = [row for row in rows if row["lang"] == language]
        heard = real.recognise([passage(read_sound(folder / row["file"]), language) for row in mine])
        pairs = zip(mine, heard, strict=True)
        pooled = reduce(add, [word_error_rate(row["transcript"], text(said), language) for row, said in pairs])
        print(f"{real.engine}, {language}: error {pooled.value:.3f} of {pooled.reference}")
