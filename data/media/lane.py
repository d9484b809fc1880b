"""One stream on its way through the decoder, and the judgement of what it lacks. Runs in the decoding child only."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream as SoundStream
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as PictureStream

from vivavoce.data.media.account import WHOLE, Account, Ended, Limits, Stretch
from vivavoce.data.media.samples import Pictures, Soundtrack, interval_of
from vivavoce.data.status import MediaStatus

HOLE_STEPS = 3  # a camera drops a frame or two of its own accord; more in a row are lost
REGULAR = 0.9  # of the steps from stamp to stamp alike: only then do longer ones tell of a loss
DAMAGE = (av.FFmpegError, IndexError, UnicodeDecodeError)  # what damaged bytes raise, seen in mutated files


class Unseen:
    """Takes the times of a picture that nobody looks at: where it ends tells whether the sound ends early."""

    def __init__(self, stream: PictureStream, origin: float, horizon: float) -> None:
        self._origin, self._horizon = origin, horizon
        self.interval = interval_of(stream)
        self.start: float | None = None
        self.end = 0.0

    def note(self, packet: "Packet[Any]") -> None:
        """Read one packet's time."""
        if packet.pts is None or packet.time_base is None or packet.is_discard:
            return
        time = float(packet.pts * packet.time_base) - self._origin
        if time <= self._horizon:
            self.start = time if self.start is None else min(self.start, time)
            self.end = max(self.end, time + self.interval)


@dataclass
class Lane:
    """One stream on its way to whatever takes its frames."""

    stream: PictureStream | SoundStream
    taker: Any  # Soundtrack for a sound stream, Pictures or Unseen for a picture stream
    name: str  # in the operator's words
    origin: float  # seconds: the time stamp at which the recording begins
    declared: float | None  # seconds
    promised: float | None = None  # when it ends, in seconds of the recording, by another clock than its own
    begins: float | None = None  # seconds from which ``declared`` counts where only the stream's end is written down
    lengths: bool = False  # whether the container says how long every frame lasts
    packets: int = 0
    failed: int = 0
    lost: list[Stretch] = field(default_factory=list)  # seconds of the recording
    stamps: "array[float]" = field(
        default_factory=lambda: array("d")
    )  # seconds; 8 bytes a packet, 2.6 MB in three hours

    def feed(self, packet: "Packet[Any]", limits: Limits) -> None:
        """Decode one packet; damage is counted, a frame past the limits raises ``Ended``."""
        if isinstance(self.taker, Unseen):
            return self.taker.note(packet)
        context = self.stream.codec_context
        self.packets += packet.size > 0
        if packet.pts is not None and packet.time_base is not None:
            self.stamps.append(float(packet.pts * packet.time_base))
            self._hold(packet)
        context.skip_frame = "DEFAULT" if self.taker.wants(packet) else "NONREF"
        try:
            frames = packet.decode()
        except MemoryError:
            raise
        except DAMAGE:
            self._fail(packet)
            return
        for frame in frames:
            if isinstance(frame, VideoFrame):
                refuse_pixels(frame.width, frame.height, limits)
            self.taker.take(frame)

    def _hold(self, packet: "Packet[Any]") -> None:
        """Note a picture that is declared to stand, as on a screen where nothing moves, and sound's delayed beginning.

        Fragments cannot say that sound begins late otherwise than by a first frame that lasts until then.
        """
        if self.lengths and (self.name == "picture" or self.packets == 1) and packet.duration:
            start = self.stamps[-1] - self.origin
            length = float(packet.duration * (packet.time_base or 0))
            if length > HOLE_STEPS * max(self.taker.interval, 0.04):
                self.taker.held.append((start, start + length))

    def ends_as_promised(self, allowed: float) -> bool:
        """Whether something other than this stream's own clock says, to ``allowed`` seconds, that it ends here."""
        return self.promised is not None and abs(self.promised - self.taker.end) <= allowed

    def _fail(self, packet: "Packet[Any]") -> None:
        """Count a packet that cannot be decoded, and note where it would have been."""
        self.failed += 1
        base = packet.time_base or 0
        time = self.taker.end if packet.pts is None else float(packet.pts * base) - self.origin
        self.lost.append((time, time + max(self.taker.interval, float((packet.duration or 0) * base))))

    def _holes(self) -> float:
        """Seconds in holes between packets that otherwise come in equal steps; 0 where they do not."""
        steps = np.diff(np.sort(np.frombuffer(self.stamps))) if len(self.stamps) > 2 else np.zeros(1)
        step = float(np.median(steps))
        if np.mean(np.abs(steps - step) < 0.1 * step + 0.002) < REGULAR:  # 2 ms: stamps in whole milliseconds
            return 0.0
        held = float(sum(stop - start - step for start, stop in self.taker.held))
        return max(0.0, float(np.sum(steps[steps > HOLE_STEPS * step + 0.002] - step)) - held)

    def judge(self, account: Account) -> None:
        """Note what this stream lacks: length, stretches, packets, times."""
        taker, failed = self.taker, self.failed + self.taker.corrupt
        if taker.start is None:
            return account.lack(0.0, f"the {self.name} is declared but none of it can be decoded")
        sounds = isinstance(taker, Soundtrack)
        if sounds:
            account.lost += [*self.lost, *taker.lost]
        late = 0.0 if self.begins is None else max(0.0, taker.start - self.begins)
        length, declared = taker.end - taker.start, max(0.0, (self.declared or 0.0) - late)
        whole = max(length, declared)
        span = length - max(self._holes(), sum(hole for _, hole in taker.gaps) + taker.patched)
        share = 1.0 if whole - span < 1.01 * taker.interval else span / whole  # a stream may end one frame early
        decoded = share * max(0.0, 1 - max(taker.missed, failed / max(1, self.packets)))
        if decoded < WHOLE:
            of = f" of {self.declared:.1f} s declared" if self.declared else ""
            short = sounds and length < WHOLE * declared - taker.interval
            account.lack(decoded, f"{span:.1f} s of {self.name}{of}, {failed} of {self.packets} packets damaged", short)
        if taker.patched > (1 - WHOLE) * length:
            account.lack(
                decoded, f"{taker.patched:.1f} s of {self.name} where time stamps leave frames out or pile them up"
            )
        for begin, hole in taker.gaps[:1]:
            account.lack(
                decoded, f"{len(taker.gaps)} holes in the {self.name}, the first {hole:.1f} s long at {begin:.1f} s"
            )
        if taker.misplaced:
            account.lack(decoded, f"{taker.misplaced} frames of {self.name} carry times that cannot be")
        if isinstance(taker, Pictures) and taker.taken == 1:
            account.lack(decoded, "the picture is a single frame")
        account.share = min(account.share, decoded)


