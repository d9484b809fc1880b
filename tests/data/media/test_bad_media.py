"""Every way in which recordings go wrong, made here, each ending in one named status."""

import os
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from tests import media
from tests.media import Film, Sound
from vivavoce.data.media.decode import decode

OK, PARTIAL, NO_AUDIO, NO_VIDEO = "ok", "partial_media", "no_audio", "no_video"
UNREADABLE, REFUSED, TOO_LARGE, TOO_LONG = "unreadable", "refused_format", "too_large", "too_long"

Maker = Callable[[Path], Path]
TABLE: dict[str, tuple[str, Maker]] = {}


def case(status: str) -> Callable[[Maker], Maker]:
    """Enter a maker of one bad file into the table, with the status that it must end in."""

    def enter(maker: Maker) -> Maker:
        TABLE[maker.__name__] = status, maker
        return maker

    return enter


def cases(status: str, **contents: bytes) -> None:
    """Enter files that are nothing but these bytes, named .mp4."""
    for name, content in contents.items():
        TABLE[name] = status, lambda folder, content=content: written(folder / "a.mp4", content)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def spoken(seconds: float = 3.0, rate: int = 48_000) -> Sound:
    return Sound(media.beeps(seconds, np.arange(0, seconds, 0.5), rate), rate)


def small(seconds: float = 3.0, rate: int = 25) -> Film:
    return media.film(seconds, rate, 96, 64)


def plain(folder: Path, name: str = "a.mp4", **options: str) -> Path:
    path = folder / name
    media.write(path, spoken(), small(), options=options)
    return path


# --- the container -----------------------------------------------------------------------------------------------

cases(UNREADABLE, empty=b"", one_byte=b"\0")
cases(
    REFUSED,
    text=b"Dear candidate, thank you for your time.\n" * 9,
    login_page=b"<!DOCTYPE html><html><body><form action='/login'></form></body></html>",
    pdf=b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
    windows_program=b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0" + bytes(200),
    hls=b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///tmp/other.ts\n#EXT-X-ENDLIST\n",
    dash=b'<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"></MPD>',
    ffconcat=b"ffconcat version 1.0\nfile /tmp/other.mp4\n",
    sdp=b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nm=audio 5004 RTP/AVP 0\r\n",
    still_picture=b"\x89PNG\r\n\x1a\n" + bytes(64),
    random_bytes=np.random.default_rng(1).bytes(5000),
)


@case(REFUSED)
def archive(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "a.mp4", "w") as file:
        file.writestr("interview.mp4", b"nothing")
    return folder / "a.mp4"


@case(REFUSED)
def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "a.mp4")
    return folder / "a.mp4"


@case(REFUSED)
def directory(folder: Path) -> Path:
    (folder / "a.mp4").mkdir()
    return folder / "a.mp4"


@case(REFUSED)
def link(folder: Path) -> Path:
    (folder / "a.mp4").symlink_to(plain(folder, "b.mp4"))
    return folder / "a.mp4"


@case(UNREADABLE)
def moov_lost(folder: Path) -> Path:
    path = plain(folder)
    content = path.read_bytes()
    assert content.find(b"moov") > content.find(b"mdat")
    return written(path, content[: content.find(b"moov") - 4])


@case(OK)
def moov_at_end(folder: Path) -> Path:
    return plain(folder)


@case(OK)
def moov_at_start(folder: Path) -> Path:
    return plain(folder, movflags="faststart")


@case(OK)
def fragmented(folder: Path) -> Path:
    return plain(folder, movflags="frag_keyframe+empty_moov")


@case(OK)
def webm_without_duration(folder: Path) -> Path:
    sound, picture = (
        replace(spoken(), codec="libopus"),
        replace(small(), codec="libvpx", options=(("deadline", "realtime"),)),
    )
    media.write(folder / "a.webm", sound, picture, options={"live": "1"})
    return folder / "a.webm"


@case(OK)
def negative_start(folder: Path) -> Path:
    media.write(
        folder / "a.mkv",
        replace(spoken(), start=-0.5),
        replace(small(), times=lambda n: n / 25 - 0.5),
        options={"avoid_negative_ts": "disabled"},
    )
    return folder / "a.mkv"


