"""How varied the words are, by measures that do not depend on length, and which kinds of words are used."""

from collections import Counter
from collections.abc import Sequence

from vivavoce.data.schema import Value
from vivavoce.features.language.answer_text import LANGUAGE, TOO_SHORT, AnswerText, per_hundred

FACTOR = 0.72  # type-token ratio at which a factor of MTLD is complete (McCarthy & Jarvis 2010, p. 384)
WINDOW = 50  # words of a MATTR window: Covington & McFall 2010 advise 50 or more for style; answers are short
MIN_WORDS = 50  # below, MTLD has mostly partial factors and MATTR no full window


@LANGUAGE.feature(
    "language.diversity_mtld",
    unit="words",
    low=5,
    high=500,
    meaning="Mean number of running words over which the share of different words stays above .72 (MTLD).",
    source="McCarthy & Jarvis 2010, Behavior Research Methods 42, 381–392",
    moved_by=("language", "recogniser"),
    resists=("trimming",),
)
def _diversity_mtld(answer: AnswerText) -> Value:
    words = [token.text for token in answer.tokens]
    if len(words) < MIN_WORDS:
        return TOO_SHORT
    factors = [_factors(words), _factors(words[::-1])]
    if min(factors) == 0:
        return TOO_SHORT  # no word came twice: the measure has no bound
    return sum(len(words) / count for count in factors) / 2


@LANGUAGE.feature(
    "language.diversity_mattr",
    unit="ratio",
    low=0.02,
    high=1,
    meaning="Mean share of different words in every window of 50 words (MATTR).",
    source="Covington & McFall 2010, Journal of Quantitative Linguistics 17, 94–100",
    moved_by=("language", "recogniser"),
    resists=("trimming",),
)
def _diversity_mattr(answer: AnswerText) -> Value:
    words = [token.text for token in answer.tokens]
    if len(words) < MIN_WORDS:
        return TOO_SHORT
    counts = Counter(words[:WINDOW])
    types = [len(counts)]
    for leaving, entering in zip(words, words[WINDOW:], strict=False):
        counts[entering] += 1
        counts[leaving] -= 1
        if not counts[leaving]:
            del counts[leaving]
        types.append(len(counts))
    return sum(types) / len(types) / WINDOW


@LANGUAGE.feature(
    "language.hedges_per_100_words",
    unit="per 100 words",
    low=0,
    high=40,
    meaning="Hedging words and phrases (maybe, I think) per 100 words.",
    source="Hyland 2005, Metadiscourse; own lists",
    moved_by=("language",),
    resists=("trimming",),
)
def _hedges_per_100_words(answer: AnswerText) -> Value:
    return per_hundred(len(answer.surface.find(answer.lexicon.hedges)), answer)


@LANGUAGE.feature(
    "language.first_singular_per_100_words",
    unit="per 100 words",
    low=0,
    high=40,
    meaning="I, me, my per 100 words.",
    source="Pennebaker & King 1999, JPSP 77; own lists",
    moved_by=("language",),
    resists=("trimming",),
)
def _first_singular_per_100_words(answer: AnswerText) -> Value:
    return per_hundred(sum(token.text in answer.lexicon.first_singular for token in answer.tokens), answer)


@LANGUAGE.feature(
    "language.first_plural_per_100_words",
    unit="per 100 words",
    low=0,
    high=40,
    meaning="We, us, our per 100 words.",
    source="Pennebaker & King 1999, JPSP 77; own lists",
    moved_by=("language",),
    resists=("trimming",),
)
def _first_plural_per_100_words(answer: AnswerText) -> Value:
    return per_hundred(sum(token.text in answer.lexicon.first_plural for token in answer.tokens), answer)


@LANGUAGE.feature(
    "language.numbers_per_100_words",
    unit="per 100 words",
    low=0,
    high=60,
    meaning="Numbers and quantities per 100 words.",
    source="own lists",
    moved_by=("language", "recogniser"),
    resists=("trimming",),
)
def _numbers_per_100_words(answer: AnswerText) -> Value:
    return per_hundred(len(answer.surface.find(answer.lexicon.numbers)), answer)


@LANGUAGE.feature(
    "language.details_per_100_words",
    unit="per 100 words",
    low=0,
    high=60,
    meaning="Concrete details per 100 words: times, counted people and things, named examples.",
    source="criteria of reality monitoring (time, place, quantity), Johnson & Raye 1981; own lists",
    moved_by=("language", "recogniser"),
    resists=("trimming",),
)
def _details_per_100_words(answer: AnswerText) -> Value:
    return per_hundred(len(answer.surface.find(answer.lexicon.details)), answer)


def _factors(words: Sequence[str]) -> float:
    """Complete factors of MTLD in one direction, and the share of the last one that was reached."""
    factors, types, count = 0.0, set[str](), 0
    ratio = 1.0
    for word in words:
        types.add(word)
        count += 1
        ratio = len(types) / count
        if ratio <= FACTOR:
            factors, types, count, ratio = factors + 1, set(), 0, 1.0
    return factors + (1 - ratio) / (1 - FACTOR)
