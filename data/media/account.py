"""What decoding one file came to: what was missing, where, and the status that follows. Needs no library.

What one media file may cost. Every cap carries its reason; a file past one ends in a named status.

What a media file says about itself, before any of it is decoded.
"""

import math
from dataclasses import dataclass, field

from vivavoce.data.status import MediaStatus

WHOLE = 0.98  # of a duration: what has less is partial
GAP_S = 1.0  # a hole longer than this is a loss, however long the rest
NEAR_S = 0.1  # losses this close to one another are told as one
MOST_LOSSES = 500  # told one by one; a file with more is damaged all over
Stretch = tuple[float, float]


class Ended(Exception):
    """Decoding ends here, with a status and a sentence for the operator."""

    def __init__(self, status: MediaStatus, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


@dataclass
class Account:
    """What is missing, in words, and the smallest share of a stream that was decoded.

    Parameters
    ----------
    share
        0 to 1; 1 is ideal.
    lacks
        A sentence for every loss.
    flags
        Every status that applies.
    lost
        Start and end, in seconds, of the sound that is not what was recorded there.
    cut
        Whether the sound breaks off: what was recorded after its end is not known.
    """

    share: float = 1.0
    lacks: list[str] = field(default_factory=list)
    flags: set[MediaStatus] = field(default_factory=set)
    lost: list[Stretch] = field(default_factory=list)
    cut: bool = False

    def lack(self, share: float, sentence: str, cut: bool = False) -> None:
        """Note a loss: what is left of the stream, what happened, and whether the sound breaks off there."""
        self.share = min(self.share, share)
        self.lacks.append(sentence)
        self.flags.add(MediaStatus.PARTIAL_MEDIA)
        self.cut = self.cut or cut

    @property
    def status(self) -> MediaStatus:
        """The one status: what is lost comes before what was never there, sound before picture."""
        ranked = (MediaStatus.PARTIAL_MEDIA, MediaStatus.NO_AUDIO, MediaStatus.NO_VIDEO)
        return next((status for status in ranked if status in self.flags), MediaStatus.OK)

    def losses(self, end: float) -> list[Stretch]:
        """The lost stretches of sound that ends at ``end`` seconds, in order, apart; the last may have no end.

        Examples
        --------
        >>> Account(lost=[(7.0, 7.5), (1.0, 1.2), (1.25, 1.5)], cut=True).losses(60.0)
        [(1.0, 1.5), (7.0, 7.5), (60.0, inf)]
        """
        merged: list[Stretch] = []
        for start, stop in sorted([*self.lost, *([(end, math.inf)] if self.cut else [])]):
            if merged and start <= merged[-1][1] + NEAR_S:
                merged[-1] = (merged[-1][0], max(merged[-1][1], stop))
            else:
                merged.append((start, stop))
        if len(merged) > MOST_LOSSES:
            merged = [(merged[0][0], merged[-1][1])]
        return [(round(start, 3), round(stop, 3)) for start, stop in merged]


MEBI, GIBI = 2**20, 2**30


@dataclass(frozen=True)
class Limits:
    """Caps on one media file and on the child process that decodes it.

    Parameters
    ----------
    file_bytes
        Largest file, in bytes. 4 GiB holds three hours at 3 Mbit/s, more than meeting tools record.
    duration_s
        Longest recording, in seconds. Three hours cover any interview; what is longer was left running.
    frame_pixels
        Most pixels in one frame. 4096 × 4096 covers 4K; 198 kB of 8192 × 8192 unfold to 100 MB a frame.
    shortest_wait_s, wait_per_second
        Wall time that the child may take: ``max(shortest_wait_s, wait_per_second × duration)``. 1080p decodes several
        times faster than it plays on one core, so three times the playing time means that something is wrong.
        Only waiting for the child counts, not what the caller does with its frames.
    memory_bytes
        Address space of the child beyond what it starts with. 16 reference frames of 4096 × 4096 at 8 bit take 400 MiB.

    Examples
    --------
    >>> Limits().wait_s(10), Limits().wait_s(3600)
    (120.0, 10800.0)
    """

    file_bytes: int = 4 * GIBI
    duration_s: float = 3 * 3600.0
    frame_pixels: int = 4096 * 4096
    shortest_wait_s: float = 120.0
    wait_per_second: float = 3.0
    memory_bytes: int = 1 * GIBI

    def wait_s(self, duration_s: float) -> float:
        """Seconds of wall time, and of processor time, for a recording of ``duration_s`` seconds."""
        return max(self.shortest_wait_s, self.wait_per_second * duration_s)


@dataclass(frozen=True)
class VideoStream:
    """The picture as declared; width and height in pixels as coded, before any rotation."""

    codec: str
    width: int
    height: int
    rate_hz: float | None  # frames a second, as guessed from the head; a variable rate has no other
    duration: float | None  # seconds; None where nothing is declared


@dataclass(frozen=True)
class Source:
    """Which of a file's sound is wanted.

    Parameters
    ----------
    track
        The n-th of the sound tracks that can be decoded, from 0; None for the one that the container puts first.
    channel
        The n-th of that track's channels, from 0, and nothing of the others; None for all of them, mixed down.
    """

    track: int | None = None
    channel: int | None = None


@dataclass(frozen=True)
class AudioStream:
    """The sound as declared."""

    codec: str
    rate_hz: int
    channels: int
    duration: float | None  # seconds; None where nothing is declared
    track: int = 0  # which of the sound tracks that can be decoded it is
    tracks: int = 1  # how many there are


@dataclass(frozen=True)
class Probe:
    """What a file is.

    Parameters
    ----------
    status
        ``ok`` where it may be decoded, else why not.
    detail
        One sentence for the operator; empty where there is nothing to say.
    bytes
        Size of the file.
    container
        libavformat's name of the format; None where the file was refused by its first bytes.
    duration
        Declared length in seconds; None where nothing is declared.
    video, audio
        The streams that would be decoded; a cover picture is not a video.
    """

    status: MediaStatus
    detail: str = ""
    bytes: int = 0
    container: str | None = None
    duration: float | None = None
    video: VideoStream | None = None
    audio: AudioStream | None = None
