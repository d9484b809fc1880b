"""Lips and brows as lengths on a face that faces the camera, in distances between the eyes."""

import numpy as np

from vivavoce.data.track import Array
from vivavoce.features.face.pose import LEFT_EYE, RIGHT_EYE

UPPER_LIP, LOWER_LIP = 13, 14  # inner edges, middle
LIP_CORNERS = (61, 291)
BROWS = ((105, 66, 107), (334, 296, 336))  # upper edges, right and left


def mouth_opening(face: Array) -> float:
    """Gap between the lips; 0 is closed. ``face``: shape (478, 3), from ``facing_camera``, as in all of this file."""
    return float(np.linalg.norm(face[UPPER_LIP, :2] - face[LOWER_LIP, :2]))


def mouth_width(face: Array) -> float:
    """Distance between the corners of the lips."""
    right, left = face[list(LIP_CORNERS), :2]
    return float(np.linalg.norm(left - right))


def lip_corner_height(face: Array) -> float:
    """How far the corners of the lips lie above the middle of the upper lip's inner edge; negative is below."""
    return float(face[list(LIP_CORNERS), 1].mean() - face[UPPER_LIP, 1])


def brow_height(face: Array) -> float:
    """Height of the brows above the middle of the eyes' corners, mean of both sides."""
    sides = zip(BROWS, (RIGHT_EYE, LEFT_EYE), strict=True)
    return float(np.mean([face[list(brow), 1].mean() - face[list(eye), 1].mean() for brow, eye in sides]))
