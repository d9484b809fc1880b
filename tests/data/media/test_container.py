"""Formats are told by their bytes, and missing bytes by what the headers promise."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests import media
from tests.media import Sound
from vivavoce.data.media.container import HEAD_BYTES, layout, sniff

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
}


@pytest.mark.parametrize(("name", "codec"), WRITTEN)
def test_every_accepted_format_is_known_by_its_bytes_whole_or_cut(name: str, codec: str, tmp_path: Path) -> None:
    media.write(tmp_path / name, Sound(media.noise(2.0), codec=codec))
    (tmp_path / name).rename(tmp_path / "a.bin")
    content = (tmp_path / "a.bin").read_bytes()
    demuxer = WRITTEN[name, codec]
    assert sniff(content[:HEAD_BYTES]).demuxer == demuxer
    for missing in (0, 1000):
        (tmp_path / "a.bin").write_bytes(content[: len(content) - missing])
        descriptor = os.open(tmp_path / "a.bin", os.O_RDONLY)
        found = layout(descriptor, demuxer)
        os.close(descriptor)
        promises = demuxer in ("mov", "matroska", "wav", "avi")
        assert (found.missing > 0) == (promises and missing > 0), found
        assert found.declares
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
    ],
)
def test_what_is_no_recording_is_named(head: bytes, name: str) -> None:
    assert (sniff(head).demuxer, sniff(head).name) == (None, name)


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
