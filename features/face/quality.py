"""How good the picture of the face is: light and sharpness. They describe the recording, not the person."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from vivavoce.data.track import Array
from vivavoce.features.face.mesh import Picture

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
