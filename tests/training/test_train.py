"""From three tables to a model version on disk that scores, with figures that no person's own data inflated."""

import sqlite3
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.commands import told
from tests.training.tables import COMPETENCIES, FILE, write
from vivavoce.data.errors import Exit
from vivavoce.models.directory import load_model
from vivavoce.pipelines.app import app
from vivavoce.pipelines.train import TrainingRequest, train


def trained(paths, out, **changes):
    """The exit status and what was said."""
    asked = {**paths, "framework": FILE, "out": out, "tracking": "none", **changes}
    return told(train, TrainingRequest(**asked), width=200)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    paths = write(folder)
    status, said = trained(paths, folder / "v1")
    assert status == Exit.DONE, said
    return folder, paths, said


def test_the_model_predicts_what_was_planted(run):
    model, _ = load_model(run[0] / "v1")
    for name in COMPETENCIES:
        found = model.documents["validity"]["ratings"][name]
        assert found["score"]["low"] > 0.5
        assert abs(found["answer length"]["value"]) < 0.2
        assert 0.5 < found["reliability of the ratings"]["value"] < 0.95


def test_weights_move_from_the_framework_towards_the_truth(run):
    model, _ = load_model(run[0] / "v1")
    assert model.documents["weights"]["identified"]
    assert model.weights["problem_solving"] < 0.4
    assert model.weights["learning"] > 0.1
    assert sum(model.weights.values()) == pytest.approx(1)
    assert "problem solving .40 → ." in run[2]
    assert model.documents["validity"]["performance"]["correlations"]["learned"]["low"] > 0


def test_the_data_sheet_says_what_was_used(run):
    sheet = load_model(run[0] / "v1")[0].documents["datasheet"]
    assert (sheet["persons"], sheet["raters"], sheet["with performance"]) == (240, 2, 240)
    assert sheet["dropped features"] == {"prosody.rms_constant_db": "one value only"}
    assert set(sheet["digests"]) == {"features", "ratings", "outcomes"}


def test_the_same_inputs_give_the_same_bytes(run):
    folder, paths, _ = run
    assert trained(paths, folder / "again")[0] == Exit.DONE
    assert load_model(folder / "again")[1] == load_model(folder / "v1")[1]


def test_the_saved_model_scores_people(run):
    model, _ = load_model(run[0] / "v1")
    zeros = {one.competency: dict.fromkeys(one.features, np.zeros(3)) for one in model.competencies}
    assert set(model.points(zeros)) == {*COMPETENCIES, "overall"}


def test_no_score_and_no_id_of_a_person_is_in_the_model(run):
    folder, paths, _ = run
    fewer = folder / "fewer.csv"
    pd.concat([pd.read_csv(paths["outcomes"]), pd.DataFrame({"candidate_id": ["stranger"], "value": [1.0]})]).to_csv(
        fewer, index=False
    )
    _, said = trained(paths, folder / "private", outcomes=fewer)
    assert "Left out: 1 outcomes of people not measured (stranger)." in said
    for path in (folder / "private").iterdir():
        assert b"c0007" not in path.read_bytes()
        assert b"stranger" not in path.read_bytes()


def test_without_performance_the_framework_weights_are_kept(run):
    folder, paths, _ = run
    status, said = trained(paths, folder / "unweighted", outcomes=None)
    assert status == Exit.DONE
    assert "no performance was given" in said
    assert load_model(folder / "unweighted")[0].weights["problem_solving"] == 0.4


def test_what_cannot_be_learned_from_is_refused_in_one_sentence(run):
    folder, paths, _ = run
    assert trained(paths, folder / "v1") == (
        Exit.BAD_INPUT,
        f"{folder / 'v1'} exists: a model version never changes. Name a new folder.\n",
    )
    few = folder / "few.csv"
    pd.read_csv(paths["outcomes"])[:30].to_csv(few, index=False)
    status, said = trained(paths, folder / "few", outcomes=few)
    assert status == Exit.BAD_INPUT
    assert "Got 30" in said
    assert not (folder / "few").exists()


def test_tables_of_a_database_give_the_model_that_files_give(run):
    folder, paths, _ = run
    store = folder / "people.db"
    with sqlite3.connect(store) as connection:
        for name in ("ratings", "outcomes"):
            table = pd.read_csv(paths[name], float_precision="round_trip")
            table.sample(frac=1, random_state=0).to_sql(name, connection, index=False)
    connection.close()
    asked = {name: f"sqlite:///{store}#{name}" for name in ("ratings", "outcomes")}
    assert trained(paths, folder / "stored", **asked)[0] == Exit.DONE
    one, other = (load_model(folder / name)[0] for name in ("v1", "stored"))
    assert one.weights == other.weights
    for a, b in zip(one.competencies, other.competencies, strict=True):
        assert (a.coefficients == b.coefficients).all()
    assert {name: table["kind"] for name, table in other.documents["datasheet"]["tables"].items()} == {
        "features": "parquet",
        "ratings": "sqlite",
        "outcomes": "sqlite",
    }


def test_pictures_and_the_sheet_in_words_are_in_the_version(run):
    documents = load_model(run[0] / "v1")[0].documents
    assert documents["datasheet.md"].startswith("# Data sheet: software_engineer")
    for name in ("weights.svg", "calibration.svg"):
        ElementTree.fromstring(documents[name])  # an image of its own
    assert "problem solving" in documents["weights.svg"]


def test_the_command_takes_every_option(run):
    folder, paths, _ = run
    (folder / "selection.yaml").write_text("mechanism: unknown\nsource: nobody knows\n")
    ids = pd.read_csv(paths["outcomes"])["candidate_id"]
    pd.DataFrame({"candidate_id": ids, "weight": 1.0}).to_csv(folder / "weights.csv", index=False)
    asked = {
        "ratings": paths["ratings"],
        "outcomes": paths["outcomes"],
        "criterion": "performance",
        "framework": FILE,
        "out": folder / "all",
        "selection": folder / "selection.yaml",
        "sample-weights": folder / "weights.csv",
        "champion": folder / "v1",
        "tune": 2,
        "seed": 3,
        "tracking-uri": "none",
    }
    line = [text for name, value in asked.items() for text in (f"--{name}", str(value))]
    done = CliRunner().invoke(app, ["train", str(paths["features"]), *line])
    assert done.exit_code == Exit.DONE, done.output
    documents = load_model(folder / "all")[0].documents
    assert documents["search"]["trials"] == 2
    assert documents["champion"]["overall"]["verdict"] == "not shown"
    assert documents["datasheet"]["selection"]["mechanism"] == "unknown"
    assert documents["datasheet"]["sample weights"]["effective interviews"] == pytest.approx(240)
