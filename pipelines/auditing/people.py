"""The people under audit: their scores beside what they declared, row by row."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vivavoce.fairness.groups import Declared, Labels
from vivavoce.pipelines.auditing.scores import Scores


@dataclass(frozen=True)
class People:
    """Scores and declared groups of the same rows.

    Parameters
    ----------
    path, scores
        As read.
    groups
        As read, one row per person.
    places
        Where in ``groups`` each row of the scores stands, shape (n,); -1 for people who are not in it.
    attributes
        Labels by attribute, shape (n,) each.
    comparators
        Whom to compare with, by attribute, where somebody is named.
    """

    path: Path
    scores: Scores
    groups: Declared
    places: npt.NDArray[np.int64]
    attributes: Mapping[str, Labels]
    comparators: Mapping[str, str]

    def described(self, scored: npt.NDArray[np.bool_]) -> dict[str, Any]:
        """How many there are, what their scores say of their origin, and who is missing on one side."""
        scores = self.scores
        return {
            "rows": len(scores.candidates),
            "people": scores.people,
            "jobs": len(scores.strata["job"].levels) if "job" in scores.strata else 1,
            "scored": int(scored.sum()),
            "partial": scores.partial,
            "without_groups": int((self.places < 0).sum()),
            "groups_without_score": len(self.groups.frame) - len(np.unique(self.places[self.places >= 0])),
            "first_recorded": scores.recorded[0] if scores.recorded else None,
            "last_recorded": scores.recorded[1] if scores.recorded else None,
            "model_digests": list(scores.model_digests),
            "standings": list(scores.standings),
        }
