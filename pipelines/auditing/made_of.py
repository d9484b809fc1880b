"""What a score must not be made of: who somebody is, how long they spoke, how well they were recorded. As JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vivavoce.data.cells import read_numbers
from vivavoce.data.problem import Problem, shorten
from vivavoce.data.table import Column, Given, Kind, Maps, Table, read_table
from vivavoce.evaluation.estimate import Estimate
from vivavoce.evaluation.multiplicity import benjamini_hochberg
from vivavoce.fairness.document import finite
from vivavoce.fairness.groups import CANDIDATE, UNKNOWN, Labels
from vivavoce.fairness.leakage import Predictability, group_predictabilities, judge_area, score_predictability
from vivavoce.pipelines.auditing.chapters import estimate_words
from vivavoce.pipelines.auditing.differences import estimate
from vivavoce.pipelines.auditing.evidence import Evidence, Found, Json, Told, declared
from vivavoce.pipelines.auditing.scores import JOB, People
from vivavoce.pipelines.report.blocks import (
    Block,
    Bullets,
    Grid,
    Heading,
    Paragraph,
    Say,
    count_words,
    p_words,
    share_words,
)
from vivavoce.pipelines.report.plots import Strip, decimal, strips

EVERYTHING, RECORDING, LENGTH = "everything", "recording", "length"
NOT_MEASURED = frozenset((CANDIDATE, JOB, "interview_id", "question_id", "language", "asr_engine", "purposes"))
ANSWERS = (
    Column(CANDIDATE, Kind.ID, filled=False, meaning="whose answer it is"),
    Column(JOB, Kind.LABEL, meaning="for which job family").optional,
    Column("start_s", Kind.NUMBER, meaning="where it begins, s").optional,
    Column("end_s", Kind.NUMBER, meaning="where it ends, s").optional,
)
START, END, SECONDS = "start_s", "end_s", "answer.seconds"
LONG = "language.length_"  # the measures that count words or characters
ALONE = {RECORDING: 0.1, LENGTH: 0.5}  # correlation with the score that counts: a hundredth of it, a quarter of it
ALPHA = 0.05
OWN_WORDS = (EVERYTHING, LENGTH, RECORDING)  # families with a name in words; others go by their own

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """Features as read: each person's mean over their answers (of one job, where the table says which), by family.

    A column stands in its family (``language``, ``prosody``, ``face``); columns about the recording are a family of
    their own, and so is the answers' length, whose columns stand in their family too.
    """

    table: Table
    frame: pd.DataFrame
    families: Mapping[str, tuple[str, ...]]
    by_job: bool


def read_measured(given: Given, maps: Maps | None = None) -> Measured:
    """Read features: ``features.parquet``, or any table whose measures are called ``family.measure``.

    Raises
    ------
    TableRefused
        For a table that has no ``candidate_id``, or no column of numbers named ``family.measure``.
    """
    table = read_table(given, ANSWERS, maps=maps, called="features")
    frame = table.frame
    families = _families(table)
    if not families:
        remedy = "Add columns of numbers named family.measure, as prosody.rate_per_s."
        table.refuse([Problem("header", shorten(", ".join(map(str, frame.columns))), remedy)])
    if START in frame and END in frame:
        frame = frame.assign(**{SECONDS: frame[END] - frame[START]})
        families = {**families, LENGTH: (*families.get(LENGTH, ()), SECONDS)}
    key = [CANDIDATE, *([JOB] if JOB in frame.columns else [])]
    columns = list(dict.fromkeys(name for names in families.values() for name in names))
    measures = {name: frame[name] if name == SECONDS else table.numbers(name, optional=True) for name in columns}
    whole = frame[key].fillna("").assign(**measures)
    means = whole[whole[CANDIDATE] != ""].groupby(key)[columns].mean().reset_index()
    return Measured(table, means.replace([np.inf, -np.inf], np.nan), families, JOB in key)


def _families(table: Table) -> dict[str, tuple[str, ...]]:
    """Columns of numbers by family; ``everything`` is what may be scored."""
    found: dict[str, list[str]] = {}
    for column in map(str, table.frame.columns):
        if column in NOT_MEASURED or "." not in column or not _is_numeric(table, column):
            continue
        of_recording = table.metadata.get(column, {}).get(b"quality") == b"true"
        names = [RECORDING] if of_recording else [column.partition(".")[0], EVERYTHING]
        for name in (*names, *([LENGTH] if column.startswith(LONG) else [])):
            found.setdefault(name, []).append(column)
    single = sorted(set(found) - {*ALONE, EVERYTHING})
    return {name: tuple(found[name]) for name in (*single, *ALONE, EVERYTHING) if name in found}


def _is_numeric(table: Table, name: str) -> bool:
    """By its type; in text, by its cells."""
    cells = table.frame[name]
    if pd.api.types.is_bool_dtype(cells):
        return False
    return pd.api.types.is_numeric_dtype(cells) or not read_numbers(cells, comma=None)[1]


def describe_made_of(measured: Measured, people: People) -> Json:
    """Every family against every declared group (members against everybody else), and against the score.

    Exploratory, under false-discovery control over all of it.
    """
    frame = measured.frame
    places = people.groups.places(frame[CANDIDATE])
    attributes = {name: people.groups.labels(places, name) for name in people.groups.attributes}
    score = _scores(measured, people)
    tables = [frame[list(columns)].to_numpy(np.float64) for columns in measured.families.values()]
    told = [_groups(tables, one, labels) for one, labels in attributes.items()]  # by attribute, family, group
    families = [
        {
            "features": name,
            "columns": list(columns),
            "groups": [row for by_family in told for row in by_family[i]],
            "score": _score(tables[i], score),
        }
        for i, (name, columns) in enumerate(measured.families.items())
    ]
    _verdicts(families)
    return {"family": "exploratory", "people": int(frame[CANDIDATE].nunique()), "families": families}


def judge(made_of: Json) -> list[Found]:
    """Families of features that give a group away; size and interval are areas."""
    return [
        Found(
            row["attribute"], row["group"], None, row["area"], (row["area_low"], row["area_high"]),
            {"n": row["n"], "others": row["others"], "p": row["p"], "q": row["q"]},
            names={"features": family["features"]},
        )
        for family in made_of["families"]
        for row in family["groups"]
        if row["verdict"] == "finding"
    ]  # fmt: skip


def _groups(tables: Sequence[Floats], attribute: str, labels: Labels) -> list[list[Json]]:
    """By family: each group of an attribute against everybody else who declared one; of two the second says it all."""
    known = labels.codes != UNKNOWN
    measured = [table[known] for table in tables]
    levels = range(len(labels.levels)) if len(labels.levels) != 2 else [1]
    rows: list[list[Json]] = [[] for _ in tables]
    for code in levels if len(labels.levels) > 1 else []:
        for own, found in zip(rows, group_predictabilities(measured, labels.codes[known] == code), strict=True):
            n, members = found.n
            counts = {"attribute": attribute, "group": labels.levels[code], "n": members, "others": n - members}
            own.append({**counts, **_found("area", found)})
    return rows


def _score(x: Floats, score: Floats) -> Json:
    here = np.isfinite(score)
    found = score_predictability(x[here], score[here])
    return {"n": int(here.sum()), **_found("correlation", found)}


def _found(name: str, found: Predictability) -> Json:
    value: Estimate = found.value
    blank = {"q": None, "verdict": "insufficient", "reason": value.reason}
    return {**estimate(name, value), "p": finite(found.p), **blank}


def _scores(measured: Measured, people: People) -> Floats:
    """Each row's score in standard deviations of its job, since jobs have their own scales; ``nan`` where none."""
    scores = people.scores
    frame = measured.frame
    if scores.scores is None:
        return np.full(len(frame), np.nan)
    by_job = measured.by_job and scores.jobs is not None
    jobs = scores.jobs.fillna("") if scores.jobs is not None else pd.Series("", scores.candidates.index)
    table = pd.DataFrame({CANDIDATE: scores.candidates.astype(str), JOB: jobs.astype(str), "score": scores.scores})
    within = table.groupby(JOB)["score"]
    table["score"] = (table["score"] - within.transform("mean")) / within.transform("std")
    key = [CANDIDATE, JOB] if by_job else [CANDIDATE]
    mean = table.groupby(key)["score"].mean()
    wanted = pd.MultiIndex.from_frame(frame[key]) if by_job else pd.Index(frame[CANDIDATE])
    return np.asarray(mean.reindex(wanted).to_numpy(), np.float64)


