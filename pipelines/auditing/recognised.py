"""Is every group understood alike: the recogniser's errors by group, as JSON. Wrong words become wrong scores."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
import pandas as pd

from vivavoce.data.problem import Problem, shorten
from vivavoce.data.table import Column, Given, Kind, Maps, Table, read_table
from vivavoce.evaluation.agreement import share
from vivavoce.evaluation.multiplicity import benjamini_hochberg
from vivavoce.evaluation.recognition import WORD, ErrorGap, ErrorRate, Interval, error_gap, word_error_rate
from vivavoce.fairness.document import finite
from vivavoce.fairness.groups import CANDIDATE, UNKNOWN, Declared, Labels
from vivavoce.features.transcript.words import UNCLEAR_BELOW
from vivavoce.pipelines.auditing.chapters import estimate_words
from vivavoce.pipelines.auditing.differences import estimate
from vivavoce.pipelines.auditing.evidence import Evidence, Found, Json, Told, declared
from vivavoce.pipelines.report.blocks import Block, Bullets, Grid, Heading, Paragraph, Say, count_words, p_words
from vivavoce.pipelines.report.plots import decimal
from vivavoce.pipelines.scoring.trust import MOST_ERROR

WORDS, ERRORS, REFERENCE, HYPOTHESIS, LANGUAGE = "words", "errors", "reference", "hypothesis", "language"
CONFIDENCE = "confidence"
RECOGNITION = (
    Column(CANDIDATE, Kind.ID, meaning="who spoke"),
    Column(REFERENCE, Kind.TEXT, meaning="what was said").optional,
    Column(HYPOTHESIS, Kind.TEXT, meaning="what was recognised").optional,
    Column(LANGUAGE, Kind.LABEL, meaning="en or zh").optional,
    Column(WORDS, Kind.INTEGER, low=1, meaning="how many words were said").optional,
    Column(ERRORS, Kind.INTEGER, low=0, meaning="how many were recognised wrongly").optional,
    Column(CONFIDENCE, Kind.NUMBER, low=0, high=1, meaning="the recogniser's own, of that answer").optional,
)
LEAST = 10  # people of a group: fewer voices say nothing about a group's
COUNTS = 0.03  # three more wrong words in a hundred; careful transcribers differ among themselves by four to six
ALPHA = 0.05


@dataclass(frozen=True)
class Recognised:
    """Recognition errors by person, recordings pooled; ``answers`` are single ones, where their confidence is known."""

    table: Table
    persons: Mapping[str, ErrorRate]
    answers: tuple["Heard", ...] = ()


@dataclass(frozen=True)
class Heard:
    """One answer: who spoke, the share of words heard wrongly, and the recogniser's confidence, 0–1."""

    candidate: str
    error: float
    confidence: float


def read_recognised(given: Given, maps: Maps | None = None) -> Recognised:
    """Read what was said and what was recognised, several rows of a person pooled.

    Parameters
    ----------
    given
        ``candidate_id`` with ``reference, hypothesis`` (and ``language``, ``en`` or ``zh``, English where it is not
        said), or with ``words, errors`` counted elsewhere; ``confidence`` beside either.
    maps
        What the user calls these columns.

    Raises
    ------
    TableRefused
        For missing columns or ids, counts that are none, unknown languages, and references without a word.
    """
    table = read_table(given, RECOGNITION, checks=[_recordings], maps=maps, called="recognition")
    frame = table.frame
    if REFERENCE in frame and HYPOTHESIS in frame:
        languages = frame[LANGUAGE].fillna("en") if LANGUAGE in frame else pd.Series("en", frame.index)
        texts = zip(frame[REFERENCE], frame[HYPOTHESIS].fillna(""), languages, strict=True)
        rates = [word_error_rate(said, heard, language) for said, heard, language in texts]
    else:  # which kind of error each was is not known, and does not matter to the rate
        rates = [ErrorRate(int(e), 0, 0, int(w)) for w, e in zip(frame[WORDS], frame[ERRORS], strict=True)]
    persons: dict[str, list[ErrorRate]] = {}
    for candidate, rate in zip(frame[CANDIDATE], rates, strict=True):
        persons.setdefault(str(candidate), []).append(rate)
    pooled = {name: reduce(add, recordings) for name, recordings in persons.items()}
    given_confidence = frame[CONFIDENCE] if CONFIDENCE in frame else pd.Series(np.nan, frame.index)
    answers = zip(frame[CANDIDATE], rates, given_confidence, strict=True)
    return Recognised(table, pooled, tuple(Heard(str(a), b.value, float(c)) for a, b, c in answers if not np.isnan(c)))


