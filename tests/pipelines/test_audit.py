"""From files to a report: published tables, real labels, planted cohorts, bad input, and the page in a browser."""

import json
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from tests.browser import visit
from tests.commands import ended
from vivavoce.fairness.rules import shipped
from vivavoce.pipelines.audit import AuditRequest, audit
from vivavoce.pipelines.auditing.kinds import schema

MADE = datetime(2026, 11, 22, tzinfo=UTC)
SCHEMA = schema()


def read(out: Path, name: str = "audit") -> dict:
    document = json.loads((out / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document


def primary(document: dict, attribute: str) -> dict[str, dict]:
    (table,) = [
        one
        for one in document["tables"]
        if one["family"] == "primary" and one["attribute"] == attribute and one["stratum"] is None
    ]
    return {row["group"]: row for row in table["rows"]}


def counts(folder: Path, *rows: str, **options: object) -> tuple[int, Path]:
    path, out = folder / "counts.csv", folder / "out"
    path.write_text("\n".join(("table,group,n,selected", *rows)) + "\n", encoding="utf-8")
    return ended(audit, AuditRequest(counts=path, out=out, made=MADE, replace=True, **options)), out


def cohort(folder: Path, frame: pd.DataFrame, columns: list[str], **options: object) -> tuple[int, Path]:
    scores, groups, out = folder / "scores.csv", folder / "groups.csv", folder / "out"
    frame.drop(columns=columns).to_csv(scores, index=False)
    frame[["candidate_id", *columns]].drop_duplicates("candidate_id").to_csv(groups, index=False)
    return ended(audit, AuditRequest(scores, groups, out, made=MADE, replace=True, **options)), out


def people(seed: int, n: int) -> tuple[np.random.Generator, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"candidate_id": [f"c{i:05d}" for i in range(n)], "score": rng.normal(50, 10, n).round(2)})
    return rng, frame


def test_all_published_tables_in_one_run(viva_data: Path, tmp_path: Path) -> None:
    published = pd.read_csv(viva_data / "ll144_audits" / "consistent_tables.csv", dtype=str)
    parts = ["audit_id", "selection_or_scoring_rate", "protected_char_group"]
    published["table"] = published[parts].agg(" | ".join, axis=1)
    published["group"] = published["race_ethnicity"] + " | " + published["sex"]
    published = published.rename(columns={"number_of_applications": "n", "n_selected_or_n_above_median": "selected"})
    published[["table", "group", "n", "selected"]].to_csv(tmp_path / "counts.csv", index=False)
    document = audit(counts=tmp_path / "counts.csv", rules=tuple(shipped())).content
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert len(document["tables"]) == published["table"].nunique() == 120
    rows = {(table["attribute"], row["group"]): row for table in document["tables"] for row in table["rows"]}
    for line in published.itertuples():
        row = rows[line.table, line.group]
        assert row["rate"] == pytest.approx(float(line.result), abs=0.006)
        assert row["impact_ratio"] == pytest.approx(float(line.impact_ratio), abs=0.015)


def test_human_labels_that_fail(viva_data: Path, tmp_path: Path) -> None:
    people = pd.read_csv(viva_data / "avi_challenge_2025" / "avi2025_labels.csv")
    people = people[people["split"] == "train"].rename(columns={"id": "candidate_id", "Hireability": "score"})
    status, out = cohort(tmp_path, people[["candidate_id", "score", "gender"]], ["gender"])
    document = read(out)
    assert status == 4
    declared = document["declared"]
    assert (declared["kind"], declared["cut"], declared["at_cut"]) == ("median", 3.1, 25)
    rows = primary(document, "gender")
    assert {name: (row["selected"], row["n"]) for name, row in rows.items()} == {
        "1": (83, 207), "2": (111, 219), "3": (8, 23), "4": (1, 1),
    }  # fmt: skip
    assert rows["1"]["impact_ratio"] == pytest.approx(0.7911, abs=5e-5)
    assert rows["1"]["flip_flop"]
    assert {rows[name]["verdict"] for name in "134"} == {"insufficient"}
    sweep = [table for table in document["tables"] if table["family"] == "exploratory"]
    assert len({table["cut"] for table in sweep}) >= 20


@pytest.mark.parametrize(
    ("rows", "status", "verdict"),
    [
        (("t,a,1000,500", "t,b,1000,490"), 0, "ok"),
        (("t,a,1000,500", "t,b,1000,300"), 1, "finding"),
        (("t,a,20,3", "t,b,10,1"), 4, "insufficient"),
        (("t,a,1000,500", "t,b,1000,490", "t,c,30,12"), 0, "ok"),  # c is under 2 %
        (("t,a,1000,500",), 4, "insufficient"),
        (("t,a,100,0", "t,b,100,0"), 4, "insufficient"),
    ],
)
def test_exit_status_follows_the_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: tuple[str, ...], status: int, verdict: str
) -> None:
    found, out = counts(tmp_path, *rows)
    assert (found, read(out)["status"]) == (status, verdict)
    said = capsys.readouterr().err
    words = {"ok": "t: no adverse impact", "finding": "t: adverse impact (b)", "insufficient": "t: these numbers"}
    assert words[verdict] in said
    assert "audit.html" in said


