"""Outcomes in the audit: true impact is no bias, planted bias is found, and nothing is said without a reliability."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from tests.browser import visit
from tests.commands import ended
from vivavoce.pipelines.audit import AuditRequest, audit
from vivavoce.pipelines.auditing.kinds import schema
from vivavoce.pipelines.auditing.restriction import Applicants, describe_restriction
from vivavoce.training.inputs import Selection
from vivavoce.training.validation.correction import correct_scores

SCHEMA = schema()
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
    status = ended(
        audit, AuditRequest(*paths, select=0.5, outcomes=folder / "outcomes.csv", made=MADE, replace=True, **options)
    )
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
    (finding,) = [one for one in document["findings"] if one["what"] == "differential prediction"]
    assert (finding["family"], finding["where"]["group"], finding["size"]) == ("exploratory", "f", row["corrected"])
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
        assert ended(audit, request) == 2
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
    audit(
        AuditRequest(tmp_path / "scores.csv", tmp_path / "groups.csv", out, outcomes=tmp_path / "outcomes.csv")
    )  # fmt: skip
    found = json.loads((out / "audit.json").read_text(encoding="utf-8"))["outcomes"]
    assert (found["unmatched"], found["reliability"]) == (5, 0.8)
    assert (found["criteria"][0]["n"], found["criteria"][0]["validity"]) == (60, pytest.approx(1))
    rows = found["criteria"][0]["attributes"][0]["groups"]
    assert {row["why"] for row in rows} == {"too_few_outcomes"}  # sales are the score itself: nothing to test against


def chosen(folder: Path, direct: bool) -> None:
    """2,000 applicants with validity .5; half are chosen, on the score or on a test that correlates .6 with it."""
    rng = np.random.default_rng(23)
    ids = [f"c{i:05d}" for i in range(2000)]
    score = rng.standard_normal(2000)
    test = 0.6 * score + 0.8 * rng.standard_normal(2000)
    rating = 0.5 * score + np.sqrt(0.75) * rng.standard_normal(2000)
    selector = score if direct else test
    hired = selector > np.median(selector)
    frame = pd.DataFrame({"candidate_id": ids, "score": score, "test": test, "hired": hired.astype(int)})
    frame.assign(sex=np.where(np.arange(2000) % 2, "f", "m")).to_csv(folder / "all.csv", index=False)
    pd.read_csv(folder / "all.csv")[["candidate_id", "sex"]].to_csv(folder / "groups.csv", index=False)
    frame[["candidate_id", "score", "hired"]].to_csv(folder / "scores.csv", index=False)
    frame[["candidate_id", "test"]].to_csv(folder / "applicants.csv", index=False)
    kept = pd.DataFrame({"candidate_id": ids, "criterion": "rating", "value": rating})[hired]
    kept.to_csv(folder / "outcomes.csv", index=False)


@pytest.mark.parametrize(("direct", "kind"), [(True, "direct (case II)"), (False, "indirect (case III)")])
def test_the_validity_among_applicants_comes_back(tmp_path: Path, direct: bool, kind: str) -> None:
    chosen(tmp_path, direct)
    options = {"selected_on": "score"} if direct else {"selected_on": "test", "applicants": tmp_path / "applicants.csv"}
    paths = tmp_path / "scores.csv", tmp_path / "groups.csv", tmp_path / "out"
    ended(
        audit,
        AuditRequest(*paths, decision="hired", outcomes=tmp_path / "outcomes.csv", made=MADE, replace=True, **options),
    )
    document = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    (criterion,) = document["outcomes"]["criteria"]
    assert criterion["restriction"]["kind"] == kind
    assert criterion["validity"] < 0.47
    assert criterion["validity_unrestricted_low"] < 0.5 < criterion["validity_unrestricted_high"]
    assert criterion["validity_unrestricted"] == pytest.approx(0.5, abs=0.06)
    assert "Among all 2,000 applicants" in (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")


def test_nothing_is_corrected_unless_applicants_and_mechanism_are_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen(tmp_path, direct=True)
    paths = tmp_path / "scores.csv", tmp_path / "groups.csv", tmp_path / "out"
    asked = {"outcomes": tmp_path / "outcomes.csv", "made": MADE, "replace": True}
    for change, why in (({}, "--selected-on"), ({"selected_on": "score"}, "--applicants")):
        ended(audit, *paths, **asked, **change)
        (criterion,) = json.loads((tmp_path / "out" / "audit.json").read_text("utf-8"))["outcomes"]["criteria"]
        assert criterion["validity_unrestricted"] is None
        assert why in criterion["restriction_reason"]
    assert ended(audit, *paths, **asked, selected_on="tset", applicants=tmp_path / "applicants.csv") == 2
    assert "Did you mean 'test'" in capsys.readouterr().err


@pytest.mark.parametrize("selector", ["score", "test"])
def test_training_and_audit_give_the_same_60_people_one_validity(selector: str) -> None:
    rng = np.random.default_rng(1)
    score, noise = rng.standard_normal((2, 200))
    test = 0.6 * score + 0.8 * rng.standard_normal(200)
    rating = 0.5 * score + np.sqrt(0.75) * noise
    decided = score if selector == "score" else test
    hired = decided >= np.sort(decided)[-60]
    spread = float(decided.std(ddof=1))
    stated = Selection(
        mechanism="direct" if selector == "score" else "indirect",
        source="those who hired",
        selector=None if selector == "score" else "test",
        applicants_sd=spread,
    )
    known = np.where(hired, rating, np.nan)
    trained = correct_scores({"overall": score}, known, stated, overall="overall", selector=test)["overall"].corrected
    audited = describe_restriction(
        score[hired], rating[hired], hired, Applicants("all.csv", selector, spread, 200, decided)
    )
    limits = [audited[f"validity_unrestricted{end}"] for end in ("", "_low", "_high")]
    assert limits == pytest.approx([trained.value, trained.low, trained.high], abs=1e-12)


def test_jobs_with_other_scales_do_not_stand_in_for_validity(tmp_path: Path) -> None:
    rng = np.random.default_rng(40)
    job = rng.choice(["cook", "clerk"], 800)
    people = pd.DataFrame({"candidate_id": [f"c{i}" for i in range(800)], "job": job, "sex": ["f", "m"] * 400})
    cook = 40 * (job == "cook")  # scored and rated higher as a job, and nobody is predicted within it
    people.assign(score=rng.normal(40, 5, 800) + cook)[["candidate_id", "job", "score"]].to_csv(
        tmp_path / "scores.csv", index=False
    )
    people[["candidate_id", "sex"]].to_csv(tmp_path / "groups.csv", index=False)
    people.assign(criterion="rating", value=rng.normal(3, 0.5, 800) + cook / 20)[
        ["candidate_id", "job", "criterion", "value"]
    ].to_csv(tmp_path / "outcomes.csv", index=False)
    paths = tmp_path / "scores.csv", tmp_path / "groups.csv", tmp_path / "out"
    ended(audit, AuditRequest(*paths, select=0.5, outcomes=tmp_path / "outcomes.csv", made=MADE, replace=True))
    (criterion,) = json.loads((tmp_path / "out" / "audit.json").read_text("utf-8"))["outcomes"]["criteria"]
    assert criterion["within_jobs"]
    assert criterion["validity_low"] < 0 < criterion["validity_high"]  # pooled it would be .9
