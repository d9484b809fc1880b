"""How much was said, how fast, how smoothly: length, rates, fillers, repairs, sentences."""

from itertools import pairwise

from vivavoce.data.schema import Absent, Value
from vivavoce.features.language.answer_text import (
    LANGUAGE,
    MIN_WORDS,
    OTHER_LANGUAGE,
    PASSAGE_WORDS,
    TOO_SHORT,
    AnswerText,
    Span,
    per_hundred,
)
from vivavoce.features.transcript.words import HAN

MIN_SECONDS = 2.0  # of speech for a rate: cue times are exact to some tenths of a second
SKIPPED_WORDS = 25  # an answer that declines is short; the same words within a longer one are part of an account
REPEATED = (3, 2, 1)  # words that are said twice in a row, longest first


@LANGUAGE.feature(
    "language.length_words",
    unit="count",
    low=0,
    high=5000,
    meaning="Words in the answer; Chinese words as segmented.",
    source="count of tokens with a letter or digit",
    moved_by=("recogniser",),
    resists=("trimming",),
)
def _length_words(answer: AnswerText) -> Value:
    return float(len(answer.tokens))


@LANGUAGE.feature(
    "language.length_characters",
    unit="count",
    low=0,
    high=10000,
    meaning="Chinese characters in the answer; for Chinese only.",
    source="count of Han characters",
    moved_by=("recogniser",),
    resists=("trimming",),
)
def _length_characters(answer: AnswerText) -> Value:
    return float(_characters(answer)) if answer.language == "zh" else OTHER_LANGUAGE


@LANGUAGE.feature(
    "language.unique_words",
    unit="count",
    low=0,
    high=2000,
    meaning="Different words in the answer, as said; grows with its length.",
    source="count of types",
    moved_by=("recogniser",),
    resists=("trimming",),
)
def _unique_words(answer: AnswerText) -> Value:
    return float(len({token.text for token in answer.tokens}))


@LANGUAGE.feature(
    "language.rate_words_per_min",
    unit="per min",
    low=10,
    high=400,
    meaning="Words a minute from the first word to the last, pauses included.",
    source="words / time",
    moved_by=("language", "recogniser"),
    resists=("trimming",),
    impairment_sensitive=True,
)
def _rate_words_per_min(answer: AnswerText) -> Value:
    return _per_minute(len(answer.tokens), answer)


@LANGUAGE.feature(
    "language.rate_characters_per_min",
    unit="per min",
    low=15,
    high=600,
    meaning="Chinese characters a minute from the first word to the last, pauses included; for Chinese only.",
    source="characters / time",
    moved_by=("recogniser",),
    resists=("trimming",),
    impairment_sensitive=True,
)
def _rate_characters_per_min(answer: AnswerText) -> Value:
    return _per_minute(_characters(answer), answer) if answer.language == "zh" else OTHER_LANGUAGE


@LANGUAGE.feature(
    "language.fillers_per_100_words",
    unit="per 100 words",
    low=0,
    high=60,
    meaning="Filled pauses and filler phrases (um, you know) per 100 words.",
    source="Clark & Fox Tree 2002, Cognition 84; own lists",
    moved_by=("recogniser", "language"),
    resists=("trimming",),
    impairment_sensitive=True,
)
def _fillers_per_100_words(answer: AnswerText) -> Value:
    return per_hundred(len(find_fillers(answer)), answer)


@LANGUAGE.feature(
    "language.repairs_per_100_words",
    unit="per 100 words",
    low=0,
    high=60,
    meaning="Restarts, repeated words, cut-off words and taken-back words per 100 words.",
    source="Levelt 1983, Cognition 14; own lists",
    moved_by=("recogniser", "language"),
    resists=("trimming",),
    impairment_sensitive=True,
)
def _repairs_per_100_words(answer: AnswerText) -> Value:
    return per_hundred(len(find_repairs(answer)), answer)


@LANGUAGE.feature(
    "language.sentence_words",
    unit="words",
    low=1,
    high=200,
    meaning="Mean length of a sentence; needs a transcript with punctuation.",
    source="mean length of utterance",
    moved_by=("recogniser", "language"),
    resists=("trimming",),
)
def _sentence_words(answer: AnswerText) -> Value:
    if len(answer.tokens) < MIN_WORDS:
        return TOO_SHORT
    if len(answer.tokens) > PASSAGE_WORDS and not any(token.ends_sentence for token in answer.tokens):
        return Absent("no_punctuation")
    return len(answer.tokens) / len(answer.sentences)


@LANGUAGE.feature(
    "language.skipped_flag",
    unit="flag",
    low=0,
    high=1,
    meaning="1 where the question was left unanswered: no words, or a short reply that declines.",
    source="own lists",
    moved_by=("recogniser",),
    resists=("trimming",),
)
def _skipped_flag(answer: AnswerText) -> Value:
    declined = len(answer.tokens) <= SKIPPED_WORDS and bool(answer.surface.find(answer.lexicon.skipped))
    return float(not answer.tokens or declined)


def find_fillers(answer: AnswerText) -> list[Span]:
    """Filled pauses and filler phrases, as spans of words in order."""
    return answer.surface.find(answer.lexicon.fillers)


def find_repairs(answer: AnswerText) -> list[Span]:
    """Places where the speaker starts again, in order.

    One to three words said twice in a row (fillers between do not count), a word cut off (``orga-``), or an
    editing phrase. Words that are doubled on purpose (*very very*) are not repairs.
    """
    fillers = {index for span in find_fillers(answer) for index in range(*span)}
    spoken = [token for token in answer.tokens if token.index not in fillers]
    repairs, at = answer.surface.find(answer.lexicon.repairs), 0
    while at < len(spoken):
        for size in REPEATED:
            first, again = spoken[at : at + size], spoken[at + size : at + 2 * size]
            said = [token.text for token in first]
            meant = set(said) <= answer.lexicon.doubles or said[-1].endswith("着")  # 看着看着 is an idiom
            if said == [token.text for token in again] and not meant and not first[-1].ends_sentence:
                repairs.append((first[0].index, again[-1].index + 1))
                at += size - 1
                break
        at += 1
    cut = [(i, i + 1) for i, word in enumerate(answer.words) if word.text.endswith("-") and word.text[:-1].isalpha()]
    return _distinct(repairs + cut)


def _distinct(spans: list[Span]) -> list[Span]:
    """Spans in order without those that begin inside the one before."""
    ordered = sorted(spans)
    return ordered[:1] + [span for before, span in pairwise(ordered) if span[0] >= before[1]]


def _characters(answer: AnswerText) -> int:
    return sum(len(HAN.findall(token.text)) for token in answer.tokens)


def _per_minute(count: int, answer: AnswerText) -> Value:
    if len(answer.tokens) < MIN_WORDS:
        return TOO_SHORT
    seconds = max(word.end for word in answer.words) - min(word.start for word in answer.words)
    return TOO_SHORT if seconds < MIN_SECONDS else 60 * count / seconds