def test_the_comparator_may_be_named(tmp_path: Path) -> None:
    _, out = counts(tmp_path, "t,a,1000,400", "t,b,1000,500", comparators={"t": "a"})
    assert primary(read(out), "t")["b"]["impact_ratio"] == pytest.approx(1.25)
    assert counts(tmp_path, "t,a,10,4", "t,b,10,5", comparators={"t": "c"})[0] == 2


def test_every_bad_row_of_counts_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out = counts(tmp_path, "t,a,10,11", "t,,10,1", "t,b,x,1", "t,c,10,-1", "t,d,10,1", "t,d,10,1")
    assert status == 2
    assert not out.exists()
    said = capsys.readouterr().err
    for line in ("line 2, selected", "line 3, group", "line 4, n", "line 5, selected", "line 7, table and group"):
        assert line in said


def test_every_bad_row_of_scores_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    groups = tmp_path / "g.csv"
    groups.write_text("candidate_id,sex\nc1,f\nc2,m\n", encoding="utf-8")
    for text, said in [
        ("candidate_id,score\nc1,5\nc1,6\n,7\n", ("line 3, candidate_id", "line 4, candidate_id")),
        ("candidate_id,score\nc1,five\nc2,inf\n", ("line 2, score", "line 3, score")),
        ("candidate_id,score\nc1,5,6\n", ("3 cells",)),
        ("candidat_id,score\nc1,5\n", ("'candidat_id'",)),
        ("candidate_id,points\nc1,5\n", ("Add a column 'score'",)),
        ("candidate_id,decision\nc1,maybe\n", ("line 2, decision",)),
        ("candidate_id,score\nc1,\nc2,\n", ("Nobody was scored",)),
    ]:
        scores = tmp_path / "s.csv"
        scores.write_text(text, encoding="utf-8")
        assert ended(audit, AuditRequest(scores, groups, tmp_path / "out")) == 2
        error = capsys.readouterr().err
        assert all(part in error for part in said), error
    scores.write_text("candidate_id,score\nc1,5\nc2,6\n", encoding="utf-8")
    assert ended(audit, AuditRequest(scores, groups, tmp_path / "out", by=("sx",))) == 2
    assert "Did you mean 'sex'" in capsys.readouterr().err
    assert ended(audit, AuditRequest(scores, groups, tmp_path / "out", cut=5, select=0.5)) == 2
    assert ended(audit, AuditRequest(scores, groups, tmp_path / "out", rules=("nyc",))) == 2
    assert ended(audit, AuditRequest(tmp_path / "absent.csv", groups, tmp_path / "out")) == 2


def test_people_who_were_not_scored_or_said_nothing_stand_beside_n(tmp_path: Path) -> None:
    rng, frame = people(3, 4000)
    frame["sex"] = rng.choice(["f", "m", ""], 4000, p=[0.45, 0.45, 0.1])
    silent = (frame["sex"] == "f") & (rng.uniform(size=4000) < 0.3)
    frame.loc[silent, "score"] = np.nan
    _, out = cohort(tmp_path, frame, ["sex"], cut=50)
    document = read(out)
    rows = primary(document, "sex")
    (table,) = [t for t in document["tables"] if t["family"] == "primary"]
    assert rows["f"]["not_scored"] == silent.sum()
    assert rows["f"]["n"] == ((frame["sex"] == "f") & ~silent).sum()
    assert table["unknown"]["n"] == (frame["sex"] == "").sum()
    (unscored,) = document["not_scored"]
    assert [row["verdict"] for row in unscored["rows"] if row["group"] == "f"] == ["finding"]
    (entry,) = document["unmeasured"]
    shares = {row["group"]: row for row in entry["rows"]}
    assert shares["f"]["not_scored"] == silent.sum()
    assert shares["f"]["share_low"] < 0.3 < shares["f"]["share_high"]
    assert shares["m"]["share"] == 0


