"""A model version on disk: the same numbers back, nothing changed unnoticed, nothing scored on other measurements."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from vivavoce.data.framework import load_framework
from vivavoce.data.refused import RefusedName
from vivavoce.models.directory import ModelRefused, load_model, save_model
from vivavoce.models.linear import CompetencyRidge
from vivavoce.models.norms import Norms
from vivavoce.models.version import LinearCompetency, ModelDiffers, ModelVersion

FRAMEWORK = load_framework(ROOT / "data" / "frameworks" / "software_engineer.yaml")
NAMES = ("language.words_count", "prosody.f0_median_hz", "language.pronouns_share")
X = np.random.default_rng(0).standard_normal((60, 3))
COLUMNS = {competency: dict(zip(NAMES, X.T, strict=True)) for competency in FRAMEWORK.weights}


def model() -> ModelVersion:
    competencies = []
    for i, competency in enumerate(FRAMEWORK.weights):
        fitted = CompetencyRidge().fit(X, 3 + X @ np.roll([0.5, 0.3, 0.1], i))
        competencies.append(LinearCompetency.of(competency, NAMES, fitted, Norms.of(fitted.predict(X))))
    prints = {name: hashlib.sha256(name.encode()).hexdigest() for name in NAMES}
    documents = {"datasheet": {"persons": 60}, "validity": {"r": None}, "datasheet.md": "# Sixty people\n"}
    return ModelVersion(FRAMEWORK, tuple(competencies), FRAMEWORK.weights, prints, ("whisper:tiny",), documents)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_model(model(), tmp_path / "v1")
    return tmp_path / "v1"


def test_what_is_loaded_scores_bit_for_bit_alike(saved: Path):
    found, _ = load_model(saved)
    for name, points in model().points(COLUMNS).items():
        assert found.points(COLUMNS)[name].tobytes() == points.tobytes()
    assert found.documents == model().documents
    assert found.framework == FRAMEWORK


def test_the_same_model_has_the_same_bytes(saved: Path, tmp_path: Path):
    digest = save_model(model(), tmp_path / "again")
    assert load_model(saved, digest=digest)[1] == digest
    assert all((tmp_path / "again" / path.name).read_bytes() == path.read_bytes() for path in saved.iterdir())


def test_every_changed_byte_is_noticed(saved: Path):
    for path in sorted(saved.iterdir()):
        whole = path.read_bytes()
        path.write_bytes(whole[:-2] + bytes([whole[-2] ^ 1]) + whole[-1:])
        with pytest.raises(ModelRefused):
            load_model(saved)
        path.write_bytes(whole)
    load_model(saved)


def test_a_rewritten_manifest_is_another_model(saved: Path):
    digest = load_model(saved)[1]
    head = json.loads((saved / "model.json").read_text())
    head["recognisers"] = ["anything"]
    (saved / "model.json").write_text(json.dumps(head))
    manifest = json.loads((saved / "manifest.json").read_text())
    manifest["model.json"] = hashlib.sha256((saved / "model.json").read_bytes()).hexdigest()
    (saved / "manifest.json").write_text(json.dumps(manifest))
    load_model(saved)
    with pytest.raises(ModelRefused, match="not the model that was asked for"):
        load_model(saved, digest=digest)


def test_files_that_were_added_or_taken_are_named(saved: Path):
    (saved / "extra.json").write_text("{}")
    with pytest.raises(ModelRefused, match=r"differ in extra\.json"):
        load_model(saved)
    (saved / "extra.json").unlink()
    (saved / "datasheet.json").unlink()
    with pytest.raises(ModelRefused, match=r"differ in datasheet\.json"):
        load_model(saved)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"../../etc/passwd": "0"}', "null", "3"])
def test_a_folder_that_is_no_model_is_refused(saved: Path, content: str):
    (saved / "manifest.json").write_text(content)
    with pytest.raises(ModelRefused):
        load_model(saved)


def test_a_folder_that_exists_is_never_written_to(saved: Path):
    with pytest.raises(FileExistsError, match="never changes"):
        save_model(model(), saved)


def test_documents_have_names_of_their_own(tmp_path: Path):
    for name in ("../up", "model", "manifest", ""):
        with pytest.raises(ValueError, match="a lower-case word of its own"):
            save_model(replace(model(), documents={name: {}}), tmp_path / "v")
    assert not (tmp_path / "v").exists()


def test_other_measurements_are_refused_and_every_difference_is_named():
    one = model()
    one.check({**one.fingerprints, "face.unused": "0"}, {"whisper:tiny"})
    changed = {**one.fingerprints, NAMES[0]: "f" * 64}
    del changed[NAMES[1]]
    with pytest.raises(ModelDiffers) as refused:
        one.check(changed, {"whisper:tiny", "pocketsphinx"})
    assert len(refused.value.differences) == 3
    assert "language.words_count: fingerprint " in str(refused.value)
    assert "prosody.f0_median_hz" in str(refused.value)
    assert "→ absent" in str(refused.value)
    assert "recogniser pocketsphinx (accepted: whisper:tiny)" in str(refused.value)


def test_the_middle_of_the_scale_is_the_applicants_mean():
    points = model().points(COLUMNS)
    assert all(values.mean() == pytest.approx(50, abs=0.5) for values in points.values())
    assert points["problem_solving"].std(ddof=1) == pytest.approx(15, abs=0.5)


def test_without_one_competency_there_is_no_overall_score():
    one = model()
    for name in NAMES:
        columns = {key: values.copy() for key, values in zip(NAMES, X.T, strict=True)}
        columns[name][0] = np.nan
        points = one.points(dict.fromkeys(FRAMEWORK.weights, columns))
        missing = [competency for competency in FRAMEWORK.weights if np.isnan(points[competency][0])]
        assert missing
        assert np.isnan(points["overall"][0])
        assert np.isfinite(points["overall"][1:]).all()


def test_refused_names_are_no_targets():
    with pytest.raises(RefusedName, match="claims emotion"):
        replace(model().competencies[0], competency="excited")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"weights": {"problem_solving": 1.0}}, "in this order"),
        ({"weights": dict.fromkeys(FRAMEWORK.weights, 0.5)}, "sum to 1"),
        ({"fingerprints": {}}, "on one side only"),
    ],
)
def test_parts_that_do_not_fit_are_refused(change, match):
    with pytest.raises(ValueError, match=match):
        replace(model(), **change)
