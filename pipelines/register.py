"""``viva register`` and ``viva registry``: versions entered, listed, compared, made challenger and taken back."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from vivavoce.data.configuration import differences
from vivavoce.data.log.event import Action, Event
from vivavoce.data.signing.tree import TreeRefused
from vivavoce.models.directory import load_model
from vivavoce.models.files import ModelRefused
from vivavoce.pipelines.publishing.alias import CHAMPION, AliasMoved, promote, roll_back
from vivavoce.pipelines.publishing.bundle import MANIFEST, MODEL
from vivavoce.pipelines.publishing.bundle_check import BundleRefused, verify_bundle
from vivavoce.pipelines.publishing.promotion import PromotionRefused
from vivavoce.pipelines.publishing.records import REFUSALS, Records
from vivavoce.pipelines.publishing.registry import Registry, RegistryRefused, Version

EXIT_DONE, EXIT_REFUSED = 0, 2
SHOWN = 60  # differences of a comparison; the rest is counted
LONG = 160  # characters of one
NO_VERSION = (ModelRefused, TreeRefused, BundleRefused)


def run_register(folder: Path, name: str, registry: Registry, records: Records) -> int:
    """Enter a model version, or a bundle with its version, under a name; logged where there is a log."""

    def register(said: Console) -> None:
        bundle = None
        if (folder / MANIFEST).is_file():
            bundle = verify_bundle(folder, records.trust(), now=datetime.now(UTC))
        version = registry.register(folder / MODEL if bundle else folder, name)
        if bundle:
            version = registry.attach(version, bundle)
        if records.logged:
            digests = {"model": version.model} | ({"bundle": bundle.digest} if bundle else {})
            details = {"name": name, "version": version.number}
            records.write(Event.now(Action.REGISTER, records.who, details=details, digests=digests))
        _say(said, f"{name} version {version.number}: {version.job}, model {version.model}.")

    return _run(register)


def run_list(registry: Registry) -> int:
    """List names with what their aliases name in MLflow."""

    def listed(_: Console) -> None:
        table = Table("name", "versions", "challenger", "champion", "job")
        for name in registry.names():
            versions = registry.versions(name)
            named = {alias: str(one.number) for one in versions for alias in one.aliases}
            aliases = (named.get("challenger", ""), named.get(CHAMPION, ""))
            table.add_row(name, str(len(versions)), *aliases, ", ".join(sorted({one.job for one in versions})))
        Console().print(table)

    return _run(listed)


def run_show(name: str, registry: Registry) -> int:
    """Print every version of a name."""

    def show(_: Console) -> None:
        table = Table("version", "aliases", "job", "model", "framework", "bundle", "registered")
        for one in registry.versions(name):
            digests = (one.model[:16], one.framework[:16], (one.bundle or "–")[:16])
            table.add_row(str(one.number), ", ".join(one.aliases), one.job, *digests, f"{one.made:%Y-%m-%d %H:%M}")
        Console().print(table)

    return _run(show)


def run_compare(name: str, first: int, second: int, registry: Registry) -> int:
    """Print in what two versions differ: features, recognisers, weights, framework, and what training reported."""

    def compare(_: Console) -> None:
        one, other = (registry.version(name, number) for number in (first, second))
        found = list(differences(_document(one, registry), _document(other, registry)))
        console = Console()
        for line in found[:SHOWN]:
            console.print(line if len(line) <= LONG else f"{line[: LONG - 1]}…", markup=False, highlight=False)
        more = f" ({len(found) - SHOWN} more)" if len(found) > SHOWN else ""
        console.print(f"{name} {first} and {second}: {len(found)} differences{more}.", highlight=False)

    return _run(compare)


def run_promote(name: str, number: int, key: str, registry: Registry, records: Records) -> int:
    """Make a version the challenger, which no gate guards; a champion comes through ``viva publish`` only."""

    def challenger(said: Console) -> None:
        version = registry.version(name, number)
        given = promote(registry, records, version, "challenger", records.key(key), now=datetime.now(UTC))
        _say(said, f"{name} version {given.target.version} is the challenger, signed by {given.signer}.")

    return _run(challenger)


def run_roll_back(name: str, alias: str, key: str, registry: Registry, records: Records) -> int:
    """Give an alias back to the version before; a champion's bundle must still be good."""

    def back(said: Console) -> None:
        given = roll_back(registry, records, name, records.key(key), now=datetime.now(UTC), alias=alias)
        _say(said, f"{name} version {given.target.version} is the {alias} again, signed by {given.signer}.")

    return _run(back)


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


def _run(work: Callable[[Console], None]) -> int:
    said = Console(stderr=True)
    try:
        work(said)
    except (*REFUSALS, *NO_VERSION, RegistryRefused, PromotionRefused, AliasMoved) as error:
        said.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return EXIT_REFUSED
    return EXIT_DONE


def _say(said: Console, line: str) -> None:
    said.print(line, markup=False, highlight=False, soft_wrap=True)
