"""Whisper in torch: what only this library's path can show. What every engine must do is in ``test_dictation.py``."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import whisper
from whisper.audio import log_mel_spectrogram
from whisper.model import Whisper

from tests.features.transcript.dictations import passage, recordings, small, text
from vivavoce.evaluation.recognition import word_error_rate
from vivavoce.features.transcript import dictation
from vivavoce.features.transcript.network import Network, halved
from vivavoce.features.transcript.recognise import WrongLanguage
from vivavoce.features.transcript.whisper import WhisperRecogniser
from vivavoce.features.transcript.windows import windows_of


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
    monkeypatch.setattr(dictation, "TOO_UNSURE", -np.inf)  # nobody samples
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
        (ours,) = small().write(small().encode(windows), windows, recording.language)
        assert network.tokenizer(recording.language).decode(list(ours.tokens)) == theirs["text"]


def test_another_language_is_named() -> None:
    model = Whisper(small().network.model.dims)
    model.load_state_dict(small().network.model.state_dict())
    rows = model.decoder.token_embedding.weight.data
    german, english = (small().network.tokenizer("en").to_language_token(code) for code in ("de", "en"))
    rows[[german, english]] = rows[[english, german]]
    deceived = WhisperRecogniser(Network(model.eval(), torch.device("cpu"), "0" * 64))
    with pytest.raises(WrongLanguage, match="'de'; known here: en, zh"):
        deceived.recognise([passage(recordings(8.0, 2, seed=8)[0].sound)])


def test_the_stage_knows_the_weights() -> None:
    other = WhisperRecogniser(replace(small().network, sha256="0" * 64))
    assert other.stage.fingerprint != small().stage.fingerprint
    assert other.engine == "whisper:000000000000"


def test_half_precision_writes_the_same_words() -> None:
    model = Whisper(small().network.model.dims)
    model.load_state_dict(small().network.model.state_dict())
    half = WhisperRecogniser(halved(replace(small().network, model=model.eval())))
    for recording in recordings(8.0, 2, seed=8):
        single, found = (one.recognise([passage(recording.sound)])[0] for one in (small(), half))
        assert word_error_rate(text(single), text(found), recording.language).value < 0.05
    assert half.stage.fingerprint != small().stage.fingerprint


def test_windows_are_scaled_alone() -> None:
    quiet, loud = recordings(8.0, 2, seed=8)
    windows = [next(windows_of(passage(one.sound * gain))) for one, gain in ((quiet, 0.05), (loud, 1.0))]
    alone = log_mel_spectrogram(windows[0].sound)
    stacked = log_mel_spectrogram(np.stack([window.sound for window in windows]))[0]
    assert not torch.equal(alone, stacked)  # the library would let the loud one hide the quiet one


def test_tokens_are_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dictation, "TOO_UNSURE", -np.inf)
    (heard,) = small().recognise([passage(recordings(8.0, 2, seed=8)[1].sound, "zh")])
    assert all(not word.text.startswith("<|") for word in heard.words)
