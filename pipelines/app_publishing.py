"""The commands around publishing: ``viva alternatives``, ``waive``, ``publish``, ``verify``, ``registry``, ``keys``."""

from pathlib import Path
from typing import Annotated

import typer

from vivavoce.data.signing import Role

app = typer.Typer()  # its commands stand beside those of ``pipelines/app.py``
keys_app = typer.Typer(help="Signing keys: made, listed, trusted, revoked.")
log_app = typer.Typer(help="The event log: who did what, provably unchanged.")
registry_app = typer.Typer(help="Registered versions: listed, compared, made challenger, taken back.")
for name, group in (("keys", keys_app), ("log", log_app), ("registry", registry_app)):
    app.add_typer(group, name=name, no_args_is_help=True)

Who = Annotated[str | None, typer.Option("--as", metavar="WHO", help="Who does it. [default: this account]")]
KeyName = Annotated[str, typer.Argument(help="Lower-case letters, digits, dashes and underscores.")]
Roles = Annotated[list[Role], typer.Option("--role", help="What the key may sign; once for each.")]
Key = Annotated[str, typer.Option(help="Who signs: a key's name, or the path of its file.")]
ModelName = Annotated[str, typer.Argument(help="A registered name.")]


@keys_app.command("create")
def create_key(
    name: KeyName,
    role: Roles,
    passphrase: Annotated[bool, typer.Option("--passphrase", help="Lock it: asks, or reads VIVA_PASSPHRASE.")] = False,
    who: Who = None,
) -> None:
    """Make a signing key, and enter its public half into the trust file."""
    from vivavoce.pipelines.keys import run_create
    from vivavoce.pipelines.records import Records

    raise typer.Exit(run_create(name, role, Records.here(who), locked=passphrase))


@keys_app.command("trust")
def trust_key(
    name: KeyName,
    public: Annotated[str, typer.Argument(help="What viva keys public printed there: 64 hexadecimal digits.")],
    role: Roles,
    who: Who = None,
) -> None:
    """Enter somebody else's public key into the trust file."""
    from vivavoce.pipelines.keys import run_trust
    from vivavoce.pipelines.records import Records

    raise typer.Exit(run_trust(name, public, role, Records.here(who)))


@keys_app.command("list")
def list_keys() -> None:
    """List the trusted keys with roles and revocations."""
    from vivavoce.pipelines.keys import run_list
    from vivavoce.pipelines.records import Records

    raise typer.Exit(run_list(Records.here()))


@keys_app.command("public")
def public_key(name: KeyName) -> None:
    """Print a public key."""
    from vivavoce.pipelines.keys import run_public
    from vivavoce.pipelines.records import Records

    raise typer.Exit(run_public(name, Records.here()))


@keys_app.command("revoke")
def revoke_key(
    name: KeyName,
    reason: Annotated[str, typer.Option(help="Why; shown wherever the key is refused.")],
    who: Who = None,
) -> None:
    """Revoke a key: nothing that it signed counts from now on."""
    from vivavoce.pipelines.keys import run_revoke
    from vivavoce.pipelines.records import Records

    raise typer.Exit(run_revoke(name, reason, Records.here(who)))


@log_app.command("create")
def create_log(who: Who = None) -> None:
    """Begin the event log; needs a key with the role log (viva keys create log --role log)."""
    from vivavoce.pipelines.log import run_create
    from vivavoce.pipelines.records import Records

    raise typer.Exit(run_create(Records.here(who)))


@log_app.command("list")
def list_log(last: Annotated[int, typer.Option(min=1, help="How many, from the end.")] = 30) -> None:
    """Print the last events."""
    from vivavoce.pipelines.log import run_list
    from vivavoce.pipelines.records import Records

    raise typer.Exit(run_list(Records.here(), last))