def test_who_is_routed_and_what_becomes_of_the_impact_ratio(tmp_path: Path) -> None:
    """Planted: 40 of 200 women are routed, half of the 160 others pass; of 200 men, all scored, 120 pass."""
    scores = [80.0] * 80 + [20.0] * 80 + [np.nan] * 40 + [80.0] * 120 + [20.0] * 80
    frame = pd.DataFrame({"candidate_id": [f"p{i}" for i in range(400)], "score": scores})
    frame["sex"] = ["f"] * 200 + ["m"] * 200
    frame["status"] = np.where(frame["score"].isna(), "not_scored", "scored")
    frame["reason"] = [""] * 160 + ["repetitive_text"] * 30 + ["unclear_speech: x"] * 10 + [""] * 200
    columns = ["candidate_id", "score", "status", "reason"]
    frame[columns].to_csv(tmp_path / "s.csv", index=False)
    frame[["candidate_id", "sex"]].to_csv(tmp_path / "g.csv", index=False)
    found = audit(AuditRequest(tmp_path / "s.csv", groups=tmp_path / "g.csv", cut=50, out=tmp_path / "out"))
    (entry,) = found.content["unmeasured"]
    rows = {row["group"]: row for row in entry["rows"]}
    assert rows["f"]["reasons"] == {"repetitive_text": 30, "unclear_speech": 10}
    assert rows["m"]["reasons"] == {}
    wanted = {"counted_out": 0.5 / 0.6, "not_selected": 0.4 / 0.6, "selected": 1.0}
    for way, ratio in wanted.items():
        assert rows["f"][f"ratio_{way}"] == pytest.approx(ratio)
    assert rows["m"]["ratio_selected"] == pytest.approx(1.0)
    page = (tmp_path / "out" / "audit.html").read_text()
    for words in ("Impact ratio by sex, by what becomes of people without a score", "按sex计人数", "视为未入选"):
        assert words in page


def test_the_projects_own_scores_are_read_by_overall_rows_and_status(tmp_path: Path) -> None:
    rng, frame = people(4, 600)
    rows = frame.assign(competency="overall", status="scored", job="a", model_digest="d1", standing="experimental")
    rows["recorded_at"] = pd.Timestamp("2026-10-01", tz="UTC")
    rows.loc[:9, "status"] = "partial"
    rows.loc[10:14, ["status", "score"]] = ["not_scored", None]
    both = pd.concat([rows, rows.assign(competency="teamwork", score=1.0)])
    both.to_parquet(tmp_path / "scores.parquet", index=False)
    frame.assign(sex=rng.choice(["f", "m"], 600))[["candidate_id", "sex"]].to_csv(tmp_path / "g.csv", index=False)
    out = tmp_path / "out"
    assert ended(audit, AuditRequest(tmp_path / "scores.parquet", tmp_path / "g.csv", out, select=0.3, made=MADE)) in (
        0,
        4,
    )
    document = read(out)
    assert (document["data"]["rows"], document["data"]["scored"], document["data"]["partial"]) == (600, 585, 10)
    assert document["data"]["model_digests"] == ["d1"]
    (differences,) = document["score_differences"]
    assert [entry["score"] for entry in differences["scores"]] == ["overall", "teamwork"]
    assert document["declared"]["share"] == pytest.approx(0.3, abs=0.01)
    assert sum(row["not_scored"] for row in primary(document, "sex").values()) == 15


def test_equal_groups_raise_no_finding(tmp_path: Path) -> None:
    rng, frame = people(5, 6000)
    frame["sex"], frame["race"] = rng.choice(["f", "m"], 6000), rng.choice(list("abcde"), 6000)
    status, out = cohort(tmp_path, frame, ["sex", "race"], cut=50)
    assert status == 0
    assert read(out)["findings"] == []


def test_a_gap_that_lives_in_an_intersection_is_found_there(tmp_path: Path) -> None:
    rng, frame = people(6, 4000)
    frame["sex"] = rng.choice(["f", "m"], 4000)
    frame["race"] = rng.choice(["a", "b", "c"], 4000, p=[0.4, 0.4, 0.2])
    frame.loc[(frame["sex"] == "f") & (frame["race"] == "c"), "score"] -= 9
    _, out = cohort(tmp_path, frame, ["sex", "race"], cut=50)
    found = {f["where"]["group"] for f in read(out)["findings"] if f["where"]["attribute"] == "sex × race"}
    assert found == {"f × c"}


