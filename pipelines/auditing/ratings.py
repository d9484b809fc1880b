"""Human ratings beside the score: how far raters agree, who is harsh, and whether the machine agrees with them.

What the report says of human ratings: how far people agree, who is harsh, whether the machine agrees with them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vivavoce.data.people_tables import INTERVIEW, QUESTION, read_ratings_table
from vivavoce.data.problem import Problem
from vivavoce.data.table import Check, Given, InputRefused, Maps, Table, duplicates
from vivavoce.evaluation.agreement import Agreement, agreement, human_agreement
from vivavoce.evaluation.correlation import SMALLEST_SAMPLE
from vivavoce.evaluation.estimate import Estimate, undefined
from vivavoce.evaluation.raters import compare_raters, panel_reliability
from vivavoce.evaluation.reliability import (
    cronbach_alpha,
    icc,
    smallest_real_difference,
    standard_error,
    weighted_kappa,
)
from vivavoce.fairness.document import finite
from vivavoce.fairness.groups import CANDIDATE, UNKNOWN
from vivavoce.models.score import OVERALL
from vivavoce.pipelines.auditing.chapters import estimate_words
from vivavoce.pipelines.auditing.differences import estimate
from vivavoce.pipelines.auditing.evidence import Evidence, Json, Told, declared
from vivavoce.pipelines.auditing.scores import COMPETENCY, JOB, People, places_of
from vivavoce.pipelines.report.blocks import (
    Block,
    Bullets,
    Fold,
    Grid,
    Heading,
    Paragraph,
    Say,
    count_words,
    share_words,
)
from vivavoce.pipelines.report.plots import Strip, decimal, strips

RATER, VALUE, DATE, MONTH = "rater", "value", "date", "month"
DAYS = 30.0  # the unit of time of drifts and trends: a month
STEPS = 11  # most values of a rating scale: more are no categories for kappa
KAPPA_RATERS = 10  # whose pairs are averaged, those with most ratings first
CROSSED = 0.9  # share of people whom all raters rated: the others are left out of what needs a complete table
SHARED = 20  # people of a pair of raters, at least
MOST_RATERS = 200  # compared one by one: beyond, the table of people and raters outgrows a page and memory
APART = 5.0  # times as wide: spreads further apart than that are not of one scale
UNEQUAL = "people have different raters, not all of them the same: only ICC(1, ·) is defined"
NOT_CROSSED = "not everybody was rated by the same raters"
NOT_STEPS = f"ratings have more than {STEPS} values: they are no categories"
OTHER_SCALE = "ratings and scores are on different scales: say the ratings' ends with --rating-scale"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ratings:
    """Ratings as read, one row per person, rater, competency and date; ``value`` in points where a scale was given.

    ``of_questions`` counts the rows that rate a question alone and were left out.
    """

    table: Table
    frame: pd.DataFrame
    scale: tuple[float, float] | None
    of_questions: int = 0


def read_ratings(
    given: Given,
    scale: tuple[float, float] | None = None,
    whose: Iterable[tuple[str, str]] = (),
    maps: Maps | None = None,
) -> Ratings:
    """Read the table that training reads, too.

    Parameters
    ----------
    given
        A row is about ``candidate_id``, or ``interview_id`` where ``whose`` says whose that is. Without ``competency``
        ratings are of the overall score; rows that rate a question alone are left out and counted, ratings of one
        person's several interviews by one rater averaged.
    scale
        The rating scale's ends, which become 0 and 100 points; None where ratings are in the score's unit.
    whose, maps
        Pairs of interview and candidate of the scores; what the user calls these columns.

    Raises
    ------
    TableRefused
        For missing columns, empty cells, ratings that are no numbers or outside the scale, and rows that stand twice.
    """
    if scale is not None and not scale[0] < scale[1]:
        remedy = "Name the lower end of the scale first, then the upper."
        raise InputRefused("ratings", [Problem("rating-scale", f"{scale[0]:g} to {scale[1]:g}", remedy)])
    checks: list[Check] = [_rows, lambda one: _inside(one, scale)]
    table = read_ratings_table(given, CANDIDATE, whose=whose, checks=checks, maps=maps)
    kept = _rated(table.frame)
    of_questions, frame = int((~kept).sum()), table.frame[kept]
    if COMPETENCY not in frame:
        frame = frame.assign(**{COMPETENCY: OVERALL})
    key = [name for name in (CANDIDATE, JOB, RATER, COMPETENCY) if name in frame]
    if frame.duplicated(key).any():
        joined = {VALUE: "mean"} | ({DATE: "min"} if DATE in frame else {})
        frame = frame.groupby(key, sort=False, dropna=False).agg(joined).reset_index()
    if scale is not None:
        frame = frame.assign(value=100 * (frame[VALUE] - scale[0]) / (scale[1] - scale[0]))
    return Ratings(table, frame, scale, of_questions)


def _rated(frame: pd.DataFrame) -> "pd.Series[bool]":
    """Rows that rate a competency, or the whole where none is named and no question either."""
    if COMPETENCY in frame:
        return frame[COMPETENCY].notna()
    return frame[QUESTION].isna() if QUESTION in frame else pd.Series(True, frame.index)


def _inside(table: Table, scale: tuple[float, float] | None) -> list[Problem]:
    """Ratings outside the scale that was named."""
    low, high = scale or (-np.inf, np.inf)
    values = table.frame[VALUE]
    remedy = f"Name the scale's ends with --rating-scale so that every rating is inside: {low:g} to {high:g} is not it."
    outside = np.flatnonzero((values < low) | (values > high))
    return [table.problem(int(row), VALUE, f"{values[row]:g}", remedy) for row in outside]


def _rows(table: Table) -> list[Problem]:
    """Ratings of one thing that one rater gave twice, and rows that say of nothing what they rate."""
    frame = table.frame
    names = (INTERVIEW if INTERVIEW in frame else CANDIDATE, JOB, RATER, COMPETENCY, QUESTION)
    problems = duplicates(table, [name for name in names if name in frame], (RATER,))
    rated = _rated(frame)
    if not rated.any():
        return [*problems, Problem(COMPETENCY, "questions alone", "Rate competencies, too.")]
    empty = ~rated & (frame[QUESTION].isna() if QUESTION in frame else True)
    remedy = "Fill in this cell, or leave the row out."
    return problems + [table.problem(int(row), COMPETENCY, "nothing", remedy) for row in np.flatnonzero(empty)]


def describe_ratings(ratings: Ratings, people: People) -> Json:
    """Every competency's raters, and the machine beside them: overall, by group and over time; exploratory.

    Parameters
    ----------
    ratings
        As read; a person in several jobs is several.
    people
        Their scores; competencies without a score of their name have no machine to compare.
    """
    frame = ratings.frame
    place = places_of(people.scores, frame, ratings.table.source)
    key = [CANDIDATE, *([JOB] if JOB in frame.columns else [])]
    rows = frame.assign(place=place, person=frame.groupby(key).ngroup(), time=_times(frame))
    machine = {OVERALL: people.scores.scores, **people.scores.competencies}
    found = [
        {"competency": str(name), **_raters(part), "machine": _machine(part, machine.get(str(name)), ratings, people)}
        for name, part in rows.groupby(COMPETENCY, sort=True)
    ]
    scale = list(ratings.scale) if ratings.scale else None
    counts = {"unmatched": int((place < 0).sum()), "of_questions": ratings.of_questions}
    return {"family": "exploratory", "scale": scale, **counts, "competencies": found}


def _times(frame: pd.DataFrame) -> "pd.Series[Any]":
    """Months since the first rating; ``nan`` where there is no date."""
    if DATE not in frame.columns:
        return pd.Series(np.nan, frame.index)
    dates = pd.to_datetime(frame[DATE], format="ISO8601", utc=True)
    return (dates - dates.min()).dt.total_seconds() / (86_400 * DAYS)


def _raters(rows: pd.DataFrame) -> Json:
    """Reliability of these ratings, the error that follows, and every rater beside the others."""
    table = rows.pivot_table(index="person", columns=RATER, values=VALUE, aggfunc="mean")
    complete = table.dropna()
    crossed = table.shape[1] > 1 and len(complete) > 1 and len(complete) >= CROSSED * len(table)
    panel = panel_reliability(rows["person"].to_numpy(), rows[VALUE].to_numpy())
    if crossed:
        six = icc(complete.to_numpy()).by_name
        alpha = cronbach_alpha(complete.to_numpy())
    else:
        six = dict.fromkeys((f"ICC({kind},{of})" for of in ("1", "k") for kind in ("1", "2", "3")), undefined(UNEQUAL))
        six |= {"ICC(1,1)": panel.one, "ICC(1,k)": panel.mean}
        alpha = undefined(NOT_CROSSED)
    mean = six["ICC(2,k)"] if crossed else panel.mean
    means = rows.groupby("person")[VALUE].mean()
    sd = float(means.std(ddof=1)) if len(means) > 1 else float("nan")
    known = bool(np.isfinite(mean.value) and 0 <= mean.value <= 1 and np.isfinite(sd))
    return {
        "persons": len(table),
        "raters": table.shape[1],
        "ratings": len(rows),
        "crossed": bool(crossed),
        "complete": len(complete) if crossed else None,
        "typical": finite(panel.typical),
        "icc": [{"kind": kind, **estimate("value", one), "reason": one.reason} for kind, one in six.items()],
        **estimate("alpha", alpha),
        **_kappa(table),
        "sd": finite(sd),
        "error": finite(standard_error(mean.value, sd)) if known else None,
        "smallest_difference": finite(smallest_real_difference(mean.value, sd)) if known else None,
        "each": _each(rows),
    }


def _kappa(table: pd.DataFrame) -> Json:
    """Mean quadratic kappa over pairs of raters, where ratings are steps of a scale."""
    steps = np.unique(table.to_numpy()[~np.isnan(table.to_numpy())])
    busy = table.count().sort_values(ascending=False, kind="stable").index[:KAPPA_RATERS]
    found = []
    for first, second in combinations(busy if len(steps) <= STEPS else [], 2):
        both = table[[first, second]].dropna().to_numpy()
        if len(both) >= SHARED:
            counts = np.zeros((len(steps), len(steps)))
            np.add.at(counts, tuple(np.searchsorted(steps, both).T), 1)
            found.append(weighted_kappa(counts).value)
    defined = [value for value in found if np.isfinite(value)]
    reason = None if defined else NOT_STEPS if len(steps) > STEPS else f"no two raters share {SHARED} people"
    return {"kappa": float(np.mean(defined)) if defined else None, "kappa_pairs": len(defined), "kappa_reason": reason}


def _each(rows: pd.DataFrame) -> list[Json]:
    """Every rater's severity, drift and agreement with the rest."""
    if not 2 <= rows[RATER].nunique() <= MOST_RATERS:
        return []
    times = rows["time"].to_numpy(np.float64)
    found = compare_raters(
        rows["person"].to_numpy(), rows[RATER].to_numpy(), rows[VALUE].to_numpy(),
        times if np.isfinite(times).all() else None,
    )  # fmt: skip
    return [
        {
            "rater": one.rater, "persons": one.persons, **estimate("severity", one.severity),
            **estimate("drift", one.drift), **estimate("against_rest", one.against_rest), "reason": one.severity.reason,
        }
        for one in found
    ]  # fmt: skip


