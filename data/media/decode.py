"""A media file in, sound and pictures out, or a status that says why not. The worker never parses the file itself."""

import os
import signal
import stat
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

from vivavoce.data.identity import source_digest
from vivavoce.data.media.account import GIBI, AudioStream, Limits, Probe, Source, VideoStream
from vivavoce.data.media.container import LEAST_BYTES, head_of, sniff
from vivavoce.data.media.forkserver import Message, acknowledge, receive, server_of
from vivavoce.data.media.memory import AudioSpool, Picture, Shelf
from vivavoce.data.schema import Stage
from vivavoce.data.status import MediaStatus

CHILD = "vivavoce.data.media.child"
YIELDS = frozenset({MediaStatus.OK, MediaStatus.PARTIAL_MEDIA, MediaStatus.NO_AUDIO, MediaStatus.NO_VIDEO})
MOST_CHANNELS = 2  # one speaker each; more channels than two are a room, not two people
OnFrame = Callable[[float, Picture], None]
DECODING = Stage("decoding", "1", {"av": version("av"), "code": source_digest(Path(__file__).parent)})
"""What can change a sample or a pixel, or what is said of a loss: the library that decodes, and how sound and pictures
are laid out in time and judged."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """What one file gave.

    Parameters
    ----------
    status
        The one status of the file, as far as decoding can tell.
    detail
        One sentence for the operator; empty where all is well.
    probe
        What the file says about itself.
    flags
        Every status that applies where several do (``partial_media`` and ``no_video``); ``status`` is the first of
        partial_media, no_audio, no_video.
    share
        The smallest share of a wanted stream that was decoded, 0 to 1; 1 is ideal.
    audio
        The sound at its true times from the recording's beginning; None where there is none or it was not wanted. The
        caller closes it.
    channels
        Left and right where they were asked for and the sound has more than one channel, else empty. The caller closes
        them.
    pictures
        How many were delivered.
    lost
        Start and end, in seconds on the timeline and in order, of the sound that is not what was recorded there: holes,
        overlaps, damaged packets. Where the recording breaks off the last one begins with its end and is endless.
    """

    status: MediaStatus
    detail: str
    probe: Probe
    flags: frozenset[MediaStatus] = frozenset()
    share: float = 0.0
    audio: AudioSpool | None = None
    channels: tuple[AudioSpool, ...] = ()
    pictures: int = 0
    lost: tuple[tuple[float, float], ...] = ()

    def close(self) -> None:
        """Let go of the sound."""
        for spool in (*self.channels, *([self.audio] if self.audio else [])):
            spool.close()

    def __enter__(self) -> "Decoded":
        """Hold the sound for the length of a ``with`` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the sound."""
        self.close()


def decode(
    path: str | os.PathLike[str],
    *,
    limits: Limits = Limits(),  # noqa: B008 — frozen
    frames_per_second: float | None = 5.0,
    on_frame: OnFrame | None = None,
    want_audio: bool = True,
    split_channels: bool = False,
    source: Source = Source(),  # noqa: B008 — frozen
) -> Decoded:
    """Decode one file in a child process of its own.

    Parameters
    ----------
    path
        A regular file; links, pipes and folders are refused.
    limits
        What the file may cost.
    frames_per_second
        How many pictures a second are sampled, by time stamp; 5 catch every nod and, unlike all 25 or 30, leave the
        face mesh affordable. None where no picture is wanted: then nothing is said about the video.
    on_frame
        Called with the time in seconds and the picture, uint8 RGB (h, w, 3), upright, longest side ≤ 640 px.
    want_audio
        Whether sound is wanted: 16 kHz, mono.
    split_channels
        Whether left and right are wanted beside the mix.
    source
        Which track's sound, and which of its channels, by default the container's first track with all its channels.

    Returns
    -------
    Decoded
        Never an exception for anything that the file holds. What a file gave is there with the statuses ok,
        partial_media, no_audio and no_video; every other status gives nothing.

    Raises
    ------
    OSError
        Where this machine, not the file, is at fault: the folder for temporary files is full.
    """
    admitted = _admit(Path(path), limits)
    if isinstance(admitted, Probe):
        return Decoded(admitted.status, admitted.detail, admitted)
    media, demuxer = admitted
    with ExitStack() as stack:
        stack.callback(os.close, media)
        count = (1 + MOST_CHANNELS * split_channels) if want_audio else 0
        spools = [stack.enter_context(AudioSpool()) for _ in range(count)]
        before = _state(os.fstat(media))
        request = {
            "demuxer": demuxer,
            "frames_per_second": frames_per_second,
            "deliver": on_frame is not None,
            "limits": asdict(limits),
            "source": asdict(source),
        }
        found = _converse(request, media, spools, limits, on_frame)
        if found.status in YIELDS and not before == _state(os.fstat(media)) == _state_at(path):
            detail = "it was written to or replaced while it was read; run it again when the copy is complete"
            return Decoded(MediaStatus.INPUT_CHANGED, detail, found.probe)
        if found.status not in YIELDS or not any(map(len, spools)):
            return found
        stack.pop_all()
        os.close(media)
    audio, *channels = spools
    stereo = tuple(spool for spool in channels if len(spool))
    return replace(found, audio=audio, channels=stereo)


def probe(path: str | os.PathLike[str], limits: Limits = Limits()) -> Probe:  # noqa: B008 — frozen
    """What a file is, from its headers, read in a child process; ``status`` says whether it may be decoded."""
    found = decode(path, limits=limits, frames_per_second=None, want_audio=False)
    return replace(found.probe, status=found.status, detail=found.detail)


def refusal(path: str | os.PathLike[str], limits: Limits = Limits()) -> Probe | None:  # noqa: B008 — frozen
    """Why a file is refused by its kind, size or first bytes, before anything reads it whole; None where it is not."""
    admitted = _admit(Path(path), limits)
    if isinstance(admitted, Probe):
        return admitted
    os.close(admitted[0])
    return None


def _admit(path: Path, limits: Limits) -> tuple[int, str] | Probe:
    """Open a regular file without following links or waiting, and judge its first bytes."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return Probe(MediaStatus.REFUSED_FORMAT, f"{path.name!r} is not a regular file (a link, a folder, a pipe)")
        media = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        size, head = os.fstat(media).st_size, head_of(media)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        return Probe(MediaStatus.UNREADABLE, f"it cannot be opened: {getattr(error, 'strerror', None) or error}")
    content = sniff(head)
    refusal: Probe | None = None
    if size > limits.file_bytes:
        detail = f"it has {size / GIBI:.2f} GiB; at most {limits.file_bytes / GIBI:g} GiB are read"
        refusal = Probe(MediaStatus.TOO_LARGE, detail, size)
    elif size < LEAST_BYTES:
        refusal = Probe(MediaStatus.UNREADABLE, f"it has {size} bytes: nothing was recorded or copied", size)
    elif content.demuxer is None:
        refusal = Probe(MediaStatus.REFUSED_FORMAT, f"by its first bytes it is {content.name}, not a recording", size)
    if refusal is not None or content.demuxer is None:
        os.close(media)
        return refusal or Probe(MediaStatus.REFUSED_FORMAT)
    return media, content.demuxer


