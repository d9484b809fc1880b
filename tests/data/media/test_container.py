"""Formats are told by their bytes, and missing bytes by what the headers promise."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest

from tests import media
from tests.media import Sound
from vivavoce.data.media.container import HEAD_BYTES, layout, sniff
from vivavoce.data.media.decode import decode

WRITTEN = {  # file name, codec: demuxer
    ("a.mp4", "aac"): "mov",
    ("a.mov", "pcm_s16le"): "mov",
    ("a.3gp", "aac"): "mov",
    ("a.mkv", "aac"): "matroska",
    ("a.webm", "libopus"): "matroska",
    ("a.wav", "pcm_s16le"): "wav",
    ("a.avi", "libmp3lame"): "avi",
    ("a.ogg", "libopus"): "ogg",
    ("a.flac", "flac"): "flac",
    ("a.mp3", "libmp3lame"): "mp3",
    ("a.mpg", "mp2"): "mpeg",
    ("a.ts", "aac"): "mpegts",
    ("a.m2ts", "aac"): "mpegts",
    ("a.adts", "aac"): "aac",
    ("a.amr", "libopencore_amrnb"): "amr",
    ("a.aiff", "pcm_s16be"): "aiff",
    ("a.asf", "wmav2"): "asf",
    ("a.caf", "pcm_s16le"): "caf",
    ("a.ac3", "ac3"): "ac3",
    ("a.eac3", "eac3"): "eac3",
}
LENGTHLESS = {"amr", "aac", "ac3", "eac3"}  # frames and nothing else


@pytest.mark.parametrize(("name", "codec"), WRITTEN)
def test_every_accepted_format_is_known_by_its_bytes_whole_or_cut(name: str, codec: str, tmp_path: Path) -> None:
    rate = 8000 if codec.endswith("amrnb") else 48_000
    media.write(tmp_path / name, Sound(media.noise(2.0, rate), rate, codec))
    (tmp_path / name).rename(tmp_path / "a.bin")
    content = (tmp_path / "a.bin").read_bytes()
    demuxer = WRITTEN[name, codec]
    assert sniff(content[:HEAD_BYTES]).demuxer == demuxer
    for missing in (0, 1000):
        (tmp_path / "a.bin").write_bytes(content[: len(content) - missing])
        descriptor = os.open(tmp_path / "a.bin", os.O_RDONLY)
        found = layout(descriptor, demuxer)
        os.close(descriptor)
        promises = demuxer in ("mov", "matroska", "wav", "avi", "aiff", "asf", "caf")
        assert (found.missing > 0) == (promises and missing > 0), found
        assert found.declares == (demuxer not in LENGTHLESS)
        assert not found.fragmented


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\xef\xbb\xbf  \n#EXTM3U\n", "a playlist (HLS)"),
        (b"  ffconcat version 1.0", "a list of other files (ffconcat)"),
        (b"<HTML><body>Sign in", "a web page (a login page saved as media?)"),
        (b"PK\x03\x04" + bytes(40), "an archive"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "a still picture"),
        (b"\xff\xfeh\0i\0 \0t\0h\0e\0r\0e\0", "nothing that is known"),
        ("\ufeff今天的面试".encode(), "plain text"),
        (b"\0" * 100, "nothing that is known"),
        (b"#!/bin/sh\n" + bytes(40), "a program"),
        (b"#!AMR_MC1.0\n" + bytes(40), "AMR speech of several channels"),
        (b"\x02#!SILK_V3" + bytes(40), "a voice message of WeChat or QQ (SILK)"),
        (b".RMF\0\0\0\x12" + bytes(40), "RealMedia"),
        (b"MThd\0\0\0\6" + bytes(40), "MIDI, notes without sound"),
        (b"FORM\0\0\1\0" + b"8SVX" + bytes(40), "an IFF file that is no AIFF"),
        (b"FLV\1\5" + bytes(40), "Flash"),
        (b"riff\x2e\x91\xcf\x11\xa5\xd6" + bytes(40), "a Sony sound file (Wave64)"),
        (b"\x02dss" + bytes(40), "a dictation machine's recording (DSS)"),
        (b"WEBVTT\n\n", "a transcript (WebVTT), which belongs into the row's transcript"),
    ],
)
def test_what_is_no_recording_is_named(head: bytes, name: str) -> None:
    assert (sniff(head).demuxer, sniff(head).name) == (None, name)


@pytest.mark.parametrize(("name", "codec"), [("a.flac", "flac"), ("a.adts", "aac"), ("a.mp3", "libmp3lame")])
def test_a_tag_for_music_hides_no_format(name: str, codec: str, tmp_path: Path) -> None:
    media.write(tmp_path / name, Sound(media.tone(2.0), codec=codec))
    tag = b"ID3\4\0\0\0\0\x4e\x20" + bytes(10_016)  # a cover picture's length
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(tag + content[10 + 35 if content[:3] == b"ID3" else 0 :])
    with decode(tmp_path / name, frames_per_second=None) as found:
        assert (found.status, found.probe.container) == ("ok", {"a.adts": "aac"}.get(name, name[2:]))
        assert found.audio is not None
        assert found.audio.duration == pytest.approx(2.0, abs=0.05)


def box(kind: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I", 8 + len(content)) + kind + content


@pytest.mark.parametrize("wide", [False, True])
def test_an_mp4s_head_says_when_its_tracks_end(wide: bool, tmp_path: Path) -> None:
    """By the movie's clock, 600 a second; a track whose duration nobody knew says nothing."""
    flags, number = (b"\1\0\0\0", ">Q") if wide else (bytes(4), ">I")
    times = bytes(16 if wide else 8)
    unknown = 2 ** (64 if wide else 32) - 1

    def track(identity: int, duration: int) -> bytes:
        head = flags + times + struct.pack(">II", identity, 0) + struct.pack(number, duration)
        return box(b"trak", box(b"tkhd", head, bytes(60)), box(b"mdia", bytes(40)))

    movie = box(b"mvhd", flags, times, struct.pack(">I", 600), struct.pack(number, 36_000), bytes(80))
    content = box(b"ftyp", b"isom") + box(b"moov", movie, track(1, 36_000), track(7, 30_300), track(2, unknown))
    (tmp_path / "a.mp4").write_bytes(content)
    descriptor = os.open(tmp_path / "a.mp4", os.O_RDONLY)
    assert layout(descriptor, "mov").ends == {1: 60.0, 7: 50.5}
    os.close(descriptor)


