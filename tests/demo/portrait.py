"""A face that moves: one public-domain portrait, warped by the speech that it is to utter.

The portrait is NASA's of an astronaut, in the public domain, as scikit-image ships it. Coordinates are pixels of that
picture, x to the right and y down; every warp is written backwards (where does this pixel come from?), as
``cv2.remap`` wants it.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 320, 240  # pixels of a frame
MIDDLE = (226.0, 115.0)  # the portrait's pixel in the middle of the frame
HEAD = ((248, 16), (241, 18), (227, 16), (212, 21), (203, 22), (193, 29), (185, 38), (174, 43), (163, 51), (156, 58),
        (154, 64), (154, 92), (157, 104), (167, 115), (170, 120), (174, 128), (182, 133), (183, 146), (186, 152),
        (186, 176), (190, 198), (252, 198), (253, 182), (257, 160), (264, 150), (268, 137), (275, 134), (290, 117),
        (296, 105), (299, 97), (299, 72), (296, 58), (288, 43), (276, 31))  # fmt: skip
"""Outline of hair, face and neck, found once with GrabCut and thinned to these corners."""

BODY = ((184, 175), (196, 180), (222, 186), (246, 183), (257, 176), (262, 200), (290, 211), (334, 226), (362, 250),
        (376, 330), (66, 330), (80, 250), (110, 226), (152, 212), (180, 200))  # fmt: skip
"""Outline of the jumper that covers the space suit."""

FACE_CENTRE, FACE_RADII = (224.0, 124.0), (62.0, 74.0)
MOUTH_X, MOUTH_HALF = 223.4, 23.0  # centre and half width
CORNER_Y, LIP_DROP = 140.0, 9.0  # the smile: the corners' height, and how much lower its middle lies
CHIN_Y, NECK_Y = 166.0, 200.0  # from full movement of the jaw to none
EYES = ((204.2, 10.5, 97.2, 104.6), (246.4, 10.5, 99.2, 106.8))  # centre x, half width, upper and lower lid's y
BROW_DISTANCE = 9.0  # skin above the lid that a blink pulls down
SWAY = 0.35  # of the head's movement that the shoulders follow
CLOSED_MOUTH = -6.0  # pixels by which the lower lip must rise to hide the teeth of the smile


@dataclass(frozen=True)
class Look:
    """What sets one candidate's picture apart; colours are RGB in 0–1."""

    room: str
    jumper: tuple[float, float, float]
    hair: tuple[float, float, float] = (1.0, 1.0, 1.0)  # gain of each channel
    light: tuple[float, float, float] = (1.0, 1.0, 1.0)  # gain of each channel, over the whole picture
    mirrored: bool = False
    zoom: float = 1.1  # frame pixels per portrait pixel
    breadth: float = 1.0  # the head's width against the portrait's
    left: float = 0.0  # by how many portrait pixels the head sits left of the middle


@dataclass(frozen=True)
class Pose:
    """Where head, jaw and lids are at one moment; lengths in portrait pixels."""

    x: float = 0.0
    y: float = 0.0
    roll_deg: float = 0.0
    yaw: float = 0.0  # by how much the middle of the face shifts against its rim
    pitch: float = 0.0
    mouth: float = CLOSED_MOUTH  # opening at the middle; negative pulls the lower lip over the teeth
    lids: float = 0.0  # 0 open, 1 shut


def _mask(outline: tuple[tuple[int, int], ...], feather: float) -> Image:
    import cv2

    canvas = np.zeros((512, 512), np.uint8)
    cv2.fillPoly(canvas, [np.array(outline, np.int32)], (255,))
    blurred: Image = cv2.GaussianBlur(canvas, (0, 0), feather).astype(np.float32) / 255
    return blurred


