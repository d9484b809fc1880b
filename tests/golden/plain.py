"""Documents as plain values that can be kept: no prose, no times, no digests, nothing that is absent."""

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

Json = Any

WORD = re.compile(r"[\w.,:+%<>=()-]+", re.ASCII)  # a verdict, a name, a reason's code; sentences and paths are not
PASSING = re.compile(r"[0-9a-f]{12,}|\d{4}-\d\d-\d\d.*")  # digests and times
LEFT_OUT = frozenset({"version", "vivavoce", "format", "seconds", "file", "sha256", "made", "expires"})
NAMED_BY = ("id", "group", "question", "competency", "criterion", "attribute", "rule", "name", "window", "score")


def plain(found: Any) -> Json:
    """A value as JSON holds it; ``None``, nan, prose, digests and times are taken out of mappings.

    A list of mappings that have names of their own becomes a mapping by name, so that a difference can be told by it.
    """
    if isinstance(found, Mapping):
        kept = {str(name): plain(value) for name, value in found.items() if name not in LEFT_OUT}
        return {name: value for name, value in kept.items() if not _is_nothing(value)}
    if isinstance(found, list | tuple | np.ndarray):
        items = list(found)
        name = _name_of(items)
        if name is not None:
            return plain({item[name]: {key: value for key, value in item.items() if key != name} for item in items})
        kept = [plain(item) for item in items]
        return ["…" if _is_nothing(item) else item for item in kept]
    return _value(found)


def _is_nothing(value: Json) -> bool:
    return value is None or value == {}


def _name_of(items: list[Any]) -> str | None:
    """The key that tells mappings apart."""
    if len(items) < 1 or not all(isinstance(item, Mapping) for item in items):
        return None
    for key in NAMED_BY:
        names = [item.get(key) for item in items]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return key
    return None


def _value(found: Any) -> Json:
    if isinstance(found, np.generic):
        found = found.item()
    if found is None or isinstance(found, bool | int):
        return found
    if isinstance(found, float):
        return None if math.isnan(found) else found if math.isfinite(found) else str(found)
    word = str(found)
    return word if WORD.fullmatch(word) and not PASSING.fullmatch(word) else None