@log_app.command("verify")
def verify_log(
    head: Annotated[Path | None, typer.Option(help="Heads kept elsewhere; without one a rollback is not told.")] = None,
) -> None:
    """Verify all of the log. Exit status: 0 as signed, 1 altered (what and where is said), 2 no log or key."""
    from vivavoce.pipelines.log import run_verify
    from vivavoce.pipelines.records import Records

    raise typer.Exit(run_verify(Records.here(), head))


@log_app.command("head")
def log_head(
    out: Annotated[Path | None, typer.Option(help="Add it to this file, to be kept elsewhere.")] = None,
) -> None:
    """Print the log's signed head: so many events, under this root."""
    from vivavoce.pipelines.log import run_head
    from vivavoce.pipelines.records import Records

    raise typer.Exit(run_head(Records.here(), out))


@log_app.command("recover")
def recover_log(who: Who = None) -> None:
    """Cut off what a killed writer left unsigned; the log says that it was done."""
    from vivavoce.pipelines.log import run_recover
    from vivavoce.pipelines.records import Records

    raise typer.Exit(run_recover(Records.here(who)))


@log_app.command("prove")
def prove_event(number: Annotated[int, typer.Argument(help="Of the event, as viva log list counts.")]) -> None:
    """Print one event with the proof that it is in the log."""
    from vivavoce.pipelines.log import run_prove
    from vivavoce.pipelines.records import Records

    raise typer.Exit(run_prove(Records.here(), number))


@app.command()
def alternatives(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Folder of the version.")],
    features: Annotated[str, typer.Option(help="The table that it was trained on.")],
    outcomes: Annotated[str, typer.Option(help="As for train.")],
    groups: Annotated[Path, typer.Option(help="Declared attributes by candidate_id.")],
    candidates: Annotated[Path, typer.Option(help="YAML: alternatives, declared before anybody looks.")],
    select: Annotated[float, typer.Option(min=0, max=1, help="Share selected at the declared cut.")],
    out: Annotated[Path, typer.Option(help="alternatives.json")],
    ratings: Annotated[str | None, typer.Option(help="As for train; a rubric needs none.")] = None,
    by: Annotated[list[str] | None, typer.Option(help="Attributes to compare. [default: all]")] = None,
    criterion: Annotated[str | None, typer.Option(help="As for train.")] = None,
) -> None:
    """Search for a less discriminatory alternative. Exit status: 0 none, 1 one is confirmed, 4 too few, 2 bad input."""
    from vivavoce.pipelines.alternatives import AlternativesRequest, run_alternatives

    request = AlternativesRequest(
        model, features, ratings, outcomes, groups, candidates, select, out, tuple(by or ()), criterion
    )
    raise typer.Exit(run_alternatives(request))


@app.command()
def waive(
    check: Annotated[str, typer.Argument(metavar="CHECK", help="Of the gate, as viva publish prints it.")],
    model: Annotated[Path, typer.Option(help="Folder of the version.")],
    reason: Annotated[str, typer.Option(help="Why, in a sentence that will be read in every card.")],
    key: Key,
    out: Annotated[Path, typer.Option(help="The waiver; a second person adds a signature to it.")],
    who: Who = None,
) -> None:
    """Sign a waiver of one check for one version; it counts once two keys have signed it."""
    from vivavoce.pipelines.publish import run_waive
    from vivavoce.pipelines.records import Records

    raise typer.Exit(run_waive(check, model, reason, key, out, Records.here(who)))


