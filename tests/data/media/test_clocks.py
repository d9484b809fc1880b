"""Losses that no duration in the file's head gives away: wrong clocks, streams that end apart, bytes never reached."""

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


@pytest.mark.parametrize("factor", [1.37, 1.08, 0.8])
@pytest.mark.parametrize("options", [FRAGMENTS, {}], ids=["fragments", "plain"])
def test_sound_whose_clock_was_changed_is_not_whole(tmp_path: Path, options: dict[str, str], factor: float) -> None:
    """Frames of sound last as long as their samples: stamps that say otherwise tear it apart or pile it up."""
    media.write(tmp_path / "a.m4a", Sound(media.noise(3.0, 16_000), 16_000), container="mp4", options=options)
    one = found(reclocked(tmp_path / "a.m4a", b"soun", factor))
    assert MediaStatus.PARTIAL_MEDIA in one.flags, one


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


@pytest.mark.parametrize(("heard_s", "seen_s", "status"), [(6.0, 4.0, OK), (4.0, 6.0, PARTIAL)])
def test_sound_that_ends_early_is_told_where_nobody_looks_at_the_picture(
    tmp_path: Path, heard_s: float, seen_s: float, status: MediaStatus
) -> None:
    with decode(recorded(tmp_path, "fragments.mp4", heard_s, seen_s), frames_per_second=None) as one:
        assert one.status is status
        assert [start for start, _ in one.lost] == pytest.approx([4.0] if status is PARTIAL else [], abs=0.05)


def test_a_container_that_promises_more_is_believed_where_nobody_looks_at_the_picture(tmp_path: Path) -> None:
    """Both streams end with the file's second cluster, and their own tags are gone with it."""
    media.write(tmp_path / "a.mkv", Sound(media.tone(6.0)), small(6.0), options={"cluster_time_limit": "1000"})
    content = (tmp_path / "a.mkv").read_bytes().replace(b"DURATION", b"XURATION")
    cluster, damaged = b"\x1f\x43\xb6\x75", content
    for _ in range(content.count(cluster) - 2):
        at = damaged.rfind(cluster)
        damaged = damaged[:at] + b"\xec" + damaged[at + 1 :].replace(cluster, bytes(4))
    (tmp_path / "a.mkv").write_bytes(damaged)
    for per_second in (5.0, None):
        with decode(tmp_path / "a.mkv", frames_per_second=per_second) as one:
            assert one.status is PARTIAL
            assert "that the container declares" in one.detail
            assert one.lost[-1][1] == np.inf


@pytest.mark.parametrize("apart", [-0.25, 0.25])
@pytest.mark.parametrize("name", ["plain.mp4", "tool.mkv", "fragments.mp4", "live.webm"])
def test_some_tenths_of_a_second_apart_are_a_recorders_habit(tmp_path: Path, name: str, apart: float) -> None:
    one = found(recorded(tmp_path, name, 12.0, 12.0 + apart))
    assert (one.status, one.detail) == (OK, "")


@pytest.mark.parametrize("steps", [(0.02, 0.04, 0.3), (0.5,)], ids=["variable rate", "two a second"])
def test_a_slow_picture_is_whole_in_fragments(tmp_path: Path, steps: tuple[float, ...]) -> None:
    times = np.cumsum(np.random.default_rng(3).choice(steps, 40))
    picture = small(1.6, times=lambda n: float(times[n]))
    media.write(tmp_path / "a.mp4", Sound(media.tone(float(times[-1]))), picture, options=FRAGMENTS)
    one = found(tmp_path / "a.mp4")
    assert (one.status, one.detail) == (OK, "")


def test_a_file_in_which_reading_ends_early_without_a_word_is_not_whole(tmp_path: Path) -> None:
    """A damaged element ends the cluster for libavformat; with Info's own name damaged, nothing declares a length."""
    media.write(tmp_path / "a.webm", Sound(media.tone(3.0), codec="libopus"), vp8(3.0))
    content = bytearray((tmp_path / "a.webm").read_bytes())
    cluster = content.find(b"\x1f\x43\xb6\x75")
    info = content.find(b"\x15\x49\xa9\x66", content.find(b"\x4d\xbb") + 100)
    content[info + 1] ^= 0x80
    content[cluster + 800 : cluster + 1600] = b"\xff" * 800
    (tmp_path / "a.webm").write_bytes(content)
    one = found(tmp_path / "a.webm")
    assert (one.status, one.probe.duration) == (PARTIAL, None)
    assert "nothing can be read after byte" in one.detail
    assert one.share < 0.2


@pytest.mark.parametrize("per_second", [5.0, None])
def test_a_first_cluster_that_is_lost_moves_every_time(tmp_path: Path, per_second: float | None) -> None:
    """The tags agree with what is left, and so do its time stamps; only the container knows that it was longer."""
    media.write(tmp_path / "a.mkv", Sound(media.tone(6.0)), small(6.0))
    content = bytearray((tmp_path / "a.mkv").read_bytes())
    content[content.find(b"\x1f\x43\xb6\x75")] ^= 0x40
    (tmp_path / "a.mkv").write_bytes(content)
    with decode(tmp_path / "a.mkv", frames_per_second=per_second) as one:
        assert (one.status, one.lost) == (PARTIAL, ((0.0, np.inf),))


