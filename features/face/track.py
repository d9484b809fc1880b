"""From frames to a track: one row per frame with the measures of the candidate's face."""

import numpy as np

from vivavoce.data.status import MediaStatus
from vivavoce.data.track import Array, Track
from vivavoce.features.face.eyes import eye_aspect_ratio, gaze
from vivavoce.features.face.mesh import Mesh, Picture
from vivavoce.features.face.mouth import brow_height, lip_corner_height, mouth_opening, mouth_width
from vivavoce.features.face.pose import LEFT_EYE, RIGHT_EYE, between_eyes, facing_camera, head_pose
from vivavoce.features.face.quality import light_and_sharpness

COLUMNS = (
    "faces",  # seen in the picture, at most two are noticed; the only column that is never nan
    "yaw_deg",
    "pitch_deg",
    "roll_deg",
    "centre_x_sides",  # middle between the eyes, in longest sides of the picture: they outlive a change of resolution
    "centre_y_sides",
    "interocular_sides",
    "interocular_px",
    "eye_aspect_ratio",
    "gaze_yaw_deg",
    "gaze_pitch_deg",
    "mouth_opening_ratio",  # this and the next three in distances between the eyes
    "mouth_width_ratio",
    "lip_corner_height_ratio",
    "brow_height_ratio",
    "brightness_share",
    "sharpness_ratio",
)

_EYES = np.array([*RIGHT_EYE, *LEFT_EYE])
NEAR = 1.5  # distances between the eyes: a face within it of the last one is the same face
LARGER = 1.6  # times the size: then another face takes over, because the candidate sits nearest to the camera
MIN_SEEN_SHARE = 0.05  # below it the recording shows no face: stray detections are no candidate
MAX_SEVERAL_SHARE = 0.1  # of the frames with a face: above it someone else is there, not merely passing


class FaceTracker:
    """Turns the frames of one recording after the other into tracks. Build it once per worker: it holds the models.

    Parameters
    ----------
    frames_per_second
        At which frames are handed in; each row of the track lasts one such interval.

    Raises
    ------
    ValueError
        If ``frames_per_second`` is not positive.
    """

    def __init__(self, frames_per_second: float) -> None:
        if not frames_per_second > 0:
            raise ValueError(
                f"The 'frames_per_second' parameter of FaceTracker must be positive. Got {frames_per_second} instead."
            )
        self.frames_per_second = frames_per_second
        self._mesh = Mesh()
        self._times: list[float] = []
        self._rows: list[Array] = []
        self._last: Array | None = None  # landmarks of the candidate's face when it was last seen

    def reset(self) -> None:
        """Forget the recording at hand, finished or not."""
        self._mesh.reset()
        self._times, self._rows, self._last = [], [], None

    def see(self, time_s: float, rgb: Picture) -> None:
        """Measure the next frame; the picture is not kept.

        Parameters
        ----------
        time_s
            In seconds of the recording, later than the frame before.
        rgb : ndarray of uint8, shape (h, w, 3)

        Raises
        ------
        ValueError
            If time does not rise, or the picture is not uint8 of shape (h, w, 3).
        """
        if self._times and time_s <= self._times[-1]:
            raise ValueError(
                f"The 'time_s' parameter of FaceTracker.see must rise from frame to frame. Got {time_s} after "
                f"{self._times[-1]} instead; call reset() or finish() between recordings."
            )
        self._times.append(time_s)
        self._rows.append(self._row(rgb))

    def _row(self, rgb: Picture) -> Array:
        row = np.full(len(COLUMNS), np.nan)
        row[0] = 0
        faces = self._mesh.find(rgb)
        if faces:
            landmarks = candidate_face(faces, self._last)
            measures = measure_frame(rgb, landmarks)
            if measures is not None:
                self._last = landmarks
                row[:] = [len(faces), *measures]
        return row

    def finish(self) -> Track:
        """Return the track of the recording, columns ``COLUMNS``, and reset for the next one."""
        starts = np.array(self._times, dtype=float)
        spans = np.stack([starts, starts + 1 / self.frames_per_second], axis=1)
        track = Track(spans, np.array(self._rows).reshape(len(starts), len(COLUMNS)), COLUMNS)
        self.reset()
        return track

    def close(self) -> None:
        """Free the models."""
        self._mesh.close()


def candidate_face(faces: list[Array], last: Array | None) -> Array:
    """Choose the candidate's among the faces of one frame.

    The face nearest to the candidate's last place stays the candidate's while it is near; where none is near, or
    another is ``LARGER`` times its size, the largest is.

    Parameters
    ----------
    faces : list of ndarray, shape (478, 3)
        At least one.
    last : ndarray, shape (478, 3), or None
        The candidate's face when it was last seen.
    """
    largest = max(faces, key=between_eyes)
    if last is None:
        return largest
    nearest = min(faces, key=lambda face: _apart(face, last))
    stays = _apart(nearest, last) <= NEAR * between_eyes(last)
    outgrown = between_eyes(largest) > LARGER * between_eyes(nearest)
    return nearest if stays and not outgrown else largest


def face_status(track: Track) -> MediaStatus:
    """``NO_FACE``, ``SEVERAL_FACES`` or ``OK``, by ``MIN_SEEN_SHARE`` and ``MAX_SEVERAL_SHARE``."""
    faces = track["faces"]
    seen = np.count_nonzero(faces > 0)
    if seen == 0 or seen < MIN_SEEN_SHARE * len(faces):
        return MediaStatus.NO_FACE
    if np.count_nonzero(faces > 1) > MAX_SEVERAL_SHARE * seen:
        return MediaStatus.SEVERAL_FACES
    return MediaStatus.OK


def measure_frame(rgb: Picture, landmarks: Array) -> list[float] | None:
    """Every column but the first, in the order of ``COLUMNS``.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)
    landmarks : ndarray, shape (478, 3)
        Of one face in it, in pixels.

    Returns
    -------
    list of float or None
        None where the landmarks are no face in the picture.
    """
    height, width = rgb.shape[:2]
    side = max(height, width)
    pose = head_pose(landmarks, width, height)
    light = light_and_sharpness(rgb, landmarks)
    if pose is None or light is None:
        return None
    face, apart_px = facing_camera(landmarks, pose), between_eyes(landmarks)
    return [
        pose.yaw_deg,
        pose.pitch_deg,
        pose.roll_deg,
        *(_centre(landmarks) / side).tolist(),
        apart_px / side,
        apart_px,
        eye_aspect_ratio(face),
        *gaze(landmarks, pose),
        mouth_opening(face),
        mouth_width(face),
        lip_corner_height(face),
        brow_height(face),
        *light,
    ]


def _centre(landmarks: Array) -> Array:
    return np.asarray(landmarks[_EYES, :2].sum(axis=0) / 4)


def _apart(one: Array, other: Array) -> float:
    return float(np.linalg.norm(_centre(one) - _centre(other)))
