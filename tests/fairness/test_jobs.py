"""Every job by itself and all of them together: the right verdict of each case, and how often it is wrong."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from tests.proof import proof_count
from vivavoce.fairness.audit import Audit, Choices, Cohort, audit_cohort, audit_counts
from vivavoce.fairness.document import describe
from vivavoce.fairness.groups import Labels
from vivavoce.fairness.table import Family, Group, Measure, Verdict, build_table

Record = Callable[[str, object], None]
Cells = list[tuple[str, int, int]]  # group, people, selected

EVEN: Cells = [("m", 400, 200), ("f", 400, 200)]
BAD: Cells = [("m", 400, 200), ("f", 400, 80)]
CASES: list[tuple[str, list[Cells], Verdict, set[tuple[str | None, str]]]] = [
    ("one of six at .40", [EVEN] * 5 + [BAD], Verdict.FINDING, {("job = 5", "f")}),
    (
        "two at opposite .40",
        [[("m", 400, 160), ("f", 400, 64)], [("m", 400, 64), ("f", 400, 160)]],
        Verdict.FINDING,
        {("job = 0", "f"), ("job = 1", "m")},
    ),
    (
        "pure Simpson",
        [[("m", 4500, 3600), ("f", 1500, 1200)], [("m", 1500, 600), ("f", 4500, 1800)]],
        Verdict.LOOK,
        {(None, "f")},
    ),
    ("200 of one group", [[("m", 20, 10)], [("f", 20, 5)]] * 100, Verdict.LOOK, {(None, "f")}),
    (
        "200 small at .50",
        [[("m", 8, 4), ("f", 8, 2)]] * 200,
        Verdict.FINDING,
        {("job: within all", "f")},
    ),
    ("200 small and equal", [[("m", 8, 4), ("f", 8, 4)]] * 200, Verdict.OK, set()),
    ("three large and equal", [[("m", 1000, 500), ("f", 1000, 500)]] * 3, Verdict.OK, set()),
    ("three too small to tell", [[("m", 100, 50), ("f", 100, 50)]] * 3, Verdict.INSUFFICIENT, set()),
    ("two fine, one of one group", [[("m", 1000, 500), ("f", 1000, 500)]] * 2 + [[("m", 500, 250)]],
     Verdict.INSUFFICIENT, set()),
]  # fmt: skip


@pytest.fixture
def record(record_property: Record) -> Record:
    """What a proof saw, for docs/proof.md."""
    return record_property


def counted(jobs: list[Cells]) -> Audit:
    by_job = {str(i): [Group(name, chosen, n) for name, n, chosen in cells] for i, cells in enumerate(jobs)}
    return audit_counts({"sex": by_job}, Choices())


@pytest.mark.parametrize(("jobs", "verdict"), [one[1:3] for one in CASES], ids=[one[0] for one in CASES])
def test_each_case_has_its_verdict(jobs: list[Cells], verdict: Verdict) -> None:
    assert counted(jobs).status is verdict


def test_the_headline_counts_the_jobs_that_could_not_be_judged_alone() -> None:
    (told,) = counted([[("m", 8, 4), ("f", 8, 4)]] * 5 + [EVEN, [("m", 50, 20)]]).jobs.told
    assert (told.jobs, told.alone, told.not_alone, told.one_group) == (7, 1, 6, 1)


def test_small_jobs_are_not_drowned_by_a_large_one() -> None:
    large = [("m", 20_000, 10_000), ("f", 20_000, 10_000)]
    found = counted([large, *[[("m", 9, 6), ("f", 9, 2)]] * 60])
    assert found.status is Verdict.FINDING
    assert [one.verdict for one in found.jobs.together] == [Verdict.OK, Verdict.FINDING]
    assert [one.small for one in found.jobs.together] == [False, True]


def test_correction_turns_a_finding_into_a_look_and_never_into_nothing() -> None:
    one = [("m", 300, 90), ("f", 300, 66)]  # mid-P .026, ratio .73
    assert counted([one]).status is Verdict.FINDING
    found = counted([one, *[[("m", 1000, 500), ("f", 1000, 500)]] * 5])
    assert found.status is Verdict.LOOK
    (row,) = [row for table in found.jobs.tables for row in table.rows if row.verdict is Verdict.LOOK]
    assert row.comparison.mid_p < 0.05 < row.adjusted_p


def test_the_comparator_does_best_within_jobs_not_in_the_total() -> None:
    """In the total m leads only because men apply where many are taken; within each job w does better."""
    jobs = [[("m", 900, 630), ("w", 100, 90)], [("m", 100, 20), ("w", 900, 270)]]
    found = counted(jobs)
    (one,) = found.jobs.together
    assert found.jobs.pooled[0].comparator == "m"
    assert (one.comparator, one.group) == ("w", "m")
    assert one.result.ratio == pytest.approx(
        (630 * 100 / 1000 + 20 * 900 / 1000) / (90 * 900 / 1000 + 270 * 100 / 1000)
    )


def test_with_everybody_in_one_row_nothing_is_made_wider() -> None:
    frame = pd.DataFrame({"sex": ["f", "m"] * 60, "job": ["a"] * 60 + ["b"] * 60})
    chosen = np.arange(120) % 3 == 0
    plain, persons = (describe(cohort_of(frame, chosen, who)) for who in (None, np.arange(120)))
    assert plain == persons


def cohort_of(frame: pd.DataFrame, chosen: np.ndarray, persons: np.ndarray | None) -> Audit:
    everybody = np.ones(len(frame), bool)
    strata = {"job": Labels.of(frame["job"])} if "job" in frame else {}
    cohort = Cohort(everybody, chosen, None, Measure.SELECTION, None, {"sex": Labels.of(frame["sex"])}, strata,
                    persons=persons)  # fmt: skip
    return audit_cohort(cohort, Choices())


def cloned(chosen: np.ndarray, jobs: int) -> Audit:
    """People, half of them f, who stand in every job with the same decision."""
    n = len(chosen)
    frame = pd.DataFrame({"sex": np.tile(np.repeat(["f", "m"], n // 2), jobs), "job": np.repeat(np.arange(jobs), n)})
    if jobs == 1:
        return cohort_of(frame[["sex"]], chosen, None)
    return cohort_of(frame.assign(job=frame["job"].astype(str)), np.tile(chosen, jobs), np.tile(np.arange(n), jobs))


def test_people_cloned_into_six_jobs_say_what_they_say_in_one() -> None:
    chosen = np.repeat([True, False, True, False], [42, 78, 57, 63])  # p .05 by itself
    one, six = cloned(chosen, 1), cloned(chosen, 6)
    alone, together = one.primary[0].rows[0].comparison, six.jobs.pooled[0].rows[0].comparison
    assert 0.04 < alone.mid_p < 0.06
    for name in ("mid_p", "z", "score_low", "score_high", "difference_low", "ratio_high"):
        assert getattr(together, name) == pytest.approx(getattr(alone, name), rel=1e-9)
    (within,) = six.jobs.together
    assert within.result.ratio_low == pytest.approx(alone.score_low, rel=1e-9)
    assert within.result.p == pytest.approx(alone.mid_p, abs=0.02)
    assert six.status is not Verdict.FINDING


@pytest.mark.proof
def test_people_cloned_into_six_jobs_raise_no_more_findings_than_in_one(record: Record) -> None:
    draws = proof_count(12, 1000)
    rng = np.random.default_rng(3)
    for rates, name in (((0.5, 0.5), "equal"), ((0.45, 0.6), "true ratio .75")):
        seen = [
            cloned(np.concatenate([rng.random(120) < rate for rate in rates]), 6).status for _ in range(draws)
        ]  # fmt: skip
        shares = {verdict: float(np.mean([one is verdict for one in seen])) for verdict in Verdict}
        record(f"240 people in six jobs each, {name}, {draws} draws", tabled(shares))
        wrong = Verdict.FINDING if name == "equal" else Verdict.OK
        assert shares[wrong] <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)


def tabled(shares: dict[Verdict, float]) -> str:
    return ", ".join(f"{verdict.value} {share:.3f}" for verdict, share in shares.items())


@pytest.mark.proof
@pytest.mark.parametrize("rate", [0.25, 0.5])
def test_equal_groups_in_six_jobs_raise_a_finding_in_five_of_a_hundred_at_most(rate: float, record: Record) -> None:
    """Two attributes (two and three groups) × six jobs, at a quarter and at half selected."""
    draws = proof_count(6, 1000)
    rng = np.random.default_rng(17)
    seen = []
    for _ in range(draws):
        tables = {
            name: {
                str(job): [Group(one, int(rng.binomial(n, rate)), n) for one in groups] for job in range(6)
            }
            for name, groups, n in (("sex", "fm", 400), ("race", "abc", 260))
        }  # fmt: skip
        seen.append(audit_counts(tables, Choices()).status)
    shares = {verdict: float(np.mean([one is verdict for one in seen])) for verdict in Verdict}
    record(f"equal groups, 2 attributes × 6 jobs at rate {rate}, {draws} draws", tabled(shares))
    assert shares[Verdict.FINDING] <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)


@pytest.mark.proof
def test_one_of_six_jobs_at_ratio_six_tenths_is_named_in_eight_of_ten(record: Record) -> None:
    """400 + 400 people in each job, a quarter of them selected."""
    draws = proof_count(20, 1000)
    rng = np.random.default_rng(23)
    named, seen = 0, []
    for _ in range(draws):
        jobs = [[("m", 400, int(rng.binomial(400, 0.25))), ("f", 400, int(rng.binomial(400, 0.25)))] for _ in range(5)]
        found = counted(
            [[("m", 400, int(rng.binomial(400, 0.3125))), ("f", 400, int(rng.binomial(400, 0.1875)))], *jobs]
        )
        seen.append(found.status)
        rows = [(table.stratum, row.group.name) for table in found.jobs.tables for row in table.rows
                if row.verdict is Verdict.FINDING]  # fmt: skip
        named += ("job = 0", "f") in rows
    shares = {verdict: float(np.mean([one is verdict for one in seen])) for verdict in Verdict}
    record(f"one of six jobs at ratio .6, {draws} draws", f"named {named / draws:.3f}; {tabled(shares)}")
    assert named / draws >= 0.8 - 3 * np.sqrt(0.8 * 0.2 / draws)
    assert shares[Verdict.OK] == 0


def test_a_group_of_a_hundred_may_be_compared_with_however_small_its_share() -> None:
    few, many = ([Group("a", 5000, 10_000), Group("b", n * 4 // 5, n)] for n in (90, 110))
    for groups, comparator in ((few, "a"), (many, "b")):
        found = audit_counts({"t": {"": groups}}, Choices())
        assert found.primary[0].comparator == comparator
    assert build_table("t", few, family=Family.PRIMARY).comparator == "b"
