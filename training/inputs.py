"""What training learns from: one job family's people, their features, ratings and outcomes, every lost row counted.

Single answers: what bands, the rubric and transportability need, where interviews have already been averaged.

Where a training's people, ratings and outcomes come from: what the data sheet says beside the numbers themselves.

How the people whose performance is known were selected: what a correction for range restriction may rest on.

Scores of a training's own people, whatever kind of version they come from: what comparisons and cuts rest on.

A YAML file that somebody wrote beside the tables: read once, validated whole, every problem named.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, Field, ValidationError, model_validator

from vivavoce.data.framework import Part, Sentence
from vivavoce.data.problem import Problem, problems_of
from vivavoce.data.table import Table
from vivavoce.data.yaml_file import read_yaml
from vivavoce.evaluation.estimate import Estimate, Floats, undefined
from vivavoce.training import BadTraining
from vivavoce.training.outcomes import FollowUp, Outcomes
from vivavoce.training.ratings import Severity
from vivavoce.training.scheme import BY_PERSON, Scheme


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


@dataclass(frozen=True)
class Origin:
    """One table: its kind (``csv``, ``parquet``, a database), its rows, the SHA-256 of its content, and its map.

    ``mapped`` says which of its columns were taken for which, where the user said so.
    """

    kind: str
    rows: int
    sha256: str
    mapped: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of(table: Table) -> "Origin":
        """Of a table as read; its name and place are nobody's business."""
        return Origin(table.source.kind, len(table.frame), table.sha256, table.mapped)

    def document(self) -> dict[str, Any]:
        """As JSON; the map only where there is one."""
        found = {"kind": self.kind, "rows": self.rows, "sha256": self.sha256}
        return found | ({"map": dict(self.mapped)} if self.mapped else {})


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


Form = TypeVar("Form", bound=BaseModel)


def read_document(path: Path, form: type[Form], parts: dict[str, type[BaseModel]] | None = None) -> Form:
    """Read and validate one file.

    Parameters
    ----------
    path
        UTF-8 YAML, a mapping of names to values.
    form
        What it must hold.
    parts
        The forms inside it, by dotted path, so that a name at fault is answered with the nearest known one.

    Raises
    ------
    BadTraining
        With every problem as file, dotted path, value and remedy.
    """
    document = read_yaml(path, _bad)
    known = {"": list(form.model_fields)} | {place: list(part.model_fields) for place, part in (parts or {}).items()}
    try:
        return form.model_validate(document)
    except ValidationError as error:
        raise BadTraining("\n".join(f"{path}: {problem}" for problem in problems_of(error, document, known))) from error


def _bad(path: Path, problems: list[Problem]) -> BadTraining:
    return BadTraining("\n".join(f"{path}: {problem}" for problem in problems))


Spread = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(gt=0, le=1)]


class Selection(Part):
    """How people were selected, and who says so.

    ``mechanism`` is ``direct`` (on this score, from the top), ``indirect`` (on something else) or ``unknown``.
    ``applicants_sd`` is the spread among applicants of what was selected on: of the overall score in its own unit
    (z), or of ``selector``, a criterion of the outcomes table that holds each person's value. ``reliability`` is the
    criterion's, where it is known from elsewhere, with its source.
    """

    mechanism: Literal["direct", "indirect", "unknown"]
    source: Sentence
    selector: Sentence | None = None
    applicants_sd: Spread | None = None
    reliability: Share | None = None
    reliability_source: Sentence | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.mechanism == "unknown" and self.applicants_sd is not None:
            raise ValueError("Where the mechanism is unknown no spread is of use: leave applicants_sd out.")
        if self.mechanism == "indirect" and self.applicants_sd is not None and self.selector is None:
            raise ValueError("Indirect selection needs the selector whose spread this is: name its criterion.")
        if self.mechanism == "direct" and self.selector is not None:
            raise ValueError("Direct selection is on the score itself: leave selector out, or write indirect.")
        if (self.reliability is None) != (self.reliability_source is None):
            raise ValueError("A reliability needs its source and a source its reliability: give both, or neither.")
        return self


