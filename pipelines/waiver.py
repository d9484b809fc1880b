"""``viva waive``: set one check of the gate aside for one version, with a written reason and two signatures."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vivavoce.data.signing.key import SigningKey
from vivavoce.data.signing.signature import Purpose, Signature, SignatureRefused, check, sign
from vivavoce.data.signing.trust import Role, Trust
from vivavoce.data.vault.durable import write_durably
from vivavoce.fairness.gate.decision import Waiver, WaiverRefused

FORMAT = 1
MAX_BYTES = 2**16  # 64 KiB; a reason of a page has 4


def write_waiver(path: Path, waived: str, model_digest: str, reason: str, key: SigningKey) -> int:
    """Write a waiver, or add a signature to one of the same words; returns how many keys have signed.

    Raises
    ------
    WaiverRefused
        Where the file holds other words, or is no waiver.
    """
    document: dict[str, Any] = {"format": FORMAT, "check": waived, "model": model_digest, "reason": reason.strip()}
    signatures: list[dict[str, str]] = []
    if path.exists():
        found = _read(path)
        if {name: found[name] for name in document} != document:
            raise WaiverRefused(f"{path} waives something else, or for another reason: name a new file.")
        signatures = [one for one in found["signatures"] if one["key"] != key.id]
    signatures.append(sign(key, Purpose.WAIVER, _content(document), datetime.now(UTC)).document())
    write_durably(
        path, (json.dumps({**document, "signatures": signatures}, indent=1, ensure_ascii=False) + "\n").encode()
    )
    return len(signatures)


def read_waivers(paths: Sequence[Path], trust: Trust) -> list[Waiver]:
    """Waivers whose signatures all count.

    Raises
    ------
    WaiverRefused
        For a file that is no waiver, and signatures of unknown or revoked keys, of keys without the role, or of other
        words.
    """
    found = []
    for path in paths:
        document = _read(path)
        content = _content({name: document[name] for name in ("format", "check", "model", "reason")})
        try:
            keys = {
                check(Signature.of(one), Purpose.WAIVER, content, trust, Role.WAIVE).id
                for one in document["signatures"]
            }
        except SignatureRefused as error:
            raise WaiverRefused(f"{path}: {error}") from error
        found.append(Waiver(document["check"], document["model"], document["reason"], frozenset(keys)))
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes()[:MAX_BYTES])
    except (OSError, ValueError) as error:
        raise WaiverRefused(f"{path} cannot be read as a waiver: {error}") from error
    texts = ("check", "model", "reason")
    if (
        not isinstance(document, dict)
        or set(document) != {"format", "signatures", *texts}
        or document["format"] != FORMAT
        or not all(isinstance(document[name], str) for name in texts)
        or not isinstance(document["signatures"], list)
    ):
        raise WaiverRefused(f"{path} is no waiver of format {FORMAT}: write one with viva waive.")
    return document


def _content(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, ensure_ascii=False).encode()
