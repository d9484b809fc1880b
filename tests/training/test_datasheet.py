"""The data sheet counts everything, warns of what spoils a claim, and names nobody."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.training.tables import FRAMEWORK, write
from vivavoce.data.errors import VivaError
from vivavoce.training.datasheet import datasheet, findings, in_words
from vivavoce.training.joining import read_inputs
from vivavoce.training.learned import without_nan

SELECTION = "mechanism: direct\nsource: HR export of 2026-03\napplicants_sd: 1.0\n"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sheet")
    paths = write(folder, n=60)
    ratings = pd.read_csv(paths["ratings"]).replace({"rater": {"r1": "Dr. Stern"}})
    ratings.loc[ratings["rater"] == "Dr. Stern", "value"] = (ratings["value"] - 0.6).clip(1, 5)
    ratings.to_csv(paths["ratings"], index=False)
    later = pd.read_csv(paths["outcomes"])
    pd.concat(
        [
            later.assign(criterion="rating", rater="Boss Berg", saw_score="yes", date="2026-08-01"),
            pd.DataFrame(
                {"candidate_id": later["candidate_id"], "criterion": "stay", "days": 90.0, "observed": [0, 1] * 30}
            ),
            pd.DataFrame(
                {"candidate_id": ["stranger"], "criterion": ["rating"], "value": [1.0], "rater": ["Boss Berg"]}
            ),
        ]
    ).to_csv(paths["outcomes"], index=False)
    (folder / "selection.yaml").write_text(SELECTION)
    return read_inputs(
        paths["features"], paths["ratings"], paths["outcomes"], FRAMEWORK, selection=folder / "selection.yaml"
    )


def test_everything_is_counted(inputs):
    sheet = datasheet(inputs, 0)
    assert (sheet["persons"], sheet["interviews"], sheet["raters"]) == (60, 60, 2)
    assert sheet["criteria"] == {"rating": 60}
    assert sheet["follow-up"] == {"persons": 60, "left": 30, "still there": 30, "median days": 90.0}
    assert sheet["lost"] == {"outcomes of people not measured": 1}
    assert sheet["selection"]["mechanism"] == "direct"
    assert sheet["tables"]["ratings"]["rows"] == 480
    assert sheet["dates"]["outcomes"] == ["2026-08-01", "2026-08-01"]
    assert sheet["rater saw the score"] == {"yes": 60, "no": 0, "not said": 0}
    assert sheet["rater severity"]["teamwork"]["clearly harsher or milder"] == 2  # of two, one is the other's mirror


def test_what_spoils_a_claim_is_said(inputs):
    said = "\n".join(findings(inputs))
    assert "Contaminated criterion: 60 values" in said
    assert "of 2 raters, 2 are clearly harsher or milder" in said
    assert "could not be checked" in said  # interviews carry no dates
    assert "60 people. A correlation of .40" in said


def test_nobody_is_named(inputs):
    page = in_words(without_nan(datasheet(inputs, 0)), "engineer")
    whole = json.dumps(without_nan(datasheet(inputs, 0))) + page
    assert not any(name in whole for name in ("Stern", "Berg", "stranger", "c0007", "ic0007"))
    assert "60 people in 60 interviews" in page
    assert "selection: direct (HR export of 2026-03)" in page


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("mechanism: random\nsource: x\n", "mechanism"),
        ("mechanism: direct\n", "source: This is required"),
        ("mechanism: unknown\nsource: x\napplicants_sd: 1\n", "leave applicants_sd out"),
        ("mechanism: indirect\nsource: x\napplicants_sd: 1\n", "needs the selector"),
        ("mechanism: direct\nsource: x\nreliability: .5\n", "needs its source"),
        ("mechanism: [", "Write valid YAML"),
    ],
)
def test_selections_at_fault(tmp_path, content, match):
    paths = write(tmp_path, n=50)
    (tmp_path / "s.yaml").write_text(content)
    with pytest.raises(VivaError, match=match):
        read_inputs(paths["features"], paths["ratings"], None, FRAMEWORK, selection=tmp_path / "s.yaml")


def test_weights_must_cover_whoever_teaches(tmp_path):
    paths = write(tmp_path, n=60)
    ids = [f"c{i:04d}" for i in range(60)]
    for frame, match in (
        (pd.DataFrame({"candidate_id": ids[:50], "weight": 1.0}), "10 rated candidates: .*Got no weight of c0050"),
        (pd.DataFrame({"candidate_id": ids, "weight": 0.0}), "Write a weight above 0"),
        (pd.DataFrame({"candidate_id": ids, "weight": 1.0, "team": "blue"}), "remove this one. Got .team."),
        (pd.DataFrame({"candidate_id": [*ids, "c0000"], "weight": 1.0}), "One row each"),
    ):
        frame.to_csv(tmp_path / "w.csv", index=False)
        with pytest.raises(VivaError, match=match):
            read_inputs(paths["features"], paths["ratings"], None, FRAMEWORK, weights=tmp_path / "w.csv")
    pd.DataFrame({"candidate_id": ids, "weight": np.arange(1, 61)}).to_csv(tmp_path / "w.csv", index=False)
    found = read_inputs(paths["features"], paths["ratings"], None, FRAMEWORK, weights=tmp_path / "w.csv")
    assert found.weights.tolist() == list(range(1, 61))
