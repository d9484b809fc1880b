"""Turns: who speaks when, whatever they were told by, and what of a recording they leave to one speaker.

A turn track has one row per turn, columns ``speaker`` (0, 1, …) and ``overlap`` (1 where somebody else speaks too, else
0). The turns of one speaker do not overlap one another; where two speak at once there is a row for each.
"""

from collections.abc import Sequence

import numpy as np

from vivavoce.data.track import Array, Track
from vivavoce.features.speakers.stretches import common, join, seconds, without
from vivavoce.features.transcript.words import Transcript

COLUMNS = ("speaker", "overlap")
TURN_GAP_S = 1.5  # words of one speaker closer than this are one turn


def turn_track(spans: Sequence[Array]) -> Track:
    """The turns of speakers 0, 1, … from the time in which each speaks; overlap is found.

    Parameters
    ----------
    spans : sequence of ndarray, shape (n, 2)
        Seconds in which each speaker speaks.

    Examples
    --------
    >>> track = turn_track([np.array([[0.0, 2.0]]), np.array([[1.5, 3.0]])])
    >>> track.spans.tolist(), track["speaker"].tolist(), track["overlap"].tolist()
    ([[0.0, 1.5], [1.5, 2.0], [1.5, 2.0], [2.0, 3.0]], [0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 1.0, 0.0])
    """
    rows: list[tuple[float, float, int, int]] = []
    for speaker, own in enumerate(spans):
        others = [one for i, one in enumerate(spans) if i != speaker]
        theirs = join(np.concatenate(others)) if others else np.empty((0, 2))
        rows += [(start, end, speaker, 0) for start, end in without(own, theirs)]
        rows += [(start, end, speaker, 1) for start, end in common(own, theirs)]
    table = np.array(sorted(rows), float).reshape(-1, 4)
    return Track(table[:, :2], table[:, 2:], COLUMNS)


def stretches(transcript: Transcript, gap: float = TURN_GAP_S) -> Array:
    """Stretches in which the words of a transcript lie, shape (n, 2), seconds; gaps of up to ``gap`` are closed."""
    spans = np.array([(word.start, word.end) for word in transcript.words], float).reshape(-1, 2)
    return join(spans, gap)


def of_speaker(turns: Track, speaker: int, *, alone: bool = False) -> Array:
    """Stretches in which one speaker speaks, or speaks alone, shape (n, 2)."""
    own = turns["speaker"] == speaker
    return join(turns.spans[own & (turns["overlap"] == 0)] if alone else turns.spans[own])


def of_others(turns: Track, speaker: int) -> Array:
    """Stretches in which anybody else speaks, shape (n, 2)."""
    return join(turns.spans[turns["speaker"] != speaker])


def speaking_seconds(turns: Track) -> Array:
    """How long each speaker speaks, overlap included, shape (speakers,)."""
    count = int(turns["speaker"].max()) + 1 if len(turns) else 0
    return np.array([seconds(of_speaker(turns, speaker)) for speaker in range(count)])


def cut(speech: Track, kept: Array) -> Track:
    """The detector's segments as far as they lie in some stretches; each piece keeps its segment's values.

    Examples
    --------
    >>> speech = Track(np.array([[0.0, 4.0], [5.0, 6.0]]), np.array([[0.9], [0.8]]), ("speech_probability",))
    >>> cut(speech, np.array([[1.0, 2.0], [3.0, 5.5]])).spans.tolist()
    [[1.0, 2.0], [3.0, 4.0], [5.0, 5.5]]
    """
    pieces = [(span, row) for row, one in enumerate(speech.spans) for span in common(one[None], kept)]
    spans = np.array([span for span, _ in pieces], float).reshape(-1, 2)
    return Track(spans, speech.values[[row for _, row in pieces]], speech.names)


def leave_out(track: Track, others: Array) -> Track:
    """A frame-wise track without the frames whose middle lies in the others' turns."""
    middle = track.spans.mean(axis=1)
    edges = join(others).ravel()
    kept = np.searchsorted(edges, middle, side="right") % 2 == 0
    return Track(track.spans[kept], track.values[kept], track.names)
