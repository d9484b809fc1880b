"""What decoding one file came to: what was missing, where, and the status that follows. Needs no library."""

import math
from dataclasses import dataclass, field

from vivavoce.data.status import MediaStatus

WHOLE = 0.98  # of a duration: what has less is partial
GAP_S = 1.0  # a hole longer than this is a loss, however long the rest
NEAR_S = 0.1  # losses this close to one another are told as one
MOST_LOSSES = 500  # told one by one; a file with more is damaged all over
Stretch = tuple[float, float]


class Ended(Exception):
    """Decoding ends here, with a status and a sentence for the operator."""

    def __init__(self, status: MediaStatus, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


@dataclass
class Account:
    """What is missing, in words, and the smallest share of a stream that was decoded.

    Parameters
    ----------
    share
        0 to 1; 1 is ideal.
    lacks
        A sentence for every loss.
    flags
        Every status that applies.
    lost
        Start and end, in seconds, of the sound that is not what was recorded there.
    cut
        Whether the sound breaks off: what was recorded after its end is not known.
    """

    share: float = 1.0
    lacks: list[str] = field(default_factory=list)
    flags: set[MediaStatus] = field(default_factory=set)
    lost: list[Stretch] = field(default_factory=list)
    cut: bool = False

    def lack(self, share: float, sentence: str, cut: bool = False) -> None:
        """Note a loss: what is left of the stream, what happened, and whether the sound breaks off there."""
        self.share = min(self.share, share)
        self.lacks.append(sentence)
        self.flags.add(MediaStatus.PARTIAL_MEDIA)
        self.cut = self.cut or cut

    @property
    def status(self) -> MediaStatus:
        """The one status: what is lost comes before what was never there, sound before picture."""
        ranked = (MediaStatus.PARTIAL_MEDIA, MediaStatus.NO_AUDIO, MediaStatus.NO_VIDEO)
        return next((status for status in ranked if status in self.flags), MediaStatus.OK)

    def losses(self, end: float) -> list[Stretch]:
        """The lost stretches of sound that ends at ``end`` seconds, in order, apart; the last may have no end.

        Examples
        --------
        >>> Account(lost=[(7.0, 7.5), (1.0, 1.2), (1.25, 1.5)], cut=True).losses(60.0)
        [(1.0, 1.5), (7.0, 7.5), (60.0, inf)]
        """
        merged: list[Stretch] = []
        for start, stop in sorted([*self.lost, *([(end, math.inf)] if self.cut else [])]):
            if merged and start <= merged[-1][1] + NEAR_S:
                merged[-1] = (merged[-1][0], max(merged[-1][1], stop))
            else:
                merged.append((start, stop))
        if len(merged) > MOST_LOSSES:
            merged = [(merged[0][0], merged[-1][1])]
        return [(round(start, 3), round(stop, 3)) for start, stop in merged]
