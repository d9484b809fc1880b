"""What a job asks for: competencies with anchors and evidence, the questions that show them, prior weights.

One YAML file per job family; its stem is the manifest's ``job``. The format is described in ``docs/framework.md``.

One competency: what it is, how it shows at three levels, which words are evidence of it, what is asked about it.
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails

from vivavoce.data.errors import VivaError
from vivavoce.data.identity import refuse_name
from vivavoce.data.problem import Problem, detail, problems_of, refuse
from vivavoce.data.schema import digest_of
from vivavoce.data.yaml_file import read_yaml

Language = Literal["en", "zh"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
Sentence = Annotated[str, Field(min_length=1, max_length=2000)]
Day = Annotated[date, Field(strict=True)]
Text = Mapping[Language, Sentence]
Entry = Annotated[str, Field(min_length=1, max_length=80)]
Terms = Mapping[Language, Annotated[tuple[Entry, ...], Field(min_length=1)]]


class Part(BaseModel):
    """A part of a framework: frozen, and without room for names that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)


class Scale(Part):
    """The rating scale on which the anchors lie, as interviewers use it."""

    low: Annotated[float, Field(strict=True)] = 1.0
    middle: Annotated[float, Field(strict=True)] = 3.0
    high: Annotated[float, Field(strict=True)] = 5.0

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not self.low < self.middle < self.high:
            raise ValueError("The scale's low, middle and high must rise.")
        return self


class Anchors(Part):
    """What an answer at three levels of the scale describes: observable behaviour, per language."""

    low: Text
    middle: Text
    high: Text


class Resource(Part):
    """Where a candidate can learn what the competency asks for."""

    title: Sentence
    kind: Literal["book", "course", "article", "standard", "documentation", "exercise"]
    where: Sentence  # publisher, body or site


class Competency(Part):
    """One competency: what it is, how it shows at three levels, and the words that are evidence of it.

    ``terms`` are single words (English: lemma, lower case), ``phrases`` several words.
    """

    id: Name
    name: Text
    definition: Text
    anchors: Anchors
    terms: Terms
    phrases: Terms
    weight: Annotated[float, Field(strict=True, ge=0, le=1)]
    resources: tuple[Resource, ...] = ()

    @field_validator("id")
    @classmethod
    def _plain_id(cls, name: str) -> str:
        refuse_name(name)
        return name

    @field_validator("name", "definition")
    @classmethod
    def _plain(cls, text: Text) -> Text:
        for wording in text.values():
            refuse_name(wording)
        return text


class Question(Part):
    """One interview question, put to every candidate in the same words, and the competencies that its answer shows."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=64)]
    text: Text
    shows: Annotated[tuple[Name, ...], Field(min_length=1)]


def misplaced_evidence(competencies: Iterable[Competency]) -> Iterator[InitErrorDetails]:
    """Yield what is wrong with evidence words: upper case, several words among the terms or one among the phrases, and
    entries that stand twice. Under two competencies they would count twice and make the two look alike.
    """
    home: dict[tuple[Language, str], str] = {}
    for i, competency in enumerate(competencies):
        for field, evidence in (("terms", competency.terms), ("phrases", competency.phrases)):
            for language, entries in evidence.items():
                for j, entry in enumerate(entries):
                    where = ("competencies", i, field, language, j)
                    if language == "en" and entry != entry.lower():
                        yield detail(where, entry, f"Write it in lower case: {entry.lower()!r}.")
                    if (" " in entry) if field == "terms" else (language == "en" and " " not in entry):
                        yield detail(where, entry, "One word belongs under 'terms', several under 'phrases'.")
                    key = (language, unicodedata.normalize("NFKC", entry).casefold())
                    if key in home:
                        yield detail(where, entry, f"This already stands in {home[key]}: keep it in one place.")
                    home.setdefault(key, f"{competency.id}.{field}")


WEIGHT_TOLERANCE = 1e-9  # of the sum of the weights from 1: rounding of decimal fractions, nothing else
UNWRITTEN = "TODO"  # how a text of the template begins that somebody has to write
MAX_BYTES = 2**20  # 1 MiB; the shipped frameworks have some 15 kB


class Raters(Part):
    """Who rated the job's tasks or competencies, how many of them, when."""

    role: Sentence
    rated: Literal["tasks", "competencies"]
    count: Annotated[int, Field(strict=True, ge=1)]
    date: Day