@case(OK)
def edited_start(folder: Path) -> Path:
    media.write(folder / "a.mp4", replace(spoken(), start=2.0), replace(small(), times=lambda n: n / 25 + 1.0))
    return folder / "a.mp4"


@case(OK)
def metadata_of_another_encoding(folder: Path) -> Path:
    media.write(folder / "a.mp4", spoken(), small(), metadata={"title": "QQQQQQQQ"})
    content = (folder / "a.mp4").read_bytes()
    assert b"QQQQQQQQ" in content
    return written(folder / "a.mp4", content.replace(b"QQQQQQQQ", b"\xff\xfe\xc3\x28\xa0\xa1\xe2\x28"))


def _named(label: str, name: str) -> None:
    TABLE[label] = OK, lambda folder: plain(folder).rename(folder / name)


_named("name_with_newline", "a\nb.mp4")
_named("name_with_dash", "-i.mp4")
_named("name_with_scheme", "http:a.mp4")
_named("name_of_255_bytes", "x" * 251 + ".mp4")
_named("name_in_chinese", "面试录像.mp4")
_named("name_from_right_to_left", "\u202eראיון.mp4")


def _cut(share: float) -> None:
    def maker(folder: Path) -> Path:
        fragments = {"movflags": "frag_keyframe+empty_moov", "frag_duration": "200000"}  # microseconds
        media.write(folder / "a.mp4", spoken(6.0), small(6.0), options=fragments)
        content = (folder / "a.mp4").read_bytes()
        return written(folder / "a.mp4", content[: round(share * len(content))])

    TABLE[f"fragmented_cut_at_{share:.0%}"] = PARTIAL, maker


for _share in (0.1, 0.5, 0.9):
    _cut(_share)


@case(PARTIAL)
def fragmented_cut_in_a_fragments_head(folder: Path) -> Path:
    path = plain(folder, movflags="frag_keyframe+empty_moov", frag_duration="200000")
    content = path.read_bytes()
    return written(path, content[: content.rfind(b"moof") + 40])


