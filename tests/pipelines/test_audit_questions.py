"""Questions in the audit: a planted bias is found and named, true impact is no bias, and jobs stay apart."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from tests.browser import visit
from tests.commands import ended
from tests.proof import proof_count
from vivavoce.fairness.groups import read_groups
from vivavoce.pipelines.audit import AuditRequest, audit
from vivavoce.pipelines.auditing.kinds import schema
from vivavoce.pipelines.auditing.questions import describe_questions, judge, read_questions

SCHEMA = schema()
MADE = datetime(2026, 11, 22, tzinfo=UTC)
D, RELIABILITY, QUESTIONS = 0.5, 0.6, 6


def people(seed: int, n: int, bias: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Single scores and groups: group f is truly D lower, the score's reliability .6; q2 is ``bias`` SD harder on f."""
    rng = np.random.default_rng(seed)
    ids = [f"c{i:05d}" for i in range(n)]
    sex, site = rng.permutation(np.arange(n) % 2), rng.integers(0, 3, n)
    able = rng.standard_normal(n) - D * sex
    error = math.sqrt(QUESTIONS * (1 / RELIABILITY - 1))
    scores = able[:, None] + error * rng.standard_normal((n, QUESTIONS))
    scores[sex == 1, 1] -= bias * math.sqrt(1 + error**2)
    long = pd.DataFrame(50 + 10 * scores, columns=[f"q{k + 1}" for k in range(QUESTIONS)], index=ids)
    long = long.rename_axis("candidate_id").reset_index().melt("candidate_id", None, "question_id", "score")
    return long, pd.DataFrame({"candidate_id": ids, "sex": np.where(sex, "f", "m"), "site": site.astype(str)})


def written(folder: Path, long: pd.DataFrame, groups: pd.DataFrame) -> tuple[Path, Path, Path]:
    paths = folder / "questions.csv", folder / "groups.csv", folder / "scores.csv"
    long.to_csv(paths[0], index=False)
    groups.to_csv(paths[1], index=False)
    long.groupby("candidate_id", as_index=False)["score"].mean().to_csv(paths[2], index=False)
    return paths


