"""One key for all runs of a session, and the bundled interviews scored once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipelines.runs import DEMO, viva


@pytest.fixture(scope="session", autouse=True)
def _project_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests' key apart from the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIVA_PROJECT_KEY", str(tmp_path_factory.mktemp("key") / "project.key"))
        yield


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of the bundled interviews: everything measured, two workers."""
    out = tmp_path_factory.mktemp("demo") / "out"
    viva(
        "score", DEMO / "manifest.jsonl", "--out", out, "--profile", "all", "--asr", "provided", "--workers", 2,
        "--csv", ends=3,
    )  # fmt: skip
    return out
