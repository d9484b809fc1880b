"""What became of people: outcomes as read, and whether the score predicts them alike in every group."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from vivavoce.data.problem import Problem
from vivavoce.evaluation.calibration import calibrate
from vivavoce.evaluation.estimate import Estimate, undefined
from vivavoce.evaluation.raters import panel_reliability
from vivavoce.evaluation.validity import SMALLEST_SAMPLE, correct_attenuation, correlation_interval
from vivavoce.fairness.document import SETTLES, finite
from vivavoce.fairness.groups import CANDIDATE, UNKNOWN
from vivavoce.fairness.prediction import LEAST, DifferentialPrediction, differential_prediction
from vivavoce.fairness.records import BadInput, duplicates, numbers, read_records, texts
from vivavoce.pipelines.auditing.differences import estimate
from vivavoce.pipelines.auditing.restriction import (
    NO_APPLICANTS,
    NOT_SAID,
    SEVERAL_JOBS,
    Applicants,
    describe_restriction,
)
from vivavoce.pipelines.auditing.scores import JOB, People, places_of

CRITERION, VALUE, DATE, RATER = "criterion", "value", "date", "rater"
ALMOST_ONE = 1 - 1e-9  # of a correlation: beyond, there is no error to test against
CLAUSE = "29 CFR 1607.14 B(8)"
ALPHA = 0.05  # false-discovery rate over all groups and criteria

Floats = npt.NDArray[np.float64]
Json = dict[str, Any]


@dataclass(frozen=True)
class Outcomes:
    """Outcomes as read, one row per person, criterion, and where given job, rater and date."""

    path: Path
    frame: pd.DataFrame


def read_outcomes(path: Path) -> Outcomes:
    """Read ``candidate_id, criterion, value`` and, where there, ``job``, ``date`` (ISO 8601), ``rater``.

    Raises
    ------
    BadInput
        For missing columns, empty cells, values that are no numbers, dates that are none, and rows that stand twice.
    """
    frame = read_records(path, [CANDIDATE, CRITERION, VALUE])
    key = [name for name in (CANDIDATE, CRITERION, JOB, RATER, DATE) if name in frame.columns]
    frame = frame.assign(**{name: texts(frame[name]) for name in key})
    problems = [
        Problem(f"line {line}, {name}", "nothing", "Fill in this cell, or leave the row out.")
        for name in (*key, VALUE)
        for line in frame.index[frame[name].isna()]
    ]
    if DATE in key:
        unread = frame[DATE].notna() & pd.to_datetime(frame[DATE], errors="coerce", format="ISO8601", utc=True).isna()
        problems += [
            Problem(f"line {line}, {DATE}", repr(cell), "Write a date as 2026-11-22.")
            for line, cell in frame.loc[unread, DATE].items()
        ]
    if frame.empty:
        problems.append(Problem("file", "no row", "Give at least one outcome."))
    problems += duplicates(frame.dropna(subset=key), key)
    if problems:
        raise BadInput(path, problems)
    return Outcomes(path, frame.assign(value=numbers(frame[VALUE], path, VALUE)))


def describe_outcomes(
    outcomes: Outcomes, people: People, reliability: float | None, applicants: Applicants | str = NOT_SAID
) -> Json:
    """Validity, differential prediction and calibration by group, one criterion at a time; exploratory.

    Parameters
    ----------
    outcomes, people
        As read, with scores; several raters' values of one person are averaged. Groups are compared with the largest,
        or with the one named.
    reliability
        Of the score within groups; without it no verdict.
    applicants
        Everybody who applied, or why the validity is not corrected for having chosen among them.

    Raises
    ------
    BadInput
        Where people stand in the scores with several jobs and the outcomes do not say which job.
    """
    places = places_of(people.scores, outcomes.frame, outcomes.path)
    criteria = [
        _criterion(str(name), rows[rows["place"] >= 0], people, reliability, applicants)
        for name, rows in outcomes.frame.assign(place=places).groupby(CRITERION, sort=True)
    ]
    _adjust(criteria)
    return {
        "family": "exploratory",
        "reliability": reliability,
        "unmatched": int((places < 0).sum()),
        "first": str(outcomes.frame[DATE].min()) if DATE in outcomes.frame.columns else None,
        "last": str(outcomes.frame[DATE].max()) if DATE in outcomes.frame.columns else None,
        "criteria": criteria,
    }


def findings_of(outcomes: Json) -> list[Json]:
    """Groups whom the score predicts differently, as ``audit.json`` lists findings; size and interval are in SD."""
    return [
        {
            "what": "differential prediction",
            "where": {
                "attribute": entry["attribute"], "group": row["group"], "comparator": entry["reference"],
                "stratum": None, "measure": "prediction", "cut": None, "criterion": criterion["criterion"],
            },
            "family": "exploratory",
            "size": row["corrected"],
            "interval": [row["corrected_low"], row["corrected_high"]],
            "difference": None,
            "evidence": {name: row[name] for name in ("n", "d_mod", "slope_gap", "p", "q", "kind")},
            "clause": CLAUSE,
            "settles": "prediction",
            "what_would_settle": SETTLES["prediction"],
        }
        for criterion in outcomes["criteria"]
        for entry in criterion["attributes"]
        for row in entry["groups"]
        if row["verdict"] == "finding"
    ]  # fmt: skip


def _criterion(
    name: str, rows: pd.DataFrame, people: People, reliability: float | None, applicants: Applicants | str
) -> Json:
    scores = people.scores.scores
    assert scores is not None
    means = rows.groupby("place")[VALUE].mean()
    values = np.full(len(scores), np.nan)
    values[means.index.to_numpy(dtype=np.int64)] = means.to_numpy()
    both = np.isfinite(values) & np.isfinite(scores)
    x, y = scores[both], values[both]
    jobs = people.scores.strata.get(JOB)
    if jobs is not None:
        x, y = (_within(column, jobs.codes[both]) for column in (x, y))
    agreed = _agreement(rows)
    found: Json = {"criterion": name, "n": len(x), **estimate("criterion_reliability", agreed)}
    vary = len(x) >= SMALLEST_SAMPLE and np.ptp(x) > 0 and np.ptp(y) > 0
    r = float(np.corrcoef(x, y)[0, 1]) if vary else math.nan
    low, high = correlation_interval(r, len(x)) if vary else (math.nan, math.nan)
    found |= estimate("validity", Estimate(r, low, high))
    known = vary and agreed.value > 0
    found["validity_corrected"] = finite(correct_attenuation(r, 1.0, agreed.value)) if known else None
    found["within_jobs"] = jobs is not None
    known_by = SEVERAL_JOBS if jobs is not None else applicants
    found |= describe_restriction(x, y, both, known_by if vary else NO_APPLICANTS)
    found["attributes"] = []
    for attribute, labels in people.attributes.items():
        codes = labels.codes[both]
        if vary and len(np.unique(codes[codes != UNKNOWN])) > 1:
            groups = np.asarray([*labels.levels, ""])[codes]
            found["attributes"].append(
                _attribute(attribute, x, y, groups, people.comparators.get(attribute), reliability)
            )
    return found


def _within(column: Floats, jobs: npt.NDArray[np.int64]) -> Floats:
    """Values around their own job's mean, moved to everybody's: jobs have their own scales, and their own raters."""
    means = np.bincount(jobs + 1, column) / np.maximum(np.bincount(jobs + 1), 1)  # -1, no job said, is a job too
    centred: Floats = column - means[jobs + 1] + column.mean()
    return centred


def _agreement(rows: pd.DataFrame) -> Estimate:
    """Reliability of a person's mean outcome, where several raters rated."""
    if RATER not in rows.columns or rows.empty:
        return undefined("the file does not say who rated")
    return panel_reliability(rows["place"].to_numpy(), rows[VALUE].to_numpy()).mean


