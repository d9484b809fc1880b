"""``viva publish``: a model version and its evidence in; the gate's table, and a signed champion or a refusal out.

``viva verify``: every check of a bundle, and whether it may be used.

``viva waive``: set one check of the gate aside for one version, with a written reason and two signatures.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vivavoce.data.errors import AlreadyThere, Exit
from vivavoce.data.log.event import Action, Event
from vivavoce.data.signing.key import KeyRefused, Role, SigningKey, Trust
from vivavoce.data.signing.signature import Purpose, Signature, SignatureRefused, check, sign
from vivavoce.data.vault.durable import write_durably
from vivavoce.fairness.gate.decision import (
    SIGNERS,
    Admission,
    Decision,
    Level,
    Waiver,
    WaiverRefused,
    decide,
    read_gate,
    refuse_waiver,
)
from vivavoce.fairness.gate.evidence import Evidence, Outcome
from vivavoce.fairness.groups import read_groups
from vivavoce.models.directory import load_model
from vivavoce.models.version import ModelVersion
from vivavoce.pipelines.publishing.admission import NoEvidence, gather, read_search
from vivavoce.pipelines.publishing.bundle import BundleRefused, Check, Parts, make_bundle, sign_bundle, verify_bundle
from vivavoce.pipelines.publishing.card import markdown, page, sections
from vivavoce.pipelines.publishing.registry import Registry, check_name
from vivavoce.pipelines.records import Records
from vivavoce.pipelines.registry import CHAMPION, promote
from vivavoce.pipelines.terminal import say

FORMAT = 1
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


def run_waive(waived: str, model: Path, reason: str, key: str, out: Path, records: Records) -> Exit:
    """Sign a waiver. What can be waived, and for what reason, the gate's pack says."""
    digest = load_model(model)[1]
    refuse_waiver(waived, reason, read_gate())
    count = write_waiver(out, waived, digest, reason, records.key(key))
    if records.logged:
        details = {"check": waived, "reason": reason.strip()[:LOGGED]}
        records.write(Event.now(Action.WAIVE, records.who, digests={"model": digest}, details=details))
    more = "" if count >= SIGNERS else f"; it counts once {SIGNERS} have"
    say(Console(stderr=True), f"{out}: {count} key{'s' if count > 1 else ''} signed{more}.")
    return Exit.DONE


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


AUDIT = "audit.json"
COLOURS = {Outcome.PASS: "green", Outcome.FAIL: "red", Outcome.INSUFFICIENT: "yellow", Outcome.WAIVED: "yellow"}
STATUSES = {
    Admission.PUBLISHED: Exit.DONE,
    Admission.PROVISIONAL: Exit.CANNOT_TELL,
    Admission.REFUSED: Exit.FINDING,
}


@dataclass(frozen=True)
class PublishRequest:
    """What the command line asked for.

    Parameters
    ----------
    model, audit
        Folders of the version and of its audit.
    name
        Under which it is registered.
    out
        New folder for the bundle; ``OUT.gate.json`` beside it says what the gate saw, also where it refused.
    keys
        Names of the signing keys, or paths to them: together they must have the roles ``audit`` and ``publish``.
    features
        The table that it was trained on.
    groups
        Declared groups, for the trial that permutes them.
    search
        ``alternatives.json``.
    waivers
        As ``viva waive`` wrote them.
    gate
        A rule pack; None for the standard one.
    check_only
        Print the table and stop.
    """

    model: Path
    audit: Path
    name: str
    out: Path
    keys: tuple[str, ...] = ()
    features: Path | None = None
    groups: Path | None = None
    search: Path | None = None
    waivers: tuple[Path, ...] = ()
    gate: Path | None = None
    check_only: bool = False


