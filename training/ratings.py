"""Human ratings of interviews: read, checked, and what is known of those who gave them.

Sample weights as training takes them: opaque numbers by candidate. Why they are what they are stays elsewhere.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vivavoce.data.framework import Framework
from vivavoce.data.problem import nearest
from vivavoce.evaluation.drift import drift
from vivavoce.evaluation.estimate import Estimate, undefined
from vivavoce.evaluation.raters import Rater, compare_raters, panel_reliability
from vivavoce.training.tables import BadTraining, Source, Table, no_days, read_table

NEEDED = ("interview_id", "rater", "value")
MOST_RATERS = 200  # compared with one another: a thousand would take minutes, and each shares few people with others
ALPHA = 0.05  # of all raters of one competency together
NO_DATES = "ratings carry no dates"


@dataclass(frozen=True)
class Ratings:
    """Ratings, one row for each interview, rater and competency.

    Parameters
    ----------
    table
        As read.
    rows
        ``interview_id, rater, competency, value`` and ``date`` (``NaT`` where not given).
    by_question
        How many of the rows read rated a question and stand for the competencies that it shows.
    """

    table: Table
    rows: pd.DataFrame
    by_question: int


def read_ratings(source: Source | str | Path, framework: Framework) -> Ratings:
    """Read ratings.

    Parameters
    ----------
    source
        Columns ``interview_id, rater, value`` and ``competency`` or ``question_id``, one of them in each row; ``date``
        where known. A rated question counts for every competency that it shows; a rater's several ratings that show
        one competency are averaged.
    framework
        Its competencies, questions and scale.

    Raises
    ------
    BadTraining
        For missing columns or cells, unknown competencies and questions, values outside the scale, and ratings that
        one rater gave twice.
    """
    table = read_table(source, NEEDED)
    names = [name for name in ("competency", "question_id") if name in table.frame]
    if not names:
        raise BadTraining(f"{table.source}: say what was rated in a column 'competency' or 'question_id'.")
    table.filled(("interview_id", "rater"))
    frame = table.frame.assign(value=table.numbers("value"))
    frame["date"] = table.days("date") if "date" in frame else no_days(frame.index)
    _check_scale(table, frame, framework)
    _check_targets(table, frame, names, framework)
    again = np.flatnonzero(frame.duplicated(["interview_id", "rater", *names]))
    if len(again):
        raise BadTraining(f"{table.source}: {table.place(int(again[0]))} repeats a rating by the same rater: keep one.")
    return Ratings(table, _by_competency(frame, framework), _by_question(frame))


def _check_scale(table: Table, frame: pd.DataFrame, framework: Framework) -> None:
    scale = framework.scale
    outside = np.flatnonzero((frame["value"] < scale.low) | (frame["value"] > scale.high))
    if len(outside):
        raise BadTraining(
            f"{table.source}: ratings lie on the framework's scale, {scale.low:g} to {scale.high:g}. Got "
            f"{frame['value'].iloc[outside[0]]:g} in {table.place(int(outside[0]))} ({len(outside)} such rows): "
            "convert them."
        )


def _check_targets(table: Table, frame: pd.DataFrame, names: list[str], framework: Framework) -> None:
    given = frame[names].notna().sum(axis=1).to_numpy()
    wrong = np.flatnonzero(given != 1)
    if len(wrong):
        place = table.place(int(wrong[0]))
        raise BadTraining(f"{table.source}: {place} must name one competency or one question, and not both.")
    known = {"competency": list(framework.weights), "question_id": [one.id for one in framework.questions]}
    for name in names:
        unknown = sorted(set(frame[name].dropna()) - set(known[name]))
        if unknown:
            what = {"competency": "competencies", "question_id": "questions"}[name]
            raise BadTraining(
                f"{table.source}: {', '.join(unknown)} are no {what} of {framework.job}. "
                f"{nearest(unknown[0], known[name])}"
            )


def _by_question(frame: pd.DataFrame) -> int:
    return int(frame["question_id"].notna().sum()) if "question_id" in frame else 0


def _by_competency(frame: pd.DataFrame, framework: Framework) -> pd.DataFrame:
    """One row for each interview, rater and competency, in their order."""
    parts = [frame[frame["competency"].notna()]] if "competency" in frame else []
    if _by_question(frame):
        shows = {one.id: list(one.shows) for one in framework.questions}
        asked = frame[frame["question_id"].notna()]
        parts.append(asked.assign(competency=asked["question_id"].map(shows)).explode("competency"))
    whole = pd.concat(parts)[["interview_id", "rater", "competency", "value", "date"]]
    key = ["interview_id", "rater", "competency"]
    found: pd.DataFrame = whole.groupby(key, sort=True).agg(value=("value", "mean"), date=("date", "max")).reset_index()
    return found


def reliability(rows: pd.DataFrame) -> Estimate:
    """Of one competency's mean rating, for the typical number of raters (ICC(1,k)); ideal 1."""
    if rows.empty:
        return undefined("nobody rated it")
    return panel_reliability(rows["interview_id"].to_numpy(str), rows["value"].to_numpy(np.float64)).mean


