"""What the READMEs print of the demo is what the golden run found."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from vivavoce.data.framework import load_framework
from vivavoce.models.score import OVERALL

FOUND: dict[str, Any] = json.loads((Path(__file__).parent / "truth" / "demo.json").read_text())["found"]
ROW = re.compile(r"^(c\d\d) +(scored|partial|not_scored) +(.*?) *(\S+)$", re.MULTILINE)
PLANTED = re.compile(r"^Planted quality, .*", re.MULTILINE)


def points(interview: str, competency: str = OVERALL) -> str:
    score = FOUND["scores"][interview][competency].get("score")
    return "–" if score is None else f"{score:.0f}"


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_demo_ends_as_the_readme_says(name: str) -> None:
    text = (ROOT / name).read_text()
    rows = ROW.findall(text)
    assert len(rows) == 7
    for interview, status, _, printed in rows:
        assert status == FOUND["status"][interview]["status"], interview
        assert printed == points(interview), interview
    planted = " ".join(PLANTED.findall(text))
    wanted = {points(one) for one, row in FOUND["status"].items() if row["status"] == "scored"}
    assert set(re.findall(r"\b\d+\b", planted)) == wanted


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_first_result_is_as_the_readme_says(name: str) -> None:
    framework = load_framework(ROOT / "data/frameworks/software_engineer.yaml")
    table = re.findall(r"^\| .+? \| (\d+) \| (\d+)–(\d+) \|", (ROOT / name).read_text(), re.MULTILINE)
    wanted = [FOUND["scores"]["c01"][one] for one in (*framework.weights, OVERALL)]
    assert table == [tuple(f"{row[key]:.0f}" for key in ("score", "low", "high")) for row in wanted]
