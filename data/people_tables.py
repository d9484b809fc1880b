"""Tables about people that training and the audit both read, each declared once: the same file serves both.

Ratings name whom they rate by interview, as training has them, or by candidate, as the audit has them; where the other
table says whose interview is whose, either will do. ``docs/tables.md`` describes every column.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from vivavoce.data.problem import Problem, shorten
from vivavoce.data.table import Column, Given, Kind, Maps, Table, duplicates, read_table

INTERVIEW, CANDIDATE, QUESTION = "interview_id", "candidate_id", "question_id"
COMPETENCY, RATER, VALUE, DATE, JOB, CRITERION = "competency", "rater", "value", "date", "job", "criterion"
DAYS, OBSERVED, SAW_SCORE, WEIGHT = "days", "observed", "saw_score", "weight"
ONLY = "performance"  # the criterion's name where the table has no column for it

_INTERVIEW = Column(INTERVIEW, Kind.ID, meaning="whose recording it is, as in the manifest")
_CANDIDATE = Column(CANDIDATE, Kind.ID, meaning="who it is about, as in the manifest")
_VALUE = Column(VALUE, Kind.NUMBER, meaning="the rating or the outcome, a number")
_DATE = Column(DATE, Kind.DATE, meaning="when it was given, ISO 8601").optional
_JOB = Column(JOB, Kind.LABEL, meaning="of which job family").optional

RATINGS = (
    _INTERVIEW.optional,
    _CANDIDATE.optional,
    Column(RATER, Kind.NAME, meaning="who rated, under a name that is always the same"),
    _VALUE,
    Column(COMPETENCY, Kind.LABEL, meaning="what was rated, as the framework calls it").optional,
    Column(QUESTION, Kind.LABEL, meaning="or whose answer was rated").optional,
    _JOB,
    _DATE,
)
OUTCOMES = (
    _CANDIDATE,
    replace(_VALUE, filled=False),
    replace(Column(CRITERION, Kind.LABEL, meaning="what the value is of"), required=False),
    Column(RATER, Kind.NAME, meaning="who judged it").optional,
    _DATE,
    _JOB,
    Column(SAW_SCORE, Kind.FLAG, meaning="1 where the rater had seen the score").optional,
    Column(DAYS, Kind.NUMBER, low=0, meaning="from the day of hire to leaving, or to the last day known").optional,
    Column(OBSERVED, Kind.FLAG, meaning="1 where the person left on that day, 0 where still there").optional,
)
WEIGHTS = (_CANDIDATE, Column(WEIGHT, Kind.NUMBER, meaning="a sample weight above 0"))
FEATURES = (
    _INTERVIEW,
    _CANDIDATE,
    Column(QUESTION, Kind.ID, meaning="whose answer it is").optional,
    _JOB,
    Column("language", Kind.LABEL, meaning="in which it was given").optional,
    Column("asr_engine", Kind.TEXT, meaning="whose words the text features rest on").optional,
    Column("purposes", Kind.TEXT, meaning="what the person agreed to, as score,train").optional,
    Column("site", Kind.LABEL, meaning="where it was recorded").optional,
    Column("employer", Kind.LABEL, meaning="for whom").optional,
    Column("recorded_at", Kind.DATE, meaning="when").optional,
    Column("unclear", Kind.FLAG, meaning="1 where no score may rest on it").optional,
)
SCORED = (  # scores.parquet as viva score writes it
    _CANDIDATE,
    _INTERVIEW,
    replace(_JOB, required=True),
    Column(COMPETENCY, Kind.LABEL, meaning="which competency, or overall"),
    Column("score", Kind.NUMBER, filled=False, meaning="the score, 0-100"),
    Column("status", Kind.LABEL, filled=False, meaning="how scoring ended"),
    Column("reason", Kind.TEXT, filled=False, meaning="why there is no score"),
    Column("model_digest", Kind.ID, filled=False, meaning="of which model version"),
    Column("recorded_at", Kind.ANY, filled=False, meaning="when"),
)
ENDED = (  # status.parquet as viva score writes it
    _INTERVIEW,
    replace(_CANDIDATE, filled=False),
    Column("status", Kind.LABEL, meaning="how the row ended"),
    Column("reason", Kind.TEXT, filled=False, meaning="why"),
)
JUDGED = (  # ratings or outcomes, whichever: whose, and the value
    _INTERVIEW.optional,
    _CANDIDATE.optional,
    replace(_VALUE, filled=False),
    Column(CRITERION, Kind.LABEL, meaning="what the value is of").optional,
)
WHOSE = (_INTERVIEW, _CANDIDATE)  # of any table that says whose interview is whose

Check = Callable[[Table], Iterable[Problem]]


def read_ratings_table(
    given: Given,
    by: str,
    *,
    whose: Iterable[tuple[str, str]] = (),
    scale: tuple[float, float] | None = None,
    checks: Sequence[Check] = (),
    maps: Maps | None = None,
) -> Table:
    """Read ratings and give each row the id that its reader joins by.

    Parameters
    ----------
    given
        ``rater, value`` and ``interview_id`` or ``candidate_id``; ``competency`` or ``question_id``, ``job`` and
        ``date`` where known.
    by
        ``interview_id`` or ``candidate_id``: the column that the table has filled when it comes back.
    whose
        Pairs of interview and candidate, as far as they are known.
    scale
        Ends of the rating scale; None: any number.
    checks
        What else must hold.
    maps
        What the user calls these columns.

    Raises
    ------
    TableRefused
        For missing columns and cells, values outside the scale, and people whose interview or interviews whose
        person cannot be told.
    """
    limits = scale or (None, None)
    columns = [replace(one, low=limits[0], high=limits[1]) if one.name == VALUE else one for one in RATINGS]
    pairs = list(whose)
    known = _only(pairs if by == CANDIDATE else [(candidate, interview) for interview, candidate in pairs])
    table = read_table(
        given, columns, checks=[lambda one: _named(one, by, known), *checks], maps=maps, called="ratings"
    )
    return replace(table, frame=_keyed(table.frame, by, known))


def _only(pairs: Iterable[tuple[str, str]]) -> dict[str, str | None]:
    """The one that belongs to each; None where several do."""
    found: dict[str, set[str]] = defaultdict(set)
    for one, other in pairs:
        found[str(one)].add(str(other))
    return {one: next(iter(others)) if len(others) == 1 else None for one, others in found.items()}


def _named(table: Table, by: str, known: Mapping[str, str | None]) -> list[Problem]:
    """Rows of which nobody can say whom they are about."""
    frame, other = table.frame, INTERVIEW if by == CANDIDATE else CANDIDATE
    if by not in frame and other not in frame:
        remedy = f"Add the column {INTERVIEW!r} or {CANDIDATE!r}: whom the rating is about."
        return [Problem("header", shorten(", ".join(map(str, frame))), remedy)]
    if by not in frame and not known:
        remedy = f"Add the column {by!r}: nothing here says which one belongs to which {other}."
        return [Problem("header", shorten(", ".join(map(str, frame))), remedy)]
    problems = []
    for row in np.flatnonzero(frame[by].isna()) if by in frame else range(len(frame)):
        name = frame[other].iloc[row] if other in frame else None
        if name is None:
            problems.append(table.problem(row, by if by in frame else other, "nothing", "Every row needs an id."))
        elif known.get(name, "") is None:
            remedy = f"Name the interview in a column {INTERVIEW!r}: this person has several."
            problems.append(table.problem(row, other, name, remedy))
    return problems


def _keyed(frame: pd.DataFrame, by: str, known: Mapping[str, str | None]) -> pd.DataFrame:
    """With ``by`` filled; who is in no other table keeps a name that nobody has, and is counted as lost later."""
    other = INTERVIEW if by == CANDIDATE else CANDIDATE
    given = frame[by] if by in frame else pd.Series([None] * len(frame), frame.index, dtype=object)
    if given.notna().all():
        return frame
    found = [
        name if name is not None else known.get(frame[other].iloc[row], f"{other} {frame[other].iloc[row]}")
        for row, name in enumerate(given)
    ]
    return frame.assign(**{by: pd.Series(found, frame.index, dtype=object)})


def read_outcomes_table(given: Given, *, checks: Sequence[Check] = (), maps: Maps | None = None) -> Table:
    """Read outcomes, one row for each candidate, criterion and, where said, job, rater and date.

    Parameters
    ----------
    given
        ``candidate_id, value``; where known ``criterion`` (else all is ``performance``), ``date, rater, job,
        saw_score``, and for follow-up ``days`` and ``observed``, in whose rows ``value`` may be missing.
    checks
        What else must hold.
    maps
        What the user calls these columns.

    Raises
    ------
    TableRefused
        For missing columns and cells, values that are no numbers, and rows that stand twice.
    """
    table = read_table(given, OUTCOMES, checks=[_outcome_rows, _outcome_once, *checks], maps=maps, called="outcomes")
    return table if CRITERION in table.frame else replace(table, frame=table.frame.assign(**{CRITERION: ONLY}))


def _outcome_rows(table: Table) -> list[Problem]:
    """Half a follow-up, and rows with neither a value nor a follow-up."""
    frame, nothing = table.frame, pd.Series(np.nan, table.frame.index)
    days, observed = frame.get(DAYS, nothing).notna(), frame.get(OBSERVED, nothing).notna()
    remedy = "Follow-up needs days and observed, 1 where the person left on that day and 0 where still there."
    problems = [
        table.problem(int(row), f"{DAYS} and {OBSERVED}", "one of the two", remedy)
        for row in np.flatnonzero(days != observed)
    ]
    empty = frame[VALUE].isna() & ~(days & observed)
    said = "Write a number, or leave the row out."
    return problems + [table.problem(int(row), VALUE, "no number", said) for row in np.flatnonzero(empty)]


def _outcome_once(table: Table) -> list[Problem]:
    """Values of one person that nothing tells apart."""
    return duplicates(table, [one for one in (CANDIDATE, CRITERION, JOB, RATER, DATE) if one in table.frame])
