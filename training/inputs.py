"""What training reads: answers with measured features, human ratings, later performance. Every row lost is counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet

from vivavoce.data.framework import Framework
from vivavoce.evaluation.estimate import Estimate, undefined
from vivavoce.evaluation.reliability import icc
from vivavoce.models.aggregate import answer_means, own_columns
from vivavoce.training.answers import Answers

Floats = npt.NDArray[np.float64]

IDENTITY = frozenset(
    (
        "interview_id",
        "candidate_id",
        "question_id",
        "job",
        "language",
        "asr_engine",
        "start_s",
        "end_s",
        "purposes",
        "unclear",
    )
)
RATINGS = ("interview_id", "rater", "competency", "value")
OUTCOMES = ("candidate_id", "value")
LEAST_PEOPLE = 50  # rated, for each competency: below it a correlation of .40 has an interval from .13 on
LISTED = 20  # of the ids that a join lost; more are counted


class BadTraining(ValueError):
    """Inputs from which nothing can be learned; the message names the file and the remedy."""


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
    lost, dropped
        Rows that joins left out, and columns that say nothing (with the reason).
    modalities
        Of every column that declares one: ``text``, ``voice``, ``face``.
    answers
        The single answers; None where only interviews are known, and then nothing is said of bands and of the rubric.
    weights
        Opaque sample weights, shape (n,), ≥ 0; None: everybody counts alike.
    site, recorded_at
        Where and when, shape (n,) each; None where not known.
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
    recorded_at: npt.NDArray[np.datetime64] | None = None


def read_inputs(features: Path, ratings: Path, outcomes: Path | None, framework: Framework) -> Inputs:
    """Read and join the three tables of one job family.

    Parameters
    ----------
    features
        ``features.parquet`` as ``viva score`` or ``viva measure`` writes it: its columns carry fingerprints.
    ratings
        CSV or Parquet with ``interview_id, rater, competency, value`` on the framework's scale.
    outcomes
        CSV or Parquet with ``candidate_id, value`` (one criterion, one value per candidate), or None.
    framework
        Its competencies are what is learned; answers of other jobs are left out and counted.

    Raises
    ------
    BadTraining
        For missing columns, features that nobody declared (an outcome that leaked in has no fingerprint), ratings
        outside the scale, and fewer than 50 rated people for a competency.
    """
    answers, fingerprints, modalities = _read_features(features)
    lost: list[Lost] = []
    answers = _kept(answers, answers["job"] == framework.job, f"answers of other jobs than {framework.job}", lost)
    allowed = answers["purposes"].fillna("").str.split(",").map(lambda purposes: "train" in purposes)
    answers = _kept(answers, allowed, "answers without consent to training", lost)
    if "unclear" in answers:
        answers = _kept(answers, ~answers["unclear"].astype(bool), "answers that no score may rest on", lost)
    people = answers[["interview_id", "candidate_id"]].drop_duplicates("interview_id").sort_values("interview_id")
    columns, dropped = _informative(answers, fingerprints)
    given = _read_ratings(ratings, framework)
    given = _kept(given, given["interview_id"].isin(people["interview_id"]), "ratings of interviews not measured", lost)
    means = given.groupby(["interview_id", "competency"])["value"].mean().unstack()
    index = pd.Index(people["interview_id"])
    rated = {name: _column(means, name, index) for name in framework.weights}
    for name, values in rated.items():
        count = people.loc[~np.isnan(values), "candidate_id"].nunique()
        if count < LEAST_PEOPLE:
            raise BadTraining(f"{ratings}: {name} needs ratings of {LEAST_PEOPLE} people. Got {count}: rate more.")
    performance = np.full(len(people), np.nan)
    if outcomes is not None:
        known = _read_outcomes(outcomes)
        known = _kept(
            known, known["candidate_id"].isin(people["candidate_id"]), "outcomes of people not measured", lost
        )
        performance = people["candidate_id"].map(known.set_index("candidate_id")["value"]).to_numpy(np.float64)
    single = Answers(
        index.get_indexer(answers["interview_id"]),
        answers["question_id"].to_numpy(str),
        {name: answers[name].to_numpy(np.float64) for name in columns},
    )
    return Inputs(
        people["interview_id"].to_numpy(str),
        people["candidate_id"].to_numpy(str),
        {name: _means(single, own_columns(name, columns, framework), framework, name, len(index)) for name in rated},
        rated,
        int(given["rater"].nunique()),
        {name: _reliability(given[given["competency"] == name]) for name in rated},
        performance,
        fingerprints,
        tuple(sorted(answers["asr_engine"].dropna().unique())),
        tuple(lost),
        dropped,
        modalities,
        single,
    )


def _read_features(path: Path) -> tuple[pd.DataFrame, dict[str, str], dict[str, str]]:
    """The answers, and the fingerprint and the modality of every feature that may be scored."""
    if path.suffix != ".parquet" or not path.is_file():
        raise BadTraining(f"{path}: features are read from the features.parquet that viva writes: name that file.")
    schema = pyarrow.parquet.read_schema(path)
    _require(path, schema.names, ("interview_id", "candidate_id", "question_id", "job", "asr_engine", "purposes"))
    declared = {one.name: one.metadata or {} for one in schema if one.name not in IDENTITY}
    strange = [name for name, metadata in declared.items() if b"fingerprint" not in metadata]
    if strange:
        raise BadTraining(
            f"{path}: {', '.join(strange)} carry no fingerprint, so viva did not measure them. An outcome, an id or a "
            "date among the features would be learned by heart: remove these columns."
        )
    prints = {
        name: metadata[b"fingerprint"].decode()
        for name, metadata in declared.items()
        if metadata.get(b"impairment_sensitive") != b"true" and metadata.get(b"quality") != b"true"
    }
    modalities = {name: declared[name][b"modality"].decode() for name in prints if b"modality" in declared[name]}
    return pd.read_parquet(path), prints, modalities


def _read_table(path: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    if path.suffix not in {".csv", ".parquet"} or not path.is_file():
        raise BadTraining(f"{path}: name a .csv or .parquet file that exists.")
    ids = {"interview_id": str, "candidate_id": str, "rater": str, "competency": str}
    table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=ids)
    _require(path, list(table.columns), needed)
    value = pd.to_numeric(table["value"], errors="coerce")
    bad = np.flatnonzero(~np.isfinite(value))
    if len(bad):
        raise BadTraining(f"{path}: row {bad[0] + 1} has the value {table['value'].iloc[bad[0]]!r}: write a number.")
    return table.assign(value=value)


def _read_ratings(path: Path, framework: Framework) -> pd.DataFrame:
    table = _read_table(path, RATINGS)
    unknown = sorted(set(table["competency"]) - set(framework.weights))
    if unknown:
        raise BadTraining(
            f"{path}: {', '.join(unknown)} are no competencies of {framework.job}. {list(framework.weights)}"
        )
    scale = framework.scale
    outside = table[(table["value"] < scale.low) | (table["value"] > scale.high)]
    if len(outside):
        raise BadTraining(
            f"{path}: ratings lie on the framework's scale, {scale.low:g} to {scale.high:g}. Got "
            f"{outside['value'].iloc[0]:g} in row {outside.index[0] + 1} ({len(outside)} such rows): convert."
        )
    if table.duplicated(["interview_id", "rater", "competency"]).any():
        row = int(np.flatnonzero(table.duplicated(["interview_id", "rater", "competency"]))[0]) + 1
        raise BadTraining(f"{path}: row {row} repeats a rating by the same rater: keep one.")
    return table


def _reliability(ratings: pd.DataFrame) -> Estimate:
    """ICC(1,k) of one competency's ratings: raters differ from person to person."""
    counts = ratings.groupby("interview_id").size().unique()
    if len(counts) > 1 or counts[0] < 2:
        return undefined(
            f"interviews have {counts.min()} to {counts.max()} raters: two or more, and equally many, needed"
        )
    return icc(ratings.sort_values("interview_id")["value"].to_numpy().reshape(-1, counts[0])).icc_1_k


