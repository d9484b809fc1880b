"""``viva publish``: a model version and its evidence in; the gate's table, and a signed champion or a refusal out.

``viva model verify``: every check of a bundle, and whether it may be used.

``viva model waive``: set one check of the gate aside for one version, with a written reason and two signatures.
"""

import json
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vivavoce.data.errors import AlreadyThere, Exit
from vivavoce.data.log.event import Action, Event
from vivavoce.data.signing.key import KeyRefused, Role, SigningKey, Trust
from vivavoce.data.signing.signature import Purpose, Signature, SignatureRefused, sign
from vivavoce.data.signing.signature import check as check_signature
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
from vivavoce.pipelines.door import (
    Data,
    Folder,
    Map,
    Model,
    Place,
    Shown,
    folder_for,
    front_door,
    inside,
    maps_of,
    named,
)
from vivavoce.pipelines.publishing.admission import NoEvidence, gather, read_search
from vivavoce.pipelines.publishing.bundle import BundleRefused, Check, Parts, make_bundle, sign_bundle, verify_bundle
from vivavoce.pipelines.publishing.card import markdown, page, sections
from vivavoce.pipelines.publishing.registry import Registry, check_name
from vivavoce.pipelines.records import Key, Records, Who
from vivavoce.pipelines.registry import CHAMPION, promote
from vivavoce.pipelines.scoring.model import model_folder
from vivavoce.pipelines.terminal import keep, say

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
WAIVER = "waiver.json"
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
    keep(path, {**document, "signatures": signatures})
    return len(signatures)


def waive(
    check: Annotated[str, "Of the gate, as viva publish prints it."],
    model: Annotated[Model, "The version: a folder, or models:/NAME@challenger."],
    *,
    reason: Annotated[str, "Why, in a sentence that will be read in every card."],
    key: Key,
    out: Annotated[Place, "Folder for waiver.json; a second person adds a signature to it."],
    who: Who = None,
    records: Records | None = None,
) -> Exit:
    """Sign a waiver. What can be waived, and for what reason, the gate's pack says."""
    books, path = records or Records.here(who), folder_for(out) / WAIVER
    digest = load_model(model_folder(model))[1]
    refuse_waiver(check, reason, read_gate())
    count = write_waiver(path, check, digest, reason, books.key(key))
    if books.logged:
        details = {"check": check, "reason": reason.strip()[:LOGGED]}
        books.write(Event.now(Action.WAIVE, books.who, digests={"model": digest}, details=details))
    more = "" if count >= SIGNERS else f"; it counts once {SIGNERS} have"
    say(Console(stderr=True), f"{path}: {count} key{'s' if count > 1 else ''} signed{more}.")
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
                check_signature(Signature.of(one), Purpose.WAIVER, content, trust, Role.WAIVE).id
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
        raise WaiverRefused(f"{path} is no waiver of format {FORMAT}: write one with viva model waive.")
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
    """What ``viva publish`` may be asked for; registry, records and time are those of this process unless given."""

    model: Annotated[Model, "The version: a folder, as viva train wrote it, or models:/NAME@challenger."]
    audit: Annotated[Folder, "Folder of its audit (viva audit --model).", Shown(flag="--audit")]
    _: KW_ONLY
    name: Annotated[str, "Under which it is registered."]
    out: Annotated[
        Place | None, "New folder for the signed bundle; OUT.gate.json says what was seen. [default: MODEL-bundle]"
    ] = None
    keys: Annotated[
        Sequence[str], "Who signs; together they must have the roles audit and publish.", Shown(flag="--key")
    ] = ()
    features: Annotated[Data | None, "The table that it was trained on."] = None
    groups: Annotated[Data | None, "Declared groups, to show that they reach no score."] = None
    search: Annotated[Place | None, "alternatives.json, or the folder that viva fair alternatives wrote."] = None
    waivers: Annotated[Sequence[Place], "A folder as viva model waive wrote it.", Shown(flag="--waiver")] = ()
    gate: Annotated[Place | None, "Another rule pack than the standard gate."] = None
    check_only: Annotated[bool, "Ask the gate, publish nothing."] = False
    map: Map = ()
    who: Who = None
    registry: Registry | None = None
    records: Records | None = None
    now: datetime | None = None


@dataclass(frozen=True)
class Published:
    """What the gate said of a version, and what was published.

    Parameters
    ----------
    decision
        Every check, with what it saw.
    gate
        ``OUT.gate.json``.
    bundle
        The signed bundle; None where nothing was published.
    """

    decision: Decision
    gate: Path
    bundle: Path | None

    @property
    def exit(self) -> Exit:
        """0 published, 4 admitted provisionally, 1 refused."""
        return STATUSES[self.decision.admission]

    @property
    def admission(self) -> str:
        """``published``, ``provisional`` or ``refused``."""
        return self.decision.admission.value

    @property
    def checks(self) -> "pd.DataFrame":
        """One row for each check: how it ended, what was seen, what would change that; its words in English.

        ``document()`` has them in every language.
        """
        import pandas as pd

        rows = self.decision.document()["checks"]
        told = ("asks", "reason", "found", "remedy")
        return pd.DataFrame([{**row, **{name: row[name]["en"] for name in told}} for row in rows])

    def document(self) -> dict[str, Any]:
        """What ``gate.json`` says, and where the bundle is."""
        return {**self.decision.document(), "gate": str(self.gate), "bundle": self.bundle and str(self.bundle)}


