"""Sound and picture that end apart: told as a loss unless the file itself says that it was meant."""

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests import media
from tests.media import Film, Sound
from vivavoce.data.media.decode import Decoded, decode
from vivavoce.data.status import MediaStatus

OK, PARTIAL = MediaStatus.OK, MediaStatus.PARTIAL_MEDIA
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov", "frag_duration": "300000"}  # microseconds


def small(seconds: float, **changes: object) -> Film:
    return replace(media.film(seconds, 25, 96, 64), **changes)


def vp8(seconds: float) -> Film:
    return small(seconds, codec="libvpx", options=(("deadline", "realtime"), ("cpu-used", "8")))


def found(path: Path) -> Decoded:
    with decode(path) as decoded:
        return decoded


def recorded(folder: Path, name: str, heard_s: float, seen_s: float) -> Path:
    """One recording as several recorders write it, sound and picture of different lengths."""
    webm, options = name.endswith(".webm"), {}
    if name == "live.webm":
        options = {"live": "1"}
    elif name == "fragments.mp4":
        options = FRAGMENTS
    sound = Sound(media.tone(heard_s), codec="libopus" if webm else "aac")
    media.write(folder / name, sound, vp8(seen_s) if webm else small(seen_s), options=options)
    return folder / name


def reclocked(path: Path, handler: bytes, factor: float) -> Path:
    """Change one track's own clock in an MP4's head, as a flipped byte does; ``handler``: vide or soun."""
    content = bytearray(path.read_bytes())
    kind = content.find(handler, content.find(b"hdlr", content.find(b"moov")))
    head = content.rfind(b"mdhd", 0, kind)
    (scale,) = struct.unpack_from(">I", content, head + 16)
    struct.pack_into(">I", content, head + 16, round(factor * scale))
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("options", "factor"),
    [(FRAGMENTS, 1.37), (FRAGMENTS, 1.08), (FRAGMENTS, 0.8), ({}, 1.37), ({"movflags": "faststart"}, 1.08)],
)
def test_a_picture_whose_clock_was_changed_is_not_whole(tmp_path: Path, options: dict[str, str], factor: float) -> None:
    sound = Sound(media.noise(3.0, 16_000), 16_000)
    media.write(tmp_path / "a.mp4", sound, small(3.0), options=options)
    assert found(tmp_path / "a.mp4").status is OK
    one = found(reclocked(tmp_path / "a.mp4", b"vide", factor))
    assert one.status is PARTIAL
    assert "ends at" in one.detail
    assert one.share == pytest.approx(min(factor, 1 / factor), abs=0.04)


@pytest.mark.parametrize(("heard_s", "seen_s"), [(6.0, 4.0), (4.0, 6.0)], ids=["camera off", "microphone off"])
@pytest.mark.parametrize(
    ("name", "status"), [("plain.mp4", OK), ("tool.mkv", OK), ("fragments.mp4", PARTIAL), ("live.webm", PARTIAL)]
)
def test_a_stream_that_ends_early_is_whole_where_the_file_says_when_it_ends(
    tmp_path: Path, name: str, status: MediaStatus, heard_s: float, seen_s: float
) -> None:
    one = found(recorded(tmp_path, name, heard_s, seen_s))
    assert one.status is status, one.detail
    if status is PARTIAL:
        assert "does not say why" in one.detail
        assert one.share == pytest.approx(4 / 6, abs=0.03)


@pytest.mark.parametrize("apart", [-0.3, 0.3])
@pytest.mark.parametrize("name", ["plain.mp4", "tool.mkv", "fragments.mp4", "live.webm"])
def test_some_tenths_of_a_second_apart_are_a_recorders_habit(tmp_path: Path, name: str, apart: float) -> None:
    one = found(recorded(tmp_path, name, 20.0, 20.0 + apart))
    assert (one.status, one.detail) == (OK, "")


@pytest.mark.parametrize("steps", [(0.02, 0.04, 0.3), (0.5,)], ids=["variable rate", "two a second"])
def test_a_slow_picture_is_whole_in_fragments(tmp_path: Path, steps: tuple[float, ...]) -> None:
    times = np.cumsum(np.random.default_rng(3).choice(steps, 40))
    picture = small(1.6, times=lambda n: float(times[n]))
    media.write(tmp_path / "a.mp4", Sound(media.tone(float(times[-1]))), picture, options=FRAGMENTS)
    one = found(tmp_path / "a.mp4")
    assert (one.status, one.detail) == (OK, "")