def allowance(length: float, lanes: Sequence[Lane]) -> float:
    """Seconds by which ends may differ: two in a hundred, and one frame more or less, as recorders stop."""
    return (1 - WHOLE) * length + max(float(lane.taker.interval) for lane in lanes)


def compare(sound: Lane, picture: Lane, account: Account) -> None:
    """Note where one stream ends before the other and nothing says that it was meant to.

    A camera that was switched off is no loss where the file says when the picture ended. A wrong clock looks the same,
    and so does a recorder that lost one of its inputs: what cannot be told apart from a loss is one. Of a picture that
    nobody looks at nothing is said.
    """
    early, late = sorted((sound, picture), key=lambda lane: float(lane.taker.end))
    if early.taker.start is None or late.taker.start is None or isinstance(early.taker, Unseen):
        return
    allowed = allowance(late.taker.end, (early, late))
    meant = all(lane.ends_as_promised(allowed) for lane in (early, late))
    if late.taker.end - early.taker.end > allowed and not meant:
        ends = f"the {early.name} ends at {early.taker.end:.1f} s, the {late.name} at {late.taker.end:.1f} s"
        account.lack(early.taker.end / late.taker.end, f"{ends}, and the file does not say why", early is sound)


def refuse_pixels(width: int, height: int, limits: Limits) -> None:
    """Raise ``Ended`` for a frame with more pixels than the limits allow."""
    if width * height > limits.frame_pixels:
        detail = f"a frame has {width} × {height} pixels; at most {limits.frame_pixels} are decoded"
        raise Ended(MediaStatus.TOO_LARGE, detail)
