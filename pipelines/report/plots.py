"""The pictures of an audit: ratios with their intervals, ratios over many cut scores, and how scores lie by group.

A picture of numbers with their intervals, one line each: questions, feature families, groups.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vivavoce.pipelines.report.blocks import Anchor, Drawing, Line, Mark, Words

INK, SOFT, GRID = "#1d2733", "#5b6876", "#dfe4ea"
COLOURS = {"ok": "#1e6b45", "finding": "#9b2226", "insufficient": "#5b6876"}  # beside the shape, never alone
WIDTH, LABELS, ROW, MARGIN = 720.0, 210.0, 26.0, 34.0  # pixels
NAME = 27  # characters of a group's name beside its line; the table has all of it
RIDGE = 62.0  # pixels of one group's distribution
MOST_RIDGES = 12  # groups drawn; the table has all of them
LOW, HIGH = 0.25, 2.0  # ratios shown; what lies beyond is cut with an arrow
TICKS = (0.25, 0.5, 0.8, 1.0, 1.25, 2.0)
LINES = ("#1f5fa8", "#b4540a", "#1e6b45", "#7b3f9e", "#8a5a00", "#9b2226", "#2b7a78")
DASHES: tuple[tuple[float, ...], ...] = ((), (6, 3), (2, 3), (8, 3, 2, 3))

Json = Mapping[str, Any]
Say = Callable[..., str]


def forest(table: Json, say: Say) -> Drawing:
    """Ratio and score interval of every group on a logarithmic axis, four fifths and equality marked."""
    rows = table["rows"]
    bottom = MARGIN + ROW * len(rows)
    shapes: list[Line | Mark | Words] = []
    for tick in TICKS:
        x = _ratio_x(tick)
        dash: tuple[float, ...] = (4.0, 3.0) if tick == 0.8 else ()
        stroke = COLOURS["finding"] if tick == 0.8 else SOFT if tick == 1 else GRID
        shapes += [
            Line(((x, MARGIN - 8), (x, bottom)), stroke, 1, dash),
            Words(x, bottom + 16, f"{tick:g}", "middle", 11, SOFT),
        ]
    shapes.append(Words(_ratio_x(0.8), MARGIN - 14, say("four_fifths"), "middle", 11, COLOURS["finding"]))
    for i, row in enumerate(rows):
        y = MARGIN + ROW * (i + 0.5)
        label = row["group"] if len(row["group"]) <= NAME else row["group"][: NAME - 1] + "…"
        shapes.append(Words(LABELS - 12, y + 4, label, "end", 12, INK))
        shapes += _interval(row, y)
        shapes.append(Words(WIDTH - 6, y + 4, say("verdict_" + row["verdict"]), "end", 11, COLOURS[row["verdict"]]))
    said = "; ".join(f"{row['group']} {decimal(row['impact_ratio'])}" for row in rows)
    return Drawing(WIDTH, bottom + 24, say("forest_title", attribute=table["attribute"], said=said), tuple(shapes))


def _interval(row: Json, y: float) -> list[Line | Mark | Words]:
    colour = COLOURS[row["verdict"]]
    if row["impact_ratio"] is None:
        return [Words(_ratio_x(1), y + 4, "–", "middle", 12, colour)]
    shapes: list[Line | Mark | Words] = []
    if row["score_low"] is not None:
        low, high = row["score_low"], row["score_high"] if row["score_high"] is not None else math.inf
        shapes.append(Line(((_ratio_x(low), y), (_ratio_x(high), y)), colour, 2))
        if low < LOW:
            shapes.append(arrow(_ratio_x(LOW), y, -6, colour))
        if high > HIGH:
            shapes.append(arrow(_ratio_x(HIGH), y, 6, colour))
    return [*shapes, mark(row["verdict"], _ratio_x(row["impact_ratio"]), y, colour)]


def mark(verdict: str, x: float, y: float, colour: str) -> Mark:
    """Diamond for a finding, full disc for ok, hollow square for insufficient: readable without colour."""
    if verdict == "finding":
        return Mark(((x - 7, y), (x, y - 7), (x + 7, y), (x, y + 7)), colour, colour)
    if verdict == "ok":
        turns = [i * math.pi / 8 for i in range(16)]
        return Mark(tuple((x + 5.5 * math.cos(t), y + 5.5 * math.sin(t)) for t in turns), colour, colour)
    return Mark(((x - 5, y - 5), (x + 5, y - 5), (x + 5, y + 5), (x - 5, y + 5)), "#ffffff", colour)


def arrow(x: float, y: float, reach: float, colour: str) -> Mark:
    """An arrow's head: what lies beyond the axis."""
    return Mark(((x + reach, y), (x, y - 4), (x, y + 4)), colour, colour)