def _machine(rows: pd.DataFrame, scores: Floats | None, ratings: Ratings, people: People) -> Json | None:
    """The machine beside people's mean, for whom both are there; None where no score has this competency's name."""
    if scores is None:
        return None
    rows = rows[rows["place"] >= 0]
    human = rows.groupby("place")[VALUE].mean()
    places = human.index.to_numpy(np.int64)
    both = np.isfinite(scores[places])
    places, h, m = places[both], human.to_numpy()[both], scores[places][both]
    found: Json = {"n": len(h), "whole": None, "reason": None, "strata": []}
    if len(h) < SMALLEST_SAMPLE:
        return {**found, "reason": f"{len(h)} people with score and rating: fewer than {SMALLEST_SAMPLE}"}
    if ratings.scale is None and _other_scale(h, m):
        return {**found, "reason": OTHER_SCALE}
    times = rows.groupby("place")["time"].mean().reindex(places).to_numpy()
    whole = agreement(h, m, times=times if np.isfinite(times).all() else None)
    panel = _panel(rows, places)
    found["whole"] = _agreement(whole if panel is None else replace(whole, human_within=human_agreement(panel)))
    strata: dict[str, npt.NDArray[np.str_]] = {
        name: np.asarray([*labels.levels, ""])[labels.codes[places]]
        for name, labels in people.attributes.items()
        if (labels.codes[places] != UNKNOWN).any()
    }
    if np.isfinite(times).all() and times.max() >= 1:
        strata[MONTH] = np.char.zfill(np.floor(times).astype(int).astype(str), 3)
    found["strata"] = [_stratum(name, str(level), values == level, h, m) for name, values in strata.items()
                       for level in np.unique(values[values != ""])]  # fmt: skip
    return found


