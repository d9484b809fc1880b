"""Documents as plain values that can be kept: no sentences, no times, no digests, nothing that is absent."""

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

Json = Any

WORD = r"[\w.,:+%<>=()'-]+"
PHRASE = re.compile(f"{WORD}(?: {WORD}){{0,3}}(?<![.])", re.ASCII)  # a verdict, a name, a reason; no sentence, no path
PASSING = re.compile(r"(?:.*\b)?[0-9a-f]{12,}\b.*|\d{4}-\d\d-\d\d.*")  # digests and times
SENTENCES = frozenset(
    {"version", "vivavoce", "file", "asks", "found", "remedy", "said", "words", "note", "clause", "source"}
)  # names of what people read, whatever its length
FORMS = frozenset({"version", "format", "seconds"})  # numbers of the document's shape, and of the machine
NAMED_BY = ("id", "group", "question", "competency", "criterion", "attribute", "rule", "name", "window", "score")


def plain(value: Any) -> Json:
    """A value as JSON holds it; ``None``, nan, sentences, digests and times are taken out of mappings.

    A list of mappings that have names of their own becomes a mapping by name, so that a difference can be told by it.
    """
    if isinstance(value, Mapping):
        kept = {str(name): plain(inner) for name, inner in value.items() if not _is_left_out(name, inner)}
        return {name: inner for name, inner in kept.items() if not _is_nothing(inner)}
    if isinstance(value, list | tuple | np.ndarray):
        items = list(value)
        name = _name_of(items)
        if name is not None:
            return plain({item[name]: {key: inner for key, inner in item.items() if key != name} for item in items})
        kept = [plain(item) for item in items]
        return ["…" if _is_nothing(item) else item for item in kept]
    return _single(value)


def _is_left_out(name: object, value: object) -> bool:
    """Whether a value is left out for its name: sentences, numbers of a document's shape, why a number is absent."""
    if isinstance(value, str):
        return name in SENTENCES
    return name == "undefined" or (name in FORMS and isinstance(value, int | float))


def _is_nothing(value: Json) -> bool:
    return value is None or value == {}


def _name_of(items: list[Any]) -> str | None:
    """The key that tells mappings apart."""
    if not items or not all(isinstance(item, Mapping) for item in items):
        return None
    for key in NAMED_BY:
        names = [item.get(key) for item in items]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return key
    return None


def _single(value: Any) -> Json:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value if math.isfinite(value) else str(value)
    text = str(value)
    return text if PHRASE.fullmatch(text) and not PASSING.fullmatch(text) else None
