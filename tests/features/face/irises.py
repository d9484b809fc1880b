"""Irises moved by a known angle within a real person's own eyes."""

import cv2
import numpy as np

from tests.faces import LOWER_LIDS, UPPER_LIDS, Picture
from vivavoce.features.face.face_track import EYEBALL_CM, IRISES
from vivavoce.features.face.pose import EYES_CM, LEFT_EYE, RIGHT_EYE, between_eyes

HOLDS, ENDS = 1.2, 2.2  # radii of the iris: nearer to its centre all moves with it, farther away nothing does


def turned(rgb: Picture, landmarks: np.ndarray, by_deg: float) -> Picture:
    """The picture with both irises turned to the right by an angle, as far as the lids show them.

    Only what lies between the lids changes: the iris moves, the white beside it is stretched and squeezed.
    """
    shift = np.sin(np.deg2rad(by_deg)) * EYEBALL_CM * between_eyes(landmarks) / EYES_CM
    drawn = rgb
    for iris, eye, half in zip(IRISES, (RIGHT_EYE, LEFT_EYE), (slice(0, 7), slice(7, 14)), strict=True):
        moved = _moved(rgb, landmarks[iris, :2], _radius(landmarks, iris), shift)
        upper, lower = landmarks[[eye[0], *UPPER_LIDS[half], eye[1]], :2], landmarks[[*LOWER_LIDS[half][::-1]], :2]
        mask = np.zeros(rgb.shape[:2], np.uint8)
        outline = np.round(np.concatenate([upper, lower]) * 16).astype(np.int32)
        cv2.fillPoly(mask, [outline], 255, cv2.LINE_AA, shift=4)
        share = mask[..., None] / 255
        drawn = np.round(share * moved + (1 - share) * drawn).astype(np.uint8)
    return drawn


def _radius(landmarks: np.ndarray, iris: int) -> float:
    return float(np.linalg.norm(landmarks[iris + 1 : iris + 5, :2] - landmarks[iris, :2], axis=1).mean())


def _moved(rgb: Picture, centre: np.ndarray, radius: float, shift: float) -> Picture:
    y, x = np.mgrid[: rgb.shape[0], : rgb.shape[1]].astype(np.float32)
    away = np.hypot(x - (centre[0] + shift), y - centre[1]) / radius
    held = np.clip((ENDS - away) / (ENDS - HOLDS), 0, 1)
    return cv2.remap(rgb, (x - shift * held).astype(np.float32), y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
