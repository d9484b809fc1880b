"""Converted weights: found, pinned, or refused with the way out; no hub is ever asked."""

from pathlib import Path

import pytest

from tests.small_whisper import CHECKPOINT
from vivavoce.features.transcript.engines import open_recogniser
from vivavoce.features.transcript.recognise import Engine, NoRecogniser, choose_engine
from vivavoce.features.transcript.weights import WeightsError, locate

pytest.importorskip("faster_whisper", reason="the extra fast is not installed")

from tests.small_whisper.conversion import convert
from vivavoce.features.transcript.weights import digest_converted, locate_converted


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convert(CHECKPOINT, tmp_path_factory.mktemp("converted") / "small-int8")


def test_a_folder_is_found_where_it_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert locate_converted(folder).path == folder
    monkeypatch.setenv("VIVA_FASTER_WHISPER", str(folder))
    assert locate_converted().path == folder
    assert choose_engine("faster-whisper", has_transcript=True) is Engine.FASTER_WHISPER


def test_a_pin_is_checked(folder: Path) -> None:
    digest = digest_converted(locate_converted(folder))
    assert digest_converted(locate_converted(f"{folder}@{digest}")) == digest
    assert (
        open_recogniser(Engine.FASTER_WHISPER, weights=f"{folder}@{digest}").engine == f"faster-whisper:{digest[:12]}"
    )
    with pytest.raises(WeightsError, match="is not what was pinned.*name it without '@'"):
        open_recogniser(Engine.FASTER_WHISPER, weights=f"{folder}@{'0' * 64}")


def test_every_file_that_is_read_counts(folder: Path, tmp_path: Path) -> None:
    whole = digest_converted(locate_converted(folder))
    for name in ("config.json", "tokenizer.json", "vocabulary.json", "model.bin"):
        other = tmp_path / name
        other.mkdir()
        for file in folder.iterdir():
            (other / file.name).write_bytes(file.read_bytes() + (b" " if file.name == name else b""))
        assert digest_converted(locate_converted(other)) != whole


def test_a_pinned_checkpoint_is_checked_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    path.write_bytes(b"something else")
    with pytest.raises(WeightsError, match="is not what was pinned"):
        open_recogniser(Engine.WHISPER, weights=f"{path}@{'0' * 64}")
    assert locate(f"{path}@{'0' * 64}").sha256 == "0" * 64


def test_nothing_named_says_how_to_convert(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VIVA_FASTER_WHISPER", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # weights may have been fetched on this machine
    with pytest.raises(NoRecogniser, match="(?s)needs a folder.*ct2-transformers-converter.*--asr whisper"):
        locate_converted()


def test_a_folder_without_its_tokenizer_is_refused_before_a_hub_could_be_asked(folder: Path, tmp_path: Path) -> None:
    for name in ("model.bin", "config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(NoRecogniser, match="tokenizer.json, vocabulary.json is missing"):
        locate_converted(tmp_path)


def test_nonsense_is_refused(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(b"{}" if file.name == "model.bin" else file.read_bytes())
    with pytest.raises(WeightsError, match="holds no Whisper of CTranslate2's form"):
        open_recogniser(Engine.FASTER_WHISPER, weights=tmp_path)
