"""What became of people: outcomes as read, and whether the score predicts them alike in every group."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vivavoce.data.people_tables import read_outcomes_table
from vivavoce.data.problem import Problem
from vivavoce.data.table import Given, InputRefused, Maps, Table
from vivavoce.evaluation.calibration import calibrate
from vivavoce.evaluation.correlation import SMALLEST_SAMPLE
from vivavoce.evaluation.estimate import Estimate, undefined
from vivavoce.evaluation.multiplicity import benjamini_hochberg
from vivavoce.evaluation.raters import panel_reliability
from vivavoce.evaluation.validity import corrected_validity
from vivavoce.fairness.document import finite
from vivavoce.fairness.groups import UNKNOWN
from vivavoce.fairness.prediction import LEAST, DifferentialPrediction, differential_prediction
from vivavoce.pipelines.auditing.chapters import estimate_words
from vivavoce.pipelines.auditing.differences import estimate
from vivavoce.pipelines.auditing.evidence import Evidence, Found, Json, Told, declared
from vivavoce.pipelines.auditing.restriction import (
    NO_APPLICANTS,
    NOT_SAID,
    SEVERAL_JOBS,
    Applicants,
    describe_restriction,
    read_applicants,
    tell_restriction,
)
from vivavoce.pipelines.auditing.scores import JOB, People, places_of
from vivavoce.pipelines.report.blocks import (
    Block,
    Bullets,
    Grid,
    Heading,
    Paragraph,
    Say,
    count_words,
    p_words,
)
from vivavoce.pipelines.report.plots import decimal, lines

CRITERION, VALUE, DATE, RATER = "criterion", "value", "date", "rater"
ALMOST_ONE = 1 - 1e-9  # of a correlation: beyond, there is no error to test against
ALPHA = 0.05  # false-discovery rate over all groups and criteria

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outcomes:
    """Outcomes as read, one row per person, criterion, and where given job, rater and date."""

    table: Table
    frame: pd.DataFrame


def read_outcomes(given: Given, maps: Maps | None = None) -> Outcomes:
    """Read the table that training reads, too: ``candidate_id, value``, and ``criterion, job, date, rater`` if there.

    Rows of people who are still followed, without a value, are left out.

    Raises
    ------
    TableRefused
        For missing columns, empty cells, values that are no numbers, dates that are none, and rows that stand twice.
    """
    table = read_outcomes_table(given, maps=maps)
    frame = table.frame[table.frame[VALUE].notna()]
    if frame.empty:
        table.refuse([Problem(VALUE, "follow-up alone", "Give at least one outcome with a value.")])
    return Outcomes(table, frame.drop(columns=[name for name in (DATE,) if name in frame and frame[name].isna().all()]))


def describe(outcomes: Outcomes, people: People, given: Mapping[str, Any]) -> Json:
    """What became of people, with the score's reliability and the applicants as far as they are known."""
    scores = people.scores
    if scores.scores is None:
        raise InputRefused(people.source, [Problem("options", "outcomes", "Outcomes need a column 'score'.")])
    reliability = given["reliability"] if given["reliability"] is not None else scores.reliability
    if reliability is not None and not 0 < reliability <= 1:
        remedy = "Write a number above 0 and at most 1: the score's reliability within groups."
        raise InputRefused(people.source, [Problem("reliability", str(reliability), remedy)])
    applicants = read_applicants(given["applicants"], given["selected_on"], people.source, scores, given["maps"])
    return describe_outcomes(outcomes, people, reliability, applicants)


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
    InputRefused
        Where people stand in the scores with several jobs and the outcomes do not say which job.
    """
    places = places_of(people.scores, outcomes.frame, outcomes.table.source)
    criteria = [
        _criterion(str(name), rows[rows["place"] >= 0], people, reliability, applicants)
        for name, rows in outcomes.frame.assign(place=places).groupby(CRITERION, sort=True)
    ]
    _adjust(criteria)
    return {
        "family": "exploratory",
        "reliability": reliability,
        "unmatched": int((places < 0).sum()),
        "first": str(outcomes.frame[DATE].dropna().min()) if DATE in outcomes.frame.columns else None,
        "last": str(outcomes.frame[DATE].dropna().max()) if DATE in outcomes.frame.columns else None,
        "criteria": criteria,
    }


def judge(outcomes: Json) -> list[Found]:
    """Groups whom the score predicts differently; size and interval are in SD."""
    return [
        Found(
            entry["attribute"], row["group"], entry["reference"], row["corrected"],
            (row["corrected_low"], row["corrected_high"]),
            {name: row[name] for name in ("n", "d_mod", "slope_gap", "p", "q", "kind")},
            names={"criterion": criterion["criterion"]},
        )
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
    found |= estimate("validity", corrected_validity(x, y) if vary else None)
    known = vary and agreed.value > 0
    corrected = corrected_validity(x, y, criterion_reliability=agreed.value) if known else None
    found["validity_corrected"] = finite(corrected.value) if corrected else None
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
    if rows[RATER].isna().any():
        return undefined("not every value names its rater: agreement of raters cannot be known")
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
    for row, q in zip(tested, benjamini_hochberg([row["p"] for row in tested]), strict=True):
        row["q"] = float(q)
        if row["verdict"] == "finding" and q >= ALPHA:
            reason = f"stands out alone, not among the {len(tested)} comparisons made"
            row.update(verdict="insufficient", why="prediction_too_wide", reason=reason)


def tell(outcomes: Told, say: Say) -> Iterator[Block]:
    """Whether the score predicts what became of people, and whether it does so alike."""
    yield Heading(2, say("outcomes"), "outcomes")
    yield Paragraph(say("outcomes_note"), "small")
    known = outcomes["reliability"] is not None
    yield Paragraph(
        say("reliability_known" if known else "reliability_unknown", value=decimal(outcomes["reliability"]))
    )
    if outcomes["unmatched"]:
        yield Paragraph(say("outcomes_unmatched", n=outcomes["unmatched"]), "small")
    for i, criterion in enumerate(outcomes["criteria"]):
        yield Heading(3, say("criterion", criterion=criterion["criterion"]), f"criterion-{i}")
        validity = estimate_words(criterion, "validity")
        yield Paragraph(
            say(
                "validity_within" if criterion["within_jobs"] else "validity",
                n=count_words(criterion["n"]),
                validity=validity,
            )
        )
        if criterion["validity_corrected"] is not None:
            raters = estimate_words(criterion, "criterion_reliability")
            yield Paragraph(say("agreed", raters=raters, corrected=decimal(criterion["validity_corrected"])), "small")
        yield tell_restriction(criterion, say)
        for entry in criterion["attributes"]:
            if any(row["line"] for row in entry["groups"]):
                yield lines(criterion["criterion"], entry, say)
            found = tuple(
                _promise(row, entry["reference"], say) for row in entry["groups"] if row["verdict"] == "finding"
            )
            if found:
                yield Bullets(found)
            yield _prediction_grid(entry, say)
            yield _calibration_grid(entry, say)


def _promise(row: Told, reference: str, say: Say) -> str:
    """Plain words of a finding: at the same true score, who delivers more."""
    gap, low, high = (row[f"corrected{end}"] for end in ("", "_low", "_high"))
    if gap < 0:
        gap, low, high = -gap, -high, -low
    values = {"group": row["group"], "reference": reference, "gap": decimal(gap), "low": decimal(low)}
    return say("delivers_less" if row["corrected"] >= 0 else "delivers_more", **values, high=decimal(high))


def _prediction_grid(entry: Told, say: Say) -> Grid:
    names = ("group", "n", "d_mod", "corrected_gap", "slope_gap", "adjusted", "kind", "verdict_column", "why_column")
    rows = tuple(
        (
            row["group"], count_words(row["n"]),
            *(estimate_words(row, name) for name in ("d_mod", "corrected", "slope_gap")), p_words(row["q"]),
            "–" if row["kind"] in (None, "unknown") else say("kind_" + row["kind"]),
            "–" if row["verdict"] is None else say("verdict_" + row["verdict"]), say(row["why"]),
        )
        for row in entry["groups"]
    )  # fmt: skip
    verdicts = tuple(row["verdict"] or "" for row in entry["groups"])
    caption = say("prediction_by", attribute=entry["attribute"], reference=entry["reference"])
    return Grid(caption, tuple(say(name) for name in names), (False, *(True,) * 5, *(False,) * 3), rows, verdicts, True)


def _calibration_grid(entry: Told, say: Say) -> Grid:
    names = ("group", "n", "mean_error", "slope", "rms_error")
    rows = tuple(
        (
            row["group"], count_words(row["n"]), estimate_words(row, "mean_error"), estimate_words(row, "slope"),
            decimal(row["error"]),
        )
        for row in entry["groups"]
    )  # fmt: skip
    caption = say("calibration_by", attribute=entry["attribute"])
    return Grid(caption, tuple(say(name) for name in names), (False, *(True,) * 4), rows)


OUTCOMES: Evidence[Outcomes] = Evidence(
    declared("outcomes"),
    read=lambda path, given: read_outcomes(path, given["maps"]),
    describe=describe,
    tell=tell,
    judge=judge,
)
