"""The material of the language family: one answer's words, their surface, and the vectors of its passages.

The language family: where its features register, and the stage that covers what can change them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vivavoce.data.framework import Competency
from vivavoce.data.identity import source_digest
from vivavoce.data.interview import Modality
from vivavoce.data.schema import Absent, Family, Stage
from vivavoce.features.language.encoder import Encoder, Vector
from vivavoce.features.language.lexicon import Lexicon, lemma, lexicon
from vivavoce.features.transcript.words import Word

PASSAGE_WORDS = 40  # a long spoken sentence; recognisers that give no punctuation get passages of this size
SIMILARITY_DIGITS = 4  # of a cosine: float32 sums in another order differ from the seventh on, nobody needs the fifth
CLOSERS = "\"'”’)]）】」』"
SENTENCE_END = frozenset(".!?。！？…")
CLAUSE_END = SENTENCE_END | frozenset(",;:，；：、—")
EDGE = re.compile(r"^[^\w\[+#%$€£¥]+|(?<![^\w\]+#%])[^\w\]+#%]++$")
BREAK = "|"  # stands between sentences in a surface, so that no pattern reaches across

Span = tuple[int, int]  # first word, word after the last


@dataclass(frozen=True)
class Token:
    """One counted word: lower case, without edge punctuation; ``index`` is its place in the answer's words."""

    text: str
    lemma: str
    index: int
    ends_clause: bool
    ends_sentence: bool


@dataclass(frozen=True)
class Surface:
    """Running text in which patterns are searched, with the way back from characters to words."""

    text: str
    starts: npt.NDArray[np.int64]  # of each token in the text, ascending
    ends: npt.NDArray[np.int64]  # after its last character
    indices: tuple[int, ...]  # of each token in the answer's words

    @cached_property
    def edges(self) -> tuple[frozenset[int], frozenset[int]]:
        """Characters at which a token begins, and those after which one ends."""
        return frozenset(self.starts.tolist()), frozenset(self.ends.tolist())

    def find(self, pattern: re.Pattern[str]) -> list[Span]:
        """Where the pattern occurs, as spans of the answer's words, in order."""
        return [self.span(*found.span()) for found in pattern.finditer(self.text) if found.group()]

    def span(self, start: int, end: int) -> Span:
        """The words that characters start … end - 1 belong to."""
        first, last = np.searchsorted(self.starts, (start, end - 1), side="right") - 1
        return self.indices[max(first, 0)], self.indices[last] + 1


