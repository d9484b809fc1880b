"""What the eyes did: lids, closures, and where the irises point."""

import math

import numpy as np

from vivavoce.data.track import Array
from vivavoce.features.face.pose import EYES_CM, LEFT_EYE, RIGHT_EYE, Pose, between_eyes

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
