"""Question by question: does one of them treat equally able people of two groups differently. Read, judged, as JSON.

What the report says of single questions: which of them treats equally able people differently.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vivavoce.data.table import Column, Given, Kind, Maps, Table, read_table
from vivavoce.evaluation.effect import difference
from vivavoce.evaluation.estimate import Estimate
from vivavoce.evaluation.multiplicity import benjamini_hochberg
from vivavoce.fairness.document import finite
from vivavoce.fairness.functioning import ANCHORS, ETS, LEAST, MODERATE, Functioning, Question, question_functioning
from vivavoce.fairness.groups import CANDIDATE, UNKNOWN, Declared
from vivavoce.pipelines.auditing.chapters import estimate_words
from vivavoce.pipelines.auditing.differences import estimate
from vivavoce.pipelines.auditing.evidence import Evidence, Found, Json, Told, declared
from vivavoce.pipelines.auditing.scores import JOB, SCORE
from vivavoce.pipelines.report.blocks import Block, Bullets, Grid, Heading, Paragraph, Say, Screen, count_words, p_words
from vivavoce.pipelines.report.plots import Strip, decimal, strips

QUESTION = "question_id"
ANSWERED = (
    Column(CANDIDATE, Kind.ID, meaning="who answered"),
    Column(QUESTION, Kind.ID, meaning="which question"),
    Column(SCORE, Kind.NUMBER, filled=False, meaning="the answer's score; empty where there is no answer"),
    Column(JOB, Kind.LABEL, required=False, meaning="for which job family"),
)
FEWEST = ANCHORS + 1  # questions: two that match people, and one that is looked at
ASKED_OF = 0.5  # share of a job's people: a question that fewer were asked would leave hardly anybody complete
ALPHA = 0.05  # false-discovery rate over all questions, groups and jobs


@dataclass(frozen=True)
class QuestionScores:
    """Scores as read, one row per person, question and job (empty where the file names none)."""

    table: Table
    frame: pd.DataFrame


def read_questions(given: Given, maps: Maps | None = None) -> QuestionScores:
    """Read ``candidate_id, question_id, score`` and, where there, ``job``; an empty score is no answer.

    Raises
    ------
    TableRefused
        For missing columns, empty ids, scores that are no numbers, and questions that stand twice for a person.
    """
    table = read_table(given, ANSWERED, key=(CANDIDATE, JOB, QUESTION), maps=maps, called="questions")
    whole = table.frame if JOB in table.frame else table.frame.assign(**{JOB: ""})
    return QuestionScores(table, whole.dropna(subset=[SCORE]))


def describe_questions(questions: QuestionScores, groups: Declared, named: Mapping[str, str]) -> Json:
    """Every question of every job, every group against the largest or the one named; exploratory.

    Parameters
    ----------
    questions
        As read. People who lack one of a job's questions are left out and counted, and so are questions that fewer than
        half of its people were asked.
    groups, named
        Declared groups, and whom to compare with, by attribute.
    """
    jobs = [_job(str(job), rows, groups, named) for job, rows in questions.frame.groupby(JOB, sort=True)]
    _adjust([row for job in jobs for row in _rows(job)])
    return {"family": "exploratory", "jobs": jobs}


def judge(questions: Json) -> list[Found]:
    """Questions that treat equally able people differently; size and interval are odds ratios."""
    names = ("delta", "effect", "uniform_p", "nonuniform_p", "share", "adjusted_p", "q", "kind")
    return [
        Found(
            entry["attribute"], group["group"], entry["reference"], row["odds"],
            (_odds(row["uniform_low"]), _odds(row["uniform_high"])), {name: row[name] for name in names},
            f"{JOB} = {job['job']}" if job["job"] else None, {"question": row["question"]},
        )
        for job in questions["jobs"]
        for entry in job["attributes"]
        for group in entry["groups"]
        for row in group["questions"]
        if row["verdict"] == "finding"
    ]  # fmt: skip


def _odds(log_odds: float | None) -> float | None:
    return None if log_odds is None else finite(math.exp(log_odds))


def _job(job: str, rows: pd.DataFrame, groups: Declared, named: Mapping[str, str]) -> Json:
    """One job's people × questions, complete, and what every attribute says."""
    table = rows.pivot(index=CANDIDATE, columns=QUESTION, values=SCORE)
    seldom = table.columns[table.notna().mean() < ASKED_OF]
    kept = table.drop(columns=seldom)
    whole = kept.dropna()
    constant = kept.columns[whole.nunique() < 2] if len(whole) else kept.columns[:0]
    whole = whole.drop(columns=constant)
    found: Json = {
        "job": job or None,
        "people": len(whole),
        "incomplete": len(kept) - len(whole),
        "not_examined": {str(name): "asked_of_few" for name in seldom} | {str(name): "constant" for name in constant},
        "attributes": [],
    }
    places = groups.places(pd.Series(whole.index))
    for attribute in groups.attributes:
        labels = groups.labels(places, attribute)
        known = labels.codes != UNKNOWN
        if len(labels.levels) > 1:
            declared = np.asarray(labels.levels)[labels.codes[known]]
            found["attributes"].append(_attribute(attribute, whole[known], declared, named.get(attribute)))
    return found


