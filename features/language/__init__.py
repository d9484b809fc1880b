"""Language: what was said, from the transcript, in English and Chinese."""

from vivavoce.features.language import borrowing, coverage, diversity, fluency, relevance, telling
from vivavoce.features.language.answer_text import LANGUAGE, AnswerText, language_stage, relate
from vivavoce.features.language.borrowing import is_repetitive, written_answer
from vivavoce.features.language.coverage import (
    COVERAGE,
    Account,
    Evidence,
    Found,
    find_evidence,
    find_structure,
    listed_places,
    measure_competency,
)
from vivavoce.features.language.telling import find_told

MEASURES = (borrowing, coverage, diversity, fluency, relevance, telling)  # they declare the family's features

__all__ = [
    "COVERAGE",
    "LANGUAGE",
    "MEASURES",
    "Account",
    "AnswerText",
    "Evidence",
    "Found",
    "find_evidence",
    "find_structure",
    "find_told",
    "is_repetitive",
    "language_stage",
    "listed_places",
    "measure_competency",
    "relate",
    "written_answer",
]
