"""Clips, planted and real, as frames with times; and what a change to the picture does to the measures."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np

from tests.faces import Act, Picture, Stand, draw
from vivavoce.data.schema import Measures
from vivavoce.features.face.answer import AnswerFace
from vivavoce.features.face.measures import FACE
from vivavoce.features.face.track import FaceTracker

Frames = list[tuple[float, Picture]]

BLINKS_S = (1.2, 3.1, 4.4)  # when the planted clip's eyes close
BLINK_S = 0.3
CLOSED = 0.9  # the mesh takes lids that meet exactly for a squint


def acted(time_s: float) -> Act:
    """A candidate who talks, turns and blinks."""
    wave = lambda hertz: float(np.sin(2 * np.pi * hertz * time_s))  # noqa: E731
    closed = any(start <= time_s < start + BLINK_S for start in BLINKS_S)
    return Act(
        yaw=4 + 12 * wave(0.3),
        pitch=6 * wave(0.45),
        roll=3 + 6 * wave(0.2),
        lids=CLOSED if closed else 0.0,
        mouth=0.6 + 0.6 * wave(1.1),
    )


@cache
def planted(frames_per_second: int, seconds: float) -> Frames:
    times = np.arange(round(seconds * frames_per_second)) / frames_per_second
    return [(t, draw(acted(t + 1e-6), Stand(360, 288, 60))) for t in times.tolist()]


def read(path: Path) -> Iterator[tuple[float, Picture]]:
    """Every frame of a video."""
    with av.open(str(path)) as container:
        for frame in container.decode(container.streams.video[0]):
            yield frame.time, frame.to_ndarray(format="rgb24")


def sampled(frames: Iterable[tuple[float, Picture]], frames_per_second: float) -> Frames:
    """The first frame at or after each tick."""
    kept: Frames = []
    for time_s, rgb in frames:
        if time_s >= len(kept) / frames_per_second - 1e-6:
            kept.append((time_s, rgb))
    return kept


def measured(frames: Frames, change: Callable[[Picture], Picture] = np.asarray) -> Measures:
    """The face's measures over a whole clip, each frame changed."""
    tracker = FaceTracker(25.0)
    for time_s, rgb in frames:
        tracker.see(time_s, change(rgb))
    track = tracker.finish()
    tracker.close()
    return FACE.measure(AnswerFace(track, 0.0, float("inf")))


def mirrored(rgb: Picture) -> Picture:
    return np.ascontiguousarray(rgb[:, ::-1])


def scaled(by: float) -> Callable[[Picture], Picture]:
    return lambda rgb: cv2.resize(rgb, None, fx=by, fy=by, interpolation=cv2.INTER_AREA if by < 1 else cv2.INTER_CUBIC)


def lit(by: float) -> Callable[[Picture], Picture]:
    return lambda rgb: np.clip(np.round(rgb * by), 0, 255).astype(np.uint8)


CHANGES: dict[str, tuple[str, Callable[[Picture], Picture]]] = {
    "mirrored": ("mirroring", mirrored),
    "× 0.7": ("scaling", scaled(0.7)),
    "× 1.5": ("scaling", scaled(1.5)),
    "light − 20 %": ("brightness", lit(0.8)),
    "light + 20 %": ("brightness", lit(1.2)),
}
"""What is done to the picture, and the resistance that it tries."""