def read_selection(path: Path) -> Selection:
    """Read a selection file (``BadTraining`` lists everything wrong in it)."""
    return read_document(path, Selection)


LEAST_PEOPLE = 50  # rated, for each competency: below it a correlation of .40 has an interval from .13 on


@dataclass(frozen=True)
class Lost:
    """Rows that a step left out: which step, how many, and the first of their ids."""

    step: str
    count: int
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Inputs:
    """One job family's people, one row per interview.

    Parameters
    ----------
    interviews, candidates
        Ids, shape (n,) each.
    features
        For each competency its columns, shape (n,) each: the mean over the answers that show the competency; ``nan``
        where none of them was measured.
    ratings
        For each competency the mean over raters, shape (n,); ``nan`` where nobody rated.
    raters
        How many people rated.
    reliability
        Of each competency's mean rating, ICC(1,k); undefined, with the reason, where it cannot be known.
    performance
        Of each candidate, shape (n,); ``nan`` where there is none, or not given at all.
    fingerprints
        Of every column.
    recognisers
        Whose words the answers rest on.
    languages
        That at least 20 people answered in; empty where the table does not say.
    lost, dropped
        Rows that joins left out, and columns that say nothing (with the reason).
    modalities
        Of every column that declares one: ``text``, ``voice``, ``face``.
    answers
        The single answers; None where only interviews are known, and then nothing is said of bands and of the rubric.
    weights
        Opaque sample weights, shape (n,), ≥ 0; None: everybody counts alike.
    site, employer, recorded_at
        Where, for whom and when, shape (n,) each; None where not known.
    criterion
        What ``performance`` is; None where no outcomes were given.
    criteria
        Every criterion's mean per candidate, the trained one included, shape (n,) each; ``nan`` where there is none.
    follow_up
        Leavers and those still there; None where nobody was followed.
    criterion_reliability
        Of ``performance``, over its raters.
    same_raters
        Whether somebody who rated an interview also gave that person's criterion: halo.
    selection
        How the people with performance were selected, where that was stated.
    provenance
        What the data sheet says of where all this comes from; None for inputs that were not read from tables.
    scheme
        By what everything that is learned from these people is split.
    """

    interviews: npt.NDArray[np.str_]
    candidates: npt.NDArray[np.str_]
    features: Mapping[str, Mapping[str, Floats]]
    ratings: Mapping[str, Floats]
    raters: int
    reliability: Mapping[str, Estimate]
    performance: Floats
    fingerprints: Mapping[str, str]
    recognisers: tuple[str, ...]
    lost: tuple[Lost, ...]
    dropped: Mapping[str, str]
    modalities: Mapping[str, str] = field(default_factory=dict)
    answers: Answers | None = None
    weights: Floats | None = None
    site: npt.NDArray[np.str_] | None = None
    employer: npt.NDArray[np.str_] | None = None
    recorded_at: npt.NDArray[np.datetime64] | None = None
    criterion: str | None = None
    criteria: Mapping[str, Floats] = field(default_factory=dict)
    follow_up: FollowUp | None = None
    criterion_reliability: Estimate = field(default_factory=lambda: undefined("no outcomes were given"))
    same_raters: bool = False
    selection: Selection | None = None
    provenance: Provenance | None = None
    languages: tuple[str, ...] = ()
    scheme: Scheme = BY_PERSON


class OwnScores(Protocol):
    """Scores of people by a version that saw neither their rating nor their performance, one per interview."""

    @property
    def z(self) -> Mapping[str, Floats]:
        """By competency, (points − 50) / 15, shape (n,); ``nan`` where not measured."""

    @property
    def overall(self) -> Floats:
        """Under weights that saw nobody's own performance, shape (n,); ``nan`` for whom there are none."""
