"""Weights that make group and rating independent; training takes them and never sees a group."""

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest

from tests.commands import told
from tests.training.tables import FILE, write
from vivavoce.data.errors import Exit
from vivavoce.models.directory import load_model
from vivavoce.pipelines.reweigh import reweigh
from vivavoce.pipelines.train import TrainingRequest, train


def weighed(**asked):
    return told(reweigh, asked.pop("table"), **asked)


@pytest.fixture
def people(tmp_path):
    """Outcomes that stand two points higher in one group than in the other, and a few who declared nothing."""
    rng = np.random.default_rng(0)
    n = 400
    ids = [f"c{i:03d}" for i in range(n)]
    group = np.where(np.arange(n) % 20 == 0, "", np.where(rng.random(n) < 0.4, "blue", "green"))
    value = rng.standard_normal(n) + np.where(group == "blue", -1.0, 0.0)
    pd.DataFrame({"candidate_id": ids, "value": value}).to_csv(tmp_path / "outcomes.csv", index=False)
    pd.DataFrame({"candidate_id": ids, "team": group, "site": "north"}).to_csv(tmp_path / "groups.csv", index=False)
    return tmp_path, group, value


def test_weighted_group_means_of_the_classes_are_equal(people):
    folder, group, value = people
    out = folder / "weights.parquet"
    status, said = weighed(table=folder / "outcomes.csv", groups=folder / "groups.csv", by=("team",), out=folder)
    assert status == Exit.DONE
    assert "blue" in said
    assert "unknown 20" in said
    found = pd.read_parquet(out)
    w = found["weight"].to_numpy()
    classes = np.searchsorted(np.quantile(value, [0.2, 0.4, 0.6, 0.8]), value, "right")
    means = {name: np.average(classes[group == name], weights=w[group == name]) for name in ("blue", "green", "")}
    assert np.ptp(list(means.values())) < 1e-9
    raw = {name: classes[group == name].mean() for name in ("blue", "green")}
    assert abs(raw["green"] - raw["blue"]) > 0.5


def test_the_file_holds_ids_and_weights_and_nothing_else(people):
    folder, *_ = people
    out = folder / "weights.parquet"
    weighed(table=folder / "outcomes.csv", groups=folder / "groups.csv", by=("team",), out=folder)
    schema = pyarrow.parquet.read_schema(out)
    assert schema.names == ["candidate_id", "weight"]
    assert not any(word in out.read_bytes() for word in (b"blue", b"green", b"team"))
    status, said = weighed(table=folder / "outcomes.csv", groups=folder / "groups.csv", by=("team",), out=folder)
    assert status == Exit.BAD_INPUT
    assert "exists" in said


def test_ratings_that_name_interviews_need_to_know_whose_they_are(people):
    folder, *_ = people
    paths = write(folder, n=60)
    groups = folder / "declared.csv"
    pd.DataFrame({"candidate_id": [f"c{i:04d}" for i in range(60)], "team": ["a", "b"] * 30}).to_csv(
        groups, index=False
    )
    asked = {"table": paths["ratings"], "groups": groups, "by": ("team",)}
    status, said = weighed(**asked, out=folder / "w1")
    assert status == Exit.BAD_INPUT
    assert "--interviews" in said
    assert weighed(**asked, out=folder / "w1", interviews=paths["features"])[0] == Exit.DONE
    assert len(pd.read_parquet(folder / "w1" / "weights.parquet")) == 60


def test_several_criteria_and_unknown_attributes_are_refused(people):
    folder, *_ = people
    table = pd.read_csv(folder / "outcomes.csv").assign(criterion=["sales", "service"] * 200)
    table.to_csv(folder / "several.csv", index=False)
    asked = {"table": folder / "several.csv", "groups": folder / "groups.csv", "out": folder / "w"}
    assert "sales, service" in weighed(**asked, by=("team",))[1]
    assert weighed(**asked, by=("team",), criterion="sales")[0] == Exit.DONE
    assert "Name an attribute" in weighed(**{**asked, "out": folder / "v"}, by=("age",), criterion="sales")[1]


def test_training_takes_the_weights_and_says_so(tmp_path):
    paths = write(tmp_path, n=80)
    rng = np.random.default_rng(1)
    ids = [f"c{i:04d}" for i in range(80)]
    pd.DataFrame({"candidate_id": ids, "weight": rng.uniform(0.5, 2, 80)}).to_csv(tmp_path / "w.csv", index=False)
    asked = {**paths, "outcomes": None, "framework": FILE, "tracking": "none"}
    assert train(TrainingRequest(**asked, out=tmp_path / "plain")).exit == Exit.DONE
    again = train(TrainingRequest(**asked, out=tmp_path / "fair", sample_weights=tmp_path / "w.csv"))
    assert again.exit == Exit.DONE
    plain, fair = (load_model(tmp_path / name)[0] for name in ("plain", "fair"))
    assert not np.allclose(plain.competencies[0].coefficients, fair.competencies[0].coefficients)
    sheet = fair.documents["datasheet"]["sample weights"]
    assert sheet["effective interviews"] < 80
    assert sheet["sha256"] == fair.documents["datasheet"]["digests"]["weights"]
    assert plain.documents["datasheet"]["sample weights"] is None
    assert "sample weights" in fair.documents["datasheet.md"]
