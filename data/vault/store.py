"""The artefact store: what a stage found in a recording, sealed with the person's key; read back whole or not at all.

An artefact can always be computed again from its recording. So damage is never a reason to stop: a file whose seal
is broken is moved to ``quarantine/``, its reason is logged, and the caller computes it again. What cannot be computed
again stops: a person's damaged key (:class:`~vivavoce.data.vault.seal.Tampered`), an erased person
(:class:`~vivavoce.data.vault.keys.Erased`), another project's keys.
"""

import contextlib
import hashlib
import hmac
import logging
import os
import re
from pathlib import Path

from vivavoce.data.schema import Stage
from vivavoce.data.vault.artefact import Artefact, CorruptArtefact
from vivavoce.data.vault.durable import make_folder, sweep, sync_folder, write_durably
from vivavoce.data.vault.keys import KeyRing
from vivavoce.data.vault.seal import Tampered, derive, seal, unseal

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
