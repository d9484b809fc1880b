"""Lips and brows as lengths on a face that faces the camera, in distances between the eyes."""

import math

import numpy as np

from vivavoce.data.track import Array
from vivavoce.features.face.pose import LEFT_EYE, RIGHT_EYE

UPPER_LIP, LOWER_LIP = 13, 14  # inner edges, middle
LIP_CORNERS = (61, 291)
BROWS = ((105, 66, 107), (334, 296, 336))  # upper edges, right and left


_BROWS, _EYES = np.array(BROWS), np.array([RIGHT_EYE, LEFT_EYE])


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
    return float(face[_BROWS, 1].sum() / _BROWS.size - face[_EYES, 1].sum() / _EYES.size)