def run_publish(
    request: PublishRequest,
    *,
    registry: Registry | None = None,
    records: Records | None = None,
    now: datetime | None = None,
    console: Console | None = None,
) -> Exit:
    """Ask the gate, and publish what it admits: 0 published, 4 admitted provisionally, 1 refused.

    Registry, records and time are those of this process unless given.
    """
    said = console or Console(stderr=True)
    shelf, books = registry or Registry.here(), records or Records.here()
    day = now or datetime.now(UTC)
    check_name(request.name)
    if request.out.exists():
        raise AlreadyThere(request.out, "a bundle never changes. Name a new folder.")
    model, digest = load_model(request.model)
    evidence = _evidence(request, model, digest, shelf, day)
    decision = decide(evidence, read_gate(request.gate), read_waivers(request.waivers, books.trust()))
    show(decision, said)
    document = decision.document()
    gate = request.out.with_name(f"{request.out.name}.gate.json")
    write_durably(gate, (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode())
    if decision.admission is Admission.REFUSED or request.check_only:
        say(said, f"{gate}: written. Nothing was published.")
        return STATUSES[decision.admission]
    keys = [books.key(name) for name in request.keys]
    _publish(request, model, evidence, document, keys, shelf, books, day)
    until = f"{decision.admission.value} until {decision.expires:%Y-%m-%d}"
    say(said, f"{request.name}@{CHAMPION} is now {digest[:12]}, {until}. Bundle: {request.out}")
    return STATUSES[decision.admission]


def _evidence(request: PublishRequest, model: ModelVersion, digest: str, registry: Registry, now: datetime) -> Evidence:
    path = request.audit / AUDIT
    try:
        audit: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NoEvidence(f"{path} cannot be read: {error}. Give the folder that viva audit wrote.") from error
    return gather(
        model,
        digest,
        now=now,
        audit=audit,
        features=request.features,
        groups=None if request.groups is None else read_groups(request.groups),
        search=None if request.search is None else read_search(request.search),
        champion=_champion(registry, request.name, digest),
    )


def _champion(registry: Registry, name: str, digest: str) -> str | None:
    """Digest of the version in use under this name, where there is one and it is another."""
    if not registry.begun or name not in registry.names():
        return None
    version = registry.alias(name, CHAMPION)
    return None if version is None or version.model == digest else version.model


def _publish(
    request: PublishRequest,
    model: ModelVersion,
    evidence: Evidence,
    gate: dict[str, Any],
    keys: Sequence[SigningKey],
    registry: Registry,
    records: Records,
    now: datetime,
) -> None:
    """Bundle, sign, verify, register, promote, log; the champion changes only once all before it held."""
    trust = records.trust()
    signers = [found for key in keys if (found := trust.find(key.id)) is not None and found.revoked is None]
    missing = sorted({Role.AUDIT, Role.PUBLISH} - {role for one in signers for role in one.roles})
    if missing:
        raise KeyRefused(
            f"Publishing needs trusted keys with the roles audit and publish. Missing: {', '.join(missing)}."
        )
    title = f"{request.name}: {model.framework.job}"
    content = sections(model, evidence, gate)
    cards = {"card.md": markdown(title, content).encode(), "card.html": page(title, content).encode()}
    make_bundle(request.out, Parts(request.model, request.audit, gate, cards), now=now)
    for key in keys:
        sign_bundle(request.out, key, now=now)
    verified = verify_bundle(request.out, trust, now=now)
    version = registry.attach(registry.register(request.model, request.name), verified)
    publishers = {one.id for one in signers if Role.PUBLISH in one.roles}
    publisher = next(key for key in keys if key.id in publishers)
    promote(registry, records, version, CHAMPION, publisher, now=now)
    records.write(
        Event.now(
            Action.PUBLISH,
            records.who,
            digests={"model": verified.model, "bundle": verified.digest},
            details={"name": request.name, "version": version.number, "admission": verified.admission},
        )
    )


def show(decision: Decision, said: Console) -> None:
    """Print the gate's table, and below it what would change its mind."""
    table = Table(title=f"{decision.job}, version {decision.model_digest[:12]}", title_justify="left", expand=True)
    for name, width in (("check", 24), ("", 9), ("ends as", 12), ("seen", None)):
        table.add_column(name, min_width=width, overflow="fold")
    for one in decision.checks:
        level = "blocking" if one.check.level is Level.BLOCKING else "advisory"
        words = one.check.id.replace("_", " ")
        table.add_row(words, level, Text(one.outcome.value, COLOURS[one.outcome]), Text(one.seen.found))
    said.print(table)
    said.print(
        Text.assemble("The gate says: ", (decision.admission.value, "bold"), "."), highlight=False, soft_wrap=True
    )
    for one in decision.in_the_way:
        needed = f" ({one.seen.people} people)" if one.seen.people else ""
        say(said, f"  {one.check.id.replace('_', ' ')}: {one.seen.remedy}{needed}")


def run_verify(folder: Path, records: Records, *, now: datetime | None = None) -> Exit:
    """Print what was checked; :class:`vivavoce.pipelines.publishing.bundle.BundleRefused` where it may not be used."""
    console = Console()
    try:
        verified = verify_bundle(folder, records.trust(), now=now or datetime.now(UTC))
    except BundleRefused as error:
        for check in error.checks:
            _print(console, check)
        raise
    for check in verified.checks:
        _print(console, check)
    line = f"{verified.admission} for {verified.job} until {verified.expires:%Y-%m-%d}; bundle {verified.digest}"
    say(console, line)
    return Exit.DONE


def _print(console: Console, check: Check) -> None:
    mark = "ok     " if check.holds else "REFUSED"
    say(console, f"{mark}  {check.name:<10}  {check.seen}")