def sound_bytes(path: Path, demuxer: str, content: bytes) -> int:
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    found = layout(descriptor, demuxer).sound_bytes
    os.close(descriptor)
    return found


def test_tags_and_other_chunks_are_no_sound(tmp_path: Path) -> None:
    frames = b"\xff\xfb" + bytes(4998)
    text = b"TSSE" + bytes([0, 0, 0, 15, 0, 0]) + bytes(15)
    ape = b"APETAGEX" + struct.pack("<IIII8x", 2000, 100, 1, 0)
    tagged = b"ID3\4\0\0\0\0\0\x23" + text + bytes(10)
    padded = tagged[:9] + b"\x53" + text + bytes(58)  # 48 bytes more of padding
    for content in (
        frames,
        tagged + frames,
        padded + frames,
        frames + b"TAG" + bytes(125),
        tagged + frames + bytes(100) + ape,
    ):
        assert sound_bytes(tmp_path / "a.mp3", "mp3", content) == 5000
    longer = bytearray(tagged)
    longer[8] ^= 0x20  # a flipped bit: the tag says that it is 4 KiB long
    assert sound_bytes(tmp_path / "a.mp3", "mp3", longer + frames) == 5000
    form = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    samples = b"data" + struct.pack("<I", 5000) + bytes(5000)
    note = b"LIST" + struct.pack("<I", 300) + bytes(300)
    for chunks in (form + samples, form + note + samples, form + samples + note):
        wave = b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks
        assert sound_bytes(tmp_path / "a.wav", "wav", wave) == 5000


def test_any_bytes_have_a_layout(tmp_path: Path) -> None:
    """Headers of random numbers are read without error and without end."""
    rng = np.random.default_rng(0)
    heads = {
        "mov": b"\0\0\0\x14ftypisom",
        "matroska": b"\x1aE\xdf\xa3",
        "wav": b"RIFF",
        "mp3": b"ID3\3\0\0",
        "ogg": b"OggS",
    }
    for n in range(200):
        demuxer = list(heads)[n % len(heads)]
        (tmp_path / "a.bin").write_bytes(heads[demuxer] + rng.bytes(int(rng.integers(3000))))
        descriptor = os.open(tmp_path / "a.bin", os.O_RDONLY)
        assert layout(descriptor, demuxer).missing >= 0
        os.close(descriptor)
