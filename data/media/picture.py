"""Decoded pictures in, upright RGB samples by time stamp out. Runs in the decoding child only."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from vivavoce.data.media.account import GAP_S
from vivavoce.data.media.shelf import LONGEST_SIDE, Picture

EDGE = 1e-3  # of a cell: time stamps in whole milliseconds fall this close before the cell that they open

Deliver = Callable[[float, Picture], None]


class Pictures:
    """Takes decoded frames in order and delivers the first of every cell of ``1 / per_second`` seconds.

    Frames that nothing refers to are skipped by the decoder where no sample falls on them; the pictures that are
    delivered are the same as if every frame had been decoded.

    Parameters
    ----------
    stream
        Where the frames come from.
    per_second
        Samples a second; at most as many as the stream has frames.
    deliver
        Takes the time in seconds on the timeline and the picture, uint8 (h, w, 3), longest side ≤ 640 px.
    origin : float
        Time stamp, in seconds, at which the recording's timeline begins.
    horizon : float
        Seconds on the timeline beyond which a time stamp is a defect, not a place.
    """

    def __init__(self, stream: VideoStream, per_second: float, deliver: Deliver, origin: float, horizon: float) -> None:
        self._stream, self._per_second, self._deliver = stream, per_second, deliver
        self._origin, self._horizon = origin, horizon
        self._reformatter = VideoReformatter()
        self._cell = -math.inf
        self.interval = interval_of(stream)
        self.start: float | None = None
        self.last = 0.0
        self.gaps: list[tuple[float, float]] = []  # start and length of holes longer than GAP_S
        self.taken = self.corrupt = self.misplaced = 0
        self.patched = 0.0  # as for sound: a picture stands until the next one
        self._asked: set[int] = set()  # cells for which a packet came: 54,000 in three hours
        self._delivered = 0

    @property
    def end(self) -> float:
        """Seconds on the timeline up to which pictures were taken."""
        return self.last + self.interval if self.taken else 0.0

    @property
    def missed(self) -> float:
        """Share of the samples whose packet came and whose picture did not: decoders also fail in silence."""
        return max(0.0, 1 - self._delivered / len(self._asked)) if self._asked else 0.0

    def wants(self, packet: "Packet[Any]") -> bool:
        """Whether a sample may fall on this packet's picture."""
        if packet.pts is None or packet.time_base is None:
            return True
        time = float(packet.pts * packet.time_base) - self._origin
        wanted = self._cell_of(time) > self._cell_of(time - 1.05 * self.interval)  # 5 %: rounded time stamps
        if wanted and time >= 0 and not packet.is_discard:
            self._asked.add(self._cell_of(time))
        return wanted

    def take(self, frame: VideoFrame) -> None:
        """Take one decoded frame."""
        time = self.end if frame.time is None else frame.time - self._origin
        if time > self._horizon or (self.taken and time < self.last - GAP_S):
            self.misplaced += 1
            return
        if self.start is None:
            self.start = time
        elif time - self.end > GAP_S:
            self.gaps.append((self.last, time - self.last))
        self.taken += 1
        self.corrupt += frame.is_corrupt
        self.last = max(self.last, time)
        if time >= 0 and self._cell_of(time) > self._cell:
            self._cell = self._cell_of(time)
            self._delivered += 1
            self._deliver(time, self._upright(frame))

    def finish(self) -> None:
        """Do nothing: every picture was delivered when it came."""

    def _cell_of(self, time: float) -> int:
        return math.floor(time * self._per_second + EDGE)

    def _upright(self, frame: VideoFrame) -> Picture:
        """Square pixels, longest side at most ``LONGEST_SIDE``, turned as the metadata says."""
        aspect = float(self._stream.sample_aspect_ratio or 1)
        wide, high = frame.width * max(1.0, aspect), frame.height * max(1.0, 1 / aspect)
        scale = min(1.0, LONGEST_SIDE / max(wide, high))
        small = self._reformatter.reformat(
            frame,
            max(1, round(wide * scale)),
            max(1, round(high * scale)),
            "rgb24",
            interpolation="BILINEAR",
            threads=1,
        )
        plane = small.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(small.height, plane.line_size)[:, : 3 * small.width]
        return np.rot90(rows.reshape(small.height, small.width, 3), round(frame.rotation / 90))


def interval_of(stream: VideoStream) -> float:
    """Seconds from frame to frame, as declared."""
    rate = stream.guessed_rate or stream.average_rate
    return min(1.0, float(1 / rate)) if rate else 1 / 25