def _recordings(table: Table) -> list[Problem]:
    """Columns of neither kind, languages that are not read, and references without a word."""
    frame = table.frame
    if not (REFERENCE in frame and HYPOTHESIS in frame):
        if WORDS in frame and ERRORS in frame:
            remedy = "Write how many words were said (1 or more) and how many errors there were, whole numbers."
            return [
                table.problem(int(row), name, "nothing", remedy)
                for name in (WORDS, ERRORS)
                for row in np.flatnonzero(frame[name].isna())
            ]
        remedy = "Add the columns 'reference' and 'hypothesis', or 'words' and 'errors'."
        return [Problem("header", shorten(", ".join(map(str, frame))), remedy)]
    languages = frame[LANGUAGE].fillna("en") if LANGUAGE in frame else pd.Series("en", frame.index)
    problems = []
    for row, (said, language) in enumerate(zip(frame[REFERENCE].fillna(""), languages, strict=True)):
        if language not in WORD:
            problems.append(table.problem(row, LANGUAGE, shorten(language), f"Write {' or '.join(WORD)}."))
        elif not word_error_rate(said, "", language).reference:
            problems.append(table.problem(row, REFERENCE, "no word", "Write what was said, or leave the row out."))
    return problems


def describe_recognised(recognised: Recognised, groups: Declared, named: Mapping[str, str]) -> Json:
    """Error rates of every group and their gap to the largest group or the one named; exploratory.

    Parameters
    ----------
    recognised
        As read.
    groups, named
        Declared groups, and whom to compare with, by attribute.
    """
    ids = pd.Series(list(recognised.persons), dtype="string")
    rates = list(recognised.persons.values())
    places = groups.places(ids)
    speakers = groups.places(pd.Series([one.candidate for one in recognised.answers], dtype="string"))
    rows, unknown, trusted = [], {}, []
    for attribute in groups.attributes:
        if recognised.answers:
            trusted += _trusted(attribute, groups.labels(speakers, attribute), recognised.answers)
        labels = groups.labels(places, attribute)
        members = {
            level: [rate for rate, code in zip(rates, labels.codes, strict=True) if code == k]
            for k, level in enumerate(labels.levels)
        }
        unknown[attribute] = int((labels.codes == UNKNOWN).sum())
        rows += _attribute(attribute, members, named.get(attribute)) if members else []
    _adjust(rows)
    return {"family": "exploratory", "people": len(rates), "unknown": unknown, "rows": rows, "trusted": trusted}


def _trusted(attribute: str, labels: Labels, answers: Sequence[Heard]) -> list[Json]:
    """What one line of confidence, the same for all, does to each group: good words refused, bad ones believed."""
    wrong = np.array([one.error for one in answers]) > MOST_ERROR
    believed = np.array([one.confidence for one in answers]) >= UNCLEAR_BELOW
    rows = []
    for code, level in enumerate(labels.levels):
        well, badly = (labels.codes == code) & ~wrong, (labels.codes == code) & wrong
        rows.append(
            {
                "attribute": attribute, "group": level, "well": int(well.sum()), "badly": int(badly.sum()),
                **estimate("false_abstention", share(~believed[well])),
                **estimate("false_acceptance", share(believed[badly])),
            }
        )  # fmt: skip
    return rows


def _attribute(attribute: str, members: Mapping[str, Sequence[ErrorRate]], named: str | None) -> list[Json]:
    sizes = {level: len(rates) for level, rates in members.items()}
    reference = named if named is not None and named in members else max(sizes, key=lambda level: sizes[level])
    return [{"attribute": attribute, "reference": reference, **_row(members, level, reference)} for level in members]


def _row(members: Mapping[str, Sequence[ErrorRate]], level: str, reference: str) -> Json:
    first, second = members[reference], members[level]
    row: Json = {"group": level, "n": len(second), "words": sum(rate.reference for rate in second), "q": None}
    found: ErrorGap = error_gap(first, second, lambda errors: errors.value)
    row |= _interval("rate", found.second)
    if level == reference or min(len(first), len(second)) < LEAST:
        blank = Interval(float("nan"), float("nan"), float("nan"))
        alone = level == reference
        row |= {**_interval("gap", blank), "p": None, "verdict": None if alone else "insufficient"}
        return {**row, "why": "reference" if alone else "few_voices"}
    return {
        **row,
        **_interval("gap", found.gap),
        "p": finite(found.p),
        "verdict": "insufficient",
        "why": "heard_unclear",
    }


