import pytest

from vivavoce.features.transcript.engines import open_recogniser
from vivavoce.features.transcript.recognise import Engine, NoRecogniser, choose_engine


def test_auto_takes_the_transcript_else_whisper_and_nothing_else() -> None:
    assert choose_engine("auto", has_transcript=True) is Engine.PROVIDED
    assert choose_engine("auto", has_transcript=False) is Engine.WHISPER


def test_what_is_asked_for_is_taken() -> None:
    for has_transcript in (True, False):
        assert choose_engine("whisper", has_transcript=has_transcript) is Engine.WHISPER
        assert choose_engine("pocketsphinx", has_transcript=has_transcript) is Engine.POCKETSPHINX
    with pytest.raises(NoRecogniser, match="this row has none.*--asr whisper"):
        choose_engine("provided", has_transcript=False)
    with pytest.raises(
        NoRecogniser, match="must be one of auto, provided, whisper, faster-whisper, pocketsphinx. Got 'google' instead"
    ):
        choose_engine("google", has_transcript=True)


def test_missing_weights_stop_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.delenv("VIVA_WHISPER", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(NoRecogniser, match=r"(?s)viva weights fetch base.*transcript file"):
        open_recogniser(Engine.WHISPER)
    with pytest.raises(NoRecogniser, match="read_transcript"):
        open_recogniser(Engine.PROVIDED)
