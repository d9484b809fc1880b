"""A command of ``viva``, made from a function of the front door: its options, its help, what it prints and how it ends.

Commands are imported when they are called: a list of forty commands costs the import of none.
"""

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperGroup

from vivavoce.data.errors import Exit, VivaError
from vivavoce.pipelines.door import Option, options, written

PLAIN = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
ALWAYS = {
    Exit.DONE: "done",
    Exit.BAD_INPUT: "bad input: the message says what to mend",
    Exit.DEFECT: "a defect of vivavoce",
    Exit.MACHINE: "this machine's fault: a full disk, say",
    Exit.INTERRUPTED: "interrupted",
}
SECTION = re.compile(r"^(Parameters|Returns|Raises|Examples|Notes|References)\n-+$", re.MULTILINE)


@dataclass(frozen=True)
class Command:
    """What the list of commands says of one.

    Parameters
    ----------
    target
        ``module:function``, the module below ``vivavoce.pipelines``.
    short
        What it does, in one sentence.
    examples
        Lines as they are typed.
    ends
        What its exit statuses mean beyond those that mean the same everywhere.
    """

    target: str
    short: str
    examples: tuple[str, ...]
    ends: Mapping[Exit, str] = field(default_factory=dict)

    def function(self) -> Callable[..., Any]:
        """Import what it calls."""
        module, _, name = self.target.partition(":")
        found: Callable[..., Any] = getattr(import_module(f"vivavoce.pipelines.{module}"), name)
        return found


@dataclass(frozen=True)
class Group:
    """Commands under one word; ``own`` is what the word does without any of them."""

    short: str
    commands: Mapping[str, Command]
    own: Command | None = None


Tree = Mapping[str, "Command | Group"]