def _attribute(
    name: str, x: Floats, y: Floats, groups: "npt.NDArray[np.str_]", named: str | None, reliability: float | None
) -> Json:
    known = groups != ""
    levels, sizes = np.unique(groups[known], return_counts=True)
    reference = named if named is not None and named in levels else str(levels[np.argmax(sizes)])
    slope, intercept = np.polyfit(x, y, 1)
    rows = []
    for level in map(str, levels):
        here = groups == level
        row: Json = {"group": level, "n": int(here.sum())}
        row |= _calibration(intercept + slope * x[here], y[here])
        row |= _prediction(x, y, groups, reference, level, reliability)
        rows.append(row)
    return {"attribute": name, "reference": reference, "groups": rows}


def _calibration(predicted: Floats, observed: Floats) -> Json:
    """Outcomes against the line of everybody together: mean error above 0 says that the group does better than that."""
    usable = len(predicted) >= SMALLEST_SAMPLE and np.ptp(predicted) > 0 and np.ptp(observed) > 0
    found = calibrate(predicted, observed) if usable else None
    return {
        **estimate("mean_error", found.mean_error if found else None),
        **estimate("slope", found.slope if found else None),
        "error": finite(found.error) if found else None,
    }


def _prediction(
    x: Floats, y: Floats, groups: "npt.NDArray[np.str_]", reference: str, level: str, reliability: float | None
) -> Json:
    """Differential prediction of one group, or why there is none."""
    blank: Json = {"line": None, **_numbers(None), "verdict": "insufficient", "reason": None}
    short = [one for one in (reference, level) if not _comparable(x[groups == one], y[groups == one])]
    if short:
        reason = f"fewer than {LEAST} people with score and outcome, or no scatter, in {short[0]}"
        return {**blank, "why": "too_few_outcomes", "reason": reason}
    if level == reference:
        here = groups == level
        slope, intercept = np.polyfit(x[here], y[here], 1)
        ends = np.quantile(x[here], (0.05, 0.95))
        return {**blank, "line": _line(slope, intercept, ends), "verdict": None, "why": "reference"}
    found = differential_prediction(x, y, groups, reference=reference, focal=level, reliability=reliability)
    why = found.verdict if found.verdict != "insufficient" else "no_reliability" if reliability is None else "too_wide"
    ends = np.quantile(x[groups == level], (0.05, 0.95))
    return {
        "line": _line(found.focal.slope, found.focal.intercept, ends),
        **_numbers(found),
        "verdict": found.verdict,
        "why": f"prediction_{why}",
        "reason": found.reason,
    }


