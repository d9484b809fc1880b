"""Whether the answer is about the question, and whether it repeats another answer."""

from vivavoce.data.schema import Absent, Value
from vivavoce.features.language.answer_text import LANGUAGE, NO_ENCODER, TOO_SHORT, AnswerText

BEST = 3  # passages whose closeness is averaged: one lucky sentence is not an answer, and not every sentence must fit
MIN_WORDS = 10  # a passage of less has no meaning to compare
SEQUENCE = 4  # words in a row that two answers of one person share only when one repeats the other


def closeness(answer: AnswerText, text: str) -> tuple[float, ...]:
    """The ``BEST`` highest cosines between a text and the answer's passages, highest first, each in −1–1."""
    return tuple(sorted(answer.similarities(text), reverse=True)[:BEST])


@LANGUAGE.feature(
    "language.relevance_cosine",
    unit="cosine",
    low=-1,
    high=1,
    meaning="Closeness of the answer's three closest passages to the question.",
    source="Reimers & Gurevych 2019, EMNLP; cosine of sentence vectors",
    moved_by=("language", "recogniser"),
    resists=("trimming",),
)
def _relevance_cosine(answer: AnswerText) -> Value:
    if not answer.question:
        return Absent("no_question")
    if answer.vectors is None:
        return NO_ENCODER
    if len(answer.tokens) < MIN_WORDS:
        return TOO_SHORT
    best = closeness(answer, answer.question)
    return sum(best) / len(best)


@LANGUAGE.feature(
    "language.repetition_share",
    unit="share",
    low=0,
    high=1,
    meaning="Share of the answer's four-word sequences that also stand in another answer of the interview.",
    source="n-gram overlap, Broder 1997",
    moved_by=("recogniser",),
    resists=("trimming",),
)
def _repetition_share(answer: AnswerText) -> Value:
    if not answer.others:
        return Absent("single_answer")
    if len(answer.tokens) < MIN_WORDS:
        return TOO_SHORT
    own = _sequences(answer)
    return len(own & set[tuple[str, ...]]().union(*map(_sequences, answer.others))) / len(own)


def _sequences(answer: AnswerText) -> set[tuple[str, ...]]:
    lemmas = [token.lemma for token in answer.tokens]
    return {tuple(lemmas[i : i + SEQUENCE]) for i in range(len(lemmas) - SEQUENCE + 1)}
