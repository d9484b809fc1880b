"""A picture of numbers with their intervals, one line each: questions, feature families, groups."""

from collections.abc import Sequence
from dataclasses import dataclass

from vivavoce.pipelines.auditing.plots import COLOURS, GRID, INK, LABELS, MARGIN, NAME, ROW, SOFT, WIDTH, arrow, mark
from vivavoce.pipelines.drawing import Anchor, Drawing, Line, Mark, Words

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
