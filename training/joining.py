"""From tables to :class:`Inputs`: read, checked, joined, and every row that a join leaves out counted."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vivavoce.data.framework import Framework
from vivavoce.data.table import Given, Maps
from vivavoce.evaluation.effect import people_needed_for_correlation
from vivavoce.models.score import answer_means, own_columns
from vivavoce.training import BadTraining
from vivavoce.training.inputs import (
    LEAST_PEOPLE,
    Answers,
    Inputs,
    Lost,
    Origin,
    Provenance,
    days_between,
    rank,
    read_selection,
    same_raters,
)
from vivavoce.training.measured import Measured, read_measured, refuse_leaks
from vivavoce.training.outcomes import Outcomes, check_dates, read_outcomes
from vivavoce.training.ratings import Ratings, read_ratings, read_weights, reliability, severity
from vivavoce.training.scheme import BY_PERSON, PERSON
from vivavoce.training.units import read_scheme

Floats = npt.NDArray[np.float64]

LISTED = 20  # of the ids that a join lost; more are counted
LEAST_SPEAKERS = 20  # of a language: as many as norms take
NO_RATINGS = pd.DataFrame(
    {name: pd.Series(dtype=str) for name in ("interview_id", "rater", "competency")}
    | {"value": pd.Series(dtype=np.float64), "date": pd.Series(dtype="datetime64[us, UTC]")}
)
ASKED = 0.30  # a usual validity of interviews, in whose terms too few people are told how many it takes


def read_inputs(
    features: Given,
    ratings: Given | None,
    outcomes: Given | None,
    framework: Framework,
    *,
    learning: bool = True,
    schema: Path | None = None,
    criterion: str | None = None,
    selection: Path | None = None,
    weights: Given | None = None,
    split: str = PERSON,
    maps: Maps | None = None,
) -> Inputs:
    """Read, check and join the tables of one job family.

    Parameters
    ----------
    features
        ``features.parquet`` as viva writes it, or any table declared in ``schema`` (see :func:`read_measured`).
    ratings
        ``interview_id, rater, competency or question_id, value`` (see :func:`read_ratings`); None only where nothing is
        learned.
    outcomes
        ``candidate_id, criterion, value, …`` (see :func:`read_outcomes`), or None.
    framework
        Its competencies are what is learned; answers of other jobs are left out and counted.
    learning
        Whether something is learned from these people. If not, they are evidence, of which there is no least number;
        a feature with one value is kept, and a language is one that somebody spoke.
    schema
        Declares the columns of a table that viva did not measure.
    criterion
        Which outcome weights are learned from; needed where there are several.
    selection
        YAML: how the people with performance were selected (see :class:`Selection`).
    weights
        ``candidate_id, weight``: opaque sample weights, such as ``viva fair reweigh`` writes.
    split
        By what everything is split: ``person``, ``time`` or a column (see :func:`read_scheme`); without ratings by
        person.
    maps
        What the user calls the columns of these tables.

    Raises
    ------
    TableRefused, BadTraining
        For anything in these tables from which nothing can be learned; the message names table, place and remedy.
    """
    measured = read_measured(features, framework.job, schema, maps)
    whose = zip(measured.frame["interview_id"], measured.frame["candidate_id"], strict=True)
    given = None if ratings is None else read_ratings(ratings, framework, whose, maps)
    later, elsewhere = read_outcomes(outcomes, framework.job, criterion, maps) if outcomes is not None else (None, [])
    lost: list[Lost] = []
    answers = _usable(measured, framework, lost)
    people = _people(measured, answers)
    index = pd.Index(people["interview_id"])
    rows = NO_RATINGS if given is None else given.rows
    rows = _kept(rows, rows["interview_id"].isin(index), "ratings of interviews not measured", lost)
    rated = _rated(rows, people, framework)
    if given is not None and learning:
        _check_rated(rated, people, given)
    columns, dropped = _informative(answers, measured.fingerprints, values=2 if learning else 1)
    if elsewhere:
        lost.append(Lost("outcomes in other jobs", len(elsewhere), tuple(sorted(set(elsewhere))[:LISTED])))
    single, own = _columns(answers, columns, index, framework)
    found = Inputs(
        interviews=people["interview_id"].to_numpy(str),
        candidates=people["candidate_id"].to_numpy(str),
        features=own,
        ratings=rated,
        raters=int(rows["rater"].nunique()),
        reliability={name: reliability(rows[rows["competency"] == name]) for name in rated},
        performance=np.full(len(people), np.nan),
        fingerprints=measured.fingerprints,
        recognisers=tuple(sorted(answers["asr_engine"].dropna().unique())),
        lost=(),
        languages=_languages(answers, LEAST_SPEAKERS if learning else 1),
        dropped=dropped,
        modalities=measured.modalities,
        answers=single,
        site=_first(answers, "site", index),
        employer=_first(answers, "employer", index),
        scheme=BY_PERSON if given is None else read_scheme(split, measured, answers, given, later, people),
        recorded_at=_moments(people),
        selection=read_selection(selection) if selection else None,
    )
    if later is not None:
        known = later.rows["candidate_id"].isin(people["candidate_id"])
        later = replace(later, rows=_kept(later.rows, known, "outcomes of people not measured", lost))
        found = _with_outcomes(found, later, rows, people, LEAST_PEOPLE if learning else 0)
    sampled = read_weights(weights, found.candidates, rated, maps) if weights is not None else None
    days = {"the days until people left": found.follow_up.days} if found.follow_up else {}
    refuse_leaks(found.features, {**found.criteria, **days}, rated, _orders(people))
    origins = {"features": measured.table}
    origins |= {"ratings": given.table} if given else {}
    origins |= {"outcomes": later.table} if later else {}
    origins |= {"weights": sampled[1]} if sampled else {}
    provenance = Provenance(
        {name: Origin.of(table) for name, table in origins.items()},
        _dates(people, rows, later),
        tuple(severity(rows, name) for name in rated),
        given.by_question if given else 0,
        later.saw_score if later else {},
        {name: said for name, said in measured.proxies.items() if name in columns},
        measured.consent,
    )
    return replace(found, lost=tuple(lost), weights=sampled[0] if sampled else None, provenance=provenance)


def _languages(answers: pd.DataFrame, least: int) -> tuple[str, ...]:
    """Languages of enough people."""
    if "language" not in answers:
        return ()
    people = answers.groupby("language")["candidate_id"].nunique()
    return tuple(sorted(str(name) for name in people.index[people >= least]))


def _usable(measured: Measured, framework: Framework, lost: list[Lost]) -> pd.DataFrame:
    """Answers of this job that may be learned from."""
    rows = measured.frame
    rows = _kept(rows, rows["job"] == framework.job, f"answers of other jobs than {framework.job}", lost)
    allowed = rows["purposes"].fillna("").str.split(",").map(lambda purposes: "train" in purposes).astype(bool)
    rows = _kept(rows, allowed, "answers without consent to training", lost)
    if "unclear" in rows:
        rows = _kept(rows, rows["unclear"] != 1, "answers that no score may rest on", lost)
    if rows.empty:
        said = "; ".join(f"{one.count} {one.step}" for one in lost)
        raise BadTraining(f"{measured.table.source}: no answer is left to learn from ({said}).")
    return rows


def _people(measured: Measured, answers: pd.DataFrame) -> pd.DataFrame:
    """One row per interview, in the order of their ids: ``interview_id, candidate_id, recorded_at``."""
    days = measured.table.days("recorded_at")
    rows = answers[["interview_id", "candidate_id"]].assign(recorded_at=days.loc[answers.index])
    pairs = rows.drop_duplicates(["interview_id", "candidate_id"])
    twice = pairs["interview_id"][pairs["interview_id"].duplicated()]
    if len(twice):
        raise BadTraining(f"{measured.table.source}: interview {twice.iloc[0]} belongs to two candidates.")
    return pairs.sort_values("interview_id").reset_index(drop=True)


def _rated(rows: pd.DataFrame, people: pd.DataFrame, framework: Framework) -> dict[str, Floats]:
    """Mean over raters of each competency, shape (n,); ``nan`` where nobody rated."""
    means = rows.groupby(["interview_id", "competency"])["value"].mean().unstack()
    index, found = pd.Index(people["interview_id"]), {}
    for name in framework.weights:
        column = means[name].reindex(index) if name in means else pd.Series(np.nan, index)
        found[name] = column.to_numpy(np.float64)
    return found


def _check_rated(rated: Mapping[str, Floats], people: pd.DataFrame, given: Ratings) -> None:
    for name, values in rated.items():
        count = people.loc[~np.isnan(values), "candidate_id"].nunique()
        if count < LEAST_PEOPLE:
            raise BadTraining(f"{given.table.source}: {name} needs {too_few(count, 'ratings')}")


def too_few(count: int, what: str) -> str:
    """How many people it takes, for a message.

    Examples
    --------
    >>> too_few(30, "ratings")
    'ratings of 50 people; to tell a correlation of .30 from 0 takes 85. Got 30: add people.'
    """
    needed = people_needed_for_correlation(ASKED)
    said = f"{ASKED:.2f}".removeprefix("0")
    return (
        f"{what} of {LEAST_PEOPLE} people; to tell a correlation of {said} from 0 takes {needed}. Got {count}: add "
        "people."
    )


def _columns(
    answers: pd.DataFrame, columns: list[str], index: pd.Index, framework: Framework
) -> tuple[Answers | None, dict[str, dict[str, Floats]]]:
    """The single answers, and each competency's columns: means over the answers that show it."""
    own = {name: own_columns(name, columns, framework) for name in framework.weights}
    whose = index.get_indexer(pd.Index(answers["interview_id"]))
    if "question_id" not in answers:  # a table of interviews: every row shows every competency
        table = answers.groupby("interview_id")[columns].mean().reindex(index)
        return None, {name: {one: table[one].to_numpy(np.float64) for one in mine} for name, mine in own.items()}
    asked = answers["question_id"].fillna("").to_numpy(str)
    single = Answers(whose, asked, {name: answers[name].to_numpy(np.float64) for name in columns})
    found = {}
    for name, mine in own.items():
        shown = [question.id for question in framework.questions_showing(name)]
        values = {one: single.columns[one] for one in mine}
        found[name] = answer_means(values, whose, asked, shown, len(index))
    return single, found


