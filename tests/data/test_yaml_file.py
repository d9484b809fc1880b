"""YAML of people: what would hang, grow or keep the last of two is refused with its place, by every reader of it."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vivavoce.data.column_maps import read_maps
from vivavoce.data.errors import VivaError
from vivavoce.data.framework import load_framework
from vivavoce.data.table import InputRefused
from vivavoce.data.yaml_file import MAX_BYTES, read_yaml
from vivavoce.fairness.facts import read_facts
from vivavoce.fairness.gate.decision import read_gate
from vivavoce.fairness.rules import read_pack
from vivavoce.pipelines.auditing.plan import read_plan

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)
FAULTS = {
    "aliases that write out to a hundred thousand million": (LAUGHS, "more than 100000 values"),
    "an alias within itself": ("a: &a [*a]\n", "stands within what it names"),
    "a key twice": ("a: 1\nb: 2\na: 3\n", "line 3, column 1: .*'a' stands twice|'a' stands twice"),
    "a merge key": ("a: &a {b: 1}\nc:\n  <<: *a\n", "merge key"),
    "a key that is no text": ("1: a\n", "is not text"),
    "no number": ("a: .nan\n", "is no number"),
    "infinity": ("a: -.inf\n", "is no number"),
    "nested without end": ("[" * 20_000, "nested too deeply|Write valid YAML"),
    "code": ("a: !!python/object/apply:os.system [ls]\n", "could not determine a constructor"),
    "a date that is none": ("a: 2026-13-45\n", "Write valid YAML"),
    "no YAML": ("a: [\n", "Write valid YAML"),
}
READERS: dict[str, Callable[[Path], object]] = {
    "framework": load_framework,
    "maps": lambda path: read_maps([str(path)]),
    "facts": read_facts,
    "gate": read_gate,
    "pack": lambda path: read_pack(str(path)),
    "plan": lambda path: read_plan(path, {}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_is_refused_in_little_time(fault: str, tmp_path: Path) -> None:
    text, said = FAULTS[fault]
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    start = time.process_time()
    with pytest.raises(InputRefused, match=said):
        read_yaml(path)
    assert time.process_time() - start < 5  # seconds; written out, the first would take hours


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("text", [LAUGHS, "a: 1\na: 2\n", "a: .nan\n", None])
def test_every_reader_refuses_by_name(reader: str, text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    if text is None:
        os.mkfifo(path)  # opened, it would wait for ever
    else:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(VivaError, match=r"a\.yaml"):
        READERS[reader](path)


def test_size_bytes_and_marks_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: &one [1, 2]\nb: *one\n", encoding="utf-8-sig")
    assert read_yaml(path) == {"a": [1, 2], "b": [1, 2]}
    path.write_bytes(b"a: \xff\n")
    with pytest.raises(InputRefused, match="byte 0xff at position 3"):
        read_yaml(path)
    path.write_text("a" * (MAX_BYTES + 1), encoding="utf-8")
    with pytest.raises(InputRefused, match=f"at most {MAX_BYTES} bytes"):
        read_yaml(path)
    with pytest.raises(InputRefused, match="no file"):
        read_yaml(tmp_path)
