"""One answer as scoring sees it: which question, what it shows, what was measured, and the words behind it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from vivavoce.data.schema import Absent, Measures
from vivavoce.models.score import Quote

WHOLE = "interview"  # the question id of a recording for which no questions are given: it may show everything


@dataclass(frozen=True)
class MeasuredAnswer:
    """What scoring needs of one answer.

    ``measures`` holds per-competency features as ``name.competency_id``. ``quotes`` are the words behind a measure.
    """

    question_id: str
    shows: tuple[str, ...]
    measures: Measures
    quotes: Mapping[str, tuple[Quote, ...]]

    def value(self, name: str) -> float:
        """A measure's value; ``nan`` where it is absent or was not tried."""
        found = self.measures.get(name, math.nan)
        return math.nan if isinstance(found, Absent) else found
