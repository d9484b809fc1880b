"""Malicious artefacts, twelve and fusion's, at every door: refused with a named reason; their code never runs."""

import gzip
import hashlib
import json
import pickle
import re
import shutil
import struct
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save
from typer.testing import CliRunner, Result

from tests.data.log.logs import make_key
from tests.models.fusions import planted
from tests.pipelines.bundles import NOW, bundle_of, make_model
from tests.pipelines.registries import House, make_house
from vivavoce.data.signing.key import Role, SigningKey
from vivavoce.models.directory import ModelRefused, load_model, save_model
from vivavoce.pipelines.app import app
from vivavoce.pipelines.publishing.bundle import sign_bundle, verify_bundle

TENSORS = "weights.safetensors"


class Bomb:
    """Whoever unpickles it writes the canary."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return exec, (f"open({str(self.canary)!r}, 'w').write('run')",)


def forge(folder: Path, name: str, content: bytes) -> None:
    """Put a file into a model version and make its manifest agree, as whoever made the artefact would."""
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest[name] = hashlib.sha256(content).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def pickled(folder: Path, canary: Path) -> None:
    forge(folder, "model.pkl", pickle.dumps(Bomb(canary)))


def gzip_pickled(folder: Path, canary: Path) -> None:
    forge(folder, "model.json", gzip.compress(pickle.dumps(Bomb(canary))))


def joblib_dumped(folder: Path, canary: Path) -> None:
    import joblib

    joblib.dump(Bomb(canary), folder / "scratch")
    forge(folder, "model.joblib", (folder / "scratch").read_bytes())
    (folder / "scratch").unlink()


def torch_saved(folder: Path, canary: Path) -> None:
    with zipfile.ZipFile(folder / "scratch", "w") as archive:  # as torch.save writes it
        archive.writestr("archive/data.pkl", pickle.dumps(Bomb(canary)))
        archive.writestr("archive/version", "3\n")
    content = (folder / "scratch").read_bytes()
    (folder / "scratch").unlink()
    forge(folder, TENSORS, content)


def mlmodel_with_loader(folder: Path, canary: Path) -> None:
    (folder / "loader.py").write_text(f"open({str(canary)!r}, 'w').write('run')")
    flavour = "flavors:\n  python_function:\n    loader_module: loader\n    code: .\n"
    forge(folder, "MLmodel", flavour.encode())


def traversal(folder: Path, canary: Path) -> None:
    canary.with_suffix(".json").write_text("{}")
    forge(folder, f"../{canary.with_suffix('.json').name}", b"{}")


def link(folder: Path, canary: Path) -> None:
    (folder / "framework.json").rename(canary.with_suffix(".json"))
    (folder / "framework.json").symlink_to(canary.with_suffix(".json"))


def zip_slip(folder: Path, canary: Path) -> None:
    with zipfile.ZipFile(folder / "model.zip", "w") as archive:
        archive.writestr(f"../{canary.name}", "run")
    with tarfile.open(folder / "model.tar", "w") as archive:
        member = tarfile.TarInfo(str(canary))
        archive.addfile(member)
    forge(folder, "model.zip", (folder / "model.zip").read_bytes())


def huge_header(folder: Path, _: Path) -> None:
    forge(folder, TENSORS, struct.pack("<Q", 2**62) + b"{}")


def wrong_dtype(folder: Path, _: Path) -> None:
    tensors = load((folder / TENSORS).read_bytes())
    forge(folder, TENSORS, save({name: values.astype(np.float16) for name, values in tensors.items()}))


def swapped_digests(folder: Path, _: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    first, second, *_ = manifest
    manifest[first], manifest[second] = manifest[second], manifest[first]
    (folder / "manifest.json").write_text(json.dumps(manifest))


def foreign_schema(folder: Path, _: Path) -> None:
    forge(folder, "model.json", json.dumps({"format": 99, "kind": "sklearn", "class": "os.system"}).encode())


ARTEFACTS: dict[Callable[[Path, Path], None], str] = {
    pickled: r"model\.pkl",
    gzip_pickled: r"model\.json",
    joblib_dumped: r"model\.joblib",
    torch_saved: "weights",
    mlmodel_with_loader: "MLmodel|loader",
    traversal: r"\.\./canary\.json",
    link: r"framework\.json",
    zip_slip: r"model\.(zip|tar)",
    huge_header: "weights|[Hh]eader",
    wrong_dtype: "F64|float64|dtype",
    swapped_digests: "SHA-256 differs",
    foreign_schema: r"model\.json|format",
}


def fusion_head(folder: Path, **changes: object) -> None:
    forge(folder, "model.json", json.dumps(json.loads((folder / "model.json").read_text()) | changes).encode())


def fusion_tensor(folder: Path, name: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    tensors = load((folder / TENSORS).read_bytes())
    forge(folder, TENSORS, save(tensors | {name: np.ascontiguousarray(change(tensors[name]))}))


def half_precision(folder: Path, _: Path) -> None:
    fusion_tensor(folder, "network/hidden.weight", lambda values: values.astype(np.float16))


def nan_weights(folder: Path, _: Path) -> None:
    fusion_tensor(folder, "network/linear.weight", lambda values: values * np.nan)


def other_shape(folder: Path, _: Path) -> None:
    fusion_tensor(folder, "network/encoders.text.cell.weight_hh", lambda values: values.reshape(-1))


def negative_width(folder: Path, _: Path) -> None:
    fusion_head(folder, width=-1)


def endless_width(folder: Path, _: Path) -> None:
    fusion_head(folder, width=2**40)


def columns_out_of_range(folder: Path, _: Path) -> None:
    fusion_head(folder, modalities={"text": [0, 1], "voice": [99]})


def named_like_code(folder: Path, _: Path) -> None:
    fusion_head(folder, modalities={"__class__.__init__": [0, 1], "voice": [2]})


FUSION: dict[Callable[[Path, Path], None], str] = {
    pickled: r"model\.pkl",
    torch_saved: "weights",
    huge_header: "weights|[Hh]eader",
    half_precision: r"network/hidden\.weight must be float32",
    nan_weights: r"network/linear\.weight: every number must be finite",
    other_shape: r"weight_hh must be float32",
    negative_width: r"model\.json, width",
    endless_width: r"model\.json, width",
    columns_out_of_range: "columns 0 to 2, each once",
    named_like_code: r"model\.json, modalities",
}


def viva(environment: dict[str, str], *arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={**environment, "COLUMNS": "300"})


@dataclass(frozen=True)
class Insider:
    """Somebody with good keys who is fooled, or not good: what they sign is refused all the same."""

    house: House
    key: SigningKey

    def signed(self, folder: Path, model: Path) -> Path:
        """A bundle of a good model in which the model was exchanged before it was listed and signed."""
        bundle_of(folder, make_model(folder.with_name("good")))
        shutil.rmtree(folder / "model")
        shutil.copytree(model, folder / "model", symlinks=True)
        manifest = json.loads((folder / "bundle.json").read_text())
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "bundle.json")
        manifest["files"] = {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
        }
        manifest["model"] = manifest["files"]["model/manifest.json"]
        (folder / "bundle.json").write_text(json.dumps(manifest))
        sign_bundle(folder, self.key, now=NOW)
        return folder


@pytest.fixture(scope="module")
def insider(tmp_path_factory: pytest.TempPathFactory) -> Insider:
    home = tmp_path_factory.mktemp("house")
    house = make_house(home)
    return Insider(house, make_key(home, "both", Role.AUDIT, Role.PUBLISH))


@pytest.mark.parametrize(("spoil", "said"), ARTEFACTS.items(), ids=[by.__name__ for by in ARTEFACTS])
def test_a_malicious_artefact_is_refused_at_every_door(
    insider: Insider, tmp_path: Path, spoil: Callable[[Path, Path], None], said: str
) -> None:
    refused_everywhere(insider, make_model(tmp_path / "model"), tmp_path, spoil, said)


@pytest.mark.parametrize(("spoil", "said"), FUSION.items(), ids=[by.__name__ for by in FUSION])
def test_a_malicious_fusion_version_is_refused_at_every_door(
    insider: Insider, tmp_path: Path, spoil: Callable[[Path, Path], None], said: str
) -> None:
    save_model(planted(), tmp_path / "model")
    refused_everywhere(insider, tmp_path / "model", tmp_path, spoil, said)


def refused_everywhere(
    insider: Insider, folder: Path, tmp_path: Path, spoil: Callable[[Path, Path], None], said: str
) -> None:
    canary = tmp_path / "canary"
    spoil(folder, canary)
    bundle = insider.signed(tmp_path / "bundle", folder)
    with pytest.raises(ModelRefused, match=said):
        load_model(folder)
    places = insider.house.environment
    for arguments, status in (
        (("model", "register", folder, "--name", "evil"), 2),
        (("model", "register", bundle, "--name", "evil"), 1),
        (("model", "verify", bundle), 1),
    ):
        answer = viva(places, *arguments)
        assert answer.exit_code == status, answer.output
        assert re.search(said, answer.output), answer.output
    assert "evil" not in viva(places, "model", "list").output
    assert not canary.exists()


def test_the_doors_open_for_a_good_bundle(insider: Insider, tmp_path: Path) -> None:
    """What is refused above is refused for what was done to it."""
    bundle = insider.signed(tmp_path / "bundle", make_model(tmp_path / "model"))
    assert viva(insider.house.environment, "model", "register", tmp_path / "model", "--name", "good").exit_code == 0
    verify_bundle(bundle, insider.house.records.trust(), now=NOW)
