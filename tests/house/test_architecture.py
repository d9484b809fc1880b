"""The map in docs/architecture.md: every file once, none that is not there, and a reason for a file with one reader."""

import re
from collections import Counter

from tests.conftest import ROOT
from tests.house.test_rooms import files, imports_of, name_of
from vivavoce.pipelines.app import TREE
from vivavoce.pipelines.command import Command

LINE = re.compile(r"^- `(?P<path>[^`]+\.py)` – (?P<said>[^*]+?)(?: · \*(?P<reason>[^*]+)\*)?$", re.MULTILINE)
LONGEST = 100  # characters that say what is in a file: it is read at a glance


def entries() -> list[re.Match[str]]:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    listed = text.partition("\n## Every file\n")[2].partition("\n## ")[0]
    found = list(LINE.finditer(listed))
    assert len(found) == listed.count("\n- "), "a line of the list has another form"
    return found


def commands() -> set[str]:
    """Files that no other needs to import, because a command of ``viva`` names them."""
    one = [each for each in TREE.values() if isinstance(each, Command)]
    grouped = [each for group in TREE.values() if not isinstance(group, Command) for each in group.commands.values()]
    own = [group.own for group in TREE.values() if not isinstance(group, Command) and group.own]
    return {f"pipelines/{each.target.partition(':')[0]}.py" for each in [*one, *grouped, *own]}


def test_every_file_is_named_once_and_no_other() -> None:
    named = Counter(entry["path"] for entry in entries())
    there = Counter(path.as_posix() for path in files() if path.name != "__init__.py")
    assert not sorted((there - named).elements()), "files that the list does not name"
    assert not sorted((named - there).elements()), "names twice, or of no file"


def test_a_line_is_read_at_a_glance() -> None:
    assert not [entry["path"] for entry in entries() if len(entry["said"]) > LONGEST]


def test_a_file_with_one_reader_states_its_reason() -> None:
    known = {name_of(path): path.as_posix() for path in files()}
    readers = Counter(
        known[read]
        for name, path in known.items()
        for read in imports_of((ROOT / path).read_text(encoding="utf-8"), set(known)) - {name}
    )
    entered = commands() | {"pipelines/app.py"}
    silent = [
        entry["path"]
        for entry in entries()
        if readers[entry["path"]] < 2 and entry["path"] not in entered and not entry["reason"]
    ]
    assert not silent
