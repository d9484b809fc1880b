"""A signed bundle: a model version with its audit, the gate's decision and its card, which nobody can exchange singly.

``bundle.json`` lists the SHA-256 of every file; who vouches for it signs that list, in a file of their own::

    model/  audit/  gate.json  environment.json  card.md  card.html  bundle.json  signatures/KEY.json

``pipelines/publishing/bundle.py`` says whether one may be used.

Whether a bundle may be used: every file under a signed digest, by keys that count, audit and gate of this model.

The checks go from the outside in, and nothing inside is interpreted before the signatures hold.
"""

import hashlib
import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Never

from vivavoce import __version__
from vivavoce.data.errors import AlreadyThere, Exit, VivaError
from vivavoce.data.problem import shorten
from vivavoce.data.signing.key import Role, SigningKey, Trust
from vivavoce.data.signing.signature import (
    Purpose,
    Signature,
    SignatureRefused,
    TreeRefused,
    check,
    copy_plain,
    plain_files,
    read_plain,
    sign,
)
from vivavoce.data.vault.durable import make_folder, write_durably
from vivavoce.models.directory import ModelRefused, load_model

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
    vivavoce.data.errors.AlreadyThere
        If the folder exists.
    ValueError
        For another card than ``card.md`` and ``card.html``, or none.
    vivavoce.models.directory.ModelRefused, vivavoce.data.signing.signature.TreeRefused
        For parts that are not what they should be.
    """
    if folder.exists():
        raise AlreadyThere(folder, "a bundle never changes. Name a new folder.")
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
    vivavoce.data.signing.signature.TreeRefused
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


MAX_MANIFEST = 2**20  # 1 MiB: 500 files have some 60 kB
AUDIT_DAYS = 365  # an audit is of a year's applicants (NYC Local Law 144 asks for one within a year of use)
NEEDED = (f"{MODEL}/manifest.json", f"{AUDIT}/audit.json", GATE, ENVIRONMENT, CARDS[0])
ROLES = (Role.AUDIT, Role.PUBLISH)  # both must have signed; one person may have both
ADMITTED = ("published", "provisional")
HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, whether it holds, and what was seen."""

    name: str
    holds: bool
    seen: str


class BundleRefused(VivaError):
    """A bundle that must not be used; ``checks`` has every check up to the one that failed."""

    status = Exit.FINDING

    def __init__(self, folder: Path, checks: Sequence[Check]) -> None:
        self.checks = tuple(checks)
        failed = "; ".join(f"{one.name}: {one.seen}" for one in checks if not one.holds)
        super().__init__(f"The bundle {folder} is refused. {failed}")


@dataclass(frozen=True)
class Verified:
    """A bundle that may be used.

    Parameters
    ----------
    folder
        Where it is.
    digest
        SHA-256 of its manifest: which bundle this is.
    model, framework
        Digests of the model version, and of the framework that it scores by.
    job
        For which it scores.
    admission
        ``published``, or ``provisional``: a person reviews every decision.
    made, expires
        When it was made, and the end of its audit's year or of its admission, whichever comes first.
    signers
        Names of the keys.
    checks
        All of them; each holds.
    """

    folder: Path
    digest: str
    model: str
    framework: str
    job: str
    admission: str
    made: datetime
    expires: datetime
    signers: tuple[str, ...]
    checks: tuple[Check, ...]

    @property
    def model_folder(self) -> Path:
        """Where the model version is, for ``load_model(…, digest=verified.model)``."""
        return self.folder / MODEL


def verify_bundle(folder: Path, trust: Trust, *, now: datetime) -> Verified:
    """Check a bundle from its outermost file to the gate's decision.

    Parameters
    ----------
    folder
        As :func:`vivavoce.pipelines.publishing.bundle.make_bundle` wrote and people signed it.
    trust
        The keys that count. Keys with the roles ``audit`` and ``publish`` must have signed; every signature must count.
    now
        The time of use, with its time zone: audits and admissions end.

    Raises
    ------
    BundleRefused
        With the file or part at fault, and why.
    """
    return _Checking(folder, trust, now).verified()


