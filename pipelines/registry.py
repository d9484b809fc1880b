"""``viva model``: versions entered, listed, compared, made challenger and taken back.

The aliases ``challenger`` and ``champion``: given to a version, taken back, and followed, each time under proof.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from rich.console import Console

from vivavoce.data.errors import Exit, VivaError
from vivavoce.data.log.event import Action, Event
from vivavoce.data.problem import shorten
from vivavoce.data.run_owner import differences
from vivavoce.data.signing.key import SigningKey
from vivavoce.models.directory import load_model
from vivavoce.models.score import Standing
from vivavoce.pipelines.door import Place
from vivavoce.pipelines.publishing.bundle import MANIFEST, MODEL, Verified, verify_bundle
from vivavoce.pipelines.publishing.promotion import (
    ALIASES,
    Promotion,
    PromotionRefused,
    Target,
    before,
    history,
    may_promote,
    new_event,
    read_event,
)
from vivavoce.pipelines.publishing.registry import Registry, Version
from vivavoce.pipelines.records import Key, Records, Who
from vivavoce.pipelines.terminal import Listed, say

CHAMPION = "champion"
REFERENCE = re.compile(r"models:/([^/@]+)(?:@([a-z]+)|/([1-9][0-9]{0,8}))")


class AliasMoved(VivaError):
    """An alias that names another version than the last signed promotion says, or that was never promoted."""

    status = Exit.FINDING


@dataclass(frozen=True)
class Resolved:
    """A version that may be loaded.

    Parameters
    ----------
    version
        As the registry has it.
    folder, digest
        Where it is and what it must be: ``load_model(folder, digest=digest)``.
    standing
        ``published`` or ``provisional`` for the champion, as its gate says; else ``experimental``.
    bundle
        The champion's, verified; None for others.
    """

    version: Version
    folder: Path
    digest: str
    standing: Standing
    bundle: Verified | None


def promote(
    registry: Registry, records: Records, version: Version, alias: str, signer: SigningKey, *, now: datetime
) -> Promotion:
    """Give an alias to a version: first as a signed event in the log, then in MLflow.

    A call that was interrupted between the two is finished by the next one.

    Parameters
    ----------
    registry, records
        Where versions are, and where keys, trust and log are.
    version
        For ``champion`` it must have a bundle (:meth:`Registry.attach`), which is verified here.
    alias
        ``challenger`` or ``champion``.
    signer
        Key with the role ``publish``; for a challenger ``train`` will do.
    now
        For the bundle's audit and admission.

    Raises
    ------
    PromotionRefused
        For another alias, or a key that may not.
    vivavoce.pipelines.publishing.bundle.BundleRefused, vivavoce.pipelines.publishing.registry.RegistryRefused
        If the champion-to-be has no bundle, or one that may not be used.
    vivavoce.data.log.log.LogAltered, vivavoce.data.log.log.NoLog
        If there is no log to rely on.
    """
    if alias not in ALIASES:
        raise PromotionRefused(f"An alias must be one of {', '.join(ALIASES)}. Got {shorten(alias)} instead.")
    trust = records.trust()
    key = may_promote(signer.id, alias, trust)
    _take_down(registry, records, version, alias, now)
    with records.writing() as log:
        promotions = history(log.found, trust, version.name, alias)
        last = promotions[-1] if promotions else None
        target = _target(version, alias)
        if last is None or last.target != target or last.signer != key.name:
            event = new_event(Action.PROMOTE, records.who, version.name, alias, target, last, signer)
            log.append([event])
            last = read_event(event, trust)
    registry.set_alias(version, alias)
    return last


def roll_back(
    registry: Registry, records: Records, name: str, signer: SigningKey, *, now: datetime, alias: str = CHAMPION
) -> Promotion:
    """Give an alias back to the version that had it before, whose bundle must still be good; as :func:`promote`.

    Raises
    ------
    PromotionRefused
        If there is no version before; else as :func:`promote`.
    """
    trust = records.trust()
    may_promote(signer.id, alias, trust)
    with records.writing() as log:
        promotions = history(log.found, trust, name, alias)
        earlier = before(promotions)
        if earlier is None:
            raise PromotionRefused(f"{name} has no {alias} before the present one: there is nothing to go back to.")
        version = replace(registry.version(name, earlier.target.version), bundle=earlier.target.bundle)
        if version.model != earlier.target.model:
            raise AliasMoved(f"{name} {version.number} is not what it was as {alias}: its tags were changed by hand.")
        _take_down(registry, records, version, alias, now)
        event = new_event(Action.ROLL_BACK, records.who, name, alias, earlier.target, promotions[-1], signer)
        log.append([event])
    registry.set_alias(version, alias)
    return read_event(event, trust)


def resolve(reference: str, registry: Registry, records: Records, *, now: datetime) -> Resolved:
    """Find what ``models:/NAME@champion``, ``models:/NAME@challenger`` or ``models:/NAME/3`` names, and verify it.

    Parameters
    ----------
    reference
        As MLflow writes them.
    registry, records
        Where versions are, and where trust and log are.
    now
        For the champion's audit and admission.

    Raises
    ------
    PromotionRefused
        For what is no reference, or an alias that nobody gave yet or whose signer's key was revoked.
    AliasMoved
        If MLflow's alias is not what the last signed promotion says.
    vivavoce.pipelines.publishing.registry.RegistryRefused
        If there is no such name or version.
    vivavoce.pipelines.publishing.bundle.BundleRefused
        If the champion's bundle may not be used (any more).
    vivavoce.models.directory.ModelRefused
        If the folder is not the version's.
    vivavoce.data.log.log.LogAltered, vivavoce.data.log.log.NoLog
        If there is no log to rely on.
    """
    match = REFERENCE.fullmatch(reference)
    if match is None or (match[2] and match[2] not in ALIASES):
        raise PromotionRefused(
            "A registered model is models:/NAME@champion, models:/NAME@challenger or models:/NAME/VERSION. "
            f"Got {shorten(reference)} instead."
        )
    name, alias, number = match.groups()
    version = _promoted(registry, records, name, alias) if alias else registry.version(name, int(number))
    bundle = _take_down(registry, records, version, alias, now)
    if bundle is None:
        return Resolved(version, registry.model_folder(version), version.model, Standing.EXPERIMENTAL, None)
    return Resolved(version, bundle.model_folder, bundle.model, Standing(bundle.admission), bundle)


def resolve_here(reference: str) -> Resolved:
    """As :func:`resolve`, with the registry, trust and log of this process, now."""
    return resolve(reference, Registry.here(), Records.here(), now=datetime.now(UTC))


def _promoted(registry: Registry, records: Records, name: str, alias: str) -> Version:
    """The version with the bundle that was promoted, which need not be the last one that was attached."""
    version, trust = registry.alias(name, alias), records.trust()
    promotions = history(records.read(), trust, name, alias)
    if version is None and not promotions:
        raise PromotionRefused(f"{name} has no {alias} yet.")
    last = promotions[-1] if promotions else None
    signed = f"{last.signer} gave it to {last.target.version} at {last.time}" if last else "nobody ever gave it"
    if last is None or version is None or (version.number, version.model) != (last.target.version, last.target.model):
        found = f"names version {version.number} (model {version.model[:12]})" if version else "is gone"
        raise AliasMoved(
            f"In the registry the alias {alias} of {name} {found}, and by the signed log {signed}: it was moved by "
            "hand, or tags were changed. Find out by whom, and promote again."
        )
    may_promote(last.signer, alias, trust)
    return replace(version, bundle=last.target.bundle)


def _take_down(
    registry: Registry, records: Records, version: Version, alias: str | None, now: datetime
) -> Verified | None:
    """Verify what an alias names or is to name; returns a champion's bundle."""
    if alias != CHAMPION:
        load_model(registry.model_folder(version), digest=version.model)
        return None
    bundle = verify_bundle(registry.bundle_folder(version), records.trust(), now=now)
    if (bundle.digest, bundle.model) != (version.bundle, version.model):
        raise AliasMoved(
            f"The bundle of {version.name} {version.number} is not {str(version.bundle)[:12]}, as promoted."
        )
    return bundle


