"""What a media file says about itself, before any of it is decoded."""

from dataclasses import dataclass

from vivavoce.data.status import MediaStatus


@dataclass(frozen=True)
class VideoStream:
    """The picture as declared; width and height in pixels as coded, before any rotation."""

    codec: str
    width: int
    height: int
    rate_hz: float | None  # frames a second, as guessed from the head; a variable rate has no other
    duration: float | None  # seconds; None where nothing is declared


@dataclass(frozen=True)
class AudioStream:
    """The sound as declared."""

    codec: str
    rate_hz: int
    channels: int
    duration: float | None  # seconds; None where nothing is declared


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
