"""A model version on disk: the same numbers back, nothing changed unnoticed, nothing scored on other measurements."""

import gzip
import hashlib
import io
import json
import math
import os
import pickle
import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from safetensors.numpy import save

from tests.conftest import ROOT
from vivavoce.data.errors import AlreadyThere
from vivavoce.data.framework import load_framework
from vivavoce.models import directory
from vivavoce.models.directory import ModelRefused, load_model, save_model
from vivavoce.models.linear.linear_stored import ARRAYS
from vivavoce.models.linear.linear_version import LinearCompetency, LinearVersion
from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.models.score import Norms

FRAMEWORK = load_framework(ROOT / "data" / "frameworks" / "software_engineer.yaml")
NAMES = ("language.words_count", "prosody.f0_median_hz", "language.pronouns_share")
X = np.random.default_rng(0).standard_normal((60, 3))
COLUMNS = {competency: dict(zip(NAMES, X.T, strict=True)) for competency in FRAMEWORK.weights}


def model() -> LinearVersion:
    competencies = []
    for i, competency in enumerate(FRAMEWORK.weights):
        fitted = CompetencyRidge().fit(X, 3 + X @ np.roll([0.5, 0.3, 0.1], i))
        competencies.append(LinearCompetency.of(competency, NAMES, fitted, Norms.of(fitted.predict(X))))
    prints = {name: hashlib.sha256(name.encode()).hexdigest() for name in NAMES}
    documents = {"datasheet": {"persons": 60}, "validity": {"r": None}, "datasheet.md": "# Sixty people\n"}
    return LinearVersion(
        framework=FRAMEWORK,
        competencies=tuple(competencies),
        weights=FRAMEWORK.weights,
        fingerprints=prints,
        recognisers=("whisper:tiny",),
        documents=documents,
    )


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


def test_the_band_is_kept(tmp_path: Path):
    first, *others = model().competencies
    save_model(replace(model(), competencies=(replace(first, question_sd=0.75), *others)), tmp_path / "v")
    assert [one.question_sd for one in load_model(tmp_path / "v")[0].competencies] == [0.75, None, None, None]


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


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("", "not JSON"),
        ("[]", "must map"),
        ("{}", "lacks framework.json, model.json, weights.safetensors"),
        ('{"../../etc/passwd": "0"}', "no file of a model version"),
        ('{"/etc/passwd": "0"}', "no file of a model version"),
        ('{"model.json": "0"}', "SHA-256 of model.json in hex"),
        ('{"model.json": NaN}', "NaN is no number"),
        ("null", "must map"),
        ("[" * 100_000, "not JSON"),
        (json.dumps({f"d{i}.json": "0" * 64 for i in range(99)}), "at most 32 file names"),
    ],
)
def test_a_manifest_that_is_none_is_refused(saved: Path, content: str, match: str):
    (saved / "manifest.json").write_text(content)
    with pytest.raises(ModelRefused, match=match):
        load_model(saved)


class Payload:
    """Writes a file when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self):
        return os.system, (f"touch {self.canary}",)


def torch_zip(content: bytes) -> bytes:
    """The container that torch.save writes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/version", "3")
    return file.getvalue()


def zip_slip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../canary", "out of the folder")
    return file.getvalue()


def joblib_dump(payload: Payload) -> bytes:
    file = io.BytesIO()
    joblib.dump(payload, file)
    return file.getvalue()


FORMS = {
    "model.pkl": pickle.dumps,
    "model.pkl.gz": lambda payload: gzip.compress(pickle.dumps(payload)),
    "model.joblib": joblib_dump,
    "model.pt": lambda payload: torch_zip(pickle.dumps(payload)),
    "model.zip": lambda _: zip_slip(),
    "MLmodel": lambda _: b"flavors:\n  python_function:\n    loader_module: canary\n    code: code\n",
    "canary.py": lambda payload: f"open({str(payload.canary)!r}, 'w')".encode(),
}


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "canary"
    assert not (tmp_path / "canary").exists(), "loading ran what the folder holds"


