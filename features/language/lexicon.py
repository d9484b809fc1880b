"""Word lists of each language: fillers, hedges, negations, the cues of an account. Own lists, as data."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

LANGUAGES = ("en", "zh")
PARTS = ("situation", "task", "action", "result")  # of an account, in the order of telling


@dataclass(frozen=True)
class Lexicon:
    """One language's lists, compiled; patterns search an answer's surface text."""

    language: str
    fillers: re.Pattern[str]
    repairs: re.Pattern[str]
    hedges: re.Pattern[str]
    numbers: re.Pattern[str]
    details: re.Pattern[str]
    skipped: re.Pattern[str]
    negations: re.Pattern[str]
    negation_exceptions: re.Pattern[str]
    contrast: frozenset[str]
    structure: Mapping[str, re.Pattern[str]]
    first_singular: frozenset[str]
    first_plural: frozenset[str]
    doubles: frozenset[str]
    abbreviations: frozenset[str]


@cache
def lexicon(language: str) -> Lexicon:
    """Return the lists of one language.

    Raises
    ------
    ValueError
        For a language without lists.

    Examples
    --------
    >>> lexicon("en").hedges.findall("maybe i think so")
    ['maybe', 'i think']
    """
    if language not in LANGUAGES:
        raise ValueError(f"The 'language' parameter of lexicon must be one of {LANGUAGES}. Got {language!r} instead.")
    text = files("vivavoce.features.language").joinpath("lexicon", f"{language}.yaml").read_text(encoding="utf-8")
    lists: dict[str, Any] = yaml.safe_load(text)
    verbs = "|".join(lists["action_verbs"])
    cues = {part: [cue.replace("DID", verbs) for cue in lists["structure"][part]] for part in PARTS}
    return Lexicon(
        language=language,
        fillers=_pattern(lists["fillers"], language),
        repairs=_pattern(lists["repairs"], language),
        hedges=_pattern(lists["hedges"], language),
        numbers=_pattern(lists["numbers"], language),
        details=_pattern(lists["details"], language),
        skipped=_pattern(lists["skipped"], language),
        negations=_pattern(lists["negations"], language),
        negation_exceptions=_pattern(lists["negation_exceptions"], language),
        contrast=frozenset(lists["contrast"]),
        structure={part: _pattern(cues[part], language) for part in PARTS},
        first_singular=frozenset(lists["first_singular"]),
        first_plural=frozenset(lists["first_plural"]),
        doubles=frozenset(lists["doubles"]),
        abbreviations=frozenset(lists["abbreviations"]),
    )


def _pattern(entries: Sequence[str], language: str) -> re.Pattern[str]:
    """One pattern that finds any entry, at word edges where the script has them."""
    alternatives = "|".join(f"(?:{entry})" for entry in entries)
    return re.compile(alternatives if language == "zh" else rf"(?<![\w'])(?:{alternatives})(?![\w'])")
