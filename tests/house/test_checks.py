"""The house's own rules, run as tests: style, types, architecture, file sizes."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

FOLDERS = ("data", "features", "models", "training", "evaluation", "fairness", "pipelines")
MAX_LINES = 400


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)


def tracked(*patterns: str) -> list[Path]:
    listed = run("git", "ls-files", "-z", *patterns)
    if listed.returncode:
        pytest.skip("not a git checkout: the tracked files are unknown")
    return [Path(name) for name in listed.stdout.split("\0") if name]


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "ruff", "check", "--no-cache", "."),
        ("-m", "ruff", "format", "--check", "--no-cache", "."),
        ("-m", "mypy"),
    ],
    ids=["ruff", "format", "mypy"],
)
def test_style_and_types_are_clean(command: tuple[str, ...]) -> None:
    done = run(sys.executable, *command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_architecture_holds() -> None:
    done = run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    long = {
        str(path): lines
        for path in tracked("*.py")
        if (lines := len((ROOT / path).read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert not long, f"over {MAX_LINES} lines: {long}"


def test_every_folder_of_the_design_is_installed_under_one_name() -> None:
    for folder in FOLDERS:
        link = ROOT / "src" / "vivavoce" / folder
        assert link.is_symlink(), f"src/vivavoce/{folder} must be a link to {folder}/ for type checkers"
        assert link.resolve() == (ROOT / folder).resolve()


def test_help_answers_without_heavy_imports() -> None:
    heavy = {
        "torch",
        "transformers",
        "mediapipe",
        "cv2",
        "librosa",
        "scipy",
        "pandas",
        "pyarrow",
        "sklearn",
        "whisper",
        "av",
        "numpy",
    }
    code = (
        "import sys; from vivavoce.pipelines.app import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "print('IMPORTED', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = run(sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr
    imported = set(done.stdout.rpartition("IMPORTED")[2].split())
    assert not heavy & imported
