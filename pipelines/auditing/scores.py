"""What an audit reads: scores, decisions, ready counts — anybody's, or the project's own ``scores.parquet``.

The people under audit: their scores beside what they declared, row by row.

Who passes: a cut, a share of every job, a decision, or the median — declared before looking.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from vivavoce.data.problem import Problem, shorten
from vivavoce.data.status import RowStatus
from vivavoce.fairness.audit import Cohort, scoring_rate
from vivavoce.fairness.groups import CANDIDATE, Declared, Labels
from vivavoce.fairness.records import BadInput, duplicates, numbers, read_records, texts
from vivavoce.fairness.table import Group, Measure
from vivavoce.models.score import OVERALL

SCORE, DECISION, JOB, SITE, COMPETENCY, STATUS = "score", "decision", "job", "site", "competency", "status"
RELIABILITY = "reliability"
NO_COMPETENCY = frozenset({CANDIDATE, SCORE, DECISION, JOB, SITE, STATUS, RELIABILITY, "low", "high", "recorded_at"})
COUNTS = ("table", "group", "n", "selected")
YES_NO = {"1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0, "true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class Scores:
    """Rows under audit: one per candidate and job.

    ``scores`` (n,) and ``decisions`` (n,) are ``nan`` where not scored and None where the file has no such column;
    ``partial`` counts rows whose overall score lacks a competency: another construct, so they count as not scored.
    ``competencies`` are further scores of the same rows, (n,) each, ``nan`` where there is none. ``reliability`` is the
    score's own, within groups, and ``jobs`` each row's, where the file says so.
    """

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


def read_scores(path: Path, decision: str | None = None) -> Scores:
    """Read scores or decisions.

    Parameters
    ----------
    path
        CSV or Parquet with ``candidate_id`` and ``score`` or a 0/1 column; ``job`` and ``site`` are strata. Where it
        has a ``competency`` column, rows of ``overall`` are judged and the others are competencies; else every further
        column of numbers with more than two values is one. Where it has ``status``, only ``scored`` rows count.
        ``reliability`` is one number, the score's own.
    decision
        Name of the 0/1 column that decides; by default ``decision`` where there is no ``score``.

    Raises
    ------
    BadInput
        For missing columns, cells that are no numbers, people without id, and people who stand twice for a job.
    """
    frame = read_records(path, [CANDIDATE, *([decision] if decision else [])])
    if decision is None and SCORE not in frame.columns:
        if DECISION not in frame.columns:
            remedy = "Add a column 'score', or a 0/1 column 'decision', or name one with --decision."
            raise BadInput(path, [Problem("header", shorten(", ".join(map(str, frame.columns))), remedy)])
        decision = DECISION
    frame[CANDIDATE] = texts(frame[CANDIDATE])
    whole = frame
    if COMPETENCY in frame.columns:
        frame = frame[texts(frame[COMPETENCY]) == OVERALL].copy()
    strata = {name: texts(frame[name]) for name in (JOB, SITE) if name in frame.columns}
    _check_rows(frame.assign(**strata), path)
    scored = texts(frame[STATUS]) == RowStatus.SCORED if STATUS in frame.columns else None
    scores = numbers(frame[SCORE], path, SCORE).to_numpy() if SCORE in frame.columns else None
    decisions = _decisions(frame[decision], path, decision) if decision else None
    if scored is not None:
        out = ~scored.fillna(False).to_numpy(dtype=bool)
        scores = None if scores is None else np.where(out, np.nan, scores)
        decisions = None if decisions is None else np.where(out, np.nan, decisions)
    labels = {name: Labels.of(column) for name, column in strata.items()}
    return Scores(
        frame[CANDIDATE],
        scores,
        decisions,
        {name: found for name, found in labels.items() if len(found.levels) > 1},
        int((texts(frame[STATUS]) == RowStatus.PARTIAL).sum()) if scored is not None else 0,
        _values(frame, "model_digest"),
        _values(frame, "standing"),
        _span(frame),
        int(frame[CANDIDATE].nunique()),
        _competency_rows(whole, frame, path) if COMPETENCY in whole.columns else _competency_columns(frame, decision),
        _reliability(frame, path),
        strata.get(JOB),
    )


def _competency_rows(whole: pd.DataFrame, judged: pd.DataFrame, path: Path) -> dict[str, npt.NDArray[np.float64]]:
    """Scores of every competency, in the order of the judged rows of the same person and job."""
    key = [name for name in (CANDIDATE, JOB) if name in whole.columns]
    names = texts(whole[COMPETENCY])
    rows = whole.assign(**{name: texts(whole[name]).fillna("") for name in key}, competency=names)
    rows = rows[names.notna() & (names != OVERALL)]
    problems = duplicates(rows, [*key, COMPETENCY])
    if problems:
        raise BadInput(path, problems)
    values = numbers(rows[SCORE], path, SCORE) if SCORE in rows.columns else pd.Series(np.nan, rows.index)
    if STATUS in rows.columns:
        values = values.where((texts(rows[STATUS]) == RowStatus.SCORED).fillna(False))
    index = pd.MultiIndex.from_arrays([texts(judged[name]).fillna("") for name in key])
    places = index.get_indexer(pd.MultiIndex.from_arrays([rows[name] for name in key]))
    found = {}
    for name in sorted(rows[COMPETENCY].unique()):
        here = (rows[COMPETENCY] == name).to_numpy(dtype=bool) & (places >= 0)
        found[str(name)] = np.full(len(judged), np.nan)
        found[str(name)][places[here]] = values.to_numpy()[here]
    return found


def _competency_columns(frame: pd.DataFrame, decision: str | None) -> dict[str, npt.NDArray[np.float64]]:
    """Columns of finite numbers that are no decision: more than two values."""
    found = {}
    for name in map(str, frame.columns):
        if name in NO_COMPETENCY or name == decision:
            continue
        given = frame[name].notna().to_numpy()
        values = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        if np.isfinite(values[given]).all() and len(np.unique(values[given])) > 2:
            found[name] = values
    return found


def _reliability(frame: pd.DataFrame, path: Path) -> float | None:
    if RELIABILITY not in frame.columns:
        return None
    given = numbers(frame[RELIABILITY], path, RELIABILITY).dropna().unique()
    if len(given) != 1 or not 0 < given[0] <= 1:
        shown = shorten(", ".join(map(str, given)))
        remedy = "Write one number above 0 and at most 1 in every row: the score's reliability within groups."
        raise BadInput(path, [Problem(RELIABILITY, shown, remedy)])
    return float(given[0])


def _check_rows(frame: pd.DataFrame, path: Path) -> None:
    if frame.empty:
        raise BadInput(path, [Problem("file", "no row", "Give at least one scored person.")])
    nameless = frame.index[frame[CANDIDATE].isna()]
    problems = [Problem(f"line {line}, {CANDIDATE}", "nothing", "Every row needs an id.") for line in nameless]
    key = [CANDIDATE, JOB] if JOB in frame.columns else [CANDIDATE]
    problems += duplicates(frame[frame[CANDIDATE].notna()], key)
    if problems:
        raise BadInput(path, problems)


def _decisions(column: "pd.Series[Any]", path: Path, name: str) -> npt.NDArray[np.float64]:
    cells = texts(column).str.lower()
    values = cells.map(YES_NO).astype("float64")
    wrong = cells.notna() & values.isna()
    if bool(wrong.any()):
        remedy = "Write 1 (selected), 0 (not selected) or nothing (not decided)."
        raise BadInput(
            path, [Problem(f"line {line}, {name}", shorten(cell), remedy) for line, cell in column[wrong].items()]
        )
    return np.asarray(values.to_numpy())


def _values(frame: pd.DataFrame, name: str) -> tuple[str, ...]:
    return tuple(sorted(texts(frame[name]).dropna().unique())) if name in frame.columns else ()


def _span(frame: pd.DataFrame) -> tuple[str, str] | None:
    """First and last day of recording, ISO 8601; None where the file does not say."""
    if "recorded_at" not in frame.columns:
        return None
    times = pd.to_datetime(frame["recorded_at"], errors="coerce", utc=True).dropna()
    return (times.min().isoformat(), times.max().isoformat()) if len(times) else None


def places_of(scores: Scores, frame: pd.DataFrame, path: Path) -> npt.NDArray[np.int64]:
    """Which row of the scores each row of another table belongs to, by person and, where both say it, job; -1 for none.

    Raises
    ------
    BadInput
        Where people stand in the scores with several jobs and the other table, from ``path``, does not say which job.
    """
    people = scores.candidates
    if scores.jobs is None or JOB not in frame.columns:
        repeated = set(people[people.duplicated()]) & set(frame[CANDIDATE])
        if repeated:
            remedy = "Add a column 'job': these people were scored for several."
            raise BadInput(path, [Problem("header", f"{len(repeated)} people", remedy)])
        return np.asarray(pd.Index(people).get_indexer(pd.Index(frame[CANDIDATE])), np.int64)
    index = pd.MultiIndex.from_arrays([people.astype(str), scores.jobs.fillna("").astype(str)])
    wanted = pd.MultiIndex.from_arrays([frame[CANDIDATE].astype(str), frame[JOB].astype(str)])
    return np.asarray(index.get_indexer(wanted), np.int64)


def read_counts(path: Path) -> dict[str, list[Group]]:
    """Read ready counts, ``table,group,n,selected``, decimals exactly as written.

    Raises
    ------
    BadInput
        For missing columns, names that are empty or stand twice in a table, and counts that are not 0 ≤ selected ≤ n.
    """
    frame = read_records(path, COUNTS)
    if frame.empty:
        raise BadInput(path, [Problem("file", "no row", "Give at least one table.")])
    names = frame.assign(table=texts(frame["table"]), group=texts(frame["group"]))
    problems = duplicates(names.dropna(subset=["table", "group"]), ["table", "group"])
    tables: dict[str, list[Group]] = {}
    for line, table, group, n, selected in names[list(COUNTS)].itertuples():
        found: list[Problem] = []
        for name, cell in (("table", table), ("group", group)):
            if not isinstance(cell, str):
                found.append(Problem(f"line {line}, {name}", "nothing", "Every row names its table and its group."))
        people, chosen = _count(n, line, "n", found), _count(selected, line, "selected", found)
        if not found and chosen > people:
            found.append(Problem(f"line {line}, selected", shorten(str(selected)), f"At most n are selected ({n})."))
        problems += found
        if not found:
            tables.setdefault(table, []).append(Group(group, chosen, people))
    if problems:
        raise BadInput(path, problems)
    return tables


def _count(cell: object, line: int, name: str, problems: list[Problem]) -> Fraction:
    try:
        value = Decimal(str(cell).strip())
        if value.is_finite() and value >= 0:
            return Fraction(value)
    except InvalidOperation:
        pass
    shown = "nothing" if cell is None else shorten(str(cell))
    problems.append(Problem(f"line {line}, {name}", shown, "Write a count of at least 0; decimals are allowed."))
    return Fraction(0)


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


Floats = npt.NDArray[np.float64]
Json = dict[str, Any]


def declare(
    path: Path,
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
    path
        Of the scores, for messages.
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
    BadInput
        For more than one of the three, a cut without scores, and people of whom nobody was scored.
    """
    options = {"cut": cut, "select": select, "decision": decision}
    asked = [name for name, value in options.items() if value is not None]
    if len(asked) > 1:
        raise BadInput(path, [Problem("options", ", ".join(asked), "Declare one of cut, select and decision.")])
    if scores.decisions is not None:
        scored, selected = np.isfinite(scores.decisions), scores.decisions == 1
        declared: Json = {"kind": "decision", "column": decision or DECISION}
        return Cohort(scored, selected, scores.scores, Measure.SELECTION, None, attributes, scores.strata), declared
    if scores.scores is None:
        raise BadInput(path, [Problem("options", ", ".join(asked), "A cut needs a column 'score'.")])
    values = scores.scores
    scored = np.isfinite(values)
    if not scored.any():
        raise BadInput(path, [Problem("score", "no number", "Nobody was scored: there is nothing to audit.")])
    if select is not None:
        return _select(path, scores, values, attributes, select)
    if cut is None:
        rate = scoring_rate(values)
        declared = {"kind": "median", "cut": rate.median, "at_cut": rate.at_median}
        return Cohort(scored, rate.above, values, Measure.SCORING, rate.median, attributes, scores.strata), declared
    selected = values >= cut  # nan never is
    declared = {
        "kind": "cut",
        "cut": cut,
        "at_cut": int((values == cut).sum()),
        "asked": None,
        "share": float(selected.sum() / scored.sum()),
    }
    return Cohort(scored, selected, values, Measure.SELECTION, cut, attributes, scores.strata), declared


