"""Language: what was said, from the transcript, in English and Chinese."""

from vivavoce.features.language import diversity, fluency, relevance, structure
from vivavoce.features.language.answer import AnswerText, relate
from vivavoce.features.language.coverage import COVERAGE, Evidence, Found, find_evidence, measure_competency
from vivavoce.features.language.family import LANGUAGE, language_stage
from vivavoce.features.language.mentions import listed_places
from vivavoce.features.language.structure import Account, find_structure

__all__ = [
    "COVERAGE",
    "LANGUAGE",
    "Account",
    "AnswerText",
    "Evidence",
    "Found",
    "diversity",
    "find_evidence",
    "find_structure",
    "fluency",
    "language_stage",
    "listed_places",
    "measure_competency",
    "relate",
    "relevance",
    "structure",
]
