"""``viva fair sign`` and ``viva fair verify``: who signed an audit, and whether it still is what they signed.

A signature lies beside the audit, in ``signatures/KEY.json``. It covers the audit, its page, PDF and tables, and every
paper that lay there: the sign-off must be among them, filled from this very audit. What changes later is named.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from rich.console import Console

from vivavoce.data.errors import Exit, VivaError
from vivavoce.data.log.event import Action, Event, canonical
from vivavoce.data.signing.key import Role, Trust
from vivavoce.data.signing.signature import Purpose, Signature, SignatureRefused, check, plain_files, read_plain
from vivavoce.data.signing.signature import sign as sign_bytes
from vivavoce.pipelines.auditing.made import PAPERS, SIGNATURES, TABLES
from vivavoce.pipelines.auditing.papers import fill
from vivavoce.pipelines.door import Place
from vivavoce.pipelines.records import Key, Records, Who, enter
from vivavoce.pipelines.terminal import Listed, keep, say

Json = dict[str, Any]
FORMAT = 1
AUDIT, PAPER = "audit.json", f"{PAPERS}/sign-off.json"
Folder = Annotated[Place, "Of an audit, as viva audit wrote it with --paper sign-off."]


class NothingToSign(VivaError):
    """A folder without an audit, or without the sign-off page of this audit."""


def sign(audit: Folder, *, key: Key, who: Who = None, records: Records | None = None) -> Exit:
    """Sign an audit and its papers with a key that has the role ``audit``; a key's later signature takes its place.

    Raises
    ------
    NothingToSign
        Without an audit, or where its sign-off page is missing or filled from another one.
    vivavoce.data.signing.signature.SignatureRefused
        For a key that the trust file does not list, revoked it, or gave no role ``audit``; nothing is written then.
    """
    folder, books, said = Path(audit), records or Records.here(who), Console(stderr=True)
    files = _digests(folder)
    _refuse_other_paper(folder, files)
    signing, statement = books.key(key), {"format": FORMAT, "files": files}
    signature = sign_bytes(signing, Purpose.AUDIT, canonical(statement), datetime.now(UTC))
    signer = check(signature, Purpose.AUDIT, canonical(statement), books.trust(), Role.AUDIT)
    path = folder / SIGNATURES / f"{signing.id}.json"
    keep(path, {**statement, "signature": signature.document()})
    say(said, f"{path}: {signer.name} signed {len(files)} files. Whoever trusts the key sees it by: viva fair verify")
    digests = {"audit": files[AUDIT], "sign_off": files[PAPER]}
    event = Event.now(Action.SIGN, books.who, digests=digests, details={"key": signer.name, "files": len(files)})
    return Exit.DONE if enter(said, [event.signed(signing)], books) else Exit.NOT_LOGGED


def verify(audit: Folder, *, records: Records | None = None) -> Listed:
    """List who signed an audit, when, and whether the signature counts; files that no signature covers are named.

    Raises
    ------
    NothingToSign, vivavoce.data.signing.signature.TreeRefused, vivavoce.data.signing.key.TrustRefused
        Without an audit, for a folder with links or odd names, without a trust file that can be used.
    """
    folder, trust = Path(audit), (records or Records.here()).trust()
    there, rows, covered = _digests(folder), list[Json](), set[str]()
    for path in (one for one in plain_files(folder) if one.startswith(f"{SIGNATURES}/")):
        signer, signed, why = Path(path).stem, "", None
        try:
            files, signature = _read(folder, path)
            signer, signed = signature.key, signature.time
            signer = _named(signature, trust)
            _refuse_changed(path, files, signature, there, trust)
            covered |= set(files)
        except SignatureRefused as error:
            why = str(error)
        rows.append({"signer": signer, "signed": signed, "counts": why is None, "why not": why})
    bare = sorted(set(there) - covered)
    note = "Nobody signed it." if not rows else f"Under no signature that counts: {', '.join(bare)}" if bare else ""
    whole = bool(rows) and all(row["counts"] for row in rows)
    return Listed(rows, ("signer", "signed", "counts", "why not"), None, note, Exit.DONE if whole else Exit.FINDING)


def _digests(folder: Path) -> dict[str, str]:
    """The SHA-256 (hex) of the audit in a folder and of its papers, by path; numbered older ones are left out."""
    paths = [path for path in plain_files(folder) if path.startswith(("audit.", f"{PAPERS}/", f"{TABLES}/"))]
    if AUDIT not in paths:
        raise NothingToSign(f"{folder} holds no {AUDIT}.", remedy="Name the folder that viva audit wrote: --out.")
    return {path: hashlib.sha256(read_plain(folder, path)).hexdigest() for path in paths}


def _refuse_other_paper(folder: Path, files: Mapping[str, str]) -> None:
    remedy = "Write it: run viva audit again with --paper sign-off."
    if PAPER not in files:
        raise NothingToSign(f"{folder} has no sign-off page ({PAPER}).", remedy=remedy)
    audit, paper = (json.loads(read_plain(folder, path)) for path in (AUDIT, PAPER))
    try:
        filled = json.loads(json.dumps(fill("sign-off", audit)))
    except (KeyError, TypeError) as error:
        raise NothingToSign(f"{folder / AUDIT} is no audit of this version: {error}.", remedy=remedy) from error
    if filled != paper:
        raise NothingToSign(f"{folder / PAPER} is not the sign-off page of the audit that lies there.", remedy=remedy)


def _read(folder: Path, path: str) -> tuple[dict[str, str], Signature]:
    """What a signature's file covers, and the signature; refused where it is anything else."""
    try:
        document = json.loads(read_plain(folder, path))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or set(document) != {"format", "files", "signature"}:
        raise SignatureRefused(f"{path} must hold format, files and signature, and nothing else.")
    files = document["files"]
    if document["format"] != FORMAT or not isinstance(files, dict) or not {AUDIT, PAPER} <= set(files):
        raise SignatureRefused(f"{path} must be of format {FORMAT} and cover {AUDIT} and {PAPER}.")
    return files, Signature.of(document["signature"])


def _named(signature: Signature, trust: Trust) -> str:
    key = trust.find(signature.key)
    return key.name if key else signature.key


def _refuse_changed(
    path: str, files: Mapping[str, str], signature: Signature, there: Mapping[str, str], trust: Trust
) -> None:
    """Refuse a signature of other bytes, by a key that does not count, or whose files are not there as signed."""
    check(signature, Purpose.AUDIT, canonical({"format": FORMAT, "files": files}), trust, Role.AUDIT)
    if Path(path).stem != signature.key:
        raise SignatureRefused(f"{path} holds the signature of another key, {signature.key!r}.")
    changed = [name for name, digest in files.items() if name in there and there[name] != digest]
    missing = [name for name in files if name not in there]
    if changed or missing:
        said = [f"changed since: {', '.join(changed)}"] * bool(changed) + [f"missing: {', '.join(missing)}"] * bool(
            missing
        )
        raise SignatureRefused("; ".join(said))
