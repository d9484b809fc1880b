"""Decoding gives back planted sound and pictures at their planted times."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests import media
from tests.media import Film, Sound
from vivavoce.data.media.account import Limits
from vivavoce.data.media.decode import Decoded, decode, probe
from vivavoce.data.status import MediaStatus

Frames = list[tuple[float, media.Picture]]
BEEPS = (0.5, 1.75, 3.0)


def watched(path: Path, **options: Any) -> tuple[Decoded, Frames]:
    frames: Frames = []
    return decode(path, on_frame=lambda time, picture: frames.append((time, picture)), **options), frames


def heard(path: Path, sound: Sound, **options: Any) -> media.Samples:
    media.write(path, sound)
    with decode(path, frames_per_second=None, **options) as found:
        assert found.audio is not None, found.detail
        return found.audio.read(0, found.audio.duration)


def level_of(sound: media.Samples, hertz: float) -> float:
    """Amplitude of one tone in the second second."""
    part = sound[16_000:32_000]
    return 2 * abs(np.mean(part * np.exp(-2j * np.pi * hertz * np.arange(len(part)) / 16_000)))


def test_sound_and_pictures_come_back_at_their_times(tmp_path: Path) -> None:
    media.write(tmp_path / "a.mp4", Sound(media.beeps(4.0, BEEPS)), media.film(4.0))
    found, frames = watched(tmp_path / "a.mp4")
    with found:
        assert (found.status, found.detail, found.share, found.pictures) == (MediaStatus.OK, "", 1.0, 20)
        assert found.audio is not None
        assert media.onsets(found.audio.read(0, 4)) == pytest.approx(BEEPS, abs=0.005)
        assert [time for time, _ in frames] == pytest.approx(np.arange(0, 4, 0.2))
        assert [media.number_of(picture) for _, picture in frames] == list(range(0, 100, 5))


def test_probe_says_what_the_file_is(tmp_path: Path) -> None:
    media.write(tmp_path / "a.mkv", Sound(media.tone(2.0, rate=44_100), 44_100), media.film(2.0, 30))
    found = probe(tmp_path / "a.mkv")
    assert (found.status, found.container, found.bytes) == (
        MediaStatus.OK,
        "matroska",
        (tmp_path / "a.mkv").stat().st_size,
    )
    assert found.duration == pytest.approx(2.0, abs=0.1)
    assert found.audio is not None
    assert (found.audio.codec, found.audio.rate_hz, found.audio.channels) == ("aac", 44_100, 1)
    assert found.video is not None
    assert (found.video.codec, found.video.width, found.video.height, found.video.rate_hz) == ("h264", 320, 240, 30)


# --- the picture -------------------------------------------------------------------------------------------------


def test_skipped_frames_leave_the_samples_as_they_are(tmp_path: Path) -> None:
    """With B-frames between them, sampled pictures equal those of a decoder that skips nothing."""
    options = (("preset", "medium"), ("bf", "3"), ("g", "40"))
    media.write(tmp_path / "a.mp4", picture=media.film(4.0, 30, options=options))
    _, frames = watched(tmp_path / "a.mp4", frames_per_second=3.0)
    with av.open(str(tmp_path / "a.mp4")) as container:
        whole = {round(frame.time, 3): frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)}
    assert len(frames) == 12
    for n, (time, picture) in enumerate(frames):
        assert time == pytest.approx(n / 3, abs=1e-6)
        np.testing.assert_array_equal(picture, whole[round(time, 3)])


def test_pictures_of_a_variable_rate_keep_their_times(tmp_path: Path) -> None:
    times = np.cumsum(np.random.default_rng(3).choice([0.02, 0.04, 0.31], 80)) - 0.02
    varying = replace(media.film(80 / 25), times=lambda n: float(times[n]))
    media.write(tmp_path / "a.mp4", picture=varying)
    found, frames = watched(tmp_path / "a.mp4")
    assert found.status is MediaStatus.NO_AUDIO
    numbers = [media.number_of(picture) for _, picture in frames]
    assert [time for time, _ in frames] == pytest.approx(times[numbers], abs=1e-3)
    first = [n for n in range(80) if n == 0 or int(times[n] * 5 + 1e-3) > int(times[n - 1] * 5 + 1e-3)]
    assert numbers == first


@pytest.mark.parametrize(("turn", "corner"), [(0, (0, 0)), (90, (1, 0)), (180, (1, 1)), (-90, (0, 1))])
def test_rotation_in_the_metadata_is_applied(tmp_path: Path, turn: int, corner: tuple[int, int]) -> None:
    media.write(tmp_path / "a.mp4", picture=media.film(1.0, rotation=turn))
    _, frames = watched(tmp_path / "a.mp4")
    assert {picture.shape for _, picture in frames} == {(320, 240, 3) if turn % 180 else (240, 320, 3)}
    assert {media.corner_of(picture) for _, picture in frames} == {corner}


@pytest.mark.parametrize(("width", "height", "shape"), [(1280, 720, (360, 640, 3)), (480, 960, (640, 320, 3))])
def test_large_pictures_are_reduced_to_640(tmp_path: Path, width: int, height: int, shape: tuple[int, ...]) -> None:
    media.write(tmp_path / "a.mp4", picture=media.film(0.4, 25, width, height))
    _, frames = watched(tmp_path / "a.mp4", frames_per_second=25.0)
    assert [picture.shape for _, picture in frames] == [shape] * 10
    assert [media.number_of(picture) for _, picture in frames] == list(range(10))


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p", "yuv420p10le"])
def test_colours_survive(tmp_path: Path, pixels: str) -> None:
    media.write(tmp_path / "a.mp4", picture=media.film(0.2, pixels=pixels))
    _, frames = watched(tmp_path / "a.mp4")
    assert frames[0][1][10, 10] == pytest.approx([230, 20, 20], abs=12)


def test_a_size_that_changes_on_the_way_is_followed(tmp_path: Path) -> None:
    media.write(tmp_path / "1.ts", picture=media.film(2.0, 25, 160, 120))
    media.write(tmp_path / "2.ts", picture=replace(media.film(2.0, 25, 320, 240), times=lambda n: 2 + n / 25))
    (tmp_path / "a.ts").write_bytes((tmp_path / "1.ts").read_bytes() + (tmp_path / "2.ts").read_bytes())
    found, frames = watched(tmp_path / "a.ts")
    assert found.status is MediaStatus.NO_AUDIO
    assert {(round(time) >= 2, picture.shape[:2]) for time, picture in frames if abs(time - 2) > 0.6} == {
        (False, (120, 160)),
        (True, (240, 320)),
    }


# --- the sound ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "codec", "name"), [(8000, "pcm_alaw", "a.wav"), (44_100, "flac", "a.flac"), (48_000, "libopus", "a.webm")]
)
def test_any_rate_becomes_16_khz(tmp_path: Path, rate: int, codec: str, name: str) -> None:
    sound = heard(tmp_path / name, Sound(media.tone(3.0, rate=rate), rate, codec))
    assert len(sound) / 16_000 == pytest.approx(3.0, abs=0.03)
    assert level_of(sound, 440.0) == pytest.approx(0.5, rel=0.05)


def test_nothing_above_8_khz_folds_back(tmp_path: Path) -> None:
    sound = heard(tmp_path / "a.flac", Sound(media.tone(3.0, 10_000.0), codec="flac"))
    assert np.abs(sound[8000:40_000]).max() < 0.005


@pytest.mark.parametrize(("right", "level"), [(1.0, 0.5), (-1.0, 0.5), (0.0, 0.25), (-0.4, 0.35), (0.4, 0.35)])
def test_no_pair_of_channels_cancels(tmp_path: Path, right: float, level: float) -> None:
    left = media.tone(3.0)
    sound = heard(tmp_path / "a.flac", Sound(np.stack([left, right * left]), codec="flac"))
    assert level_of(sound, 440.0) == pytest.approx(level, rel=0.02)
    assert np.abs(sound[1000:2000]).max() == pytest.approx(level, rel=0.05)


def test_polarity_that_turns_on_the_way_is_followed(tmp_path: Path) -> None:
    left = media.tone(6.0)
    right = left * np.repeat([1.0, -1.0, 1.0], 2 * 48_000).astype(np.float32)
    sound = heard(tmp_path / "a.flac", Sound(np.stack([left, right]), codec="flac"))
    for second in range(6):
        part = sound[16_000 * second + 8000 : 16_000 * second + 15_000]
        assert np.sqrt(np.mean(part**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.03)


def test_every_loudspeaker_of_surround_is_in_the_mix(tmp_path: Path) -> None:
    pitches = [300.0, 500.0, 700.0, 1100.0, 1300.0]
    channels = [media.tone(3.0, hertz, level=0.3) for hertz in pitches]
    with_bass = np.stack([*channels[:3], media.silence(3.0), *channels[3:]])  # the fourth is the bass channel
    sound = heard(tmp_path / "a.mp4", Sound(with_bass))
    assert min(level_of(sound, hertz) for hertz in pitches) > 0.02


def test_two_channels_can_be_had_apart(tmp_path: Path) -> None:
    both = Sound(np.stack([media.tone(3.0, 300.0), media.tone(3.0, 700.0, level=0.2)]), codec="flac")
    media.write(tmp_path / "a.flac", both)
    with decode(tmp_path / "a.flac", split_channels=True) as found:
        left, right = (spool.read(0, 3) for spool in found.channels)
    assert (level_of(left, 300), level_of(left, 700)) == pytest.approx((0.5, 0.0), abs=0.01)
    assert (level_of(right, 300), level_of(right, 700)) == pytest.approx((0.0, 0.2), abs=0.01)
    media.write(tmp_path / "b.mov", Sound(media.tone(1.0), codec="pcm_s16le", start=1.0))
    with decode(tmp_path / "b.mov", split_channels=True, frames_per_second=None) as found:
        assert (found.status, found.channels) == (MediaStatus.OK, ())


def test_sound_that_is_no_number_becomes_silence_and_is_told(tmp_path: Path) -> None:
    broken = media.tone(3.0)
    broken[48_000:96_000] = np.nan
    sound = Sound(broken, codec="pcm_f32le")
    media.write(tmp_path / "a.wav", sound)
    with decode(tmp_path / "a.wav", frames_per_second=None) as found:
        assert found.status is MediaStatus.PARTIAL_MEDIA
        assert found.audio is not None
        assert np.isfinite(found.audio.read(0, 3)).all()


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov"])
def test_sound_that_begins_late_keeps_its_time(tmp_path: Path, name: str) -> None:
    media.write(tmp_path / name, Sound(media.beeps(2.0, (0.5, 1.5)), start=2.0), media.film(4.0))
    with decode(tmp_path / name) as found:
        assert (found.status, found.share) == (MediaStatus.OK, 1.0)
        assert found.audio is not None
        assert media.onsets(found.audio.read(0, 4)) == pytest.approx([2.5, 3.5], abs=0.01)
        assert not found.audio.read(0, 1.9).any()


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_time_stays_true_across_a_hole_and_the_hole_is_told(tmp_path: Path, name: str) -> None:
    later = replace(media.film(4.0), times=lambda n: n / 25 + 20 * (n >= 50))
    media.write(tmp_path / name, Sound(media.beeps(4.0, (1.0, 3.0)), holes=((2.0, 20.0),)), later)
    found, frames = watched(tmp_path / name)
    with found:
        assert found.status is MediaStatus.PARTIAL_MEDIA
        assert "hole" in found.detail
        assert found.share < 0.5
        assert found.audio is not None
        assert media.onsets(found.audio.read(0, 24)) == pytest.approx([1.0, 23.0], abs=0.03)
    assert [time for time, _ in frames][-10:] == pytest.approx(np.arange(22, 24, 0.2), abs=0.01)
    assert [media.number_of(picture) for _, picture in frames][-10:] == list(range(50, 100, 5))


# --- what is asked for, and limits -------------------------------------------------------------------------------


def test_what_nobody_wants_is_not_missed(tmp_path: Path) -> None:
    media.write(tmp_path / "sound.flac", Sound(media.tone(1.0), codec="flac"))
    media.write(tmp_path / "film.mp4", picture=media.film(1.0))
    with decode(tmp_path / "sound.flac", frames_per_second=None) as found:
        assert found.status is MediaStatus.OK
    found, frames = watched(tmp_path / "film.mp4", want_audio=False)
    assert (found.status, found.audio, len(frames)) == (MediaStatus.OK, None, 5)


def test_a_loss_comes_before_what_was_never_there(tmp_path: Path) -> None:
    media.write(tmp_path / "a.mp4", picture=media.film(3.0), options={"movflags": "faststart"})
    content = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(content[: len(content) // 2])
    found, frames = watched(tmp_path / "a.mp4")
    assert found.status is MediaStatus.PARTIAL_MEDIA
    assert found.flags == {MediaStatus.PARTIAL_MEDIA, MediaStatus.NO_AUDIO}
    assert found.share == pytest.approx(len(frames) / 15, abs=0.15)


def test_what_is_too_long_or_large_is_told_with_the_limit(tmp_path: Path) -> None:
    vp8 = Film(
        media.film(3.0, 25, 96, 64).pictures, codec="libvpx", options=(("deadline", "realtime"), ("cpu-used", "8"))
    )
    media.write(tmp_path / "a.mp4", Sound(media.tone(3.0)), media.film(3.0))
    media.write(tmp_path / "a.webm", Sound(media.tone(3.0), codec="libopus"), vp8, options={"live": "1"})
    for name in ("a.mp4", "a.webm"):  # declared, and found out on the way
        found = decode(tmp_path / name, limits=Limits(duration_s=1.5))
        assert found.status is MediaStatus.TOO_LONG
        assert "at most 0.000416667 h are decoded" in found.detail
    found = decode(tmp_path / "a.mp4", limits=Limits(frame_pixels=320 * 239))
    assert (found.status, found.detail) == (
        MediaStatus.TOO_LARGE,
        "a frame has 320 × 240 pixels; at most 76480 are decoded",
    )
    assert decode(tmp_path / "a.mp4", limits=Limits(file_bytes=1000)).status is MediaStatus.TOO_LARGE


@pytest.mark.parametrize("change", ["append", "replace", "delete"])
def test_a_file_that_changes_while_it_is_read_gives_nothing(tmp_path: Path, change: str) -> None:
    path = tmp_path / "a.mp4"
    media.write(path, Sound(media.tone(3.0)), media.film(3.0))

    def meddle(time: float, picture: media.Picture) -> None:
        if change == "append":
            with path.open("ab") as file:
                file.write(b"more")
        elif change == "replace":
            (tmp_path / "b.mp4").write_bytes(path.read_bytes())
            (tmp_path / "b.mp4").replace(path)
        else:
            path.unlink(missing_ok=True)

    found = decode(path, on_frame=meddle)
    assert (found.status, found.audio) == (MediaStatus.INPUT_CHANGED, None)
    assert "run it again" in found.detail


def test_a_name_that_leads_nowhere_is_a_status(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.mp4", tmp_path / "nul\0.mp4", tmp_path / ("x" * 300)):
        found = decode(path)
        assert found.status is MediaStatus.UNREADABLE
        assert "cannot be opened" in found.detail


@pytest.mark.parametrize("offset", [0.009, -0.05])
@pytest.mark.parametrize("right", [None, 1.0, -1.0, 0.0], ids=["mono", "stereo", "opposed", "left only"])
def test_a_constant_in_the_sound_is_taken_out(tmp_path: Path, offset: float, right: float | None) -> None:
    """Half a second of tone, half of faint noise, eight times, and a constant in every channel."""
    sound = media.tone(8.0, rate=16_000, level=0.2) * (np.arange(8 * 16_000) // 8000 % 2 == 0)
    sound = sound + media.noise(8.0, 16_000, 1e-3)
    both = sound[None] if right is None else np.stack([sound, right * sound])
    with heard_apart(tmp_path, both) as clean, heard_apart(tmp_path, both + np.float32(offset)) as found:
        for spool, other in zip((found.audio, *found.channels), (clean.audio, *clean.channels), strict=True):
            assert spool is not None
            assert other is not None
            turned = 0.02  # s, in which the right channel is turned over
            assert np.abs(spool.read(turned, 8) - other.read(turned, 8)).max() < 2e-4


def test_sound_without_a_constant_is_left_as_it_is(tmp_path: Path) -> None:
    """Rumble and one-sided speech have a mean that is no constant; a hole's silence is none either."""
    rate, place = 16_000, np.arange(70 * 16_000) / 16_000
    rumble = 0.02 * np.sin(2 * np.pi * 1.3 * place) + media.noise(70.0, rate, 0.01)
    pulses = np.maximum(0, np.sin(2 * np.pi * 120 * place)) * (place % 1 < 0.6) * 0.2 + media.noise(70.0, rate, 1e-3)
    for sound in (rumble, pulses):
        planted = sound.astype(np.float32)
        with heard_apart(tmp_path, planted[None]) as found:
            assert found.audio is not None
            np.testing.assert_array_equal(found.audio.read(0, 70), planted)