def _read_outcomes(path: Path) -> pd.DataFrame:
    table = _read_table(path, OUTCOMES)
    if table["candidate_id"].duplicated().any():
        name = table["candidate_id"][table["candidate_id"].duplicated()].iloc[0]
        raise BadTraining(f"{path}: candidate {name} stands more than once: give one value of one criterion each.")
    return table


def _require(path: Path, names: list[str], needed: tuple[str, ...]) -> None:
    missing = [name for name in needed if name not in names]
    if missing:
        raise BadTraining(f"{path}: the columns {', '.join(missing)} are missing. It has {', '.join(names[:20])}.")


def _kept(table: pd.DataFrame, keep: "pd.Series[bool]", step: str, lost: list[Lost]) -> pd.DataFrame:
    """The rows to keep; the others are counted under the step's name."""
    gone: list[str] = [str(name) for name in table.loc[~keep].iloc[:, 0]]
    if gone:
        lost.append(Lost(step, len(gone), tuple(sorted(set(gone))[:LISTED])))
    return table[keep]


def _informative(answers: pd.DataFrame, fingerprints: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Columns that say something, and why the others do not."""
    dropped = {}
    for name in fingerprints:
        values = answers[name].dropna()
        if values.empty:
            dropped[name] = "never measured"
        elif values.nunique() == 1:
            dropped[name] = "one value only"
    return [name for name in fingerprints if name not in dropped], dropped


def _means(
    answers: Answers, columns: list[str], framework: Framework, competency: str, interviews: int
) -> dict[str, Floats]:
    shown = [question.id for question in framework.questions_showing(competency)]
    own = {name: answers.columns[name] for name in columns}
    return answer_means(own, answers.interview, answers.question, shown, interviews)


def _column(table: pd.DataFrame, name: str, index: pd.Index) -> Floats:
    if name not in table:
        return np.full(len(index), np.nan)
    found: Floats = table[name].reindex(index).to_numpy(np.float64)
    return found
