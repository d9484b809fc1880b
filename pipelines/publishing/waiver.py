"""``viva waive``: set one check of the gate aside for one version, with a written reason and two signatures."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from vivavoce.data.log.event import Action, Event
from vivavoce.data.log.log import LogRefused
from vivavoce.data.log.verify import LogAltered, NoLog
from vivavoce.data.signing.key import KeyRefused, SigningKey
from vivavoce.data.signing.signature import Purpose, Signature, SignatureRefused, check, sign
from vivavoce.data.signing.trust import Role, Trust, TrustRefused
from vivavoce.data.vault.durable import write_durably
from vivavoce.fairness.gate.decision import SIGNERS, Waiver, WaiverRefused, refuse_waiver
from vivavoce.fairness.gate.pack import read_gate
from vivavoce.models.directory import load_model
from vivavoce.models.files import ModelRefused
from vivavoce.pipelines.publishing.records import Records

FORMAT = 1
EXIT_SIGNED, EXIT_REFUSED = 0, 2
LOGGED = 500  # characters of the reason that the log repeats; the waiver has all of it
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


def run_waive(waived: str, model: Path, reason: str, key: str, out: Path, records: Records) -> int:
    """Sign a waiver; 0: signed, 2: refused. What can be waived, and for what reason, the gate's pack says."""
    said = Console(stderr=True)
    try:
        digest = load_model(model)[1]
        refuse_waiver(waived, reason, read_gate())
        count = write_waiver(out, waived, digest, reason, records.key(key))
        if records.logged:
            details = {"check": waived, "reason": reason.strip()[:LOGGED]}
            records.write(Event.now(Action.WAIVE, records.who, digests={"model": digest}, details=details))
    except (WaiverRefused, ModelRefused, KeyRefused, TrustRefused, LogAltered, NoLog, LogRefused) as error:
        said.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return EXIT_REFUSED
    more = "" if count >= SIGNERS else f"; it counts once {SIGNERS} have"
    said.print(f"{out}: {count} key{'s' if count > 1 else ''} signed{more}.", markup=False, highlight=False)
    return EXIT_SIGNED


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
