"""Planted faces: a public-domain portrait laid on the canonical face and drawn at a known pose.

The portrait is NASA's picture of Eileen Collins (public domain), which ships inside scikit-image. Because the shape
is the canonical one, yaw, pitch and roll are known absolutely; lids, lips and irises move by known amounts.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import skimage.data
from scipy.spatial import Delaunay

from vivavoce.features.face.mesh import Mesh
from vivavoce.features.face.pose import canonical_face, rotation_of

UPPER_LIDS = (246, 161, 160, 159, 158, 157, 173, 466, 388, 387, 386, 385, 384, 398)
LOWER_LIDS = (7, 163, 144, 145, 153, 154, 155, 249, 390, 373, 374, 380, 381, 382)
UPPER_LIP = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_LIP = (95, 88, 178, 87, 14, 317, 402, 318, 324)  # inner edge
INSIDE = frozenset((78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, *LOWER_LIP))
OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149,
        150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)  # fmt: skip


@dataclass(frozen=True)
class Act:
    """What the face does: degrees, and shares of the full movement."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    lids: float = 0.0  # 1: closed
    mouth: float = 0.0  # centimetres between the lips, beyond the portrait's own


@cache
def portrait() -> tuple[np.ndarray, np.ndarray]:
    """The picture, enlarged, and its 478 landmarks in pixels, shape (478, 2)."""
    picture = cv2.resize(skimage.data.astronaut()[:360, 60:420], None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    mesh = Mesh()
    for _ in range(5):
        found = mesh.find(picture)
    mesh.close()
    return picture, found[0][:, :2]


@cache
def model() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shape (n, 3) in cm, texture coordinates (n, 2) in portrait pixels, triangles (m, 3)."""
    _, texture = portrait()
    texture = texture[:468]
    shape = np.array(canonical_face())
    oval = list(OVAL)
    middle, centre = texture[oval].mean(axis=0), shape[oval].mean(axis=0)
    rings_t, rings_s = [texture], [shape]
    for grow, back in ((1.25, 3.0), (1.6, 6.0)):
        rings_t.append(middle + (texture[oval] - middle) * grow)
        ring = centre + (shape[oval] - centre) * [grow, grow, 1]
        rings_s.append(ring - [0, 0, back])
    texture, shape = np.concatenate(rings_t), np.concatenate(rings_s)
    return shape, texture, Delaunay(texture).simplices


def draw(act: Act = Act(), *, width: int = 480, height: int = 360, eyes_px: float = 70.0, at=(0.5, 0.5)) -> np.ndarray:
    """Draw the face; ``eyes_px`` is the distance between the eyes, ``at`` the nose's place in shares of the picture."""
    picture, _ = portrait()
    shape, texture, triangles = model()
    shape = shape.copy()
    upper, lower = list(UPPER_LIDS), list(LOWER_LIDS)
    shape[upper] += act.lids * (shape[lower] - shape[upper])
    shape[:, 1] -= act.mouth * jaw_share(shape)
    focal = float(max(width, height))
    distance = focal * 6.31 / eyes_px
    seat = np.array([(at[0] - 0.5) * width, (at[1] - 0.5) * height, focal]) * distance / focal
    rotation = rotation_of(act.yaw, act.pitch, act.roll)
    if at != (0.5, 0.5):
        from vivavoce.features.face.pose import _facing

        rotation = _facing(seat) @ rotation
    seen = shape @ rotation.T + seat
    points = seen[:, :2] / seen[:, 2:] * focal + [width / 2, height / 2]
    canvas = np.full((height, width, 3), 110, np.uint8)
    order = np.argsort(-seen[triangles].mean(axis=1)[:, 2])
    for triangle in triangles[order]:
        if INSIDE.issuperset(triangle.tolist()):
            cv2.fillConvexPoly(canvas, np.round(points[triangle] * 16).astype(np.int32), (70, 25, 25), cv2.LINE_AA, 4)
        else:
            _paste(canvas, points[triangle], picture, texture[triangle])
    return canvas


def jaw_share(shape: np.ndarray) -> np.ndarray:
    """How much of the lower lip's way each point goes, shape (n,): all in the middle, less towards the sides."""
    x, y = shape[:, 0], shape[:, 1]
    below = y < -4.4
    below[list(UPPER_LIP)] = False
    below[list(LOWER_LIP)] = True
    half_width = 2.6 + np.maximum(-4.6 - y, 0)
    return below * np.maximum(1 - (x / half_width) ** 2, 0)


def _paste(canvas: np.ndarray, to: np.ndarray, picture: np.ndarray, of: np.ndarray) -> None:
    (a, b, c), (d, e, f) = to, of
    if np.cross(b - a, c - a) * np.cross(e - d, f - d) <= 0:  # turned away
        return
    low = np.maximum(np.floor(to.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(to.max(axis=0)).astype(int) + 2, canvas.shape[1::-1])
    if np.any(high <= low):
        return
    affine = cv2.getAffineTransform(np.float32(of), np.float32(to - low))
    size = tuple(int(n) for n in high - low)
    patch = cv2.warpAffine(picture, affine, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros(size[::-1], np.uint8)
    cv2.fillConvexPoly(mask, np.round((to - low) * 16).astype(np.int32), 1, shift=4)
    canvas[low[1] : high[1], low[0] : high[0]][mask > 0] = patch[mask > 0]
