"""One thing wrong in a file that somebody wrote: where, what was found, what to do."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from reprlib import Repr
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

SHOWN = 80  # characters of an offending value that a message repeats

_repr = Repr()  # bounded in depth, too: a hostile document may nest a thousand lists
_repr.maxstring = _repr.maxother = _repr.maxlong = SHOWN


@dataclass(frozen=True)
class Problem:
    """Where in the document, the value found there, and the remedy.

    Examples
    --------
    >>> print(Problem("competencies.teamwork.weight", "-0.2", "Write a number of at least 0."))
    competencies.teamwork.weight: Write a number of at least 0. Got -0.2 instead.
    """

    where: str
    value: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.remedy} Got {self.value} instead."


def shorten(value: object) -> str:
    """Return the value as a message shows it: its repr, cut in the middle where it is long, control characters escaped.

    Examples
    --------
    >>> shorten("q1")
    "'q1'"
    >>> len(shorten("q" * 1000))
    80
    """
    return _repr.repr(value)


def nearest(name: str, known: Collection[str]) -> str:
    """Return the remedy for an unknown name: the nearest known one, or all of them.

    Examples
    --------
    >>> nearest("candidat_id", ["interview_id", "candidate_id"])
    "Did you mean 'candidate_id'?"
    >>> nearest("colour", ["en", "zh"])
    'Known are: en, zh.'
    """
    close = get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Known are: {', '.join(known)}."


def detail(where: tuple[str | int, ...], value: object, remedy: str) -> InitErrorDetails:
    """Return one finding of our own in the form in which pydantic reports its findings; raise them with ``refuse``."""
    return InitErrorDetails(type=PydanticCustomError("finding", "{remedy}", {"remedy": remedy}), loc=where, input=value)


def refuse(title: str, details: Sequence[InitErrorDetails]) -> None:
    """Raise pydantic's ``ValidationError`` where there is at least one finding."""
    if details:
        raise ValidationError.from_exception_data(title, list(details))


def problems_of(error: ValidationError, document: object, known: Mapping[str, Collection[str]]) -> list[Problem]:
    """Return every finding of a ``ValidationError`` in the user's words.

    Parameters
    ----------
    error
        What pydantic found.
    document
        What was validated: list items that carry an ``id`` are named by it (``competencies.teamwork.weight``).
    known
        For the dotted path of a parent (without list items; ``""`` is the document) the names it may hold.
    """
    items = error.errors(include_url=False)
    # pydantic counts items that failed as absent: "too short" is news only where nothing beneath it failed
    beneath = {item["loc"][:depth] for item in items for depth in range(len(item["loc"]))}
    return [
        Problem(
            _dotted(item["loc"], document),
            "nothing" if item["type"] == "missing" else shorten(item["input"]),
            _remedy(item, known),
        )
        for item in items
        if item["type"] != "too_short" or item["loc"] not in beneath
    ]


def _dotted(location: tuple[str | int, ...], document: object) -> str:
    names: list[str] = []
    here: Any = document
    for step in location:
        if step in ("None", "[key]"):  # what pydantic adds for a key that is None, or that is itself at fault
            continue
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            here = None
        named = isinstance(step, int) and isinstance(here, dict) and isinstance(here.get("id"), str)
        name = here["id"] if named else str(step)
        names.append(name if name.isprintable() and len(name) <= SHOWN else shorten(name))
    return ".".join(names)


def _remedy(item: ErrorDetails, known: Mapping[str, Collection[str]]) -> str:
    match item["type"]:
        case "extra_forbidden":
            *parents, name = item["loc"]
            siblings = known.get(".".join(str(step) for step in parents if isinstance(step, str)), ())
            return f"{shorten(name)} is not a known name. {nearest(str(name), siblings)}"
        case "missing":
            return "This is required: add it."
        case "finding":
            return item["msg"]
        case "value_error":
            return f"{item['ctx']['error']}"
        case _:
            return f"{item['msg']}."
