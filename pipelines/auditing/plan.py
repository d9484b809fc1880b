"""An audit as a file: everything that ``viva audit`` may be asked for, written down; the same file, the same bytes."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from vivavoce.data.errors import VivaError
from vivavoce.data.problem import Problem, nearest, shorten
from vivavoce.data.table import InputRefused
from vivavoce.data.yaml_file import read_yaml
from vivavoce.pipelines.auditing.kinds import options

ENDINGS = frozenset({".yaml", ".yml"})
FILES = frozenset({"scores", "groups", "counts", "facts", "out", "since"})
MAPPINGS = frozenset({"comparators", "attributes", "join", "map"})
LISTS = frozenset({"by", "rules", "papers", "held_equal"})
FLAGS = frozenset({"seen", "replace", "shared", "tables"})
NUMBERS = frozenset({"cut", "select"})
WORDS = frozenset({"decision"})
TODAY = "today"  # the date that the audit bears and that rules are read at
BESIDE = frozenset({"out", "replace", "shared", "tables", "made"})  # what may be asked for beside a plan


def plan_of(given: object) -> Path | None:
    """The plan that stands where scores would, or None."""
    return Path(given) if isinstance(given, str | Path) and Path(given).suffix.lower() in ENDINGS else None


def read_plan(path: Path, beside: Mapping[str, Any]) -> dict[str, Any]:
    """What a plan asks for, by the names of the request; its paths start where the file lies.

    Parameters
    ----------
    path
        YAML: each option of ``viva audit`` without its dashes (``held_equal``), a mapping for those that map, a list
        for those that may stand several times, and ``today: 2026-11-29``.
    beside
        What was asked for beside the plan; ``out``, ``replace``, ``shared`` and ``tables`` override it, anything else
        is refused, since the file would not say what was done.

    Raises
    ------
    InputRefused
        For a file that cannot be read, and every name and value in it that is none.
    VivaError
        For options beside it.
    """
    others = sorted(name for name in beside if name not in BESIDE)
    if others:
        raise VivaError(
            f"{path.name} is the whole audit: {', '.join(others)} would not be in it.", remedy="Write it into the file."
        )
    told = read_yaml(path)
    if not isinstance(told, Mapping):
        raise InputRefused(path, [Problem("file", shorten(told), "Write names and values: scores: scores.parquet.")])
    found = {str(name): value for name, value in told.items() if value is not None}
    problems = [problem for name, value in found.items() if (problem := _fault(name, value))]
    if problems:
        raise InputRefused(path, problems)
    paths = FILES | {one.name for one in options() if one.value in {"file", "folder"}}
    asked: dict[str, Any] = {
        name: _placed(value, path.parent) if name in paths | {"model"} else value for name, value in found.items()
    }
    if TODAY in asked:
        asked["made"] = datetime.combine(asked.pop(TODAY), time(), UTC)
    return {**asked, **beside}


def _fault(name: str, value: Any) -> Problem | None:
    """What is wrong with one line of a plan."""
    further = {one.name: one.value for one in options()}
    known = [*FILES, *MAPPINGS, *LISTS, *FLAGS, *NUMBERS, *WORDS, TODAY, *further]
    if name not in known:
        return Problem(name, shorten(value), nearest(name, sorted(known)))
    if name == TODAY:
        well = isinstance(value, date) and not isinstance(value, datetime)
        return None if well else Problem(name, shorten(value), "Write a date: 2026-11-29.")
    kind = further.get(name)
    if kind == "ends":
        return (
            None if _is_list(value, int | float) and len(value) == 2 else Problem(name, shorten(value), "Write [1, 5].")
        )
    if name in MAPPINGS:
        well, remedy = (
            isinstance(value, Mapping) and _are_words([*value, *value.values()]),
            "Write names and values.",
        )
    elif name in LISTS:
        well, remedy = isinstance(value, str) or _is_list(value, str), "Write a list: [nyc-ll144, four-fifths]."
    elif name in FLAGS:
        well, remedy = isinstance(value, bool), "Write true or false."
    elif name in NUMBERS or kind == "number":
        well, remedy = isinstance(value, int | float) and not isinstance(value, bool), "Write a number."
    else:
        well, remedy = isinstance(value, str), "Write a word or a path."
    return None if well else Problem(name, shorten(value), remedy)


def _are_words(values: list[Any]) -> bool:
    return all(isinstance(one, str) for one in values)


def _is_list(value: Any, kind: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, kind) for one in value)


def _placed(value: Any, folder: Path) -> str:
    """A path from where the plan lies; an address or a registry's name as it is."""
    return str(value) if "://" in str(value) or str(value).startswith("models:/") else str(folder / str(value))
