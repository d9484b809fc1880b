"""The pictures of a training: how far weights moved from the framework's, and whether predicted ratings mean them."""

from collections.abc import Mapping, Sequence
from typing import Any

from vivavoce.evaluation.calibration import Calibration
from vivavoce.pipelines.report.figures import DOTTED, Axis, Drawing, Line, Shape, Words, diamond, level, upright

WIDTH, LABELS, RIGHT, ROW, TOP = 760.0, 190.0, 190.0, 46.0, 64.0  # pixels
PANEL, GAP, FOOT = 220.0, 56.0, 46.0  # pixels: one calibration curve, what lies between two, the axis below
ACROSS = 3  # curves beside one another
MOST_TICKS = 6
STEPS = (0.1, 0.2, 0.5, 1.0)
FREE = "series-1"  # colour of least squares' shares

Json = Mapping[str, Any]


def weights_forest(weights: Sequence[Json], persons: int) -> Drawing:
    """Each competency's weight: the framework's as a hollow diamond, the learned one with its 90 % interval, and least
    squares' share as a cross where it has one.
    """
    top = max(0.6, *(min(float(one["high"]), 1.0) for one in weights))
    bottom = TOP + ROW * len(weights)
    x = Axis(0.0, top, LABELS, WIDTH - RIGHT)
    ticks = [0.2 * i for i in range(int(top * 10 + 1e-9) // 2 + 1)]
    shapes: list[Shape] = [
        Words(LABELS, 22, "Weights of the overall score", size=15, bold=True),
        *_legend(LABELS, 42),
        *upright(x, ticks, TOP - 8, bottom, _short, {}),
    ]
    for i, one in enumerate(weights):
        y = TOP + ROW * (i + 0.5)
        shapes += [
            Words(LABELS - 14, y + 4, one["competency"].replace("_", " "), "end", 13),
            Line(((x(one["prior"]), y - 12), (x(one["value"]), y - 12)), "soft", 1, (2.0, 2.0)),
            diamond(x(one["prior"]), y - 12, 5, "paper", "soft"),
            Line(((x(one["low"]), y), (x(one["high"]), y)), "blue", 2.5),
            diamond(x(one["value"]), y, 6, "blue", "blue"),
            Words(WIDTH - 6, y + 4, _phrase(one), "end"),
        ]
        free = one["unshrunk"]["value"]
        if free is not None and 0 <= free <= top:
            shapes += _cross(x(free), y + 11)
    said = "; ".join(f"{one['competency']} {_phrase(one)}" for one in weights)
    shapes.append(Words(LABELS, bottom + 34, f"{persons} people; intervals 90 %", size=11, fill="soft"))
    return Drawing(WIDTH, bottom + 44, f"Weights, from the framework's to the learned ones: {said}", tuple(shapes))


def _legend(x: float, y: float) -> list[Shape]:
    return [
        diamond(x + 6, y - 4, 5, "paper", "soft"),
        Words(x + 16, y, "framework", size=11, fill="soft"),
        diamond(x + 96, y - 4, 5, "blue", "blue"),
        Words(x + 106, y, "learned, 90 %", size=11, fill="soft"),
        *_cross(x + 200, y - 4),
        Words(x + 210, y, "least squares alone", size=11, fill="soft"),
    ]


def _phrase(one: Json) -> str:
    prior, value, low, high = (_short(one[name]) for name in ("prior", "value", "low", "high"))
    return f"{prior} → {value} [{low}, {high}]"


def calibration_curves(curves: Mapping[str, Calibration], low: float, high: float) -> Drawing:
    """Mean human rating in classes of people with similar predictions; on the dashed line predictions mean ratings.

    Parameters
    ----------
    curves
        By competency.
    low, high
        Of the rating scale.
    """
    rows = -(-len(curves) // ACROSS)
    width = GAP + min(len(curves), ACROSS) * (PANEL + GAP)
    shapes: list[Shape] = [Words(GAP, 22, "Predicted and given ratings", size=15, bold=True)]
    for i, (name, curve) in enumerate(curves.items()):
        left = GAP + (i % ACROSS) * (PANEL + GAP)
        top = TOP + (i // ACROSS) * (PANEL + GAP + FOOT)
        shapes += _panel(name, curve, left, top, low, high)
    said = "; ".join(f"{name} slope {curve.slope.value:.2f}" for name, curve in curves.items())
    height = TOP + rows * (PANEL + GAP + FOOT) - GAP
    return Drawing(width, height, f"Calibration on people not seen: {said}", tuple(shapes))


def _panel(name: str, curve: Calibration, left: float, top: float, low: float, high: float) -> list[Shape]:
    right, bottom = left + PANEL, top + PANEL
    x, y = Axis(low, high, left, right), Axis(low, high, bottom, top)
    ticks = _ticks(low, high)
    shapes: list[Shape] = [
        Words(left, top - 10, name.replace("_", " "), size=13, bold=True),
        Words(right, top - 10, f"slope {curve.slope.value:.2f}", "end", 11, "soft"),
        *upright(x, ticks, top, bottom, "{:g}".format, {}),
        *level(y, ticks, left, right, "{:g}".format, {}),
        Line(((left, bottom), (right, top)), "soft", 1, DOTTED),
    ]
    for one in curve.classes:
        limits = ((x(one.predicted), y(one.observed.low)), (x(one.predicted), y(one.observed.high)))
        shapes += [Line(limits, "blue", 1.5), diamond(x(one.predicted), y(one.observed.value), 4, "blue", "blue")]
    shapes.append(Words(left + PANEL / 2, bottom + 34, f"predicted, {curve.n} people", "middle", 11, "soft"))
    return shapes


def _ticks(low: float, high: float) -> list[float]:
    step = next((one for one in STEPS if (high - low) / one < MOST_TICKS), (high - low) / (MOST_TICKS - 1))
    return [low + i * step for i in range(int((high - low) / step + 1e-9) + 1)]


def _cross(x: float, y: float) -> list[Shape]:
    return [Line(((x - 4, y - 4), (x + 4, y + 4)), FREE, 2), Line(((x - 4, y + 4), (x + 4, y - 4)), FREE, 2)]


def _short(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1)
