"""Score differences in the audit: planted distances come back per competency, on the page, and not in shared copies."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.browser import visit
from vivavoce.pipelines.audit import AuditRequest, audit

MADE = datetime(2026, 11, 22, tzinfo=UTC)


def audited(folder: Path) -> tuple[Path, dict]:
    rng = np.random.default_rng(11)
    sex = rng.choice(["f", "m"], 3000, p=[0.45, 0.55])
    frame = pd.DataFrame({"candidate_id": [f"c{i:05d}" for i in range(3000)]})
    frame["score"] = rng.normal(50, 10, 3000) - 5 * (sex == "f")
    frame["teamwork"] = rng.normal(60, 8, 3000)
    frame["written"] = np.where(np.arange(3000) < 8, np.nan, rng.normal(3, 1, 3000) + 0.8 * (sex == "f"))
    frame["remark"], frame["hired"] = "fine", rng.choice([0, 1], 3000)
    sex[:4] = "x"
    frame.to_csv(folder / "scores.csv", index=False)
    pd.DataFrame({"candidate_id": frame["candidate_id"], "sex": sex}).to_csv(folder / "groups.csv", index=False)
    out = folder / "out"
    audit(AuditRequest(folder / "scores.csv", folder / "groups.csv", out, cut=50, shared=True, made=MADE))
    return out, json.loads((out / "audit.json").read_text(encoding="utf-8"))


def test_planted_distances_come_back_per_competency_and_on_the_page(tmp_path: Path) -> None:
    out, document = audited(tmp_path)
    (entry,) = document["score_differences"]
    assert (entry["reference"], entry["family"]) == ("m", "exploratory")
    found = {
        (score["score"], row["group"]): row for score in entry["scores"] for row in score["groups"]
    }  # fmt: skip
    assert {score for score, _ in found} == {"overall", "teamwork", "written"}  # no remark, no decision
    for score, d in (("overall", 0.5), ("teamwork", 0.0), ("written", -0.8)):
        row = found[score, "f"]
        assert row["difference_d_low"] < d < row["difference_d_high"]
        assert sum(row["histogram"]) == pytest.approx(1)
    assert found["written", "x"]["missing"] == 4
    assert found["overall", "x"]["difference_d"] is None
    assert "fewer than 10" in found["overall", "x"]["reason"]
    assert found["overall", "x"]["histogram"] is None
    seen = visit(out / "audit.html", width=1100, height=2400)
    assert seen.console == ()
    assert seen.requests == ()
    for words in ("“f” scores", "points lower than “m” on average", "“f”平均比“m”低"):
        assert words in seen.dom


def test_shared_copies_do_not_show_score_differences(tmp_path: Path) -> None:
    out, _ = audited(tmp_path)
    shared = json.loads((out / "audit.shared.json").read_text(encoding="utf-8"))
    assert not {"score_differences", "unmeasured", "outcomes"} & set(shared)
    assert "scores 5" not in (out / "audit.shared.html").read_text(encoding="utf-8")


def test_the_ratio_without_them_is_the_tables_own_whoever_is_compared_with(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    frame = pd.DataFrame({"candidate_id": [f"c{i:05d}" for i in range(900)], "score": rng.normal(50, 10, 900).round(2)})
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
