"""A worker that is slower than the decoder gets every picture and the child's last word; sound alone decodes too."""

import time
from pathlib import Path

import pytest

from tests import media
from vivavoce.data.media.decode import decode
from vivavoce.data.status import MediaStatus


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("media") / "a.mp4"
    media.write(path, media.Sound(media.tone(3.0)), media.film(3.0))
    return path


def test_a_slow_worker_loses_no_picture_and_hears_how_it_ended(recording: Path) -> None:
    seen: list[float] = []

    def slowly(moment: float, picture: media.Picture) -> None:
        time.sleep(0.05)  # the child has long decoded everything by then
        seen.append(moment)

    found = decode(recording, on_frame=slowly)
    assert (found.status, found.detail) == (MediaStatus.OK, "")
    assert seen == pytest.approx([n / 5 for n in range(15)])
    found.close()


def test_sound_alone_decodes_from_a_file_with_pictures(recording: Path) -> None:
    found = decode(recording, frames_per_second=None)
    assert (found.status, found.detail) == (MediaStatus.OK, "")
    assert found.audio is not None
    assert found.audio.duration == pytest.approx(3.0, abs=0.05)
    found.close()
