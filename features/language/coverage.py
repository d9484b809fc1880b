"""The evidence of one competency in one answer: terms, phrases and closeness to the anchors, each with its words.

Counting is built so that stuffing pays little: each term counts once however often it is said, no more than one
term per ``DENSITY`` words counts, a negated term and one that is said only within a list do not count at all, and the
share saturates.

The structure of an account: situation, task, action, result — found where, missing which.

The four parts of a behavioural answer (STAR; Janz 1982, *Journal of Applied Psychology* 67; Levashina et al. 2014,
*Personnel Psychology* 67) are found by cue phrases. A cue shows where a part begins, not how good it is.

Where an answer says what a framework looks for: terms and phrases by lemma, and stretches that merely list them.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from vivavoce.data.framework import Competency
from vivavoce.data.interview import Modality
from vivavoce.data.schema import Absent, Family, Measures, Value
from vivavoce.data.script import simplified
from vivavoce.features.language.answer_text import BREAK, LANGUAGE, NO_ENCODER, TOO_SHORT, AnswerText, Span
from vivavoce.features.language.lexicon import PARTS, lemma
from vivavoce.features.language.relevance import BEST, MIN_WORDS, closeness
from vivavoce.features.transcript.words import segment

if TYPE_CHECKING:
    from vivavoce.data.framework import Language


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
        pieces = [re.escape(piece) for piece in segment(simplified(text.casefold()))]
        return re.compile(rf"[^{BREAK},]{{0,{GAP_CHARACTERS}}}".join(pieces))
    pieces = [re.escape(lemma(word)) for word in re.split(r"[\s-]+", text.casefold())]
    return re.compile(rf"(?<!\S){rf'(?: [^ {BREAK}]+){{0,{GAP}}} '.join(pieces)}(?!\S)")


HALF = 3.0  # different terms that reach half of the full share: the third sentence of evidence adds less than the first
DENSITY = 8  # words for each term that counts; speech that reports something has a few terms in a sentence, a list more
TEMPERATURE = 0.1  # cosine by which one anchor must be closer for odds of e to 1: about a spread between answers
REACH = 4  # words before a term within which a negation in the same clause takes it back


@dataclass(frozen=True)
class Found:
    """One term, phrase or anchor with the words of the answer that show it."""

    kind: str  # "term", "phrase" or "anchor"
    text: str  # as the framework has it
    span: Span  # of the answer's words
    closeness: float | None = None  # cosine, for anchors


@dataclass(frozen=True)
class Evidence:
    """Everything that one answer shows for one competency.

    ``found`` holds terms and phrases at their first mention, in order; ``negated`` those that were said only to be
    denied, ``listed`` those that were said only within a list of terms; ``anchors`` the passages closest to the high
    anchor, closest first, empty without an encoder.
    """

    competency_id: str
    found: tuple[Found, ...]
    negated: tuple[Found, ...] = ()
    listed: tuple[Found, ...] = ()
    anchors: tuple[Found, ...] = ()


@dataclass(frozen=True)
class Shown:
    """The material of the per-competency features."""

    answer: AnswerText
    competency: Competency
    evidence: Evidence


COVERAGE = Family[Shown]("language", Modality.TEXT, LANGUAGE.stage)


def measure_competency(
    answer: AnswerText, competency: Competency, lists: frozenset[int] | None = None
) -> tuple[Measures, Evidence]:
    """The per-competency features of one answer (columns ``name.competency_id``) and the evidence behind them.

    ``lists`` as :func:`find_evidence` takes it.
    """
    evidence = find_evidence(answer, competency, lists)
    measures = COVERAGE.measure(Shown(answer, competency, evidence))
    return {f"{name}.{competency.id}": value for name, value in measures.items()}, evidence


def find_evidence(answer: AnswerText, competency: Competency, lists: frozenset[int] | None = None) -> Evidence:
    """Terms and phrases by lemma, and the passages closest to the high anchor.

    A place in the answer is evidence of one entry only, the longest; each entry is reported at its first mention that
    is neither negated nor part of a list of the terms of any competency that the question shows.

    Parameters
    ----------
    answer, competency
        In what, and of what.
    lists
        :func:`listed_places` of the answer, where several competencies share it; looked for here where not given.
    """
    if lists is None:
        lists = listed_places(answer, {one.id: one for one in (*answer.competencies, competency)}.values())
    taken: set[int] = set()
    kept: dict[str, list[Found]] = {"found": [], "listed": [], "negated": []}
    for kind, text in entries(competency, answer.language):
        free = [span for span in mentions(answer, text) if taken.isdisjoint(range(*span))]
        said = [span for span in free if not _is_negated(answer, span)]
        for span in said:
            taken.update(range(*span))
        told = [span for span in said if lists.isdisjoint(range(*span))]
        for name, spans in (("found", told), ("listed", said), ("negated", free)):
            if spans:
                kept[name].append(Found(kind, text, spans[0]))
                break
    inorder = {name: tuple(sorted(ones, key=lambda entry: entry.span)) for name, ones in kept.items()}
    return Evidence(competency.id, **inorder, anchors=_closest(answer, competency))


def _closest(answer: AnswerText, competency: Competency) -> tuple[Found, ...]:
    anchor = _anchor(competency, "high", answer.language)
    if answer.vectors is None or anchor is None:
        return ()
    ranked = sorted(
        zip(answer.similarities(anchor), answer.passages, strict=True), key=lambda pair: (-pair[0], pair[1])
    )
    return tuple(Found("anchor", anchor, span, value) for value, span in ranked[:BEST])


def _anchor(competency: Competency, level: str, language: str) -> str | None:
    text: str | None = getattr(competency.anchors, level).get(language)
    return text


def _is_negated(answer: AnswerText, span: Span) -> bool:
    """Whether a negation stands just before the span in the same clause (after NegEx, Chapman et al. 2001, JBI 34)."""
    tokens = answer.tokens
    at = next(i for i, token in enumerate(tokens) if token.index >= span[0])
    window: list[str] = []
    for token in reversed(tokens[max(0, at - REACH) : at]):
        if token.ends_clause or token.text in answer.lexicon.contrast:
            break
        window.insert(0, token.text)
    if answer.lexicon.negation_exceptions.search(("" if answer.language == "zh" else " ").join(window)):
        return False
    return any(answer.lexicon.negations.fullmatch(word) for word in window)


@COVERAGE.feature(
    "language.term_coverage_share",
    unit="share",
    low=0,
    high=1,
    meaning="How much of the competency's evidence the answer names: three different terms or phrases reach half.",
    source="n / (n + 3) different entries; saturation as in BM25, Robertson & Zaragoza 2009",
    moved_by=("language", "recogniser"),
    resists=("trimming",),
    per_competency=True,
)
def _term_coverage_share(shown: Shown) -> Value:
    words = len(shown.answer.tokens)
    if words < MIN_WORDS:
        return TOO_SHORT
    counted = min(float(len(shown.evidence.found)), words / DENSITY)
    return counted / (counted + HALF)


@COVERAGE.feature(
    "language.anchor_cosine",
    unit="cosine",
    low=-1,
    high=1,
    meaning="Closeness of the answer's three closest passages to what a high answer describes.",
    source="Reimers & Gurevych 2019, EMNLP; cosine of sentence vectors",
    moved_by=("language", "recogniser"),
    resists=("trimming",),
    per_competency=True,
)
def _anchor_cosine(shown: Shown) -> Value:
    return _mean_closeness(shown, "high")


@COVERAGE.feature(
    "language.anchor_closeness_ratio",
    unit="ratio",
    low=0,
    high=1,
    meaning="How much closer the answer is to the high anchor than to the low one; .5 is as close to both.",
    source="Smith & Kendall 1963 (behavioural anchors); softmax of the two cosines as in Radford et al. 2021, ICML",
    moved_by=("language", "recogniser"),
    resists=("trimming",),
    per_competency=True,
)
def _anchor_closeness_ratio(shown: Shown) -> Value:
    high, low = _mean_closeness(shown, "high"), _mean_closeness(shown, "low")
    if isinstance(high, Absent) or isinstance(low, Absent):
        return high if isinstance(high, Absent) else low
    return 1 / (1 + math.exp((low - high) / TEMPERATURE))


def _mean_closeness(shown: Shown, level: str) -> Value:
    anchor = _anchor(shown.competency, level, shown.answer.language)
    if anchor is None:
        return Absent("no_anchor")
    if shown.answer.vectors is None:
        return NO_ENCODER
    if len(shown.answer.tokens) < MIN_WORDS:
        return TOO_SHORT
    best = closeness(shown.answer, anchor)
    return sum(best) / len(best)


LEAST_WORDS = 20  # four parts do not fit into less: below, a missing part says nothing


@dataclass(frozen=True)
class Account:
    """Where each part of the account shows: spans of the answer's words, in order of appearance."""

    found: Mapping[str, tuple[Span, ...]]

    @property
    def missing(self) -> tuple[str, ...]:
        """Parts without a cue, in the order of telling."""
        return tuple(part for part in PARTS if not self.found[part])

    @property
    def share(self) -> float:
        """Share of the four parts that were found, 0–1; 1 is complete."""
        return 1 - len(self.missing) / len(PARTS)