def _with_outcomes(found: Inputs, later: Outcomes, ratings: pd.DataFrame, people: pd.DataFrame, least: int) -> Inputs:
    """Every criterion of the people measured; refused where too few have the one that is learned from."""
    dated = people.dropna(subset=["recorded_at"])
    check_dates(later, dated.groupby("candidate_id")["recorded_at"].max())
    criteria = {name: later.values(name, people["candidate_id"]) for name in later.criteria}
    performance = later.values(later.criterion, people["candidate_id"])
    count = people.loc[~np.isnan(performance), "candidate_id"].nunique()
    if count < least:
        needed = too_few(count, f"the {later.criterion}")
        raise BadTraining(f"{later.table.source}: weights need {needed} Or leave outcomes out.")
    return replace(
        found,
        performance=performance,
        criterion=later.criterion,
        criteria=criteria,
        follow_up=later.follow_up(people["candidate_id"]),
        criterion_reliability=later.reliability,
        same_raters=same_raters(ratings, later, dict(zip(people["interview_id"], people["candidate_id"], strict=True))),
    )


def _orders(people: pd.DataFrame) -> dict[str, Floats]:
    """What no feature may follow: ids in the order of their names, days in theirs."""
    found = {
        "the order of interview ids": rank(people["interview_id"]),
        "the order of candidate ids": rank(people["candidate_id"]),
    }
    if people["recorded_at"].notna().any():
        found["the date of the interview"] = rank(people["recorded_at"])
    return found


