"""Jobs through the front door: the same people by either road get the same verdict, and the page names the jobs."""

import json
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

from tests.fairness.test_jobs import CASES, Cells
from vivavoce.fairness.table import Verdict
from vivavoce.pipelines.audit import Audited, AuditRequest, audit
from vivavoce.pipelines.auditing.kinds import schema


def by_counts(folder: Path, jobs: list[Cells], **options: object) -> Audited:
    rows = [("sex", f"{i}", *cells) for i, found in enumerate(jobs) for cells in found]
    frame = pd.DataFrame(rows, columns=["table", "job", "group", "n", "selected"])
    frame.to_csv(folder / "counts.csv", index=False)
    return audit(AuditRequest(counts=folder / "counts.csv", **options))


def by_people(folder: Path, jobs: list[Cells], **options: object) -> Audited:
    cells = [(f"{i}", *cell) for i, found in enumerate(jobs) for cell in found]
    rows = [(job, group, int(place < chosen)) for job, group, n, chosen in cells for place in range(n)]
    frame = pd.DataFrame(rows, columns=["job", "sex", "decision"])
    frame.insert(0, "candidate_id", [f"p{i:06d}" for i in range(len(frame))])
    frame.drop(columns="sex").to_csv(folder / "s.csv", index=False)
    frame[["candidate_id", "sex"]].to_csv(folder / "g.csv", index=False)
    return audit(AuditRequest(folder / "s.csv", groups=folder / "g.csv", **options))


@pytest.mark.parametrize(("jobs", "verdict", "named"), [one[1:] for one in CASES], ids=[one[0] for one in CASES])
def test_each_case_by_either_road(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], jobs: list[Cells], verdict: Verdict, named: set
) -> None:
    for road in (by_counts, by_people):
        found = road(tmp_path, jobs)
        jsonschema.Draft202012Validator(schema()).validate(found.content)
        assert found.verdict is verdict
        assert found.exit == {Verdict.OK: 0, Verdict.FINDING: 1}.get(verdict, 4)
        (told,) = found.content["jobs"]["attributes"]
        seen = {(one["stratum"], one["group"]) for one in (*told["finding"], *told["look"])}
        assert seen == named
        assert found.content["provisional"] == (road is by_counts)
        said = capsys.readouterr().err
        assert ("Provisional" in said) == (road is by_counts)
        assert all(f"“{group}” against" in said for _, group in named)


def test_both_roads_agree_to_the_last_digit(tmp_path: Path) -> None:
    jobs: list[Cells] = [
        [("f", 300, 66), ("m", 300, 90), ("n/a", 20, 19)],
        [("f", 12, 4), ("m", 15, 9)],
        [("f", 200, 90), ("m", 180, 70)],
    ]  # fmt: skip
    counts, people = (road(tmp_path, jobs).content for road in (by_counts, by_people))
    primary = [one for one in people["tables"] if one["family"] == "primary"]
    assert [one["rows"] for one in counts["tables"]] == [one["rows"] for one in primary]
    assert [one["comparator"] for one in counts["tables"]] == [one["comparator"] for one in primary]
    for name in ("status", "stratified", "jobs", "open"):
        assert counts[name] == people[name]
    assert counts["tables"][0]["unknown"]["n"] == primary[0]["unknown"]["n"] == 20


def test_breslow_day_is_never_printed_as_nothing(tmp_path: Path) -> None:
    """Opposite odds ratios make the common one exactly 1, where the textbook's quadratic has no second term."""
    found = by_counts(tmp_path, CASES[1][1], out=tmp_path / "out")
    (row,) = found.content["stratified"]
    assert (row["odds_ratio"], row["breslow_day"]) == (1.0, pytest.approx(114.285714285714))
    assert 0 < row["breslow_day_p"] < 1e-25
    page = (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")
    for words in ("in job = 0 (ratio 0.40)", "job = 1 中“m”对“f”（比值 0.40）", "Robins–Breslow–Greenland", "暂定结论"):
        assert words in page


def test_the_shared_copy_names_jobs_without_their_numbers(tmp_path: Path) -> None:
    shared = by_counts(tmp_path, CASES[0][1], out=tmp_path / "out", shared=True).shared
    assert shared is not None
    assert [one["stratum"] for one in shared["tables"]] == [None]
    assert shared["declared"]["comparisons"] == 7  # six jobs, and within all of them together
    (found,) = shared["findings"]
    assert (found["where"]["stratum"], found["evidence"], found["size"]) == ("job = 5", None, None)
    assert shared["jobs"]["attributes"][0]["finding"][0]["ratio"] is None
    assert json.loads((tmp_path / "out" / "audit.shared.json").read_text(encoding="utf-8")) == shared
