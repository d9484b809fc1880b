"""What the eyes did: lids, closures, and where the irises point."""

import numpy as np

from vivavoce.data.track import Array
from vivavoce.features.face.pose import EYES_CM, LEFT_EYE, RIGHT_EYE, Pose, between_eyes

LIDS = ((33, 160, 158, 133, 153, 144), (263, 387, 385, 362, 380, 373))  # outer, upper ×2, inner, lower ×2
IRISES = (468, 473)  # centres, right and left

EYEBALL_CM = 1.0  # centre of rotation to the plane of the iris
IRIS_AHEAD_CM = 0.5  # of the middle between an eye's corners, along the face's own axis
IRIS_ABOVE_CM = 0.15  # of that middle: the median over ten people who spoke to a camera beside their text

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
    ratios = []
    for lids in LIDS:
        outer, upper_out, upper_in, inner, lower_in, lower_out = face[list(lids), :2]
        height = np.linalg.norm(upper_out - lower_out) + np.linalg.norm(upper_in - lower_in)
        ratios.append(height / (2 * np.linalg.norm(outer - inner)))
    return float(np.mean(ratios))


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
        0, 0 looks into the camera; signs as for the head.

    Notes
    -----
    Each eyeball is a sphere behind the middle of its eye's corners; the line from its centre to the iris is the
    gaze. Sizes are an adult's means, so that a person's own anatomy shifts the zero by some degrees; with 60 px
    between the eyes one pixel of iris is 6°.
    """
    pixels_per_cm = between_eyes(landmarks) / EYES_CM
    centre_cm = pose.rotation @ np.array([0.0, IRIS_ABOVE_CM, IRIS_AHEAD_CM - EYEBALL_CM])
    directions = []
    for iris, corners in zip(IRISES, (RIGHT_EYE, LEFT_EYE), strict=True):
        offset_cm = (landmarks[iris] - landmarks[list(corners)].mean(axis=0)) / pixels_per_cm
        directions.append((offset_cm - centre_cm)[:2] / EYEBALL_CM)
    right, down = np.mean(directions, axis=0)
    out = np.sqrt(max(1.0 - right**2 - down**2, 0.0))
    return float(np.rad2deg(np.arctan2(right, out))), float(np.rad2deg(np.arctan2(-down, np.hypot(right, out))))


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