def _dates(people: pd.DataFrame, ratings: pd.DataFrame, later: Outcomes | None) -> dict[str, tuple[str, str]]:
    columns = {"interviews": people["recorded_at"], "ratings": ratings["date"]}
    columns |= {"outcomes": later.rows["date"]} if later is not None else {}
    return {name: span for name, column in columns.items() if (span := days_between(column)) is not None}


def _moments(people: pd.DataFrame) -> npt.NDArray[np.datetime64] | None:
    if people["recorded_at"].isna().all():
        return None
    found: npt.NDArray[np.datetime64] = people["recorded_at"].dt.tz_convert(None).to_numpy("datetime64[us]")
    return found


def _first(answers: pd.DataFrame, name: str, index: pd.Index) -> npt.NDArray[np.str_] | None:
    """Each interview's value of an id column; None where the table has none."""
    if name not in answers or answers[name].isna().all():
        return None
    values: Any = answers.groupby("interview_id")[name].first().reindex(index).fillna("")
    return np.asarray(values, str)


def _kept(table: pd.DataFrame, keep: "pd.Series[bool]", step: str, lost: list[Lost]) -> pd.DataFrame:
    """The rows to keep; the others are counted under the step's name."""
    gone: list[str] = [str(name) for name in table.loc[~keep].iloc[:, 0]]
    if gone:
        lost.append(Lost(step, len(gone), tuple(sorted(set(gone))[:LISTED])))
    return table[keep]


def _informative(
    answers: pd.DataFrame, fingerprints: Mapping[str, str], *, values: int
) -> tuple[list[str], dict[str, str]]:
    """Columns with so many different values or more, and why the others say nothing."""
    dropped = {}
    for name in fingerprints:
        different = answers[name].nunique()
        if different == 0:
            dropped[name] = "never measured"
        elif different < values:
            dropped[name] = "one value only"
    return [name for name in fingerprints if name not in dropped], dropped
