"""An answer over time, small enough to be kept with its result and drawn on the evidence page.

F0 is kept in semitones from the person's own median: how the voice moved, without how high it is.

What an answer borrows from the framework instead of telling a case: shown to people beside a score, and in none.

Two ways to please a rubric leave plain marks. Who recites an anchor says many words in a row as the framework has them;
who lists terms says hardly anything else for a while. Both limits lie well beyond what people say who were asked:
``docs/gaming.md`` has the figures, and what passes unseen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from vivavoce.data.framework import Framework, Language
from vivavoce.data.track import Array, Track
from vivavoce.features.language.answer_text import AnswerText
from vivavoce.features.language.borrowing import RUN, published_runs, written_answer
from vivavoce.features.language.coverage import LISTED, STRETCH, term_counts
from vivavoce.pipelines.report.blocks import LANGUAGES, Sentence
from vivavoce.pipelines.report.figures import Drawing, Shape, Strokes, Words

POINTS = 120  # per contour: about a point a second of a usual answer, and less than a kilobyte
F0_LIMIT, YAW_LIMIT = 12.0, 40.0  # semitones, degrees: what lies beyond is drawn at the edge
LEFT, WIDTH = 34, 600  # px: room for the scale, and the answer's length
BAR, LANE, HALF, SMALL = 8.0, 62, 20, 11.0  # px: a stroke of speech, a lane and half its height, letters
LEAST_GAP = 2  # px: closer segments of speech are drawn as one
TICKS_S = (5, 10, 30, 60, 120, 300, 600)
MOST_TICKS = 8

Contour = tuple[float | None, ...]
Piece = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Timeline:
    """What is kept of an answer's tracks.

    Parameters
    ----------
    seconds
        Length of the answer.
    speech
        The candidate's segments of speech, seconds after the answer's start.
    f0_semitones, yaw_deg
        Medians over ``POINTS`` equal parts of the answer, None where nothing was measured; empty where voice or face
        was not measured at all.
    """

    seconds: float
    speech: tuple[tuple[float, float], ...]
    f0_semitones: Contour = ()
    yaw_deg: Contour = ()


def timeline_of(start: float, end: float, speech: Track, voice: Track | None, face: Track | None) -> Timeline:
    """Keep what the evidence page shows of an answer.

    Parameters
    ----------
    start, end
        Of the answer, in seconds of the recording.
    speech
        The candidate's segments.
    voice, face
        Tracks of the whole recording; None where profile or consent left them out.
    """
    spans = speech.spans[(speech.spans[:, 1] > start) & (speech.spans[:, 0] < end)]
    inside = np.clip(spans, start, end) - start
    segments = tuple((round(float(first), 2), round(float(last), 2)) for first, last in inside)
    f0: Contour = ()
    if voice is not None:
        middles, semitones = voice.spans.mean(axis=1), _own_semitones(voice, speech)
        f0 = _contour(middles - start, semitones, end - start)
    yaw: Contour = ()
    if face is not None and len(face):
        yaw = _contour(face.spans.mean(axis=1) - start, face["yaw_deg"], end - start)
    return Timeline(round(end - start, 2), segments, f0, yaw)


def _own_semitones(voice: Track, speech: Track) -> Array:
    """F0 from its median over the candidate's speech in the whole recording; ``nan`` elsewhere."""
    f0 = voice["f0_hz"].astype(np.float64)
    middles = voice.spans.mean(axis=1)
    segment = np.searchsorted(speech.spans[:, 0], middles, "right") - 1
    own = segment >= 0
    own[own] = middles[own] <= speech.spans[segment[own], 1]
    f0[~own] = np.nan
    measured = f0[np.isfinite(f0)]
    semitones: Array = 12 * np.log2(f0 / np.median(measured)) if len(measured) else f0
    return semitones


def _contour(times: Array, values: Array, seconds: float) -> Contour:
    """Medians over equal parts; () where no row of the track lies in the answer."""
    part = np.floor(times / seconds * POINTS).astype(int)
    within = (part >= 0) & (part < POINTS)
    if not within.any():
        return ()
    measured = within & np.isfinite(values)
    found: list[float | None] = [None] * POINTS
    for i in np.unique(part[measured]):
        found[i] = round(float(np.median(values[measured & (part == i)])), 1)
    return tuple(found)


def draw(timeline: Timeline) -> Drawing:
    """The timeline as a picture: speech, and a lane for each contour that was measured."""
    shapes: list[Shape] = [*_both("speech", 10), Strokes(_bars(timeline), "ok", BAR)]
    said: list[Sentence] = []
    for name, values, limit in (("f0", timeline.f0_semitones, F0_LIMIT), ("yaw", timeline.yaw_deg, YAW_LIMIT)):
        measured = [value for value in values if value is not None]
        if measured:
            middle = LANE * (len(said) + 1)
            shapes += [*_both(f"lane_{name}", middle - HALF - 4), *_lane(values, limit, middle)]
            ends = {"low": f"{min(measured):+.0f}", "high": f"{max(measured):+.0f}"}
            said.append(Sentence("batch", f"said_{name}", ends))
    floor = LANE * len(said) + 40
    shapes += [Words(x, floor, label, size=SMALL, fill="soft") for x, label in _ticks(timeline.seconds)]
    speaks = sum(last - first for first, last in timeline.speech)
    values_ = {"seconds": f"{timeline.seconds:.0f}", "speaks": f"{speaks:.0f}"}
    words = [Sentence("batch", "said_speech", values_), *said]
    title = " · ".join("; ".join(one.said(language) for one in words) for language in LANGUAGES)
    return Drawing(LEFT + WIDTH + 6, floor + 4, title, tuple(shapes))