def _stratum(by: str, level: str, here: npt.NDArray[np.bool_], h: Floats, m: Floats) -> Json:
    few = int(here.sum()) < SMALLEST_SAMPLE
    found = None if few else _agreement(agreement(h[here], m[here]))
    return {"by": by, "stratum": str(int(level) + 1) if by == MONTH else level, "n": int(here.sum()), "found": found}


def _other_scale(h: Floats, m: Floats) -> bool:
    """Whether two columns plainly are not on one scale: nowhere overlapping, or one five times as wide."""
    ratio = np.std(h) / np.std(m) if np.std(m) > 0 else 1.0
    return bool(h.max() < m.min() or m.max() < h.min() or ratio > APART or 0 < ratio < 1 / APART)


def _panel(rows: pd.DataFrame, places: npt.NDArray[np.int64]) -> Floats | None:
    """The single ratings, shape (n, k), of those who have the most usual number of them; None where that is one."""
    kept = rows[rows["place"].isin(places)].sort_values(["place", RATER], kind="stable")
    usual = int((counts := kept.groupby("place")[VALUE].transform("size")).mode().iloc[0])
    return kept.loc[counts == usual, VALUE].to_numpy().reshape(-1, usual) if usual > 1 else None


def _agreement(found: Agreement) -> Json:
    named: Mapping[str, Estimate] = {
        "icc": found.icc, "correlation": found.correlation, "slope": found.slope, "spread_ratio": found.spread_ratio,
        "mean_difference": found.mean_difference, "lower_limit": found.limits[0], "upper_limit": found.limits[1],
        "trend": found.trend, "within": found.within, "human_within": found.human_within,
    }  # fmt: skip
    rows: Json = {"n": found.n, "points": found.points, "constant_within": found.constant_within}
    for name, value in named.items():
        rows |= estimate(name, value)
    return rows


