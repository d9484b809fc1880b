"""Values over time: the raw form of every modality."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

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