def group_of(tree: Tree) -> type[TyperGroup]:
    """A group whose commands are built when somebody asks for them."""

    class Lazy(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
            """Names in the order of the list."""
            return list(tree)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
            """Build one."""
            found = tree.get(cmd_name)
            return None if found is None else built(found, cmd_name)

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            """Find what is to be run: a word that is a command and a group is whichever its next word says."""
            found = tree.get(args[0]) if args else None
            if isinstance(found, Group) and found.own and args[1:] and args[1] not in found.commands:
                beside = [f"viva {args[0]} {name} --help: {one.short}" for name, one in found.commands.items()]
                return args[0], built(found.own, args[0], beside), args[1:]
            return super().resolve_command(ctx, args)

        def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
            """List them without importing any."""
            with formatter.section("Commands"):
                formatter.write_dl([(name, found.short) for name, found in tree.items()])

        def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:  # noqa: ARG002
            """Complete a name without importing what it names."""
            from typer._click.shell_completion import CompletionItem

            return [CompletionItem(name, help=tree[name].short) for name in tree if name.startswith(incomplete)]

    return Lazy


def built(found: Command | Group, name: str, beside: Sequence[str] = ()) -> Any:
    """The command, or the group, as Typer has it."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=PLAIN)
    if isinstance(found, Group):
        app = typer.Typer(
            add_completion=False, rich_markup_mode=None, context_settings=PLAIN, cls=group_of(found.commands),
            help=found.short, no_args_is_help=True,
        )  # fmt: skip
        app.callback()(_nothing)
        return typer.main.get_command(app)
    function = found.function()
    ends = {**ALWAYS, **found.ends}
    lines = ["\b", *(f"$ {example}" for example in found.examples), *beside, ""]
    lines += ["\b", "Exit status:", *(f"{int(end):>4}  {ends[end]}" for end in sorted(ends))]
    app.command(name, help=_help(found.short, function), epilog="\n".join(lines))(_command(function))
    command: Any = typer.main.get_command(app)
    for one in command.params:
        if one.param_type_name == "argument":
            one.display_type = lambda _: ""  # its name says what it is
    return command


def _nothing() -> None:
    """Stand for a group, which does nothing by itself."""


def _help(short: str, function: Callable[..., Any]) -> str:
    """What it does, and what its documentation says beyond its first sentence and before its sections."""
    told = SECTION.split(inspect.getdoc(function) or "")[0]
    more = [" ".join(part.split()) for part in told.strip().split("\n\n")[1:] if not part.startswith("    ")]
    return "\n\n".join([short, *(part.replace("``", "") for part in more)])


def _command(function: Callable[..., Any]) -> Callable[..., None]:
    """Make of a function one that Typer reads: the same options in its own words, and those of every command."""
    asked = {one.name: one for one in options(function)}
    answers = get_type_hints(function)["return"]
    machine = hasattr(answers, "document")

    def run(**given: Any) -> None:
        quiet, verbose, log = given.pop("quiet"), given.pop("verbose"), given.pop("log")
        as_json = given.pop("json", False)
        from vivavoce.pipelines.terminal import saying

        with saying(quiet=quiet, log=log, verbose=verbose):
            answer = function(
                **{name: _read(asked[name], value) for name, value in given.items() if value not in (None, [])}
            )
            if as_json:
                sys.stdout.write(json.dumps(answer.document(), ensure_ascii=False, indent=1) + "\n")
            elif hasattr(answer, "show"):
                answer.show()
            end = answer if isinstance(answer, int) else answer.exit
        raise typer.Exit(int(end))

    parameters = [_typed(one) for one in asked.values()] + list(_common(machine=machine))
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    run.__name__ = function.__name__
    return run


def _typed(option: Option) -> inspect.Parameter:
    """One option as Typer declares it."""
    kind, shown = written(option.kind), option.shown
    needed = option.default is inspect.Parameter.empty or shown.needed
    listed = get_origin(kind) is list
    ends: dict[str, Any] = {"min": shown.least, "max": shown.most}
    if option.plain:
        how: Any = typer.Argument(help=option.said, metavar=shown.metavar or option.name.upper(), **ends)
    else:
        flag = shown.flag or f"--{option.name.replace('_', '-')}"
        metavar = shown.metavar or _metavar(kind, option)
        usual: Any = ", ".join(map(str, option.default)) if listed and not needed and option.default else True
        how = typer.Option(flag, help=option.said, metavar=metavar, show_default=usual, **ends)
    default = inspect.Parameter.empty if needed else option.default
    if listed and not needed:
        kind, default = kind | None, None  # several of one option: none of them is the function's own default
    return inspect.Parameter(
        option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, how]
    )


def _metavar(kind: Any, option: Option) -> str | None:
    """What stands for a value in a help; None where Typer lists what it may be, and for a flag."""
    inner = [one for one in (kind, *get_args(kind)) if one is not type(None)]
    last = next((one for one in reversed(inner) if isinstance(one, type)), str)
    if issubclass(last, Enum):
        return "|".join(str(one.value) for one in last)
    if option.choices or last is bool:
        return None
    if last in (int, float):
        return "NUMBER NUMBER" if any(get_origin(one) is tuple for one in inner) else "NUMBER"
    return "PATH" if "Path" in str(option.kind) else "TEXT"


def _common(*, machine: bool) -> Iterator[inspect.Parameter]:
    """The options of every command; ``--json`` where there is something that a machine reads."""
    flags = {
        "quiet": ("-q", "Say nothing but what was asked for, and why it fails."),
        "verbose": ("-v", "Where it fails, say where in the program."),
    }
    for name, (short, said) in flags.items():
        yield _keyword(name, False, Annotated[bool, typer.Option(f"--{name}", short, help=said)])
    log = typer.Option("--log", metavar="FILE", help="Add everything that is said to this file, with times.")
    yield _keyword("log", None, Annotated[Path | None, log])
    if machine:
        told = typer.Option("--json", help="Print the result as JSON.")
        yield _keyword("json", False, Annotated[bool, told])


def _keyword(name: str, default: Any, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _read(option: Option, value: Any) -> Any:
    """What was typed as the function takes it."""
    if get_origin(written(option.kind)) is list or isinstance(value, list):
        if _maps(option.kind):
            pairs = [one.partition("=") for one in value]
            if wrong := [one for one, equals, _ in pairs if not equals]:
                flag = option.shown.flag or f"--{option.name}"
                raise VivaError(f"{flag} must be written A=B. Got {wrong[0]!r} instead.")
            return {one: other for one, _, other in pairs}
        return tuple(_placed(option, one) for one in value)
    return _placed(option, value)


def _placed(option: Option, value: Any) -> Any:
    """A path as a path; what names a registered model or a database's table stays as it was written."""
    place = isinstance(value, str) and "Path" in str(option.kind) and "://" not in value and "models:/" not in value
    return Path(value) if place else value


def _maps(kind: Any) -> bool:
    """Whether it takes pairs and nothing else, or nothing at all."""
    kinds = [one for one in get_args(kind) if one is not type(None)] if type(None) in get_args(kind) else [kind]
    origin = get_origin(kinds[0])
    return len(kinds) == 1 and isinstance(origin, type) and issubclass(origin, Mapping)
