"""The wheel, built through the sdist, holds exactly what is tracked, and nothing is dropped or smuggled in."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.house.test_checks import FOLDERS, tracked


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built through the sdist, without the network: the build's needs are in the environment."""
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_tracked_files_and_no_other(wheel: Path) -> None:
    expected = {f"vivavoce/{path.as_posix()}" for path in tracked(*FOLDERS)}
    expected |= {path.relative_to("src").as_posix() for path in tracked("src/vivavoce/*.py", "src/vivavoce/py.typed")}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held - expected == set(), "in the wheel but not tracked"
    assert expected - held == set(), "tracked but not in the wheel"


def test_the_wheel_carries_its_licence_and_its_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entry_points,) = [name for name in names if name.endswith("entry_points.txt")]
        assert "viva = vivavoce.pipelines.app:main" in archive.read(entry_points).decode()
        assert any(name.endswith("licenses/LICENSE") for name in names)