@front_door(PublishRequest)
def publish(request: PublishRequest) -> Published:
    """Ask the gate, and publish what it admits: signed, registered, champion of its name.

    Raises
    ------
    VivaError
        For a model, evidence, keys or waivers that cannot be used; a refusal of the gate is an answer.
    """
    said = Console(stderr=True)
    shelf, books = request.registry or Registry.here(), request.records or Records.here(request.who)
    day = request.now or datetime.now(UTC)
    check_name(request.name)
    folder = model_folder(request.model)
    out = Path(request.out) if request.out else folder.with_name(f"{folder.name}-bundle")
    if out.exists():
        raise AlreadyThere(out, "a bundle never changes. Name a new folder.")
    model, digest = load_model(folder)
    evidence = _evidence(request, model, digest, shelf, day)
    gate_pack = read_gate(Path(request.gate) if request.gate else None)
    waivers = [inside(one, WAIVER) for one in request.waivers]
    decision = decide(evidence, gate_pack, read_waivers(waivers, books.trust()))
    show(decision, said)
    document = decision.document() | maps_of(request.map).told()
    gate = out.with_name(f"{out.name}.gate.json")
    keep(gate, document)
    if decision.admission is Admission.REFUSED or request.check_only:
        say(said, f"{gate}: written. Nothing was published.")
        return Published(decision, gate, None)
    keys = [books.key(name) for name in request.keys]
    parts = Parts(folder, Path(named(request.audit)), document, _cards(request.name, model, evidence, document))
    _publish(request.name, out, parts, keys, shelf, books, day)
    until = f"{decision.admission.value} until {decision.expires:%Y-%m-%d}"
    say(said, f"{request.name}@{CHAMPION} is now {digest[:12]}, {until}. Bundle: {out}")
    return Published(decision, gate, out)


def _cards(name: str, model: ModelVersion, evidence: Evidence, gate: dict[str, Any]) -> dict[str, bytes]:
    title = f"{name}: {model.framework.job}"
    content = sections(model, evidence, gate)
    return {"card.md": markdown(title, content).encode(), "card.html": page(title, content).encode()}


def _evidence(request: PublishRequest, model: ModelVersion, digest: str, registry: Registry, now: datetime) -> Evidence:
    path, maps = Path(named(request.audit)) / AUDIT, maps_of(request.map)
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
        maps=maps,
        groups=None if request.groups is None else read_groups(request.groups, maps=maps),
        search=None if request.search is None else read_search(inside(request.search, "alternatives.json")),
        champion=_champion(registry, request.name, digest),
    )


def _champion(registry: Registry, name: str, digest: str) -> str | None:
    """Digest of the version in use under this name, where there is one and it is another."""
    if not registry.begun or name not in registry.names():
        return None
    version = registry.alias(name, CHAMPION)
    return None if version is None or version.model == digest else version.model


def _publish(
    name: str,
    out: Path,
    parts: Parts,
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
    make_bundle(out, parts, now=now)
    for key in keys:
        sign_bundle(out, key, now=now)
    verified = verify_bundle(out, trust, now=now)
    version = registry.attach(registry.register(parts.model, name), verified)
    publishers = {one.id for one in signers if Role.PUBLISH in one.roles}
    publisher = next(key for key in keys if key.id in publishers)
    promote(registry, records, version, CHAMPION, publisher, now=now)
    records.write(
        Event.now(
            Action.PUBLISH,
            records.who,
            digests={"model": verified.model, "bundle": verified.digest},
            details={"name": name, "version": version.number, "admission": verified.admission},
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
        table.add_row(words, level, Text(one.outcome.value, COLOURS[one.outcome]), Text(one.seen.found["en"]))
    said.print(table)
    said.print(
        Text.assemble("The gate says: ", (decision.admission.value, "bold"), "."), highlight=False, soft_wrap=True
    )
    for one in decision.in_the_way:
        needed = f" ({one.seen.people} people)" if one.seen.people else ""
        say(said, f"  {one.check.id.replace('_', ' ')}: {one.seen.remedy['en']}{needed}")


def verify(
    bundle: Annotated[Place, "As viva publish wrote it."],
    *,
    records: Records | None = None,
    now: datetime | None = None,
) -> Exit:
    """Print what was checked of a bundle, and whether it may be used."""
    console, books = Console(), records or Records.here()
    try:
        verified = verify_bundle(Path(bundle), books.trust(), now=now or datetime.now(UTC))
    except BundleRefused as error:
        for one in error.checks:
            _print(console, one)
        raise
    for one in verified.checks:
        _print(console, one)
    line = f"{verified.admission} for {verified.job} until {verified.expires:%Y-%m-%d}; bundle {verified.digest}"
    say(console, line)
    return Exit.DONE


def _print(console: Console, seen: Check) -> None:
    mark = "ok     " if seen.holds else "REFUSED"
    say(console, f"{mark}  {seen.name:<10}  {seen.seen}")