def put(folder: Path, name: str, content: bytes) -> None:
    """Write a file, and its digest into the manifest: what somebody does who can write the folder."""
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest[name] = hashlib.sha256(content).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("name", FORMS)
class TestCodeInTheFolder:
    def test_beside_the_files(self, saved: Path, canary: Path, name: str):
        (saved / name).write_bytes(FORMS[name](Payload(canary)))
        with pytest.raises(ModelRefused, match=f"differ in {re.escape(name)}"):
            load_model(saved)

    def test_listed_in_the_manifest(self, saved: Path, canary: Path, name: str):
        put(saved, name, FORMS[name](Payload(canary)))
        with pytest.raises(ModelRefused, match=f"lists '{re.escape(name)}', which is no file of a model version"):
            load_model(saved)

    @pytest.mark.parametrize("file", ["weights.safetensors", "model.json", "framework.json", "datasheet.json"])
    def test_in_place_of_a_file(self, saved: Path, canary: Path, name: str, file: str):
        put(saved, file, FORMS[name](Payload(canary)))
        with pytest.raises(ModelRefused, match=re.escape(file)):
            load_model(saved)


class TestWhatIsNoPlainFile:
    def test_links(self, saved: Path, tmp_path: Path):
        (saved / "weights.safetensors").rename(tmp_path / "elsewhere")
        (saved / "weights.safetensors").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(ModelRefused, match="no link"):
            load_model(saved)

    def test_a_manifest_that_is_a_link(self, saved: Path, tmp_path: Path):
        (saved / "manifest.json").rename(tmp_path / "elsewhere")
        (saved / "manifest.json").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(ModelRefused, match="no link"):
            load_model(saved)

    def test_pipes_are_not_waited_for(self, saved: Path):
        (saved / "weights.safetensors").unlink()
        os.mkfifo(saved / "weights.safetensors")
        with pytest.raises(ModelRefused, match="must be a plain file"):
            load_model(saved)

    def test_folders(self, saved: Path):
        (saved / "weights.safetensors").unlink()
        (saved / "weights.safetensors").mkdir()
        with pytest.raises(ModelRefused, match="must be a plain file"):
            load_model(saved)

    def test_what_is_not_there(self, tmp_path: Path):
        with pytest.raises(ModelRefused, match="is no folder: name one that viva train wrote"):
            load_model(tmp_path / "nowhere")

    def test_files_that_are_too_large_are_not_read(self, saved: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(directory, "MAX_BYTES", 10_000)
        with pytest.raises(ModelRefused, match="at most 10000 bytes"):
            load_model(saved)


def tensors(**changes: np.ndarray) -> bytes:
    """The model's tensors, some of them others."""
    whole = {f"{one.competency}.{array}": getattr(one, array) for one in model().competencies for array in ARRAYS}
    return save({**whole, **changes})


COEFFICIENTS = model().competencies[0].coefficients
HUGE = 2**40  # bytes of header that eight bytes claim


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (tensors(**{"teamwork.coefficients": COEFFICIENTS.astype(np.float32)}), "3 float64 numbers. Got float32"),
        (tensors(**{"teamwork.coefficients": COEFFICIENTS.astype(np.float16)}), "Got float16"),
        (tensors(**{"teamwork.coefficients": COEFFICIENTS.astype(np.int64)}), "Got int64"),
        (tensors(**{"teamwork.coefficients": COEFFICIENTS[:2]}), r"Got float64 \(2,\)"),
        (tensors(**{"teamwork.coefficients": COEFFICIENTS[:, None]}), r"Got float64 \(3, 1\)"),
        (tensors(**{"teamwork.coefficients": np.array([1.0, np.nan, 0.0])}), "teamwork: every number must be finite"),
        (tensors(**{"teamwork.scale": np.array([1.0, np.inf, 0.0])}), "teamwork: every number must be finite"),
        (tensors(**{"hidden.weights": np.zeros(3)}), "differ in hidden.weights"),
        (save({"teamwork.mean": np.zeros(3)}), "differ in "),
        (struct.pack("<Q", HUGE) + b"{}", "no safetensors file"),
        (struct.pack("<Q", 2**63) + b"{}", "no safetensors file"),
        (struct.pack("<Q", 2) + b"{}", "differ in "),
        (tensors()[:-8], "no safetensors file"),
        (tensors() + b"trailing", "no safetensors file"),
        (b"", "no safetensors file"),
    ],
)
def test_tensors_that_are_not_the_models_are_refused(saved: Path, content: bytes, match: str):
    put(saved, "weights.safetensors", content)
    with pytest.raises(ModelRefused, match=match):
        load_model(saved)


