"""What in an answer was not told by the candidate here and now: recited, listed, said before, or turned out by a mould.

Evidence counts only where somebody tells something, and the same story counts once. Words that stand like this in the
framework's anchors and definitions, words of a list of its terms, words of an earlier answer of the same interview, and
words of one mould that is filled again and again are therefore left out by every measure of what was told.

How *surprising* a text is plays no part: that would flag learners and people who speak otherwise (Liang et al. 2023,
*Patterns* 4). Only sameness counts, and it costs nobody points: see ``repetitive_text`` in ``docs/gaming.md``.
"""

import zlib
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import cast

from vivavoce.data.framework import Competency, Language
from vivavoce.data.schema import Value
from vivavoce.features.language.answer_text import LANGUAGE, TOO_SHORT, AnswerText
from vivavoce.features.language.coverage import listed_places
from vivavoce.features.transcript.hygiene import normalise
from vivavoce.features.transcript.words import Transcript, Word

RUN = 8  # words in a row that are somebody else's; the longest of 138 real interviews, of 46 to 1,564 words, was 5
MOULD = 3  # words in a row …
TIMES = 4  # … that one answer says so often
MOULDED = 0.3  # of an answer's words from which it is made by a mould; the most of 138 real interviews was .11
AGAIN = 0.5  # of an answer's words from which it is an earlier answer again
PACKED = 0.3  # compressed size from which an answer hardly says anything new; the least of 138 real interviews was .39
LEAST_WORDS = 40  # below, two like sentences are a third of the answer
LEVEL = 9  # of zlib: the smallest it can

Sequences = frozenset[tuple[str, ...]]


def runs_of(words: Iterable[str], size: int = RUN) -> Sequences:
    """Every run of ``size`` words."""
    said = tuple(words)
    return frozenset(said[i : i + size] for i in range(len(said) - size + 1))


def published_runs(competency: Competency, language: str) -> Sequences:
    """Every run of ``RUN`` words in a competency's definition and anchors."""
    anchors = competency.anchors
    described = (competency.definition, anchors.low, anchors.middle, anchors.high)
    texts = [one.get(cast("Language", language), "") for one in described]
    return frozenset[tuple[str, ...]]().union(*(_text_runs(text, language) for text in texts))


@lru_cache(maxsize=1024)  # a framework's own texts, no person's: some 20 a language
def _text_runs(text: str, language: str) -> Sequences:
    return runs_of(token.text for token in written_answer(text, language).tokens)


def written_answer(text: str, language: str) -> AnswerText:
    """A written text as an answer, spelt as transcripts are; it has no times, and each word one second."""
    pieces = [text] if language == "zh" else text.split()
    words = tuple(Word(word, float(i), i + 1.0) for i, word in enumerate(pieces))
    return AnswerText(normalise(Transcript(words, language, "written", False)).words, language)


def covered(said: tuple[str, ...], runs: Sequences, size: int = RUN) -> set[int]:
    """Numbers of the words that lie in one of the runs."""
    return {i + k for i in range(len(said) - size + 1) if said[i : i + size] in runs for k in range(size)}


def moulded_words(answer: AnswerText) -> set[int]:
    """Numbers of the counted words in a mould: ``MOULD`` words in a row that the answer says ``TIMES`` times."""
    said = tuple(token.lemma for token in answer.tokens)
    times = Counter(said[i : i + MOULD] for i in range(len(said) - MOULD + 1))
    return covered(said, frozenset(run for run, n in times.items() if n >= TIMES), MOULD)


def said_before(answer: AnswerText) -> set[int]:
    """Numbers of the counted words that an earlier answer of the interview says in a row of ``RUN``."""
    said = tuple(token.lemma for token in answer.tokens)
    told = [runs_of(token.lemma for token in other.tokens) for other in answer.earlier]
    return covered(said, frozenset[tuple[str, ...]]().union(*told))


def borrowed_places(answer: AnswerText) -> frozenset[int]:
    """Places, among the answer's words, of everything that was not told here and now."""
    said = tuple(token.text for token in answer.tokens)
    competencies = answer.framework or answer.competencies
    published = frozenset[tuple[str, ...]]().union(*(published_runs(one, answer.language) for one in competencies))
    numbers = covered(said, published) | said_before(answer)
    moulded = moulded_words(answer)
    if len(moulded) >= MOULDED * len(said):
        numbers |= moulded
    places = {answer.tokens[i].index for i in numbers}
    return frozenset(places) | listed_places(answer, competencies)


def is_repetitive(answer: AnswerText) -> bool:
    """Whether most of an answer is the same again: a mould refilled, an earlier answer, or hardly anything new.

    Of what the words mean, and how usual they are, nothing is asked.
    """
    said = len(answer.tokens)
    if said < LEAST_WORDS:
        return False
    again, moulded = len(said_before(answer)) / said, len(moulded_words(answer)) / said
    return again >= AGAIN or moulded >= MOULDED or packed_size(answer) <= PACKED


def packed_size(answer: AnswerText) -> float:
    """Size of the answer's words when compressed, of their size as said."""
    said = " ".join(token.text for token in answer.tokens).encode("utf-8")  # no punctuation: not everybody writes it
    return len(zlib.compress(said, LEVEL)) / len(said)


@LANGUAGE.feature(
    "language.moulded_share",
    unit="share",
    low=0,
    high=1,
    meaning="Share of the answer's words in three-word sequences that it says four times or more: a mould, refilled.",
    source="n-gram repetition; own limits, docs/gaming.md",
    moved_by=("recogniser",),
    resists=("trimming",),
)
def _moulded_share(answer: AnswerText) -> Value:
    said = len(answer.tokens)
    return TOO_SHORT if said < LEAST_WORDS else len(moulded_words(answer)) / said


@LANGUAGE.feature(
    "language.told_before_share",
    unit="share",
    low=0,
    high=1,
    meaning="Share of the answer's words that an earlier answer of the interview says in a row of eight.",
    source="n-gram overlap, Broder 1997",
    moved_by=("recogniser",),
    resists=("trimming",),
)
def _told_before_share(answer: AnswerText) -> Value:
    said = len(answer.tokens)
    return TOO_SHORT if said < RUN else len(said_before(answer)) / said


@LANGUAGE.feature(
    "language.compressed_ratio",
    unit="ratio",
    low=0,
    high=2,
    meaning="Size of the answer's words when packed, of their size as said: the more alike its sentences, the smaller.",
    source="Ziv & Lempel 1977, by zlib",
    moved_by=("recogniser", "language"),
    resists=("trimming",),
)
def _compressed_ratio(answer: AnswerText) -> Value:
    return TOO_SHORT if len(answer.tokens) < LEAST_WORDS else packed_size(answer)
