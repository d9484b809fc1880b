"""One competency: what it is, how it shows at three levels, which words are evidence of it, what is asked about it."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import InitErrorDetails

from vivavoce.data.problem import detail
from vivavoce.data.refused import refuse_name

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
