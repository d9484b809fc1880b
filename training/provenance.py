"""Where a training's people, ratings and outcomes come from: what the data sheet says beside the numbers themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vivavoce.training.outcomes import Outcomes
from vivavoce.training.ratings import Severity
from vivavoce.training.tables import Table

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Origin:
    """One table: its kind (``csv``, ``parquet``, a database), its rows, and the SHA-256 of its content."""

    kind: str
    rows: int
    sha256: str

    @staticmethod
    def of(table: Table) -> "Origin":
        """Of a table as read; its name and place are nobody's business."""
        return Origin(table.source.kind, len(table.frame), table.sha256)


@dataclass(frozen=True)
class Provenance:
    """What was read, when it was gathered, and what is known of those who judged.

    Parameters
    ----------
    origins
        Of ``features``, ``ratings`` and, where given, ``outcomes`` and ``weights``.
    dates
        First and last day of interviews, ratings and outcomes, where they carry dates.
    severity
        Raters compared, for each competency.
    by_question
        Ratings that were given to a question, not to a competency.
    saw_score
        How many values of the criterion came from raters who saw the score, did not, or nobody says.
    proxies
        Protected attributes that a feature is known to tell apart, by feature.
    consent
        The policy that covers training, where one was stated for a whole table.
    """

    origins: Mapping[str, Origin]
    dates: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    severity: tuple[Severity, ...] = ()
    by_question: int = 0
    saw_score: Mapping[str, int] = field(default_factory=dict)
    proxies: Mapping[str, str] = field(default_factory=dict)
    consent: str | None = None


def days_between(column: "pd.Series[Any]") -> tuple[str, str] | None:
    """First and last day of a column of dates, ISO 8601; None where it has none."""
    known = column.dropna()
    return (f"{known.min():%Y-%m-%d}", f"{known.max():%Y-%m-%d}") if len(known) else None


def same_raters(ratings: pd.DataFrame, outcomes: Outcomes, candidate_of: Mapping[str, str]) -> bool:
    """Whether somebody who rated a candidate's interview also gave that candidate's criterion."""
    judged = set(zip(ratings["interview_id"].map(candidate_of), ratings["rater"], strict=True))
    rows = outcomes.rows[(outcomes.rows["criterion"] == outcomes.criterion) & outcomes.rows["rater"].notna()]
    return not judged.isdisjoint(zip(rows["candidate_id"], rows["rater"], strict=True))


def rank(names: "pd.Series[Any]") -> Floats:
    """Place of each value in their order, ties alike, shape (n,); ``nan`` where empty."""
    return names.rank(method="dense").to_numpy(np.float64)
