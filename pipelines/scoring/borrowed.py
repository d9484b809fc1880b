"""What an answer borrows from the framework instead of telling a case: shown to people beside a score, and in none.

Two ways to please a rubric leave plain marks. Who recites an anchor says many words in a row as the framework has them;
who lists terms says hardly anything else for a while. Both limits lie well beyond what people say who were asked:
``docs/gaming.md`` has the figures, and what passes unseen.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np

from vivavoce.data.competency import Competency, Language
from vivavoce.data.framework import Framework
from vivavoce.features.language.answer import AnswerText
from vivavoce.features.language.mentions import LISTED, STRETCH, term_counts
from vivavoce.features.transcript.segmentation import segment
from vivavoce.features.transcript.words import Word

RUN = 8  # words in a row; the longest of 138 real interviews, of 46 to 1,564 words, was 5
SHOWN = 12  # words of a quote


@dataclass(frozen=True)
class Borrowed:
    """One thing that an answer borrows: a sentence for whoever reads it, and the words it is about."""

    sentence: str
    quote: str


def find_borrowed(text: str, language: str, framework: Framework) -> tuple[Borrowed, ...]:
    """What stands word for word in the framework's anchors and definitions, and what is a list of its terms.

    Parameters
    ----------
    text
        What the candidate said to one question. Questions are not compared with: many people repeat theirs first.
    language
        ``en`` or ``zh``; a framework without texts in it finds nothing.
    framework
        The job's.
    """
    answer = _answer(text, language)
    found = _recited(answer, framework), _listed(answer, framework)
    return tuple(one for one in found if one is not None)


def _recited(answer: AnswerText, framework: Framework) -> Borrowed | None:
    """The longest run of words that is the framework's, where it is long enough."""
    said = [token.text for token in answer.tokens]
    best, first, whose = 0, 0, ""
    for competency in framework.competencies:
        published = _published(competency, answer.language)
        run = 0
        for i in range(len(said) - RUN + 1):
            run = run + 1 if tuple(said[i : i + RUN]) in published else 0
            if run and run + RUN - 1 > best:
                best, first, whose = run + RUN - 1, i - run + 1, competency.name["en"]
    if not best:
        return None
    sentence = (
        f"{best} words in a row stand like this in the framework's description of {whose.lower()}. "
        "They may have been learned by heart: ask for the case behind them."
    )
    return Borrowed(sentence, _quote(answer, first, best))


def _listed(answer: AnswerText, framework: Framework) -> Borrowed | None:
    """The stretch with the most terms, where at least half of its words belong to one."""
    counts = term_counts(answer, framework.competencies)
    if not len(counts):
        return None
    first = int(np.argmax(counts))
    if counts[first] < LISTED * STRETCH:
        return None
    sentence = (
        f"Of {STRETCH} words in a row, {counts[first]:.0f} belong to terms that the framework looks for. "
        "A list of terms is no account of a case: none of them counts."
    )
    return Borrowed(sentence, _quote(answer, first, STRETCH))


def _published(competency: Competency, language: str) -> frozenset[tuple[str, ...]]:
    """Every run of ``RUN`` words in the definition and the anchors."""
    anchors = competency.anchors
    described = (competency.definition, anchors.low, anchors.middle, anchors.high)
    texts = [one.get(cast("Language", language), "") for one in described]
    return frozenset[tuple[str, ...]]().union(*(_runs(text, language) for text in texts))


@lru_cache(maxsize=1024)  # a framework's own texts, no person's: some 20 a language
def _runs(text: str, language: str) -> frozenset[tuple[str, ...]]:
    words = [token.text for token in _answer(text, language).tokens]
    return frozenset(tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1))


def _answer(text: str, language: str) -> AnswerText:
    words = segment(text) if language == "zh" else text.split()
    return AnswerText(tuple(Word(word, float(i), i + 1.0) for i, word in enumerate(words)), language)


def _quote(answer: AnswerText, first: int, count: int) -> str:
    """The first words of a stretch of counted words, as they were said."""
    shown = answer.tokens[first : first + min(count, SHOWN)]
    return answer.quote((shown[0].index, shown[-1].index + 1)) + (" …" if count > SHOWN else "")
