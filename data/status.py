"""The named ends of a manifest row and of a media file. Every row ends in exactly one.

A row's ``status`` says whether it was scored; its ``reason`` says why not, or why only partly; its
``media`` says what decoding found.

Values over time: the raw form of every modality.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt


class RowStatus(StrEnum):
    """How one manifest row ended."""

    SCORED = "scored"
    MEASURED = "measured"  # of a run that measures without scoring
    PARTIAL = "partial"
    NOT_SCORED = "not_scored"
    BAD_ROW = "bad_row"


COMPLETE = frozenset({RowStatus.SCORED, RowStatus.MEASURED})
"""Statuses of a row from which nothing is missing: those without a reason."""


class MediaStatus(StrEnum):
    """What one media file turned out to be."""

    OK = "ok"
    PARTIAL_MEDIA = "partial_media"
    NO_AUDIO = "no_audio"
    NO_VIDEO = "no_video"
    NO_SPEECH = "no_speech"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    SEVERAL_SPEAKERS = "several_speakers"
    WRONG_LANGUAGE = "wrong_language"
    UNREADABLE = "unreadable"
    REFUSED_FORMAT = "refused_format"
    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    INPUT_CHANGED = "input_changed"


FLAGGED = frozenset(
    {
        MediaStatus.PARTIAL_MEDIA,
        MediaStatus.NO_VIDEO,
        MediaStatus.NO_FACE,
        MediaStatus.SEVERAL_FACES,
        MediaStatus.NO_AUDIO,
        MediaStatus.NO_SPEECH,
    }
)
"""Media that may still yield the features that can be trusted, with the flag beside them."""


class Reason(StrEnum):
    """Why a row, a competency or the overall score is not ``scored``. Media statuses are reasons too."""

    NO_CONSENT = "no_consent"
    HUMAN_ROUTE = "human_route"
    NO_TRANSCRIPT = "no_transcript"
    UNREADABLE_TRANSCRIPT = "unreadable_transcript"
    NO_ANSWER = "no_answer"
    MISSING_ANSWER = "missing_answer"
    TOO_SHORT = "too_short"
    UNCLEAR_SPEECH = "unclear_speech"
    MISSING_COMPETENCY = "missing_competency"
    NO_QUESTION = "no_question"  # nothing says which of the framework's questions was answered
    TOO_LITTLE_MEASURED = "too_little_measured"  # of what a trained model rests on
    OTHER_RECOGNISER = "other_recogniser"  # than those whose words a trained model accepts
    OTHER_LANGUAGE = "other_language"  # than those in which a trained model learned
    ERASED = "erased"


Array = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Track:
    """Values on spans of time.

    Parameters
    ----------
    spans : ndarray, shape (n, 2)
        Start and end of each row in seconds of the recording, start ≤ end, starts ascending.
    values : ndarray, shape (n, d)
        One column per name; ``nan`` means *not measured*, never zero.
    names : tuple of str, length d
        What the columns are, with their unit (``yaw_deg``).

    Raises
    ------
    ValueError
        If the shapes disagree, a span ends before it starts, or starts descend.

    Examples
    --------
    >>> track = Track(np.array([[0.0, 0.2], [0.2, 0.4], [0.4, 0.6]]), np.array([[1.0], [np.nan], [3.0]]), ("yaw_deg",))
    >>> track["yaw_deg"]
    array([ 1., nan,  3.])
    >>> track.within(0.1, 0.5).spans.tolist()
    [[0.2, 0.4]]
    """

    spans: Array
    values: Array
    names: tuple[str, ...]
    _column: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse shapes that do not describe one timeline."""
        if self.spans.ndim != 2 or self.spans.shape[1] != 2:
            raise ValueError(f"Track spans must have shape (n, 2). Got {self.spans.shape} instead.")
        if self.values.shape != (len(self.spans), len(self.names)):
            raise ValueError(
                f"Track values must have shape ({len(self.spans)}, {len(self.names)}) to match spans and names. "
                f"Got {self.values.shape} instead."
            )
        if np.any(self.spans[:, 1] < self.spans[:, 0]) or np.any(np.diff(self.spans[:, 0]) < 0):
            raise ValueError("Track spans must be ascending and end no earlier than they start.")
        object.__setattr__(self, "_column", {name: i for i, name in enumerate(self.names)})

    def __len__(self) -> int:
        """Return the number of spans."""
        return len(self.spans)

    def __getitem__(self, name: str) -> Array:
        """Return one column, shape (n,). Raises ``KeyError`` for a name that is not on the track."""
        return self.values[:, self._column[name]]

    def within(self, start: float, end: float) -> "Track":
        """Return the rows that lie wholly inside [start, end] seconds."""
        keep = (self.spans[:, 0] >= start) & (self.spans[:, 1] <= end)
        return Track(self.spans[keep], self.values[keep], self.names)

    @staticmethod
    def concatenate(tracks: Sequence["Track"]) -> "Track":
        """Join tracks of the same names in time order; an empty sequence is a ``ValueError``."""
        if not tracks:
            raise ValueError("Track.concatenate needs at least one track. Got an empty sequence instead.")
        names = tracks[0].names
        if any(track.names != names for track in tracks):
            raise ValueError("Track.concatenate needs tracks of the same names.")
        return Track(np.concatenate([t.spans for t in tracks]), np.concatenate([t.values for t in tracks]), names)
