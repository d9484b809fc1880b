"""``monitor.html``: the triggers in plain words, then a picture for everything watched; one file, no request."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup

from vivavoce.data.vault.durable import write_durably
from vivavoce.fairness.table import FOUR_FIFTHS
from vivavoce.pipelines.report.blocks import Drawing, Line, Mark, Words, to_svg
from vivavoce.pipelines.watching.months import UNDATED, Kind

WIDTH, HEIGHT = 320.0, 150.0  # pixels of one picture
LEFT, RIGHT, TOP, BOTTOM = 46.0, 8.0, 12.0, 22.0  # of its frame
INK, SOFT, BAND, BLUE, AMBER, RED = "#1d2733", "#5b6876", "#dde6f0", "#1f5fa8", "#c27c0e", "#9b2226"
DOT = 3.2  # pixels, half a mark
MONTHS_NAMED = 6  # below a picture; more would touch

Json = Mapping[str, Any]


def write_page(document: Json, path: Path) -> None:
    """Write the page of ``monitor.json``."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("vivavoce.pipelines"), autoescape=True, trim_blocks=True)
    template = environment.get_template("monitor.html.j2")
    months = [one["window"] for one in document["windows"] if one["window"] != UNDATED]
    page = template.render(
        seen=document,
        months=months,
        dateless=sum(one["people"] for one in document["windows"] if one["window"] == UNDATED),
        sections=_sections(document, months),
        impact=_impact(document, months),
        undated=[one for one in document["watched"] if one["window"] == UNDATED and one["moved"]],
    )
    write_durably(path, page.encode())


def _sections(document: Json, months: Sequence[str]) -> list[dict[str, Any]]:
    """Pictures by kind; what moved stands first."""
    dated = [one for one in document["watched"] if one["window"] in months]
    found = []
    for kind in Kind:
        rows = sorted((one for one in dated if one["kind"] == kind.value), key=lambda one: str(one["what"]))
        things = [(what, list(seen)) for what, seen in groupby(rows, key=lambda one: str(one["what"]))]
        things.sort(key=lambda thing: -max(one["alarm"] * 2 + one["moved"] for one in thing[1]))
        pictures = [{"what": what, "svg": _watched(what, seen, months), "state": _state(seen)} for what, seen in things]
        if pictures:
            found.append({"title": kind.value, "pictures": pictures})
    return found


def _state(seen: Sequence[Json]) -> str:
    if any(one["alarm"] for one in seen):
        return "alarm"
    return "moved" if any(one["moved"] for one in seen) else ""


def _watched(what: str, seen: Sequence[Json], months: Sequence[str]) -> Markup:
    """The level of one thing over the months, on the band in which it would lie if nothing had moved."""
    drawn = [one for one in seen if one["level"] is not None and one["low"] is not None]
    if not drawn:
        return Markup("<p>Too few people.</p>")
    ends = [one[name] for one in drawn for name in ("level", "low", "high")]
    frame = _Frame(min(ends), max(ends), months, ".1%" if drawn[0]["share"] else ".3g")
    points = [(frame.x(one["window"]), one) for one in drawn]
    upper = [(x, frame.y(one["high"])) for x, one in points]
    lower = [(x, frame.y(one["low"])) for x, one in reversed(points)]
    if len(points) == 1:  # a band of one month needs a width
        upper, lower = (
            [(x + step, y) for x, y in upper for step in (-8, 8)],
            [(x - step, y) for x, y in lower for step in (-8, 8)],
        )
    shapes: list[Line | Mark | Words] = [Mark((*upper, *lower), BAND, BAND)]
    reference = frame.y(drawn[0]["reference"])
    shapes.append(Line(((LEFT, reference), (WIDTH - RIGHT, reference)), SOFT, 1.0, (3.0, 3.0)))
    shapes.append(Line(tuple((x, frame.y(one["level"])) for x, one in points), BLUE, 1.5))
    shapes += [_dot(x, frame.y(one["level"]), _colour(one)) for x, one in points]
    return to_svg(Drawing(WIDTH, HEIGHT, f"{what} by month", (*shapes, *frame.words())))


