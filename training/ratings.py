"""Human ratings of interviews: read, checked, and what is known of those who gave them.

Sample weights as training takes them: opaque numbers by candidate. Why they are what they are stays elsewhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vivavoce.data.framework import Framework
from vivavoce.data.people_tables import WEIGHTS, read_ratings_table
from vivavoce.data.problem import Problem, nearest, shorten
from vivavoce.data.table import Given, Maps, Table, TableRefused, duplicates, read_table
from vivavoce.evaluation.drift import drift
from vivavoce.evaluation.estimate import Estimate, undefined
from vivavoce.evaluation.raters import Rater, compare_raters, panel_reliability

TARGETS = ("competency", "question_id")  # one of them in each row
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


def read_ratings(
    source: Given, framework: Framework, whose: Iterable[tuple[str, str]] = (), maps: Maps | None = None
) -> Ratings:
    """Read ratings.

    Parameters
    ----------
    source
        Columns ``interview_id, rater, value`` and ``competency`` or ``question_id``, one of them in each row; ``date``
        where known. A rated question counts for every competency that it shows; a rater's several ratings that show
        one competency are averaged. Instead of the interview a row may name the candidate.
    framework
        Its competencies, questions and scale.
    whose
        Pairs of interview and candidate, so that ratings of a candidate find their interview.
    maps
        What the user calls these columns.

    Raises
    ------
    TableRefused
        For missing columns or cells, unknown competencies and questions, values outside the scale, and ratings that
        one rater gave twice.
    """
    table = read_ratings_table(
        source,
        "interview_id",
        whose=whose,
        scale=(framework.scale.low, framework.scale.high),
        checks=[lambda one: _targets(one, framework), _once],
        maps=maps,
    )
    frame = table.frame.assign(date=table.days("date"))
    return Ratings(table, _by_competency(frame, framework), _by_question(frame))


def _targets(table: Table, framework: Framework) -> list[Problem]:
    """What is wrong with what the rows say was rated."""
    frame = table.frame
    names = [name for name in TARGETS if name in frame]
    if not names:
        remedy = f"Say what was rated in a column {' or '.join(repr(name) for name in TARGETS)}."
        return [Problem("header", shorten(", ".join(map(str, frame))), remedy)]
    given = frame[names].notna().sum(axis=1).to_numpy()
    said = {0: "neither", 2: "both"}
    problems = [
        table.problem(int(row), " and ".join(TARGETS), said[given[row]], "Name one competency or one question.")
        for row in np.flatnonzero(given != 1)
    ]
    known = {"competency": list(framework.weights), "question_id": [one.id for one in framework.questions]}
    for name in names:
        unknown = frame[name].dropna()[lambda cells, name=name: ~cells.isin(known[name])]
        problems += [
            table.problem(row, name, cell, f"It is none of {framework.job}. {nearest(cell, known[name])}")
            for row, cell in zip(unknown.index, unknown, strict=True)
        ]
    return problems


def _once(table: Table) -> list[Problem]:
    """Ratings of one thing that one rater gave twice."""
    who = "interview_id" if "interview_id" in table.frame else "candidate_id"
    return duplicates(table, [one for one in (who, "rater", *TARGETS) if one in table.frame], ("rater",))


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
    source: Given, candidates: npt.NDArray[np.str_], ratings: Mapping[str, Floats], maps: Maps | None = None
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
    maps
        What the user calls these columns.

    Raises
    ------
    TableRefused
        For other columns, weights that are not above 0, candidates who stand twice, and rated ones without a weight.
    """
    table = read_table(source, WEIGHTS, key=("candidate_id",), checks=[_weights], maps=maps, called="sample weights")
    values = table.numbers("weight")
    found = pd.Series(candidates).map(dict(zip(table.frame["candidate_id"], values, strict=True))).to_numpy(np.float64)
    rated = ~np.all([np.isnan(one) for one in ratings.values()], axis=0)
    without = np.unique(candidates[rated & np.isnan(found)])
    if len(without):
        said = f"{', '.join(without[:5])}{', …' if len(without) > 5 else ''}"
        remedy = "Make the weights from these ratings: each rated candidate needs one."
        raise TableRefused(table.source, [Problem(f"{len(without)} rated candidates", f"no weight of {said}", remedy)])
    return np.where(np.isnan(found), 1.0, found), table


def _weights(table: Table) -> list[Problem]:
    """Columns that nobody may learn from, and weights that are none."""
    known = [one.name for one in WEIGHTS]
    problems = [
        Problem(
            "header", shorten(name), f"Sample weights have the columns {' and '.join(known)} only: remove this one."
        )
        for name in map(str, table.frame)
        if name not in known
    ]
    values = table.frame["weight"]
    return problems + [
        table.problem(int(row), "weight", f"{values[row]:g}", "Write a weight above 0.")
        for row in np.flatnonzero(values <= 0)
    ]