def _converse(
    request: Message, media: int, spools: Sequence[AudioSpool], limits: Limits, on_frame: OnFrame | None
) -> Decoded:
    """Have a child decode; only the time spent waiting for it counts against its wall time."""
    handed = [media, *(spool.fileno() for spool in spools)]
    found, pictures, length, waited = Probe(MediaStatus.OK), 0, 0.0, 0.0
    with Shelf() as shelf, server_of(os.getpid(), CHILD).start(request, [shelf.descriptor, *handed]) as replies:
        while True:
            since = time.monotonic()
            try:
                message = receive(replies, limits.wait_s(length) - waited)
            except TimeoutError:
                detail = f"decoding took longer than {limits.wait_s(length):.0f} s and was ended"
                return Decoded(MediaStatus.TIMEOUT, detail, found)
            waited += time.monotonic() - since
            if "picture" in message and on_frame is not None:
                number, moment, height, width = message["picture"]
                on_frame(moment, shelf.take(number, height, width))
                acknowledge(replies)
                pictures += 1
            elif "probe" in message:
                found = _probe_of(message["probe"])
                length = min(found.duration or 0.0, limits.duration_s)
            elif "alive" in message:
                length = max(length, message["alive"])
            else:
                return _ended(message, found, pictures)


def _ended(message: Message, found: Probe, pictures: int) -> Decoded:
    """Read the child's last word, or what the server says of one that left none."""
    if "end" in message:
        end = message["end"]
        status, flags = MediaStatus(end["status"]), frozenset(map(MediaStatus, end.get("flags", ())))
        lost = tuple((start, stop) for start, stop in end.get("lost", ()))
        return Decoded(status, end["detail"], found, flags, end.get("share", 0.0), pictures=pictures, lost=lost)
    if "fault" in message:
        number = message["fault"]
        raise OSError(number, f"{os.strerror(number)}; sound is kept in {tempfile.gettempdir()} (set TMPDIR)")
    code = -message.get("exit", -signal.SIGKILL)
    if code == signal.SIGXCPU:
        return Decoded(MediaStatus.TIMEOUT, "decoding used more processor time than its length allows", found)
    name = signal.Signals(code).name if code > 0 else f"exit {-code}"
    return Decoded(MediaStatus.CRASHED, f"the decoding process ended by itself ({name}); nothing of it is used", found)


def _probe_of(document: Message) -> Probe:
    video, audio = document["video"], document["audio"]
    return Probe(
        **{
            **document,
            "status": MediaStatus(document["status"]),
            "video": VideoStream(**video) if video else None,
            "audio": AudioStream(**audio) if audio else None,
        }
    )


def _state(seen: os.stat_result) -> tuple[int, int, int]:
    """Which file it is, how long and of when."""
    return seen.st_ino, seen.st_size, seen.st_mtime_ns


def _state_at(path: str | os.PathLike[str]) -> tuple[int, int, int] | None:
    try:
        return _state(os.lstat(path))
    except OSError:  # deleted or moved
        return None
