"""Every table that people bring takes a missing value in the same spellings, and loses no id, name or text to them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.proof import proof_count
from vivavoce.data import people_tables as people
from vivavoce.data.cells import MISSING
from vivavoce.data.table import Kind, TableRefused, read_table
from vivavoce.fairness.groups import GROUPS, REVIEWS
from vivavoce.pipelines.auditing.differences import COUNTS
from vivavoce.pipelines.auditing.made_of import ANSWERS
from vivavoce.pipelines.auditing.questions import ANSWERED
from vivavoce.pipelines.auditing.recognised import RECOGNITION
from vivavoce.pipelines.auditing.scores import SCORES
from vivavoce.pipelines.stages import STAGES

TABLES = {
    "ratings": people.RATINGS, "outcomes": people.OUTCOMES, "weights": people.WEIGHTS, "features": people.FEATURES,
    "judged": people.JUDGED, "scored": people.SCORED, "ended": people.ENDED, "groups": GROUPS, "reviews": REVIEWS,
    "counts": COUNTS, "answers": ANSWERS, "questions": ANSWERED, "recognition": RECOGNITION, "scores": SCORES,
    "stages": STAGES,
}  # fmt: skip
GOOD = {
    Kind.ID: "007", Kind.NAME: "NA", Kind.TEXT: "-", Kind.LABEL: "word", Kind.NUMBER: "1", Kind.INTEGER: "1",
    Kind.FLAG: "1", Kind.DATE: "2026-11-22", Kind.ANY: "x",
}  # fmt: skip
AS_THEY_STAND = (Kind.ID, Kind.NAME, Kind.TEXT, Kind.ANY)


@pytest.mark.parametrize("name", TABLES)
@settings(max_examples=proof_count(20, 500), deadline=None)
@given(word=st.sampled_from(sorted(MISSING)), data=st.data())
def test_a_missing_value_is_one_in_every_table(name, word, data):
    columns = TABLES[name]
    column = data.draw(st.sampled_from(columns))
    said = data.draw(st.sampled_from([word, word.upper(), f" {word} "]))
    frame = pd.DataFrame([{one.name: GOOD[one.kind] for one in columns} for _ in range(2)])
    frame.loc[1, column.name] = said
    missing = column.kind not in AS_THEY_STAND or not word
    if missing and column.filled:
        with pytest.raises(TableRefused, match=f"row 2, {column.name}"):
            read_table(frame, columns)
        return
    found = read_table(frame, columns).frame[column.name]
    assert pd.isna(found[1]) == missing
    assert not pd.isna(found[0])
    assert missing or found[1] == said.strip()


@pytest.mark.parametrize("name", TABLES)
def test_every_column_says_what_it_is(name):
    assert all(column.meaning for column in TABLES[name])
    assert len({column.name for column in TABLES[name]}) == len(TABLES[name])


def test_groups_count_whoever_said_nothing():
    words = sorted(MISSING)
    frame = pd.DataFrame({"candidate_id": [str(i) for i in range(len(words) + 1)], "sex": ["f", *words]})
    found = read_table(frame, GROUPS, others=Kind.LABEL).frame["sex"]
    assert found.isna().to_numpy().tolist() == [False] + [True] * len(words)
    assert np.sum(found.notna()) == 1
