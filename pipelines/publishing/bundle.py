"""A signed bundle: a model version with its audit, the gate's decision and its card, which nobody can exchange singly.

``bundle.json`` lists the SHA-256 of every file; who vouches for it signs that list, in a file of their own::

    model/  audit/  gate.json  environment.json  card.md  card.html  bundle.json  signatures/KEY.json

``pipelines/publishing/bundle_check.py`` says whether one may be used.
"""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from vivavoce import __version__
from vivavoce.data.signing.key import SigningKey
from vivavoce.data.signing.signature import Purpose, sign
from vivavoce.data.signing.tree import copy_plain, plain_files, read_plain
from vivavoce.data.vault.durable import make_folder, write_durably
from vivavoce.models.directory import load_model

FORMAT = 1
MANIFEST, SIGNATURES = "bundle.json", "signatures"
MODEL, AUDIT, GATE, ENVIRONMENT, CARD = "model", "audit", "gate.json", "environment.json", "card.md"
CARDS = (CARD, "card.html")


@dataclass(frozen=True)
class Parts:
    """What a bundle is made of.

    Parameters
    ----------
    model
        Folder of a model version, as ``viva train`` writes it.
    audit
        Folder of its audit, as ``viva audit`` writes it; ``audit.json`` names the version that was audited.
    gate
        The gate's decision (:meth:`vivavoce.fairness.gate.decision.Decision.document`).
    cards
        Content by name: ``card.md``, and ``card.html`` where there is one.
    """

    model: Path
    audit: Path
    gate: Mapping[str, Any]
    cards: Mapping[str, bytes]


def make_bundle(folder: Path, parts: Parts, *, now: datetime | None = None) -> str:
    """Write an unsigned bundle into a new folder, its manifest last; returns its digest, the SHA-256 of the manifest.

    Parameters
    ----------
    folder
        Must not exist.
    parts
        Copied; links, pipes and odd names are refused.
    now
        When the bundle is made; the present by default.

    Raises
    ------
    FileExistsError
        If the folder exists.
    ValueError
        For another card than ``card.md`` and ``card.html``, or none.
    vivavoce.models.directory.ModelRefused, vivavoce.data.signing.tree.TreeRefused
        For parts that are not what they should be.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} exists: a bundle never changes. Name a new folder.")
    if CARD not in parts.cards or set(parts.cards) - set(CARDS):
        raise ValueError(f"A bundle has {CARD}, and card.html beside it or not. Got {sorted(parts.cards)} instead.")
    model, digest = load_model(parts.model)
    make_folder(folder)
    copy_plain(parts.model, folder / MODEL)
    copy_plain(parts.audit, folder / AUDIT)
    single = {GATE: _json(parts.gate), ENVIRONMENT: _json(environment()), **parts.cards}
    for name, content in single.items():
        write_durably(folder / name, content)
    manifest = _json(
        {
            "format": FORMAT,
            "made": (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds"),
            "vivavoce": __version__,
            "job": model.framework.job,
            "model": digest,
            "framework": model.framework.digest,
            "files": {path: hashlib.sha256(read_plain(folder, path)).hexdigest() for path in plain_files(folder)},
        }
    )
    write_durably(folder / MANIFEST, manifest)
    return hashlib.sha256(manifest).hexdigest()


def sign_bundle(folder: Path, key: SigningKey, *, now: datetime | None = None) -> Path:
    """Add a key's signature over the bundle's manifest; returns its file. Verify the bundle before you sign it.

    Raises
    ------
    vivavoce.data.signing.tree.TreeRefused
        If the folder has no manifest.
    """
    signature = sign(key, Purpose.BUNDLE, read_plain(folder, MANIFEST), now or datetime.now(UTC))
    path = folder / SIGNATURES / f"{key.id}.json"
    make_folder(path.parent)
    write_durably(path, _json(signature.document()))
    return path


def environment() -> dict[str, Any]:
    """Return the interpreter and every installed package with its version: with what the bundle was made."""
    packages = {found.name.lower().replace("_", "-"): found.version for found in distributions()}
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        "packages": dict(sorted(packages.items())),
    }


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
