"""The parts of an audit's report that a page and a PDF both show, and the words of two languages they are made of.

A picture of lines, marks and words, drawn once and written as SVG for a page or as vectors for a PDF.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from markupsafe import Markup, escape

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Line:
    """A line through points (x, y); ``dash`` is on and off in pixels."""

    points: tuple[tuple[float, float], ...]
    stroke: str
    width: float = 1.0
    dash: tuple[float, ...] = ()


@dataclass(frozen=True)
class Mark:
    """A closed shape around points; ``fill`` ``none`` leaves it hollow."""

    points: tuple[tuple[float, float], ...]
    fill: str
    stroke: str


@dataclass(frozen=True)
class Words:
    """Text at its baseline."""

    x: float
    y: float
    text: str
    anchor: Anchor = "start"
    size: float = 12.0
    fill: str = "#1d2733"
    bold: bool = False


@dataclass(frozen=True)
class Drawing:
    """Shapes in pixels, y downwards; ``title`` says in words what a picture shows."""

    width: float
    height: float
    title: str
    shapes: tuple[Line | Mark | Words, ...]


def to_svg(drawing: Drawing) -> Markup:
    """Inline SVG that scales with the page, with its title for screen readers."""
    shapes = Markup("").join(_svg(shape) for shape in drawing.shapes)
    return Markup(
        '<svg viewBox="0 0 {0:.0f} {1:.0f}" role="img" aria-label="{2}" style="max-width:{0:.0f}px">{3}</svg>'
    ).format(drawing.width, drawing.height, drawing.title, shapes)


def _svg(shape: Line | Mark | Words) -> Markup:
    if isinstance(shape, Words):
        weight = "600" if shape.bold else "400"
        return Markup(
            '<text x="{:.1f}" y="{:.1f}" text-anchor="{}" font-size="{:g}" font-weight="{}" fill="{}">{}</text>'
        ).format(shape.x, shape.y, shape.anchor, shape.size, weight, shape.fill, escape(shape.text))
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
    if isinstance(shape, Mark):
        return Markup('<polygon points="{}" fill="{}" stroke="{}" stroke-width="1.5"/>').format(
            points, shape.fill, shape.stroke
        )
    dash = ",".join(f"{part:g}" for part in shape.dash) or "none"
    return Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="{:g}" stroke-dasharray="{}"/>').format(
        points, shape.stroke, shape.width, dash
    )


def to_pdf(drawing: Drawing, width: float, font: Any) -> Any:
    """A reportlab drawing of the given width in points; ``font`` names the font of a text."""
    from reportlab.graphics import shapes as pdf
    from reportlab.lib.colors import HexColor

    scale = min(width / drawing.width, 1.0)
    page = pdf.Drawing(drawing.width * scale, drawing.height * scale)
    group = pdf.Group(transform=(scale, 0, 0, -scale, 0, drawing.height * scale))
    for shape in drawing.shapes:
        if isinstance(shape, Words):
            text = pdf.String(
                shape.x * scale,
                (drawing.height - shape.y) * scale,
                shape.text,
                fontName=font(shape.text),
                fontSize=shape.size * scale,
                textAnchor=shape.anchor,
                fillColor=HexColor(shape.fill),
            )
            page.add(text)
        elif isinstance(shape, Mark):
            fill = None if shape.fill == "none" else HexColor(shape.fill)
            group.add(pdf.Polygon(_flat(shape.points), fillColor=fill, strokeColor=HexColor(shape.stroke)))
        else:
            group.add(
                pdf.PolyLine(
                    _flat(shape.points),
                    strokeColor=HexColor(shape.stroke),
                    strokeWidth=shape.width,
                    strokeDashArray=list(shape.dash) or None,
                )
            )
    page.add(group)
    return page


def _flat(points: Sequence[tuple[float, float]]) -> list[float]:
    return [coordinate for point in points for coordinate in point]


Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

Say = Callable[..., str]


@dataclass(frozen=True)
class Heading:
    """A section's title; ``level`` 2 or 3, ``anchor`` unique in its language."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; ``kind`` sets its look: plain, small, ok, finding, insufficient."""

    text: str
    kind: str = "plain"


@dataclass(frozen=True)
class Bullets:
    """A list."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A table: its caption, column titles (numbers right-aligned where ``numeric``), rows, and each row's verdict.

    The verdict stands in the last column, or before the last where that says why.
    """

    caption: str
    titles: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    verdicts: tuple[str, ...] = ()
    why_last: bool = False


@dataclass(frozen=True)
class Fold:
    """Blocks that open on demand on a page; a PDF shows them open."""

    title: str
    blocks: tuple["Block", ...]


Block = Heading | Paragraph | Bullets | Grid | Drawing | Fold


@cache
def _texts() -> dict[str, dict[str, str]]:
    text = (files("vivavoce.pipelines") / "templates" / "audit.yaml").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, str]] = yaml.safe_load(text)
    return loaded


def speaker(language: Language) -> Say:
    """A function from a sentence's name and its values to the sentence."""
    return lambda name, **values: _texts()[name][language].format(**values)


def count_words(value: float | None) -> str:
    """A count as printed: thousands apart, one decimal where it is not whole."""
    return "–" if value is None else f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def share_words(value: float | None) -> str:
    """A share, 0–1, in per cent."""
    return "–" if value is None else f"{100 * value:.1f} %"


def p_words(value: float | None) -> str:
    """A p-value to four places."""
    return "–" if value is None else "< .0001" if value < 0.0001 else f"{value:.4f}"
