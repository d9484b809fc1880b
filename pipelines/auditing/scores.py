"""What an audit reads: scores and decisions, anybody's or the project's own ``scores.parquet``.

The people under audit: their scores beside what they declared, row by row.

Who passes: a cut, a share of every job, a decision, or the median — declared before looking.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from vivavoce.data.cells import read_numbers
from vivavoce.data.column_maps import fold
from vivavoce.data.people_tables import INTERVIEW
from vivavoce.data.problem import Problem, shorten
from vivavoce.data.status import RowStatus
from vivavoce.data.table import (
    Check,
    Column,
    Given,
    InputRefused,
    Kind,
    Maps,
    Source,
    Table,
    TableRefused,
    duplicates,
    read_table,
)
from vivavoce.fairness.audit import Cohort
from vivavoce.fairness.groups import CANDIDATE, Declared, Labels
from vivavoce.fairness.table import Measure, scoring_rate
from vivavoce.models.score import OVERALL
from vivavoce.pipelines.auditing.doubts import no_weights, spellings

Floats = npt.NDArray[np.float64]
Json = dict[str, Any]

SCORE, DECISION, JOB, SITE, COMPETENCY, STATUS = "score", "decision", "job", "site", "competency", "status"
RELIABILITY, REASON = "reliability", "reason"
SCORES = (
    Column(CANDIDATE, Kind.ID, meaning="who"),
    Column(INTERVIEW, Kind.ID, meaning="of which interview").optional,
    Column(SCORE, Kind.NUMBER, meaning="the score; empty where there is none").optional,
    Column(DECISION, Kind.FLAG, meaning="1 where the person was selected").optional,
    Column(JOB, Kind.LABEL, meaning="for which job family").optional,
    Column(SITE, Kind.LABEL, meaning="where").optional,
    Column(COMPETENCY, Kind.LABEL, meaning="of which competency, or overall").optional,
    Column(STATUS, Kind.LABEL, meaning="how scoring ended, as viva score writes it").optional,
    Column(REASON, Kind.TEXT, filled=False, meaning="why there is no score, as viva score writes it").optional,
    Column(RELIABILITY, Kind.NUMBER, meaning="the score's reliability within groups").optional,
    Column("recorded_at", Kind.DATE, meaning="when").optional,
    Column("model_digest", Kind.ID, meaning="of which model version").optional,
    Column("standing", Kind.LABEL, meaning="what that version may be used for").optional,
)
NO_COMPETENCY = frozenset(one.name for one in SCORES) | {"low", "high"}


@dataclass(frozen=True)
class Scores:
    """Rows under audit: one per candidate and job.

    ``scores`` (n,) and ``decisions`` (n,) are ``nan`` where not scored and None where the file has no such column;
    ``partial`` counts rows whose overall score lacks a competency: another construct, so they count as not scored.
    ``competencies`` are further scores of the same rows, (n,) each, ``nan`` where there is none. ``reliability`` is the
    score's own, within groups, and ``jobs`` each row's, where the file says so. ``interviews`` are pairs of interview
    and candidate, where it has them. ``reasons`` (n,) say why a row has no score; empty where that is not said.
    """

    table: Table
    candidates: "pd.Series[Any]"
    scores: npt.NDArray[np.float64] | None
    decisions: npt.NDArray[np.float64] | None
    strata: Mapping[str, Labels]
    partial: int = 0
    model_digests: tuple[str, ...] = ()
    standings: tuple[str, ...] = ()
    recorded: tuple[str, str] | None = None
    people: int = field(default=0)
    competencies: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    reliability: float | None = None
    jobs: "pd.Series[Any] | None" = None
    interviews: tuple[tuple[str, str], ...] = ()
    reasons: tuple[str, ...] = ()


def read_scores(given: Given, decision: str | None = None, maps: Maps | None = None) -> Scores:
    """Read scores or decisions.

    Parameters
    ----------
    given
        A table with ``candidate_id`` and ``score`` or a 0/1 column; ``job`` and ``site`` are strata. Where it has a
        ``competency`` column, rows of ``overall`` are judged and the others are competencies; else every further column
        of numbers with more than two values is one. Where it has ``status``, only ``scored`` rows count.
        ``reliability`` is one number, the score's own.
    decision
        Name of the 0/1 column that decides; by default ``decision`` where there is no ``score``.
    maps
        What the user calls these columns.

    Raises
    ------
    TableRefused
        For missing columns, cells that are no numbers, people without id, and people who stand twice for a job.
    """
    named = [Column(decision, Kind.FLAG, filled=False)] if decision else []
    columns = [*(one for one in SCORES if decision is None or fold(one.name) != fold(decision)), *named]
    checks: list[Check] = [] if decision else [_judged]
    table = read_table(
        given, columns, checks=[*checks, _once, _one_reliability, no_weights], maps=maps, called="scores"
    )
    whole = table.frame
    if decision is None and SCORE not in whole:
        decision = DECISION
    frame = _judged_rows(whole)
    if frame.empty:
        table.refuse([Problem(COMPETENCY, "nobody's overall score", "Give at least one scored person.")])
    scores = frame[SCORE].to_numpy() if SCORE in frame else None
    decisions = frame[decision].to_numpy() if decision else None
    if STATUS in frame:
        out = (frame[STATUS] != RowStatus.SCORED).to_numpy(dtype=bool)
        scores = None if scores is None else np.where(out, np.nan, scores)
        decisions = None if decisions is None else np.where(out, np.nan, decisions)
    labels = {name: Labels.of(frame[name]) for name in (JOB, SITE) if name in frame}
    return Scores(
        table,
        frame[CANDIDATE],
        scores,
        decisions,
        {name: found for name, found in labels.items() if len(found.levels) > 1},
        int((frame[STATUS] == RowStatus.PARTIAL).sum()) if STATUS in frame else 0,
        _values(frame, "model_digest"),
        _values(frame, "standing"),
        _span(table, frame),
        int(frame[CANDIDATE].nunique()),
        _competency_rows(whole, frame) if COMPETENCY in whole else _competency_columns(table, decision),
        float(frame[RELIABILITY].dropna().iloc[0]) if RELIABILITY in frame else None,
        frame.get(JOB),
        tuple(zip(frame[INTERVIEW], frame[CANDIDATE], strict=True)) if INTERVIEW in frame else (),
        tuple(frame[REASON].fillna("")) if REASON in frame else (),
    )


def _judged_rows(whole: pd.DataFrame) -> pd.DataFrame:
    return whole[whole[COMPETENCY] == OVERALL] if COMPETENCY in whole else whole


def _judged(table: Table) -> list[Problem]:
    """A table without anything to judge."""
    if SCORE in table.frame or DECISION in table.frame:
        return []
    remedy = "Add a column 'score', or a 0/1 column 'decision', or name one with --decision."
    return [Problem("header", shorten(", ".join(map(str, table.frame))), remedy)]


def _once(table: Table) -> list[Problem]:
    """People who stand twice: for a job and, where rows say of which, a competency."""
    frame = table.frame
    return duplicates(table, [name for name in (CANDIDATE, JOB, COMPETENCY) if name in frame])


def _one_reliability(table: Table) -> list[Problem]:
    """A reliability that is not one number within its limits."""
    if RELIABILITY not in table.frame:
        return []
    given = _judged_rows(table.frame)[RELIABILITY].dropna().unique()
    if len(given) == 1 and 0 < given[0] <= 1:
        return []
    remedy = "Write one number above 0 and at most 1 in every row: the score's reliability within groups."
    return [Problem(RELIABILITY, shorten(", ".join(map(str, given))), remedy)]


def _competency_rows(whole: pd.DataFrame, judged: pd.DataFrame) -> dict[str, npt.NDArray[np.float64]]:
    """Scores of every competency, in the order of the judged rows of the same person and job."""
    key = [name for name in (CANDIDATE, JOB) if name in whole.columns]
    rows = whole[whole[COMPETENCY].notna() & (whole[COMPETENCY] != OVERALL)]
    values = rows[SCORE] if SCORE in rows.columns else pd.Series(np.nan, rows.index)
    if STATUS in rows.columns:
        values = values.where(rows[STATUS] == RowStatus.SCORED)
    index = pd.MultiIndex.from_arrays([judged[name].fillna("") for name in key])
    places = index.get_indexer(pd.MultiIndex.from_arrays([rows[name].fillna("") for name in key]))
    found = {}
    for name in sorted(rows[COMPETENCY].unique()):
        here = (rows[COMPETENCY] == name).to_numpy(dtype=bool) & (places >= 0)
        found[str(name)] = np.full(len(judged), np.nan)
        found[str(name)][places[here]] = values.to_numpy()[here]
    return found


def _competency_columns(table: Table, decision: str | None) -> dict[str, npt.NDArray[np.float64]]:
    """Columns of finite numbers that are no decision: more than two values."""
    found = {}
    for name in map(str, table.frame.columns):
        if name in NO_COMPETENCY or name == decision:
            continue
        values, faults = read_numbers(table.frame[name], comma=None if table.reading.get("decimal") else False)
        if not faults and len(np.unique(values[~np.isnan(values)])) > 2:
            found[name] = values
    return found


def _values(frame: pd.DataFrame, name: str) -> tuple[str, ...]:
    return tuple(sorted(frame[name].dropna().unique())) if name in frame.columns else ()


def _span(table: Table, frame: pd.DataFrame) -> tuple[str, str] | None:
    """First and last day of recording, ISO 8601; None where the table does not say."""
    times = table.days("recorded_at").loc[frame.index].dropna()
    return (times.min().isoformat(), times.max().isoformat()) if len(times) else None


def places_of(scores: Scores, frame: pd.DataFrame, place: object) -> npt.NDArray[np.int64]:
    """Which row of the scores each row of another table belongs to, by person and, where both say it, job; -1 for none.

    Raises
    ------
    InputRefused
        Where people stand in the scores with several jobs and the other table, from ``place``, does not say which job.
    """
    people = scores.candidates
    if scores.jobs is None or JOB not in frame.columns:
        repeated = set(people[people.duplicated()]) & set(frame[CANDIDATE])
        if repeated:
            remedy = "Add a column 'job': these people were scored for several."
            raise TableRefused(place, [Problem("header", f"{len(repeated)} people", remedy)])
        return np.asarray(pd.Index(people).get_indexer(pd.Index(frame[CANDIDATE])), np.int64)
    index = pd.MultiIndex.from_arrays([people.astype(str), scores.jobs.fillna("").astype(str)])
    wanted = pd.MultiIndex.from_arrays([frame[CANDIDATE].astype(str), frame[JOB].astype(str)])
    return np.asarray(index.get_indexer(wanted), np.int64)


@dataclass(frozen=True)
class People:
    """Scores and declared groups of the same rows.

    Parameters
    ----------
    source, scores
        Where the scores were read, and what they say.
    groups
        As read, one row per person.
    places
        Where in ``groups`` each row of the scores stands, shape (n,); -1 for people who are not in it.
    attributes
        Labels by attribute, shape (n,) each.
    comparators
        Whom to compare with, by attribute, where somebody is named.
    """

    source: Source
    scores: Scores
    groups: Declared
    places: npt.NDArray[np.int64]
    attributes: Mapping[str, Labels]
    comparators: Mapping[str, str]

    @property
    def warnings(self) -> list[Json]:
        """What the groups' own words make doubtful: one group in several spellings, several values at once."""
        found = [one for name, labels in self.attributes.items() for one in spellings(name, labels.people)]
        counts = {name: self.groups.several(name) for name in self.attributes}
        return found + [{"what": "several", "attribute": name, "n": n} for name, n in counts.items() if n]

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