def _attribute(name: str, table: pd.DataFrame, groups: "npt.NDArray[np.str_]", named: str | None) -> Json:
    levels, sizes = np.unique(groups, return_counts=True)
    reference = named if named is not None and named in levels else str(levels[np.argmax(sizes)])
    rows = [_group(table, groups, reference, str(level)) for level in levels if level != reference]
    return {"attribute": name, "reference": reference, "groups": rows}


def _group(table: pd.DataFrame, groups: "npt.NDArray[np.str_]", reference: str, focal: str) -> Json:
    """One group against the reference, or why that cannot be said."""
    here = np.isin(groups, (reference, focal))
    scores, labels = table[here], groups[here]
    sizes = {one: int((labels == one).sum()) for one in (reference, focal)}
    found: Json = {"group": focal, "n": sizes[focal], "n_reference": sizes[reference], "reliability": None}
    found |= {"settled": None, "left_out": [], "questions": [], "why": None}
    if table.shape[1] < FEWEST:
        return {**found, "why": "few_questions"}
    if min(sizes.values()) < LEAST:
        return {**found, "why": "few_people"}
    if (scores.nunique() < 2).any():
        return {**found, "why": "constant_here"}
    names = [str(name) for name in scores.columns]
    result = question_functioning(scores.to_numpy(), labels, reference=reference, focal=focal, names=names)
    return {
        **found,
        "reliability": finite(result.reliability),
        "settled": result.settled,
        "left_out": list(result.left_out),
        "questions": [
            {**_question(one, result), **estimate("d", _apart(scores[one.question], labels, reference, focal))}
            for one in result.questions
        ],
    }


def _apart(scores: "pd.Series[Any]", labels: "npt.NDArray[np.str_]", reference: str, focal: str) -> Estimate:
    """How far apart the groups score on a question as they are, true differences in ability included: Cohen's d."""
    values = scores.to_numpy(np.float64)
    return difference(values[labels == reference], values[labels == focal]).d


def _question(one: Question, result: Functioning) -> Json:
    uniform: Estimate = one.uniform
    return {
        "question": one.question,
        "odds": finite(one.odds),
        "delta": finite(one.delta),
        "effect": one.size,
        "mantel_p": finite(one.mantel_p),
        **estimate("uniform", uniform),
        "uniform_p": finite(one.uniform_p),
        "nonuniform_p": finite(one.nonuniform_p),
        "share": finite(one.share),
        "adjusted_p": finite(one.adjusted_p),
        "q": None,
        "kind": _kind(one),
        "matches": one.question not in result.left_out,
        "verdict": one.verdict,
        "reason": one.reason,
    }


def _kind(one: Question) -> str:
    """Which of the two tests speaks louder; ``uniform`` shifts everybody, ``nonuniform`` changes with ability."""
    if math.isnan(one.adjusted_p):
        return "unknown"
    return "nonuniform" if one.nonuniform_p < one.uniform_p else "uniform"


def _rows(job: Json) -> list[Json]:
    return [row for entry in job["attributes"] for group in entry["groups"] for row in group["questions"]]


def _adjust(rows: list[Json]) -> None:
    """Benjamini-Hochberg over everything compared; a finding that does not survive it is insufficient."""
    tested = [row for row in rows if row["uniform_p"] is not None and row["nonuniform_p"] is not None]
    smaller = np.array([min(2 * min(row["uniform_p"], row["nonuniform_p"]), 1.0) for row in tested])
    for row, q in zip(tested, benjamini_hochberg(smaller), strict=True):
        row["q"] = float(q)
        if row["verdict"] == "finding" and q >= ALPHA:
            row.update(
                verdict="insufficient", reason=f"stands out alone, not among the {len(tested)} questions compared"
            )


REACH = 2.0  # log odds shown to each side: odds of 7.4 to 1
NEGLIGIBLE = MODERATE / ETS  # log odds: size A ends here


