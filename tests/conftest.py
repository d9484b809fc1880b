"""Fixtures that every test folder shares."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from vivavoce.features.transcript.weights import Checkpoint

ROOT = Path(__file__).parents[1]

# The same examples in every run of `make test`; `make proof` draws new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("new", deadline=None)
settings.load_profile("new" if os.environ.get("VIVA_PROOF") == "full" else "same")


def data_folder() -> Path:
    """Where real recordings, ratings and audits are, or would be."""
    return Path(os.environ.get("VIVA_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def viva_data() -> Path:
    """The folder of real recordings, ratings and audits; its absence skips the test and says so."""
    folder = data_folder()
    if not folder.is_dir():
        pytest.skip(f"real data absent: {folder} does not exist (set VIVA_DATA)")
    return folder


@pytest.fixture(scope="session")
def whisper_weights() -> "Checkpoint":
    """Whisper's real weights on this machine; without them the test skips and says so."""
    from vivavoce.features.transcript.recognise import NoRecogniser
    from vivavoce.features.transcript.weights import locate

    try:
        return locate()
    except NoRecogniser as error:
        pytest.skip(f"real weights absent: {error}")


@pytest.fixture
def record_property(request: pytest.FixtureRequest) -> Callable[[str, object], None]:
    """Pytest's own, with the value as text: numpy's numbers do not travel between test processes."""

    def record(name: str, value: object) -> None:
        request.node.user_properties.append((name, str(value)))

    return record
