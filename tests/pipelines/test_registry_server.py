"""The same registry on an MLflow server: folders are uploaded, and what comes back is verified."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipelines.bundles import NOW
from tests.pipelines.registries import NAME, make_house
from tests.proof import proof_count
from vivavoce.models.directory import ModelRefused, load_model
from vivavoce.pipelines.registry import promote, resolve

PATIENCE_S = 240  # the server takes some 40 s to answer, more on a busy machine


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Its address, and the folder where it keeps artefacts."""
    if not proof_count(0, 1):
        pytest.skip("an MLflow server takes 40 s and 1.3 GB: with VIVA_PROOF=full only")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "--host": "127.0.0.1",
        "--port": port,
        "--workers": 1,
        "--backend-store-uri": f"sqlite:///{tmp_path}/server.sqlite",
        "--artifacts-destination": tmp_path / "artefacts",
    }
    words = [str(word) for pair in options.items() for word in pair]
    command = [sys.executable, "-W", "ignore", "-m", "mlflow", "server", "--serve-artifacts", *words]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}", tmp_path / "artefacts"
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def _wait(address: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(address):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(1)
    raise TimeoutError(f"{address} did not answer within {PATIENCE_S} s")


@pytest.mark.proof
def test_versions_come_back_from_a_server(tmp_path: Path, server: tuple[str, Path]) -> None:
    address, artefacts = server
    (tmp_path / "house").mkdir()
    house = make_house(tmp_path / "house", address)
    one, two = house.version(60), house.version(61)
    for version in (one, two):
        promote(house.registry, house.records, version, "champion", house.publisher, now=NOW)
    shutil.rmtree(house.registry.shelf.folder)  # another machine has none
    found = resolve(f"models:/{NAME}@champion", house.registry, house.records, now=NOW)
    assert (found.version.number, found.bundle and found.bundle.digest) == (2, two.bundle)
    assert load_model(found.folder, digest=two.model)[1] == two.model
    run = one.source.split("/")[-3]
    (spoilt,) = artefacts.glob(f"*/{run}/artifacts/model/model.json")
    spoilt.write_bytes(spoilt.read_bytes().replace(b"whisper", b"whispex"))
    with pytest.raises(ModelRefused, match="SHA-256 differs"):
        resolve(f"models:/{NAME}/1", house.registry, house.records, now=NOW)
    assert not house.registry.shelf.place(one.model).exists()
