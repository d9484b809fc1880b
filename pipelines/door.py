"""The front door: a request is declared once, for whoever calls it, for the command line and for the docs.

A request is a frozen dataclass. A field that both a notebook and the command line may set carries its sentence::

    @dataclass(frozen=True)
    class Asked:
        table: Annotated[Data, "Scores: one row per person."]  # before KW_ONLY: a plain argument
        _: KW_ONLY
        select: Annotated[float | None, "Share selected, from the top.", Shown(least=0, most=1)] = None  # --select

``work = front_door(Asked)(work)`` turns a function of such a request into one of its fields: :func:`inspect.signature`
and type checkers see each of them with type and default. A field without a sentence is for the program alone.
"""

import atexit
import inspect
import shutil
import tempfile
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, ParamSpec, Protocol, TypeVar, Union, get_args, get_origin

from vivavoce.data.errors import VivaError

if TYPE_CHECKING:
    import pandas as pd

    from vivavoce.data.column_maps import Maps

    Data = str | Path | pd.DataFrame
else:

    class DataFrame:
        """Stands for pandas', which takes half a second: nobody needs it to say what an option is."""

    Data = str | Path | DataFrame


class Kept(Protocol):
    """What lies in a folder: a model that was trained, an audit, a run."""

    @property
    def folder(self) -> Path:
        """Where it lies."""


Place = str | Path  # of a file or a folder
Folder = str | Path | Kept  # of a run, a model or an audit, or that itself
Model = str | Path | Kept  # a version: its folder, itself, or models:/NAME@champion and the like

P = ParamSpec("P")
Request = TypeVar("Request")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Shown:
    """How an option is written where its own name does not do, and what its number may be.

    Parameters
    ----------
    flag
        On the command line, instead of ``--name``.
    metavar
        What stands for its value in a help.
    least, most
        Its ends, themselves allowed.
    needed
        Whether the command line wants it, where a notebook may leave it out.
    """

    flag: str | None = None
    metavar: str | None = None
    least: float | None = None
    most: float | None = None
    needed: bool = False


Map = Annotated[
    Mapping[str, str] | Sequence[Place],
    "What a table calls a column of ours, 'Applicant No=candidate_id', or a YAML file of such; once for each.",
    Shown(flag="--map", metavar="THEIRS=OURS"),
]