def _ease(x: Any) -> Any:
    """Smooth step from 0 at 0 to 1 at 1."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


class Portrait:
    """One candidate before a camera.

    Parameters
    ----------
    look
        What sets the picture apart.
    room
        What is behind the candidate, (240, 320, 3), RGB in 0–1.
    """

    def __init__(self, look: Look, room: Image) -> None:
        import skimage.data

        self._look = look
        self._room = room
        portrait = skimage.data.astronaut().astype(np.float32) / 255  # type: ignore[no-untyped-call]
        self._head = _head_sprite(portrait, look.hair)
        self._body = _body_sprite(look.jumper)
        columns, rows = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
        self._x = (columns - WIDTH / 2) / look.zoom + MIDDLE[0] + look.left
        self._y = (rows - HEIGHT / 2) / look.zoom + MIDDLE[1]

    def frame(self, pose: Pose) -> Picture:
        """Draw one frame, uint8 (240, 320, 3) RGB."""
        import cv2

        x, y = self._turn(pose)
        x, y = _blink(x, y, pose.lids)
        x, y, dark = _speak(x, y, pose.mouth)
        head = np.asarray(cv2.remap(self._head, x, y, cv2.INTER_CUBIC), np.float32)
        swayed = self._x - np.float32(SWAY * pose.x), self._y - np.float32(SWAY * pose.y)
        body = cv2.remap(self._body, *swayed, cv2.INTER_LINEAR)
        head[..., :3] *= 1 - dark[..., None] * np.array([0.75, 0.9, 0.9], np.float32)
        picture = self._room
        for sprite in (head, body):
            alpha = np.clip(sprite[..., 3:], 0, 1)
            picture = picture * (1 - alpha) + sprite[..., :3] * alpha
        picture = np.clip(picture * np.array(self._look.light, np.float32), 0, 1)
        if self._look.mirrored:
            picture = picture[:, ::-1]
        return np.ascontiguousarray(np.rint(picture * 255).astype(np.uint8))

    def _turn(self, pose: Pose) -> tuple[Image, Image]:
        """Move the head as one piece, the neck following less and less, and shift its middle against its rim."""
        centre_x, centre_y = FACE_CENTRE
        dx, dy = self._x - centre_x, self._y - centre_y
        follows = 1 - _ease((self._y - 150) / 60)
        angle = -math.radians(pose.roll_deg)
        moved_x, moved_y = dx - pose.x, dy - pose.y - 30  # the head rolls about the neck, not about the nose
        rolled_x = (math.cos(angle) * moved_x - math.sin(angle) * moved_y) / self._look.breadth
        rolled_y = math.sin(angle) * moved_x + math.cos(angle) * moved_y + 30
        x = centre_x + dx / self._look.breadth * (1 - follows) + rolled_x * follows
        y = centre_y + dy * (1 - follows) + rolled_y * follows
        inside = 1 - ((x - centre_x) / FACE_RADII[0]) ** 2 - ((y - centre_y) / FACE_RADII[1]) ** 2
        depth = _ease(inside)
        return (x - pose.yaw * depth).astype(np.float32), (y - pose.pitch * depth).astype(np.float32)


def _blink(x: Image, y: Image, lids: float) -> tuple[Image, Image]:
    """Pull the skin above each eye down to the lower lid."""
    if lids <= 0:
        return x, y
    source = y.copy()
    for centre, half, upper, lower in EYES:
        arch = np.clip(1 - ((x - centre) / (half + 3)) ** 2, 0, 1)
        rest = upper + (1 - arch) * (lower - upper) * 0.6  # the lid's margin when open
        margin = rest + lids * arch * (lower - rest)
        brow = rest - BROW_DISTANCE
        on_lid = (arch > 0) & (y > brow) & (y < margin)
        pulled = brow + (y - brow) * (rest - brow) / (margin - brow)
        source = np.where(on_lid, pulled, source)
    return x, source.astype(np.float32)


def _speak(x: Image, y: Image, opening: float) -> tuple[Image, Image, Image]:
    """Move jaw and lower lip; the third array says how dark the open mouth is, 0–1."""
    x, y = _relax(x, y)
    across = np.clip(1 - ((x - MOUTH_X) / MOUTH_HALF) ** 2, 0, 1)
    line = CORNER_Y + LIP_DROP * across
    spread = MOUTH_HALF + 0.7 * np.clip(y - line, 0, 40)  # the jaw is wider than the mouth
    shape = np.clip(1 - ((x - MOUTH_X) / spread) ** 2, 0, 1) ** 1.3
    lip = opening * across**1.3
    moved = opening * shape * (1 - _ease((y - CHIN_Y) / (NECK_Y - CHIN_Y)))
    below = y > line + lip
    between = (y > line) & ~below
    depth = np.clip(np.minimum(y - line, line + lip - y) / 1.5, 0, 1)
    dark = np.where(between & (opening > 0), 0.35 + 0.65 * depth, 0.0)
    return x, np.where(below, y - moved, y).astype(np.float32), dark.astype(np.float32)


def _relax(x: Image, y: Image) -> tuple[Image, Image]:
    """Take the studio smile back: a narrower mouth with lower corners."""
    near = np.exp(-(((x - MOUTH_X) / 32) ** 2) - ((y - 145) / 14) ** 2)
    corners = np.exp(-(((np.abs(x - MOUTH_X) - 19) / 9) ** 2) - ((y - 142) / 9) ** 2)
    return MOUTH_X + (x - MOUTH_X) * (1 + 0.16 * near), y - 2.5 * corners


def _head_sprite(portrait: Image, hair: tuple[float, float, float]) -> Image:
    """Cut the head out of the portrait and tint what is not face."""
    rows, columns = np.mgrid[0:512, 0:512]
    from_face = np.hypot((columns - 224) / 43, (rows - 131) / 52)
    is_hair = _ease((from_face - 0.92) / 0.16) * (1 - _ease((rows - 122) / 14))
    is_skin = _ease((portrait.mean(axis=2) - 0.5) / 0.12)
    is_hair = np.maximum(is_hair * (1 - is_skin), 1 - _ease((rows - 68) / 10))
    tint = 1 + is_hair[..., None] * (np.array(hair, np.float32) - 1)
    return np.dstack([portrait * tint, np.clip(_mask(HEAD, 1.2) * 1.8 - 0.85, 0, 1)]).astype(np.float32)


def _body_sprite(colour: tuple[float, float, float]) -> Image:
    """Paint a roll-neck jumper: light from the upper left, folds, the shadow of the chin."""
    rows, columns = np.mgrid[0:512, 0:512].astype(np.float32)
    folds = 0.05 * np.sin(columns / 17 + rows / 23) + 0.03 * np.sin(columns / 7 - rows / 31)
    ribs = 0.05 * np.sin(columns * 1.6) * (1 - _ease((rows - 196) / 12))
    rim = 0.22 * _ease((np.abs(columns - 222) - 60) / 100) + 0.18 * _ease((rows - 225) / 90)
    under_chin = 0.45 * np.exp(-(((columns - 224) / 30) ** 2) - ((rows - 182) / 9) ** 2)
    shade = 0.95 + folds + ribs - rim - under_chin
    return np.dstack([np.array(colour, np.float32) * shade[..., None], _mask(BODY, 1.6)]).astype(np.float32)
