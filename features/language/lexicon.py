"""Word lists of each language: fillers, hedges, negations, the cues of an account. Own lists, as data.

A light English lemmatiser: inflection off, derivation kept (*testing*, *tests*, *tested* → *test*; *tester* stays).

Irregular forms from a list, regular ones by the first and last steps of Porter's rules (Porter 1980, *An algorithm
for suffix stripping*, Program 14): plural, *-ed*, *-ing*, final *e*. Lemmas are only ever compared with lemmas, so they
need not be words (*analyse* → *analys*); British and American spellings meet (*-ize*/*-ise*, *-our*/*-or*).
"""

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
    telling: "Telling"


@dataclass(frozen=True)
class Telling:
    """What tells a deed, a reason or a general word: whole words by list in English, patterns by list in both."""

    words: Mapping[str, frozenset[str]]
    patterns: Mapping[str, re.Pattern[str]]


TOLD_BY_PATTERN = (
    "reasons",
    "general",
    "lessons",
    "mine",
)  # in English; in Chinese, which marks no words, every list is one


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
        telling=_telling(lists["telling"], language),
    )


def _telling(lists: Mapping[str, Sequence[str]], language: str) -> Telling:
    patterns = {name for name in lists if language == "zh" or name in TOLD_BY_PATTERN}
    return Telling(
        {name: frozenset(entries) for name, entries in lists.items() if name not in patterns},
        {name: _pattern(entries, language) for name, entries in lists.items() if name in patterns},
    )


def _pattern(entries: Sequence[str], language: str) -> re.Pattern[str]:
    """One pattern that finds any entry, at word edges where the script has them."""
    alternatives = "|".join(f"(?:{entry})" for entry in entries)
    return re.compile(alternatives if language == "zh" else rf"(?<![\w'])(?:{alternatives})(?![\w'])")


_IRREGULAR = """
be am is are was were been being; bring brought; build built; buy bought; catch caught; choose chose chosen; come
came; do did done does; draw drew drawn; drive drove driven; fall fell fallen; feel felt; fight fought; find found;
get got gotten; give gave given; go went gone goes; grow grew grown; have has had having; hear heard; hold held;
keep kept; know knew known; lead led; leave left; lose lost; make made; mean meant; meet met; pay paid; person
people; child children; man men; run ran running; say said; see saw seen; sell sold; send sent; set setting; show
shown; sit sat; speak spoke spoken; spend spent; stand stood; take took taken; teach taught; tell told; think
thought; understand understood; win won; write wrote written; rewrite rewrote rewritten; criterion criteria;
analysis analyses; hypothesis hypotheses; use used using uses; agree agreed agreeing; bus buses; lens lenses;
process processes processed processing; focus focuses focused focusing
"""
_LEMMA = {
    form: forms[0] for line in _IRREGULAR.replace("\n", " ").split(";") if (forms := line.split()) for form in forms
}
_VOWEL = re.compile(r"[aeiouy]")
_SYLLABLE = re.compile(r"(?<![aeiouy])[aeiouy]++[^aeiouy]+")  # Porter's measure counts these
_SHORT = re.compile(
    r"(?<![^aeiouy])[^aeiouy]*+[aeiouy][^aeiouwxy]"
)  # one syllable ending consonant, vowel, consonant: *not*


@cache
def lemma(word: str) -> str:
    """The word without its inflection; ``word`` is in lower case.

    Examples
    --------
    >>> [lemma(word) for word in ("tested", "testing", "tests", "planned", "organize", "organising", "led", "noted")]
    ['test', 'test', 'test', 'plan', 'organis', 'organis', 'lead', 'note']
    """
    word = word.removesuffix("'s")
    base = _LEMMA.get(word) or (_stem(word) if len(word) > 3 and word.isascii() and word.isalpha() else word)
    return _spelling(base)


def _stem(word: str) -> str:
    if word.endswith(("ies", "ied")) and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for suffix in ("ing", "ed"):
        base = word.removesuffix(suffix)
        if base != word and len(base) > 2 and _VOWEL.search(base) and not base.endswith("e"):
            if base[-1] == base[-2] and base[-1] not in "lsz" and len(base) > 3:
                return base[:-1]  # *planned*; but *install*, *press*, *buzz*
            return base + "e" if _SHORT.fullmatch(base) else base
    return word


def _spelling(base: str) -> str:
    if len(base) > 5 and base.endswith("our"):
        base = base[:-3] + "or"
    stem = base.removesuffix("e")
    if stem != base and _SYLLABLE.search(stem) and not _SHORT.fullmatch(stem):
        base = stem
    if base.endswith("ll") and len(_SYLLABLE.findall(base)) > 1:
        base = base[:-1]  # *controlled* and *control*
    return re.sub(r"(?<=[iy])z$", "s", base)