class JobAnalysis(Part):
    """Where the competencies and weights come from.

    ``illustrative`` marks a starting point that rests on nobody's ratings; such a framework cannot be published.
    """

    date: Day
    illustrative: Annotated[bool, Field(strict=True)] = False
    note: Sentence | None = None
    raters: tuple[Raters, ...] = ()

    @model_validator(mode="after")
    def _rated(self) -> Self:
        missing = {"tasks", "competencies"} - {group.rated for group in self.raters}
        if missing and not self.illustrative:
            raise ValueError(
                f"A job analysis needs raters of {' and of '.join(sorted(missing))}: add them, "
                "or mark it 'illustrative: true' (it can then score but not be published)."
            )
        return self


class Framework(Part):
    """Everything that scoring needs to know about one job family.

    Raises
    ------
    pydantic.ValidationError
        Listing every finding: weights that do not sum to 1, competencies without a question, unknown or duplicate
        ids, terms listed twice, texts missing in a declared language. ``load_framework`` puts them in plain words.
    """

    job: Name
    version: Sentence
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    titles: Text
    job_analysis: JobAnalysis
    scale: Scale = Scale()
    competencies: Annotated[tuple[Competency, ...], Field(min_length=1)]
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        unwritten = list(_unwritten(self.model_dump()))
        found = [
            *_weights(self.competencies),
            *_duplicates("competencies", [competency.id for competency in self.competencies]),
            *_duplicates("questions", [question.id for question in self.questions]),
            *_shown(self.competencies, self.questions),
            *_translated(self),
            *(unwritten or misplaced_evidence(self.competencies)),
        ]
        refuse("framework", found)
        return self

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the content; comments and the order of keys do not change it."""
        return digest_of(self.model_dump(mode="json"))

    @property
    def weights(self) -> dict[str, float]:
        """Prior weight of each competency by id; they sum to 1."""
        return {competency.id: competency.weight for competency in self.competencies}

    def competency(self, competency_id: str) -> Competency:
        """Return one competency; ``KeyError`` where the framework has none of that id."""
        return {competency.id: competency for competency in self.competencies}[competency_id]

    def question(self, question_id: str) -> Question:
        """Return one question; ``KeyError`` where the framework has none of that id."""
        return {question.id: question for question in self.questions}[question_id]

    def questions_showing(self, competency_id: str) -> tuple[Question, ...]:
        """Return the questions whose answers show a competency, in the framework's order."""
        return tuple(question for question in self.questions if competency_id in question.shows)


def _unwritten(part: object, where: tuple[str | int, ...] = ()) -> Iterator[InitErrorDetails]:
    """What still stands as in the template."""
    if isinstance(part, str) and part.startswith(UNWRITTEN):
        yield detail(where, part, "Write it: this is still the template's.")
    steps = part.items() if isinstance(part, Mapping) else enumerate(part) if isinstance(part, list | tuple) else ()
    for step, inner in steps:
        yield from _unwritten(inner, (*where, step))


def _weights(competencies: tuple[Competency, ...]) -> Iterator[InitErrorDetails]:
    total = math.fsum(competency.weight for competency in competencies)
    if abs(total - 1) > WEIGHT_TOLERANCE:
        listed = ", ".join(f"{competency.id} {competency.weight:g}" for competency in competencies)
        yield detail(("competencies",), round(total, 12), f"The weights must sum to 1 ({listed}).")


def _duplicates(field: str, ids: list[str]) -> Iterator[InitErrorDetails]:
    for name, count in Counter(ids).items():
        if count > 1:
            yield detail((field,), name, f"The id {name!r} stands {count} times: rename all but one.")


