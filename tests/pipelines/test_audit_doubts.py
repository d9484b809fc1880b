"""No verdict from nothing: what is refused before anything is judged, what is said on top, and what a folder keeps."""

import json
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.commands import ended
from vivavoce.data.errors import Exit
from vivavoce.data.identity import digest_file
from vivavoce.pipelines.audit import Audited, AuditRequest, audit


def given(folder: Path, scores: pd.DataFrame, groups: pd.DataFrame, **options: object) -> AuditRequest:
    scores.to_csv(folder / "s.csv", index=False)
    groups.to_csv(folder / "g.csv", index=False)
    return AuditRequest(folder / "s.csv", groups=folder / "g.csv", **options)


def people(n: int = 400, form: str = "{:05d}") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Equal groups; ids in the form given."""
    ids = [form.format(i) for i in range(n)]
    scores = np.random.default_rng(1).permutation(n).astype(float)
    sex = np.where(np.arange(n) % 2, "f", "m")
    return pd.DataFrame({"candidate_id": ids, "score": scores}), pd.DataFrame({"candidate_id": ids, "sex": sex})


@pytest.mark.parametrize(
    ("form", "way"),
    [
        ("{:d}", "Read without leading zeros, 400 would meet"),
        ("HR-{:05d}", "Read by their last digits alone, without what stands before, 400 would meet"),
        ("x{:d}y", "Read by their last digits"),
    ],
)
def test_ids_that_do_not_meet_say_which_and_how_they_would(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str, way: str
) -> None:
    scores, groups = people()[0], people(form=form)[1]
    if form == "{:d}":
        groups = groups[1:]
    request = given(tmp_path, scores, groups, out=tmp_path / "out")
    assert ended(audit, request) == Exit.BAD_INPUT
    said = capsys.readouterr().err
    assert "of 400 people of the scores stand in the groups" in said
    assert "'00000' in the scores" in said
    assert way.replace("400", "399") in said or way in said
    assert not (tmp_path / "out").exists()


def test_ids_in_either_unicode_form_meet(tmp_path: Path) -> None:
    scores, groups = people(form="Zoë{:d}")
    scores["candidate_id"] = [unicodedata.normalize("NFD", one) for one in scores["candidate_id"]]
    assert audit(given(tmp_path, scores, groups)).content["data"]["without_groups"] == 0


def test_a_voluntary_form_of_few_people_is_no_failed_join(tmp_path: Path) -> None:
    scores, groups = people()
    found = audit(given(tmp_path, scores, groups[:20], out=tmp_path / "out"))
    assert found.content["data"]["without_groups"] == 380
    assert "380 rows have no row in the table of groups" in (tmp_path / "out" / "audit.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (lambda i: f"{18 + i % 46}", ("46 different numbers", "bands")),
        (lambda i: f"Person {i}", ("400 different values", "groups of people")),
        (lambda i: f"name {i % 130}", ("130 different values",)),
    ],
)
def test_a_column_that_is_no_group_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], column: object, words: tuple[str, ...]
) -> None:
    scores, groups = people()
    groups["age"] = [column(i) for i in range(400)]
    assert ended(audit, given(tmp_path, scores, groups, out=tmp_path / "out")) == Exit.BAD_INPUT
    said = capsys.readouterr().err
    assert all(word in said for word in (*words, "age", "--by"))
    assert ended(audit, given(tmp_path, scores, groups, by=("sex",))) in (0, 4)
    counts = groups.groupby("age").size().reset_index(name="n").rename(columns={"age": "group"})
    counts.assign(table="age", selected=0).to_csv(tmp_path / "c.csv", index=False)
    assert ended(audit, AuditRequest(counts=tmp_path / "c.csv")) == Exit.BAD_INPUT


def test_a_weight_is_an_error_wherever_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores, groups = people()
    assert ended(audit, given(tmp_path, scores.assign(Weight=1.5), groups)) == Exit.BAD_INPUT
    assert "weighs nobody" in capsys.readouterr().err
    assert ended(audit, given(tmp_path, scores, groups.assign(weight=1 + np.arange(400) % 3))) == Exit.BAD_INPUT
    assert "a column of weights" in capsys.readouterr().err
    (tmp_path / "c.csv").write_text("table,group,n,selected,weight\nt,a,10,5,1\nt,b,10,5,2\n")
    assert ended(audit, AuditRequest(counts=tmp_path / "c.csv")) == Exit.BAD_INPUT


def warned(found: Audited) -> list[str]:
    return [one["what"] for one in found.content["warnings"]]


def test_scores_that_tell_nobody_apart_are_warned_of_on_top(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores, groups = people(2000)
    assert warned(audit(given(tmp_path, scores, groups, select=0.3))) == []
    alike = audit(given(tmp_path, scores.assign(score=50.0), groups, select=0.3, out=tmp_path / "out"))
    assert (warned(alike), alike.verdict) == (["all_alike"], "insufficient")
    assert "Warning: all 2000 scores are 50.0" in capsys.readouterr().err
    page = (tmp_path / "out" / "audit.html").read_text("utf-8")
    assert page.index("Warning: all 2000") < page.index("What this verdict does not say")
    assert "警告：全部 2000 个分数均为" in page
    tied = scores.assign(score=np.minimum(scores["score"], 800.0))
    found = audit(given(tmp_path, tied, groups, select=0.3))
    (warning,) = found.content["warnings"]
    assert (warning["what"], warning["share_asked"], warning["share_passing"]) == ("ties", 0.3, 0.6)
    assert warned(audit(given(tmp_path, tied, groups))) == ["ties"]


def test_one_group_in_several_spellings_is_named_with_what_would_join_it(tmp_path: Path) -> None:
    scores, groups = people()
    spelled = groups.assign(
        sex=["F" if i % 10 == 1 else "Female" if one == "f" else "m" for i, one in enumerate(groups["sex"])]
    )
    found = audit(given(tmp_path, scores, spelled))
    (warning,) = found.content["warnings"]
    assert warning["mapping"] == "--join sex:F=Female"
    joined = audit(given(tmp_path, scores, spelled, join={"sex:F": "Female"}))
    plain = audit(given(tmp_path, scores, groups.assign(sex=groups["sex"].replace("f", "Female"))))
    assert joined.content["tables"] == plain.content["tables"]
    assert warned(joined) == []
    assert ended(audit, given(tmp_path, scores, spelled, join={"sx:F": "Female"})) == Exit.BAD_INPUT
    (tmp_path / "c.csv").write_text("table,group,n,selected\nsex,F,40,20\nsex,Female,160,80\nsex,m,200,100\n")
    assert warned(audit(AuditRequest(counts=tmp_path / "c.csv"))) == ["spelled"]
    by_counts = audit(AuditRequest(counts=tmp_path / "c.csv", join={"sex:F": "Female"}))
    assert {row["group"]: row["n"] for row in by_counts.content["tables"][0]["rows"]} == {"Female": 200, "m": 200}


def test_several_values_in_any_order_are_two_or_more(tmp_path: Path) -> None:
    scores, groups = people()
    race = ["White", "Asian", "White; Asian", "Asian;White", "Black; Asian", "White;White"]
    groups = groups[["candidate_id"]].assign(race=[race[i % 6] for i in range(400)])
    content = audit(given(tmp_path, scores, groups)).content
    rows = {row["group"]: row["n"] for row in content["tables"][0]["rows"]}
    assert rows == {"Asian": 67, "White": 67 + 66, "two or more": 67 + 67 + 66}
    assert content["warnings"] == [{"what": "several", "attribute": "race", "n": 200}]
    counts = groups.groupby("race").size().reset_index(name="n").rename(columns={"race": "group"})
    counts.assign(table="race", selected=counts["n"] // 2).to_csv(tmp_path / "c.csv", index=False)
    by_counts = audit(AuditRequest(counts=tmp_path / "c.csv")).content
    assert {row["group"]: row["n"] for row in by_counts["tables"][0]["rows"]} == rows
    assert by_counts["warnings"] == content["warnings"]


def test_a_folder_keeps_the_audit_that_it_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores, groups = people()
    out = tmp_path / "out"
    for _ in range(2):  # the same audit made again is the same audit
        assert ended(audit, given(tmp_path, scores, groups, out=out, select=0.3)) in (0, 4)
    first = digest_file(out / "audit.json").sha256
    assert ended(audit, given(tmp_path, scores, groups, out=out, select=0.4)) == Exit.BAD_INPUT
    assert "--replace" in capsys.readouterr().err
    assert digest_file(out / "audit.json").sha256 == first
    for number in (1, 2):
        assert ended(audit, given(tmp_path, scores, groups, out=out, select=0.4 + number / 10, replace=True)) in (0, 4)
    assert digest_file(out / "audit-1.json").sha256 == first
    assert (out / "audit-2.html").exists()
    content = json.loads((out / "audit.json").read_text("utf-8"))
    assert content["replaces"] == {"file": "audit-2.json", "sha256": digest_file(out / "audit-2.json").sha256}
    assert "it is kept as audit-2.json" in (out / "audit.html").read_text("utf-8")


def test_every_table_that_was_read_has_its_digest(tmp_path: Path) -> None:
    scores, groups = people()
    facts = scores[["candidate_id"]].assign(value=scores["score"] / 7)
    facts.to_csv(tmp_path / "o.csv", index=False)
    data = audit(given(tmp_path, scores, groups, outcomes=tmp_path / "o.csv")).content["data"]
    for name, file in (("scores", "s.csv"), ("groups", "g.csv"), ("outcomes", "o.csv")):
        assert data[name]["sha256"] == digest_file(tmp_path / file).sha256


def test_a_crash_is_told_from_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vivavoce.pipelines.audit.announce", lambda *_: 1 / 0)
    assert ended(audit, given(tmp_path, *people())) == Exit.DEFECT == 70
