"""From frames to a track: one row per frame with the measures of the candidate's face.

Lips and brows as lengths on a face that faces the camera, in distances between the eyes.

How good the picture of the face is: light and sharpness. They describe the recording, not the person.

What the eyes did: lids, closures, and where the irises point.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from vivavoce.data.status import MediaStatus
from vivavoce.data.track import Array, Track
from vivavoce.features.face.pose import (
    EYES_CM,
    LEFT_EYE,
    RIGHT_EYE,
    Mesh,
    Picture,
    Pose,
    between_eyes,
    facing_camera,
    head_pose,
)

UPPER_LIP, LOWER_LIP = 13, 14  # inner edges, middle
LIP_CORNERS = (61, 291)
BROWS = ((105, 66, 107), (334, 296, 336))  # upper edges, right and left


_BROWS, _EYE_PAIR = np.array(BROWS), np.array([RIGHT_EYE, LEFT_EYE])


def mouth_opening(face: Array) -> float:
    """Gap between the lips; 0 is closed. ``face``: shape (478, 3), from ``facing_camera``, as in all of this file."""
    return math.dist(face[UPPER_LIP, :2].tolist(), face[LOWER_LIP, :2].tolist())


def mouth_width(face: Array) -> float:
    """Distance between the corners of the lips."""
    right, left = LIP_CORNERS
    return math.dist(face[right, :2].tolist(), face[left, :2].tolist())


def lip_corner_height(face: Array) -> float:
    """How far the corners of the lips lie above the middle of the upper lip's inner edge; negative is below."""
    right, left = LIP_CORNERS
    return float((face[right, 1] + face[left, 1]) / 2 - face[UPPER_LIP, 1])


def brow_height(face: Array) -> float:
    """Height of the brows above the middle of the eyes' corners, mean of both sides."""
    return float(face[_BROWS, 1].sum() / _BROWS.size - face[_EYE_PAIR, 1].sum() / _EYE_PAIR.size)


SIDE = 96  # pixels to which the face is scaled, so that sharpness is relative to the face and not to the camera