@case(PARTIAL)
def faststart_cut_in_half(folder: Path) -> Path:
    content = plain(folder, movflags="faststart").read_bytes()
    return written(folder / "a.mp4", content[: len(content) // 2])


@case(PARTIAL)
def wav_cut(folder: Path) -> Path:
    media.write(folder / "a.wav", replace(spoken(), codec="pcm_s16le"))
    content = (folder / "a.wav").read_bytes()
    return written(folder / "a.wav", content[: len(content) // 2])


@case(PARTIAL)
def matroska_of_wrong_duration(folder: Path) -> Path:
    path = plain(folder, "a.mkv")
    content = path.read_bytes()
    at = content.find(b"\x44\x89\x88") + 3
    (duration,) = struct.unpack(">d", content[at : at + 8])
    return written(path, content[:at] + struct.pack(">d", 2 * duration) + content[at + 8 :])


@case(PARTIAL)
def gap_of_20_s(folder: Path) -> Path:
    later = replace(small(4.0), times=lambda n: n / 25 + 20 * (n >= 50))
    media.write(folder / "a.mkv", replace(spoken(4.0), holes=((2.0, 20.0),)), later)
    return folder / "a.mkv"


@case(NO_VIDEO)
def cover_as_only_video(folder: Path) -> Path:
    cover = Film([media.coded(1)], 1, "mjpeg", "yuvj420p", options=(), cover=True)
    media.write(folder / "a.m4a", spoken(), cover, container="mp4")
    return folder / "a.m4a"


# --- the picture -------------------------------------------------------------------------------------------------


@case(NO_VIDEO)
def sound_only(folder: Path) -> Path:
    media.write(folder / "a.m4a", spoken(), container="mp4")
    return folder / "a.m4a"


@case(PARTIAL)
def single_frame(folder: Path) -> Path:
    media.write(folder / "a.mp4", spoken(), small(0.04))
    return folder / "a.mp4"


@case(OK)
def black(folder: Path) -> Path:
    media.write(folder / "a.mp4", spoken(), Film([np.zeros((64, 96, 3), np.uint8)] * 75))
    return folder / "a.mp4"


@case(OK)
def tiny(folder: Path) -> Path:
    media.write(folder / "a.mp4", spoken(), media.film(3.0, 25, 16, 16))
    return folder / "a.mp4"


def _rate(rate: int) -> None:
    def maker(folder: Path) -> Path:
        media.write(folder / "a.mp4", spoken(4.0), small(4.0, rate))
        return folder / "a.mp4"

    TABLE[f"at_{rate}_frames_a_second"] = OK, maker


_rate(1)
_rate(240)


@case(OK)
def variable_rate(folder: Path) -> Path:
    times = np.cumsum(np.random.default_rng(3).choice([0.02, 0.04, 0.3], 40))
    media.write(folder / "a.mp4", spoken(float(times[-1])), replace(small(1.6), times=lambda n: float(times[n])))
    return folder / "a.mp4"


@case(OK)
def odd_size(folder: Path) -> Path:
    media.write(folder / "a.mp4", spoken(), media.film(3.0, 25, 97, 65, pixels="yuv444p"))
    return folder / "a.mp4"


@case(OK)
def ten_bit(folder: Path) -> Path:
    media.write(folder / "a.mp4", spoken(), media.film(3.0, 25, 96, 64, pixels="yuv420p10le"))
    return folder / "a.mp4"


@case(OK)
def size_changes(folder: Path) -> Path:
    media.write(folder / "1.ts", replace(spoken(2.0), codec="mp2"), media.film(2.0, 25, 96, 64))
    later = replace(media.film(2.0, 25, 128, 96), times=lambda n: 2 + n / 25)
    media.write(folder / "2.ts", replace(spoken(2.0), codec="mp2", start=2.0), later)
    return written(folder / "a.ts", (folder / "1.ts").read_bytes() + (folder / "2.ts").read_bytes())


@case(TOO_LARGE)
def frames_of_8192_pixels(folder: Path) -> Path:
    with av.open(str(folder / "a.mp4"), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width = stream.height = 8192
        frame = av.VideoFrame(8192, 8192, "yuv420p")
        frame.pts = 0
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return folder / "a.mp4"


@case(TOO_LARGE)
def file_of_5_gib(folder: Path) -> Path:
    path = plain(folder)
    os.truncate(path, 5 * 2**30)
    return path


# --- the sound ---------------------------------------------------------------------------------------------------


@case(NO_AUDIO)
def picture_only(folder: Path) -> Path:
    media.write(folder / "a.mp4", picture=small())
    return folder / "a.mp4"


def _sound(label: str, sound: Sound) -> None:
    def maker(folder: Path) -> Path:
        media.write(folder / "a.mov", sound, small())
        return folder / "a.mov"

    TABLE[label] = OK, maker


_sound("silence", Sound(media.silence(3.0)))
_sound("faint_noise", Sound(media.noise(3.0, level=1e-3)))
_sound("clipped", Sound(np.clip(media.tone(3.0, level=4.0), -1, 1)))
_sound("telephone", Sound(media.tone(3.0, rate=8000), 8000, "pcm_alaw"))
_sound("surround", Sound(np.stack([media.tone(3.0, 200.0 * k) for k in range(1, 7)])))
_sound("left_only", Sound(np.stack([media.tone(3.0), media.silence(3.0)])))
_sound("inverted", Sound(np.stack([media.tone(3.0), -media.tone(3.0)])))
_sound("two_seconds_late", Sound(media.tone(1.0), start=2.0))


@case(TOO_LONG)
def five_hours(folder: Path) -> Path:
    size = 5 * 3600 * 8000
    head = b"RIFF" + struct.pack("<I", size + 36) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    path = written(folder / "a.wav", head + b"data" + struct.pack("<I", size))
    os.truncate(path, 44 + size)
    return path


@pytest.mark.parametrize("name", TABLE)
def test_every_bad_recording_ends_in_its_status(name: str, tmp_path: Path) -> None:
    status, maker = TABLE[name]
    found = decode(maker(tmp_path))
    assert (found.status, found.status == "ok" or bool(found.detail or found.flags)) == (status, True), found.detail
    if status in (OK, PARTIAL, NO_VIDEO):
        assert found.audio is not None
        assert found.share > 0
    else:
        assert (found.audio, found.channels) == (None, ())
    found.close()
