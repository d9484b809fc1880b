"""Decoded sound in, 16 kHz on the recording's own timeline out. Runs in the decoding child only.

Decoded pictures in, upright RGB samples by time stamp out. Runs in the decoding child only.
"""

import math
from array import array
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from vivavoce.data.media.account import GAP_S, Stretch
from vivavoce.data.media.memory import LONGEST_SIDE, RATE_HZ, AudioSpool, Picture, Samples

BLOCK_SAMPLES = RATE_HZ // 2  # half a second: long enough for a correlation, short enough to follow a change
RAMP_SAMPLES = RATE_HZ // 50  # 20 ms in which a change of polarity is faded
OPPOSED = -0.5  # correlation of left and right below which their sum loses more than half its power
SILENT_POWER = 1e-8  # −80 dBFS: below it a correlation is noise
MOST_HELD = 32  # frames that a decoder may hold back: a declared length is met that soon or never
JITTER_S = 0.1  # timestamps wander by a packet or two while the sound is unbroken; words are timed to 0.1 s


def bare(start: float, end: float, held: Sequence[Stretch]) -> float:
    """Seconds between two frames that the container does not declare to be one frame's length.

    Examples
    --------
    >>> bare(1.0, 9.0, [(0.9, 8.5)])
    0.5
    """
    return end - start - sum(max(0.0, min(end, stop) - max(start, begin)) for begin, stop in held[-MOST_HELD:])


PIECE_SAMPLES = RATE_HZ // 10  # 0.1 s: short enough to fall between two words
WINDOW_SAMPLES = 60 * RATE_HZ  # over which an offset stands still: a minute has pauses, whoever speaks
QUIET = 0.1  # of the pieces, the quietest: in speech the mean need not be 0, in a room's noise it is
LEAST_QUIET = 5  # pieces: fewer cannot agree with one another
LEAST_OFFSET = 1e-4  # of full scale, −80 dBFS: below any room's noise


