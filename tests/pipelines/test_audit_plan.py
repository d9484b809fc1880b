"""An audit as a file: the same file gives the same bytes, whatever the folder; what is wrong in it is said at once."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from vivavoce.data.errors import Exit, VivaError
from vivavoce.data.table import InputRefused
from vivavoce.fairness.table import Verdict
from vivavoce.pipelines.audit import AuditRequest, audit

PLAN = """
scores: tables/scores.csv
groups: tables/groups.csv
decision: hired
attributes: {sex: gender}
comparators: {gender: men}
rules: [four-fifths, nyc-ll144]
map: {Applicant No: candidate_id}
today: 2026-11-29
out: audited
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    (tmp_path / "tables").mkdir()
    people = pd.DataFrame(
        {
            "Applicant No": [f"p{i:04d}" for i in range(800)],
            "hired": [int(i % 400 < (100 if i < 400 else 40)) for i in range(800)],
        }
    )
    people.to_csv(tmp_path / "tables" / "scores.csv", index=False)
    people["gender"] = ["men" if i < 400 else "women" for i in range(800)]
    people[["Applicant No", "gender"]].to_csv(tmp_path / "tables" / "groups.csv", index=False)
    path = tmp_path / "audit.yaml"
    path.write_text(PLAN, encoding="utf-8")
    return path


def test_the_same_file_gives_the_same_bytes_as_its_options(plan: Path, tmp_path: Path) -> None:
    found = audit(AuditRequest(plan))
    assert (found.verdict, found.exit) == (Verdict.FINDING, Exit.FINDING)
    assert found.content["made"].startswith("2026-11-29")
    again = audit(AuditRequest(plan, out=tmp_path / "again"))
    for path in (tmp_path / "audited").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (again.folder / path.relative_to(tmp_path / "audited")).read_bytes(), path.name
    tables = tmp_path / "tables"
    spoken = audit(
        AuditRequest(
            tables / "scores.csv", groups=tables / "groups.csv", decision="hired", attributes={"sex": "gender"},
            comparators={"gender": "men"}, rules=("four-fifths", "nyc-ll144"), map={"Applicant No": "candidate_id"},
            made=datetime(2026, 11, 29, tzinfo=UTC),
        )
    )  # fmt: skip
    written = found.content["data"].pop("plan")
    assert written["file"] == "audit.yaml"
    assert spoken.content == found.content


def test_every_fault_of_a_plan_is_named_at_once(plan: Path) -> None:
    plan.write_text(
        "scores: [a]\ngruops: g.csv\ncut: high\nselect: true\ntoday: yesterday\nrules: {a: b}\nshared: 1\n", "utf-8"
    )
    with pytest.raises(InputRefused) as refused:
        audit(AuditRequest(plan))
    said = str(refused.value)
    for name in ("scores", "gruops", "cut", "select", "today", "rules", "shared"):
        assert f"{name}:" in said
    assert "'groups'" in said
    plan.write_text("- a", "utf-8")
    with pytest.raises(InputRefused, match="names and values"):
        audit(AuditRequest(plan))


def test_nothing_is_asked_for_beside_a_plan_that_its_file_would_not_say(plan: Path) -> None:
    with pytest.raises(VivaError, match="cut, rules would not be in it"):
        audit(AuditRequest(plan, cut=0.0, rules=("eu-ai-act",)))
