"""Planted faces: a public-domain portrait laid on the canonical face and drawn at a known pose.

The portrait is NASA's picture of Eileen Collins (public domain), which ships inside scikit-image. Because the shape
is the canonical one, yaw, pitch and roll are known absolutely; lids, lips and irises move by known amounts.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
import skimage.data
from scipy.spatial import Delaunay

from vivavoce.features.face.face_track import EYEBALL_CM, IRIS_ABOVE_CM, IRIS_AHEAD_CM
from vivavoce.features.face.pose import EYES_CM, LEFT_EYE, RIGHT_EYE, Mesh, canonical_face, rotation_of, sight_of

Floats = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

UPPER_LIDS = (246, 161, 160, 159, 158, 157, 173, 466, 388, 387, 386, 385, 384, 398)
LOWER_LIDS = (7, 163, 144, 145, 153, 154, 155, 249, 390, 373, 374, 380, 381, 382)
UPPER_LIP = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_LIP = (95, 88, 178, 87, 14, 317, 402, 318, 324)  # inner edge
INSIDE = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, *LOWER_LIP)
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
RINGS = ((1.25, 3.0), (1.6, 6.0))  # hair and neck: the oval enlarged, and how many cm further back

GAP_CM = 0.5481  # between the canonical face's lips, which stand a little apart
WALL = (110, 110, 110)
INNER_MOUTH = (70, 25, 25)
SCLERA, IRIS, PUPIL = (225, 220, 215), (95, 70, 45), (15, 12, 10)
IRIS_CM, PUPIL_CM = 0.585, 0.2  # radii


@dataclass(frozen=True)
class Act:
    """What the face does in one frame."""

    yaw: float = 0.0  # degrees, signs as in pose.py
    pitch: float = 0.0
    roll: float = 0.0
    lids: float = 0.0  # 1: closed
    mouth: float = 0.0  # cm between the lips beyond GAP_CM
    look: tuple[float, float] | None = None  # yaw and pitch of the irises relative to the camera; None: the portrait's


@dataclass(frozen=True)
class Stand:
    """Where the face stands in which picture."""

    width: int = 480
    height: int = 360
    eyes_px: float = 70.0  # distance between the eyes
    at: tuple[float, float] = (0.5, 0.5)  # middle of the head in shares of the picture


@cache
def portrait() -> tuple[Picture, Floats]:
    """The picture, enlarged, and its landmarks in pixels, shape (468, 2)."""
    picture = cv2.resize(skimage.data.astronaut()[:360, 60:420], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    mesh = Mesh()
    mesh.find(picture)
    landmarks = mesh.find(picture)[0]
    mesh.close()
    return picture, landmarks[:468, :2]


@cache
def model() -> tuple[Floats, Floats, npt.NDArray[np.int32]]:
    """Shape (n, 3) in cm, texture coordinates (n, 2) in pixels of the portrait, triangles (m, 3)."""
    _, texture = portrait()
    shape = canonical_face()
    oval, oval_px = shape[list(OVAL)], texture[list(OVAL)]
    middle, middle_px = oval.mean(axis=0), oval_px.mean(axis=0)
    textures = [texture, *(middle_px + (oval_px - middle_px) * grow for grow, _ in RINGS)]
    shapes = [shape, *(middle + (oval - middle) * [grow, grow, 1] - [0, 0, back] for grow, back in RINGS)]
    points = np.concatenate(textures)
    return np.concatenate(shapes), points, Delaunay(points).simplices


def posed(act: Act) -> Floats:
    """The shape with lids and lips moved, shape (n, 3), in cm."""
    shape = np.array(model()[0])
    upper, lower = list(UPPER_LIDS), list(LOWER_LIDS)
    shape[upper] += act.lids * (shape[lower] - shape[upper])
    x, y = shape[:, 0], shape[:, 1].copy()
    jaw = y < -4.4
    jaw[list(UPPER_LIP)] = False
    jaw[list(LOWER_LIP)] = True
    half_width = 2.6 + np.maximum(-4.6 - y, 0)
    shape[:, 1] -= act.mouth * jaw * np.maximum(1 - (x / half_width) ** 2, 0)
    return shape


def seen_from_camera(shape: Floats, act: Act, stand: Stand) -> Floats:
    """Points in pixels and depth in cm, shape (n, 3), of a camera whose focal length is the picture's longest side."""
    focal = float(max(stand.width, stand.height))
    aside = (np.array(stand.at) - 0.5) * [stand.width, stand.height]
    seat = np.array([*aside, focal]) * EYES_CM / stand.eyes_px
    points = shape @ (sight_of(seat) @ rotation_of(act.yaw, act.pitch, act.roll)).T + seat
    pixels = points[:, :2] / points[:, 2:] * focal + np.array([stand.width, stand.height]) / 2
    return np.column_stack([pixels, points[:, 2]])


