"""Clips, planted and real, as frames with times; and what a change to the picture does to the measures."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np

from tests.faces import Act, Picture, Stand, draw
from vivavoce.data.schema import Measures
from vivavoce.features.face import FACE
from vivavoce.features.face.answer_face import AnswerFace
from vivavoce.features.face.face_track import FaceTracker

Frames = list[tuple[float, Picture]]

BLINKS_S = (1.2, 3.1, 4.4)  # when the planted clip's eyes close
BLINK_S = 0.3
CLOSED = 0.9  # the mesh takes lids that meet exactly for a squint


def acted(time_s: float, vigour: float = 1.0) -> Act:
    """A candidate who talks, turns and blinks; ``vigour`` scales how far head and lips move."""
    wave = lambda hertz: float(np.sin(2 * np.pi * hertz * time_s))  # noqa: E731
    closed = any(start <= time_s < start + BLINK_S for start in BLINKS_S)
    return Act(
        yaw=4 + 12 * vigour * wave(0.3),
        pitch=6 * vigour * wave(0.45),
        roll=3 + 6 * vigour * wave(0.2),
        lids=CLOSED if closed else 0.0,
        mouth=0.6 * vigour * (1 + wave(1.1)),
    )


@cache
def planted(frames_per_second: int, seconds: float, vigour: float = 1.0) -> Frames:
    times = np.arange(round(seconds * frames_per_second)) / frames_per_second
    return [(t, draw(acted(t + 1e-6, vigour), Stand(360, 288, 60))) for t in times.tolist()]


def read(path: Path, frames_per_second: float = float("inf")) -> Iterator[tuple[float, Picture]]:
    """The first frame of a video at or after each tick, or every frame; only those are converted."""
    with av.open(str(path)) as container:
        tick = 0
        for frame in container.decode(container.streams.video[0]):
            if frame.time >= tick / frames_per_second - 1e-6:
                tick += 1
                yield frame.time, frame.to_ndarray(format="rgb24")


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