@dataclass(frozen=True)
class Option:
    """One thing that may be asked for.

    Parameters
    ----------
    name, kind, default
        As in the signature; ``kind`` without its sentence, ``default`` is :attr:`inspect.Parameter.empty` where it must
        be given.
    plain
        Whether it is given by place rather than by name.
    said
        Its sentence.
    shown
        How it is written.
    """

    name: str
    kind: Any
    default: Any
    plain: bool
    said: str
    shown: Shown

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that it may be, where it is one of a few."""
        for kind in (self.kind, *get_args(self.kind)):
            if get_origin(kind) is Literal:
                return get_args(kind)
        return ()


def options(asked: Callable[..., Any]) -> Iterator[Option]:
    """Everything of a request, or of a function, that has a sentence, in its order.

    Examples
    --------
    >>> def greet(name: Annotated[str, "Whom."], *, times: Annotated[int, "How often."] = 1, sink: object = None): ...
    >>> [(one.name, one.plain, one.said, one.default) for one in options(greet)][1:]
    [('times', False, 'How often.', 1)]
    """
    for parameter in signature_of(asked).parameters.values():
        if get_origin(parameter.annotation) is not Annotated:
            continue
        kind, *beside = get_args(parameter.annotation)
        said = next((one for one in beside if isinstance(one, str)), None)
        if said is not None:
            shown = next((one for one in beside if isinstance(one, Shown)), Shown())
            plain = parameter.kind is not inspect.Parameter.KEYWORD_ONLY and shown.flag is None
            yield Option(parameter.name, kind, parameter.default, plain, said, shown)


def signature_of(asked: Callable[..., Any]) -> inspect.Signature:
    """The signature, with what only ``asked.further`` knows of in the place of ``**named``."""
    signature = inspect.signature(asked)
    kept = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    more = [
        inspect.Parameter(
            one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default,
            annotation=Annotated[one.kind, one.said, one.shown],
        )
        for one in _further(asked)
    ]  # fmt: skip
    return signature.replace(parameters=[*kept, *more])


def _further(asked: Callable[..., Any]) -> Iterator[Option]:
    further: Callable[[], Iterator[Option]] | None = getattr(asked, "further", None)
    return iter(()) if further is None else further()


def front_door(asked: Callable[P, Request]) -> Callable[[Callable[[Request], Answer]], Callable[P, Answer]]:
    """Turn a function of a request into a function of the request's fields, which are checked first.

    A request that was made before may be given as it is.

    Examples
    --------
    >>> @dataclass(frozen=True)
    ... class Halve:
    ...     number: Annotated[float, "Which.", Shown(least=0)]
    >>> @front_door(Halve)
    ... def halve(request: Halve) -> float:
    ...     return request.number / 2
    >>> halve(3), halve(number=5)
    (1.5, 2.5)
    >>> halve(-1)
    Traceback (most recent call last):
    ...
    vivavoce.data.errors.VivaError: 'number' must be at least 0. Got -1 instead.
    """

    def around(work: Callable[[Request], Answer]) -> Callable[P, Answer]:
        @wraps(work)
        def door(*args: P.args, **kwargs: P.kwargs) -> Answer:
            made = args[0] if isinstance(asked, type) and args and isinstance(args[0], asked) else None
            request: Any = asked(*args, **kwargs) if made is None else made
            check(asked, request)
            return work(request)

        answered = inspect.signature(work).return_annotation
        signature = signature_of(asked).replace(return_annotation=answered)
        door.__signature__ = signature  # type: ignore[attr-defined]
        door.__annotations__ = {name: one.annotation for name, one in signature.parameters.items()}
        door.__annotations__["return"] = answered
        return door

    return around


def check(asked: Callable[..., Any], request: object) -> None:
    """Refuse a value outside its ends, or a word that is none of the choices.

    Raises
    ------
    VivaError
        Naming the option, its limits and the value.
    """
    for option in options(asked):
        value = getattr(request, option.name)
        if option.choices and value is not None and value not in option.choices:
            raise VivaError(f"{option.name!r} must be one of {', '.join(option.choices)}. Got {value!r} instead.")
        low, high = option.shown.least, option.shown.most
        beyond = isinstance(value, int | float) and (
            (low is not None and value < low) or (high is not None and value > high)
        )
        if beyond:
            ends = [f"{word} {end:g}" for word, end in (("at least", low), ("at most", high)) if end is not None]
            raise VivaError(f"{option.name!r} must be {' and '.join(ends)}. Got {value!r} instead.")


def written(kind: Any) -> Any:
    """The type of which a value on a command line is: the simplest that the declared one allows.

    Examples
    --------
    >>> written(str | Path | None), written(Sequence[str | Path]), written(Mapping[str, str])
    (str | None, list[str], list[str])
    >>> written(tuple[float, float] | None), written(float | None)
    (tuple[float, float] | None, float | None)
    """
    if get_origin(kind) in (Union, types.UnionType):
        kinds = [one for one in get_args(kind) if one is not type(None)]
        several = [one for one in kinds if get_origin(one) is not None and written(one) != one]
        chosen = str if str in kinds and not several else written((several or kinds)[0])
        return chosen | None if len(kinds) < len(get_args(kind)) else chosen
    origin, inner = get_origin(kind), get_args(kind)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return list[str]
    listed = isinstance(origin, type) and issubclass(origin, Sequence)
    if listed and (origin is not tuple or inner[-1] is ...):
        return list[written(inner[0])]  # type: ignore[misc]
    return kind


def named(given: Folder) -> str:
    """What names a model or a folder: as it was written, or where it lies.

    Examples
    --------
    >>> named("models:/engineer@champion"), named(Path("results"))
    ('models:/engineer@champion', 'results')
    """
    return str(given) if isinstance(given, str | Path) else str(given.folder)


def models_of(given: Model | Sequence[Model]) -> tuple[str, ...]:
    """One version or several, as they were named.

    Examples
    --------
    >>> models_of("models:/engineer@champion"), models_of(())
    (('models:/engineer@champion',), ())
    """
    several = given if isinstance(given, Sequence) and not isinstance(given, str) else (given,)
    return tuple(named(one) for one in several)


def places_of(given: Folder | Sequence[Folder]) -> list[Path]:
    """One folder, or several, as paths.

    Examples
    --------
    >>> places_of("results"), places_of(["may", Path("june")])
    ([PosixPath('results')], [PosixPath('may'), PosixPath('june')])
    """
    several = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    return [Path(named(one)) for one in several]


def inside(given: Place, name: str) -> Path:
    """A file, which may be named by the folder that a command wrote it into."""
    return Path(given) / name if Path(given).is_dir() else Path(given)


def maps_of(given: Mapping[str, str] | Sequence[Place]) -> "Maps":
    """What a user calls our columns, however it was given."""
    from vivavoce.data.column_maps import Maps, read_maps

    return Maps(given) if isinstance(given, Mapping) else read_maps([str(one) for one in given])


def folder_for(out: Place) -> Path:
    """An output folder; it is made when something is written into it.

    Raises
    ------
    VivaError
        Where a file is in its place.
    """
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise VivaError(f"{folder} is a file, and --out names a folder. Name another.")
    return folder


def scratch(name: str) -> Path:
    """A new place in a temporary folder, which is gone when Python ends: for what a notebook does not keep."""
    place = Path(tempfile.mkdtemp(prefix="viva-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place / name
