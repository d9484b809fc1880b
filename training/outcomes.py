"""What became of people: criteria, repeated ratings averaged, leavers as censored follow-up."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vivavoce.data.people_tables import read_outcomes_table
from vivavoce.data.problem import nearest
from vivavoce.data.table import Given, Maps, Table
from vivavoce.evaluation.estimate import Estimate, undefined
from vivavoce.evaluation.raters import panel_reliability
from vivavoce.training import BadTraining

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FollowUp:
    """How long people were followed, and whether they left: one row per interview of the training.

    Parameters
    ----------
    days
        From hire to leaving or to the last day on which they were known to be there, shape (n,); ``nan`` where nobody
        followed them.
    left
        1 where they left on that day, 0 where they were still there (censored), shape (n,); ``nan`` as ``days``.
    """

    days: Floats
    left: Floats


@dataclass(frozen=True)
class Outcomes:
    """Outcomes of one job.

    Parameters
    ----------
    table
        As read.
    rows
        ``candidate_id, criterion, value`` and, ``None`` or ``nan`` where not given, ``date, rater, saw_score, days,
        observed``.
    criterion
        The one that weights are learned from.
    """

    table: Table
    rows: pd.DataFrame
    criterion: str

    @property
    def criteria(self) -> tuple[str, ...]:
        """Every criterion with values, sorted."""
        return tuple(sorted(self.rows.loc[self.rows["value"].notna(), "criterion"].unique()))

    def values(self, criterion: str, candidates: "pd.Series[Any]") -> Floats:
        """Mean over a candidate's values of one criterion, shape of ``candidates``; ``nan`` where there is none."""
        rows = self.rows[self.rows["criterion"] == criterion]
        found: Floats = candidates.map(rows.groupby("candidate_id")["value"].mean()).to_numpy(np.float64)
        return found

    def follow_up(self, candidates: "pd.Series[Any]") -> FollowUp | None:
        """Follow-up of each candidate, None where the table has none."""
        rows = self.rows[self.rows["days"].notna()].set_index("candidate_id")
        if rows.empty:
            return None
        return FollowUp(
            candidates.map(rows["days"]).to_numpy(np.float64), candidates.map(rows["observed"]).to_numpy(np.float64)
        )

    @property
    def reliability(self) -> Estimate:
        """Of the trained criterion's mean over raters, ICC(1,k); undefined where nobody says who rated."""
        rows = self.rows[(self.rows["criterion"] == self.criterion) & self.rows["value"].notna()]
        if rows["rater"].isna().any():
            return undefined("not every value names its rater: agreement of raters cannot be known")
        return panel_reliability(rows["candidate_id"].to_numpy(str), rows["value"].to_numpy(np.float64)).mean

    @property
    def saw_score(self) -> dict[str, int]:
        """How many values of the trained criterion came from raters who saw the score, did not, or nobody says."""
        told = self.rows.loc[self.rows["criterion"] == self.criterion, "saw_score"]
        return {"yes": int((told == 1).sum()), "no": int((told == 0).sum()), "not said": int(told.isna().sum())}


def read_outcomes(
    source: Given, job: str, criterion: str | None = None, maps: Maps | None = None
) -> tuple[Outcomes, list[str]]:
    """Read the outcomes of one job; returns them and the candidates of the rows that belong to other jobs.

    Parameters
    ----------
    source
        Columns ``candidate_id, value``; where known ``criterion, date, rater, job``, ``saw_score`` (1 where the rater
        had seen the score), and for follow-up ``days`` and ``observed`` (1 left on that day, 0 still there), in whose
        rows ``value`` may be empty.
    job
        Rows that name another one are left out.
    criterion
        Which to learn from; needed where the table holds several.
    maps
        What the user calls these columns.

    Raises
    ------
    TableRefused
        For missing columns or cells, values that are no numbers, and rows that stand twice.
    BadTraining
        For a criterion that is not there or not said, and one that is follow-up with people still there.
    """
    table = read_outcomes_table(source, maps=maps)
    frame = _typed(table)
    here = frame["job"].isna() | (frame["job"] == job) if "job" in frame else pd.Series(True, frame.index)
    elsewhere = [str(name) for name in frame.loc[~here, "candidate_id"]]
    rows = frame[here].drop(columns="job", errors="ignore")
    if rows.empty:
        raise BadTraining(f"{table.source}: no row is of the job {job}. {nearest(job, sorted(set(frame['job'])))}")
    _check_follow_up(table, rows)
    return Outcomes(table, rows, _chosen(table, rows, criterion)), elsewhere


def _typed(table: Table) -> pd.DataFrame:
    """Every column that there may be, missing ones without a value."""
    frame = table.frame
    found: dict[str, Any] = {name: frame[name] for name in ("candidate_id", "criterion", "value")}
    found["rater"] = frame.get("rater")
    found["date"] = table.days("date")
    found |= {name: frame.get(name, np.nan) for name in ("days", "observed", "saw_score")}
    return pd.DataFrame(found | ({"job": frame["job"]} if "job" in frame else {}), index=frame.index)


def _check_follow_up(table: Table, rows: pd.DataFrame) -> None:
    followed = rows[rows["days"].notna()]
    if followed["candidate_id"].duplicated().any():
        name = followed.loc[followed["candidate_id"].duplicated(), "candidate_id"].iloc[0]
        raise BadTraining(f"{table.source}: candidate {name} has more than one follow-up: keep the last.")


def _chosen(table: Table, rows: pd.DataFrame, criterion: str | None) -> str:
    """The criterion to learn from; where nobody named one, the only one that can be learned from."""
    names = sorted(rows["criterion"].unique())
    if criterion is not None and criterion not in names:
        raise BadTraining(f"{table.source}: there is no criterion {criterion!r}. {nearest(criterion, names)}")
    censored = set(rows.loc[rows["observed"] == 0, "criterion"]) | set(rows.loc[rows["value"].isna(), "criterion"])
    if criterion in censored:
        still = int((rows.loc[rows["criterion"] == criterion, "observed"] == 0).sum())
        raise BadTraining(
            f"{table.source}: {criterion} is follow-up with {still} people still there, whose value is not known yet. "
            "Weights are learned from a criterion that everybody reached: name one with --criterion."
        )
    usable = [name for name in names if name not in censored]
    if criterion is None and len(usable) != 1:
        said = f"several criteria ({', '.join(usable)})" if usable else "nothing but follow-up"
        raise BadTraining(f"{table.source}: it holds {said}. Say which one to learn from with --criterion.")
    return criterion or str(usable[0])


def check_dates(outcomes: Outcomes, interviewed: "pd.Series[Any]") -> None:
    """Refuse outcomes that are older than the candidate's interview (``BadTraining``): they predict nothing.

    Parameters
    ----------
    outcomes
        Whose dates are checked where they have any.
    interviewed
        The day of each candidate's last interview, by candidate.
    """
    dated = outcomes.rows[outcomes.rows["date"].notna() & outcomes.rows["candidate_id"].isin(interviewed.index)]
    if dated.empty:
        return
    days = pd.to_datetime(dated["candidate_id"].map(interviewed), utc=True)
    early = dated[dated["date"].dt.normalize() < days.dt.normalize()]
    if len(early):
        one = early.iloc[0]
        raise BadTraining(
            f"{outcomes.table.source}: the {one['criterion']} of candidate {one['candidate_id']} is of "
            f"{one['date']:%Y-%m-%d}, before the interview of {days[early.index[0]]:%Y-%m-%d} ({len(early)} such "
            "rows). What was known before an interview is not predicted by it: leave these rows out."
        )