def _colour(one: Json) -> str:
    return RED if one["alarm"] else AMBER if one["moved"] else BLUE


def _impact(document: Json, months: Sequence[str]) -> list[dict[str, Any]]:
    """One picture for each group: ratio and score interval by month, on a line at .8."""
    rows = sorted(document["impact"], key=lambda one: (str(one["attribute"]), str(one["group"])))
    return [
        {"what": f"{attribute}: {group}", "svg": _ratios(list(seen), months)}
        for (attribute, group), seen in groupby(rows, key=lambda one: (one["attribute"], one["group"]))
    ]


def _ratios(seen: Sequence[Json], months: Sequence[str]) -> Markup:
    drawn = [one for one in seen if one["ratio"] is not None]
    if not drawn:
        return Markup("<p>Nobody was selected.</p>")
    most = max(1.25, *(min(one["high"] or 0.0, 2.0) for one in drawn))  # an interval without an end is cut there
    frame = _Frame(0.0, most, months)
    four_fifths = frame.y(FOUR_FIFTHS)
    shapes: list[Line | Mark | Words] = [
        Line(((LEFT, frame.y(1.0)), (WIDTH - RIGHT, frame.y(1.0))), SOFT, 1.0, (3.0, 3.0)),
        Line(((LEFT, four_fifths), (WIDTH - RIGHT, four_fifths)), AMBER, 1.0, (3.0, 3.0)),
        Words(WIDTH - RIGHT, four_fifths - 3, ".80", "end", 10.0, AMBER),
        Line(tuple((frame.x(one["window"]), frame.y(min(one["ratio"], most))) for one in drawn), BLUE, 1.5),
    ]
    for one in drawn:
        x, colour = frame.x(one["window"]), RED if one["finding"] or one["below"] else BLUE
        if one["low"] is not None:
            high = most if one["high"] is None else min(one["high"], most)
            shapes.append(Line(((x, frame.y(one["low"])), (x, frame.y(high))), colour, 1.5))
        shapes.append(_dot(x, frame.y(min(one["ratio"], most)), colour))
    return to_svg(Drawing(WIDTH, HEIGHT, "impact ratio by month", (*shapes, *frame.words())))


def _dot(x: float, y: float, colour: str) -> Mark:
    return Mark(((x - DOT, y), (x, y - DOT), (x + DOT, y), (x, y + DOT)), colour, colour)


class _Frame:
    """From months and values to pixels, with the numbers at its edge."""

    def __init__(self, low: float, high: float, months: Sequence[str], form: str = ".2f") -> None:
        margin = 0.08 * (high - low) or max(abs(high), 1.0) * 0.05
        self.low, self.high = low - margin * (low != 0), high + margin
        self.form = form
        self.places = {name: number for number, name in enumerate(months)}

    def x(self, month: str) -> float:
        """Where a month stands."""
        width = WIDTH - LEFT - RIGHT
        return LEFT + width * (self.places[month] + 0.5) / len(self.places)

    def y(self, value: float) -> float:
        """Where a value stands."""
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - value) / (self.high - self.low)

    def words(self) -> list[Line | Words]:
        """Axes: the lowest and highest value, and months."""
        floor = HEIGHT - BOTTOM
        ends = (self.low, (self.low + self.high) / 2, self.high)
        step = -(-len(self.places) // MONTHS_NAMED)
        named = [name for name, number in self.places.items() if number % step == 0]
        return [
            Line(((LEFT, TOP), (LEFT, floor), (WIDTH - RIGHT, floor)), SOFT),
            *(Words(LEFT - 4, self.y(value) + 4, format(value, self.form), "end", 10.0, SOFT) for value in ends),
            *(Words(self.x(name), floor + 14, name, "middle", 10.0, SOFT) for name in named),
        ]
