"""What may be passed on gives no small count away, not even by subtraction."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.fairness.audit import Choices, audit_counts
from vivavoce.fairness.document import SMALLEST_SHOWN, describe, share
from vivavoce.fairness.table import Group

COUNTED = ("n", "selected", "rate", "impact_ratio", "shortfall", "difference", "mid_p", "z")


def document(*groups: tuple[int, int]) -> dict:
    named = [Group(f"g{i}", selected, n) for i, (selected, n) in enumerate(groups)]
    judged = describe(audit_counts({"t": {"": named}}, Choices()))
    return {**judged, "restricted": True, "data": {}, "declared": {"kind": "counts"}}


def test_a_small_row_takes_its_complement_with_it() -> None:
    shared = share(document((50, 100), (40, 90), (3, 30)), [{"pack": "nyc-ll144", "clause": "6 RCNY 5-301"}])
    rows = shared["tables"][0]["rows"]
    assert [row["n"] for row in rows] == [100, None, None]
    assert all(rows[2][name] is None for name in COUNTED)
    assert rows[2]["why"] == "withheld"
    assert shared["conflicts"] == [{"pack": "nyc-ll144", "clause": "6 RCNY 5-301"}]
    assert shared["restricted"] is False


def test_where_nothing_is_small_nothing_is_withheld_and_nothing_conflicts() -> None:
    whole = document((50, 100), (40, 90))
    shared = share(whole, [{"pack": "nyc-ll144", "clause": "6 RCNY 5-301"}])
    assert shared["tables"] == whole["tables"]
    assert shared["conflicts"] == []


def test_numbers_do_not_survive_in_findings_or_open_questions() -> None:
    shared = share(document((500, 1000), (9, 400), (100, 200)))
    assert "9" not in json.dumps([row["selected"] for row in shared["tables"][0]["rows"]])
    assert all(found["evidence"] is None for found in shared["findings"] if found["where"]["group"] == "g1")


def test_the_whole_document_is_left_as_it_was() -> None:
    whole = document((50, 100), (3, 30))
    before = json.dumps(whole)
    share(whole)
    assert json.dumps(whole) == before


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 60)).map(lambda t: (min(t), t[1])), min_size=2, max_size=6)
)
def test_no_total_gives_a_small_count_away(groups: list[tuple[int, int]]) -> None:
    rows = share(document(*groups))["tables"][0]["rows"]
    hidden = [group for group, row in zip(groups, rows, strict=True) if row["n"] is None]
    for selected, n in (group for group, row in zip(groups, rows, strict=True) if row["n"] is not None):
        assert not any(0 < count < SMALLEST_SHOWN for count in (selected, n - selected, n))
    if hidden and len(hidden) < len(groups):
        sums = [sum(s for s, _ in hidden), sum(n - s for s, n in hidden), sum(n for _, n in hidden)]
        assert len(hidden) > 1
        assert all(total == 0 or total >= SMALLEST_SHOWN for total in sums)


@pytest.mark.parametrize("groups", [((50, 100), (3, 30)), ((5, 100), (50, 100))])
def test_two_groups_are_withheld_together(groups: tuple) -> None:
    assert all(row["n"] is None for row in share(document(*groups))["tables"][0]["rows"])


def test_a_chapter_that_nobody_thought_of_stays_behind() -> None:
    whole = document((50, 100), (40, 90)) | {"recognition": {"rows": [{"group": "g0", "n": 3}]}, "anything": [7]}
    assert not {"recognition", "anything"} & set(share(whole))


def test_how_many_have_no_score_is_no_difference_of_two_totals() -> None:
    whole = document((50, 100), (40, 90))
    for without, scored in ((3, None), (30, 160), (0, 190)):
        whole["data"] = {"rows": 190, "scored": 190 - without}
        assert share(whole)["data"]["scored"] == scored