def draw(act: Act = Act(), stand: Stand = Stand(), onto: Picture | None = None) -> Picture:
    """Draw the face, shape (height, width, 3), onto a wall or onto another picture."""
    picture, _ = portrait()
    shape, texture, triangles = posed(act), *model()[1:]
    seen = seen_from_camera(shape, act, stand)
    canvas = np.full((stand.height, stand.width, 3), WALL, np.uint8) if onto is None else onto.copy()

    corners = seen[triangles]
    area = _area(corners) * np.sign(_area(texture[triangles]))
    shown = np.flatnonzero(area > 1e-3)  # turned to us, and wide enough to be seen
    shown = shown[np.argsort(-corners[shown, :, 2].mean(axis=1))]  # far ones first
    which = np.full(canvas.shape[:2], -1, np.int32)
    for triangle in shown.tolist():
        cv2.fillConvexPoly(which, np.round(corners[triangle, :, :2] * 16).astype(np.int32), triangle, shift=4)

    row, column = np.nonzero(which >= 0)
    triangle = which[row, column]
    maps = np.zeros((len(triangles), 2, 3))
    maps[shown] = _maps(corners[shown, :, :2], texture[triangles[shown]])
    at = np.einsum("nij,nj->ni", maps[triangle], np.stack([column, row, np.ones_like(row)], axis=1))
    lookup = np.zeros((*canvas.shape[:2], 2), np.float32)
    lookup[row, column] = at
    drawn = cv2.remap(picture, lookup, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = np.isin(triangles, INSIDE).all(axis=1)[triangle]
    canvas[row, column] = np.where(inside[:, None], INNER_MOUTH, drawn[row, column])
    if act.look is not None:
        _draw_irises(canvas, act, stand, seen)
    return canvas


def _area(corners: Floats) -> Floats:
    one, two = corners[:, 1, :2] - corners[:, 0, :2], corners[:, 2, :2] - corners[:, 0, :2]
    return one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]


def _maps(pixels: Floats, texture: Floats) -> Floats:
    """Affine maps from each triangle of the picture, shape (m, 3, 2), to its triangle of the texture; (m, 2, 3)."""
    homogeneous = np.concatenate([pixels, np.ones((len(pixels), 3, 1))], axis=2)
    return np.linalg.solve(homogeneous, texture).transpose(0, 2, 1)


def _draw_irises(canvas: Picture, act: Act, stand: Stand, seen: Floats) -> None:
    assert act.look is not None
    scale = stand.eyes_px / EYES_CM
    yaw, pitch = np.deg2rad(act.look)
    look = np.array([np.sin(yaw) * np.cos(pitch), -np.sin(pitch)])
    rest = rotation_of(act.yaw, act.pitch, act.roll) @ [0, IRIS_ABOVE_CM, IRIS_AHEAD_CM - EYEBALL_CM]
    for eye, half in ((RIGHT_EYE, slice(0, 7)), (LEFT_EYE, slice(7, 14))):
        lids = np.concatenate([seen[[eye[0], *UPPER_LIDS[half], eye[1]], :2], seen[[*LOWER_LIDS[half][::-1]], :2]])
        centre = seen[list(eye), :2].mean(axis=0) + scale * (rest[:2] + EYEBALL_CM * look)
        ball = np.full_like(canvas, SCLERA)
        for radius, colour in ((IRIS_CM, IRIS), (PUPIL_CM, PUPIL)):
            point = tuple(int(v) for v in np.round(centre * 16))
            cv2.circle(ball, point, round(radius * scale * 16), colour, cv2.FILLED, cv2.LINE_AA, shift=4)
        mask = np.zeros(canvas.shape[:2], np.uint8)
        cv2.fillPoly(mask, [np.round(lids * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
        share = mask[..., None] / 255
        canvas[:] = np.round(share * ball + (1 - share) * canvas)
