import hashlib
import io
import pickle
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
import torch
import whisper

from vivavoce.features.transcript import weights
from vivavoce.features.transcript.network import load_network
from vivavoce.features.transcript.recognise import NoRecogniser
from vivavoce.features.transcript.weights import OFFICIAL, Checkpoint, WeightsError, fetch, locate

CONTENT = bytes(range(256)) * 4096  # 1 MiB


class Server(BaseHTTPRequestHandler):
    """Serves CONTENT with ranges; breaks off after ``stop`` bytes where that is set."""

    content = CONTENT
    stop: int | None = None
    ranges = True
    asked: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        type(self).asked.append(asked)
        first = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.ranges else 0
        if first >= len(self.content):
            self.send_error(416)
            return
        body = self.content[first:]
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.stop is None else body[: self.stop])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setitem(OFFICIAL, "base", hashlib.sha256(CONTENT).hexdigest())
    for name, value in (("content", CONTENT), ("stop", None), ("ranges", True), ("asked", [])):
        monkeypatch.setattr(Server, name, value)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_digests_are_those_that_openai_pins() -> None:
    published = {name: url.split("/")[-2] for name, url in whisper._MODELS.items()}
    assert {**OFFICIAL, **{alias: OFFICIAL[name] for alias, name in weights.ALIASES.items()}} == published
    assert all(url.startswith(weights.SOURCE) for url in whisper._MODELS.values())


def test_fetched_once_and_then_left_alone(source: str, tmp_path: Path) -> None:
    path = fetch("base", tmp_path, source=source)
    assert path.read_bytes() == CONTENT
    assert fetch("base", tmp_path, source=source) == path
    assert Server.asked == [None]
    assert [file.name for file in tmp_path.iterdir()] == ["base.pt"]


def test_a_broken_download_is_continued(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server, "stop", 300_000)
    with pytest.raises(WeightsError, match=r"broke off .* 300,000 bytes are kept .* Run the same command again"):
        fetch("base", tmp_path, source=source)
    assert not (tmp_path / "base.pt").exists()
    monkeypatch.setattr(Server, "stop", None)
    assert fetch("base", tmp_path, source=source).read_bytes() == CONTENT
    assert Server.asked == [None, "bytes=300000-"]


def test_a_server_without_ranges_starts_again(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "base.part").write_bytes(CONTENT[:1000])
    monkeypatch.setattr(Server, "ranges", False)
    assert fetch("base", tmp_path, source=source).read_bytes() == CONTENT


def test_a_whole_part_is_accepted(source: str, tmp_path: Path) -> None:
    (tmp_path / "base.part").write_bytes(CONTENT)
    assert fetch("base", tmp_path, source=source).read_bytes() == CONTENT


def test_changed_content_is_refused_and_deleted(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server, "content", CONTENT[::-1])
    with pytest.raises(WeightsError, match="has SHA-256 .* it was deleted"):
        fetch("base", tmp_path, source=source)
    assert list(tmp_path.iterdir()) == []


def test_no_server_is_said_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="put the file there yourself"):
        fetch("base", tmp_path, source="http://127.0.0.1:9")
    with pytest.raises(WeightsError, match="is no web address"):
        fetch("base", tmp_path, source="file:///etc")


def test_missing_weights_name_two_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIVA_WHISPER", raising=False)
    for asked in (None, "small", "no/such/file.pt"):
        with pytest.raises(NoRecogniser, match=r"(?s)viva weights fetch (base|small).*transcript file"):
            locate(asked, tmp_path)
    with pytest.raises(WeightsError, match="sizes are tiny.en.*Got 'huge' instead"):
        fetch("huge", tmp_path)


def test_environment_names_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.pt"
    path.write_bytes(b"x")
    monkeypatch.setenv("VIVA_WHISPER", str(path))
    assert locate() == Checkpoint(path, None, None)
    (tmp_path / "large-v3.pt").write_bytes(b"x")
    assert locate("large", tmp_path) == Checkpoint(tmp_path / "large-v3.pt", "large-v3", OFFICIAL["large-v3"])


def test_official_weights_with_other_content_are_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "tiny.pt"
    path.write_bytes(b"something else")
    with pytest.raises(WeightsError, match="is not Whisper's 'tiny'.*viva weights fetch tiny"):
        load_network(locate("tiny", tmp_path), "cpu")


class Payload:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("code from a checkpoint ran",)


@pytest.mark.parametrize(
    "content", [b"", b"not a checkpoint", pickle.dumps(Payload(), 2), pickle.dumps({"dims": {}}, 2)]
)
def test_no_code_runs_and_no_nonsense_loads(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="no Whisper checkpoint of the official form"):
        load_network(locate(path), "cpu")
    assert "ran" not in capsys.readouterr().out


def test_torch_saved_objects_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save({"dims": {"n_mels": 80}, "model_state_dict": Payload()}, buffer)
    path = tmp_path / "model.pt"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(WeightsError, match="no Whisper checkpoint"):
        load_network(locate(path), "cpu")
