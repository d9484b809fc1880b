"""Sentences of a YAML file beside its reader, said in every language at once or in one."""

from collections.abc import Iterable, Mapping
from functools import cache, partial
from typing import Protocol

from vivavoce.data.yaml_file import shipped_yaml

Words = Mapping[str, str]  # a text by language

NOTHING: Words = {"en": "", "zh": ""}
BREAKS = {"en": "; ", "zh": "；"}


class Say(Protocol):
    """A sentence by its name, with its values, in every language."""

    def __call__(self, sentence: str, /, **values: object) -> Words:
        """Say it."""


def wording(package: str, name: str = "wording.yaml") -> Say:
    """Who says the sentences of one file.

    Examples
    --------
    >>> say = wording("vivavoce.fairness.gate")
    >>> say("raters_of", n=2, least=5)["en"]
    '2 raters, at least 5'
    """
    return partial(_say, package, name)


def as_is(text: str) -> Words:
    """Names and figures, which are the same in every language."""
    return dict.fromkeys(NOTHING, text)


def joined(parts: Iterable[Words]) -> Words:
    """Several texts one after the other.

    Examples
    --------
    >>> joined([as_is("a"), as_is("b")])
    {'en': 'a; b', 'zh': 'a；b'}
    """
    listed = list(parts)
    return {language: mark.join(one[language] for one in listed) for language, mark in BREAKS.items()}


@cache
def sentences(package: str, name: str) -> Mapping[str, Words]:
    """A file's sentences, by name and language."""
    loaded: Mapping[str, Words] = shipped_yaml(package, name)
    return loaded


def _say(package: str, name: str, sentence: str, /, **values: object) -> Words:
    told = sentences(package, name)[sentence]
    return {language: text.format(**_in(language, values)) for language, text in told.items()}


def _in(language: str, values: Mapping[str, object]) -> dict[str, object]:
    return {name: one[language] if isinstance(one, Mapping) else one for name, one in values.items()}
