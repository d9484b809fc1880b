"""Mutated recordings: no hang, no unhandled error, nothing cut that passes as whole."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests import media
from tests.media import Sound
from tests.proof import proof_count
from vivavoce.data.media.decode import Decoded, decode
from vivavoce.data.status import FLAGGED, MediaStatus

SECONDS = 3.0
Content = bytearray


def _cut(content: Content, rng: np.random.Generator) -> Content:
    return content[: rng.integers(len(content))]


def _flip(content: Content, rng: np.random.Generator) -> Content:
    for place in rng.integers(len(content), size=rng.integers(1, 40)):
        content[place] ^= 1 << rng.integers(8)
    return content


def _flip_head(content: Content, rng: np.random.Generator) -> Content:
    for place in rng.integers(min(2000, len(content)), size=rng.integers(1, 8)):
        content[place] = rng.integers(256)
    return content


def _blank(content: Content, rng: np.random.Generator) -> Content:
    start, length = rng.integers(len(content)), rng.integers(1, len(content) // 2)
    content[start : start + length] = bytes(len(content[start : start + length]))
    return content


def _remove(content: Content, rng: np.random.Generator) -> Content:
    start, length = rng.integers(len(content)), rng.integers(1, len(content) // 2)
    return content[:start] + content[start + length :]


def _repeat(content: Content, rng: np.random.Generator) -> Content:
    start, length = rng.integers(len(content)), rng.integers(1, len(content) // 2)
    return content[: start + length] + content[start:]


MUTATIONS: tuple[Callable[[Content, np.random.Generator], Content], ...] = (
    _cut, _flip, _flip_head, _blank, _remove, _repeat
)  # fmt: skip


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, bytes]]:
    folder = tmp_path_factory.mktemp("sources")
    sound, picture = Sound(media.noise(SECONDS, 16_000), 16_000), media.film(SECONDS, 25, 96, 64)
    opus = replace(sound, codec="libopus")
    vp8 = replace(picture, codec="libvpx", options=(("deadline", "realtime"), ("cpu-used", "8")))
    made = {
        "plain.mp4": (sound, picture, {}),
        "start.mp4": (sound, picture, {"movflags": "faststart"}),
        "fragments.mp4": (sound, picture, {"movflags": "frag_keyframe+empty_moov", "frag_duration": "300000"}),
        "chrome.webm": (opus, vp8, {}),
        "tool.mkv": (sound, picture, {}),
        "phone.wav": (replace(sound, codec="pcm_s16le"), None, {}),
        "old.mp3": (replace(sound, codec="libmp3lame"), None, {}),
    }
    for name, (heard, seen, options) in made.items():
        picture = media.film(SECONDS, 25, 96, 64)
        media.write(folder / name, heard, seen and replace(seen, pictures=picture.pictures), options=options)
    return [(name, (folder / name).read_bytes()) for name in made]


def _short(result: Decoded, frames: list[float] | None) -> tuple[float, ...] | None:
    """Seconds declared, heard and seen of a file that passes for whole and is not; None: nobody looked."""
    declared = result.probe.duration or SECONDS
    heard = result.audio.duration if result.audio else 0.0
    shown = 0.04 + float(np.minimum(np.diff(frames or []), 0.12).sum())  # two lost in a row pass, more do not
    seen = shown if result.probe.video and frames is not None else heard
    return (declared, heard, seen) if min(heard, seen) < 0.98 * min(declared, SECONDS) - 0.065 else None


@pytest.mark.proof
def test_mutated_recordings_end_in_a_status_and_none_passes_for_whole(
    sources: list[tuple[str, bytes]], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Each decoded twice: with its picture, and for its sound alone, as where only the text may be used."""
    found: Counter[str] = Counter()
    took, unflagged = [], []
    count = proof_count(300, 10_000)
    for n in range(count):
        rng = np.random.default_rng(n)
        name, content = sources[n % len(sources)]
        mutate = MUTATIONS[rng.integers(len(MUTATIONS))]
        path = tmp_path / name
        path.write_bytes(mutate(bytearray(content), rng))
        for per_second in (25.0, None):
            frames: list[float] = []
            began = time.monotonic()
            result = decode(path, frames_per_second=per_second, on_frame=lambda at, _, frames=frames: frames.append(at))
            assert result.status is not MediaStatus.CRASHED or "memory" in result.detail, (n, name, result.detail)
            if result.status is MediaStatus.OK and (lacking := _short(result, frames if per_second else None)):
                unflagged.append((n, name, mutate.__name__, per_second, *lacking))
            elif result.status not in {MediaStatus.OK, *FLAGGED}:
                took.append(time.monotonic() - began)
            found[result.status if per_second else f"{result.status}, sound alone"] += 1
            result.close()
    record_property("files", count)
    record_property("passed for whole and were not", len(unflagged))
    record_property("ended as", dict(found.most_common()))
    record_property("95 % of bad files rejected within, s", round(float(np.quantile(took, 0.95)), 2))
    assert unflagged == []
    assert not any(status.startswith(MediaStatus.TIMEOUT) for status in found)
    assert np.quantile(took, 0.95) < 2.0