def test_promises_that_do_not_fill_the_container_are_not_believed(tmp_path: Path) -> None:
    """The movie's clock ends the sound after a fiftieth of its length, and the picture's steps were damaged too."""
    media.write(tmp_path / "a.mp4", Sound(media.tone(6.0)), small(6.0))
    content = bytearray((tmp_path / "a.mp4").read_bytes())
    movie = content.find(b"mvhd") + 16
    (scale,) = struct.unpack_from(">I", content, movie)
    struct.pack_into(">I", content, movie, 50 * scale)
    struct.pack_into(">I", content, content.find(b"stts") + 16, 2**24)  # the first entry's step
    content[content.find(b"elst")] ^= 0x20  # the picture's edits, which would end it too
    (tmp_path / "a.mp4").write_bytes(content)
    for per_second in (5.0, None):
        with decode(tmp_path / "a.mp4", frames_per_second=per_second) as one:
            assert one.status is PARTIAL
            assert "that the container declares" in one.detail


def test_sound_that_the_reader_skips_is_missed(tmp_path: Path) -> None:
    """A tag whose length is damaged swallows frames of an MP3; a WAV's chunk that says too little hides the rest."""
    media.write(tmp_path / "a.mp3", Sound(media.noise(3.0, 16_000), 16_000, "libmp3lame"))
    media.write(tmp_path / "a.wav", Sound(media.noise(3.0, 16_000), 16_000, "pcm_s16le"))
    for name, at, bit in (("a.mp3", 8, 0x20), ("a.wav", -1, 1)):
        content = bytearray((tmp_path / name).read_bytes())
        content[at if at > 0 else content.find(b"data") + 6] ^= bit
        assert decode(tmp_path / name, frames_per_second=None).status is OK
        (tmp_path / name).write_bytes(content)
        with decode(tmp_path / name, frames_per_second=None) as one:
            assert one.status is PARTIAL
            assert "bytes of sound can be read" in one.detail
            assert one.lost == ((0.0, np.inf),)


def test_an_mp3_whose_head_was_taken_out_is_not_whole(tmp_path: Path) -> None:
    media.write(tmp_path / "a.mp3", Sound(media.noise(3.0, 16_000), 16_000, "libmp3lame"))
    content = (tmp_path / "a.mp3").read_bytes()
    (tmp_path / "a.mp3").write_bytes(content[:10] + content[1421:])
    with decode(tmp_path / "a.mp3", frames_per_second=None) as one:
        assert (one.status, one.lost) == (PARTIAL, ((0.0, np.inf),))
        assert "something before it is gone" in one.detail


def test_losses_of_sound_are_placed(tmp_path: Path) -> None:
    """A hole of a fifth of a second, one of twenty, sound that is no number, and where the file breaks off."""
    samples = media.noise(10.0, 16_000)
    samples[64_000:80_000] = np.nan
    sound = Sound(samples, 16_000, "pcm_f32le", holes=((2.0, 0.2), (8.0, 20.0)))
    media.write(tmp_path / "a.mkv", sound)
    content = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "a.mkv").write_bytes(content[: round(0.95 * len(content))])
    one = found(tmp_path / "a.mkv")
    assert one.status is PARTIAL
    starts, ends = np.array(one.lost).T
    assert starts == pytest.approx([2.0, 4.2, 8.2, 29.7], abs=0.15)
    assert ends == pytest.approx([2.2, 5.2, 28.2, np.inf], abs=0.15)


def test_a_packet_that_cannot_be_decoded_is_placed(tmp_path: Path) -> None:
    media.write(tmp_path / "a.m4a", Sound(media.noise(8.0, 16_000), 16_000), container="mp4")
    content = bytearray((tmp_path / "a.m4a").read_bytes())
    at, size = content.find(b"mdat") + 4, struct.unpack_from(">I", content, content.find(b"mdat") - 4)[0] - 8
    content[at + size // 2 : at + size // 2 + size // 40] = b"\xff" * (size // 40)  # 0.2 s at the middle
    (tmp_path / "a.m4a").write_bytes(content)
    one = found(tmp_path / "a.m4a")
    assert one.lost
    assert 3.7 < one.lost[0][0] < one.lost[-1][1] < 4.6


@pytest.mark.parametrize("late", [("sound", 8.0), ("picture", 8.0)], ids=str)
@pytest.mark.parametrize("name", ["fragments.mp4", "tool.webm", "live.webm"])
def test_a_stream_that_begins_late_is_whole(tmp_path: Path, name: str, late: tuple[str, float]) -> None:
    """Only MP4 says when a stream begins; elsewhere its end is written down, or nothing is."""
    webm, (stream, seconds) = name.endswith(".webm"), late
    heard, seen = (seconds, 0.0) if stream == "sound" else (0.0, seconds)
    options = {"fragments.mp4": {"movflags": "frag_keyframe+empty_moov"}, "live.webm": {"live": "1"}}.get(name, {})
    beeps = media.beeps(12.0 - heard, (0.5, 3.0))
    picture = replace((vp8 if webm else small)(12.0 - seen), times=lambda n: seen + n / 25)
    media.write(
        tmp_path / name, Sound(beeps, codec="libopus" if webm else "aac", start=heard), picture, options=options
    )
    with decode(tmp_path / name) as one:
        assert (one.status, one.detail, one.lost) == (OK, "", ())
        assert one.audio is not None
        assert media.onsets(one.audio.read(0, 12)) == pytest.approx([heard + 0.5, heard + 3.0], abs=0.03)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
def test_a_screen_that_stands_still_is_whole_where_the_length_of_frames_is_declared(tmp_path: Path, name: str) -> None:
    """Matroska writes down no lengths: there the same picture has holes."""
    times = np.cumsum([0.04] * 30 + [3.0] + [0.04] * 30 + [7.0] + [0.04] * 20)
    for container, status in ((name, OK), ("a.mkv", PARTIAL)):
        picture = small(len(times) / 25, times=lambda n: float(times[n]))
        media.write(tmp_path / container, Sound(media.tone(float(times[-1]))), picture)
        one = found(tmp_path / container)
        assert one.status is status, one.detail
