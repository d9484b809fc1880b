"""Decisions at equal scores: equal treatment is not called unequal, unequal treatment is found, none is called fair."""

from collections.abc import Callable
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from tests.proof import proof_count
from vivavoce.fairness.conditional import LEAST, conditional
from vivavoce.fairness.groups import Labels
from vivavoce.fairness.table import Verdict
from vivavoce.pipelines.audit import AuditRequest, audit
from vivavoce.pipelines.auditing.kinds import schema

Record = Callable[[str, object], None]
RELIABILITY, D = 0.6, 0.5


@pytest.fixture
def record(record_property: Record) -> Record:
    """What a proof saw, for docs/proof.md."""
    return record_property


def people(rng: np.random.Generator, n: int, unequal: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Group, score and decision: deciders see the person, not the score; ``unequal`` SD are held against the group."""
    group = np.arange(n) % 2
    able = rng.normal(0, 1, n) - D * group
    score = able + rng.normal(0, np.sqrt((1 - RELIABILITY) / RELIABILITY), n)
    return group, score, able - unequal * group + rng.normal(0, 0.4, n) > 0.2


def labels(group: np.ndarray) -> dict[str, Labels]:
    return {"sex": Labels(("m", "f"), group.astype(np.int64))}


@pytest.mark.proof
@pytest.mark.parametrize("n", [300, 1000])
def test_true_differences_are_not_called_unequal_treatment(n: int, record: Record) -> None:
    draws = proof_count(60, 2000)
    rng = np.random.default_rng(29)
    found, naive = 0, 0
    for _ in range(draws):
        group, score, chosen = people(rng, n)
        for reliability in (RELIABILITY, 1.0):
            (one,) = conditional(score, chosen, labels(group), reliability=reliability)
            found += reliability != 1.0 and one.verdict is Verdict.FINDING
            naive += reliability == 1.0 and one.p < 0.05
    shares = f"{found / draws:.3f}; held equal as it stands, at .05: {naive / draws:.3f}"
    record(f"equal treatment, d .5, reliability .6, {n} people, {draws} draws: called unequal", shares)
    assert found / draws <= 0.05


@pytest.mark.proof
def test_unequal_treatment_is_found(record: Record) -> None:
    draws = proof_count(20, 500)
    rng = np.random.default_rng(31)
    seen = []
    for _ in range(draws):
        group, score, chosen = people(rng, 1000, unequal=0.5)
        (one,) = conditional(score, chosen, labels(group), reliability=RELIABILITY)
        seen.append(one.verdict is Verdict.FINDING and one.group == "f" and one.ratio.high < 1)
    record(f"half an SD held against a group of 500 in 1,000, {draws} draws: found", f"{np.mean(seen):.3f}")
    assert np.mean(seen) >= 0.8


def test_without_reliability_or_people_nothing_is_told_and_never_that_all_is_well() -> None:
    rng = np.random.default_rng(2)
    group, score, chosen = people(rng, 400, unequal=2.0)
    (one,) = conditional(score, chosen, labels(group), reliability=None)
    assert (one.verdict, one.why) == (Verdict.INSUFFICIENT, "no_reliability")
    few = slice(0, 2 * LEAST - 2)
    (one,) = conditional(score[few], chosen[few], labels(group[few]), reliability=1.0)
    assert (one.verdict, one.why) == (Verdict.INSUFFICIENT, "too_few")
    group, score, chosen = people(rng, 4000)
    (one,) = conditional(score, chosen, labels(group), reliability=RELIABILITY)
    assert (one.verdict, one.why) == (Verdict.INSUFFICIENT, "not_shown")
    (one,) = conditional(score, score > 0, labels(group), reliability=1.0)
    assert one.why == "apart"


def test_the_one_who_is_selected_less_is_named_whoever_is_compared_with() -> None:
    rng = np.random.default_rng(3)
    group, score, chosen = people(rng, 2000, unequal=1.0)
    for named in ({}, {"sex": "f"}, {"sex": "m"}):
        (one,) = conditional(score, chosen, labels(group), reliability=RELIABILITY, named=named)
        assert (one.group, one.comparator, one.verdict) == ("f", "m", Verdict.FINDING)
        assert one.ratio.high < 1


def test_people_cloned_into_six_jobs_say_no_more_than_in_one() -> None:
    rng = np.random.default_rng(4)
    group, score, chosen = people(rng, 240, unequal=0.4)
    (one,) = conditional(score, chosen, labels(group), reliability=1.0)
    six = [np.tile(values, 6) for values in (score, chosen, group)]
    (clones,) = conditional(
        six[0],
        six[1],
        labels(six[2]),
        reliability=1.0,
        jobs=np.repeat(np.arange(6), 240),
        persons=np.tile(range(240), 6),
    )
    assert clones.p == pytest.approx(one.p, rel=0.15)


def test_a_group_rated_higher_and_selected_less_is_what_a_reader_sees_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    group, n = np.arange(2000) % 2, 2000
    score = rng.normal(50, 10, n) + 3 * group
    frame = pd.DataFrame({"candidate_id": [f"p{i}" for i in range(n)], "score": score, "tenure": rng.normal(size=n)})
    frame["hired"] = (score + rng.normal(0, 6, n) - 6 * group > 55).astype(int)
    frame.to_csv(tmp_path / "s.csv", index=False)
    frame[["candidate_id"]].assign(sex=np.where(group, "f", "m")).to_csv(tmp_path / "g.csv", index=False)
    asked = {"groups": tmp_path / "g.csv", "decision": "hired"}
    found = audit(AuditRequest(tmp_path / "s.csv", out=tmp_path / "out", seen=True, held_equal=["tenure"], **asked))
    jsonschema.Draft202012Validator(schema()).validate(found.content)
    assert found.exit == 1
    assert found.content["findings"][0]["what"] == "decision at equal scores"
    assert "rated 0.30 SD higher than “m” and selected less" in capsys.readouterr().err
    page = (tmp_path / "out" / "audit.html").read_text("utf-8")
    first = page.index("selected less. At equal scores")
    assert first < page.index("What this verdict does not say")
    for words in ("Also held equal, as declared beforehand: tenure", "二者互不抵消", "高 0.30 个标准差，入选却更少"):
        assert words in page
    assert "no discrimination" not in page.lower()
    (row,) = audit(AuditRequest(tmp_path / "s.csv", **asked)).content["equals"]["groups"]
    assert row["why"] == "no_reliability"
