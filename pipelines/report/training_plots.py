"""The pictures of a training: how far weights moved from the framework's, and whether predicted ratings mean them."""

from collections.abc import Mapping, Sequence
from typing import Any

from vivavoce.evaluation.calibration import Calibration
from vivavoce.pipelines.report.blocks import Drawing, Line, Mark, Words, to_svg

INK, SOFT, GRID, BLUE, AMBER = "#1d2733", "#5b6876", "#dfe4ea", "#1f5fa8", "#b4540a"
WIDTH, LABELS, RIGHT, ROW, TOP = 760.0, 190.0, 190.0, 46.0, 64.0  # pixels
PANEL, GAP, FOOT = 220.0, 56.0, 46.0  # pixels: one calibration curve, what lies between two, the axis below
ACROSS = 3  # curves beside one another
SVG = '<svg xmlns="http://www.w3.org/2000/svg" font-family="Inter, Segoe UI, Helvetica, Arial, sans-serif" '
MOST_TICKS = 6
STEPS = (0.1, 0.2, 0.5, 1.0)

Json = Mapping[str, Any]
Shape = Line | Mark | Words


def standalone(drawing: Drawing) -> str:
    """A picture as an SVG file of its own, on white."""
    inner = str(to_svg(drawing)).removeprefix("<svg ")
    head, _, rest = inner.partition(">")
    ground = f'<rect width="{drawing.width:.0f}" height="{drawing.height:.0f}" fill="#ffffff"/>'
    size = f'width="{drawing.width:.0f}" height="{drawing.height:.0f}" '
    return f"{SVG}{size}{head}>{ground}{rest}\n"


def weights_forest(weights: Sequence[Json], persons: int) -> Drawing:
    """Each competency's weight: the framework's as a hollow diamond, the learned one with its 90 % interval, and least
    squares' share as a cross where it has one.
    """
    top = max(0.6, *(min(float(one["high"]), 1.0) for one in weights))
    bottom = TOP + ROW * len(weights)

    def x(value: float) -> float:
        return LABELS + (WIDTH - LABELS - RIGHT) * min(max(value, 0.0), top) / top

    shapes: list[Shape] = [
        Words(LABELS, 22, "Weights of the overall score", "start", 15, INK, bold=True),
        *_legend(LABELS, 42),
    ]
    for i in range(int(top * 10 + 1e-9) // 2 + 1):
        tick = 0.2 * i
        shapes += [
            Line(((x(tick), TOP - 8), (x(tick), bottom)), GRID),
            Words(x(tick), bottom + 16, _short(tick), "middle", 11, SOFT),
        ]
    for i, one in enumerate(weights):
        y = TOP + ROW * (i + 0.5)
        shapes += [
            Words(LABELS - 14, y + 4, one["competency"].replace("_", " "), "end", 13, INK),
            Line(((x(one["prior"]), y - 12), (x(one["value"]), y - 12)), SOFT, 1, (2.0, 2.0)),
            _diamond(x(one["prior"]), y - 12, 5, "#ffffff", SOFT),
            Line(((x(one["low"]), y), (x(one["high"]), y)), BLUE, 2.5),
            _diamond(x(one["value"]), y, 6, BLUE, BLUE),
            Words(WIDTH - 6, y + 4, _phrase(one), "end", 12, INK),
        ]
        free = one["unshrunk"]["value"]
        if free is not None and 0 <= free <= top:
            shapes += _cross(x(free), y + 11, AMBER)
    said = "; ".join(f"{one['competency']} {_phrase(one)}" for one in weights)
    shapes.append(Words(LABELS, bottom + 34, f"{persons} people; intervals 90 %", "start", 11, SOFT))
    return Drawing(WIDTH, bottom + 44, f"Weights, from the framework's to the learned ones: {said}", tuple(shapes))


def _legend(x: float, y: float) -> list[Shape]:
    return [
        _diamond(x + 6, y - 4, 5, "#ffffff", SOFT),
        Words(x + 16, y, "framework", "start", 11, SOFT),
        _diamond(x + 96, y - 4, 5, BLUE, BLUE),
        Words(x + 106, y, "learned, 90 %", "start", 11, SOFT),
        *_cross(x + 200, y - 4, AMBER),
        Words(x + 210, y, "least squares alone", "start", 11, SOFT),
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
    shapes: list[Shape] = [Words(GAP, 22, "Predicted and given ratings", "start", 15, INK, bold=True)]
    for i, (name, curve) in enumerate(curves.items()):
        left = GAP + (i % ACROSS) * (PANEL + GAP)
        top = TOP + (i // ACROSS) * (PANEL + GAP + FOOT)
        shapes += _panel(name, curve, left, top, low, high)
    said = "; ".join(f"{name} slope {curve.slope.value:.2f}" for name, curve in curves.items())
    height = TOP + rows * (PANEL + GAP + FOOT) - GAP
    return Drawing(width, height, f"Calibration on people not seen: {said}", tuple(shapes))


def _panel(name: str, curve: Calibration, left: float, top: float, low: float, high: float) -> list[Shape]:
    def x(value: float) -> float:
        return left + PANEL * (min(max(value, low), high) - low) / (high - low)

    def y(value: float) -> float:
        return top + PANEL - PANEL * (min(max(value, low), high) - low) / (high - low)

    bottom = top + PANEL
    shapes: list[Shape] = [
        Words(left, top - 10, name.replace("_", " "), "start", 13, INK, bold=True),
        Words(left + PANEL, top - 10, f"slope {curve.slope.value:.2f}", "end", 11, SOFT),
    ]
    for tick in _ticks(low, high):
        shapes += [
            Line(((x(tick), top), (x(tick), bottom)), GRID),
            Line(((left, y(tick)), (left + PANEL, y(tick))), GRID),
            Words(x(tick), bottom + 16, f"{tick:g}", "middle", 11, SOFT),
            Words(left - 8, y(tick) + 4, f"{tick:g}", "end", 11, SOFT),
        ]
    shapes.append(Line(((x(low), y(low)), (x(high), y(high))), SOFT, 1, (4.0, 3.0)))
    for one in curve.classes:
        shapes.append(
            Line(((x(one.predicted), y(one.observed.low)), (x(one.predicted), y(one.observed.high))), BLUE, 1.5)
        )
        shapes.append(_diamond(x(one.predicted), y(one.observed.value), 4, BLUE, BLUE))
    shapes.append(Words(left + PANEL / 2, bottom + 34, f"predicted, {curve.n} people", "middle", 11, SOFT))
    return shapes


def _ticks(low: float, high: float) -> list[float]:
    step = next((one for one in STEPS if (high - low) / one < MOST_TICKS), (high - low) / (MOST_TICKS - 1))
    return [low + i * step for i in range(int((high - low) / step + 1e-9) + 1)]


def _diamond(x: float, y: float, reach: float, fill: str, stroke: str) -> Mark:
    return Mark(((x - reach, y), (x, y - reach), (x + reach, y), (x, y + reach)), fill, stroke)


def _cross(x: float, y: float, stroke: str) -> list[Shape]:
    return [Line(((x - 4, y - 4), (x + 4, y + 4)), stroke, 2), Line(((x - 4, y + 4), (x + 4, y - 4)), stroke, 2)]


def _short(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1)