@dataclass(frozen=True)
class AnswerText:
    """What a candidate said to one question.

    Parameters
    ----------
    words
        The candidate's words, normalised and masked, in time order.
    language
        ``en`` or ``zh``.
    question
        The question's text in that language; empty where it is not known.
    competencies
        Those that the question shows.
    others
        The words of the same candidate's other answers in this interview; set by ``relate``.
    earlier
        Those of them that were given before this one; set by ``relate``.
    vectors
        Unit vectors of passages, question and anchors; set by ``relate``, None without an encoder for the language.
    framework
        Every competency of the job, also those that the question does not show: whose words might be recited.
    """

    words: tuple[Word, ...]
    language: str
    question: str = ""
    competencies: tuple[Competency, ...] = ()
    others: tuple["AnswerText", ...] = field(default=(), repr=False)
    earlier: tuple["AnswerText", ...] = field(default=(), repr=False)
    vectors: Mapping[str, Vector] | None = field(default=None, repr=False, compare=False)
    framework: tuple[Competency, ...] = field(default=(), repr=False)

    @cached_property
    def lexicon(self) -> Lexicon:
        """The word lists of the answer's language."""
        return lexicon(self.language)

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """The counted words; what has no letter and no digit is not one."""
        return tuple(self._tokens())

    def _tokens(self) -> Iterator[Token]:
        for index, word in enumerate(self.words):
            plain = EDGE.sub("", word.text.casefold().replace("’", "'"))
            if any(character.isalnum() for character in plain):
                end = word.text.rstrip(CLOSERS)[-1:]
                sentence = end in SENTENCE_END and word.text.casefold() not in self.lexicon.abbreviations
                base = lemma(plain) if self.language == "en" else plain
                yield Token(plain, base, index, end in CLAUSE_END, sentence)

    @cached_property
    def surface(self) -> Surface:
        """The words as said, lower case."""
        return self._surface([token.text for token in self.tokens])

    @cached_property
    def lemmas(self) -> Surface:
        """The words by lemma, hyphens opened; for Chinese the same as ``surface``."""
        return self._surface([_open_hyphens(token.lemma, token.text, self.language) for token in self.tokens])

    @cached_property
    def running(self) -> Surface:
        """English words as said, with nothing between sentences: not every recogniser writes where one ends.

        Chinese is the same as ``surface``: its clauses are told apart by their marks alone.
        """
        return self._surface([token.text for token in self.tokens], marked=self.language == "zh")

    def _surface(self, pieces: Sequence[str], *, marked: bool = True) -> Surface:
        """English words are joined by blanks; Chinese ones by nothing, except between two words in Latin script."""
        text, starts, ends = "", [], []
        for token, piece in zip(self.tokens, pieces, strict=True):
            latin = text[-1:].isascii() and text[-1:].isalnum() and piece[:1].isascii()
            text += " " if latin or (self.language == "en" and text) else ""
            starts.append(len(text))
            text += piece
            ends.append(len(text))
            if token.ends_sentence and marked:
                text += f" {BREAK}" if self.language == "en" else BREAK
            elif token.ends_clause and self.language == "zh":
                text += ","
        return Surface(
            text,
            np.array(starts, dtype=np.int64),
            np.array(ends, dtype=np.int64),
            tuple(token.index for token in self.tokens),
        )

    @cached_property
    def sentences(self) -> tuple[Span, ...]:
        """Spans of words that end with sentence punctuation, or with the answer."""
        spans, first = [], 0
        for token in self.tokens:
            if token.ends_sentence:
                spans.append((first, token.index + 1))
                first = token.index + 1
        if any(token.index >= first for token in self.tokens):
            spans.append((first, len(self.words)))
        return tuple(spans)

    @cached_property
    def passages(self) -> tuple[Span, ...]:
        """What is embedded: sentences, the long ones cut into equal parts of at most ``PASSAGE_WORDS`` words."""
        spans = []
        for first, last in self.sentences:
            parts = -(-(last - first) // PASSAGE_WORDS)
            edges = [first + (last - first) * i // parts for i in range(parts + 1)]
            spans += list(pairwise(edges))
        return tuple(spans)

    def quote(self, span: Span) -> str:
        """The words of a span as they were said."""
        return self._joined(word.quoted for word in self.words[slice(*span)])

    def passage(self, span: Span) -> str:
        """The words of a span as they are compared: in one script."""
        return self._joined(word.text for word in self.words[slice(*span)])

    def _joined(self, words: Iterable[str]) -> str:
        return ("" if self.language == "zh" else " ").join(words)

    def similarities(self, text: str) -> tuple[float, ...]:
        """Cosine between a text that ``relate`` embedded and each passage, in passage order, rounded to 1e-4.

        Raises
        ------
        ValueError
            Where there are no vectors: ask for ``vectors`` first.
        """
        if self.vectors is None:
            raise ValueError("AnswerText.similarities needs vectors: relate() the answers with an encoder first.")
        against = self.vectors[text]
        return tuple(
            round(float(np.dot(self.vectors[self.passage(span)], against)), SIMILARITY_DIGITS) for span in self.passages
        )


def relate(answers: Sequence[AnswerText], encoder: Encoder | None = None) -> tuple[AnswerText, ...]:
    """The answers of one interview, each knowing the others and the vectors.

    What the candidate said is embedded in one call, in a fixed order, and nothing of it is kept for the next person;
    questions and anchors are the framework's, and embedded once.
    """
    vectors: dict[str, Vector] | None = None
    languages = {answer.language for answer in answers}
    if encoder is not None and languages and languages <= encoder.languages:
        said = list(dict.fromkeys(answer.passage(span) for answer in answers for span in answer.passages))
        vectors = dict(zip(said, encoder.encode(said), strict=True))
        vectors |= {text: _framework_vector(encoder, text) for answer in answers for text in _asked(answer)}
    return tuple(
        replace(
            answer,
            others=tuple(other for j, other in enumerate(answers) if j != i),
            earlier=tuple(answers[:i]),
            vectors=vectors,
        )
        for i, answer in enumerate(answers)
    )


def _asked(answer: AnswerText) -> Iterator[str]:
    """What the framework has to compare an answer with: its question, and the anchors of its competencies."""
    if answer.question:
        yield answer.question
    for competency in answer.competencies:
        for anchor in (competency.anchors.low, competency.anchors.middle, competency.anchors.high):
            if answer.language in anchor:
                yield anchor[answer.language]  # type: ignore[index]


@lru_cache(maxsize=1024)  # a framework has some 30 such texts a language; 1.5 KiB each
def _framework_vector(encoder: Encoder, text: str) -> Vector:
    """Embedded alone, so that its bits depend on no company, and once for all candidates: it is no person's text."""
    vector: Vector = encoder.encode([text])[0]
    return vector


def _open_hyphens(base: str, text: str, language: str) -> str:
    return " ".join(map(lemma, text.split("-"))) if language == "en" and "-" in text.strip("-") else base


PER = 100.0  # words: rates of rare words are read per 100
MIN_WORDS = 10  # below, one filler alone would read as more than 10 per 100 words
TOO_SHORT = Absent("too_short")
OTHER_LANGUAGE = Absent("other_language")
NO_ENCODER = Absent("no_encoder")

LANGUAGE = Family[AnswerText](
    "language",
    Modality.TEXT,
    Stage(
        "language",
        "1",
        {
            "passage_words": PASSAGE_WORDS,
            "similarity_digits": SIMILARITY_DIGITS,
            "code": source_digest(Path(__file__).parent),
        },
    ),
)


def language_stage(transcript: Stage, encoder: Encoder | None) -> Stage:
    """The stage of one run: the family's own, with the transcript's stage and the encoder's upstream."""
    own = LANGUAGE.stage
    upstream = (transcript,) if encoder is None else (transcript, encoder.stage)
    return Stage(own.name, own.version, own.parameters, upstream)


def per_hundred(count: int, answer: AnswerText) -> float | Absent:
    """A count per 100 words of the answer, or ``too_short`` below ``MIN_WORDS``."""
    total = len(answer.tokens)
    return TOO_SHORT if total < MIN_WORDS else PER * count / total
