"""One pass over a file's packets, and an account of what was missing. Runs in the decoding child only."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

import av
from av.audio.stream import AudioStream as SoundStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream as PictureStream

from vivavoce.data.media.account import WHOLE, Account, AudioStream, Ended, Limits, Probe, Source, VideoStream
from vivavoce.data.media.container import Layout
from vivavoce.data.media.lane import DAMAGE, Lane, Unseen, allowance, compare, refuse_pixels
from vivavoce.data.media.memory import AudioSpool
from vivavoce.data.media.samples import Deliver, Pictures, Soundtrack
from vivavoce.data.status import MediaStatus

PROGRESS_S = 30.0  # seconds of media between signs of life
ENDS_ONLY = frozenset({"matroska", "mpegts", "mpeg"})  # say when a stream ends and not when it begins
UNPLACED = 0.0, math.inf  # a loss that moves every later time: stamps count what came, not what did not come before


@dataclass(frozen=True)
class Read:
    """How much of a file the demuxer gave: up to which byte packets came, and how many bytes were wanted ones."""

    reached: int
    taken: int


class Decoding:
    """An opened container, the streams that would be decoded, and what they declare.

    Parameters
    ----------
    container
        Opened by libavformat.
    demuxer, layout
        What the file's own headers show.
    size_bytes
        Of the file.
    source
        Which sound is wanted; a track that the file does not have is the container's own.
    """

    def __init__(
        self, container: InputContainer, demuxer: str, layout: Layout, size_bytes: int, source: Source
    ) -> None:
        self._container, self._demuxer, self._layout, self._channel = container, demuxer, layout, source.channel
        self._picture = _first(container.streams.video, container.streams.best("video"))
        self._tracks = _able(container.streams.audio)
        self._sound = _first(container.streams.audio, container.streams.best("audio"))
        if source.track is not None and source.track < len(self._tracks):
            self._sound = self._tracks[source.track]
        start = (container.start_time or 0) / av.time_base
        # MP4 states the empty time before its first sample; elsewhere the first time stamp is an accident of recording
        self._origin = min(0.0, start) if demuxer == "mov" and not layout.fragmented else start
        self._whole = container.duration / av.time_base if container.duration and layout.declares else None
        self.probe = self._probed(size_bytes)

    def _probed(self, size_bytes: int) -> Probe:
        video = audio = None
        if self._picture is not None:
            context, rate = self._picture.codec_context, self._picture.guessed_rate
            declared = self._declared(self._picture)
            video = VideoStream(context.name, context.width, context.height, float(rate) if rate else None, declared)
        if self._sound is not None:
            sound = self._sound.codec_context
            track, tracks = self._tracks.index(self._sound), len(self._tracks)
            declared = self._declared(self._sound)
            audio = AudioStream(sound.name, sound.sample_rate, sound.channels, declared, track, tracks)
        longest = max((stream.duration for stream in (video, audio) if stream and stream.duration), default=None)
        return Probe(MediaStatus.OK, "", size_bytes, self._demuxer, self._whole or longest, video, audio)

    def _declared(self, stream: PictureStream | SoundStream) -> float | None:
        """Seconds from the stream's first to its last moment, as declared."""
        if not self._layout.declares:
            return None
        base = stream.time_base or Fraction(0)
        if stream.duration:
            return float(stream.duration * base)
        tagged = _tagged_end(stream)
        return None if tagged is None else tagged - float((stream.start_time or 0) * base)

    def _promised(self, stream: PictureStream | SoundStream) -> float | None:
        """When the stream ends, in seconds of the recording, as something other than its own time stamps says."""
        end = self._layout.ends.get(stream.id, _tagged_end(stream))
        return None if end is None else end - self._origin

    def refuse_oversize(self, limits: Limits) -> None:
        """Raise ``Ended`` where the declared frame or length is past the limits."""
        video, duration = self.probe.video, self.probe.duration
        if video is not None:
            refuse_pixels(video.width, video.height, limits)
        if duration is not None and duration > limits.duration_s:
            raise _too_long(duration, limits)

    def run(
        self,
        limits: Limits,
        pictures: tuple[float, Deliver] | None,
        spools: Sequence[AudioSpool],
        alive: Callable[[float], None],
    ) -> Account:
        """Decode what is wanted and say what was missing.

        Parameters
        ----------
        pictures
            How many a second, and what takes them; None where nobody wants any.
        spools
            What takes the mix and then, where asked for, left and right; empty where nobody wants sound.
        alive
            Called with the seconds decoded so far, every ``PROGRESS_S``.
        """
        if self._picture is None and self._sound is None:
            raise Ended(MediaStatus.UNREADABLE, "it holds neither sound nor picture that can be decoded")
        account, lanes, probe = Account(), [], self.probe
        horizon = limits.duration_s + 1 if probe.duration is None else 2 * probe.duration + 60
        if spools and self._sound is not None and probe.audio is not None:
            track = Soundtrack(spools[0], spools[1:], self._origin, horizon, self._channel)
            lanes.append(self._lane(self._sound, track, "sound", probe.audio.duration))
        elif spools:
            account.flags.add(MediaStatus.NO_AUDIO)
        if self._picture is not None and probe.video is not None:
            shown = Pictures(self._picture, *pictures, self._origin, horizon) if pictures else None
            taker = shown or Unseen(self._picture, self._origin, horizon)
            lanes.append(self._lane(self._picture, taker, "picture", probe.video.duration))
        elif pictures:
            account.flags.add(MediaStatus.NO_VIDEO)
        if any(not isinstance(lane.taker, Unseen) for lane in lanes):
            self._judge(lanes, self._pass(lanes, limits, alive, account), account)
        return account

    def _lane(self, stream: PictureStream | SoundStream, taker: object, name: str, declared: float | None) -> Lane:
        begins = float((stream.start_time or 0) * (stream.time_base or 0)) - self._origin
        lengths = self._demuxer == "mov"  # ISO/IEC 14496-12, 8.6.1.2 and 8.8.8: every frame's length is written down
        late = begins if self._demuxer in ENDS_ONLY else None
        return Lane(stream, taker, name, self._origin, declared, self._promised(stream), late, lengths)

    def _pass(self, lanes: Sequence[Lane], limits: Limits, alive: Callable[[float], None], account: Account) -> Read:
        """Feed every packet to its lane, in the order of the file."""
        by_index = {lane.stream.index: lane for lane in lanes}
        decoded = [lane for lane in lanes if not isinstance(lane.taker, Unseen)]
        for lane in decoded:
            lane.stream.codec_context.thread_count = 1  # one process is one core
        signed, reached, taken = 0.0, 0, 0
        try:
            for packet in self._container.demux():
                reached = max(reached, (packet.pos or 0) + packet.size)
                if packet.stream.index not in by_index:
                    continue
                taken += packet.size
                by_index[packet.stream.index].feed(packet, limits)
                now = max(lane.taker.end for lane in decoded)
                if now > limits.duration_s:
                    raise _too_long(now, limits)
                if now > signed + PROGRESS_S:
                    signed = now
                    alive(now)
        except MemoryError:
            raise
        except DAMAGE as error:
            account.lack(1.0, f"reading stopped early: {reason(error)}", cut=True)
        for lane in decoded:
            lane.taker.finish()
        return Read(reached, taken)

    def _judge(self, lanes: Sequence[Lane], read: Read, account: Account) -> None:
        """Note what every stream lacks, and what the container promised beyond them."""
        decoded = [lane for lane in lanes if not isinstance(lane.taker, Unseen)]
        if all(lane.taker.start is None for lane in decoded):
            raise Ended(MediaStatus.UNREADABLE, "none of its sound or picture can be decoded")
        for lane in decoded:
            lane.judge(account)
        if len(lanes) == 2:
            compare(lanes[0], lanes[1], account)
        self._judge_container(lanes, account)
        if self._layout.missing:
            left = self.probe.bytes / (self.probe.bytes + self._layout.missing)
            account.lack(left, f"the file ends at least {self._layout.missing} bytes early", cut=True)
        if read.reached < WHOLE * self._layout.media_end:
            sentence = f"nothing can be read after byte {read.reached} of {self._layout.media_end}"
            account.lack(read.reached / self._layout.media_end, sentence, cut=True)
        if read.taken < WHOLE * self._layout.sound_bytes:
            sentence = f"{read.taken} of {self._layout.sound_bytes} bytes of sound can be read"
            account.lack(read.taken / self._layout.sound_bytes, sentence)
            account.lost.append(UNPLACED)
        if self._layout.headless:
            account.lack(1.0, "the sound begins in the middle of a frame: something before it is gone")
            account.lost.append(UNPLACED)
        if isinstance(lanes[0].taker, Soundtrack):
            account.lost = account.losses(lanes[0].taker.end)

    def _judge_container(self, lanes: Sequence[Lane], account: Account) -> None:
        """Note what the container promised beyond all of its streams."""
        types = {lane.stream.type for lane in lanes}
        if not self._whole or (self._picture and "video" not in types) or (self._sound and "audio" not in types):
            return
        end, allowed = max(lane.taker.end for lane in lanes), allowance(self._whole, lanes)
        if end >= self._whole - allowed:
            return
        headless = self._origin > allowed  # the time before the first stamp counts for the container
        filled = max((lane.promised or 0.0 for lane in lanes), default=0.0) >= self._whole - allowed
        sounds = isinstance(lanes[0].taker, Soundtrack)
        kept = sounds and filled and not headless and lanes[0].ends_as_promised(allowed)
        if not kept or not any(isinstance(lane.taker, Unseen) for lane in lanes):
            sentence = f"{end:.1f} s of {self._whole:.1f} s that the container declares"
            account.lack(end / self._whole, sentence, cut=not kept)
        if headless:
            account.lost.append(UNPLACED)