def _target(version: Version, alias: str) -> Target:
    return Target(version.number, version.model, version.bundle if alias == CHAMPION else None)


SHOWN = 60  # differences of a comparison; the rest is counted
LONG = 160  # characters of one


Name = Annotated[str, "A registered name."]


def register(
    folder: Annotated[Place, "A model version, or a signed bundle."],
    *,
    name: Annotated[str, "Under which it is registered: letters, digits, dashes, underscores."],
    who: Who = None,
    registry: Registry | None = None,
    records: Records | None = None,
) -> Exit:
    """Enter a model version, or a bundle with its version, under a name; logged where there is a log."""
    shelf, books, bundle = registry or Registry.here(), records or Records.here(who), None
    where = Path(folder)
    if (where / MANIFEST).is_file():
        bundle = verify_bundle(where, books.trust(), now=datetime.now(UTC))
    version = shelf.register(where / MODEL if bundle else where, name)
    if bundle:
        version = shelf.attach(version, bundle)
    if books.logged:
        digests = {"model": version.model} | ({"bundle": bundle.digest} if bundle else {})
        details = {"name": name, "version": version.number}
        books.write(Event.now(Action.REGISTER, books.who, details=details, digests=digests))
    say(Console(stderr=True), f"{name} version {version.number}: {version.job}, model {version.model}.")
    return Exit.DONE


