"""Scores of a training's own people, whatever kind of version they come from: what comparisons and cuts rest on."""

from collections.abc import Mapping
from typing import Protocol

from vivavoce.evaluation.arguments import Floats


class OwnScores(Protocol):
    """Scores of people by a version that saw neither their rating nor their performance, one per interview."""

    @property
    def z(self) -> Mapping[str, Floats]:
        """By competency, (points − 50) / 15, shape (n,); ``nan`` where not measured."""

    @property
    def overall(self) -> Floats:
        """Under weights that saw nobody's own performance, shape (n,); ``nan`` for whom there are none."""
