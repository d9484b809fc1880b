"""An answer over time: planted contours come back, absent ones are absent, and the drawing stays small."""

import re

import numpy as np
import pytest

from vivavoce.data.track import Track
from vivavoce.pipelines.report.figures import Drawing, Strokes, Words, to_svg
from vivavoce.pipelines.scoring.timeline import (
    F0_LIMIT,
    HALF,
    LANE,
    LEFT,
    POINTS,
    WIDTH,
    Timeline,
    draw,
    timeline_of,
)

SPEECH = Track(np.array([[10.0, 20.0], [30.0, 40.0], [60.0, 69.0]]), np.empty((3, 0)), ())


def grid(seconds: float, step: float) -> np.ndarray:
    starts = np.arange(0, seconds, step)
    return np.stack([starts, starts + step], axis=1)


@pytest.fixture
def voice() -> Track:
    """100 Hz, an octave up from 30 to 40 s; somebody else at 400 Hz outside the candidate's segments."""
    spans = grid(80, 0.01)
    f0 = np.full(len(spans), 400.0)
    for start, end in SPEECH.spans:
        f0[(spans[:, 0] >= start) & (spans[:, 1] <= end)] = 200.0 if start == 30 else 100.0
    return Track(spans, f0[:, None], ("f0_hz",))


@pytest.fixture
def face() -> Track:
    """Turned by 25 degrees in the second half of the answer; unseen in its last quarter."""
    spans = grid(80, 0.2)
    yaw = np.where(spans[:, 0] < 30, 0.0, 25.0)
    yaw[spans[:, 0] >= 40] = np.nan
    return Track(spans, yaw[:, None], ("yaw_deg",))


def test_planted_contours_come_back_in_the_answers_own_time(voice: Track, face: Track) -> None:
    kept = timeline_of(10, 50, SPEECH, voice, face)
    assert kept.seconds == 40
    assert kept.speech == ((0.0, 10.0), (20.0, 30.0))
    f0 = np.array(kept.f0_semitones, float)
    assert len(f0) == POINTS
    assert f0[: POINTS // 4] == pytest.approx(0.0)
    assert np.isnan(f0[POINTS // 4 : POINTS // 2]).all(), "somebody else's voice"
    assert f0[POINTS // 2 : 3 * POINTS // 4] == pytest.approx(12.0)
    yaw = np.array(kept.yaw_deg, float)
    assert yaw[: POINTS // 2] == pytest.approx(0.0)
    assert yaw[POINTS // 2 : 3 * POINTS // 4] == pytest.approx(25.0)
    assert np.isnan(yaw[3 * POINTS // 4 :]).all()


def lanes(drawing: Drawing) -> list[Strokes]:
    return [shape for shape in drawing.shapes if isinstance(shape, Strokes) and shape.stroke == "blue"]


def labels(drawing: Drawing) -> list[str]:
    return [shape.text for shape in drawing.shapes if isinstance(shape, Words) and shape.language == "en"]


def test_what_was_not_measured_has_no_lane(voice: Track, face: Track) -> None:
    for given, told in [((None, None), []), ((voice, None), ["F0, "]), ((None, face), ["Head"])]:
        drawing = draw(timeline_of(10, 50, SPEECH, *given))
        assert [label[:4] for label in labels(drawing)] == ["Spee", *told]
        assert len(lanes(drawing)) == len(told)
    assert timeline_of(10, 50, SPEECH, Track(np.empty((0, 2)), np.empty((0, 1)), ("f0_hz",)), None).f0_semitones == ()


def test_lines_start_where_the_values_lie_and_break_where_there_are_none() -> None:
    values = [None] * POINTS
    values[0], values[1], values[-1] = F0_LIMIT, 3 * F0_LIMIT, -F0_LIMIT
    drawing = draw(Timeline(60.0, ((0.0, 30.0),), tuple(values)))
    (lane,) = lanes(drawing)
    first, last = LEFT + round(WIDTH * 0.5 / POINTS), LEFT + round(WIDTH * (1 - 0.5 / POINTS))
    assert [piece[0] for piece in lane.pieces] == [(first, LANE - HALF), (last, LANE + HALF)]
    assert [len(piece) for piece in lane.pieces] == [2, 2], "a value that stands alone is a point"
    assert f"M{LEFT} 20l{WIDTH // 2} 0" in to_svg(drawing)


def test_it_says_in_words_what_it_shows(voice: Track, face: Track) -> None:
    english, chinese = draw(timeline_of(10, 50, SPEECH, voice, face)).title.split(" · ")
    assert english == "Over 40 s: speech for 20 s; F0 from +0 to +12 semitones; Head yaw from +0 to +25 degrees"
    assert chinese.startswith("40 秒内说话 20 秒; F0")


def test_the_busiest_answer_stays_small() -> None:
    rng = np.random.default_rng(0)
    contour = tuple(float(value) for value in rng.uniform(-40, 40, POINTS))
    speech = tuple((i / 2, i / 2 + 0.25) for i in range(600))
    drawing = draw(Timeline(300.0, speech, contour, contour))
    paths = re.findall(r' d="([^"]*)"', to_svg(drawing))
    assert sum(map(len, paths)) < 4096
    assert len(to_svg(drawing)) < 2 * 4096
