"""What the READMEs print of the demo is what the golden run found; what is heard lies near what is read."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from vivavoce.data.framework import load_framework
from vivavoce.models.score import OVERALL

FOUND: dict[str, Any] = json.loads((Path(__file__).parent / "truth" / "demo.json").read_text())["found"]
HEARD = {
    row["interview_id"]
    for row in map(json.loads, (ROOT / "data/demo/heard.jsonl").read_text().splitlines())
    if row.get("transcript") is None and row["interview_id"] in FOUND["scores"]
}
APART = 8.0  # points between a score that was heard and one that was read, as tests/pipelines/test_heard.py has it
ROW = re.compile(r"^(c\d\d) +(scored|partial|not_scored) +(.*?) *(\S+)$", re.MULTILINE)
PLANTED = re.compile(r"^Planted quality, .*", re.MULTILINE)
READMES = ("README.md", "README.zh.md")


def points(interview: str, competency: str = OVERALL) -> float | None:
    found: float | None = FOUND["scores"][interview][competency].get("score")
    return found


@pytest.mark.parametrize("name", READMES)
def test_the_demo_ends_as_the_readme_says(name: str) -> None:
    text = (ROOT / name).read_text()
    rows = ROW.findall(text)
    assert len(rows) == 7
    for interview, status, _, printed in rows:
        assert status == FOUND["status"][interview]["status"], interview
        read = points(interview)
        assert (printed == "–") == (read is None), interview
        if read is not None:
            assert abs(float(printed) - read) <= (APART if interview in HEARD else 0.5), interview
    said = sorted(map(int, re.findall(r"\b\d+\b", " ".join(PLANTED.findall(text)))))
    scored = sorted(points(one) or 0.0 for one, row in FOUND["status"].items() if row["status"] == "scored")
    assert len(said) == len(scored)
    assert all(abs(one - other) <= APART for one, other in zip(said, scored, strict=True))


@pytest.mark.parametrize("name", READMES)
def test_the_first_result_is_as_the_readme_says(name: str) -> None:
    text = (ROOT / name).read_text()
    framework = load_framework(ROOT / "data/frameworks/software_engineer.yaml")
    table = re.findall(r"^\| .+? \| (\d+) \| (\d+)–(\d+) \|", text, re.MULTILINE)
    wanted = [FOUND["scores"]["c01"][one] for one in (*framework.weights, OVERALL)]
    assert len(table) == len(wanted)
    for printed, row in zip(table, wanted, strict=True):
        for figure, key in zip(printed, ("score", "low", "high"), strict=True):
            assert abs(float(figure) - row[key]) <= APART
    read = re.search(r"c01 (\d+)[,、] ?c02 (\d+)[,、] ?c03 (\d+)", text)
    assert read is not None
    assert [int(one) for one in read.groups()] == [round(points(one) or 0.0) for one in ("c01", "c02", "c03")]
