"""Ratings in the audit: planted severity, drift and slant come back, and a constant stands beside the machine."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.commands import ended
from vivavoce.data.table import TableRefused
from vivavoce.pipelines.app import app
from vivavoce.pipelines.audit import AuditRequest, audit
from vivavoce.pipelines.auditing.kinds import schema
from vivavoce.pipelines.auditing.ratings import read_ratings

SCHEMA = schema()
MADE = datetime(2026, 11, 22, tzinfo=UTC)
PEOPLE = 400


def audited(folder: Path, ratings: pd.DataFrame, scores: pd.DataFrame, **options: object) -> tuple[int, dict]:
    ratings.to_csv(folder / "ratings.csv", index=False)
    scores.to_csv(folder / "scores.csv", index=False)
    ids = scores["candidate_id"]
    pd.DataFrame({"candidate_id": ids, "sex": np.where(np.arange(len(ids)) % 2, "f", "m")}).to_csv(
        folder / "groups.csv", index=False
    )
    paths = folder / "scores.csv", folder / "groups.csv", folder / "out"
    status = ended(
        audit, AuditRequest(*paths, select=0.5, ratings=folder / "ratings.csv", made=MADE, replace=True, **options)
    )
    if status == 2:
        return status, {}
    document = json.loads((folder / "out" / "audit.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return status, document["agreement"]


def planted() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Three raters of everybody: cleo is 6 points harsher, bo gets 2 harsher a month; the machine is kind to f."""
    rng = np.random.default_rng(2)
    ids, able = np.array([f"c{i:03d}" for i in range(PEOPLE)]), rng.normal(50, 12, PEOPLE)
    day = rng.integers(0, 180, PEOPLE)
    dates = (pd.Timestamp("2026-01-01") + pd.to_timedelta(day, "D")).strftime("%Y-%m-%d")
    drift = {"ann": 0.0, "bo": -2.0, "cleo": 0.0}
    parts = [
        pd.DataFrame({
            "candidate_id": ids, "rater": rater, "date": dates, "value":
                able - 6 * (rater == "cleo") + slope * (day - day.mean()) / 30 + rng.normal(0, 6, PEOPLE),
        })
        for rater, slope in drift.items()
    ]  # fmt: skip
    slant = 5.0 * (np.arange(PEOPLE) % 2)
    return pd.concat(parts), pd.DataFrame({"candidate_id": ids, "score": able - 2 + slant + rng.normal(0, 5, PEOPLE)})


