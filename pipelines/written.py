"""Written answers scored as if they had been spoken and every word heard: for trying a rubric before an interview."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vivavoce.data.framework import Framework
from vivavoce.data.problem import Problem, problems_of, shorten
from vivavoce.data.schema import Absent
from vivavoce.data.status import Reason
from vivavoce.data.table import InputRefused
from vivavoce.features.language import AnswerText, is_repetitive, relate, written_answer
from vivavoce.features.language.encoder import SentenceEncoder
from vivavoce.models.rubric.rubric import Rubric
from vivavoce.models.score import OVERALL, Score
from vivavoce.models.version import MeasuredAnswer, ModelVersion
from vivavoce.pipelines.scoring.measure import measure_text
from vivavoce.pipelines.scoring.reading import Reads

LEVELS = ("weak", "middling", "strong")  # in rising order
PLAIN = "plain"


class Written(BaseModel):
    """One line of a file of written interviews.

    Parameters
    ----------
    id, job, language
        Whose, for which framework, ``en`` or ``zh``.
    answers
        Text by question id.
    level
        ``weak``, ``middling`` or ``strong``; None where nobody gave one.
    variant, of
        ``plain``, or how the interview of the id ``of`` was said otherwise (a learner's, dialect, garbled …).
    kind
        Of pleasing by words alone; None for honest answers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(min_length=1)]
    job: str
    language: Literal["en", "zh"]
    answers: Annotated[Mapping[str, str], Field(min_length=1)]
    level: Literal["weak", "middling", "strong"] | None = None
    variant: str = PLAIN
    of: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Scored:
    """A written interview with what it earns.

    Parameters
    ----------
    row
        The interview.
    points
        Overall, 0–100; None where no overall score is due.
    routed
        Whether it goes to people as ``repetitive_text``: whoever scores gives it no score.
    scores
        By competency, and overall; with evidence.
    """

    row: Written
    points: float | None
    routed: bool
    scores: tuple[Score, ...] = ()


def read_written(path: Path, frameworks: Mapping[str, Framework]) -> list[Written]:
    """Read one file of written interviews, a JSON object per line.

    Raises
    ------
    InputRefused
        Naming every line that cannot be used: no JSON, a field that is missing or unknown, a job without framework, a
        question that the job does not ask, an id twice.
    """
    if not path.is_file():
        raise InputRefused(path, [Problem("file", "no file", "Name a JSONL file of written interviews.")])
    found: dict[str, Written] = {}
    problems: list[Problem] = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = Written.model_validate(json.loads(line))
        except json.JSONDecodeError as error:
            problems.append(Problem(f"line {number}", shorten(line), f"Write one JSON object per line: {error.msg}."))
            continue
        except ValidationError as error:
            known = {"": list(Written.model_fields)}
            problems += [
                Problem(f"line {number}: {one.where}", one.value, one.remedy)
                for one in problems_of(error, json.loads(line), known)
            ]
            continue
        problems += _misplaced(f"line {number}", row, frameworks, found)
        found[row.id] = row
    if problems:
        raise InputRefused(path, problems)
    return list(found.values())


def _misplaced(
    where: str, row: Written, frameworks: Mapping[str, Framework], before: Mapping[str, Written]
) -> list[Problem]:
    """What of a line does not fit the frameworks or the lines before it."""
    if row.job not in frameworks:
        return [Problem(f"{where}: job", shorten(row.job), f"Name one of {', '.join(frameworks)}.")]
    asked = [question.id for question in frameworks[row.job].questions]
    problems = [
        Problem(f"{where}: answers", shorten(name), f"{row.job} asks {', '.join(asked)}.")
        for name in row.answers
        if name not in asked
    ]
    if row.language not in frameworks[row.job].languages:
        problems.append(Problem(f"{where}: language", row.language, f"{row.job} has no texts in it."))
    if row.id in before:
        problems.append(Problem(f"{where}: id", shorten(row.id), "Give every interview an id of its own."))
    return problems


def measure_written(
    answers: Mapping[str, str],
    language: str,
    framework: Framework,
    encoder: SentenceEncoder | None,
    reads: Reads | None = None,
) -> tuple[list[MeasuredAnswer], bool]:
    """One measured answer for each question whose text is given, and whether the interview repeats itself.

    With ``reads`` every answer is read too; words are not looked for that carry a rating.
    """
    asked = [question for question in framework.questions if question.id in answers]
    texts: list[AnswerText] = []
    for question in asked:
        words = written_answer(answers[question.id], language).words
        shown = tuple(framework.competency(name) for name in question.shows)
        text: str = dict(question.text)[language]  # type: ignore[index]
        texts.append(AnswerText(words, language, text, shown, framework=framework.competencies))
    related = relate(texts, encoder)
    measured = [
        MeasuredAnswer(question.id, question.shows, *measure_text(answer))
        for question, answer in zip(asked, related, strict=True)
    ]
    if reads is not None:
        rated = [reads.measure(answer, framework)[0] for answer in related]
        measured = [replace(one, measures={**one.measures, **own}) for one, own in zip(measured, rated, strict=True)]
    return measured, any(is_repetitive(answer) for answer in related)


def score_written(
    row: Written,
    framework: Framework,
    encoder: SentenceEncoder | None,
    model: ModelVersion | None = None,
    reads: Reads | None = None,
) -> Scored:
    """What a written interview earns by a version, else by the rubric; of one that is routed, what it would.

    Whoever speaks to the reader goes to people too.
    """
    measured, routed = measure_written(row.answers, row.language, framework, encoder, reads)
    by: Rubric | ModelVersion = Rubric.for_answers(framework, measured) if model is None else model
    scores = by.score(measured, set(row.answers))
    points = next(score.value for score in scores if score.competency == OVERALL)
    told = {value.reason for one in measured for value in one.measures.values() if isinstance(value, Absent)}
    return Scored(row, points, routed or Reason.ADDRESSES_READER in told, scores)
