"""Outcomes in the audit: true impact is no bias, planted bias is found, and nothing is said without a reliability."""

import json
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from tests.browser import visit
from vivavoce.pipelines.audit import AuditRequest, run_audit

SCHEMA = json.loads((files("vivavoce.fairness") / "audit.schema.json").read_text(encoding="utf-8"))
MADE = datetime(2026, 11, 22, tzinfo=UTC)
PEOPLE, RELIABILITY = 3000, 0.6


def audited(folder: Path, bias: float = 0.0, **options: object) -> tuple[int, dict]:
    """True impact of d .5 at reliability .6; ``bias`` is what group f gets less in the score, in true SD."""
    rng = np.random.default_rng(12)
    sex = np.where(np.arange(PEOPLE) < 15, "x", rng.choice(["f", "m"], PEOPLE, p=[0.45, 0.55]))
    able = rng.standard_normal(PEOPLE) - 0.5 * (sex == "f")
    noise = np.sqrt(1 / RELIABILITY - 1) * rng.standard_normal(PEOPLE)
    ids = [f"c{i:05d}" for i in range(PEOPLE)]
    score = 50 + 10 * (able + noise - bias * (sex == "f"))
    frames = {
        "scores": pd.DataFrame({"candidate_id": ids, "score": score}),
        "groups": pd.DataFrame({"candidate_id": ids, "sex": sex}),
        "outcomes": pd.concat(
            pd.DataFrame(
                {
                    "candidate_id": ids, "criterion": "rating", "rater": rater, "date": "2027-05-01",
                    "value": 3 + 0.5 * able + 0.5 * rng.standard_normal(PEOPLE),
                }
            )
            for rater in ("r1", "r2")
        ),
    }  # fmt: skip
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    paths = (folder / "scores.csv", folder / "groups.csv", folder / "out")
    status = run_audit(AuditRequest(*paths, select=0.5, outcomes=folder / "outcomes.csv", made=MADE, **options))
    document = json.loads((folder / "out" / "audit.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return status, document


def rows_of(document: dict) -> dict[str, dict]:
    (criterion,) = document["outcomes"]["criteria"]
    (entry,) = criterion["attributes"]
    return {row["group"]: row for row in entry["groups"]}


def test_true_impact_is_an_adverse_impact_but_no_differential_prediction(tmp_path: Path) -> None:
    status, document = audited(tmp_path, reliability=RELIABILITY)
    assert status == 1  # the impact; outcomes set no status
    rows = rows_of(document)
    assert rows["f"]["verdict"] == "ok"
    assert rows["f"]["cleary"]["kind"] == "intercept"  # what the customary test makes of unreliability
    assert (rows["m"]["verdict"], rows["m"]["why"]) == (None, "reference")
    assert (rows["x"]["verdict"], rows["x"]["why"]) == ("insufficient", "too_few_outcomes")
    (criterion,) = document["outcomes"]["criteria"]
    assert criterion["validity_low"] < criterion["validity"] < criterion["validity_corrected"]
    assert criterion["criterion_reliability"] == pytest.approx(2 / 3, abs=0.05)  # mean of two, .5 each


def test_a_score_that_takes_half_a_deviation_from_a_group_is_found_and_shown(tmp_path: Path) -> None:
    _, document = audited(tmp_path, bias=0.5, reliability=RELIABILITY)
    row = rows_of(document)["f"]
    assert (row["verdict"], row["kind"]) == ("finding", "intercept")
    assert row["corrected"] < 0  # the other group's line promises them less than they deliver
    assert row["mean_error"] > 0
    assert all(finding["what"] == "adverse impact" for finding in document["findings"])
    seen = visit(tmp_path / "out" / "audit.html", width=1100, height=2400)
    assert seen.console == ()
    assert seen.requests == ()
    for words in ("Does the score predict alike", "the score sells them short", "低估了他们"):
        assert words in seen.dom


def test_without_a_reliability_nothing_is_said(tmp_path: Path) -> None:
    _, document = audited(tmp_path)
    row = rows_of(document)["f"]
    assert (row["verdict"], row["why"]) == ("insufficient", "prediction_no_reliability")
    assert "reliability is unknown" in row["reason"]
    assert row["corrected"] is None


def test_bad_outcomes_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "s.csv").write_text("candidate_id,score,job\na,1,x\na,2,y\nb,3,x\n", encoding="utf-8")
    (tmp_path / "g.csv").write_text("candidate_id,sex\na,f\nb,m\n", encoding="utf-8")
    outcomes = tmp_path / "o.csv"
    head = "candidate_id,criterion,value,date\n"
    for text, said in [
        (head + ",r,1,2027-01-01\na,r,,1 May\n", ("line 2, candidate_id", "line 3, value", "line 3, date")),
        (head + "a,r,1,2027-01-01\na,r,2,2027-01-01\n", ("line 3, candidate_id and criterion and date",)),
        (head + "b,r,one,2027-01-01\n", ("line 2, value",)),
        (head + "a,r,1,2027-01-01\n", ("Add a column 'job'",)),
    ]:
        outcomes.write_text(text, encoding="utf-8")
        request = AuditRequest(tmp_path / "s.csv", tmp_path / "g.csv", tmp_path / "out", outcomes=outcomes)
        assert run_audit(request) == 2
        error = capsys.readouterr().err
        assert all(part in error for part in said), error


def test_outcomes_belong_to_a_person_in_a_job_and_reliability_may_be_a_column(tmp_path: Path) -> None:
    people = pd.DataFrame({"candidate_id": [f"c{i}" for i in range(60)], "job": "cook", "reliability": 0.8})
    scores = pd.concat([people.assign(score=range(60)), people.head(30).assign(job="clerk", score=99)])
    scores.to_csv(tmp_path / "scores.csv", index=False)
    people.assign(sex=["f", "m"] * 30)[["candidate_id", "sex"]].to_csv(tmp_path / "groups.csv", index=False)
    outcomes = people[["candidate_id", "job"]].assign(criterion="sales", value=[float(i) for i in range(60)])
    other = outcomes.head(5).assign(job="driver")
    pd.concat([outcomes, other]).to_csv(tmp_path / "outcomes.csv", index=False)
    out = tmp_path / "out"
    run_audit(
        AuditRequest(tmp_path / "scores.csv", tmp_path / "groups.csv", out, outcomes=tmp_path / "outcomes.csv")
    )  # fmt: skip
    found = json.loads((out / "audit.json").read_text(encoding="utf-8"))["outcomes"]
    assert (found["unmatched"], found["reliability"]) == (5, 0.8)
    assert (found["criteria"][0]["n"], found["criteria"][0]["validity"]) == (60, pytest.approx(1))
    rows = found["criteria"][0]["attributes"][0]["groups"]
    assert {row["why"] for row in rows} == {"too_few_outcomes"}  # sales are the score itself: nothing to test against
