"""Recordings with a known truth, made by the tests: tones and pictures whose place and time can be read back."""

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.stream import Disposition

Samples = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]
BITS = 12  # of the frame number that a coded picture carries


def tone(seconds: float, hertz: float = 440.0, rate: int = 48_000, level: float = 0.5) -> Samples:
    """A sine of this amplitude, shape (n,)."""
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def silence(seconds: float, rate: int = 48_000) -> Samples:
    """Zeros, shape (n,)."""
    return np.zeros(round(seconds * rate), np.float32)


def noise(seconds: float, rate: int = 48_000, level: float = 0.1, seed: int = 0) -> Samples:
    """White noise of this standard deviation, shape (n,)."""
    return (level * np.random.default_rng(seed).standard_normal(round(seconds * rate))).astype(np.float32)


def beeps(
    seconds: float, at: Sequence[float], rate: int = 48_000, hertz: float = 1000.0, length: float = 0.1
) -> Samples:
    """Silence with a beep at each of these times, shape (n,): its onsets tell where time went."""
    sound = silence(seconds, rate)
    for start in at:
        beep = tone(length, hertz, rate)
        first = round(start * rate)
        sound[first : first + len(beep)] = beep[: len(sound) - first]
    return sound


def onsets(sound: Samples, rate: int = 16_000, threshold: float = 0.1, rest: float = 0.2) -> list[float]:
    """Seconds at which sound begins after at least ``rest`` seconds below the threshold."""
    loud = np.flatnonzero(np.abs(sound) > threshold)
    if not len(loud):
        return []
    first = np.concatenate([[True], np.diff(loud) > rest * rate])
    return [float(place) / rate for place in loud[first]]


def coded(number: int, width: int = 320, height: int = 240) -> Picture:
    """A picture that carries its number as black and white bars and a red square at its top left, (h, w, 3)."""
    picture = np.full((height, width, 3), 64, np.uint8)
    edges = np.linspace(0, width, BITS + 1).round().astype(int)
    for bit in range(BITS):
        picture[height // 2 :, edges[bit] : edges[bit + 1]] = 235 if number >> bit & 1 else 20
    picture[: height // 4, : width // 4] = (230, 20, 20)
    return picture


def number_of(picture: Picture) -> int:
    """The number that a coded picture carries."""
    height, width = picture.shape[:2]
    edges = np.linspace(0, width, BITS + 1).round().astype(int)
    row = picture[3 * height // 4, (edges[:-1] + edges[1:]) // 2].mean(axis=1)
    return sum(int(value > 128) << bit for bit, value in enumerate(row))


def corner_of(picture: Picture) -> tuple[int, int]:
    """Which quarter holds the red square: (0, 0) is top left, (0, 1) top right."""
    red = picture[..., 0].astype(int) - picture[..., 1]
    rows, columns = np.nonzero(red > 100)
    return int(rows.mean() > picture.shape[0] / 2), int(columns.mean() > picture.shape[1] / 2)


@dataclass(frozen=True)
class Sound:
    """A sound stream to be: samples (n,) or (channels, n)."""

    samples: Samples
    rate: int = 48_000
    codec: str = "aac"
    layout: str | None = None  # from the number of channels
    start: float = 0.0  # seconds
    holes: tuple[tuple[float, float], ...] = ()  # (at, length) in seconds: later samples are stamped later


@dataclass(frozen=True)
class Film:
    """A picture stream to be: pictures in order, their times, how they are coded."""

    pictures: Iterable[Picture]
    rate: int = 25
    codec: str = "libx264"
    pixels: str = "yuv420p"
    times: Callable[[int], float] | None = None  # seconds of the nth picture; by default n / rate
    rotation: float = 0.0  # degrees by which the metadata asks to turn it, counter-clockwise
    cover: bool = False  # an attached picture, not a video
    options: tuple[tuple[str, str], ...] = (("preset", "ultrafast"), ("g", "50"))


def film(seconds: float, rate: int = 25, width: int = 320, height: int = 240, **coding: Any) -> Film:
    """A moving, numbered picture of this length."""
    return Film((coded(n, width, height) for n in range(round(seconds * rate))), rate, **coding)


def write(
    path: Path | io.BytesIO,
    sound: Sound | Sequence[Sound] | None = None,
    picture: Film | Sequence[Film] | None = None,
    *,
    container: str | None = None,
    options: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    chapters: int = 0,
) -> Path | io.BytesIO:
    """Mux sound, one track or several, and picture into a file; the container follows from the name unless given."""
    target = path if isinstance(path, io.BytesIO) else str(path)
    with av.open(target, "w", format=container, options=options or {}) as out:
        out.metadata.update(metadata or {})
        sounds = [sound] if isinstance(sound, Sound) else sound or ()
        films = [picture] if isinstance(picture, Film) else picture or ()
        tracks: list[Any] = [*(_Pictures(out, one) for one in films), *(_Sounds(out, one) for one in sounds)]
        if chapters:
            part = {"start": 0, "end": 1000, "time_base": Fraction(1, 1000)}
            out.set_chapters([{**part, "id": n, "metadata": {"title": f"{n}"}} for n in range(chapters)])
        while tracks:
            track = min(tracks, key=lambda track: track.now)
            if not track.step():
                tracks.remove(track)
    return path


class _Pictures:
    def __init__(self, out: Any, film: Film) -> None:
        self._out, self._film, self._n, self.now = out, film, 0, 0.0
        self._pictures = iter(film.pictures)
        self._stream: Any = out.add_stream(film.codec, rate=film.rate, options=dict(film.options))
        self._stream.pix_fmt = film.pixels
        self._stream.codec_context.time_base = Fraction(1, 90_000)
        self._first: Picture | None = next(self._pictures, None)
        if self._first is not None:
            self._stream.height, self._stream.width = self._first.shape[:2]
        if film.cover:
            self._stream.disposition = Disposition.attached_pic
        if film.rotation:
            self._stream.set_display_rotation(film.rotation)

    def step(self) -> bool:
        picture = self._first if self._n == 0 else next(self._pictures, None)
        frame = None
        if picture is not None:
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format=self._film.pixels)
            self.now = self._film.times(self._n) if self._film.times else self._n / self._film.rate
            frame.pts, frame.time_base = round(self.now * 90_000), Fraction(1, 90_000)
        for packet in self._stream.encode(frame):
            self._out.mux(packet)
        self._n += 1
        return frame is not None


class _Sounds:
    def __init__(self, out: Any, sound: Sound) -> None:
        self._out, self._sound, self._at, self.now = out, sound, 0, sound.start
        self._samples = np.atleast_2d(sound.samples)
        layout = sound.layout or {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 6: "5.1"}[len(self._samples)]
        self._stream = out.add_stream(sound.codec, rate=sound.rate, layout=layout)
        if sound.codec.startswith("wma"):
            self._stream.bit_rate = 64_000  # its encoder has no default
        self._layout = layout

    def step(self) -> bool:
        rate = self._sound.rate
        block = self._samples[:, self._at : self._at + rate // 50]
        frame = None
        if block.shape[1]:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), "fltp", self._layout)
            frame.sample_rate = rate
            done = self._at / rate
            self.now = self._sound.start + done + sum(length for at, length in self._sound.holes if done >= at)
            frame.pts, frame.time_base = round(self.now * rate), Fraction(1, rate)
        for packet in self._stream.encode(frame):
            self._out.mux(packet)
        self._at += rate // 50
        return frame is not None
