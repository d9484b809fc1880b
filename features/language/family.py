"""The language family: where its features register, and the stage that covers what can change them."""

from pathlib import Path

from vivavoce.data.interview import Modality
from vivavoce.data.schema import Absent, Family, Stage
from vivavoce.data.source import source_digest
from vivavoce.features.language.answer import PASSAGE_WORDS, SIMILARITY_DIGITS, AnswerText
from vivavoce.features.language.encoder import Encoder

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
