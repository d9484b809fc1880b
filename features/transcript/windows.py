"""Packing speech into the recogniser's windows, and mapping its times back.

Whisper looks at 30 s whether they hold speech or not, so silence costs as much as speech. Only detected speech is
packed, piece after piece; every piece remembers where it came from, and time never accumulates an error because each
piece is mapped on its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vivavoce.data.media.memory import AudioSpool
from vivavoce.data.track import Array
from vivavoce.features.transcript.recognise import Passage

RATE = 16_000  # Hz
WINDOW_S = 30.0  # what Whisper was trained on
WINDOW_SAMPLES = round(WINDOW_S * RATE)  # 480,000

KEPT_GAP_S = 0.5  # shorter pauses stay as they are: they belong to a phrase
CONTEXT_S = 0.1  # of the recording on either side of a piece: soft onsets begin before the detector is sure
SEPARATOR_S = 0.2  # digital silence between pieces, so that two phrases are not run into one word
CUT_SEARCH_S = 5.0  # a piece longer than a window is cut at the quietest place in the last 5 s
CUT_STEP_S = 0.05  # quietness is measured over 50 ms, about a stop's closure

LEAST_S = 0.08  # a word that touches a segment by less merely leans over its edge; no spoken word is shorter


@dataclass(frozen=True)
class Placement:
    """A piece of the recording inside a window, all in seconds."""

    at: float  # where it begins in the window
    start: float  # where it begins in the recording
    duration: float


@dataclass(frozen=True, eq=False)
class Window:
    """Up to 30 s of packed speech.

    ``sound`` has shape (480000,), zeros after the last piece; ``filled`` says where that ends, in seconds.
    """

    sound: npt.NDArray[np.float32]
    placements: tuple[Placement, ...]

    @property
    def filled(self) -> float:
        """Seconds from the window's start to the end of its last piece."""
        last = self.placements[-1]
        return last.at + last.duration

    def locate(self, start: float, end: float) -> tuple[float, float] | None:
        """A span of the window in seconds of the recording: the part of it in the piece that it overlaps most.

        None where it lies in a separator or behind the last piece.
        """
        overlaps = [min(end, p.at + p.duration) - max(start, p.at) for p in self.placements]
        best = int(np.argmax(overlaps))
        if overlaps[best] <= 0:
            return None
        piece = self.placements[best]
        shift = piece.start - piece.at
        return max(start, piece.at) + shift, min(end, piece.at + piece.duration) + shift


def windows_of(passage: Passage) -> Iterator[Window]:
    """The passage's speech packed into windows in time order, read one window at a time.

    A passage without speech gives none.
    """
    for placements in _pack(_stretches(passage, WINDOW_S), WINDOW_S, several=True):
        yield _fill(passage.audio, placements)


def phrases(passage: Passage, longest: float) -> list[tuple[float, float]]:
    """Stretches of speech with short pauses kept, none above ``longest`` seconds: one utterance each."""
    packed = _pack(_stretches(passage, longest), longest, several=False)
    return [(piece.start, piece.start + piece.duration) for (piece,) in packed]


def speech_of(passage: Passage) -> list[tuple[float, float]]:
    """The passage's own segments: cut to it, whole samples, seconds."""
    end = min(passage.end, passage.audio.duration)
    spans = np.clip(passage.speech.spans, passage.start, end)
    spans = np.round(spans * RATE) / RATE
    return [(float(a), float(b)) for a, b in spans if b > a]


def within_speech(start: float, end: float, segments: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """A word's time cut to the segment that holds most of it, or None where it lies in silence.

    A pause that the detector sees is longer than any closure inside a word, so a word lies in one segment; attention
    that begins or ends in a neighbour only leans over the pause.

    Parameters
    ----------
    start, end
        Seconds of the recording.
    segments
        Speech, ascending, seconds.

    Examples
    --------
    >>> within_speech(1.8, 2.9, [(0.0, 1.0), (2.0, 2.4), (2.85, 4.0)])
    (2.0, 2.4)
    >>> within_speech(1.2, 1.8, [(0.0, 1.0), (2.0, 2.4)]) is None
    True
    """
    least = min(LEAST_S, (end - start) / 2)
    overlap, first, last = max(((min(b, end) - max(a, start), a, b) for a, b in segments), default=(0.0, 0.0, 0.0))
    return (max(start, first), min(end, last)) if overlap > least else None


def _pack(stretches: Sequence[tuple[float, float]], room: float, *, several: bool) -> Iterator[list[Placement]]:
    """Stretches laid into groups of at most ``room`` seconds; across a short pause the recording simply goes on."""
    placed: list[Placement] = []
    for start, end in stretches:
        if placed:
            last = placed[-1]
            on, gap = end - last.start, start - (last.start + last.duration)
            if gap <= KEPT_GAP_S - 2 * CONTEXT_S and last.at + on <= room:
                placed[-1] = Placement(last.at, last.start, on)
                continue
            at = last.at + last.duration + SEPARATOR_S
            if several and at + end - start <= room:
                placed.append(Placement(at, start, end - start))
                continue
            yield placed
        placed = [Placement(0.0, start, end - start)]
    if placed:
        yield placed


def _stretches(passage: Passage, longest: float) -> list[tuple[float, float]]:
    """Segments with their context, in seconds, none above ``longest`` and none overlapping."""
    segments = speech_of(passage)
    limit = min(passage.end, passage.audio.duration)
    found: list[tuple[float, float]] = []
    for i, (start, end) in enumerate(segments):
        before = (segments[i - 1][1] + start) / 2 if i else passage.start
        after = (end + segments[i + 1][0]) / 2 if i + 1 < len(segments) else limit
        found.extend(_cut(passage.audio, max(start - CONTEXT_S, before), min(end + CONTEXT_S, after), longest))
    return found


def _fill(audio: AudioSpool, placements: Sequence[Placement]) -> Window:
    sound = np.zeros(WINDOW_SAMPLES, np.float32)
    for piece in placements:
        samples = audio.read(piece.start, piece.start + piece.duration)
        first = round(piece.at * RATE)
        room = sound[first : first + len(samples)]
        room[:] = samples[: len(room)]
    return Window(sound, tuple(placements))


def _cut(audio: AudioSpool, start: float, end: float, longest: float) -> Iterator[tuple[float, float]]:
    """A stretch in parts of at most ``longest`` seconds, cut where it is quietest."""
    while end - start > longest:
        cut = _quietest(audio, start + longest - CUT_SEARCH_S, start + longest)
        yield start, cut
        start = cut
    yield start, end


def _quietest(audio: AudioSpool, start: float, end: float) -> float:
    """The middle of the quietest 50 ms in [start, end] seconds; the latest where several are equal."""
    samples = audio.read(start, end)
    step = round(CUT_STEP_S * RATE)
    power: Array = np.square(samples[: len(samples) // step * step], dtype=np.float64).reshape(-1, step).mean(axis=1)
    latest = len(power) - 1 - int(np.argmin(power[::-1]))
    return start + (latest + 0.5) * CUT_STEP_S