@app.command()
def publish(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Folder of the version, as viva train wrote it.")],
    audit: Annotated[Path, typer.Option(help="Folder of its audit (viva audit --model).")],
    name: Annotated[str, typer.Option(help="Under which it is registered.")],
    out: Annotated[Path, typer.Option(help="New folder for the signed bundle; OUT.gate.json says what was seen.")],
    key: Annotated[list[str] | None, typer.Option(help="Who signs; roles audit and publish are needed.")] = None,
    features: Annotated[Path | None, typer.Option(help="The table that it was trained on.")] = None,
    groups: Annotated[Path | None, typer.Option(help="Declared groups, to show that they reach no score.")] = None,
    search: Annotated[Path | None, typer.Option(help="alternatives.json")] = None,
    waiver: Annotated[list[Path] | None, typer.Option(help="As viva waive wrote it.")] = None,
    gate: Annotated[Path | None, typer.Option(help="Another rule pack than the standard gate.")] = None,
    check_only: Annotated[bool, typer.Option("--check-only", help="Ask the gate, publish nothing.")] = False,
    who: Who = None,
) -> None:
    """Ask the gate; publish what it admits. Exit status: 0 published, 4 provisional, 1 refused, 2 bad input."""
    from vivavoce.pipelines.publish import PublishRequest, run_publish
    from vivavoce.pipelines.records import Records

    request = PublishRequest(
        model, audit, name, out, tuple(key or ()), features, groups, search, tuple(waiver or ()), gate, check_only
    )
    raise typer.Exit(run_publish(request, records=Records.here(who)))


@app.command()
def verify(folder: Annotated[Path, typer.Argument(metavar="BUNDLE", help="As viva publish wrote it.")]) -> None:
    """Check a signed bundle. Exit status: 0 it may be used, 1 it may not (which file and why is said), 2 bad input."""
    from vivavoce.pipelines.publish import run_verify
    from vivavoce.pipelines.records import Records

    raise typer.Exit(run_verify(folder, Records.here()))


@app.command()
def register(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A model version, or a signed bundle.")],
    name: Annotated[str, typer.Option(help="Under which it is registered: letters, digits, dashes, underscores.")],
    who: Who = None,
) -> None:
    """Enter a model version into the registry. Exit status: 0 entered or there already, 2 refused."""
    from vivavoce.pipelines.publishing.registry import Registry
    from vivavoce.pipelines.records import Records
    from vivavoce.pipelines.registry import run_register

    raise typer.Exit(run_register(folder, name, Registry.here(), Records.here(who)))


@registry_app.command("list")
def list_registry() -> None:
    """List the registered names."""
    from vivavoce.pipelines.publishing.registry import Registry
    from vivavoce.pipelines.registry import run_list

    raise typer.Exit(run_list(Registry.here()))


@registry_app.command("show")
def show_name(name: ModelName) -> None:
    """Print the versions of a name with their digests and aliases."""
    from vivavoce.pipelines.publishing.registry import Registry
    from vivavoce.pipelines.registry import run_show

    raise typer.Exit(run_show(name, Registry.here()))


@registry_app.command("compare")
def compare_versions(name: ModelName, first: int, second: int) -> None:
    """Print in what two versions differ."""
    from vivavoce.pipelines.publishing.registry import Registry
    from vivavoce.pipelines.registry import run_compare

    raise typer.Exit(run_compare(name, first, second, Registry.here()))


@registry_app.command("promote")
def promote_challenger(name: ModelName, version: int, key: Key, who: Who = None) -> None:
    """Make a version the challenger; champions come through viva publish only."""
    from vivavoce.pipelines.publishing.registry import Registry
    from vivavoce.pipelines.records import Records
    from vivavoce.pipelines.registry import run_promote

    raise typer.Exit(run_promote(name, version, key, Registry.here(), Records.here(who)))


@registry_app.command("rollback")
def roll_back(
    name: ModelName,
    key: Key,
    alias: Annotated[str, typer.Option(help="challenger, or champion: its bundle is verified again.")] = "challenger",
    who: Who = None,
) -> None:
    """Give an alias back to the version that had it before."""
    from vivavoce.pipelines.publishing.registry import Registry
    from vivavoce.pipelines.records import Records
    from vivavoce.pipelines.registry import run_roll_back

    raise typer.Exit(run_roll_back(name, alias, key, Registry.here(), Records.here(who)))
