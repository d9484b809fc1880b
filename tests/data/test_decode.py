"""Decoding gives back planted sound and pictures at their planted times."""

from pathlib import Path

import numpy as np
import pytest

from tests import media
from tests.media import Film, Sound
from vivavoce.data.decode import Decoded, decode
from vivavoce.data.status import MediaStatus

Frames = list[tuple[float, media.Picture]]


def watched(path: Path, **options: object) -> tuple[Decoded, Frames]:
    frames: Frames = []
    found = decode(path, on_frame=lambda time, picture: frames.append((time, picture)), **options)  # type: ignore[arg-type]
    return found, frames


def test_sound_and_pictures_come_back_at_their_times(tmp_path: Path) -> None:
    sound = media.beeps(4.0, at=(0.5, 1.75, 3.0))
    path = media.write(tmp_path / "a.mp4", Sound(sound), media.film(4.0))
    found, frames = watched(path)
    assert (found.status, found.detail, found.share) == (MediaStatus.OK, "", 1.0)
    assert found.audio is not None
    assert media.onsets(found.audio.read(0, 4)) == pytest.approx([0.5, 1.75, 3.0], abs=0.005)
    assert [time for time, _ in frames] == pytest.approx(np.arange(0, 4, 0.2))
    assert [media.number_of(picture) for _, picture in frames] == list(range(0, 100, 5))
    found.close()
