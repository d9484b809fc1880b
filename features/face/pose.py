"""Where the head points: perspective-n-point on the canonical face.

Angles are relative to the line of sight from the camera to the head, so that a face that looks into the camera
has yaw = pitch = 0 wherever it stands in the picture.

========  ===================================================================================
yaw       positive when the face turns to the picture's right (the candidate's own left)
pitch     positive when the face turns up
roll      positive when the head tilts clockwise in the picture (top of the head to the right)
========  ===================================================================================

Where the landmarks of each face lie in a picture. The only file that touches mediapipe.

FaceMesh with refined eyes and lips gives 478 landmarks a face: 468 of the canonical mesh, then 5 for each iris.
Kartynnik et al. (2019), *Real-time facial surface geometry from monocular video on mobile GPUs*; Grishchenko et
al. (2020), *Attention mesh*. The models lie in mediapipe's wheel: nothing is downloaded and nothing is reported.
"""

import math
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from vivavoce.data.track import Array

RIGHT_EYE = (33, 133)  # outer and inner corner of the candidate's right eye, left in the picture
LEFT_EYE = (263, 362)
RIGID = (
    *(4, 6, 10, 33, 54, 67, 117, 119, 121, 127, 129, 133, 143, 147, 198, 205),
    *(263, 284, 297, 346, 348, 350, 356, 358, 362, 372, 376, 420, 425),
)
"""Landmarks that carry the pose: the canonical model's own procrustes basis without the jaw, which speech moves.

On drawn faces of known pose the largest error over ±30° was 4.3° with it, 5.2° with nose, eyes and forehead alone.
"""

EYES_CM = 6.31
"""Distance between the eyes' centres (midpoints of their corners) on the canonical face: an adult's mean."""

FOCAL_SIDES = 1.0
"""Assumed focal length in longest picture sides: 53° across, between a phone's and a webcam's."""

MIN_FACE_PX = 8.0  # high and wide: below it a pixel is a tenth of the face and the pose is noise
NO_DISTORTION = np.zeros(4)

HEAD_TO_CAMERA = np.diag([1.0, -1.0, -1.0])  # x right, y up, z out of the face → x right, y down, z away
_FLIP = np.diag(HEAD_TO_CAMERA)
_RIGID = np.array(RIGID)
_EYES = np.array([*RIGHT_EYE, *LEFT_EYE])


@dataclass(frozen=True, eq=False)
class Pose:
    """Orientation of one head.

    Parameters
    ----------
    yaw_deg, pitch_deg, roll_deg
        In degrees, signs as above.
    rotation : ndarray, shape (3, 3)
        Turns head coordinates (x to the picture's right, y up, z out of the face) into those of a camera that
        looks straight at the head (x right, y down, z away).
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    rotation: Array


@cache
def canonical_face() -> Array:
    """Landmarks of the canonical face, shape (468, 3), in cm: x to the picture's right, y up, z towards the camera."""
    with (files(__package__) / "canonical.csv").open(encoding="utf-8") as table:
        face = np.loadtxt(table, delimiter=",", comments="#", skiprows=4)
    face.flags.writeable = False
    return face


def head_pose(landmarks: Array, width: int, height: int) -> Pose | None:
    """Solve for the rotation that lays the canonical face's rigid points on the picture's.

    Parameters
    ----------
    landmarks : ndarray, shape (478, 3)
        x and y in pixels.
    width, height
        Of the picture, in pixels; its centre is taken for the camera's axis.

    Returns
    -------
    Pose or None
        None where the points span less than ``MIN_FACE_PX``, or no pose before the camera explains them.

    Notes
    -----
    SQPnP (Terzakis & Lourakis 2020) in OpenCV: a global solution without a first guess, so that a frame's pose does
    not depend on the frame before. Refining it by Levenberg–Marquardt moved no angle by half a degree, brought known
    poses no closer, and cost as much again.
    """
    import cv2

    focal = FOCAL_SIDES * max(width, height)
    camera = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])
    points = np.ascontiguousarray(landmarks[_RIGID, :2])
    if (points.max(axis=0) - points.min(axis=0)).min() < MIN_FACE_PX:
        return None
    solved, turn, shift = cv2.solvePnP(_rigid_face(), points, camera, NO_DISTORTION, flags=cv2.SOLVEPNP_SQPNP)
    if not solved:
        return None
    place = np.asarray(shift, dtype=float).ravel()
    if place[2] <= 0:  # behind the camera
        return None
    rotation = sight_of(place).T @ cv2.Rodrigues(turn)[0] * _FLIP
    return Pose(*angles_of(rotation), rotation)


@cache
def _rigid_face() -> Array:
    """The points that carry the pose on the canonical face, in the camera's axes."""
    return np.ascontiguousarray(canonical_face()[_RIGID] * _FLIP)


