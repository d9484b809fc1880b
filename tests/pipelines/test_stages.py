"""Stages: a site that passes fewer is named, equal sites are not, and undefined is said."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.commands import told
from vivavoce.pipelines.stages import compare_strata, read_stages, stages


def table(path, seed=0, *, fewer=0.0, n=400, sites=4):
    """Two stages of n people; at site s0 the first stage's rate is lower by ``fewer``; its machine is 10 points up."""
    rng = np.random.default_rng(seed)
    site = np.array([f"s{i % sites}" for i in range(n)])
    rate = 0.6 - fewer * (site == "s0")
    human = 50 + 10 * rng.standard_normal(n)
    machine = human + 10 * (site == "s0") + rng.standard_normal(n)
    rows = {"candidate_id": [f"c{i}" for i in range(n)], "site": site, "interviewer": [f"p{i % 8}" for i in range(n)]}
    passed = rng.random(n) < rate
    first = pd.DataFrame(rows | {"stage": "screen", "passed": passed.astype(int), "human": human, "machine": machine})
    second = first[passed].assign(stage="panel", passed=(rng.random(passed.sum()) < 0.5).astype(int))
    pd.concat([first, second]).to_csv(path, index=False)
    return path


def ask(path, out) -> tuple[int, dict, str]:
    status, said = told(stages, path, out=out, width=140)
    written = out / "stages.json"
    return status, json.loads(written.read_text()) if written.exists() else {}, said


def test_a_site_that_passes_fewer_is_found_at_its_stage(tmp_path):
    status, found, said = ask(table(tmp_path / "t.csv", fewer=0.35), tmp_path / "o")
    assert status == 1
    different = {(one["stage"], one["by"]) for one in found["differences"] if one["adjusted_p"] < 0.05}
    assert ("screen", "site") in different
    assert not {place for place in different if place[0] == "panel"}
    rates = {(one["stage"], one["of"]): one for one in found["rates"]}
    assert rates["screen", "s0"]["share"]["high"] < rates["screen", "s1"]["share"]["low"]
    assert rates["screen", "all"]["n"] == 400
    assert rates["panel", "all"]["n"] == rates["screen", "all"]["passed"]
    assert "screen by site: they differ" in said


def test_equal_sites_are_rarely_called_different(tmp_path):
    """Under false-discovery control at .05 a false call comes in at most 1 of 20 tables: 5 of 40 are beyond 3 sd."""
    false = 0
    for seed in range(40):
        frame = read_stages(table(tmp_path / "t.csv", seed, n=60, sites=3))  # small: interviewers need permutations
        false += any(one.adjusted_p < 0.05 for one in compare_strata(frame))
    assert false <= 6


def test_agreement_by_site_finds_the_slanted_one(tmp_path):
    _, found, _ = ask(table(tmp_path / "t.csv"), tmp_path / "o")
    slant = {one["of"]: one["mean_difference"]["value"] for one in found["agreement"] if one["by"] == "site"}
    assert slant["s0"] == pytest.approx(10, abs=0.4)  # four standard errors of 100 people, sd 1
    assert all(abs(slant[name]) < 0.4 for name in ("s1", "s2", "s3"))
    assert {one["n"] for one in found["agreement"] if one["by"] == "site"} == {100}


def test_one_site_or_everybody_passing_is_no_difference(tmp_path):
    path = tmp_path / "t.csv"
    pd.DataFrame({"candidate_id": list("abcd"), "stage": "x", "passed": [1, 0, 1, 0], "site": "one"}).to_csv(path)
    status, found, said = ask(path, tmp_path / "o")
    assert (status, found["differences"][0]["p"]["value"]) == (0, None)
    assert "nothing to compare: one only, or none" in said
    assert found["agreement"] == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a,x,2", "line 2, passed: Write 1 (yes), 0 (no)"),
        (",x,1", "line 2, candidate_id: Every row needs an id"),
        ("a,x,1\na,x,0", "One row each"),
    ],
)
def test_bad_rows_are_named(tmp_path, line, message):
    (tmp_path / "t.csv").write_text(f"candidate_id,stage,passed\n{line}\n")
    status, _, said = ask(tmp_path / "t.csv", tmp_path / "o")
    assert status == 2
    assert message in " ".join(said.split())