@dataclass(frozen=True)
class Severity:
    """What is known of one competency's raters.

    Parameters
    ----------
    competency
        Its id.
    raters
        Each beside the others, harshest first; empty where they cannot be compared.
    shift
        Mean rating of the later half of the interviews minus that of the earlier half, in standard deviations of the
        earlier: a drift that all raters share, or other people; ideal 0.
    reason
        Why raters are not compared; None where they are.
    """

    competency: str
    raters: tuple[Rater, ...]
    shift: Estimate
    reason: str | None = None

    @property
    def severe(self) -> tuple[Rater, ...]:
        """Raters who are clearly harsher or milder than the others (.05 over all of them)."""
        return tuple(one for one in self.raters if one.severity.low > 0 or one.severity.high < 0)

    @property
    def drifting(self) -> tuple[Rater, ...]:
        """Raters whose severity clearly changes in time (.05 over all of them)."""
        return tuple(one for one in self.raters if one.drift.low > 0 or one.drift.high < 0)

    def document(self) -> dict[str, Any]:
        """As JSON, raters without their names: harshest first."""
        return {
            "raters": [{name: value for name, value in asdict(one).items() if name != "rater"} for one in self.raters],
            "clearly harsher or milder": len(self.severe),
            "clearly drifting": len(self.drifting),
            "shift of the later half": asdict(self.shift),
            "reason": self.reason,
        }


def severity(rows: pd.DataFrame, competency: str) -> Severity:
    """Compare the raters of one competency: severity, and where ratings have dates its drift per year."""
    one = rows[rows["competency"] == competency]
    dated = len(one) > 0 and bool(one["date"].notna().all())
    shift = _shift(one) if dated else undefined(NO_DATES)
    raters = one["rater"].nunique()
    if not 2 <= raters <= MOST_RATERS:
        return Severity(competency, (), shift, f"{raters} raters: 2 to {MOST_RATERS} are compared")
    years = (one["date"] - one["date"].min()).dt.total_seconds().to_numpy(np.float64) / 31_556_952 if dated else None
    found = compare_raters(
        one["interview_id"].to_numpy(str),
        one["rater"].to_numpy(str),
        one["value"].to_numpy(np.float64),
        years,
        confidence=1 - ALPHA / raters,
    )
    harshest = sorted(found, key=lambda rater: (-np.nan_to_num(rater.severity.value), rater.rater))
    return Severity(competency, tuple(harshest), shift)


def _shift(rows: pd.DataFrame) -> Estimate:
    """Later against earlier half of the interviews, by their mean rating."""
    means = rows.groupby("interview_id").agg(value=("value", "mean"), date=("date", "max"))
    values = means.sort_values("date", kind="stable")["value"].to_numpy(np.float64)
    half = len(values) // 2
    if half < 2 or np.ptp(values[:half]) == 0:
        return undefined("fewer than two interviews in a half, or an earlier half without spread")
    found = drift(values[:half], values[half:])
    return Estimate(found.shift, reason=f"no interval; Kolmogorov–Smirnov p = {found.ks_p:.3g}")


Floats = npt.NDArray[np.float64]


def read_weights(
    source: Source | str | Path, candidates: npt.NDArray[np.str_], ratings: Mapping[str, Floats]
) -> tuple[Floats, Table]:
    """Each interview's weight, shape (n,), and the table it came from.

    Parameters
    ----------
    source
        ``candidate_id, weight`` and nothing else, so that nothing else can be read.
    candidates
        Whose interviews they are, shape (n,).
    ratings
        Mean ratings by competency, shape (n,) each: whoever was rated needs a weight; others teach nothing, and get 1.

    Raises
    ------
    BadTraining
        For other columns, weights that are not above 0, candidates who stand twice, and rated ones without a weight.
    """
    table = read_table(source, ("candidate_id", "weight"))
    others = [str(name) for name in table.frame.columns if name not in ("candidate_id", "weight")]
    if others:
        raise BadTraining(
            f"{table.source}: sample weights have the columns candidate_id and weight only. Remove {', '.join(others)}."
        )
    table.filled(("candidate_id",))
    values = table.numbers("weight")
    if (values <= 0).any():
        row = int(np.flatnonzero(values <= 0)[0])
        raise BadTraining(f"{table.source}: weight in {table.place(row)} is {values[row]:g}: weights are above 0.")
    names = table.frame["candidate_id"]
    if names.duplicated().any():
        raise BadTraining(f"{table.source}: candidate {names[names.duplicated()].iloc[0]} stands twice: keep one.")
    found = pd.Series(candidates).map(dict(zip(names, values, strict=True))).to_numpy(np.float64)
    rated = ~np.all([np.isnan(one) for one in ratings.values()], axis=0)
    without = np.unique(candidates[rated & np.isnan(found)])
    if len(without):
        raise BadTraining(
            f"{table.source}: {len(without)} rated candidates have no weight ({', '.join(without[:5])}"
            f"{', …' if len(without) > 5 else ''}). Make the weights from these ratings."
        )
    return np.where(np.isnan(found), 1.0, found), table