def declare(
    place: object,
    scores: Scores,
    attributes: Mapping[str, Labels],
    *,
    cut: float | None = None,
    select: float | None = None,
    decision: str | None = None,
) -> tuple[Cohort, Json]:
    """The cohort with everybody's pass, and in which words the report declares it.

    Parameters
    ----------
    place
        Where the scores were read, for messages.
    scores, attributes
        Row by row.
    cut
        A score; the person at it passes. One for all jobs, whatever their scales.
    select
        Share of people who pass, 0–1, within each job where the file names several; ties at the last score pass too.
    decision
        The 0/1 column that decides.

    Raises
    ------
    InputRefused
        For more than one of the three, a cut without scores, and people of whom nobody was scored.
    """
    options = {"cut": cut, "select": select, "decision": decision}
    asked = [name for name, value in options.items() if value is not None]
    if len(asked) > 1:
        raise InputRefused(place, [Problem("options", ", ".join(asked), "Declare one of cut, select and decision.")])
    about: Json = {"attributes": attributes, "strata": scores.strata, "persons": _persons(scores)}
    if scores.decisions is not None:
        scored, selected = np.isfinite(scores.decisions), scores.decisions == 1
        declared: Json = {"kind": "decision", "column": decision or DECISION}
        return Cohort(scored, selected, scores.scores, Measure.SELECTION, None, **about), declared
    if scores.scores is None:
        raise InputRefused(place, [Problem("options", ", ".join(asked), "A cut needs a column 'score'.")])
    values = scores.scores
    scored = np.isfinite(values)
    if not scored.any():
        raise InputRefused(place, [Problem("score", "no number", "Nobody was scored: there is nothing to audit.")])
    if select is not None:
        return _select(place, scores, values, about, select)
    if cut is None:
        rate = scoring_rate(values)
        declared = {"kind": "median", "cut": rate.median, "at_cut": rate.at_median}
        return Cohort(scored, rate.above, values, Measure.SCORING, rate.median, **about), declared
    selected = values >= cut  # nan never is
    declared = {
        "kind": "cut",
        "cut": cut,
        "at_cut": int((values == cut).sum()),
        "asked": None,
        "share": float(selected.sum() / scored.sum()),
    }
    return Cohort(scored, selected, values, Measure.SELECTION, cut, **about), declared


