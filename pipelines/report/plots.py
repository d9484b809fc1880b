"""The pictures of an audit: ratios with their intervals, ratios over many cut scores, and how scores lie by group.

A picture of numbers with their intervals, one line each: questions, feature families, groups.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vivavoce.pipelines.report.figures import (
    DOTTED,
    Axis,
    Drawing,
    Line,
    Mark,
    Shape,
    Words,
    cut,
    interval,
    legend,
    level,
    mark,
    series,
    three,
    upright,
)

WIDTH, LABELS, ROW, MARGIN = 720.0, 210.0, 26.0, 34.0  # pixels
NAME = 27  # letters of a group's name beside its line; the table has all of it
KEY = 190.0  # pixels that the names of lines need on the right
RIDGE = 62.0  # pixels of one group's distribution
MOST_RIDGES = 12  # groups drawn; the table has all of them
LOW, HIGH = 0.25, 2.0  # ratios shown; what lies beyond is cut with an arrow
TICKS = (0.25, 0.5, 0.8, 1.0, 1.25, 2.0)
SWEPT = (0.0, 0.25, 0.5, 0.8, 1.0, 1.25)
FOUR_FIFTHS = {0.8: ("finding", DOTTED)}

Json = Mapping[str, Any]
Say = Callable[..., str]


def forest(table: Json, say: Say) -> Drawing:
    """Ratio and score interval of every group on a logarithmic axis, four fifths and equality marked."""
    rows = table["rows"]
    bottom = MARGIN + ROW * len(rows)
    axis = Axis(LOW, HIGH, LABELS + 10, WIDTH - 120, log=True)
    shapes = upright(axis, TICKS, MARGIN - 8, bottom, "{:g}".format, FOUR_FIFTHS | {1.0: ("soft", ())})
    shapes.append(Words(axis(0.8), MARGIN - 14, say("four_fifths"), "middle", 11, "finding"))
    for i, row in enumerate(rows):
        y, verdict = MARGIN + ROW * (i + 0.5), row["verdict"]
        shapes.append(Words(LABELS - 12, y + 4, cut(row["group"], NAME), "end"))
        if row["impact_ratio"] is None:
            shapes.append(Words(axis(1), y + 4, "–", "middle", 12, verdict))
        else:
            if row["score_low"] is not None:
                high = math.inf if row["score_high"] is None else row["score_high"]
                shapes += interval(axis, row["score_low"], high, y, verdict)
            shapes.append(mark(verdict, axis(row["impact_ratio"]), y, verdict))
        shapes.append(Words(WIDTH - 6, y + 4, say("verdict_" + verdict), "end", 11, verdict))
    said = "; ".join(f"{row['group']} {decimal(row['impact_ratio'])}" for row in rows)
    return Drawing(WIDTH, bottom + 24, say("forest_title", attribute=table["attribute"], said=said), tuple(shapes))


def sweep(attribute: str, tables: Sequence[Json], declared: float | None, say: Say) -> Drawing:
    """Every group's ratio over rising cut scores; the dashed red line is four fifths, the grey one the declared cut."""
    left, right, top, bottom = 46.0, WIDTH - KEY, 16.0, 262.0
    cuts = [table["cut"] for table in tables]
    across, up = Axis(min(cuts), max(cuts), left, right), Axis(SWEPT[0], SWEPT[-1], bottom, top)
    shapes = level(up, SWEPT, left, right, "{:g}".format, FOUR_FIFTHS)
    named = (cuts[0], cuts[len(cuts) // 2], cuts[-1])
    shapes += [Words(across(one), bottom + 16, f"{one:.4g}", "middle", 11, "soft") for one in named]
    shapes.append(Words((left + right) / 2, bottom + 32, say("cut_axis"), "middle", 11, "soft"))
    if declared is not None and min(cuts) <= declared <= max(cuts):
        shapes.append(Line(((across(declared), top), (across(declared), bottom)), "soft", 1.5))
    groups = [row["group"] for row in tables[0]["rows"]]
    for i, group in enumerate(groups):
        ratios = [
            (table["cut"], row["impact_ratio"]) for table in tables for row in table["rows"] if row["group"] == group
        ]
        points = tuple((across(one), up(ratio)) for one, ratio in ratios if ratio is not None)
        stroke, dash = series(i)
        shapes += [Line(points, stroke, 2, dash)] if len(points) > 1 else []
    shapes += legend(groups, right, top)
    height = max(bottom + 38, top + 24 + 18 * len(groups))
    return Drawing(WIDTH, height, say("sweep_title", attribute=attribute, n=len(cuts)), tuple(shapes))


def ridges(attribute: str, entry: Json, say: Say) -> Drawing:
    """Every group's distribution of one score above its box: 5, 25, 50, 75, 95 %; the grey line is the first median."""
    rows = [row for row in entry["groups"] if row["histogram"] is not None][:MOST_RIDGES]
    edges, bottom = entry["edges"], MARGIN + RIDGE * max(len(rows), 1)
    axis = Axis(edges[0], edges[-1], LABELS + 10, WIDTH - 20)
    shapes = upright(axis, axis.ticks(), MARGIN - 14, bottom, "{:.4g}".format, {})
    middle = next((row["quantiles"][2] for row in rows if row["group"] == entry["reference"]), None)
    if middle is not None:
        shapes.append(Line(((axis(middle), MARGIN - 14), (axis(middle), bottom)), "soft", 1, DOTTED))
    for i, row in enumerate(rows):
        colour, floor = series(i)[0], MARGIN + RIDGE * (i + 1) - 20
        shapes += [
            _ridge(row["histogram"], [axis(edge) for edge in edges], floor, colour),
            *_box([axis(value) for value in row["quantiles"]], floor + 8, colour),
            Words(LABELS - 12, floor - 8, cut(row["group"], NAME), "end"),
            Words(LABELS - 12, floor + 8, f"n = {row['n']:,}", "end", 11, "soft"),
        ]
    said = "; ".join(f"{row['group']} {decimal(row['quantiles'][2], 1)}" for row in rows)
    title = say("ridges_title", attribute=attribute, score=entry["score"], said=said)
    return Drawing(WIDTH, bottom + 24, title, tuple(shapes))


def _ridge(shares: Sequence[float], edges: Sequence[float], floor: float, colour: str) -> Mark:
    """A histogram's outline, standing on its floor; as high as the others, so that shapes compare."""
    scale = (RIDGE - 24) / (max(shares) or 1.0)
    steps = [(x, floor - scale * share) for i, share in enumerate(shares) for x in (edges[i], edges[i + 1])]
    return Mark(((edges[0], floor), *steps, (edges[-1], floor)), colour, colour, pale=True)


def _box(quantiles: Sequence[float], y: float, colour: str) -> list[Shape]:
    low, first, middle, third, high = quantiles
    return [
        Line(((low, y), (high, y)), colour, 1.5),
        Line(((first, y), (third, y)), colour, 6),
        Mark(((middle, y - 5), (middle + 4, y), (middle, y + 5), (middle - 4, y)), "paper", colour),
    ]


def lines(criterion: str, entry: Json, say: Say) -> Drawing:
    """Every group's line of outcome on score, between the 5th and 95th percentile of its scores."""
    left, right, top, bottom = 60.0, WIDTH - KEY, 16.0, 250.0
    rows = [row for row in entry["groups"] if row["line"]]
    xs, ys = zip(*(point for row in rows for point in row["line"]), strict=True)
    across, up = Axis(min(xs), max(xs), left, right), Axis(min(ys), max(ys), bottom, top)
    shapes = level(up, up.ticks(), left, right, three, {})
    shapes += [Words(across(tick), bottom + 16, three(tick), "middle", 11, "soft") for tick in across.ticks()]
    shapes.append(Words((left + right) / 2, bottom + 32, say("score"), "middle", 11, "soft"))
    for i, row in enumerate(rows):
        stroke, dash = series(i)
        shapes.append(Line(tuple((across(x), up(y)) for x, y in row["line"]), stroke, 2.5, dash))
    shapes += legend([row["group"] for row in rows], right, top, 2.5)
    said = "; ".join(row["group"] for row in rows)
    title = say("lines_title", criterion=criterion, attribute=entry["attribute"], said=said)
    return Drawing(WIDTH, max(bottom + 42, top + 24 + 18 * len(rows)), title, tuple(shapes))


def decimal(value: float | None, digits: int = 2) -> str:
    """A number as the report prints it; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


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
    axis, bottom = Axis(*reach, LABELS + 10.0, WIDTH - 30), MARGIN + ROW * len(rows)
    shapes = upright(axis, axis.ticks(), MARGIN - 8, bottom, three, {})
    shapes += [Line(((axis(one), MARGIN - 8), (axis(one), bottom)), "soft", 1, DOTTED) for one in marks]
    shapes += [
        Words(axis.start, MARGIN - 14, ends[0], "start", 11, "soft"),
        Words(axis.end, MARGIN - 14, ends[1], "end", 11, "soft"),
    ]
    for i, row in enumerate(rows):
        y = MARGIN + ROW * (i + 0.5)
        shapes.append(Words(LABELS - 12, y + 4, cut(row.label, NAME), "end"))
        if row.value is None:
            shapes.append(Words(axis.start, y + 4, "–", "middle", 12, row.verdict))
            continue
        if row.low is not None and row.high is not None:
            shapes += interval(axis, row.low, row.high, y, row.verdict)
        shapes.append(mark(row.verdict, axis(row.value), y, row.verdict))
    return Drawing(WIDTH, bottom + 24, title, tuple(shapes))
