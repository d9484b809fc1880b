"""Recordings as tools write them: format by peculiarity, with status, length, noise and words of the same speech."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import soxr

from tests import media
from tests.features.transcript.dictations import small, text
from tests.media import Film, Samples, Sound
from tests.small_whisper.recordings import converse
from tests.small_whisper.synthesis import RATE
from tests.two_speakers import HIGH
from vivavoce.data.interview import Modality
from vivavoce.data.media.account import Limits
from vivavoce.data.vault.keys import ProjectKey
from vivavoce.evaluation.recognition import word_error_rate
from vivavoce.features.prosody import PROSODY, AnswerVoice
from vivavoce.features.speakers.candidate import seconds
from vivavoce.features.transcript.recognise import Passage
from vivavoce.pipelines.scoring.job import open_store
from vivavoce.pipelines.scoring.recording import Observer

SECONDS = 6.0
NOISE_DB = -52.0
NARROW = 8000  # Hz: telephones
SAID = converse(SECONDS, "en", np.random.default_rng(14), voice=HIGH, noise_db=NOISE_DB)


@dataclass(frozen=True)
class Format:
    """A container with one codec for sound and, where it is a film, one for the picture."""

    name: str
    codec: str
    rate: int = 48_000
    film: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    container: str | None = None


FORMATS = {
    one.name if not one.options else f"{one.name} {one.options[0][0]}": one
    for one in (
        Format("plain.mp4", "aac", film="libx264"),
        Format("live.mp4", "aac", film="libx264", options=(("movflags", "frag_keyframe+empty_moov"),)),
        Format("a.mov", "pcm_s16le", film="libx264"),
        Format("a.mkv", "flac", film="libx264"),
        Format("a.webm", "libopus", film="libvpx"),
        Format("a.avi", "libmp3lame", film="libx264"),
        Format("a.ts", "aac", film="libx264"),
        Format("a.wmv", "wmav2", film="wmv2", container="asf"),
        Format("a.m4a", "alac", container="mp4"),
        Format("a.3gp", "libopencore_amrnb", NARROW),
        Format("a.amr", "libopencore_amrnb", NARROW),
        Format("telephone.wav", "pcm_alaw", NARROW),
        Format("studio.wav", "pcm_s24le", 96_000),
        Format("float.wav", "pcm_f32le", 16_000),
        Format("a.flac", "flac"),
        Format("a.mp3", "libmp3lame"),
        Format("a.opus", "libopus"),
        Format("a.aac", "aac", container="adts"),
        Format("a.aiff", "pcm_s16be", 44_100),
        Format("a.aifc", "pcm_s16le", 44_100, container="aiff"),
        Format("a.wma", "wmav2", 44_100, container="asf"),
        Format("a.caf", "pcm_s16le"),
        Format("a.ac3", "ac3"),
    )
}
TIMED = ("plain.mp4", "live.mp4 movflags", "a.mov", "a.mkv", "a.webm", "a.ts")  # whose sound can begin late

Planted = tuple[list[Sound], list[Film], dict[str, object]]


def plain(form: Format, samples: Samples, **changes: object) -> Planted:
    voice = soxr.resample(samples.T, RATE, form.rate).T.astype(np.float32)
    options = {"libx264": (("preset", "ultrafast"),), "libvpx": (("deadline", "realtime"),)}.get(form.film or "", ())
    films = [media.film(SECONDS, 5, 96, 64, codec=form.film, options=options)] if form.film else []
    return [replace(Sound(voice, form.rate, form.codec), **changes)], films, {}


def with_channels(*gains: float, offset: float = 0.0) -> Callable[[Format], Planted]:
    """The voice with this gain in each channel, faint noise where it has none, and a constant in all of them."""

    def plant(form: Format) -> Planted:
        rng = np.random.default_rng(9)
        quiet = rng.normal(0, 10 ** (NOISE_DB / 20), (len(gains), len(SAID.sound)))
        channels = [gain * SAID.sound if gain else noise for gain, noise in zip(gains, quiet, strict=True)]
        return plain(form, np.stack(channels).astype(np.float32) + np.float32(offset))

    return plant


def late(form: Format) -> Planted:
    sounds, _, _ = plain(form, SAID.sound, start=8.0)
    _, films, more = plain(form, SAID.sound)
    return sounds, [replace(film, pictures=media.film(SECONDS + 8.0, 5, 96, 64).pictures) for film in films], more


def picture_late(form: Format) -> Planted:
    sounds, films, more = plain(form, SAID.sound)
    later = media.film(SECONDS - 4.0, 5, 96, 64).pictures
    return sounds, [replace(film, pictures=later, times=lambda n: 4.0 + n / 5) for film in films], more


def second_track(form: Format) -> Planted:
    sounds, films, more = plain(form, SAID.sound)
    first = replace(sounds[0], samples=np.zeros_like(sounds[0].samples))
    return [first, *sounds], films, more


def covered(form: Format) -> Planted:
    """With a cover picture, chapters and a time code beside the film."""
    sounds, films, _ = plain(form, SAID.sound)
    cover = Film([media.coded(1)], 1, "mjpeg", "yuvj420p", options=(), cover=True)
    return sounds, [cover, *films], {"chapters": 2, "metadata": {"timecode": "01:00:00:00"}}


PECULIARITIES: dict[str, tuple[Callable[[Format], Planted], tuple[str, ...]]] = {
    "as it is": (lambda form: plain(form, SAID.sound), tuple(FORMATS)),
    "sound 8 s late": (late, TIMED),
    "picture 4 s late": (picture_late, TIMED[:1] + TIMED[-3:]),
    "left only": (with_channels(1, 0), ("plain.mp4", "a.mp3")),
    "opposed": (with_channels(1, -1), ("plain.mp4", "a.wma", "a.opus")),
    "third of four": (with_channels(0, 0, 1, 0), ("plain.mp4", "studio.wav", "a.caf")),
    "sixth of six": (with_channels(0, 0, 0, 0, 0, 1), ("a.mkv", "a.ac3")),
    "a constant of .9 %": (with_channels(1, offset=0.009), ("plain.mp4", "studio.wav", "a.mp3")),
    "second track": (second_track, ("plain.mp4", "a.mkv", "a.ts")),
    "cover, chapters, time code": (covered, ("plain.mp4", "a.mov")),
}


@dataclass(frozen=True)
class Cell:
    """What came of one recording."""

    status: str
    seconds: float
    snr_db: float
    passage: Passage
    lead: float  # seconds before the sound begins


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Cell]:
    folder = tmp_path_factory.mktemp("recordings")
    observer = Observer(open_store(folder, ProjectKey.read_or_create(folder / "key")), 5.0, Limits())
    cells = {}
    for peculiarity, (plant, formats) in PECULIARITIES.items():
        for name in formats:
            form = FORMATS[name]
            sounds, films, more = plant(form)
            path = folder / f"{len(cells)} {form.name}"
            media.write(path, sounds, films, container=form.container, options=dict(form.options), **more)
            cells[name, peculiarity] = observed(observer, path, sounds[-1].start)
    return cells


def observed(observer: Observer, path: Path, lead: float) -> Cell:
    seen = observer.observe(path, "p", None, frozenset({Modality.TEXT, Modality.VOICE}))
    found = seen.observation
    assert found.duration is not None, (path, found)
    voice = AnswerVoice(found.tracks["voice"], found.tracks["speech"], lead, found.duration)
    snr = PROSODY.measure(voice)["prosody.recording_snr_db"]
    passage = Passage(seen.sound(), found.tracks["speech"], lead, found.duration, "en")
    return Cell(found.status.value, found.duration, snr if isinstance(snr, float) else np.nan, passage, lead)


def test_every_format_and_peculiarity_gives_the_same_speech(table: dict[tuple[str, str], Cell]) -> None:
    """Words of telephone bandwidth are left out: the small recogniser learned from 16 kHz."""
    heard = small().recognise([cell.passage for cell in table.values()])
    clean = table["float.wav", "as it is"]
    wrong = []
    for ((name, peculiarity), cell), words in zip(table.items(), heard, strict=True):
        narrow = FORMATS[name].rate == NARROW
        errors = word_error_rate(SAID.text, text(words), "en").value
        begins = words.words[0].start - cell.lead if words.words else np.nan
        speech = seconds(cell.passage.speech.spans)
        found = [
            ("status", cell.status, cell.status == "ok"),
            ("seconds", cell.seconds - cell.lead, abs(cell.seconds - cell.lead - SECONDS) < 0.1),
            ("noise", cell.snr_db, -1.5 < cell.snr_db - clean.snr_db < (10 if narrow else 1.5)),  # AMR takes noise away
            ("speech", speech, abs(speech - seconds(clean.passage.speech.spans)) < 0.8),
            ("words", errors, narrow or errors == 0.0),
            ("times", begins, narrow or abs(begins - SAID.words[0].start) < 0.1),
        ]
        wrong += [(name, peculiarity, what, value) for what, value, good in found if not good]
    assert wrong == [], "\n".join(map(str, wrong))
