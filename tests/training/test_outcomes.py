"""Several criteria, repeated ratings, leavers and those still there; what cannot be learned from is refused."""

import numpy as np
import pandas as pd
import pytest

from tests.training.tables import FRAMEWORK, save, write
from vivavoce.data.errors import VivaError
from vivavoce.training.joining import read_inputs
from vivavoce.training.outcomes import read_outcomes

JOB = FRAMEWORK.job


def outcomes(n=60):
    """Two ratings of performance each, one KPI, follow-up with some still there."""
    rows = []
    for i in range(n):
        who = f"c{i:04d}"
        for rater in ("boss a", "boss b"):
            day = f"2026-05-{1 + i % 28:02d}"
            value = i / 10 + (0.5 if rater == "boss a" else 0)
            rows.append(
                {
                    "candidate_id": who,
                    "criterion": "rating",
                    "value": value,
                    "rater": rater,
                    "date": day,
                    "saw_score": 0,
                }
            )
        rows.append({"candidate_id": who, "criterion": "sales", "value": 100.0 - i})
        rows.append({"candidate_id": who, "criterion": "retention", "days": 30 + i, "observed": int(i % 3 == 0)})
    return pd.DataFrame(rows)


@pytest.fixture
def put(tmp_path):
    def written(frame=None):
        (outcomes() if frame is None else frame).to_csv(tmp_path / "later.csv", index=False)
        return tmp_path / "later.csv"

    return written


def test_ratings_are_averaged_within_their_criterion_and_leavers_are_kept(put, tmp_path):
    paths = write(tmp_path, n=60)
    found = read_inputs(paths["features"], paths["ratings"], put(), FRAMEWORK, criterion="rating")
    assert found.criterion == "rating"
    assert found.performance == pytest.approx(np.arange(60) / 10 + 0.25)
    assert set(found.criteria) == {"rating", "sales"}
    assert found.criteria["sales"] == pytest.approx(100.0 - np.arange(60))
    assert found.follow_up.days == pytest.approx(30.0 + np.arange(60))
    assert found.follow_up.left.tolist() == [float(i % 3 == 0) for i in range(60)]
    assert found.criterion_reliability.value > 0.95  # a constant difference of half a point between two raters
    assert found.provenance.saw_score == {"yes": 0, "no": 120, "not said": 0}
    assert found.provenance.dates["outcomes"] == ("2026-05-01", "2026-05-28")
    assert not found.same_raters


def test_which_criterion_is_learned_from_must_be_said_where_there_are_several(put):
    with pytest.raises(VivaError, match=r"several criteria \(rating, sales\).*--criterion"):
        read_outcomes(put(), JOB)
    with pytest.raises(VivaError, match="no criterion 'ratin'. Did you mean 'rating'"):
        read_outcomes(put(), JOB, "ratin")
    one = outcomes().query("criterion != 'sales'")
    assert read_outcomes(put(one), JOB)[0].criterion == "rating"  # follow-up cannot be it


def test_weights_are_not_learned_from_people_who_are_still_there(put):
    with pytest.raises(VivaError, match="retention is follow-up with 40 people still there"):
        read_outcomes(put(), JOB, "retention")


def test_whoever_rated_interview_and_performance_is_said_to_be_halo(put, tmp_path):
    paths = write(tmp_path, n=60)
    frame = outcomes().replace({"rater": {"boss a": "r1"}})
    found = read_inputs(paths["features"], paths["ratings"], put(frame), FRAMEWORK, criterion="rating")
    assert found.same_raters


def test_outcomes_of_other_jobs_are_left_out_and_counted(put, tmp_path):
    paths = write(tmp_path, n=60)
    frame = outcomes().query("criterion == 'sales'").assign(job=JOB)
    more = pd.concat([frame, frame[:7].assign(job="clerk", value=0.0)])
    found = read_inputs(paths["features"], paths["ratings"], put(more), FRAMEWORK)
    assert {one.step: one.count for one in found.lost} == {"outcomes in other jobs": 7}
    assert found.performance == pytest.approx(100.0 - np.arange(60))
    with pytest.raises(VivaError, match=f"no row is of the job {JOB}"):
        read_outcomes(put(frame.assign(job="clerk")), JOB)


def test_what_is_older_than_the_interview_is_refused(put, tmp_path):
    paths = write(tmp_path, n=60)
    answers = pd.read_parquet(paths["features"]).assign(recorded_at=pd.Timestamp("2026-05-03", tz="UTC"))
    save(answers, paths["features"])
    match = r"rating of candidate c0000 is of 2026-05-01, before the interview of 2026-05-03 \(12 such rows\)"
    with pytest.raises(VivaError, match=match):
        read_inputs(paths["features"], paths["ratings"], put(), FRAMEWORK, criterion="rating")
    later = outcomes().replace({"date": {f"2026-05-0{day}": "2026-06-01" for day in (1, 2)}})
    found = read_inputs(paths["features"], paths["ratings"], put(later), FRAMEWORK, criterion="rating")
    assert found.provenance.dates["interviews"] == ("2026-05-03", "2026-05-03")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda t: pd.concat([t, t[:1]]), "One row each.*c0000 and rating"),
        (lambda t: t.assign(value=t["value"].astype(object).where(t.index != 0, "good")), "'good'"),
        (lambda t: t.assign(value=t["value"].where(t.index != 0)), "line 2, value: .*Got no number"),
        (lambda t: t.assign(date=t["date"].where(t.index != 0, "May")), "line 2, date: Write a date.*'May'"),
        (lambda t: t.assign(saw_score=t["saw_score"].astype(object).where(t.index != 0, "maybe")), "'maybe'"),
        (lambda t: t.assign(observed=np.nan), "days and observed: .*Got one of the two"),
        (lambda t: t.assign(days=-t["days"]), "days: Write a number of at least 0"),
        (lambda t: t.assign(criterion=t["criterion"].where(t.index != 0)), "line 2, criterion: Fill in"),
        (lambda t: pd.concat([t, t[3:4].assign(rater="x")]), "more than one follow-up"),
    ],
)
def test_outcomes_at_fault(put, change, match):
    with pytest.raises(VivaError, match=match):
        read_outcomes(put(change(outcomes())), JOB, "rating")