def _select(
    path: Path, scores: Scores, values: Floats, attributes: Mapping[str, Labels], share: float
) -> tuple[Cohort, Json]:
    """The best ``share`` of every job: jobs have their own scales, and people compete within one."""
    if not 0 < share < 1:
        raise BadInput(path, [Problem("select", str(share), "Write a share between 0 and 1.")])
    scored = np.isfinite(values)
    jobs = scores.strata.get(JOB)
    codes = np.zeros(len(values), np.int64) if jobs is None else jobs.codes
    names = [""] if jobs is None else [*jobs.levels, ""]  # -1, no job said, is the last
    selected, at_cut, cuts = np.zeros(len(values), bool), 0, {}
    below = np.full(len(values), np.nan)
    for code in np.unique(codes[scored]):
        here = (codes == code) & scored
        cut = float(np.sort(values[here])[-max(round(share * int(here.sum())), 1)])
        selected |= here & (values >= cut)
        at_cut += int((values[here] == cut).sum())
        cuts[names[code]] = cut
        below[here] = 100 * (stats.rankdata(values[here], "min") - 1) / here.sum()
    alone = cuts[names[0]] if jobs is None else None
    declared: Json = {
        "kind": "select",
        "cut": alone,
        "at_cut": at_cut,
        "asked": share,
        "share": float(selected.sum() / scored.sum()),
        **({} if jobs is None else {"cuts": cuts, "sweep_cut": 100 * (1 - share)}),
    }
    swept = None if jobs is None else below
    cohort = Cohort(scored, selected, values, Measure.SELECTION, alone, attributes, scores.strata, swept)
    return cohort, declared