def light_and_sharpness(rgb: Picture, landmarks: Array) -> tuple[float, float] | None:
    """Measure the rectangle around the face.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)
    landmarks : ndarray, shape (478, 3)
        In pixels of this picture.

    Returns
    -------
    brightness : float
        Mean luma (ITU-R BT.601) in 0–1.
    sharpness : float
        Variance of the Laplacian over the variance of the luma: 0 for a flat or smeared face, above .1 for a sharp
        one. Pech-Pacheco et al. (2000), divided by contrast so that light does not move it.

    Instead of both, None where the face lies outside the picture.
    """
    import cv2

    height, width = rgb.shape[:2]
    (least_x, least_y, _), (most_x, most_y, _) = landmarks.min(axis=0).tolist(), landmarks.max(axis=0).tolist()
    left, top = max(math.floor(least_x), 0), max(math.floor(least_y), 0)
    right, bottom = min(math.ceil(most_x), width), min(math.ceil(most_y), height)
    if right - left < 2 or bottom - top < 2:
        return None
    luma = cv2.cvtColor(np.ascontiguousarray(rgb[top:bottom, left:right]), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(luma, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    contrast = _spread(small)
    sharpness = (_spread(cv2.Laplacian(small, cv2.CV_16S)) / contrast) ** 2 if contrast > 0 else 0.0
    return float(cv2.mean(luma)[0]) / 255, sharpness


def _spread(values: npt.NDArray[Any]) -> float:
    """Standard deviation, from OpenCV: a fifth of numpy's time on a picture of bytes."""
    import cv2

    return float(cv2.meanStdDev(values)[1][0, 0])


LIDS = ((33, 160, 158, 133, 153, 144), (263, 387, 385, 362, 380, 373))  # outer, upper ×2, inner, lower ×2
IRISES = (468, 473)  # centres, right and left
_LIDS, _IRISES, _CORNERS = np.array(LIDS), np.array(IRISES), np.array([RIGHT_EYE, LEFT_EYE])

EYEBALL_CM = 1.0  # centre of rotation to the plane of the iris
IRIS_AHEAD_CM = 0.5  # of the middle between an eye's corners, along the face's own axis
IRIS_ABOVE_CM = 0.15  # of that middle: the median over ten people who spoke to a camera beside their text
IRIS_FOLLOWS = 0.55
"""How far the mesh's irises follow the picture's sideways.

Irises turned by 10 and 20° moved those of the mesh by .61 of the way on drawn faces, whatever the head did, and by .52
(.43 to .67 in all but one of 28 pictures) where the irises of ten people were moved within their own eyes. Up and down
they hardly follow, .27 and .15, so that there is too little to correct.
"""
_BALL = np.array([0.0, IRIS_ABOVE_CM, IRIS_AHEAD_CM - EYEBALL_CM])  # centre, from the middle of the corners

CLOSED_SHARE = 0.65  # of the answer's median opening: below it the eyes count as closed


def eye_aspect_ratio(face: Array) -> float:
    """Opening of the lids over the width of the eye in the plane of the face, mean of both eyes.

    Parameters
    ----------
    face : ndarray, shape (478, 3)
        From :func:`~vivavoce.features.face.pose.facing_camera`.

    Returns
    -------
    float
        About .3 open, below .15 closed. Soukupová & Čech (2016), *Real-time eye blink detection*.
    """
    outer, upper_out, upper_in, inner, lower_in, lower_out = face[_LIDS, :2].transpose(1, 0, 2)
    across, out, within = outer - inner, upper_out - lower_out, upper_in - lower_in
    height = np.hypot(out[:, 0], out[:, 1]) + np.hypot(within[:, 0], within[:, 1])
    return float((height / (2 * np.hypot(across[:, 0], across[:, 1]))).sum() / 2)


def gaze(landmarks: Array, pose: Pose) -> tuple[float, float]:
    """Where the irises point relative to the camera, mean of both eyes.

    Parameters
    ----------
    landmarks : ndarray, shape (478, 3)
        In pixels.
    pose
        Of the same face.

    Returns
    -------
    yaw_deg, pitch_deg : float
        0, 0 looks into the camera; signs as for the head. Pitch is attenuated: see ``IRIS_FOLLOWS``.

    Notes
    -----
    Each eyeball is a sphere behind the middle of its eye's corners; the line from its centre to the iris is the
    gaze. Sizes are an adult's means, so that a person's own anatomy shifts the zero by some degrees; with 60 px
    between the eyes one pixel of iris is 6° up or down and 11° sideways.
    """
    pixels_per_cm = between_eyes(landmarks) / EYES_CM
    centre_cm = pose.rotation @ _BALL
    offsets_cm = (landmarks[_IRISES] - landmarks[_CORNERS].sum(axis=1) / 2) / pixels_per_cm
    right, down, _ = ((offsets_cm - centre_cm) / EYEBALL_CM).sum(axis=0).tolist()
    right, down = right / 2 / IRIS_FOLLOWS, down / 2
    out = math.sqrt(max(1.0 - right**2 - down**2, 0.0))
    return math.degrees(math.atan2(right, out)), math.degrees(math.atan2(-down, math.hypot(right, out)))


def closures(openings: Array) -> Array:
    """Runs of frames in which the eyes are closed.

    Parameters
    ----------
    openings : ndarray, shape (n,)
        Eye aspect ratio per frame, ``nan`` where not measured.

    Returns
    -------
    ndarray of int, shape (m, 2)
        First frame and number of frames of each run. Runs that touch an end or a gap are left out: their length
        is not known.

    Examples
    --------
    >>> closures(np.array([0.3, 0.3, 0.1, 0.1, 0.3, 0.3, 0.1])).tolist()
    [[2, 2]]
    """
    if np.all(np.isnan(openings)):
        return np.empty((0, 2), dtype=int)
    limit = CLOSED_SHARE * np.nanmedian(openings)
    closed = openings < limit  # nan is neither closed nor open
    is_open = np.concatenate([[False], openings >= limit, [False]])  # beyond the ends nothing is known
    edges = np.diff(closed.astype(int), prepend=0, append=0)
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    runs = np.stack([starts, ends - starts], axis=1)
    return np.asarray(runs[is_open[starts] & is_open[ends + 1]])


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
