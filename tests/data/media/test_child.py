"""The decoding child opens nothing, dies alone and leaves nobody behind."""

import contextlib
import multiprocessing
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from tests import media
from tests.media import Sound
from tests.proof import proof_count
from vivavoce.data.media import decode as module
from vivavoce.data.media.account import Limits
from vivavoce.data.media.container import Content
from vivavoce.data.media.decode import decode, probe
from vivavoce.data.status import MediaStatus


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("child") / "a.mp4"
    media.write(path, Sound(media.tone(10.0)), media.film(10.0))
    return path


def servers() -> list[psutil.Process]:
    living = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in living if "vivavoce.data.media.child" in child.cmdline()]


def until(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


# --- nothing but the given file is read --------------------------------------------------------------------------


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """A planted server's address and every path that anyone asked it for."""
    paths: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()
        thread.join()


def lists_of(target: str) -> dict[str, bytes]:
    """What makes libavformat open another file or address, by the demuxer that would."""
    host = target.removeprefix("http://")
    return {
        "concat": f"ffconcat version 1.0\nfile '{target}'\n".encode(),
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{target}\n#EXT-X-ENDLIST\n".encode(),
        "sdp": f"v=0\no=- 0 0 IN IP4 {host}\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n".encode(),
        "mov": b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + reference(target),
    }


def reference(target: str) -> bytes:
    """A QuickTime reference movie: nothing but another address."""

    def box(kind: bytes, body: bytes) -> bytes:
        return (8 + len(body)).to_bytes(4, "big") + kind + body

    address = target.encode() + b"\0"
    rdrf = box(b"rdrf", bytes(4) + b"url " + len(address).to_bytes(4, "big") + address)
    return box(b"moov", box(b"rmra", box(b"rmda", rdrf)))


@pytest.mark.parametrize("kind", ["concat", "hls", "sdp", "mov"])
@pytest.mark.parametrize("sniffed", [True, False])
def test_no_list_makes_it_read_another_file_or_address(
    kind: str,
    sniffed: bool,
    recording: Path,
    tmp_path: Path,
    asked: tuple[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where the first look at the bytes is deceived: the child itself can open nothing."""
    address, paths = asked
    if not sniffed:
        monkeypatch.setattr(module, "sniff", lambda _: Content(kind, kind))
    opened = recording.stat().st_atime_ns
    for target in (f"{address}/planted.mp4", recording.as_uri(), str(recording)):
        path = tmp_path / "a.mp4"
        path.write_bytes(lists_of(target)[kind])
        found = decode(path)
        assert found.status in (MediaStatus.REFUSED_FORMAT, MediaStatus.UNREADABLE), found
        assert found.audio is None
    assert paths == []
    assert recording.stat().st_atime_ns == opened


def test_a_confined_process_can_open_neither_file_nor_connection() -> None:
    code = (
        "import socket; from vivavoce.data.media.child import confine; from vivavoce.data.media.account import Limits\n"
        "confine(Limits())\n"
        "for door in (lambda: open('/etc/hostname'), socket.socket):\n"
        "    try: door(); print('open')\n"
        "    except OSError as error: print(error.errno)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["24", "24"]


def test_the_worker_never_loads_the_decoding_libraries() -> None:
    code = "import sys, vivavoce.data.media.decode; print(sorted({'av', 'cv2', 'torch', 'scipy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


# --- it dies alone -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_child_that_dies_is_one_status_and_the_next_file_is_whole(recording: Path, how: signal.Signals) -> None:
    def strike(time: float, picture: media.Picture) -> None:
        for child in servers()[0].children():
            child.send_signal(how)

    found = decode(recording, on_frame=strike)
    assert (found.status, found.audio) == (MediaStatus.CRASHED, None)
    assert how.name in found.detail
    with decode(recording) as after:
        assert after.status is MediaStatus.OK


def test_a_server_that_dies_is_one_status_and_is_started_again(recording: Path) -> None:
    found = decode(recording, on_frame=lambda *_: [server.kill() for server in servers()])
    assert found.status is MediaStatus.CRASHED
    assert until(lambda: not servers())
    with decode(recording) as after:
        assert after.status is MediaStatus.OK


def test_too_little_memory_is_a_status_with_the_limit(recording: Path) -> None:
    found = decode(recording, limits=Limits(memory_bytes=2**20))
    assert found.status is MediaStatus.CRASHED
    assert "memory" in found.detail


def test_a_child_that_takes_too_long_is_ended(recording: Path) -> None:
    limits = Limits(shortest_wait_s=0.001, wait_per_second=1e-6)
    found = decode(recording, limits=limits)
    assert (found.status, found.audio) == (MediaStatus.TIMEOUT, None)
    assert until(lambda: not any(server.children() for server in servers()))


def test_a_caller_that_is_slow_with_its_pictures_is_not_a_time_out(recording: Path) -> None:
    limits = Limits(shortest_wait_s=1.5, wait_per_second=0.1)
    with decode(recording, limits=limits, on_frame=lambda *_: time.sleep(0.05)) as found:
        assert found.status is MediaStatus.OK


def test_an_error_of_the_caller_passes_and_ends_the_child(recording: Path) -> None:
    def fail(time: float, picture: media.Picture) -> None:
        raise ZeroDivisionError

    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(ZeroDivisionError):
        decode(recording, on_frame=fail)
    assert until(lambda: not any(server.children() for server in servers()))
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def test_a_full_temporary_folder_is_the_machines_fault(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match=r"No space left on device; sound is kept in .* \(set TMPDIR\)"):
        module._ended({"fault": 28}, probe(recording), 0)


WORKER = """
import sys, time
from vivavoce.data.media.decode import decode
decode(sys.argv[1], on_frame=lambda at, picture: (print("frame", flush=True), time.sleep(60)))
"""


def test_a_killed_worker_leaves_neither_server_nor_child(recording: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WORKER, str(recording)], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "frame\n"
        family = psutil.Process(worker.pid).children(recursive=True)
        assert len(family) == 2
        worker.kill()
    assert until(lambda: not any(member.is_running() for member in family))


# --- who may call it ---------------------------------------------------------------------------------------------


def _status(path: Path) -> str:
    return str(decode(path).status)


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")  # numpy's, under fork
def test_daemonic_workers_of_every_kind_can_decode(recording: Path, method: str) -> None:
    with decode(recording) as found:  # so that a forked worker inherits a server that is not its own
        assert found.status is MediaStatus.OK
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(_status, [recording] * 4) == ["ok"] * 4


def test_threads_of_one_worker_share_a_server(recording: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(_status, [recording] * 6)) == ["ok"] * 6
    assert len(servers()) == 1


# --- what it costs -----------------------------------------------------------------------------------------------


def _peak_bytes(path: Path) -> int:
    """Decode, and return the most memory that server and child were seen to hold."""
    seen, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            for server in servers():
                with contextlib.suppress(psutil.Error):  # it ended between the list and the look
                    seen.append(max(member.memory_info().rss for member in (server, *server.children())))

    watcher = threading.Thread(target=watch)
    watcher.start()
    with decode(path) as found:
        assert found.audio is not None
    done.set()
    watcher.join()
    return max(seen)


@pytest.mark.proof
def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    peaks = []
    for seconds in (30, proof_count(600, 3 * 3600)):
        size = seconds * 16_000 * 4
        form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, 16_000, 64_000, 4, 16)
        path = tmp_path / "a.wav"
        path.write_bytes(struct.pack("<4sI4s", b"RIFF", size + 36, b"WAVE") + form + struct.pack("<4sI", b"data", size))
        with path.open("r+b") as file:
            file.truncate(44 + size)
        peaks.append(_peak_bytes(path))
    assert peaks[1] < peaks[0] + 10 * 2**20
    assert peaks[1] < 200 * 2**20