def _ratio_x(ratio: float) -> float:
    share = math.log(min(max(ratio, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
    return LABELS + 10 + share * (WIDTH - LABELS - 130)


def sweep(attribute: str, tables: Sequence[Json], declared: float | None, say: Say) -> Drawing:
    """Every group's ratio over rising cut scores; the dashed red line is four fifths, the grey one the declared cut."""
    height, left, right, top, bottom = 300.0, 46.0, WIDTH - 190, 16.0, 262.0
    cuts = [table["cut"] for table in tables]
    span = (max(cuts) - min(cuts)) or 1.0

    def place(cut: float, ratio: float) -> tuple[float, float]:
        return left + (cut - min(cuts)) / span * (right - left), bottom - min(ratio, 1.25) / 1.25 * (bottom - top)

    shapes: list[Line | Mark | Words] = []
    for tick in (0.0, 0.25, 0.5, 0.8, 1.0, 1.25):
        y = place(cuts[0], tick)[1]
        line = Line(((left, y), (right, y)), GRID) if tick != 0.8 else _four_fifths(left, right, y)
        shapes += [line, Words(left - 6, y + 4, f"{tick:g}", "end", 11, SOFT)]
    for cut in (cuts[0], cuts[len(cuts) // 2], cuts[-1]):
        shapes.append(Words(place(cut, 0)[0], bottom + 16, f"{cut:.4g}", "middle", 11, SOFT))
    shapes.append(Words((left + right) / 2, bottom + 32, say("cut_axis"), "middle", 11, SOFT))
    if declared is not None and min(cuts) <= declared <= max(cuts):
        x = place(declared, 0)[0]
        shapes.append(Line(((x, top), (x, bottom)), SOFT, 1.5))
    groups = [row["group"] for row in tables[0]["rows"]]
    for i, group in enumerate(groups):
        ratios = [
            (table["cut"], row["impact_ratio"]) for table in tables for row in table["rows"] if row["group"] == group
        ]
        points = tuple(place(cut, ratio) for cut, ratio in ratios if ratio is not None)
        colour, dash = LINES[i % len(LINES)], DASHES[(i // 2) % len(DASHES)]
        y = top + 14 + 18 * i
        if len(points) > 1:
            shapes.append(Line(points, colour, 2, dash))
        shapes += [
            Line(((right + 14, y - 4), (right + 42, y - 4)), colour, 2, dash),
            Words(right + 48, y, group[:20], size=12),
        ]
    height = max(height, top + 24 + 18 * len(groups))
    return Drawing(WIDTH, height, say("sweep_title", attribute=attribute, n=len(cuts)), tuple(shapes))


def _four_fifths(left: float, right: float, y: float) -> Line:
    return Line(((left, y), (right, y)), COLOURS["finding"], 1, (4.0, 3.0))


def ridges(attribute: str, entry: Json, say: Say) -> Drawing:
    """Every group's distribution of one score above its box: 5, 25, 50, 75, 95 %; the grey line is the first median."""
    rows = [row for row in entry["groups"] if row["histogram"] is not None][:MOST_RIDGES]
    edges, bottom = entry["edges"], MARGIN + RIDGE * max(len(rows), 1)
    left, right = LABELS + 10, WIDTH - 20

    def place(score: float) -> float:
        return float(left + (score - edges[0]) / ((edges[-1] - edges[0]) or 1.0) * (right - left))

    shapes: list[Line | Mark | Words] = []
    for k in range(5):
        score = edges[0] + (edges[-1] - edges[0]) * k / 4
        shapes += [
            Line(((place(score), MARGIN - 14), (place(score), bottom)), GRID),
            Words(place(score), bottom + 16, f"{score:.4g}", "middle", 11, SOFT),
        ]
    middle = next((row["quantiles"][2] for row in rows if row["group"] == entry["reference"]), None)
    if middle is not None:
        shapes.append(Line(((place(middle), MARGIN - 14), (place(middle), bottom)), SOFT, 1, (4.0, 3.0)))
    for i, row in enumerate(rows):
        colour, floor = LINES[i % len(LINES)], MARGIN + RIDGE * (i + 1) - 20
        label = row["group"] if len(row["group"]) <= NAME else row["group"][: NAME - 1] + "…"
        shapes += [
            _ridge(row["histogram"], [place(edge) for edge in edges], floor, colour),
            *_box([place(value) for value in row["quantiles"]], floor + 8, colour),
            Words(LABELS - 12, floor - 8, label, "end", 12, INK),
            Words(LABELS - 12, floor + 8, f"n = {row['n']:,}", "end", 11, SOFT),
        ]
    said = "; ".join(f"{row['group']} {decimal(row['quantiles'][2], 1)}" for row in rows)
    title = say("ridges_title", attribute=attribute, score=entry["score"], said=said)
    return Drawing(WIDTH, bottom + 24, title, tuple(shapes))


def _ridge(shares: Sequence[float], edges: Sequence[float], floor: float, colour: str) -> Mark:
    """A histogram's outline, standing on its floor; as high as the others, so that shapes compare."""
    scale = (RIDGE - 24) / (max(shares) or 1.0)
    steps = [
        (x, floor - scale * share)
        for i, share in enumerate(shares)
        for x in (edges[i], edges[i + 1])
    ]  # fmt: skip
    return Mark(((edges[0], floor), *steps, (edges[-1], floor)), _pale(colour), colour)


def _box(quantiles: Sequence[float], y: float, colour: str) -> list[Line | Mark | Words]:
    low, first, middle, third, high = quantiles
    return [
        Line(((low, y), (high, y)), colour, 1.5),
        Line(((first, y), (third, y)), colour, 6),
        Mark(((middle, y - 5), (middle + 4, y), (middle, y + 5), (middle - 4, y)), "#ffffff", colour),
    ]


def _pale(colour: str) -> str:
    """The colour mixed with three parts of white."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{(part + 3 * 255) // 4:02x}" for part in parts)


def lines(criterion: str, entry: Json, say: Say) -> Drawing:
    """Every group's line of outcome on score, between the 5th and 95th percentile of its scores."""
    left, right, top, bottom = 60.0, WIDTH - 190, 16.0, 250.0
    rows = [row for row in entry["groups"] if row["line"]]
    xs, ys = zip(*(point for row in rows for point in row["line"]), strict=True)
    wide, high = (max(xs) - min(xs)) or 1.0, (max(ys) - min(ys)) or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        return left + (x - min(xs)) / wide * (right - left), bottom - (y - min(ys)) / high * (bottom - top)

    shapes: list[Line | Mark | Words] = []
    for k in range(5):
        x, y = min(xs) + wide * k / 4, min(ys) + high * k / 4
        level = place(x, y)[1]
        shapes += [
            Line(((left, level), (right, level)), GRID),
            Words(left - 6, level + 4, f"{y:.3g}", "end", 11, SOFT),
            Words(place(x, y)[0], bottom + 16, f"{x:.3g}", "middle", 11, SOFT),
        ]
    shapes.append(Words((left + right) / 2, bottom + 32, say("score"), "middle", 11, SOFT))
    for i, row in enumerate(rows):
        colour, dash, y = LINES[i % len(LINES)], DASHES[(i // 2) % len(DASHES)], top + 14 + 18 * i
        shapes += [
            Line(tuple(place(*point) for point in row["line"]), colour, 2.5, dash),
            Line(((right + 14, y - 4), (right + 42, y - 4)), colour, 2.5, dash),
            Words(right + 48, y, row["group"][:20], size=12),
        ]
    said = "; ".join(row["group"] for row in rows)
    title = say("lines_title", criterion=criterion, attribute=entry["attribute"], said=said)
    return Drawing(WIDTH, max(bottom + 42, top + 24 + 18 * len(rows)), title, tuple(shapes))


def decimal(value: float | None, digits: int = 2) -> str:
    """A number as the report prints it; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


START: Anchor = "start"
END: Anchor = "end"


@dataclass(frozen=True)
class Strip:
    """One line of :func:`strips`: a number between its limits, and what it means; None where there is none."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    verdict: str


def strips(
    title: str, rows: Sequence[Strip], reach: tuple[float, float], marks: Sequence[float], ends: tuple[str, str]
) -> Drawing:
    """Numbers with intervals on a linear axis over ``reach``; what lies beyond is cut with an arrow.

    Parameters
    ----------
    title
        In words, for those who do not see it.
    marks
        Values with a dashed line.
    ends
        What the axis means towards its left and its right.
    """
    left, right = LABELS + 10.0, WIDTH - 30
    bottom = MARGIN + ROW * len(rows)

    def place(value: float) -> float:
        return left + (min(max(value, reach[0]), reach[1]) - reach[0]) / (reach[1] - reach[0]) * (right - left)

    shapes: list[Line | Mark | Words] = []
    for k in range(5):
        tick = reach[0] + (reach[1] - reach[0]) * k / 4
        shapes += [
            Line(((place(tick), MARGIN - 8), (place(tick), bottom)), GRID),
            Words(place(tick), bottom + 16, f"{tick:.3g}", "middle", 11, SOFT),
        ]
    shapes += [Line(((place(value), MARGIN - 8), (place(value), bottom)), SOFT, 1, (4.0, 3.0)) for value in marks]
    shapes += [
        Words(left, MARGIN - 14, ends[0], "start", 11, SOFT),
        Words(right, MARGIN - 14, ends[1], "end", 11, SOFT),
    ]
    for i, row in enumerate(rows):
        y, colour = MARGIN + ROW * (i + 0.5), COLOURS[row.verdict]
        label = row.label if len(row.label) <= NAME else row.label[: NAME - 1] + "…"
        shapes.append(Words(LABELS - 12, y + 4, label, "end", 12, INK))
        if row.value is None:
            shapes.append(Words(place(reach[0]), y + 4, "–", "middle", 12, colour))
            continue
        if row.low is not None and row.high is not None:
            shapes.append(Line(((place(row.low), y), (place(row.high), y)), colour, 2))
            shapes += [arrow(place(row.low), y, -6, colour)] if row.low < reach[0] else []
            shapes += [arrow(place(row.high), y, 6, colour)] if row.high > reach[1] else []
        shapes.append(mark(row.verdict, place(row.value), y, colour))
    return Drawing(WIDTH, bottom + 24, title, tuple(shapes))
