"""The artefact store: what a stage found in a recording, sealed with the person's key; read back whole or not at all.

An artefact can always be computed again from its recording. So damage is never a reason to stop: a file whose seal
is broken is moved to ``quarantine/``, its reason is logged, and the caller computes it again. What cannot be computed
again stops: a person's damaged key (:class:`~vivavoce.data.vault.keys.Tampered`), an erased person
(:class:`~vivavoce.data.vault.keys.Erased`), another project's keys.

What a stage leaves behind for one recording: a JSON document and named tracks, as bytes and back.
"""

import contextlib
import hashlib
import hmac
import json
import logging
import os
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from vivavoce.data.errors import Exit, VivaError
from vivavoce.data.schema import Stage
from vivavoce.data.track import Track
from vivavoce.data.vault.durable import make_folder, sweep, sync_folder, write_durably
from vivavoce.data.vault.keys import KeyRing, Tampered, derive, seal, unseal

FORMAT = 1
COMPRESSION = 1  # zlib's fastest: sealing and syncing cost more than the last percents would save
DOCUMENT = "document"
STORED = ("float16", "float32", "float64")


class CorruptArtefact(VivaError):
    """Bytes that are not an artefact of this format."""

    status = Exit.MACHINE


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


ABANDONED_S = 3600  # one write takes milliseconds: a temporary file of an hour has no living writer
NAME_DIGITS = 32  # hex, 128 bits
SHA256 = re.compile(r"[0-9a-f]{64}")
STAGE_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}")

log = logging.getLogger(__name__)


class Store:
    """Artefacts by person, recording and stage, in a folder that any number of processes may share.

    Nothing is shared between persons: one recording under two persons is kept twice, under two keys. File names
    show a pseudonym and the stage's name; which recording they come from is hidden under the person's key.

    Parameters
    ----------
    folder
        Made where it does not exist.
    keyring
        Whose keys seal.
    """

    def __init__(self, folder: Path, keyring: KeyRing) -> None:
        self.folder = folder
        self.keyring = keyring
        self._scratch = folder / "scratch"
        self._quarantine = folder / "quarantine"
        make_folder(self._scratch)
        make_folder(self._quarantine)
        sweep(self._scratch, older_s=ABANDONED_S)

    def put(self, person: str, media_sha256: str, stage: Stage, artefact: Artefact) -> None:
        """Keep an artefact; once this returns it survives power loss, and before that it is not there at all.

        Parameters
        ----------
        person
            The candidate's id.
        media_sha256
            Of the recording, 64 hexadecimal digits.
        stage
            Its fingerprint (name, version, parameters, upstream) is part of the address.
        artefact
            What to keep; an earlier one at the same address is replaced.

        Raises
        ------
        Erased
            If the person was erased.
        Tampered
            If the person's key was changed.
        """
        key = self.keyring.find_or_create(person)
        address = self._address(person, media_sha256, stage)
        path = self._path(key, address)
        make_folder(path.parent)
        write_durably(path, seal(derive(key, "artefacts"), artefact.to_bytes(), address), scratch=self._scratch)

    def get(self, person: str, media_sha256: str, stage: Stage) -> Artefact | None:
        """Return the artefact exactly as it was put, or None where there is none that can be trusted.

        A damaged file is moved to quarantine with a warning in the log; compute it again. Raises as :meth:`put`.
        """
        key = self.keyring.find(person)
        if key is None:
            return None
        address = self._address(person, media_sha256, stage)
        path = self._path(key, address)
        try:
            return Artefact.from_bytes(unseal(derive(key, "artefacts"), path.read_bytes(), address))
        except FileNotFoundError:
            return None
        except (Tampered, CorruptArtefact) as error:
            self._set_aside(path, str(error))
            return None

    def remove(self, person: str) -> int:
        """Delete every sealed file of the person, those set aside as damaged too; returns how many there were."""
        pseudonym = self.keyring.pseudonym(person)
        found = [*(self.folder / pseudonym).glob("*"), *self._quarantine.glob(f"{pseudonym}.*")]
        for path in found:
            path.unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            (self.folder / pseudonym).rmdir()
        sync_folder(self.folder)
        return len(found)

    def quarantined(self) -> tuple[Path, ...]:
        """Files that were set aside as damaged, for a report; delete them once they have been looked into."""
        return tuple(sorted(self._quarantine.iterdir()))

    def _set_aside(self, path: Path, reason: str) -> None:
        aside = self._quarantine / f"{path.parent.name}.{path.name}.{os.urandom(4).hex()}"
        log.warning("%s is set aside as %s and measured again: %s", path, aside.name, reason)
        with contextlib.suppress(FileNotFoundError):  # another process was first
            path.rename(aside)
            sync_folder(path.parent)

    def _address(self, person: str, media_sha256: str, stage: Stage) -> str:
        if not SHA256.fullmatch(media_sha256):
            raise ValueError(f"A media digest must be 64 lower-case hexadecimal digits. Got {media_sha256!r} instead.")
        if not STAGE_NAME.fullmatch(stage.name):
            raise ValueError(
                f"A stage's name must be lower-case letters, digits, _, . and -. Got {stage.name!r} instead."
            )
        return f"{self.keyring.pseudonym(person)}/{media_sha256}/{stage.name}/{stage.fingerprint}"

    def _path(self, key: bytes, address: str) -> Path:
        pseudonym, _, stage, _ = address.split("/")
        name = hmac.digest(derive(key, "names"), address.encode(), hashlib.sha256).hex()[:NAME_DIGITS]
        return self.folder / pseudonym / f"{stage}.{name}"