def _comparable(x: Floats, y: Floats) -> bool:
    """Whether a group has people enough, and outcomes that scatter around its line: a score predicts itself."""
    vary = len(x) >= LEAST and np.ptp(x) > 0 and np.ptp(y) > 0
    return bool(vary) and abs(float(np.corrcoef(x, y)[0, 1])) < ALMOST_ONE


def _line(slope: float, intercept: float, ends: Floats) -> list[list[float]]:
    """A group's regression line between its 5th and 95th percentile of scores, as two points."""
    return [[float(end), float(intercept + slope * end)] for end in ends]


def _numbers(found: DifferentialPrediction | None) -> Json:
    cleary, corrected = (found.cleary, found.corrected) if found else (None, None)
    return {
        **estimate("d_mod", found.d_mod if found else None),
        "d_mod_unsigned": finite(found.d_mod_unsigned.value) if found else None,
        **estimate("corrected", corrected.difference if corrected else None),
        **estimate("slope_gap", corrected.slope_gap if corrected else None),
        "p": finite(corrected.p) if corrected else None,
        "q": None,
        "kind": corrected.kind if corrected else None,
        "detectable": finite(found.detectable) if found else None,
        "cleary": {
            "omnibus_p": finite(cleary.omnibus_p), "slope_p": finite(cleary.slope_p),
            "intercept_p": finite(cleary.intercept_p), "kind": cleary.kind,
        } if cleary else None,
    }  # fmt: skip


def _adjust(criteria: list[Json]) -> None:
    """Benjamini-Hochberg over everything compared; a finding that does not survive it is insufficient."""
    rows = [row for criterion in criteria for entry in criterion["attributes"] for row in entry["groups"]]
    tested = [row for row in rows if row["p"] is not None]
    if not tested:
        return
    for row, q in zip(tested, stats.false_discovery_control([row["p"] for row in tested]), strict=True):
        row["q"] = float(q)
        if row["verdict"] == "finding" and q >= ALPHA:
            reason = f"stands out alone, not among the {len(tested)} comparisons made"
            row.update(verdict="insufficient", why="prediction_too_wide", reason=reason)
