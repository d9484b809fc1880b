"""What a stage leaves behind for one recording: a JSON document and named tracks, as bytes and back."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from vivavoce.data.track import Track

FORMAT = 1
COMPRESSION = 1  # zlib's fastest: sealing and syncing cost more than the last percents would save
DOCUMENT = "document"
STORED = ("float16", "float32", "float64")


class CorruptArtefact(ValueError):
    """Bytes that are not an artefact of this format."""


@dataclass(frozen=True, eq=False)
class Artefact:
    """The result of one stage on one recording.

    Parameters
    ----------
    document
        JSON: dicts with string keys, lists, strings, finite numbers, booleans, None. It comes back equal; tuples and
        other keys would not, and are refused.
    tracks
        Named tracks of float16, float32 or float64; they come back bit for bit, ``nan`` included.

    Raises
    ------
    ValueError
        If the document would not come back equal, or a track has another type of number.

    Examples
    --------
    >>> pitch = Track(np.array([[0.0, 0.1]]), np.array([[np.nan]]), ("f0_hz",))
    >>> read = Artefact.from_bytes(Artefact({"engine": "yin"}, {"pitch": pitch}).to_bytes())
    >>> read.document, read.tracks["pitch"]["f0_hz"]
    ({'engine': 'yin'}, array([nan]))
    """

    document: Mapping[str, Any]
    tracks: Mapping[str, Track]

    def __post_init__(self) -> None:
        """Refuse at once what could not be read back as it was."""
        try:
            same = json.loads(_text(self.document)) == self.document
        except (TypeError, ValueError) as error:
            raise ValueError(f"The document of an artefact must be JSON with finite numbers. Got: {error}.") from error
        if not same:
            raise ValueError(
                "The document of an artefact must come back equal from JSON: use lists for tuples and strings for keys."
            )
        for name, track in self.tracks.items():
            for part in (track.spans, track.values):
                if part.dtype.name not in STORED:
                    raise ValueError(f"Track {name!r} must hold one of {', '.join(STORED)}. Got {part.dtype} instead.")

    def to_bytes(self) -> bytes:
        """Return compact bytes (safetensors, deflated); equal content gives equal bytes, whatever its order."""
        head = {
            "format": FORMAT,
            "document": self.document,
            "tracks": {name: list(track.names) for name, track in self.tracks.items()},
        }
        arrays: dict[str, np.ndarray[Any, Any]] = {DOCUMENT: np.frombuffer(_text(head).encode(), np.uint8)}
        for name, track in self.tracks.items():
            arrays[f"spans/{name}"] = np.ascontiguousarray(track.spans)
            arrays[f"values/{name}"] = np.ascontiguousarray(track.values)
        return zlib.compress(save(arrays), COMPRESSION)

    @staticmethod
    def from_bytes(content: bytes) -> "Artefact":
        """Read what :meth:`to_bytes` made. Raises :class:`CorruptArtefact` with the reason for anything else."""
        try:
            arrays = load(zlib.decompress(content))
            head = json.loads(arrays.pop(DOCUMENT).tobytes())
            if head["format"] != FORMAT:
                raise CorruptArtefact(f"artefact format {head['format']}; this version reads format {FORMAT}")
            tracks = {
                name: Track(arrays.pop(f"spans/{name}"), arrays.pop(f"values/{name}"), tuple(names))
                for name, names in head["tracks"].items()
            }
            artefact = Artefact(head["document"], tracks)
        except CorruptArtefact:
            raise
        except (zlib.error, SafetensorError, KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
            raise CorruptArtefact(f"not an artefact: {type(error).__name__}: {error}") from error
        if arrays:
            raise CorruptArtefact(f"not an artefact: undeclared arrays {', '.join(sorted(arrays))}")
        return artefact


def _text(document: object) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