MACHINE = (
    "icc", "correlation", "slope", "spread_ratio", "mean_difference", "lower_limit", "upper_limit", "trend",
)  # fmt: skip
STRATUM = ("mean_difference", "icc", "correlation", "slope", "spread_ratio")


def tell(found: Told, say: Say) -> Iterator[Block]:
    """Every competency: people among themselves, then the machine beside them."""
    yield Heading(2, say("agreement"), "agreement")
    yield Paragraph(say("agreement_note"), "small")
    if found["scale"]:
        low, high = (f"{end:g}" for end in found["scale"])
        yield Paragraph(say("agreement_scale", low=low, high=high), "small")
    if found["of_questions"]:
        yield Paragraph(say("agreement_of_questions", n=count_words(found["of_questions"])), "small")
    for i, one in enumerate(found["competencies"]):
        name = say("overall") if one["competency"] == OVERALL else one["competency"]
        yield Heading(3, say("rated", competency=name), f"agreement-{i}")
        counts = {key: count_words(one[key]) for key in ("persons", "raters", "ratings")}
        yield Paragraph(say("rated_counts", **counts))
        yield _reliability(name, one, say)
        if one["error"] is not None:
            errors = {"error": decimal(one["error"]), "smallest": decimal(one["smallest_difference"])}
            yield Paragraph(say("rated_error", **errors))
        if one["each"]:
            yield Fold(say("each_rater", competency=name), (_each_grid(name, one, say),))
        if one["machine"]:
            yield from _machine_blocks(name, one["machine"], say)