def tell(questions: Told, say: Say) -> Iterator[Block]:
    """Every job's questions, group by group."""
    yield Heading(2, say("questions"), "questions")
    yield Paragraph(say("questions_note"), "small")
    yield Paragraph(say("on_paper"), "paper small")
    for i, job in enumerate(questions["jobs"]):
        if job["job"]:
            yield Heading(3, say("question_job", job=job["job"]), f"questions-{i}")
        yield Paragraph(
            say("questions_people", n=count_words(job["people"]), out=count_words(job["incomplete"])), "small"
        )
        if job["not_examined"]:
            names = ", ".join(f"{name} ({say(why)})" for name, why in job["not_examined"].items())
            yield Paragraph(say("questions_not_examined", names=names), "small")
        verdicts = [
            row["verdict"] for entry in job["attributes"] for one in entry["groups"] for row in one["questions"]
        ]
        if "finding" not in verdicts:
            yield Paragraph(say("questions_none"), "paper")
        for entry in job["attributes"]:
            for group in entry["groups"]:
                yield from _group_blocks(entry, group, say)


def _group_blocks(entry: Told, group: Told, say: Say) -> Iterator[Block]:
    title = say("questions_by", attribute=entry["attribute"], group=group["group"], reference=entry["reference"])
    if group["why"]:
        yield Paragraph(f"{title}: {say('questions_' + group['why'])}", "small")
        return
    rows = group["questions"]
    found = [row for row in rows if row["verdict"] == "finding"]
    names = ", ".join(row["question"] for row in found)
    picture = strips(
        say("strips_questions", title=title, names=names or say("none")),
        [_strip(row) for row in rows],
        (-REACH, REACH),
        (-NEGLIGIBLE, NEGLIGIBLE),
        (say("favours", group=group["group"]), say("favours", group=entry["reference"])),
    )
    unsettled = () if group["settled"] else (Paragraph(say("questions_unsettled"), "insufficient"),)
    grid = _grid(title, rows, group["reliability"], say)
    if found:
        words = tuple(_words(row, entry["reference"], group["group"], say) for row in found)
        yield from (picture, Bullets(words), *unsettled, grid)
    else:
        yield Screen((picture, Paragraph(say("questions_none")), *unsettled, grid))


def _strip(row: Told) -> Strip:
    return Strip(row["question"], row["uniform"], row["uniform_low"], row["uniform_high"], row["verdict"])


def _words(row: Told, reference: str, group: str, say: Say) -> str:
    """Plain words of a finding: at equal ability, who scores higher, and by which odds."""
    if row["kind"] == "nonuniform":
        return say("question_nonuniform", question=row["question"], group=group, reference=reference)
    odds = row["odds"]
    if odds is None or odds == 0:
        return say("question_apart", question=row["question"], group=group, reference=reference)
    better, worse = (reference, group) if odds > 1 else (group, reference)
    strength = say("effect_" + row["effect"])
    shown = decimal(max(odds, 1 / odds), 1)
    return say("question_finding", question=row["question"], better=better, worse=worse, odds=shown, strength=strength)


def _grid(title: str, rows: Sequence[Told], reliability: float | None, say: Say) -> Grid:
    names = (
        "question", "d_as_scored", "odds_ratio", "delta", "effect", "uniform", "uniform_p", "nonuniform_p", "explained",
        "adjusted", "verdict_column",
    )  # fmt: skip
    cells = tuple(
        (
            row["question"] if row["matches"] else f"{row['question']} *",
            estimate_words(row, "d"), decimal(row["odds"]), decimal(row["delta"]),
            row["effect"], estimate_words(row, "uniform"), p_words(row["uniform_p"]), p_words(row["nonuniform_p"]),
            decimal(row["share"], 3), p_words(row["q"]), say("verdict_" + row["verdict"]),
        )
        for row in rows
    )  # fmt: skip
    numeric = (False, True, True, True, False, *(True,) * 5, False)
    caption = say("questions_caption", title=title, reliability=decimal(reliability))
    verdicts = tuple(row["verdict"] for row in rows)
    return Grid(caption, tuple(say(name) for name in names), numeric, cells, verdicts, searched=True)


QUESTIONS: Evidence[QuestionScores] = Evidence(
    declared("questions"),
    read=lambda path, given: read_questions(path, given["maps"]),
    describe=lambda scores, people, _: describe_questions(scores, people.groups, people.comparators),
    tell=tell,
    judge=judge,
)
