"""Pictures of lines, marks and words: drawn once, and the same SVG on a page, in its PDF and as a file of its own.

Colours have names. On a page they follow its light and dark; in a PDF and in a file they are the light ones.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal
from unicodedata import east_asian_width

from markupsafe import Markup

Anchor = Literal["start", "middle", "end"]
Dash = tuple[float, ...]

PALETTE: dict[str, tuple[str, str]] = {  # on light and on dark ground, text at 4.5 : 1 or more on its paper
    "ink": ("#1d2733", "#e4e9ef"),
    "soft": ("#5b6876", "#a3afbc"),
    "grid": ("#dfe4ea", "#38424e"),
    "paper": ("#ffffff", "#1a2129"),
    "wash": ("#f5f7f9", "#12171d"),
    "blue": ("#1f5fa8", "#79b0ef"),
    "band": ("#b9d2ee", "#2c4a6e"),
    "ok": ("#1e6b45", "#6cc799"),
    "ok-wash": ("#e8f4ee", "#162e22"),
    "finding": ("#9b2226", "#f08a8d"),
    "finding-wash": ("#fbeaea", "#3a1c1e"),
    "amber": ("#7a5000", "#e3b45a"),
    "amber-wash": ("#fff4dc", "#33280f"),
    "look": ("#7a5000", "#e3b45a"),
    "insufficient": ("#5b6876", "#a3afbc"),
    "series-0": ("#1f5fa8", "#79b0ef"),
    "series-1": ("#b4540a", "#f0a061"),
    "series-2": ("#1e6b45", "#6cc799"),
    "series-3": ("#7b3f9e", "#c89be3"),
    "series-4": ("#8a5a00", "#e3b45a"),
    "series-5": ("#9b2226", "#f08a8d"),
    "series-6": ("#2b7a78", "#74c9c6"),
}
FONTS = (
    "'Noto Sans','Noto Sans CJK SC','Noto Sans Arabic','Noto Sans Hebrew','Noto Sans Devanagari','Noto Sans Thai',"
    "system-ui,'Segoe UI','PingFang SC','Microsoft YaHei',sans-serif"
)
SERIES = sum(name.startswith("series-") for name in PALETTE)
DASHES: tuple[Dash, ...] = ((), (6, 3), (2, 3), (8, 3, 2, 3))
DOTTED: Dash = (4.0, 3.0)
INTERVAL = 2.0  # pixels, a confidence interval's line
PALE = 0.25  # opacity of an area behind lines
WIDE = 480.0  # pixels; a wider picture is not squeezed to a phone's width but scrolls there


@dataclass(frozen=True)
class Line:
    """A line through points (x, y); ``stroke`` names a colour, ``dash`` is on and off in pixels."""

    points: tuple[tuple[float, float], ...]
    stroke: str
    width: float = 1.0
    dash: Dash = ()


@dataclass(frozen=True)
class Strokes:
    """Many lines of one look, each through its points: what is broken where nothing was measured, in few letters."""

    pieces: tuple[tuple[tuple[float, float], ...], ...]
    stroke: str
    width: float = 1.0


@dataclass(frozen=True)
class Mark:
    """A closed shape around points, in named colours; a ``pale`` one lets through what is behind it."""

    points: tuple[tuple[float, float], ...]
    fill: str
    stroke: str
    pale: bool = False


@dataclass(frozen=True)
class Words:
    """Text at its baseline, in a named colour; with a ``language`` it is for a page that shows one of several."""

    x: float
    y: float
    text: str
    anchor: Anchor = "start"
    size: float = 12.0
    fill: str = "ink"
    bold: bool = False
    language: str = ""


Shape = Line | Strokes | Mark | Words


@dataclass(frozen=True)
class Drawing:
    """Shapes in pixels, y downwards; ``title`` says in words what a picture shows."""

    width: float
    height: float
    title: str
    shapes: tuple[Shape, ...]


def to_svg(drawing: Drawing) -> Markup:
    """Inline SVG that scales with the page; its title is for who does not see it."""
    return Markup(
        '<svg viewBox="0 0 {0:.0f} {1:.0f}" role="img" font-family="{2}" style="max-width:{0:.0f}px"{3}>'
        "<title>{4}</title>{5}</svg>"
    ).format(
        drawing.width, drawing.height, FONTS, _attribute("class", "wide" if drawing.width > WIDE else ""),
        drawing.title, Markup("").join(map(_svg, drawing.shapes)),
    )  # fmt: skip


def standalone(drawing: Drawing) -> str:
    """A picture as an SVG file of its own, on white."""
    size = f'xmlns="http://www.w3.org/2000/svg" width="{drawing.width:.0f}" height="{drawing.height:.0f}"'
    head, _, rest = str(to_svg(drawing)).partition("</title>")
    ground = f'<rect width="{drawing.width:.0f}" height="{drawing.height:.0f}" fill="{PALETTE["paper"][0]}"/>'
    return f"<svg {size} {head.removeprefix('<svg ')}</title>{ground}{rest}\n"


def _svg(shape: Shape) -> Markup:
    if isinstance(shape, Words):
        anchor = _attribute("text-anchor", shape.anchor if shape.anchor != "start" else "")
        bold = _attribute("font-weight", "600" if shape.bold else "")
        return Markup('<text x="{}" y="{}" font-size="{:g}"{}{}{}>{}</text>').format(
            _short(shape.x),
            _short(shape.y),
            shape.size,
            anchor,
            bold,
            _paint(shape.language, fill=shape.fill),
            shape.text,
        )
    if isinstance(shape, Strokes):
        path = "".join(map(_piece, shape.pieces))
        width = _attribute("stroke-width", f"{shape.width:g}" if shape.width != 1 else "")
        return Markup('<path d="{}" fill="none"{}{}/>').format(path, _paint(stroke=shape.stroke), width)
    points = " ".join(f"{_short(x)},{_short(y)}" for x, y in shape.points)
    if isinstance(shape, Mark):
        pale = _attribute("fill-opacity", f"{PALE:g}" if shape.pale else "")
        paint = _paint(fill=shape.fill, stroke=shape.stroke)
        return Markup('<polygon points="{}" stroke-width="1.5"{}{}/>').format(points, paint, pale)
    dash = _attribute("stroke-dasharray", ",".join(map(_short, shape.dash)))
    width = _attribute("stroke-width", f"{shape.width:g}" if shape.width != 1 else "")
    return Markup('<polyline points="{}" fill="none"{}{}{}/>').format(points, _paint(stroke=shape.stroke), width, dash)


def _attribute(name: str, value: str) -> Markup:
    """An attribute, or nothing where it has no value."""
    return Markup(' {}="{}"').format(name, value) if value else Markup("")


def _piece(points: Sequence[tuple[float, float]]) -> str:
    """A line in steps from point to point, which whole pixels keep short."""
    steps = [f"{_short(x - before_x)} {_short(y - before_y)}" for (before_x, before_y), (x, y) in pairwise(points)]
    return f"M{_short(points[0][0])} {_short(points[0][1])}l{' '.join(steps)}".replace(" -", "-")


def _paint(language: str = "", **colours: str) -> Markup:
    """The light colours, and the classes by which a page's stylesheet puts its own in their place."""
    plain = Markup("").join(_attribute(what, PALETTE[name][0]) for what, name in colours.items())
    classes = [f"{what}-{name}" for what, name in colours.items()] + [f"in-{language}"] * bool(language)
    return plain + _attribute("class", " ".join(classes))