class _Checking:
    """The checks in their order; each one that does not hold ends it."""

    def __init__(self, folder: Path, trust: Trust, now: datetime) -> None:
        self.folder, self.trust, self.now = folder, trust, now
        self.checks: list[Check] = []

    def verified(self) -> Verified:
        paths = self._folder()
        content, manifest = self._manifest()
        self._files(paths, manifest["files"])
        signers = self._signatures([path for path in paths if path.startswith(f"{SIGNATURES}/")], content)
        self._model(manifest)
        ends = self._audit(manifest["model"])
        admission, expires = self._gate(manifest["model"])
        return Verified(
            folder=self.folder,
            digest=hashlib.sha256(content).hexdigest(),
            model=manifest["model"],
            framework=manifest["framework"],
            job=manifest["job"],
            admission=admission,
            made=datetime.fromisoformat(manifest["made"]),
            expires=min(ends, expires),
            signers=signers,
            checks=tuple(self.checks),
        )

    def _folder(self) -> list[str]:
        try:
            paths = plain_files(self.folder)
        except TreeRefused as error:
            self._refuse("folder", str(error))
        self._hold("folder", f"{len(paths)} plain files")
        return paths

    def _manifest(self) -> tuple[bytes, dict[str, Any]]:
        try:
            content = read_plain(self.folder, MANIFEST)
        except TreeRefused as error:
            self._refuse("manifest", f"{error} This is no bundle.")
        if len(content) > MAX_MANIFEST:
            self._refuse("manifest", f"{MANIFEST} has {len(content)} bytes, at most {MAX_MANIFEST}")
        document = self._document("manifest", MANIFEST, content)
        texts = ("made", "vivavoce", "job", "model", "framework")
        files = document.get("files")
        if document.get("format") != FORMAT or set(document) != {"format", "files", *texts}:
            self._refuse("manifest", f"{MANIFEST} is not one of format {FORMAT}")
        if not isinstance(files, dict) or not all(isinstance(document[name], str) for name in texts):
            self._refuse("manifest", f"{MANIFEST} is not one of format {FORMAT}")
        if not all(isinstance(digest, str) and HEX.fullmatch(digest) for digest in files.values()):
            self._refuse("manifest", f"{MANIFEST} must list every file with its SHA-256")
        self._hold("manifest", f"{document['job']}, model {document['model'][:12]}, made {document['made']}")
        return content, document

    def _files(self, paths: Sequence[str], listed: Mapping[str, str]) -> None:
        there = {path for path in paths if path != MANIFEST and not path.startswith(f"{SIGNATURES}/")}
        if lacking := [path for path in NEEDED if path not in listed]:
            self._refuse("files", f"{MANIFEST} lacks {', '.join(lacking)}")
        if missing := sorted(set(listed) - there):
            self._refuse("files", f"missing: {', '.join(map(shorten, missing))}")
        if added := sorted(there - set(listed)):
            self._refuse("files", f"not in {MANIFEST}: {', '.join(added)}")
        for path in sorted(listed):
            if hashlib.sha256(self._read("files", path)).hexdigest() != listed[path]:
                self._refuse("files", f"{path} is not the file that was signed: its SHA-256 differs")
        self._hold("files", f"{len(listed)} files are those of {MANIFEST}")

    def _signatures(self, paths: Sequence[str], manifest: bytes) -> tuple[str, ...]:
        if not paths:
            self._refuse("signatures", "nobody signed it")
        names: list[str] = []
        roles: set[Role] = set()
        for path in paths:
            try:
                signature = Signature.of(self._document("signatures", path, self._read("signatures", path)))
                key = check(signature, Purpose.BUNDLE, manifest, self.trust, *ROLES)
            except SignatureRefused as error:
                self._refuse("signatures", f"{path}: {error}")
            if path != f"{SIGNATURES}/{key.id}.json":
                self._refuse("signatures", f"{path} holds the signature of another key, {key.name!r}")
            names.append(key.name)
            roles |= key.roles
        if lacking := [role.value for role in ROLES if role not in roles]:
            self._refuse("signatures", f"signed by {', '.join(names)}; no key with the role {' or '.join(lacking)} did")
        self._hold("signatures", f"by {', '.join(names)}")
        return tuple(names)

    def _model(self, manifest: Mapping[str, Any]) -> None:
        try:
            model, digest = load_model(self.folder / MODEL, digest=manifest["model"])
        except ModelRefused as error:
            self._refuse("model", str(error))
        if (model.framework.digest, model.framework.job) != (manifest["framework"], manifest["job"]):
            self._refuse("model", f"{MANIFEST} names another framework or job than the model has")
        self._hold("model", digest)

    def _audit(self, model: str) -> datetime:
        path = f"{AUDIT}/audit.json"
        audit = self._document("audit", path, self._read("audit", path))
        named = audit.get("model")
        audited = named.get("digest") if isinstance(named, dict) else None
        if audited != model:
            self._refuse("audit", f"{path} is of {_short(audited)}, not of this model, {_short(model)}")
        made = self._time("audit", path, audit.get("made"))
        ends = made + timedelta(days=AUDIT_DAYS)
        if not made <= self.now <= ends:
            when = f"made on {made:%Y-%m-%d}, good until {ends:%Y-%m-%d}"
            self._refuse("audit", f"{path} is not current at {self.now:%Y-%m-%d}: {when}. Audit this year's scores.")
        self._hold("audit", f"of this model, made {made:%Y-%m-%d}, good until {ends:%Y-%m-%d}")
        return ends

    def _gate(self, model: str) -> tuple[str, datetime]:
        gate = self._document("gate", GATE, self._read("gate", GATE))
        if gate.get("model_digest") != model:
            self._refuse("gate", f"{GATE} is about {_short(gate.get('model_digest'))}, not this model, {_short(model)}")
        admission = gate.get("admission")
        if admission not in ADMITTED:
            self._refuse("gate", f"{GATE} says {shorten(admission)}; it must be one of {', '.join(ADMITTED)}")
        expires = self._time("gate", GATE, gate.get("expires"))
        if self.now > expires:
            self._refuse("gate", f"the admission ended on {expires:%Y-%m-%d}: audit and publish again")
        self._hold("gate", f"{admission} until {expires:%Y-%m-%d}")
        return str(admission), expires

    def _read(self, check: str, path: str) -> bytes:
        try:
            return read_plain(self.folder, path)
        except TreeRefused as error:
            self._refuse(check, str(error))

    def _document(self, check: str, path: str, content: bytes) -> dict[str, Any]:
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            self._refuse(check, f"{path} is no JSON object")
        return document

    def _time(self, check: str, path: str, text: object) -> datetime:
        try:
            time = datetime.fromisoformat(str(text))
        except ValueError:
            self._refuse(check, f"{path} names no time: {shorten(text)}")
        return time if time.tzinfo else time.replace(tzinfo=UTC)

    def _hold(self, name: str, seen: str) -> None:
        self.checks.append(Check(name, True, seen))

    def _refuse(self, name: str, seen: str) -> Never:
        self.checks.append(Check(name, False, seen))
        raise BundleRefused(self.folder, self.checks)


def _short(digest: object) -> str:
    return str(digest)[:12] if isinstance(digest, str) else "no named version"