def _verdicts(families: Sequence[Json]) -> None:
    """Control false discoveries over everything looked at, then give verdicts."""
    groups = [row for family in families for row in family["groups"]]
    alone = [family["score"] for family in families if family["features"] in ALONE]
    tested = [row for row in (*groups, *alone) if row["p"] is not None]
    for row, q in zip(tested, benjamini_hochberg([row["p"] for row in tested]), strict=True):
        row["q"] = float(q)
    for row in groups:
        if row["q"] is not None:
            low, high = (value if value is not None else row["area"] for value in (row["area_low"], row["area_high"]))
            row["verdict"] = judge_area(Estimate(row["area"], low, high), row["q"])
    for family in families:
        row, least = family["score"], ALONE.get(family["features"])
        if least is None or row["q"] is None:
            row["verdict"] = None
            continue
        beyond = row["q"] < ALPHA and row["correlation"] >= least
        row["verdict"] = "finding" if beyond else "ok" if row["correlation_high"] < least else "insufficient"


def tell(made_of: Told, say: Say) -> Iterator[Block]:
    """Whom features give away, and what length and recording alone make of the score."""
    yield Heading(2, say("made_of"), "made-of")
    yield Paragraph(say("made_of_note", n=count_words(made_of["people"])), "small")
    yield Paragraph(say("on_paper"), "paper small")
    rows = [(family["features"], row) for family in made_of["families"] for row in family["groups"]]
    for i, attribute in enumerate(dict.fromkeys(row["attribute"] for _, row in rows)):
        yield Heading(3, say("by", attribute=attribute), f"made-of-{i}")
        yield from _attribute(attribute, [(name, row) for name, row in rows if row["attribute"] == attribute], say)
    scores = [(family["features"], family["score"]) for family in made_of["families"] if family["score"]["n"]]
    if scores:
        yield Heading(3, say("alone"), "alone")
        yield Paragraph(say("alone_note"), "small")
        told = tuple(_alone(name, row, say) for name, row in scores if row["verdict"])
        if told:
            yield Bullets(told)
        yield _scores_grid(scores, say)