def heard_apart(folder: Path, channels: media.Samples) -> Decoded:
    media.write(folder / "a.wav", Sound(channels.astype(np.float32), 16_000, "pcm_f32le"))
    return decode(folder / "a.wav", frames_per_second=None, split_channels=True)


def test_wide_band_amr_is_read(tmp_path: Path) -> None:
    """No library here writes it: 200 frames of 20 ms (RFC 4867), of which only the length is known."""
    frame = bytes([8 << 3 | 4])
    content = b"#!AMR-WB\n" + b"".join(frame + np.random.default_rng(n).bytes(60) for n in range(200))
    (tmp_path / "a.amr").write_bytes(content)
    with decode(tmp_path / "a.amr", frames_per_second=None) as found:
        assert (found.status, found.probe.audio and found.probe.audio.codec) == (MediaStatus.OK, "amrwb")
        assert found.audio is not None
        assert found.audio.duration == pytest.approx(4.0, abs=0.02)


@pytest.mark.parametrize(("name", "kind"), [("a.mkv", "subtitle"), ("a.ts", "data")])
def test_streams_that_are_neither_sound_nor_picture_change_nothing(tmp_path: Path, name: str, kind: str) -> None:
    media.write(tmp_path / "b.mkv", Sound(media.beeps(4.0, BEEPS)), media.film(4.0, 25, 96, 64))
    with av.open(str(tmp_path / "b.mkv")) as source, av.open(str(tmp_path / name), "w") as out:
        streams = {stream.index: out.add_stream_from_template(stream) for stream in source.streams}
        more = out.add_stream("ass") if kind == "subtitle" else out.add_data_stream("bin_data")
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
        note = av.Packet(b"0,0,Default,,0,0,0,,Hello")
        note.stream, note.pts, note.dts, note.duration, note.time_base = more, 0, 0, 1000, Fraction(1, 1000)
        out.mux(note)
    with decode(tmp_path / name) as found:
        assert (found.status, found.share) == (MediaStatus.OK, 1.0)
        assert found.audio is not None
        assert media.onsets(found.audio.read(0, 4)) == pytest.approx(BEEPS, abs=0.03)
