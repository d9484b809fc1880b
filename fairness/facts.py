"""Facts that an organisation declares beside its audit: situations, dates, numbers, words, documents by their bytes."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from vivavoce.data.identity import digest_file
from vivavoce.data.problem import Problem, nearest, shorten
from vivavoce.data.table import InputRefused
from vivavoce.data.yaml_file import read_yaml
from vivavoce.fairness.rules import AND, Fact, Json, Pack, vocabulary

ASKED = {
    "yes": "Write yes or no.",
    "text": "Write words.",
    "number": "Write a number of at least 0.",
    "date": "Write a day: 2026-11-22.",
    "document": "Name a file that is there.",
}


def read_facts(path: Path) -> Json:
    """Read declared facts: YAML of names and values; what stands empty was not declared.

    Returns
    -------
    dict
        By name: ``value``; of a document also ``file`` and ``sha256``. Files are looked for beside the facts.

    Raises
    ------
    InputRefused
        For a file that cannot be read, names that nobody asks for, and values of another kind: all at once.
    """
    told = read_yaml(path) or {}
    if not isinstance(told, Mapping):
        raise InputRefused(path, [Problem("file", shorten(told), "Write names and values: auditor: Ana Lima, Acme.")])
    known, found, problems = vocabulary().facts, {}, []
    for name, value in told.items():
        if name not in known:
            problems.append(Problem(str(name), shorten(value), nearest(str(name), list(known))))
        elif value is not None:
            found[name] = _fact(known[name], value, path.parent)
            if found[name] is None:
                problems.append(Problem(name, shorten(value), ASKED[known[name].kind]))
    if problems:
        raise InputRefused(path, problems)
    return found


def _fact(asked: Fact, value: Any, folder: Path) -> Json | None:
    """The fact as a document says it; None where the value is of another kind."""
    if value is False:
        return {"value": False}
    if asked.kind == "document":
        place = folder / value if isinstance(value, str) else None
        if place is None or not place.is_file():
            return None
        return {"value": True, "file": place.name, "sha256": digest_file(place).sha256}
    kinds = {"yes": bool, "text": str, "number": int | float, "date": date}
    fits = isinstance(value, kinds[asked.kind]) and (asked.kind != "number" or not isinstance(value, bool))
    if not fits or (asked.kind == "number" and not 0 <= value < float("inf")):
        return None
    if asked.kind == "text":
        return {"value": value.strip()} if value.strip() else None
    return {"value": value.isoformat()[:10] if asked.kind == "date" else value}


def declared_classes(given: Mapping[str, str], names: Sequence[str], place: object) -> Json:
    """What was declared to be which protected class, as ``declared`` says it; nothing where nothing was.

    Parameters
    ----------
    given
        Class, or classes crossed (``sex+race``), and the attribute or table that it is.
    names, place
        Attributes or tables under audit, and where they were read.

    Raises
    ------
    InputRefused
        For classes that no rule knows, and attributes that are not there.
    """
    known = list(vocabulary().classes)
    problems = [
        Problem("attribute", f"{one}={name}", f"Name a protected class. {nearest(part, known)}")
        for one, name in given.items() for part in one.split(AND) if part not in known
    ]  # fmt: skip
    problems += [
        Problem("attribute", f"{one}={name}", f"Name an attribute of the table. {nearest(name, names)}")
        for one, name in given.items() if name not in names
    ]  # fmt: skip
    if problems:
        raise InputRefused(place, problems)
    return {"classes": dict(given)} if given else {}


def blank(names: Sequence[str]) -> str:
    """An empty file of these facts, each once, with its question in both languages."""
    lines = ["# Facts for viva audit --facts. Empty stays open; no says that there is none; files lie beside this one."]
    for name in dict.fromkeys(names):
        fact = vocabulary().facts[name]
        lines += ["", f"# {fact.en}", f"# {fact.zh}", f"{name}:  # {ASKED[fact.kind]}"]
    return "\n".join(lines) + "\n"


def facts_of(pack: Pack) -> list[str]:
    """Names of the facts that a pack's checks ask for, in their order."""
    known, found = vocabulary().facts, []
    needs = [need for check in pack.checks for need in (check.applies, *check.needs) if need is not None]
    while needs:
        need = needs.pop(0)
        found += [name for name in (need.fact, *(need.days or ())) if name in known]
        needs = [*need.any, *need.all, *([need.negated] if need.negated else []), *needs]
    return list(dict.fromkeys(found))
