"""One key for all runs of a session, and the bundled interviews scored once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.pipelines.runs import score_demo
from vivavoce.data.vault.keys import ProjectKey

collect_ignore = ["one_more_kind"]  # its folders are packages only beside the program's own


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that the session's test processes share."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session", autouse=True)
def _project_key(shared: Path) -> Iterator[None]:
    """Keep the tests' key apart from the user's."""
    path = shared / "key" / "project.key"
    ProjectKey.read_or_create(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIVA_PROJECT_KEY", str(path))
        yield


@pytest.fixture(scope="session")
def demo(shared: Path) -> Path:
    """The output folder of the bundled interviews: everything measured, two workers."""
    out, finished = shared / "demo" / "out", shared / "demo.finished"
    with FileLock(shared / "demo.lock"):  # whoever comes second waits: together they would take twice as long
        if not finished.exists():
            out.parent.mkdir()
            score_demo(out)
            finished.touch()
    return out