S = TypeVar("S", PictureStream, SoundStream)


def _tagged_end(stream: PictureStream | SoundStream) -> float | None:
    """Seconds of Matroska's tag, which counts from the recording's beginning; None where there is none."""
    try:
        hours, minutes, rest = (float(part) for part in stream.metadata.get("DURATION", "").split(":"))
    except ValueError:
        return None
    return 3600 * hours + 60 * minutes + rest


def _first(streams: Sequence[S], best: object) -> S | None:
    """The stream to decode: libavformat's choice unless that is a cover picture, then the first that can be decoded."""
    able = _able(streams)
    return next((stream for stream in able if stream is best), able[0] if able else None)


def _able(streams: Sequence[S]) -> list[S]:
    """Those that can be decoded and move."""
    return [stream for stream in streams if stream.codec_context is not None and not _still(stream)]


def _still(stream: PictureStream | SoundStream) -> bool:
    return bool(
        stream.disposition & (Disposition.attached_pic | Disposition.still_image | Disposition.timed_thumbnails)
    )


def _too_long(duration: float, limits: Limits) -> Ended:
    detail = f"it lasts {duration / 3600:.2f} h or more; at most {limits.duration_s / 3600:g} h are decoded"
    return Ended(MediaStatus.TOO_LONG, detail)


def reason(error: BaseException) -> str:
    """What a library's error says, in one line."""
    return str(getattr(error, "strerror", None) or error or type(error).__name__).splitlines()[0][:200]