def _shown(competencies: tuple[Competency, ...], questions: tuple[Question, ...]) -> Iterator[InitErrorDetails]:
    known = [competency.id for competency in competencies]
    for i, question in enumerate(questions):
        for j, name in enumerate(question.shows):
            if name not in known:
                yield detail(("questions", i, "shows", j), name, f"Name a competency of this file: {', '.join(known)}.")
            elif name in question.shows[:j]:
                yield detail(("questions", i, "shows", j), name, "List each competency once.")
    asked = {name for question in questions for name in question.shows}
    for i, competency in enumerate(competencies):
        if competency.id not in asked:
            yield detail(("competencies", i), competency.id, "No question shows this competency: add it to a 'shows'.")


def _translated(framework: Framework) -> Iterator[InitErrorDetails]:
    wordings: list[tuple[tuple[str | int, ...], Mapping[Language, object]]] = [(("titles",), framework.titles)]
    for i, competency in enumerate(framework.competencies):
        here = ("competencies", i)
        wordings += [
            ((*here, field), getattr(competency, field)) for field in ("name", "definition", "terms", "phrases")
        ]
        wordings += [
            ((*here, "anchors", level), getattr(competency.anchors, level)) for level in ("low", "middle", "high")
        ]
    wordings += [(("questions", i, "text"), question.text) for i, question in enumerate(framework.questions)]
    for where, wording in wordings:
        if set(wording) != set(framework.languages):
            yield detail(
                where, sorted(wording), f"Give it in the declared languages: {', '.join(framework.languages)}."
            )


class FrameworkError(VivaError):
    """A framework file that cannot be used; ``file`` names it and ``problems`` lists everything found."""

    def __init__(self, file: Path, problems: list[Problem]) -> None:
        self.file = file
        super().__init__(str(file), problems=problems)


def load_framework(file: str | Path) -> Framework:
    """Read and validate one framework; its job is the file's stem.

    Raises
    ------
    FrameworkError
        With every problem as file, dotted path, value and remedy.

    Examples
    --------
    >>> from importlib.resources import files
    >>> load_framework(str(files("vivavoce.data") / "frameworks" / "software_engineer.yaml")).weights
    {'problem_solving': 0.4, 'technical_fit': 0.3, 'teamwork': 0.2, 'learning': 0.1}
    """
    file = Path(file)
    document = read_yaml(file, FrameworkError, most=MAX_BYTES)
    if not isinstance(document, dict):
        found = type(document).__name__
        raise FrameworkError(file, [Problem("file", found, "A framework is a mapping of names to values.")])
    if document.get("job", file.stem) != file.stem:
        remedy = f"The job is the file's stem: leave the line out or write {file.stem!r}."
        raise FrameworkError(file, [Problem("job", repr(document["job"]), remedy)])
    try:
        return Framework.model_validate({**document, "job": file.stem})
    except ValidationError as error:
        raise FrameworkError(file, problems_of(error, document, _KNOWN)) from error


def load_frameworks(path: Path) -> dict[str, Framework]:
    """Read one framework, or every ``*.yaml`` of a folder, by job.

    Raises
    ------
    FrameworkError
        For every file that cannot be used, or where a folder holds none.
    """
    if not path.is_dir():
        framework = load_framework(path)
        return {framework.job: framework}
    found = sorted(path.glob("*.yaml"))
    if not found:
        raise FrameworkError(path, [Problem("folder", "no *.yaml", "Name a folder that holds framework files.")])
    read: dict[str, Framework] = {}
    refused: list[FrameworkError] = []
    for file in found:
        try:
            read[file.stem] = load_framework(file)
        except FrameworkError as error:
            refused.append(error)
    if len(refused) > 1:
        every = [replace(one, where=f"{error.file.name}, {one.where}") for error in refused for one in error.problems]
        raise FrameworkError(path, every)
    if refused:
        raise refused[0]
    return read


_KNOWN = {
    "": list(Framework.model_fields),
    "job_analysis": list(JobAnalysis.model_fields),
    "job_analysis.raters": list(Raters.model_fields),
    "scale": list(Scale.model_fields),
    "competencies": list(Competency.model_fields),
    "competencies.anchors": list(Anchors.model_fields),
    "competencies.resources": list(Resource.model_fields),
    "questions": list(Question.model_fields),
}