def _short(value: float) -> str:
    """Pixels to one decimal, none where it is 0."""
    return f"{round(value, 1) + 0.0:g}"


@dataclass(frozen=True)
class Axis:
    """From values to pixels along a line: ``low`` lies at ``start``, ``high`` at ``end``; what is beyond stays there.

    Examples
    --------
    >>> axis = Axis(0, 10, 100, 200)
    >>> axis(5), axis(99)
    (150.0, 200.0)
    >>> Axis(0.25, 4, 0, 80, log=True)(1)
    40.0
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Where a value lies."""
        inside = min(max(value, self.low), self.high)
        if self.log:
            share = math.log(inside / self.low) / math.log(self.high / self.low)
        else:
            share = (inside - self.low) / ((self.high - self.low) or 1.0)
        return float(self.start + share * (self.end - self.start))

    def ticks(self, parts: int = 4) -> list[float]:
        """Values that cut a linear axis into equal parts, both ends included."""
        return [self.low + (self.high - self.low) * k / parts for k in range(parts + 1)]


Form = Callable[[float], str]
Ruled = Mapping[float, tuple[str, Dash]]


def upright(axis: Axis, ticks: Sequence[float], top: float, bottom: float, form: Form, marked: Ruled) -> list[Shape]:
    """Upright rules at ticks of a horizontal axis, their values below; ``marked`` are drawn otherwise."""
    shapes: list[Shape] = []
    for tick in ticks:
        stroke, dash = marked.get(tick, ("grid", ()))
        shapes.append(Line(((axis(tick), top), (axis(tick), bottom)), stroke, 1, dash))
        shapes.append(Words(axis(tick), bottom + 16, form(tick), "middle", 11, "soft"))
    return shapes