class Levelled:
    """Spools sound and in the end takes a constant out of it, as cheap sound cards add: a pause is silent without it.

    Parameters
    ----------
    spool : AudioSpool
        Takes the sound.

    Examples
    --------
    >>> with AudioSpool() as spool:
    ...     levelled = Levelled(spool)
    ...     levelled.append(np.full(16_000, 0.25, np.float32))
    ...     levelled.finish()
    ...     float(np.abs(spool.read(0, 1)).max())
    0.0
    """

    def __init__(self, spool: AudioSpool) -> None:
        self.spool = spool
        self._blocks: list[tuple[int, int]] = []  # first sample and length, as they came: two a second
        self._means, self._spreads, self._places = array("d"), array("d"), array("q")  # of pieces

    def append(self, samples: Samples) -> None:
        """Add samples at the end."""
        first, count = len(self.spool), len(samples) // PIECE_SAMPLES
        pieces = samples[: count * PIECE_SAMPLES].reshape(count, PIECE_SAMPLES)
        self._blocks.append((first, len(samples)))
        self._means.extend(pieces.mean(axis=1, dtype=np.float64))
        self._spreads.extend(pieces.std(axis=1, dtype=np.float64))
        self._places.extend(range(first, first + count * PIECE_SAMPLES, PIECE_SAMPLES))
        self.spool.append(samples)

    def finish(self) -> None:
        """Take out what stands still over the quiet pieces of a minute: what wanders is rumble, and is left."""
        windows = max(1, round(len(self.spool) / WINDOW_SAMPLES))
        means, spreads = np.array(self._means), np.array(self._spreads)
        minute = np.minimum(np.array(self._places, np.int64) // WINDOW_SAMPLES, windows - 1)
        for window in np.unique(minute):
            there = minute == window
            ranked = np.sort(spreads[there])
            quiet = means[there & (spreads <= ranked[min(len(ranked) - 1, max(LEAST_QUIET, int(QUIET * len(ranked))))])]
            offset = float(np.median(quiet))
            if abs(offset) <= max(LEAST_OFFSET, float(np.ptp(np.quantile(quiet, (0.1, 0.9))))):
                continue
            for first, count in self._blocks:
                if min(first // WINDOW_SAMPLES, windows - 1) == window:
                    self.spool.lower(first, count, offset)


class Mixdown:
    """Two channels into one without ever cancelling them: the right one is turned over while it opposes the left.

    Works on blocks of half a second in order, so memory does not grow and the same sound gives the same mix.
    The mix is half the sum, so a channel that is silent costs 6 dB.

    Examples
    --------
    >>> tone = np.sin(np.arange(8000, dtype=np.float32))
    >>> mixed = Mixdown().mix(np.stack([tone, -tone]))
    >>> bool(np.allclose(mixed[320:], tone[320:]))
    True
    """

    def __init__(self) -> None:
        self._sign = 1.0

    def mix(self, block: Samples) -> Samples:
        """Mix shape (channels, n), one or two channels, into shape (n,)."""
        if len(block) == 1:
            mono: Samples = block[0]
            return mono
        left, right = block
        one, other = left - left.mean(), right - right.mean()  # a constant in both is no likeness
        power = float(np.sqrt(np.dot(one, one) * np.dot(other, other)))
        before = self._sign
        if power > SILENT_POWER * len(left) and float(np.dot(one, other)) * before < OPPOSED * power:
            self._sign = -before
        gain = np.full(len(left), self._sign, np.float32)
        if self._sign != before:
            ramp = min(RAMP_SAMPLES, len(left))
            gain[:ramp] = np.linspace(before, self._sign, ramp, dtype=np.float32)
        mixed: Samples = 0.5 * (left + gain * right)
        return mixed


class Soundtrack:
    """Takes decoded frames in order and spools them at their true times.

    An unbroken stretch of frames goes through one resampler. Where the timestamps leave the stretch by more than
    ``JITTER_S``, it ends: a hole is filled with silence, an overlap is dropped.

    Parameters
    ----------
    mono : AudioSpool
        Takes the mix.
    channels : sequence of AudioSpool
        Take left and right where the sound has two channels; empty where nobody asks.
    origin : float
        Time stamp, in seconds, at which the recording's timeline begins.
    horizon : float
        Seconds on the timeline beyond which a time stamp is a defect, not a place.
    channel : int, optional
        The only channel that is taken; the last one where there are fewer.
    """

    def __init__(
        self,
        mono: AudioSpool,
        channels: Sequence[AudioSpool],
        origin: float,
        horizon: float,
        channel: int | None = None,
    ) -> None:
        self._channel, self._apart = channel, AudioResampler("fltp")
        self._mono, self._channels = Levelled(mono), [Levelled(channel) for channel in channels]
        self._origin, self._horizon = origin, horizon
        self._mixdown = Mixdown()
        self._resampler: AudioResampler | None = None
        self._shape: tuple[int, str, str] | None = None
        self._began, self._taken = 0.0, 0  # where the stretch began, frames' samples in it
        self._written, self._drop = 0, 0  # samples at 16 kHz on the timeline; to be dropped from the stretch's head
        self.start: float | None = None
        self.gaps: list[tuple[float, float]] = []  # start and length of holes longer than GAP_S
        self.patched = 0.0  # seconds in shorter holes that were filled, and in overlaps that were dropped
        self.lost: list[Stretch] = []  # seconds of the recording at which the sound is not what was recorded
        self.held: list[Stretch] = []  # seconds that one frame is declared to last
        self.misplaced = self.corrupt = 0  # frames whose time stamps cannot be; frames the decoder doubts
        self.missed = 0.0  # as for pictures: sound that does not come is a hole
        self.interval = 0.0  # seconds of the longest frame

    @property
    def end(self) -> float:
        """Seconds on the timeline up to which sound was taken."""
        return self._began + (self._taken / self._shape[0] if self._shape else 0.0)

    def wants(self, packet: "Packet[Any]") -> bool:  # noqa: ARG002
        """Whether this packet's sound is needed: all of it is."""
        return True

    def take(self, frame: AudioFrame) -> None:
        """Take one decoded frame."""
        time = self.end if frame.time is None else frame.time - self._origin
        if time > self._horizon or (self.start is not None and time < self.end - GAP_S):
            time = self.end
            self.misplaced += 1
            self.lost.append((time, math.inf))
        shape = (frame.sample_rate, frame.layout.name, frame.format.name)
        if shape != self._shape or abs(time - self.end) > JITTER_S:
            self._begin(time, shape)
        self._taken += frame.samples
        self.interval = max(self.interval, frame.samples / frame.sample_rate)
        if frame.is_corrupt:
            self._doubt(self.end - frame.samples / frame.sample_rate, self.end)
        frame.pts = None  # places are kept here; the filter would only warn
        for part in [frame] if self._channel is None else self._apart.resample(frame):
            self._write(self._resampler.resample(self._only(part)) if self._resampler else [])

    def _only(self, frame: AudioFrame) -> AudioFrame:
        """The one channel that is wanted, as a frame of its own."""
        if self._channel is None:
            return frame
        channels = frame.to_ndarray()
        wanted = channels[min(self._channel, len(channels) - 1)][None]
        single = AudioFrame.from_ndarray(np.ascontiguousarray(wanted), "fltp", "mono")
        single.sample_rate = frame.sample_rate
        return single

    def finish(self) -> None:
        """Spool what the resampler still holds, without the offset that all of it has."""
        self._flush()
        for spool in (self._mono, *self._channels):
            spool.finish()

    def _flush(self) -> None:
        if self._resampler is not None:
            self._write(self._resampler.resample(None))
        self._resampler = None

    def _begin(self, time: float, shape: tuple[int, str, str]) -> None:
        """End the stretch and begin one at ``time``."""
        self._flush()
        if self.start is None:
            self.start = time
        else:
            self._patch(time)
        place = round(time * RATE_HZ)
        hole, self._drop = max(0, place - self._written), max(0, self._written - place)
        self._mono.spool.append_silence(hole)
        self._written += hole
        mono = self._channel is not None or shape[1] == "mono" or shape[1].startswith("1 channel")
        self._apart = AudioResampler("fltp")
        self._resampler = AudioResampler("fltp", "mono" if mono else "stereo", RATE_HZ, BLOCK_SAMPLES)
        self._shape, self._began, self._taken = shape, time, 0

    def _patch(self, time: float) -> None:
        """Note that the sound goes on at ``time`` although it ended elsewhere: later, or before that."""
        end, apart = self.end, abs(time - self.end)
        if time > end and bare(end, time, self.held) <= JITTER_S:
            return
        if time - end > GAP_S:
            self.gaps.append((end, apart))
        elif apart > JITTER_S:
            self.patched += apart
        if apart > JITTER_S:
            self.lost.append((min(end, time), max(end, time)))

    def _doubt(self, start: float, end: float) -> None:
        """Count a frame of sound that cannot be what was recorded, and note its seconds."""
        self.corrupt += 1
        self.lost.append((start, end))

    def _write(self, frames: list[AudioFrame]) -> None:
        for frame in frames:
            block = frame.to_ndarray()[:, self._drop :].astype(np.float32, copy=False)
            self._drop = max(0, self._drop - frame.samples)
            if not np.isfinite(block).all():  # sound stored as floating point can hold anything
                self._doubt(self._written / RATE_HZ, (self._written + frame.samples) / RATE_HZ)
                block = np.nan_to_num(block, posinf=0.0, neginf=0.0)
            block = np.clip(block, -1.0, 1.0)
            for spool, channel in zip(self._channels, block if len(block) == 2 else (), strict=False):
                spool.spool.append_silence(self._written - len(spool.spool))  # holes, and stretches of one channel
                spool.append(channel)
            self._mono.append(self._mixdown.mix(block))
            self._written += block.shape[1]


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
        self.held: list[Stretch] = []  # seconds that one picture is declared to stand
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
        elif time - self.end > GAP_S and bare(self.end, time, self.held) > GAP_S:
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
