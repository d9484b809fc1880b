"""Which column people are held together by, wherever it stands; what cannot serve is refused with the way out."""

import pandas as pd
import pytest

from tests.training.tables import FRAMEWORK, save, write
from vivavoce.training import BadTraining
from vivavoce.training.joining import read_inputs


@pytest.fixture
def tables(tmp_path):
    """Three tables of sixty people, and what reads them after a change."""
    paths = write(tmp_path, n=60)
    frames = {
        "features": pd.read_parquet(paths["features"]),
        **{name: pd.read_csv(paths[name]) for name in ("ratings", "outcomes")},
    }

    def read(split, **changed):
        for name, frame in {**frames, **changed}.items():
            if name == "features":
                save(frame, paths[name])
            else:
                frame.to_csv(paths[name], index=False)
        return read_inputs(paths["features"], paths["ratings"], paths["outcomes"], FRAMEWORK, split=split)

    return frames, read


def number(ids):
    return ids.str.extract(r"(\d+)$")[0].astype(int)


def test_a_column_serves_wherever_it_stands(tables):
    frames, read = tables
    features = frames["features"].assign(employer=number(frames["features"]["candidate_id"]).mod(4).map("e{}".format))
    found = read("employer", features=features)
    assert (found.scheme.by, found.scheme.groups, found.scheme.ties) == ("employer", 4, 4)
    assert found.employer is not None
    assert set(found.employer) == {"e0", "e1", "e2", "e3"}
    outcomes = frames["outcomes"].assign(department=number(frames["outcomes"]["candidate_id"]).mod(3))
    assert read("department", outcomes=outcomes).scheme.groups == 3
    ratings = frames["ratings"].assign(panel=number(frames["ratings"]["interview_id"]).mod(5))
    assert read("ratings.panel", ratings=ratings).scheme.groups == 5


def test_one_column_in_two_tables_is_asked_about(tables):
    frames, read = tables
    outcomes = frames["outcomes"].assign(rater=number(frames["outcomes"]["candidate_id"]).mod(3).map("boss{}".format))
    with pytest.raises(BadTraining, match=r"2 tables have this column. Write ratings.rater or outcomes.rater"):
        read("rater", outcomes=outcomes)
    assert read("outcomes.rater", outcomes=outcomes).scheme.groups == 3


def test_raters_who_share_everybody_tie_all_into_one(tables):
    with pytest.raises(BadTraining, match="All 2 groups of rater are tied into one .* or split by person"):
        tables[1]("rater")


def test_a_value_that_is_missing_could_be_any(tables):
    frames, read = tables
    site = number(frames["features"]["candidate_id"]).mod(4).astype(str)
    features = frames["features"].assign(site=site.where(frames["features"]["candidate_id"] != "c0007"))
    with pytest.raises(BadTraining, match=r"site is missing for 1 of 60 people \(c0007\), who could belong to any"):
        read("site", features=features)
    few = frames["outcomes"].assign(team=number(frames["outcomes"]["candidate_id"]).mod(4))[:55]
    with pytest.raises(BadTraining, match=r"team is missing for 5 of 60 people \(c0055, .*split by person"):
        read("team", outcomes=few)


def test_time_needs_every_date_and_more_than_one(tables):
    frames, read = tables
    with pytest.raises(BadTraining, match="recorded_at is missing for 60 of 60 interviews"):
        read("time")
    days = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(number(frames["features"]["candidate_id"]), "D")
    assert read("time", features=frames["features"].assign(recorded_at=days)).scheme.groups == 60
    with pytest.raises(BadTraining, match="recorded at one moment"):
        read("time", features=frames["features"].assign(recorded_at=days.iloc[0]))


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ("candidate_id", "Write person"),
        ("sex", "training opens no declared group"),
        ("value", "value is what is learned from, and no group"),
        ("employr", "no table has such a column"),
        ("features.site", "no table has such a column"),
        ("language.length_words", "no table has such a column"),
        ("job", "Everybody here is of one job"),
    ],
)
def test_what_is_no_group_is_refused(tables, split, said):
    with pytest.raises(BadTraining, match=said):
        tables[1](split)


def test_the_usual_is_person(tables):
    assert tables[1]("person").scheme.by == "person"
