"""Norms: how a measure lies among the people of a reference batch, within a job, a language and a question.

A percentile is no finer than its people support, and no norm is kept of fewer than ``LEAST_PEOPLE``: what is stored
are quantiles, never a person's value. Norms are read beside a score; they are in none.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vivavoce.data.errors import VivaError
from vivavoce.data.problem import shorten
from vivavoce.data.schema import digest_of
from vivavoce.data.track import Array

FORMAT = 1
LEAST_PEOPLE = 8  # two in each quarter; below that a quantile is somebody's own value
FEW_PEOPLE = 30  # below that only quarters are told, and that people are few
STEPS = ((2500, 1), (100, 5), (FEW_PEOPLE, 10), (LEAST_PEOPLE, 25))
"""People, and the percents that they can tell apart: about the standard error of the median's rank, 50 / √n."""
DIGITS = 6  # of a stored quantile
SHOWN = 10


class BadNorms(VivaError):
    """A file that is not norms, was changed, or is about other measures; the message says what to do."""


def step(people: int) -> int | None:
    """How many percents apart percentiles of so many people may be told; None for too few.

    Examples
    --------
    >>> [step(n) for n in (5, 8, 30, 100, 2500)]
    [None, 25, 10, 5, 1]
    """
    return next((percents for least, percents in STEPS if people >= least), None)


@dataclass(frozen=True)
class Place:
    """Between which percentiles of ``people`` a value lies, in percent; equal values share their place."""

    low: int
    high: int
    people: int
    median: float

    @property
    def few(self) -> bool:
        """Whether so few people stand behind it that only quarters are told."""
        return self.people < FEW_PEOPLE


@dataclass(frozen=True)
class Norm:
    """One measure's quantiles in one group.

    Parameters
    ----------
    people
        Persons with a value; one who answered twice counts half for each answer.
    cuts
        Quantiles at equal steps of ``step(people)`` percent, ends excluded: the middle one is the median.
    """

    people: int
    cuts: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of the group."""
        return self.cuts[len(self.cuts) // 2]

    def place(self, value: float) -> Place:
        """Where a value lies.

        Examples
        --------
        >>> Norm(12, (80.0, 120.0, 180.0)).place(90)
        Place(low=25, high=50, people=12, median=120.0)
        """
        percents = 100 // (len(self.cuts) + 1)
        below, above = np.searchsorted(self.cuts, value, "left"), np.searchsorted(self.cuts, value, "right")
        return Place(percents * int(below), percents * (int(above) + 1), self.people, self.median)


@dataclass(frozen=True)
class Group:
    """The norms of one job, language and question; ``question`` is None for all answers of the job together.

    ``engines`` counts answers by where their words came from: measures of text are compared within these only.
    """

    job: str
    language: str
    question: str | None
    engines: Mapping[str, int]
    measures: Mapping[str, Norm]


@dataclass(frozen=True)
class Norms:
    """The norms of one reference batch.

    Parameters
    ----------
    made
        The day, ISO 8601.
    people, answers
        In the batch, as far as consent allowed their use.
    fingerprints
        Of every measure by column: only the very same measure can be compared.
    groups
        See :class:`Group`.
    """

    made: str
    people: int
    answers: int
    fingerprints: Mapping[str, str]
    groups: tuple[Group, ...]

    def document(self) -> dict[str, Any]:
        """As JSON, without the digest."""
        return {
            "format": FORMAT,
            "made": self.made,
            "people": self.people,
            "answers": self.answers,
            "fingerprints": dict(self.fingerprints),
            "groups": [_written(group) for group in self.groups],
        }

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the content: the version of the norms."""
        return digest_of(self.document())

    def text(self) -> str:
        """The file's content."""
        return json.dumps({**self.document(), "digest": self.digest}, indent=1, ensure_ascii=False) + "\n"

    def check(self, fingerprints: Mapping[str, str]) -> None:
        """Refuse to compare measures that are made in another way.

        Parameters
        ----------
        fingerprints
            Of the measures of a run, by declared name.

        Raises
        ------
        BadNorms
            Naming every measure whose fingerprint differs.
        """
        differ = [
            name
            for name, print_ in self.fingerprints.items()
            if fingerprints.get(name, fingerprints.get(name.rpartition(".")[0], print_)) != print_
        ]
        if differ:
            named = ", ".join(differ[:SHOWN]) + (f" and {len(differ) - SHOWN} more" if len(differ) > SHOWN else "")
            raise BadNorms(
                f"These norms are of measures that are made in another way here (recogniser, encoder, frames per "
                f"second or version): {named}. Make norms anew with viva measure norms, from features of this "
                "configuration."
            )

    def place(
        self, column: str, value: float, *, job: str, language: str, question: str, engine: str | None
    ) -> tuple[Place, str | None] | None:
        """Where a value lies among answers to the same question, else among all answers of the job.

        Parameters
        ----------
        column, value
            The measure.
        job, language, question
            Of the answer.
        engine
            Where its words came from, for a measure of text; None for one that does not rest on words.

        Returns
        -------
        place, question : Place and str or None
            The question is None where all answers of the job had to stand in; None instead of both where nothing
            comparable is known.
        """
        groups = {group.question: group for group in self.groups if (group.job, group.language) == (job, language)}
        for asked in (question, None):
            group = groups.get(asked)
            if group and column in group.measures and (engine is None or engine in group.engines):
                return group.measures[column].place(value), asked
        return None


def quantiles(values: Array, weights: Array, percents: int) -> tuple[float, ...]:
    """Quantiles at equal steps, ends excluded, after Hazen: each value stands in the middle of its own weight.

    Parameters
    ----------
    values : ndarray, shape (n,)
        At least one.
    weights : ndarray, shape (n,)
        Positive.
    percents
        Between neighbouring quantiles.

    Examples
    --------
    >>> quantiles(np.arange(1.0, 9.0), np.ones(8), 25)
    (2.5, 4.5, 6.5)
    """
    order = np.argsort(values, kind="stable")
    reached = (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()
    found = np.interp(np.arange(percents, 100, percents) / 100, reached, values[order])
    return tuple(float(f"{value:.{DIGITS}g}") for value in found)


def read_norms(path: Path) -> Norms:
    """Read norms.

    Raises
    ------
    BadNorms
        If the file cannot be read, is of another format, or its content does not match its digest.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise BadNorms(
                f"{path}: norms must be of format {FORMAT}. Got {document['format']} instead: make them anew."
            )
        norms = Norms(
            document["made"],
            document["people"],
            document["answers"],
            document["fingerprints"],
            tuple(_read(group) for group in document["groups"]),
        )
        if norms.digest != document["digest"]:
            raise BadNorms(
                f"{path} was changed after it was made: its content does not match its digest. Make it anew."
            )
    except (OSError, UnicodeDecodeError) as error:
        raise BadNorms(f"{path} cannot be read: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadNorms(f"{path} is no norms file of viva measure norms: {shorten(error)}") from error
    return norms


def _written(group: Group) -> dict[str, Any]:
    return {
        "job": group.job,
        "language": group.language,
        "question": group.question,
        "engines": dict(group.engines),
        "measures": {name: [norm.people, *norm.cuts] for name, norm in group.measures.items()},
    }


def _read(document: dict[str, Any]) -> Group:
    measures = {name: Norm(people, tuple(cuts)) for name, (people, *cuts) in document["measures"].items()}
    return Group(document["job"], document["language"], document["question"], document["engines"], measures)