def level(axis: Axis, ticks: Sequence[float], left: float, right: float, form: Form, marked: Ruled) -> list[Shape]:
    """Level rules at ticks of an upright axis, their values on the left; ``marked`` are drawn otherwise."""
    shapes: list[Shape] = []
    for tick in ticks:
        stroke, dash = marked.get(tick, ("grid", ()))
        shapes.append(Line(((left, axis(tick)), (right, axis(tick))), stroke, 1, dash))
        shapes.append(Words(left - 6, axis(tick) + 4, form(tick), "end", 11, "soft"))
    return shapes


def three(tick: float) -> str:
    """A tick to three significant digits."""
    return f"{tick:.3g}"


def interval(axis: Axis, low: float, high: float, y: float, colour: str) -> list[Shape]:
    """A line from limit to limit along a horizontal axis, an arrow where it goes on beyond it."""
    shapes: list[Shape] = [Line(((axis(low), y), (axis(high), y)), colour, INTERVAL)]
    shapes += [arrow(axis.start, y, -6, colour)] if low < axis.low else []
    return [*shapes, arrow(axis.end, y, 6, colour)] if high > axis.high else shapes


def arrow(x: float, y: float, reach: float, colour: str) -> Mark:
    """An arrow's head: what lies beyond the axis."""
    return Mark(((x + reach, y), (x, y - 4), (x, y + 4)), colour, colour)


def diamond(x: float, y: float, reach: float, fill: str, stroke: str) -> Mark:
    """A square on its corner."""
    return Mark(((x - reach, y), (x, y - reach), (x + reach, y), (x, y + reach)), fill, stroke)


def mark(verdict: str, x: float, y: float, colour: str) -> Mark:
    """Diamond for a finding, full disc for ok, hollow square for insufficient: readable without colour."""
    if verdict == "finding":
        return diamond(x, y, 7, colour, colour)
    if verdict == "ok":
        turns = [i * math.pi / 8 for i in range(16)]
        return Mark(tuple((x + 5.5 * math.cos(t), y + 5.5 * math.sin(t)) for t in turns), colour, colour)
    return Mark(((x - 5, y - 5), (x + 5, y - 5), (x + 5, y + 5), (x - 5, y + 5)), "paper", colour)


def series(number: int) -> tuple[str, Dash]:
    """Colour and dash of one line among several; 28 differ."""
    return f"series-{number % SERIES}", DASHES[(number // 2) % len(DASHES)]


def legend(names: Sequence[str], x: float, top: float, width: float = 2.0) -> list[Shape]:
    """A stroke and a name for every line, 18 pixels apart."""
    shapes: list[Shape] = []
    for i, name in enumerate(names):
        y = top + 14 + 18 * i
        stroke, dash = series(i)
        shapes += [Line(((x + 14, y - 4), (x + 42, y - 4)), stroke, width, dash), Words(x + 48, y, cut(name, 20))]
    return shapes


def cut(text: str, most: int) -> str:
    """A text of at most so many letters' width; a Chinese or Korean character is two wide.

    Examples
    --------
    >>> cut("engineers", 9), cut("engineers", 5), cut("工程师们", 6)
    ('engineers', 'engi…', '工程…')
    """
    if width_of(text) <= most:
        return text
    return text[: next(i for i in range(len(text), -1, -1) if width_of(text[:i]) < most)] + "…"


def width_of(text: str) -> int:
    """A text's width in letters; a Chinese or Korean character counts two."""
    return sum(1 + (east_asian_width(character) in "WF") for character in text)
