"""The registry on MLflow: plain folders under their digests, and names that lead nowhere else."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipelines.bundles import NOW, bundle_of, make_model
from tests.pipelines.registries import NAME, House, environment, make_house
from vivavoce.models.directory import ModelRefused, load_model
from vivavoce.pipelines.publishing.bundle import verify_bundle
from vivavoce.pipelines.publishing.registry import Registry, RegistryRefused, check_name


@pytest.fixture
def house(tmp_path: Path) -> House:
    return make_house(tmp_path)


def test_a_registered_folder_is_found_by_name_and_number(house: House) -> None:
    folder = make_model(house.home / "v1")
    model, digest = load_model(folder)
    version = house.registry.register(folder, NAME)
    assert (version.number, version.model, version.framework) == (1, digest, model.framework.digest)
    assert (version.job, version.bundle, version.aliases) == (model.framework.job, None, ())
    assert house.registry.names() == [NAME, "other"]
    assert load_model(house.registry.model_folder(version), digest=digest)[1] == digest


def test_the_same_version_is_registered_once(house: House) -> None:
    first = house.registry.register(make_model(house.home / "v1"), NAME)
    assert house.registry.register(house.home / "v1", NAME) == first
    assert house.registry.register(make_model(house.home / "v2", 61), NAME).number == 2
    assert [version.number for version in house.registry.versions(NAME)] == [1, 2]


def test_the_folder_on_the_shelf_is_a_copy(house: House) -> None:
    folder = make_model(house.home / "v1")
    version = house.registry.register(folder, NAME)
    (folder / "model.json").write_text("spoilt")
    load_model(house.registry.model_folder(version), digest=version.model)


def test_a_bundle_is_kept_beside_its_version_only(house: House) -> None:
    one, other = house.version(60), house.version(61, bundled=False)
    bundle = verify_bundle(house.registry.bundle_folder(one), house.records.trust(), now=NOW)
    assert (bundle.digest, bundle.model) == (one.bundle, one.model)
    assert house.registry.version(NAME, 1) == one
    with pytest.raises(RegistryRefused, match="publish the version that was audited"):
        house.registry.attach(other, bundle)
    with pytest.raises(RegistryRefused, match="has no bundle: publish it first"):
        house.registry.bundle_folder(other)


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a:b", "a b", ".x", "a'--", "é", "x" * 81, "a\n", "models:/a"])
def test_a_name_is_plain(house: House, name: str) -> None:
    with pytest.raises(RegistryRefused, match="1 to 80 letters"):
        check_name(name)
    with pytest.raises(RegistryRefused, match="1 to 80 letters"):
        house.registry.register(make_model(house.home / "v1"), name)


def test_what_is_not_there_is_said(house: House) -> None:
    house.version(60, bundled=False)
    with pytest.raises(RegistryRefused, match="'enginer' is not registered. Did you mean 'engineer'"):
        house.registry.versions("enginer")
    with pytest.raises(RegistryRefused, match="engineer has no version 7 that viva registered. It has: 1"):
        house.registry.version(NAME, 7)
    with pytest.raises(RegistryRefused, match="There is no registry at .*viva model register"):
        Registry.of(environment(house.home / "elsewhere")).names()


def test_a_folder_that_is_no_model_is_not_registered(house: House) -> None:
    (house.home / "empty").mkdir()
    with pytest.raises(ModelRefused):
        house.registry.register(house.home / "empty", NAME)
    assert NAME not in house.registry.names()


def test_only_databases_and_servers_are_registries(house: House) -> None:
    for uri in ("file:///tmp/x", "ftp://host/x", "databricks://a"):
        with pytest.raises(RegistryRefused, match="set VIVA_REGISTRY"):
            Registry(uri, house.registry.shelf)


def test_a_spoilt_shelf_is_noticed_by_whoever_loads(house: House) -> None:
    version = house.version(60, bundled=False)
    path = house.registry.model_folder(version) / "model.json"
    path.write_bytes(path.read_bytes().replace(b"whisper", b"whispex"))
    with pytest.raises(ModelRefused, match=r"model\.json is not the file that was saved"):
        load_model(house.registry.model_folder(version), digest=version.model)


def test_a_missing_shelf_is_said(house: House) -> None:
    version = house.version(60, bundled=False)
    house.registry.model_folder(version).rename(house.home / "gone")
    with pytest.raises(RegistryRefused, match="VIVA_SHELF"):
        house.registry.model_folder(version)


def test_tags_that_lead_elsewhere_are_refused(house: House) -> None:
    house.version(60, bundled=False)
    with sqlite3.connect(house.home / "registry.sqlite") as database:
        database.execute("UPDATE model_version_tags SET value = '../../etc' WHERE key = 'vivavoce.model'")
    with pytest.raises(RegistryRefused, match="tags that are no digests"):
        house.registry.versions(NAME)


def test_versions_that_others_registered_are_left_out(house: House) -> None:
    from mlflow import MlflowClient

    house.version(60, bundled=False)
    client = MlflowClient(house.registry.uri, house.registry.uri)
    client.create_model_version(NAME, "/tmp/pickle", await_creation_for=0)
    assert [version.number for version in house.registry.versions(NAME)] == [1]
    with pytest.raises(RegistryRefused, match="no version 2 that viva registered"):
        house.registry.version(NAME, 2)


def test_nothing_of_mlflow_that_runs_or_tells_is_used(house: House) -> None:
    """A process of its own: no flavour that loads pickles, no telemetry; code execution is off."""
    program = (
        "import os, sys; from pathlib import Path; from vivavoce.pipelines.publishing.registry import Registry\n"
        "registry = Registry.here(); registry.register(Path(sys.argv[1]), 'engineer')\n"
        "registry.model_folder(registry.version('engineer', 1))\n"
        "print(os.environ['MLFLOW_DISABLE_TELEMETRY'], os.environ['MLFLOW_ALLOW_MODEL_CODE_EXECUTION'])\n"
        "print(sorted({'mlflow.pyfunc.model', 'mlflow.sklearn', 'mlflow.pytorch'} & set(sys.modules)))\n"
        "from mlflow.telemetry import get_telemetry_client; print(get_telemetry_client())"
    )
    command = [sys.executable, "-c", program, str(make_model(house.home / "v1"))]
    told = {**os.environ, **house.environment, "PYTHONWARNINGS": "ignore"}
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=told)
    assert said.stdout.splitlines() == ["true false", "[]", "None"], said.stderr
    assert said.stderr == ""


def test_bundles_of_two_years_can_be_attached_in_turn(house: House) -> None:
    version = house.version(60)
    again = bundle_of(house.home / "again", house.home / "model60", house.auditor, house.publisher, days=30)
    renewed = house.registry.attach(version, verify_bundle(again, house.records.trust(), now=NOW))
    assert renewed.bundle != version.bundle
    assert house.registry.version(NAME, 1).bundle == renewed.bundle