def changed_head(saved: Path, change: Callable[[Any], object]) -> None:
    head = json.loads((saved / "model.json").read_text())
    change(head)
    put(saved, "model.json", json.dumps(head).encode())


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda head: head.update(format=1), "model.json, format: Input should be 3"),
        (lambda head: head.update(kind="pyfunc"), "model.json, kind"),
        (lambda head: head.update(standing="published"), "model.json, standing: Input should be 'experimental'"),
        (lambda head: head.update(loader="canary"), "model.json, loader: Extra inputs are not permitted"),
        (lambda head: head.pop("recognisers"), "model.json, recognisers: Field required"),
        (lambda head: head.update(job="store_manager"), "not the framework that model.json names"),
        (lambda head: head.update(framework="0" * 64), "not the framework that model.json names"),
        (lambda head: head["weights"].update(teamwork=math.nan), "model.json"),
        (lambda head: head["weights"].update(teamwork=-0.2), "at least 0"),
        (lambda head: head["weights"].update(teamwork="0.2"), "model.json, weights.teamwork"),
        (lambda head: head["competencies"][0].update(intercept=math.inf), "model.json"),
        (lambda head: head["competencies"][0].update(least_measured=-1), "least_measured"),
        (lambda head: head["competencies"][0]["norms"].update(sd=0), "norms.sd"),
        (lambda head: head["competencies"][0].update(id="../up"), "differ in "),
        (lambda head: head["competencies"].reverse(), "in this order"),
        (lambda head: head["fingerprints"].update({"face.unused_deg": "0"}), "on one side only"),
        (
            lambda head: [
                one.update(features=["face.emotion_score", *one["features"][1:]]) for one in head["competencies"]
            ],
            "claims emotion",
        ),
    ],
)
def test_heads_that_fit_nothing_are_refused(saved: Path, change, match: str):
    changed_head(saved, change)
    with pytest.raises(ModelRefused, match=match):
        load_model(saved)


@pytest.mark.parametrize("file", ["model.json", "framework.json", "datasheet.json"])
@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a":' * 100_000, b"1e", b"\xff\xfe", b"NaN"])
def test_json_that_cannot_be_read_is_refused(saved: Path, file: str, content: bytes):
    put(saved, file, content)
    with pytest.raises(ModelRefused, match=re.escape(file)):
        load_model(saved)


def test_a_number_too_large_for_a_float_is_refused(saved: Path):
    text = re.sub(r'"intercept": [^,]+', '"intercept": 1e999', (saved / "model.json").read_text())
    put(saved, "model.json", text.encode())
    with pytest.raises(ModelRefused, match=r"intercept"):
        load_model(saved)


def test_digests_that_changed_places_are_noticed(saved: Path):
    manifest = json.loads((saved / "manifest.json").read_text())
    manifest["datasheet.json"], manifest["validity.json"] = manifest["validity.json"], manifest["datasheet.json"]
    (saved / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelRefused, match="differs from the manifest"):
        load_model(saved)


def test_tensors_that_changed_places_are_another_model(saved: Path):
    """Somebody who rewrites all of it makes a model of another digest: what signatures are for."""
    digest = load_model(saved)[1]
    one = model().competencies[0]
    swapped = {f"{one.competency}.coefficients": one.mean, f"{one.competency}.mean": one.coefficients}
    put(saved, "weights.safetensors", tensors(**swapped))
    assert load_model(saved)[1] != digest
    with pytest.raises(ModelRefused, match="not the model that was asked for"):
        load_model(saved, digest=digest)


def test_a_folder_that_exists_is_never_written_to(saved: Path):
    with pytest.raises(AlreadyThere, match="never changes"):
        save_model(model(), saved)


def test_documents_have_names_of_their_own(tmp_path: Path):
    for name in ("../up", "model", "manifest", ""):
        with pytest.raises(ValueError, match="a lower-case word of its own"):
            save_model(replace(model(), documents={name: {}}), tmp_path / "v")
    assert not (tmp_path / "v").exists()