def _reliability(name: str, one: Told, say: Say) -> Grid:
    rows = [(row["kind"], estimate_words(row, "value")) for row in one["icc"]]
    rows.append((say("alpha"), estimate_words(one, "alpha")))
    rows.append((say("kappa", n=one["kappa_pairs"]), decimal(one["kappa"])))
    titles = tuple(say(title) for title in ("statistic", "value_interval"))
    return Grid(say("reliability_of", competency=name), titles, (False, True), tuple(rows))


def _each_grid(name: str, one: Told, say: Say) -> Grid:
    names = ("rater", "persons", "severity", "drift", "against_rest")
    rows = tuple(
        (row["rater"], count_words(row["persons"]), *(estimate_words(row, part) for part in names[2:]))
        for row in one["each"]
    )
    return Grid(say("each_rater", competency=name), tuple(say(title) for title in names), (False, *(True,) * 4), rows)


def _machine_blocks(name: str, machine: Told, say: Say) -> Iterator[Block]:
    whole = machine["whole"]
    if whole is None:
        yield Paragraph(say("machine_scale" if machine["reason"] == OTHER_SCALE else "machine_few"), "small")
        return
    gap = estimate_words(whole, "mean_difference")
    limits = {"low": decimal(whole["lower_limit"], 1), "high": decimal(whole["upper_limit"], 1)}
    yield Paragraph(say("machine_words", n=count_words(whole["n"]), gap=gap, **limits))
    machine_words = say("within_machine", points=f"{whole['points']:g}", share=share_words(whole["within"]))
    others = (("within_human", "human_within"), ("within_constant", "constant_within"))
    yield Bullets((machine_words, *(say(words, share=share_words(whole[name])) for words, name in others)))
    rows = tuple((say(f"machine_{part}"), estimate_words(whole, part)) for part in MACHINE)
    titles = tuple(say(title) for title in ("statistic", "value_interval"))
    yield Grid(say("machine_of", competency=name), titles, (False, True), rows)
    for by in dict.fromkeys(row["by"] for row in machine["strata"]):
        yield from _strata(by, [row for row in machine["strata"] if row["by"] == by], say)


def _strata(by: str, rows: list[Told], say: Say) -> Iterator[Block]:
    told = [(row["stratum"], row["found"]) for row in rows if row["found"]]
    title = say("machine_by_month" if by == MONTH else "machine_by", attribute=by)
    if told:
        mean, low, high = ("mean_difference", "mean_difference_low", "mean_difference_high")
        reach = max(1.0, *(abs(found[end] or 0.0) for _, found in told for end in (mean, low, high)))
        lines = [Strip(name, found[mean], found[low], found[high], "insufficient") for name, found in told]
        yield strips(title, lines, (-reach, reach), (0.0,), (say("machine_lower"), say("machine_higher")))
    names = ("group", "n", *(f"machine_{part}" for part in STRATUM))
    cells = tuple(
        (
            row["stratum"], count_words(row["n"]),
            *(estimate_words(row["found"], part) if row["found"] else "–" for part in STRATUM),
        )
        for row in rows
    )  # fmt: skip
    yield Grid(title, tuple(say(one) for one in names), (False, *(True,) * 6), cells)


RATINGS: Evidence[Ratings] = Evidence(
    declared("ratings"),
    read=lambda path, given: read_ratings(path, given["rating_scale"], given["whose"], given["maps"]),
    describe=lambda ratings, people, _: describe_ratings(ratings, people),
    tell=tell,
)
