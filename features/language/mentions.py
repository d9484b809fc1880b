"""Where an answer says what a framework looks for: terms and phrases by lemma, and stretches that merely list them."""

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from vivavoce.data.competency import Competency
from vivavoce.features.language.answer import BREAK, AnswerText, Span
from vivavoce.features.language.lemma import lemma
from vivavoce.features.transcript.segmentation import segment

if TYPE_CHECKING:
    from vivavoce.data.competency import Language

GAP = 2  # words that may stand between those of a phrase (*ask my manager for feedback*)
GAP_CHARACTERS = 4  # the same for Chinese
STRETCH = 24  # words: three spoken sentences or a list
LISTED = 0.5  # of a stretch's words that belong to terms; the densest of 138 real interviews had .25 (docs/gaming.md)


def entries(competency: Competency, language: str) -> list[tuple[str, str]]:
    """A competency's phrases and terms as (kind, text), the longest first."""
    kinds = {"phrase": competency.phrases, "term": competency.terms}
    found = [(kind, text) for kind, texts in kinds.items() for text in texts.get(cast("Language", language), ())]
    return sorted(found, key=lambda entry: -len(entry[1]))


def mentions(answer: AnswerText, text: str) -> list[Span]:
    """Where an entry stands; in Chinese only where it begins and ends with a word (合并发布 holds no 并发)."""
    pattern, surface = _pattern(text, answer.language), answer.lemmas
    matches = [found.span() for found in pattern.finditer(surface.text)]
    if answer.language == "zh":
        edges = surface.edges
        matches = [(start, end) for start, end in matches if (start in edges[0] and end in edges[1])]
    return [surface.span(start, end) for start, end in matches]


def term_counts(answer: AnswerText, competencies: Iterable[Competency]) -> npt.NDArray[np.float64]:
    """How many words of each stretch belong to an entry, by the stretch's first counted word; empty below a stretch."""
    said = {
        place
        for competency in competencies
        for _, text in entries(competency, answer.language)
        for span in mentions(answer, text)
        for place in range(*span)
    }
    marks = np.array([token.index in said for token in answer.tokens], dtype=np.float64)
    return np.convolve(marks, np.ones(STRETCH), "valid") if len(marks) >= STRETCH else np.empty(0)


def listed_places(answer: AnswerText, competencies: Iterable[Competency]) -> frozenset[int]:
    """Places of the answer's words that lie in a list: a stretch of which at least half the words belong to entries."""
    first = np.flatnonzero(term_counts(answer, competencies) >= LISTED * STRETCH)
    inside = {int(i) + k for i in first for k in range(STRETCH)}
    return frozenset(answer.tokens[i].index for i in inside)


@cache
def _pattern(text: str, language: str) -> re.Pattern[str]:
    """An entry of the framework as a pattern over lemmas, with room for words between those of a phrase."""
    if language == "zh":
        pieces = [re.escape(piece) for piece in segment(text.casefold())]
        return re.compile(rf"[^{BREAK},]{{0,{GAP_CHARACTERS}}}".join(pieces))
    pieces = [re.escape(lemma(word)) for word in re.split(r"[\s-]+", text.casefold())]
    return re.compile(rf"(?<!\S){rf'(?: [^ {BREAK}]+){{0,{GAP}}} '.join(pieces)}(?!\S)")