def rotation_of(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Array:
    """Head-to-camera rotation, shape (3, 3), of known angles: first roll, then pitch, then yaw.

    Examples
    --------
    >>> np.round(angles_of(rotation_of(20.0, -10.0, 5.0)), 6).tolist()
    [20.0, -10.0, 5.0]
    """
    yaw, pitch, roll = np.deg2rad([yaw_deg, -pitch_deg, -roll_deg])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return np.asarray(HEAD_TO_CAMERA @ about_y @ about_x @ about_z)


def angles_of(rotation: Array) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees of a head-to-camera rotation; the inverse of :func:`rotation_of`."""
    (_, _, out_x), (down_x, down_y, out_y), (_, _, out_z) = rotation.tolist()  # of the head's axes, in the camera's
    yaw = math.atan2(out_x, -out_z)
    pitch = math.asin(min(max(-out_y, -1.0), 1.0))
    roll = math.atan2(down_x, -down_y)
    return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)


def sight_of(place: Array) -> Array:
    """Rotation, shape (3, 3), that turns a camera from its axis to a place before it, shape (3,), by the shortest way.

    Rodrigues' formula, written out for an axis that lies across the camera's own.
    """
    x, y, z = (place / np.linalg.norm(place)).tolist()
    return np.array(
        [[1 - x * x / (1 + z), -x * y / (1 + z), x], [-x * y / (1 + z), 1 - y * y / (1 + z), y], [-x, -y, z]]
    )


def between_eyes(landmarks: Array) -> float:
    """Distance between the eyes' centres in pixels, in three dimensions, so that turning the head keeps it."""
    outward = landmarks[LEFT_EYE[0]] + landmarks[LEFT_EYE[1]] - landmarks[RIGHT_EYE[0]] - landmarks[RIGHT_EYE[1]]
    return math.hypot(*outward.tolist()) / 2


def facing_camera(landmarks: Array, pose: Pose) -> Array:
    """Landmarks as if the head faced the camera.

    Parameters
    ----------
    landmarks : ndarray, shape (478, 3)
        In pixels.
    pose
        Of the same face.

    Returns
    -------
    ndarray, shape (478, 3)
        In distances between the eyes, from the middle between them: x to the picture's right, y up, z out of the face.
    """
    middle = landmarks[_EYES].sum(axis=0) / 4
    return np.asarray((landmarks - middle) @ pose.rotation / between_eyes(landmarks))


Picture = npt.NDArray[np.uint8]

LANDMARKS = 478  # 468 of the canonical mesh + 2 × 5 of the irises
MAX_FACES = 2  # enough to notice that the candidate is not alone; a face costs 4–5 ms a frame

# A point of a NormalizedLandmarkList on the wire: tag, length of what follows, then x, y and z, each after its tag.
_TAGS = {"point": 0x0A, "x": 0x0D, "y": 0x15, "z": 0x1D}
_POINT = np.dtype(
    [("point_tag", "u1"), ("length", "u1"), *((n, k) for p in "xyz" for n, k in ((f"{p}_tag", "u1"), (p, "<f4")))]
)

# What the graph says at every start, in any set-up, to the process's own stderr where no logger can stop it.
_NOTICE = re.compile(
    rb"XNNPACK delegate for CPU"
    rb"|before absl::InitializeLog\(\)"
    rb"|inference_feedback_manager\.cc"
    rb"|landmark_projection_calculator\.cc.*NORM_RECT"
)

# Comes back when the graph has started; it shows no face, so it leaves no trace.
_BLANK: Picture = np.zeros((16, 16, 3), np.uint8)


class Mesh:
    """FaceMesh as it follows faces from frame to frame; it holds the models and is built once per worker.

    Its landmarks depend on the frames seen before, so call :meth:`reset` between files.
    """

    def __init__(self) -> None:
        with _without_notices():
            from mediapipe.python.solutions.face_mesh import FaceMesh

            self._graph: Any = FaceMesh(static_image_mode=False, refine_landmarks=True, max_num_faces=MAX_FACES)
            self._graph.process(_BLANK)
        self._quiet = False  # once a face was found the graph has said all that it says

    def find(self, rgb: Picture) -> list[Array]:
        """Landmarks of the faces in the next frame.

        Parameters
        ----------
        rgb : ndarray of uint8, shape (h, w, 3)
            The picture, rows from the top.

        Returns
        -------
        list of ndarray, shape (478, 3)
            x to the right and y down in pixels; z in pixels of the same scale, negative towards the camera,
            relative to the head's centre. At most ``MAX_FACES``, empty where no face is seen.

        Raises
        ------
        ValueError
            If the picture is not uint8 of shape (h, w, 3).
        """
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
            raise ValueError(
                f"The 'rgb' parameter of Mesh.find must be uint8 of shape (h, w, 3). "
                f"Got {rgb.dtype} of shape {rgb.shape} instead."
            )
        height, width = rgb.shape[:2]
        with nullcontext() if self._quiet else _without_notices():
            found = self._graph.process(np.ascontiguousarray(rgb)).multi_face_landmarks
        self._quiet = self._quiet or bool(found)
        scale = np.array([width, height, width], dtype=float)
        return [_points(face.SerializeToString()) * scale for face in found or ()]

    def reset(self) -> None:
        """Forget the frames seen so far, so that the next file's landmarks depend on that file only."""
        with _without_notices():
            self._graph.reset()
            self._graph.process(_BLANK)

    def close(self) -> None:
        """Free the models."""
        self._graph.close()


def _points(message: bytes) -> Array:
    """Coordinates of one face, shape (478, 3), from the graph's own message: reading it point by point costs 0.2 ms."""
    points = np.frombuffer(message, _POINT) if len(message) == LANDMARKS * _POINT.itemsize else None
    if points is None or any((points[f"{part}_tag"] != tag).any() for part, tag in _TAGS.items()):
        raise ValueError(
            f"FaceMesh must give {LANDMARKS} points of x, y and z. Got {len(message)} other bytes instead."
        )
    return np.asarray(np.stack([points["x"], points["y"], points["z"]], axis=1), dtype=np.float64)


@contextmanager
def _without_notices() -> Iterator[None]:
    """Drop the graph's known notices from stderr and pass everything else on."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            said.seek(0)
            for line in said:
                if not _NOTICE.search(line):
                    os.write(2, line)