def test_a_gap_in_one_job_is_found_there_and_not_lost_in_the_pool(tmp_path: Path) -> None:
    rng, frame = people(7, 6000)
    frame["sex"] = rng.choice(["f", "m"], 6000)
    frame["job"] = rng.choice(["clerk", "cook", "driver"], 6000, p=[0.7, 0.2, 0.1])
    frame.loc[(frame["sex"] == "f") & (frame["job"] == "driver"), "score"] -= 9
    status, out = cohort(tmp_path, frame, ["sex"], cut=50, attributes={"sex": "sex"})
    document = read(out)
    assert status == 1
    strata = {f["where"]["stratum"] for f in document["findings"] if f["where"]["stratum"]}
    assert strata == {"job = driver"}
    (ratio,) = [check for check in document["checks"] if check["check"] == "ratio"]
    assert ratio["answer"] == "not_met"
    assert "(job = driver)" in ratio["evidence"][0]["value"]
    (pooled,) = document["stratified"]
    assert pooled["breslow_day_p"] < 0.001
    assert primary(document, "sex")["f"]["verdict"] == "ok"


def test_rule_packs_answer_from_what_was_declared_and_change_no_number(tmp_path: Path) -> None:
    rows = ("gender,f,1000,480", "gender,m,1000,500", "gender,x,20,15")
    facts = tmp_path / "facts.yaml"
    facts.write_text("auditor: Ana Lima\ngroups_self_declared: yes\nsmall_left_out: yes\n", encoding="utf-8")
    _, plain = counts(tmp_path, *rows)
    before = read(plain)
    _, out = counts(tmp_path, *rows, rules=("nyc-ll144", "house"), attributes={"sex": "gender"}, facts=facts)
    document = read(out)
    assert document["tables"] == before["tables"]
    (table,) = document["rules"][0]["tables"]
    row = table["rows"][2]
    assert (row["n"], row["rate"], row["impact_ratio"], row["left_out"]) == (20, 0.75, None, True)
    checks = {(check["pack"], check["check"]): check for check in document["checks"]}
    assert checks["nyc-ll144", "impact_ratios"]["given_by"][0] == "--attribute race=…"
    assert checks["house", "declared_groups"]["answer"] == "met"
    assert document["declared"]["classes"] == {"sex": "gender"}
    page = (out / "audit.html").read_text(encoding="utf-8")
    for words in ("Open for want of", "--attribute race=…", "未定，尚缺", "left out (under the share"):
        assert words in page


def test_what_is_declared_of_attributes_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert counts(tmp_path, "t,a,10,4", "t,b,10,5", attributes={"gendre": "t", "sex": "u"})[0] == 2
    said = capsys.readouterr().err
    assert "Name a protected class" in said
    assert "Name an attribute of the table" in said


def test_the_shared_copy_withholds_small_counts_and_records_the_conflict(tmp_path: Path) -> None:
    _, out = counts(tmp_path, "t,a,100,50", "t,b,90,40", "t,c,60,3", rules=("nyc-ll144",), shared=True)
    shared = read(out, "audit.shared")
    assert [row["n"] for row in shared["tables"][0]["rows"]] == [100, None, None]
    assert {conflict["clause"] for conflict in shared["conflicts"]} >= {"6 RCNY 5-301(d)"}
    assert not any("tables" in pack for pack in shared["rules"])
    assert not any(seen["value"] for check in shared["checks"] for seen in check["evidence"])
    assert (out / "audit.shared.html").is_file()
    assert (out / "audit.shared.pdf").is_file() == (out / "audit.pdf").is_file()


def test_overrides_are_counted_by_group_and_read_strictly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, frame = people(8, 300)
    frame["sex"] = ["f", "m"] * 150
    reviews = tmp_path / "reviews.csv"
    head = "candidate_id,reviewer,date,before,after,reason\n"
    reviews.write_text(head + "c00000,r1,2026-11-01,50,55,noise\nc00001,r2,2026-11-02,50,47,\n", encoding="utf-8")
    _, out = cohort(tmp_path, frame, ["sex"], cut=50, reviews=reviews)
    found = read(out)["reviews"]
    assert (found["reviews"], found["reviewers"], found["without_reason"]) == (2, 2, 1)
    assert [(row["group"], row["mean_change"]) for row in found["groups"]] == [("f", 5.0), ("m", -3.0)]
    reviews.write_text(head + "c00000,,1 May,50,x,\n", encoding="utf-8")
    assert cohort(tmp_path, frame, ["sex"], reviews=reviews)[0] == 2
    said = capsys.readouterr().err
    assert "line 2, reviewer" in said
    assert "line 2, date" in said