def test_severity_drift_reliability_and_slant_come_back(tmp_path: Path) -> None:
    _, found = audited(tmp_path, *planted())
    (one,) = found["competencies"]
    assert (one["competency"], one["persons"], one["raters"], one["crossed"]) == ("overall", PEOPLE, 3, True)
    six = {row["kind"]: row for row in one["icc"]}
    assert six["ICC(3,1)"]["value"] == pytest.approx(144 / (144 + 36), abs=0.05)
    assert six["ICC(2,1)"]["value"] < six["ICC(3,1)"]["value"]
    assert one["alpha"] == pytest.approx(six["ICC(3,k)"]["value"])
    assert one["kappa"] is None
    raters = {row["rater"]: row for row in one["each"]}
    assert raters["cleo"]["severity_low"] < 4 < raters["cleo"]["severity_high"]  # against the mean of all three
    assert raters["bo"]["drift_low"] < 4 / 3 < raters["bo"]["drift_high"]
    machine = one["machine"]
    strata = {row["stratum"]: row["found"] for row in machine["strata"] if row["by"] == "sex"}
    assert (
        strata["m"]["mean_difference_low"] < 0.0 < strata["m"]["mean_difference_high"]
    )  # −2, and cleo's −2 in the mean
    assert strata["f"]["mean_difference_low"] < 5.0 < strata["f"]["mean_difference_high"]
    assert {row["stratum"] for row in machine["strata"] if row["by"] == "month"} == set("123456")
    whole = machine["whole"]
    assert whole["constant_within"] < whole["human_within"]
    page = (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")
    assert "means nothing without the other two" in page
    assert "评价者是否一致" in page


def test_other_scales_are_named_or_not_compared(tmp_path: Path) -> None:
    ratings, scores = planted()
    ratings["value"] = (1 + 4 * ratings["value"] / 100).clip(1, 5).round()
    _, plain = audited(tmp_path, ratings, scores)
    assert "--rating-scale" in plain["competencies"][0]["machine"]["reason"]
    _, found = audited(tmp_path, ratings, scores, rating_scale=(1.0, 5.0))
    (one,) = found["competencies"]
    assert found["scale"] == [1.0, 5.0]
    assert one["machine"]["whole"]["mean_difference"] == pytest.approx(2.5, abs=1.5)
    assert one["kappa_pairs"] == 3
    assert 0.3 < one["kappa"] < 0.9


def test_other_raters_for_everybody_define_two_of_six(tmp_path: Path) -> None:
    ratings, scores = planted()
    ratings = ratings.assign(rater=[f"r{i % 70}" for i in range(len(ratings))], competency="teamwork")
    _, found = audited(tmp_path, ratings, scores.assign(teamwork=scores["score"]))
    (one,) = found["competencies"]
    defined = {row["kind"] for row in one["icc"] if row["value"] is not None}
    assert (one["competency"], one["crossed"], defined) == ("teamwork", False, {"ICC(1,1)", "ICC(1,k)"})
    assert one["machine"]["n"] == PEOPLE
    assert one["smallest_difference"] == pytest.approx(2.772 * one["error"], rel=0.001)


def test_people_agree_less_than_a_constant_on_real_ratings(viva_data: Path, tmp_path: Path) -> None:
    table = pd.read_csv(viva_data / "mit_interview" / "turker_scores_full_interview.csv")
    table = table[table["Worker"] != "AGGR"].rename(columns={"Participant": "candidate_id", "Worker": "rater"})
    ratings = table[["candidate_id", "rater", "Overall"]].rename(columns={"Overall": "value"})
    scores = ratings.groupby("candidate_id", as_index=False)["value"].mean().rename(columns={"value": "score"})
    scores["score"] = 100 * (scores["score"] - 1) / 6
    _, found = audited(tmp_path, ratings, scores, rating_scale=(1.0, 7.0))
    (one,) = found["competencies"]
    assert (one["raters"], one["persons"], one["complete"]) == (9, 138, 136)
    assert one["machine"]["whole"]["human_within"] == pytest.approx(0.35, abs=0.05)
    assert one["machine"]["whole"]["constant_within"] == pytest.approx(0.42, abs=0.05)
    assert one["machine"]["whole"]["constant_within"] > one["machine"]["whole"]["human_within"]


def test_bad_ratings_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ratings, scores = planted()
    bad = pd.DataFrame({"candidate_id": ["a", "a", None], "rater": ["r", "r", "r"], "value": [1, 2, 3]})
    assert audited(tmp_path, bad, scores)[0] == 2
    said = capsys.readouterr().err
    assert "line 3, candidate_id and rater: One row each" in said
    assert "line 4, candidate_id" in said
    assert audited(tmp_path, ratings, scores, rating_scale=(1.0, 5.0))[0] == 2
    assert "rating-scale" in capsys.readouterr().err


def test_every_option_reaches_the_audit_from_the_command_line(tmp_path: Path) -> None:
    ratings, scores = planted()
    ratings["value"] = (1 + 4 * ratings["value"] / 100).clip(1, 5).round()
    audited(tmp_path, ratings, scores)
    head = ["audit", str(tmp_path / "scores.csv"), "--groups", str(tmp_path / "groups.csv"), "--out"]
    more = ["--ratings", str(tmp_path / "ratings.csv"), "--rating-scale", "1", "5", "--comparator", "sex=f"]
    ran = CliRunner().invoke(app, [*head, str(tmp_path / "told"), "--select", "0.4", "--by", "sex", *more])
    assert ran.exit_code in (0, 1, 4), ran.output
    document = json.loads((tmp_path / "told" / "audit.json").read_text(encoding="utf-8"))
    assert document["agreement"]["scale"] == [1.0, 5.0]
    (table,) = [one for one in document["tables"] if one["family"] == "primary"]
    assert (table["comparator"], table["comparator_named"]) == ("f", True)
    for wrong in (["--selected-on", "score"], ["--rating-scale", "1", "5"]):
        assert CliRunner().invoke(app, [*head, str(tmp_path / "no"), *wrong]).exit_code == 2


def test_the_file_that_training_reads_serves_the_audit_too(tmp_path: Path) -> None:
    ratings, scores = planted()
    scores["interview_id"] = "i-" + scores["candidate_id"]
    _, one = audited(tmp_path, ratings.assign(competency="overall"), scores)
    training = ratings.rename(columns={"candidate_id": "Interview ID"}).assign(competency="overall")
    training["Interview ID"] = "i-" + training["Interview ID"]
    asked = training[:3].assign(competency=None, question_id="q1")
    status, other = audited(tmp_path, pd.concat([training, asked]), scores)
    assert status != 2
    assert other.pop("of_questions") == 3
    assert one.pop("of_questions") == 0
    assert other == one
    page = (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")
    assert "3 ratings name a question and no competency" in page
    assert "3 条评分只写了问题" in page
    assert audited(tmp_path, training, scores.drop(columns="interview_id"))[0] == 2


def test_questions_alone_are_no_ratings_of_the_whole() -> None:
    rows = [("c1", "ann", "q1", 40.0), ("c1", "ann", "q2", 60.0), ("c2", "ann", "q1", 70.0)]
    frame = pd.DataFrame(rows, columns=["candidate_id", "rater", "question_id", "value"])
    with pytest.raises(TableRefused, match="questions alone"):
        read_ratings(frame)
    found = read_ratings(pd.concat([frame, frame[:1].assign(question_id=None, value=50.0)]))
    assert found.of_questions == 3
    assert found.frame["value"].tolist() == [50.0]


def test_two_interviews_of_a_person_are_averaged_for_each_rater(tmp_path: Path) -> None:
    rows = [("i1", "c1", "ann", 40.0), ("i2", "c1", "ann", 60.0), ("i3", "c2", "ann", 70.0)]
    frame = pd.DataFrame(rows, columns=["interview_id", "candidate_id", "rater", "value"])
    found = read_ratings(frame).frame
    assert dict(zip(found["candidate_id"], found["value"], strict=True)) == {"c1": 50.0, "c2": 70.0}
