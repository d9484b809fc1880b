"""The face within one answer: the material of the FACE family, and the functionals that its measures share.

The FACE family and what its declarations share.

Yaw is positive when the face turns to the picture's right (the candidate's own left), pitch when it turns up, roll
when the head tilts clockwise in the picture. *Spread* is the mean distance from the median. The zero of an angle and
the level of a length depend on a person's anatomy by some degrees or hundredths; spreads and speeds do not.
"""

from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from vivavoce.data.identity import source_digest
from vivavoce.data.interview import Modality
from vivavoce.data.media.decode import DECODING
from vivavoce.data.schema import Absent, Family, Stage, Value
from vivavoce.data.track import Array, Track
from vivavoce.features.face.face_track import CLOSED_SHARE, EYEBALL_CM, IRIS_ABOVE_CM, IRIS_AHEAD_CM, IRIS_FOLLOWS
from vivavoce.features.face.pose import EYES_CM, FOCAL_SIDES, MAX_FACES

Indices = npt.NDArray[np.intp]

MIN_FRAMES = 10  # with a face: two seconds at five frames a second
MIN_EYES_PX = 30.0  # between the eyes: below it lids and irises are a few pixels
LAG_S = 0.2  # over which speeds are measured at any frame rate, so that jitter between frames is no movement
LAG_TOLERANCE_S = 0.05  # frames of a 25 Hz recording sampled at another rate lie up to 40 ms off
RATE_TOLERANCE = 0.95  # 29.97 / 2 frames a second count as 15


@dataclass(frozen=True, eq=False)
class AnswerFace:
    """What the face did during one answer.

    Parameters
    ----------
    track
        Of the whole recording, from ``FaceTracker.finish()``; only frames within the answer are kept.
    start, end
        Of the answer, in seconds of the recording.
    """

    track: Track
    start: float
    end: float

    def __post_init__(self) -> None:
        """Keep the frames that begin within the answer."""
        begins = self.track.spans[:, 0]
        inside = (begins >= self.start) & (begins < self.end)
        kept = Track(self.track.spans[inside], self.track.values[inside], self.track.names)
        object.__setattr__(self, "track", kept)

    @property
    def times(self) -> Array:
        """When the frames were taken, in seconds, shape (n,)."""
        return self.track.spans[:, 0]

    @cached_property
    def seen(self) -> Track:
        """The frames that show a face."""
        shown = self.track["faces"] > 0
        return Track(self.track.spans[shown], self.track.values[shown], self.track.names)

    @cached_property
    def rate_hz(self) -> float:
        """Frames a second as they came, gaps left out; 0 below two frames."""
        if len(self.track) < 2:
            return 0.0
        steps = np.diff(self.times)
        return float(1 / np.mean(steps[steps <= 2.5 * np.median(steps)]))

    @cached_property
    def missing(self) -> Absent | None:
        """Why nothing can be said about the face, or None."""
        shown = len(self.seen)
        if shown == 0:
            return Absent("no_face")
        return Absent("too_few_frames") if shown < MIN_FRAMES else None

    @cached_property
    def missing_eyes(self) -> Absent | None:
        """Why nothing can be said about lids and irises, or None."""
        if self.missing is None and np.median(self.seen["interocular_px"]) < MIN_EYES_PX:
            return Absent("face_too_small")
        return self.missing


def lags(times: Array) -> tuple[Indices, Indices]:
    """Pairs of frames about ``LAG_S`` apart.

    Parameters
    ----------
    times : ndarray, shape (n,)
        In seconds, ascending.

    Returns
    -------
    first, second : ndarray of int, shape (m,)

    Examples
    --------
    >>> [frames.tolist() for frames in lags(np.array([0.0, 0.1, 0.2, 0.3, 0.9]))]
    [[0, 1], [2, 3]]
    """
    aims = times + LAG_S
    after = np.clip(np.searchsorted(times, aims), 1, len(times) - 1)
    second = np.where(aims - times[after - 1] < times[after] - aims, after - 1, after)
    near = np.abs(times[second] - aims) <= LAG_TOLERANCE_S
    return np.flatnonzero(near), second[near]


def turning_speeds(face: Track) -> Array:
    """Angle by which the head turned about any axis over each lag, shape (m,), in degrees a second."""
    from scipy.spatial.transform import Rotation

    first, second = lags(face.spans[:, 0])
    if len(first) == 0:
        return np.empty(0)
    angles = np.stack([face["yaw_deg"], -face["pitch_deg"], -face["roll_deg"]], axis=1)
    heads = Rotation.from_euler("YXZ", angles, degrees=True)
    turned = (heads[first].inv() * heads[second]).magnitude()
    return np.asarray(np.rad2deg(turned) / (face.spans[second, 0] - face.spans[first, 0]))


def places(face: Track) -> Array:
    """Where the head was, shape (n, 2), in distances between the eyes, from its median place."""
    at = np.stack([face["centre_x_sides"], face["centre_y_sides"]], axis=1)
    return np.asarray((at - np.median(at, axis=0)) / np.median(face["interocular_sides"]))


def median(answer: AnswerFace, column: str) -> Value:
    """Median of one column over the frames that show the face."""
    return answer.missing or float(np.median(answer.seen[column]))


def spread(answer: AnswerFace, column: str) -> Value:
    """How far one column lies from its median, on average over the frames that show the face."""
    return answer.missing or mean_distance(answer.seen[column])


def mean_distance(values: Array) -> float:
    """Mean absolute distance from the median.

    A stray frame moves it by its share only, and it uses every frame: at five frames a second it agrees better with
    every frame than the distance between quartiles (brows r .99 against .94, width of the mouth .98 against .95).
    """
    return float(np.abs(values - np.median(values)).mean())


FRAMES_PER_SECOND = 5.0  # the default sampling: enough for pose, gaze, lips and brows, too little for blinks

CAMERA: Final = ("camera",)
CAMERA_AND_ANATOMY: Final = ("camera", "anatomy")
# What a measure resists moves it by less than a quarter of the spread between people, on eight real ones who hold
# still for three seconds: docs/invariances.md. Small movements are of the size of the mesh's own jitter.
STEADY: Final = ("scaling", "brightness", "frame_rate")  # and mirroring changes the sign
SYMMETRIC: Final = ("mirroring", *STEADY)
CODE: Final = source_digest(Path(__file__).parent)
MESH: Final = "FaceMesh; Kartynnik et al. 2019, Grishchenko et al. 2020"


def face_stage(frames_per_second: float) -> Stage:
    """What can change a value besides the measure's own code: mesh, sampling, the constants of the geometry."""
    return Stage(
        "face",
        "1",
        {
            "mesh": f"FaceMesh, refined, of mediapipe {version('mediapipe')}",
            "max_faces": MAX_FACES,
            "frames_per_second": frames_per_second,
            "focal_sides": FOCAL_SIDES,
            "eyes_cm": EYES_CM,
            "eyeball_cm": EYEBALL_CM,
            "iris_ahead_cm": IRIS_AHEAD_CM,
            "iris_above_cm": IRIS_ABOVE_CM,
            "iris_follows": IRIS_FOLLOWS,
            "closed_share": CLOSED_SHARE,
            "lag_s": LAG_S,
            "min_frames": MIN_FRAMES,
            "min_eyes_px": MIN_EYES_PX,
            "code": CODE,
        },
        upstream=(DECODING,),
    )


FACE: Final[Family[AnswerFace]] = Family("face", Modality.FACE, face_stage(FRAMES_PER_SECOND))