def names(*, registry: Registry | None = None) -> Listed:
    """List names with what their aliases name in MLflow."""
    shelf, rows = registry or Registry.here(), []
    for name in shelf.names():
        versions = shelf.versions(name)
        named = {alias: one.number for one in versions for alias in one.aliases}
        aliases = {alias: named.get(alias) for alias in ("challenger", CHAMPION)}
        rows.append({"name": name, "versions": len(versions), **aliases, "job": sorted({one.job for one in versions})})
    return Listed(rows, ("name", "versions", "challenger", CHAMPION, "job"))


def show(name: Name, *, registry: Registry | None = None) -> Listed:
    """List every version of a name."""
    rows = [
        {
            "version": one.number,
            "aliases": list(one.aliases),
            "job": one.job,
            "model": one.model,
            "framework": one.framework,
            "bundle": one.bundle,
            "registered": f"{one.made:%Y-%m-%d %H:%M}",
        }
        for one in (registry or Registry.here()).versions(name)
    ]
    return Listed(rows, ("version", "aliases", "job", "model", "framework", "bundle", "registered"))


def compare(
    name: Name,
    first: Annotated[int, "One version's number."],
    second: Annotated[int, "Another's."],
    *,
    registry: Registry | None = None,
) -> Exit:
    """Print in what two versions differ: features, recognisers, weights, framework, and what training reported."""
    shelf = registry or Registry.here()
    one, other = (shelf.version(name, number) for number in (first, second))
    found = list(differences(_document(one, shelf), _document(other, shelf)))
    console = Console()
    for line in found[:SHOWN]:
        say(console, line if len(line) <= LONG else f"{line[: LONG - 1]}…")
    more = f" ({len(found) - SHOWN} more)" if len(found) > SHOWN else ""
    say(console, f"{name} {first} and {second}: {len(found)} differences{more}.")
    return Exit.DONE


def challenge(
    name: Name,
    version: Annotated[int, "Its number."],
    *,
    key: Key,
    who: Who = None,
    registry: Registry | None = None,
    records: Records | None = None,
) -> Exit:
    """Make a version the challenger, which no gate guards; a champion comes through ``viva publish`` only."""
    shelf, books = registry or Registry.here(), records or Records.here(who)
    asked = shelf.version(name, version)
    given = promote(shelf, books, asked, "challenger", books.key(key), now=datetime.now(UTC))
    say(Console(stderr=True), f"{name} version {given.target.version} is the challenger, signed by {given.signer}.")
    return Exit.DONE


def take_back(
    name: Name,
    *,
    key: Key,
    alias: Annotated[
        Literal["challenger", "champion"], "Which one; a champion's bundle is verified again."
    ] = "challenger",
    who: Who = None,
    registry: Registry | None = None,
    records: Records | None = None,
) -> Exit:
    """Give an alias back to the version before; a champion's bundle must still be good."""
    shelf, books = registry or Registry.here(), records or Records.here(who)
    given = roll_back(shelf, books, name, books.key(key), now=datetime.now(UTC), alias=alias)
    say(Console(stderr=True), f"{name} version {given.target.version} is the {alias} again, signed by {given.signer}.")
    return Exit.DONE


def _document(version: Version, registry: Registry) -> dict[str, object]:
    model, _ = load_model(registry.model_folder(version), digest=version.model)
    return {
        "framework": model.framework.digest,
        "features": {name: ", ".join(own) for name, own in model.features.items()},
        "fingerprints": dict(model.fingerprints),
        "recognisers": list(model.recognisers),
        "languages": list(model.languages),
        "weights": dict(model.weights),
        "documents": dict(model.documents),
    }