def _both(name: str, y: float) -> list[Words]:
    """A label in both languages, of which the page shows one."""
    return [
        Words(LEFT, y, Sentence("batch", name).said(language), size=SMALL, fill="soft", language=language)
        for language in LANGUAGES
    ]


def _bars(timeline: Timeline) -> tuple[Piece, ...]:
    """Segments of speech as level strokes."""
    edges = [[_x(second / timeline.seconds) for second in segment] for segment in timeline.speech]
    joined: list[list[int]] = []
    for first, last in edges:
        if joined and first - joined[-1][1] < LEAST_GAP:
            joined[-1][1] = last
        else:
            joined.append([first, max(last, first + 1)])
    return tuple(((first, 20), (last, 20)) for first, last in joined)


def _lane(values: Contour, limit: float, middle: int) -> list[Shape]:
    """One contour, 40 px high around its middle, with its limit up and down."""
    rules = tuple(((LEFT, y), (LEFT + WIDTH, y)) for y in (middle - HALF, middle, middle + HALF))
    scale = ((f"+{limit:.0f}", -HALF), ("0", 0), (f"−{limit:.0f}", HALF))
    return [
        Strokes(rules, "grid"),
        Strokes(_pieces(values, limit, middle), "blue", 1.5),
        *(Words(LEFT - 4, middle + y + 4, label, "end", SMALL, "soft") for label, y in scale),
    ]


def _pieces(values: Contour, limit: float, middle: int) -> tuple[Piece, ...]:
    """A line through what was measured, broken where nothing was; what stands alone is a point one pixel wide."""
    points: list[tuple[int, int] | None] = [
        None if value is None else (_x((i + 0.5) / POINTS), middle - round(HALF * float(np.clip(value / limit, -1, 1))))
        for i, value in enumerate(values)
    ]
    runs = (tuple(run) for there, run in groupby(points, lambda point: point is not None) if there)
    whole = (tuple(point for point in run if point is not None) for run in runs)
    return tuple(run if len(run) > 1 else (run[0], (run[0][0] + 1, run[0][1])) for run in whole)


def _x(share: float) -> int:
    return LEFT + round(WIDTH * share)


def _ticks(seconds: float) -> tuple[tuple[int, str], ...]:
    every = next((step for step in TICKS_S if seconds / step <= MOST_TICKS), TICKS_S[-1])
    marks: npt.NDArray[np.int_] = np.arange(0, seconds, every, dtype=int)
    return tuple((_x(mark / seconds), f"{mark} s") for mark in marks.tolist())


SHOWN = 12  # words of a quote


@dataclass(frozen=True)
class Borrowed:
    """One thing that an answer borrows: a sentence for whoever reads it, and the words it is about."""

    sentence: Sentence
    quote: str


def find_borrowed(text: str, language: str, framework: Framework) -> tuple[Borrowed, ...]:
    """What stands word for word in the framework's anchors and definitions, and what is a list of its terms.

    Parameters
    ----------
    text
        What the candidate said to one question. Questions are not compared with: many people repeat theirs first.
    language
        ``en`` or ``zh``; a framework without texts in it finds nothing.
    framework
        The job's.
    """
    answer = written_answer(text, language)
    found = _recited(answer, framework), _listed(answer, framework)
    return tuple(one for one in found if one is not None)


def _recited(answer: AnswerText, framework: Framework) -> Borrowed | None:
    """The longest run of words that is the framework's, where it is long enough."""
    said = [token.text for token in answer.tokens]
    best, first = 0, 0
    whose: Mapping[Language, str] = {}
    for competency in framework.competencies:
        published = published_runs(competency, answer.language)
        run = 0
        for i in range(len(said) - RUN + 1):
            run = run + 1 if tuple(said[i : i + RUN]) in published else 0
            if run and run + RUN - 1 > best:
                best, first, whose = run + RUN - 1, i - run + 1, competency.name
    if not best:
        return None
    values = {"n": best, "whose": {spoken: name.lower() for spoken, name in whose.items()}}
    return Borrowed(Sentence("batch", "recited", values), _quote(answer, first, best))


def _listed(answer: AnswerText, framework: Framework) -> Borrowed | None:
    """The stretch with the most terms, where at least half of its words belong to one."""
    counts = term_counts(answer, framework.competencies)
    if not len(counts):
        return None
    first = int(np.argmax(counts))
    if counts[first] < LISTED * STRETCH:
        return None
    values = {"stretch": STRETCH, "n": f"{counts[first]:.0f}"}
    return Borrowed(Sentence("batch", "listed", values), _quote(answer, first, STRETCH))


def _quote(answer: AnswerText, first: int, count: int) -> str:
    """The first words of a stretch of counted words, as they were said."""
    shown = answer.tokens[first : first + min(count, SHOWN)]
    return answer.quote((shown[0].index, shown[-1].index + 1)) + (" …" if count > SHOWN else "")
