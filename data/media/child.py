"""The decoding child: one file in, sound and pictures out, and an account of what was there.

It is forked from a server that holds only the decoding libraries, and it can open nothing: besides the lists of
demuxers and protocols, its limit on open files is zero from before the first byte is parsed.
"""

import errno
import importlib
import io
import mmap
import os
import pkgutil
import resource
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import av
from av.container import InputContainer

from vivavoce.data.media.account import GIBI, Ended, Limits, Source
from vivavoce.data.media.container import layout
from vivavoce.data.media.decoding import Decoding, reason
from vivavoce.data.media.forkserver import Message, send, serve
from vivavoce.data.media.lane import DAMAGE
from vivavoce.data.media.memory import SLOTS, AudioSpool, Picture, Shelf
from vivavoce.data.media.samples import Deliver
from vivavoce.data.status import MediaStatus

READ_BYTES = 262_144  # one call into Python per quarter of a mebibyte
FULL = (errno.ENOSPC, errno.EDQUOT)


class Media(io.FileIO):
    """The file as libavformat reads it: a place that does not exist is an error number, as in C, not an exception.

    Parameters
    ----------
    descriptor
        Of the file.
    end
        Byte at which it is taken to end; None for all of it.
    """

    def __init__(self, descriptor: int, end: int | None = None) -> None:
        super().__init__(descriptor, "r")
        self._end = end

    def read(self, size: int | None = -1, /) -> bytes:
        """Read up to ``size`` bytes, none beyond the end."""
        if self._end is not None:
            left = max(0, self._end - self.tell())
            size = left if size is None or size < 0 else min(size, left)
        return super().read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place; damaged headers ask for places before the beginning."""
        if whence == os.SEEK_END and self._end is not None:
            offset, whence = self._end + offset, os.SEEK_SET
        try:
            return super().seek(offset, whence)
        except OSError as error:
            return -(error.errno or errno.EINVAL)


def work(message: Message, descriptors: list[int]) -> None:
    """Decode one file; everything that its bytes can cause ends in a message."""
    replies, slots, media, *sound = descriptors
    channel = socket.socket(fileno=replies)
    limits = Limits(**message["limits"])
    post = Post(channel, Shelf(slots))
    spools = [AudioSpool(descriptor) for descriptor in sound]
    confine(limits)
    try:
        built = layout(media, message["demuxer"])
        with Media(media, built.readable) as file, opened(file, message["demuxer"]) as container:
            source = Source(**message["source"])
            decoding = Decoding(container, message["demuxer"], built, os.fstat(media).st_size, source)
            send(channel, {"probe": asdict(decoding.probe)})
            decoding.refuse_oversize(limits)
            deliver = post.send if message["deliver"] else _drop
            end = _decoded(decoding, limits, message["frames_per_second"], deliver, spools, channel)
    except Ended as ended:
        end = {"status": ended.status, "detail": ended.detail}
    except MemoryError:
        need = f"decoding needs more than {limits.memory_bytes / GIBI:.3g} GiB of memory"
        end = {"status": MediaStatus.CRASHED, "detail": need}
    except DAMAGE as error:
        detail = f"the {message['demuxer']} container cannot be read: {reason(error)}"
        end = {"status": MediaStatus.UNREADABLE, "detail": detail}
    except OSError as error:
        if error.errno in FULL:  # the temporary folder: not the content's doing
            send(channel, {"fault": error.errno})
            return
        end = {"status": MediaStatus.UNREADABLE, "detail": f"reading it fails: {error.strerror}"}
    post.drain()
    send(channel, {"end": end})


def _decoded(
    decoding: Decoding,
    limits: Limits,
    per_second: float | None,
    post: Deliver,
    spools: Sequence[AudioSpool],
    channel: socket.socket,
) -> Message:
    if not per_second and not spools:
        return {"status": MediaStatus.OK, "detail": ""}
    pictures = (per_second, post) if per_second else None
    account = decoding.run(limits, pictures, spools, lambda seconds: send(channel, {"alive": seconds}))
    return {
        "status": account.status,
        "detail": "; ".join(account.lacks),
        "flags": sorted(account.flags),
        "share": account.share,
        "lost": account.lost,
    }


class Post:
    """Sends pictures to the worker over a shelf, and waits where it is full."""

    def __init__(self, channel: socket.socket, shelf: Shelf) -> None:
        self._channel, self._shelf = channel, shelf
        self._number, self._free = 0, SLOTS

    def send(self, time: float, picture: Picture) -> None:
        """Lay the picture on the shelf and say so; every byte that comes back frees a place."""
        if not self._free:
            self._channel.recv(1)
            self._free += 1
        self._shelf.put(self._number, picture)
        send(self._channel, {"picture": [self._number, time, *picture.shape[:2]]})
        self._number += 1
        self._free -= 1

    def drain(self) -> None:
        """Wait until every picture was taken: an end with receipts unread is a reset connection to the worker."""
        while self._free < SLOTS and self._channel.recv(1):
            self._free += 1


def _drop(time: float, picture: Picture) -> None:
    """Take a picture that nobody looks at."""


def confine(limits: Limits) -> None:
    """From here on: no new descriptor (no file, no connection), no core file, bounded memory and processor time."""
    with open("/proc/self/statm") as file:  # noqa: PTH123 — the kernel's, not a path of ours
        now = int(file.read().split()[0]) * mmap.PAGESIZE
    seconds = int(limits.wait_s(limits.duration_s)) + 1
    resource.setrlimit(resource.RLIMIT_AS, (now + limits.memory_bytes,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # the worker has hung up: end quietly


def opened(file: io.FileIO, demuxer: str) -> InputContainer:
    """Open a container with the one demuxer that its first bytes name; whatever else it asks for is refused."""

    def refuse(url: str, flags: int, options: dict[str, str]) -> Any:  # noqa: ARG001
        raise Ended(MediaStatus.REFUSED_FORMAT, f"it asks for another file or address ({url!r})")

    container: InputContainer = av.open(
        file,
        "r",
        format=demuxer,
        container_options={"format_whitelist": av.ContainerFormat(demuxer, "r").name, "protocol_whitelist": "none"},
        metadata_errors="replace",
        buffer_size=READ_BYTES,
        io_open=refuse,
    )
    return container


def _load_all() -> None:
    """Import every module of the decoding library: those it imports late could not be opened any more."""
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


if __name__ == "__main__":
    _load_all()
    serve(socket.socket(fileno=int(sys.argv[1])), work)