def _persons(scores: Scores) -> npt.NDArray[np.int64] | None:
    """Whose row each is, where people stand in several: rows of one person are no independent evidence."""
    codes, people = pd.factorize(scores.candidates)
    return codes.astype(np.int64) if len(people) < len(codes) else None


def _select(place: object, scores: Scores, values: Floats, about: Json, share: float) -> tuple[Cohort, Json]:
    """The best ``share`` of every job: jobs have their own scales, and people compete within one."""
    if not 0 < share < 1:
        raise InputRefused(place, [Problem("select", str(share), "Write a share between 0 and 1.")])
    scored = np.isfinite(values)
    jobs = scores.strata.get(JOB)
    codes = np.zeros(len(values), np.int64) if jobs is None else jobs.codes
    names = [""] if jobs is None else [*jobs.levels, ""]  # -1, no job said, is the last
    selected, at_cut, cuts, most = np.zeros(len(values), bool), 0, {}, 0.0
    below = np.full(len(values), np.nan)
    for code in np.unique(codes[scored]):
        here = (codes == code) & scored
        cut = float(np.sort(values[here])[-max(round(share * int(here.sum())), 1)])
        selected |= here & (values >= cut)
        at_cut += int((values[here] == cut).sum())
        most = max(most, float((values[here] >= cut).mean()))
        cuts[names[code]] = cut
        below[here] = 100 * (stats.rankdata(values[here], "min") - 1) / here.sum()
    alone = cuts[names[0]] if jobs is None else None
    declared: Json = {
        "kind": "select",
        "cut": alone,
        "at_cut": at_cut,
        "asked": share,
        "share": float(selected.sum() / scored.sum()),
        **({} if jobs is None else {"cuts": cuts, "sweep_cut": 100 * (1 - share), "most": most}),
    }
    swept = None if jobs is None else below
    cohort = Cohort(scored, selected, values, Measure.SELECTION, alone, swept=swept, **about)
    return cohort, declared
