"""Single answers: what bands, the rubric and transportability need, where interviews have already been averaged."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """The answers behind a training's interviews, one row each.

    Parameters
    ----------
    interview
        Row number of its interview, shape (m,).
    question
        Id of its question, shape (m,).
    columns
        Every feature that may be scored, shape (m,) each; ``nan`` where not measured.
    """

    interview: npt.NDArray[np.intp]
    question: npt.NDArray[np.str_]
    columns: Mapping[str, Floats]

    def matrix(self, names: Collection[str]) -> Floats:
        """The named columns, shape (m, p)."""
        return np.column_stack([self.columns[name] for name in names])

    def to(self, questions: Collection[str]) -> npt.NDArray[np.bool_]:
        """Which answers reply to one of these questions, shape (m,)."""
        found: npt.NDArray[np.bool_] = np.isin(self.question, sorted(questions))
        return found
