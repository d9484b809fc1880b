"""Ratings of competencies and of questions; raters who are harsh, and raters who become so."""

import numpy as np
import pandas as pd
import pytest

from tests.training.tables import COMPETENCIES, FRAMEWORK
from vivavoce.data.errors import VivaError
from vivavoce.training.ratings import read_ratings, severity


def panel(n=120, harsh=0.0, drifting=0.0, seed=0):
    """Three raters each; the first is harsh by so many points, the second becomes so within a year."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        level = 3 + 0.7 * rng.standard_normal()
        for rater in ("ann", "bo", "cy"):
            less = harsh * (rater == "ann") + drifting * (rater == "bo") * i / n
            day = pd.Timestamp("2025-01-01") + pd.Timedelta(days=int(365 * i / n))
            value = float(np.clip(level - less + 0.3 * rng.standard_normal(), 1, 5))
            rows.append((f"i{i:03d}", rater, "teamwork", value, day.strftime("%Y-%m-%d")))
    return pd.DataFrame(rows, columns=["interview_id", "rater", "competency", "value", "date"])


@pytest.fixture
def put(tmp_path):
    def written(frame):
        frame.to_csv(tmp_path / "ratings.csv", index=False)
        return tmp_path / "ratings.csv"

    return written


def test_a_harsh_rater_is_found_and_named_to_nobody_in_the_document(put):
    found = severity(read_ratings(put(panel(harsh=0.8)), FRAMEWORK).rows, "teamwork")
    assert found.raters[0].rater == "ann"
    assert found.severe[0].severity.low < 0.8 * 2 / 3 < found.severe[0].severity.high  # beside the average of three
    assert "ann" not in str(found.document())
    assert not found.drifting


def test_a_rater_who_becomes_harsh_is_found(put):
    found = severity(read_ratings(put(panel(drifting=1.0)), FRAMEWORK).rows, "teamwork")
    assert found.drifting
    drift = next(one.drift for one in found.raters if one.rater == "bo")
    assert drift.low < 2 / 3 < drift.high  # points a year beside the average of three


def test_raters_who_are_alike_are_not_accused(put):
    flagged = [severity(read_ratings(put(panel(seed=seed)), FRAMEWORK).rows, "teamwork") for seed in range(10)]
    assert sum(bool(one.severe or one.drifting) for one in flagged) <= 2


def test_a_drift_that_all_share_shows_in_the_later_half(put):
    frame = panel()
    later = frame["interview_id"] >= "i060"
    frame.loc[later, "value"] = (frame.loc[later, "value"] - 0.7).clip(1, 5)
    found = severity(read_ratings(put(frame), FRAMEWORK).rows, "teamwork")
    assert found.shift.value < -0.5
    assert not found.severe


def test_without_dates_or_with_one_rater_it_says_so(put):
    one = severity(read_ratings(put(panel().drop(columns="date")), FRAMEWORK).rows, "teamwork")
    assert "no dates" in one.shift.reason
    assert severity(read_ratings(put(panel().query("rater == 'bo'")), FRAMEWORK).rows, "teamwork").reason.startswith(
        "1"
    )


def test_a_rated_question_counts_for_what_it_shows(put):
    question = FRAMEWORK.questions[0]
    other = next(one for one in FRAMEWORK.questions if set(one.shows) & set(question.shows) and one is not question)
    both = sorted(set(question.shows) & set(other.shows))[0]
    rows = [("i1", "ann", question.id, 2.0), ("i1", "ann", other.id, 5.0)]
    found = read_ratings(put(pd.DataFrame(rows, columns=["interview_id", "rater", "question_id", "value"])), FRAMEWORK)
    values = found.rows.set_index("competency")["value"]
    assert found.by_question == 2
    assert values[both] == 3.5
    assert set(values.index) == set(question.shows) | set(other.shows)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda t: t.drop(columns="competency"), "'competency' or 'question_id'"),
        (lambda t: t.assign(question_id="q1"), "one question. Got both"),
        (lambda t: t.assign(competency=None), "Got neither"),
        (
            lambda t: t.drop(columns="competency").assign(question_id="q99"),
            "question_id: It is none of software_engineer.*Got q99",
        ),
        (lambda t: t.assign(rater=None), "line 2, rater: Fill in"),
        (lambda t: t.assign(competency="team_work"), "Did you mean 'teamwork'"),
    ],
)
def test_ratings_at_fault(put, change, match):
    assert "teamwork" in COMPETENCIES
    with pytest.raises(VivaError, match=match):
        read_ratings(put(change(panel(n=5))), FRAMEWORK)
