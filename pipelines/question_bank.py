"""``viva fair questions``: scores by question in; what each measures, and which to keep, rephrase or drop, out."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vivavoce.data.errors import Exit
from vivavoce.data.framework import load_framework
from vivavoce.data.problem import Problem
from vivavoce.data.table import InputRefused, Source
from vivavoce.fairness.document import finite
from vivavoce.fairness.gate.evidence import interval
from vivavoce.fairness.groups import CANDIDATE, read_groups
from vivavoce.fairness.question_bank import Banked, Suggestion, judge_questions
from vivavoce.pipelines.auditing.outcomes import CRITERION, VALUE, read_outcomes
from vivavoce.pipelines.auditing.questions import QUESTION, read_questions
from vivavoce.pipelines.auditing.scores import JOB, SCORE
from vivavoce.pipelines.door import Data, Map, Place, folder_for, front_door, maps_of
from vivavoce.pipelines.terminal import Told, keep, say

FEWEST = 3  # questions that can be compared with one another
COLOURS = {Suggestion.KEEP: "green", Suggestion.REPHRASE: "yellow", Suggestion.DROP: "red", Suggestion.OPEN: "yellow"}


@dataclass(frozen=True)
class QuestionsRequest:
    """What ``viva fair questions`` may be asked for."""

    questions: Annotated[Data, "Single questions' scores: candidate_id, question_id, score [, job]."]
    _: KW_ONLY
    out: Annotated[Place, "Folder for questions.json."]
    groups: Annotated[Data | None, "Declared groups: does a question work alike for them?"] = None
    outcomes: Annotated[Data | None, "Performance: candidate_id, criterion, value."] = None
    criterion: Annotated[str | None, "Which of several outcomes."] = None
    framework: Annotated[Place | None, "Says which competency each question shows."] = None
    scale: Annotated[tuple[float, float], "Ends of the single scores' scale."] = (0.0, 100.0)
    job: Annotated[str | None, "Whose questions, where there are several jobs: each asks its own."] = None
    map: Map = ()


@front_door(QuestionsRequest)
def questions(request: QuestionsRequest) -> Told:
    """Judge a bank and write ``questions.json``.

    Raises
    ------
    VivaError
        As :func:`judge_bank`.
    """
    said, path = Console(stderr=True), folder_for(request.out) / "questions.json"
    found = judge_bank(request)
    document = {
        "format": 1,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "questions": [_described(one) for one in found],
    }
    keep(path, document)
    said.print(_table(found))
    say(said, f"{path}: written.")
    proposed = {one.suggestion for one in found} & {Suggestion.DROP, Suggestion.REPHRASE}
    return Told(document, Exit.FINDING if proposed else Exit.DONE)


def judge_bank(request: QuestionsRequest) -> list[Banked]:
    """Judge every question of one job's bank.

    Raises
    ------
    InputRefused, FrameworkError
        For tables and frameworks that cannot be read, several jobs of which none was named, and scores outside the
        scale.
    """
    asked = Source.of(request.questions, "questions")
    rows = read_questions(asked, maps_of(request.map)).frame
    jobs = sorted(rows[JOB].unique())
    if request.job is None and len(jobs) > 1:
        remedy = "Name one with --job: each job asks its own questions."
        raise InputRefused(asked, [Problem(JOB, ", ".join(jobs), remedy)])
    rows = rows[rows[JOB] == (jobs[0] if request.job is None else request.job)]
    table = rows.pivot(index=CANDIDATE, columns=QUESTION, values=SCORE)
    names = [str(name) for name in table.columns]
    if len(names) < FEWEST:
        remedy = f"Give the scores of at least {FEWEST} questions: one alone can be compared with nothing."
        raise InputRefused(asked, [Problem("question_id", ", ".join(names), remedy)])
    people = table.index.to_series()
    attributes = {}
    if request.groups is not None:
        groups = read_groups(request.groups, maps=maps_of(request.map))
        places = groups.places(people)
        attributes = {name: groups.labels(places, name) for name in groups.attributes}
    competencies = None if request.framework is None else _shown(Path(request.framework), names)
    performance = None if request.outcomes is None else _performance(request, people)
    low, high = request.scale
    outside = rows.loc[~rows[SCORE].between(low, high) & rows[SCORE].notna(), SCORE]
    if len(outside):
        remedy = f"Give scores of {low:g} to {high:g}, or the ends of their scale with --scale."
        raise InputRefused(asked, [Problem(SCORE, f"{outside.iloc[0]:g} ({len(outside)} such rows)", remedy)])
    return judge_questions(
        table.to_numpy(np.float64), names,
        scale=request.scale, competencies=competencies, performance=performance, attributes=attributes,
    )  # fmt: skip


def _shown(path: Path, names: list[str]) -> list[str]:
    """What each question shows, as one word; questions that the framework has not stand alone."""
    framework = load_framework(path)
    shows = {question.id: " ".join(sorted(question.shows)) for question in framework.questions}
    return [shows.get(name, name) for name in names]


def _performance(request: QuestionsRequest, people: "pd.Series[str]") -> Any:
    assert request.outcomes is not None
    frame = read_outcomes(request.outcomes, maps_of(request.map)).frame
    criteria = sorted(frame[CRITERION].unique())
    if request.criterion is None and len(criteria) > 1:
        remedy = f"Name one of {', '.join(criteria)} with --criterion."
        source = Source.of(request.outcomes, "outcomes")
        raise InputRefused(source, [Problem("criterion", f"{len(criteria)} criteria", remedy)])
    rows = frame[frame[CRITERION] == (request.criterion or criteria[0])]
    return rows.groupby(CANDIDATE)[VALUE].mean().reindex(people).to_numpy(np.float64)


def _described(one: Banked) -> dict[str, Any]:
    item = one.item
    numbers: dict[str, Any] = {
        name: _estimate(asdict(getattr(item, name)))
        for name in ("skipped", "with_rest", "with_performance", "reliability")
    }
    return {
        "question": item.question,
        "n": item.n,
        "difficulty": finite(item.difficulty),
        **numbers,
        "functioning": [
            {
                "attribute": attribute, "reference": reference, "focal": focal, "delta": finite(found.delta),
                "effect": found.size, "adjusted_p": finite(found.adjusted_p), "verdict": found.verdict,
            }
            for attribute, reference, focal, found in one.functioning
        ],
        "suggestion": one.suggestion.value,
        "reasons": list(one.reasons),
    }  # fmt: skip


def _estimate(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: finite(value) if isinstance(value, float) else value for name, value in found.items()}


def _table(found: list[Banked]) -> Table:
    table = Table(title="Questions", title_justify="left", expand=True)
    for name in ("question", "people", "skipped", "difficulty", "with the others", "with performance", "suggestion"):
        table.add_column(name, overflow="fold")
    for one in found:
        item = one.item
        known = ["–" if np.isnan(each.value) else interval(each) for each in (item.with_rest, item.with_performance)]
        why = f": {'; '.join(one.reasons)}" if one.reasons else ""
        words = Text.assemble((one.suggestion.value, COLOURS[one.suggestion]), why)
        table.add_row(item.question, str(item.n), f"{item.skipped.value:.0%}", f"{item.difficulty:.2f}", *known, words)
    return table