def find_structure(answer: AnswerText) -> Account:
    """The cues of each part in one answer."""
    return Account({part: tuple(answer.surface.find(answer.lexicon.structure[part])) for part in PARTS})


@LANGUAGE.feature(
    "language.structure_share",
    unit="share",
    low=0,
    high=1,
    meaning="Share of situation, task, action and result that the answer shows.",
    source="Levashina et al. 2014, Personnel Psychology 67, 241–293; own cues",
    moved_by=("language",),
    resists=("trimming",),
)
def _structure_share(answer: AnswerText) -> Value:
    return TOO_SHORT if len(answer.tokens) < LEAST_WORDS else find_structure(answer).share


def _declare(part: str) -> Callable[[AnswerText], Value]:
    @LANGUAGE.feature(
        f"language.{part}_flag",
        unit="flag",
        low=0,
        high=1,
        meaning=f"1 where the answer shows the {part} of the account.",
        source="Levashina et al. 2014, Personnel Psychology 67, 241–293; own cues",
        moved_by=("language",),
        resists=("trimming",),
    )
    def flag(answer: AnswerText) -> Value:
        found = answer.surface.find(answer.lexicon.structure[part])
        return TOO_SHORT if len(answer.tokens) < LEAST_WORDS else float(bool(found))

    return flag


for _part in PARTS:
    _declare(_part)