def test_same_input_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        counts(tmp_path / name, "t,女性,200,60", "t,b,200,100")
    for file in sorted(path.name for path in (tmp_path / "one" / "out").iterdir()):
        assert (tmp_path / "one" / "out" / file).read_bytes() == (tmp_path / "two" / "out" / file).read_bytes()


class Outline(HTMLParser):
    """Headings in order, identifiers, and text that would run as markup."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.identifiers: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.scripts += tag == "script"
        if tag in ("h1", "h2", "h3"):
            self.levels.append(int(tag[1]))
        if named.get("id"):
            self.identifiers.append(named["id"] or "")


def test_the_page_in_a_browser(tmp_path: Path) -> None:
    _, out = counts(
        tmp_path, "性别,女,400,120", "性别,男,400,200", "sex,<script>alert(1)</script>,90,40", "sex,b,100,50"
    )
    seen = visit(out / "audit.html", width=1100, height=2400)
    assert seen.console == ()
    assert seen.requests == ()
    outline = Outline()
    outline.feed(seen.dom)
    assert outline.scripts == 0
    assert outline.levels[0] == 1
    assert outline.levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(outline.levels, outline.levels[1:], strict=False))
    assert len(outline.identifiers) == len(set(outline.identifiers))
    for words in (
        "Adverse impact found: one group",
        "发现不利影响",
        "20 fewer pass",
        "truth lies between 13 fewer",
        "少通过 20 人",
    ):
        assert words in seen.dom
    red, green, blue = (seen.picture[..., channel].astype(int) for channel in (2, 1, 0))
    assert ((red > 130) & (green < 60) & (blue < 60)).sum() > 100  # the finding's diamond and words are drawn


def test_groups_in_chinese_and_unknown_in_any_spelling_are_counted(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    ids = [f"{i:05d}" for i in range(400)]
    said = rng.choice(["女", "男", "不详", "N/A", "-", ""], 400, p=[0.4, 0.4, 0.05, 0.05, 0.05, 0.05])
    values = rng.normal(50, 10, 400)
    scores = "".join(f"{name};{value:.3f}\n".replace(".", ",") for name, value in zip(ids, values, strict=True))
    (tmp_path / "s.csv").write_text("Applicant No;Score\n" + scores, encoding="utf-16")
    groups = "".join(f"{name},{sex}\n" for name, sex in zip(ids, said, strict=True))
    (tmp_path / "g.csv").write_bytes(("Candidate ID,性别\n" + groups).encode("gb18030"))
    maps = {"applicant no": "candidate_id", "性别": "sex"}
    request = AuditRequest(tmp_path / "s.csv", tmp_path / "g.csv", tmp_path / "out", by=("Sex",), select=0.5, map=maps)
    assert ended(audit, request) in (0, 4)
    document = read(tmp_path / "out")
    (table,) = [one for one in document["tables"] if one["family"] == "primary"]
    counted = {row["group"]: row["n"] for row in table["rows"]}
    assert (counted["女"], counted["男"]) == ((said == "女").sum(), (said == "男").sum())
    assert set(counted) <= {"女", "男", "unknown"}
    assert document["data"]["scores"]["map"] == {"Applicant No": "candidate_id"}
    assert document["data"]["groups"]["map"] == {"性别": "sex"}
    assert table["unknown"]["n"] == 400 - counted["女"] - counted["男"]


def test_the_ratio_without_them_is_the_tables_own_whoever_is_compared_with(tmp_path: Path) -> None:
    rng, frame = people(11, 900)
    frame["sex"] = rng.choice(["f", "m", "x"], 900, p=[0.6, 0.39, 0.01])  # too few x to be compared with
    frame["score"] = np.where(rng.random(900) < 0.1, np.nan, frame["score"].astype(float))
    frame[["candidate_id", "score"]].to_csv(tmp_path / "s.csv", index=False)
    frame[["candidate_id", "sex"]].to_csv(tmp_path / "g.csv", index=False)
    for named in ({}, {"sex": "f"}, {"sex": "m"}):
        request = AuditRequest(tmp_path / "s.csv", groups=tmp_path / "g.csv", cut=50, comparators=named)
        content = audit(request).content
        table = next(one for one in content["tables"] if one["family"] == "primary" and one["attribute"] == "sex")
        own = {row["group"]: row["impact_ratio"] for row in table["rows"] if row["impact_ratio"] is not None}
        (entry,) = content["unmeasured"]
        beside = {row["group"]: row["ratio_counted_out"] for row in entry["rows"]}
        assert {name: beside[name] for name in own} == pytest.approx(own)
        assert {"f", "m"} <= set(own)