def audited(folder: Path, long: pd.DataFrame, groups: pd.DataFrame, **options: object) -> tuple[int, dict]:
    questions, declared, scores = written(folder, long, groups)
    request = AuditRequest(scores, declared, folder / "out", select=0.5, questions=questions, made=MADE, **options)
    status = ended(audit, request)
    document = json.loads((folder / "out" / "audit.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return status, document


def test_a_question_biased_by_half_a_deviation_is_found_named_and_shown(tmp_path: Path) -> None:
    _, document = audited(tmp_path, *people(1, 1600, bias=0.5), by=("sex",), comparators={"sex": "m"}, shared=True)
    (finding,) = [one for one in document["findings"] if one["what"] == "question functioning"]
    assert finding["family"] == "exploratory"
    assert (finding["where"]["question"], finding["where"]["group"]) == ("q2", "f")
    assert 1 < finding["interval"][0] < finding["size"] < finding["interval"][1]
    assert finding["evidence"]["effect"] in ("B", "C")
    (job,) = document["questions"]["jobs"]
    assert job["attributes"][0]["groups"][0]["left_out"] == ["q2"]
    shared = json.loads((tmp_path / "out" / "audit.shared.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(shared)
    assert not {"questions", "score_differences", "unmeasured"} & set(shared)
    rows = {row["question"]: row for row in job["attributes"][0]["groups"][0]["questions"]}
    assert rows["q2"]["d_low"] < 0.5 + D / math.sqrt(1 + QUESTIONS * (1 / RELIABILITY - 1)) < rows["q2"]["d_high"]
    seen = visit(tmp_path / "out" / "audit.html", width=1100, height=2400)
    assert seen.console == ()
    for words in ("Question by question", "Question “q2”", "harder on “f”", "逐题检查"):
        assert words in seen.dom


def test_true_impact_is_an_impact_and_no_question_is_blamed(tmp_path: Path) -> None:
    status, document = audited(tmp_path, *people(2, 1600))
    assert status == 1  # questions set no status: the impact does
    assert {one["what"] for one in document["findings"]} == {"adverse impact"}


@pytest.mark.proof
@pytest.mark.parametrize("n", [400, 2000])
def test_a_cohort_of_true_impact_is_seldom_blamed_for_its_questions(n: int, tmp_path: Path, record_property) -> None:
    """Two attributes, six questions, all of it looked through: any finding at all is a false alarm."""
    count = proof_count(8, 600)
    alarms = 0
    for seed in range(count):
        questions, groups, _ = written(tmp_path, *people(1000 + seed, n))
        alarms += bool(judge(describe_questions(read_questions(questions), read_groups(groups), {})))
    record_property(f"cohorts of {n} with any question blamed, d .5, reliability .6", round(alarms / count, 4))
    assert alarms / count <= 0.05 + proof_count(10, 1) / 100


def test_jobs_stay_apart_and_what_cannot_be_examined_says_why(tmp_path: Path) -> None:
    long, groups = people(3, 600)
    names = dict.fromkeys(groups["candidate_id"][:400], "cook") | dict.fromkeys(groups["candidate_id"][400:], "clerk")
    long["job"] = long["candidate_id"].map(names)
    long = long[(long["job"] == "cook") | long["question_id"].isin(["q1", "q2"])]  # clerks were asked two
    long = long[~((long["question_id"] == "q6") & (long["candidate_id"] > "c00100"))]  # hardly anybody was asked q6
    long.loc[long["question_id"] == "q5", "score"] = 3.0
    long = long.drop(long.index[(long["candidate_id"] == "c00000") & (long["question_id"] == "q1")])
    groups.loc[:9, "sex"] = "x"
    questions, declared, _ = written(tmp_path, long, groups)
    clerk, cook = describe_questions(read_questions(questions), read_groups(declared, ["sex"]), {"sex": "f"})["jobs"]
    assert (clerk["job"], clerk["people"], cook["people"], cook["incomplete"]) == ("clerk", 200, 399, 1)
    assert cook["not_examined"] == {"q6": "asked_of_few", "q5": "constant"}
    assert {group["why"] for group in clerk["attributes"][0]["groups"]} == {"few_questions"}
    rows = {group["group"]: group for group in cook["attributes"][0]["groups"]}
    assert cook["attributes"][0]["reference"] == "f"
    assert (rows["x"]["why"], rows["m"]["why"]) == ("few_people", None)
    assert [row["question"] for row in rows["m"]["questions"]] == ["q1", "q2", "q3", "q4"]


def test_bad_questions_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions, groups, scores = written(tmp_path, *people(4, 20))
    questions.write_text("candidate_id,question_id,score\na,q1,1\na,q1,2\n,q2,3\nb,q1,x\n", encoding="utf-8")
    assert ended(audit, AuditRequest(scores, groups, tmp_path / "out", questions=questions)) == 2
    said = capsys.readouterr().err
    assert "line 3, candidate_id and question_id" in said
    assert "line 4, candidate_id" in said
    questions.write_text("candidate_id,question_id,score\nb,q1,x\n", encoding="utf-8")
    assert ended(audit, AuditRequest(scores, groups, tmp_path / "out", questions=questions)) == 2
    assert "line 2, score" in capsys.readouterr().err


def test_a_share_is_selected_within_each_job(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    job = rng.choice(["clerk", "cook"], 1000)
    frame = pd.DataFrame({"candidate_id": [f"c{i}" for i in range(1000)], "job": job})
    frame["score"] = np.where(job == "cook", 80, 30) + rng.normal(0, 5, 1000).round(3)  # other scales
    frame.to_csv(tmp_path / "scores.csv", index=False)
    frame.assign(sex=np.where(job == "cook", "f", "m"))[["candidate_id", "sex"]].to_csv(
        tmp_path / "groups.csv", index=False
    )
    out = tmp_path / "out"
    assert ended(audit, AuditRequest(tmp_path / "scores.csv", tmp_path / "groups.csv", out, select=0.3, made=MADE)) in (
        0,
        4,
    )
    document = json.loads((out / "audit.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    declared = document["declared"]
    assert declared["cut"] is None
    assert declared["cuts"]["clerk"] < 40 < 75 < declared["cuts"]["cook"]
    (table,) = [one for one in document["tables"] if one["family"] == "primary" and one["stratum"] is None]
    assert [row["rate"] for row in table["rows"]] == pytest.approx([0.3, 0.3], abs=0.002)  # a pooled cut: 0 and .6
    assert "the best 30.0 % of every job" in (out / "audit.html").read_text(encoding="utf-8")