def _interval(name: str, found: Interval) -> Json:
    ends = zip(("", "_low", "_high"), (found.value, found.low, found.high), strict=True)
    return {f"{name}{end}": finite(value) for end, value in ends}


def _adjust(rows: Sequence[Json]) -> None:
    """Control false discoveries over all groups, then give verdicts."""
    tested = [row for row in rows if row["p"] is not None]
    for row, q in zip(tested, benjamini_hochberg(np.array([row["p"] for row in tested])), strict=True):
        row["q"] = float(q)
        if q < ALPHA and abs(row["gap"]) >= COUNTS:
            row.update(verdict="finding", why="heard_worse" if row["gap"] > 0 else "heard_better")
        elif row["gap_low"] > -COUNTS and row["gap_high"] < COUNTS:
            row.update(verdict="ok", why="heard_alike")


def judge(recognition: Json) -> list[Found]:
    """Groups that are recognised worse or better; size and interval are the gap in shares of words."""
    return [
        Found(
            row["attribute"],
            row["group"],
            row["reference"],
            row["gap"],
            (row["gap_low"], row["gap_high"]),
            {name: row[name] for name in ("n", "words", "rate", "p", "q")},
        )
        for row in recognition["rows"]
        if row["verdict"] == "finding"
    ]


def tell(recognition: Told, say: Say) -> Iterator[Block]:
    """Whether every group is understood alike."""
    yield Heading(2, say("recognition"), "recognition")
    yield Paragraph(say("recognition_note", n=count_words(recognition["people"])), "small")
    for i, attribute in enumerate(dict.fromkeys(row["attribute"] for row in recognition["rows"])):
        rows = [row for row in recognition["rows"] if row["attribute"] == attribute]
        yield Heading(3, say("by", attribute=attribute), f"recognition-{i}")
        words = tuple(_heard(row, say) for row in rows if row["verdict"] == "finding")
        yield Bullets(words) if words else Paragraph(say("recognition_none"))
        names = ("group", "n", "words", "error_rate", "error_gap", "p_gap", "adjusted", "verdict_column", "why_column")
        cells = tuple(
            (
                row["group"], count_words(row["n"]), count_words(row["words"]),
                *(estimate_words(row, name) for name in ("rate", "gap")), p_words(row["p"]), p_words(row["q"]),
                "–" if row["verdict"] is None else say("verdict_" + row["verdict"]), say(row["why"]),
            )
            for row in rows
        )  # fmt: skip
        verdicts = tuple(row["verdict"] or "" for row in rows)
        caption = say("recognition_by", attribute=attribute, reference=rows[0]["reference"])
        numeric = (False, *(True,) * 6, False, False)
        yield Grid(caption, tuple(say(name) for name in names), numeric, cells, verdicts, why_last=True)
        if trusted := [row for row in recognition.get("trusted", ()) if row["attribute"] == attribute]:
            ends = ("false_abstention", "false_acceptance")
            titles = tuple(say(name) for name in ("group", "well", ends[0], "badly", ends[1]))
            told = tuple(
                (row["group"], count_words(row["well"]), estimate_words(row, ends[0]), count_words(row["badly"]),
                 estimate_words(row, ends[1]))
                for row in trusted
            )  # fmt: skip
            yield Grid(say("trusted_by", attribute=attribute), titles, (False, *(True,) * 4), told)


def _heard(row: Told, say: Say) -> str:
    """Plain words of a gap: wrong words in a hundred."""
    gap, low, high = (100 * row[f"gap{end}"] for end in ("", "_low", "_high"))
    if gap < 0:
        gap, low, high = -gap, -high, -low
    values = {"group": row["group"], "reference": row["reference"], "gap": decimal(gap, 1)}
    return say("said_" + row["why"], **values, low=decimal(low, 1), high=decimal(high, 1))


RECOGNISED: Evidence[Recognised] = Evidence(
    declared("recognised"),
    read=lambda path, given: read_recognised(path, given["maps"]),
    describe=lambda heard, people, _: describe_recognised(heard, people.groups, people.comparators),
    tell=tell,
    judge=judge,
)
