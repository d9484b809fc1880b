"""What is behind the candidates: walls, windows and shelves, drawn and then put out of focus."""

import numpy as np

from tests.demo.portrait import HEIGHT, WIDTH, Image

Colour = tuple[float, float, float]
Box = tuple[float, float, float, float, Colour]  # left, top, right, bottom as shares of the frame

WHITE, WOOD, LEAF, SKY, DARK = (
    (0.93, 0.93, 0.9),
    (0.5, 0.37, 0.26),
    (0.28, 0.42, 0.27),
    (0.74, 0.84, 0.93),
    (0.2, 0.22, 0.26),
)
BOOKS: tuple[Colour, ...] = (
    (0.62, 0.25, 0.2),
    (0.22, 0.33, 0.5),
    (0.8, 0.72, 0.5),
    (0.3, 0.45, 0.35),
    (0.45, 0.3, 0.42),
)

WALLS: dict[str, Colour] = {
    "study": (0.72, 0.69, 0.64),
    "office": (0.66, 0.72, 0.76),
    "kitchen": (0.8, 0.76, 0.66),
    "booth": (0.42, 0.45, 0.5),
    "lounge": (0.6, 0.66, 0.6),
    "plain": (0.78, 0.78, 0.78),
    "board": (0.7, 0.7, 0.68),
}


def _shelf(left: float, top: float, right: float) -> list[Box]:
    """One board with a row of books of different height."""
    places = np.arange(left, right - 0.02, 0.035)
    books = [
        (x, top - 0.11 - 0.035 * ((3 * i) % 4) / 3, x + 0.03, top, BOOKS[(2 * i + i // 4) % len(BOOKS)])
        for i, x in enumerate(places)
    ]
    return [*books, (left - 0.02, top, right + 0.02, top + 0.03, WOOD)]


def _furniture(room: str) -> list[Box]:
    match room:
        case "study":
            return [
                *_shelf(0.02, 0.28, 0.3),
                *_shelf(0.02, 0.56, 0.3),
                (0.78, 0.1, 0.97, 0.42, WHITE),
                (0.8, 0.13, 0.95, 0.39, SKY),
            ]
        case "office":
            return [
                (0.0, 0.0, 0.26, 0.75, SKY),
                (0.12, 0.0, 0.135, 0.75, WHITE),
                (0.26, 0.0, 0.28, 0.75, WHITE),
                *_shelf(0.76, 0.4, 0.98),
            ]
        case "kitchen":
            return [
                (0.72, 0.0, 1.0, 0.34, WOOD),
                (0.855, 0.0, 0.862, 0.34, DARK),
                (0.0, 0.62, 0.22, 1.0, WHITE),
                (0.05, 0.44, 0.13, 0.62, LEAF),
            ]
        case "booth":
            return [(x / 10, 0.0, x / 10 + 0.012, 1.0, DARK) for x in range(1, 10, 2)]
        case "lounge":
            return [
                (0.03, 0.3, 0.17, 0.7, LEAF),
                (0.07, 0.7, 0.13, 1.0, WOOD),
                (0.74, 0.12, 0.96, 0.4, DARK),
                (0.76, 0.15, 0.94, 0.37, WHITE),
            ]
        case "board":
            return [(0.12, 0.1, 0.9, 0.74, DARK), (0.135, 0.12, 0.885, 0.72, WHITE), (0.3, 0.74, 0.7, 0.78, WOOD)]
        case _:
            return []


def draw_room(room: str) -> Image:
    """Draw a room by its name (``study``, ``office``, ``kitchen``, ``booth``, ``lounge``, ``plain``, ``board``).

    Returns
    -------
    ndarray, shape (240, 320, 3)
        RGB in 0–1, lit from the upper left; all but the ``board`` is out of focus, as behind a person.

    Raises
    ------
    KeyError
        For a room that is not drawn.
    """
    import cv2

    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    light = 1.08 - 0.22 * columns / WIDTH - 0.16 * rows / HEIGHT
    picture = np.array(WALLS[room], np.float32) * np.ones((HEIGHT, WIDTH, 1), np.float32)
    for left, top, right, bottom, colour in _furniture(room):
        corners = (round(left * WIDTH), round(top * HEIGHT)), (round(right * WIDTH), round(bottom * HEIGHT))
        cv2.rectangle(picture, *corners, colour, -1)
    if room == "board":
        _scribble(picture)
    blurred = cv2.GaussianBlur(picture, (0, 0), 0.8 if room == "board" else 4.0)
    lit: Image = np.clip(blurred * light[..., None], 0, 1).astype(np.float32)
    return lit


def _scribble(picture: Image) -> None:
    """Lines of handwriting and a small diagram on the whiteboard."""
    import cv2

    rng = np.random.default_rng(7)
    for y in (50, 68, 86, 104):
        x = np.arange(56, 56 + int(rng.integers(70, 110)), 2)
        wave = y + 4 * np.sin(x / 2.1 + y) * rng.uniform(0.3, 1.0, len(x))
        cv2.polylines(picture, [np.stack([x, wave], 1).astype(np.int32)], False, (0.15, 0.2, 0.5), 1, cv2.LINE_AA)
    for left, top in ((190, 55), (238, 55), (214, 105)):
        cv2.rectangle(picture, (left, top), (left + 30, top + 20), (0.6, 0.15, 0.12), 1, cv2.LINE_AA)
    for start, end in (((220, 65), (238, 65)), ((205, 75), (222, 105)), ((253, 75), (236, 105))):
        cv2.line(picture, start, end, (0.6, 0.15, 0.12), 1, cv2.LINE_AA)
