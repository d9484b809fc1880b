"""Configurations of a run, compared entry by entry: whoever is refused is told what differs."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

ABSENT = "absent"


class ConfigurationDiffers(ValueError):
    """The folder holds results of another configuration or another manifest."""


def differences(old: object, new: object, path: str = "") -> Iterator[str]:
    """Every entry in which two JSON documents differ, as ``dotted.path: old → new``, in the order of their paths.

    Examples
    --------
    >>> list(differences({"asr": {"engine": "whisper", "beam": 5}}, {"asr": {"engine": "provided"}, "fps": 5}))
    ['asr.beam: 5 → absent', 'asr.engine: "whisper" → "provided"', 'fps: absent → 5']
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted(old.keys() | new.keys()):
            place = f"{path}.{name}" if path else str(name)
            if name not in old:
                yield f"{place}: {ABSENT} → {_shown(new[name])}"
            elif name not in new:
                yield f"{place}: {_shown(old[name])} → {ABSENT}"
            else:
                yield from differences(old[name], new[name], place)
    elif _shown(old) != _shown(new):  # as JSON, in which 1, 1.0 and true are three things
        yield f"{path}: {_shown(old)} → {_shown(new)}"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