def _family_words(name: str, say: Say) -> str:
    """A family's name, in words where it has some."""
    return say("family_" + name) if name in OWN_WORDS else name


def _attribute(attribute: str, rows: list[tuple[str, Told]], say: Say) -> Iterator[Block]:
    several = len({row["group"] for _, row in rows}) > 1
    lines = []
    for name, row in rows:
        label = f"{_family_words(name, say)}: {row['group']}" if several else _family_words(name, say)
        lines.append(Strip(label, row["area"], row["area_low"], row["area_high"], row["verdict"]))
    title = say("strips_made_of", attribute=attribute)
    yield strips(title, lines, (0.4, 1.0), (0.5,), (say("guessing"), say("always")))
    found = tuple(_words(name, row, say) for name, row in rows if row["verdict"] == "finding")
    yield Bullets(found) if found else Paragraph(say("made_of_none"))
    names = ("features", "group", "n", "others", "area", "p_permutation", "adjusted", "verdict_column")
    cells = tuple(
        (
            _family_words(name, say), row["group"], count_words(row["n"]), count_words(row["others"]),
            estimate_words(row, "area"), p_words(row["p"]), p_words(row["q"]), say("verdict_" + row["verdict"]),
        )
        for name, row in rows
    )  # fmt: skip
    verdicts = tuple(row["verdict"] for _, row in rows)
    titles = tuple(say(name) for name in names)
    caption = say("made_of_by", attribute=attribute)
    yield Grid(caption, titles, (False, False, *(True,) * 5, False), cells, verdicts, searched=True)


def _words(name: str, row: Told, say: Say) -> str:
    pairs, low, high = (
        decimal(None if row[f"area{end}"] is None else 100 * row[f"area{end}"], 0) for end in ("", "_low", "_high")
    )
    return say("given_away", features=_family_words(name, say), group=row["group"], pairs=pairs, low=low, high=high)


def _alone(name: str, row: Told, say: Say) -> str:
    share = None if row["correlation"] is None else max(row["correlation"], 0.0) ** 2
    values = {"features": _family_words(name, say), "correlation": estimate_words(row, "correlation")}
    told = say("alone_" + row["verdict"], **values, share=share_words(share))
    return told[0].upper() + told[1:]


def _scores_grid(rows: list[tuple[str, Told]], say: Say) -> Grid:
    cells = tuple(
        (
            _family_words(name, say), count_words(row["n"]), estimate_words(row, "correlation"), p_words(row["p"]),
            "–" if row["verdict"] is None else say("verdict_" + row["verdict"]),
        )
        for name, row in rows
    )  # fmt: skip
    titles = tuple(say(name) for name in ("features", "n", "held_out", "p_permutation", "verdict_column"))
    verdicts = tuple(row["verdict"] or "" for _, row in rows)
    return Grid(say("alone_caption"), titles, (False, True, True, True, False), cells, verdicts)


MADE_OF: Evidence[Measured] = Evidence(
    declared("made_of"),
    read=lambda path, given: read_measured(path, given["maps"]),
    describe=lambda measured, people, _: describe_made_of(measured, people),
    tell=tell,
    judge=judge,
)
