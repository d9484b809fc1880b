"""Real people's clips as interviews are heard: clean, in noise, in a room, through a codec, over a telephone."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import soxr

from tests.features.real import RATE, read_sound

Samples = np.ndarray
NOISES = ("noise1", "noise2", "noise4")
SIGNAL_TO_NOISE_DB = (20, 10, 5, 0)
LEFT_OUT = {"wenet/nst_ID003.wav", "speechbrain/spk2_snt5.wav"}  # fillers only; the note is another sentence's
HARVARD = {  # sentences of the IEEE lists that the clips' notes spell by sound (TUE, SHEEP)
    "speechbrain/spk1_snt2.wav": "drop the two when you add the figures",
    "speechbrain/spk2_snt3.wav": "tear a thin sheet from the yellow pad",
}
OPUS_RATE, OPUS_BITS = 48_000, 16_000
TELEPHONE_RATE = 8_000
MU = 255.0  # ITU-T G.711


@dataclass(frozen=True)
class Clip:
    """What one person says, in one language; sound at 16 kHz, shape (samples,)."""

    name: str
    speaker: str
    language: str
    text: str
    sound: Samples


def read_clips(folder: Path) -> tuple[Clip, ...]:
    """Every clip with words whose text is known; the speaker is told by the file's name."""
    with (folder / "transcripts.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["file"] not in LEFT_OUT]
    return tuple(
        Clip(
            row["file"],
            Path(row["file"]).stem.partition("_snt")[0],
            row["lang"],
            HARVARD.get(row["file"], row["transcript"]),
            read_sound(folder / row["file"]),
        )
        for row in rows
    )


def conditions(folder: Path) -> dict[str, Samples | None]:
    """By name: the noise or the room that is needed, None for what needs neither."""
    sounds = {name: read_sound(folder / "noise" / f"{name}.wav") for name in NOISES}
    noisy = {f"{name} {decibels} dB": sounds[name] for decibels in SIGNAL_TO_NOISE_DB for name in NOISES}
    room = read_sound(folder / "noise" / "rir1.wav")
    return {"clean": None, **noisy, "reverberant": room, "Opus 16 kbit/s": None, "mu-law 8 kHz": None}


def change(sound: Samples, condition: str, other: Samples | None) -> Samples:
    """The sound under one of ``conditions``, as long as before, float32."""
    if condition == "clean":
        return sound
    if condition == "Opus 16 kbit/s":
        return _opus(sound)
    if condition == "mu-law 8 kHz":
        return _telephone(sound)
    assert other is not None
    if condition == "reverberant":
        spread = np.convolve(sound, other)[: len(sound)]
        return (spread * (np.abs(sound).max() / np.abs(spread).max())).astype(np.float32)
    under = np.resize(other, len(sound))
    ratio = 10 ** (float(condition.split()[-2]) / 20)
    return (sound + under * np.sqrt((sound**2).mean() / (under**2).mean()) / ratio).astype(np.float32)


def _telephone(sound: Samples) -> Samples:
    narrow = np.clip(soxr.resample(sound, RATE, TELEPHONE_RATE), -1, 1)
    steps = np.round(np.sign(narrow) * np.log1p(MU * np.abs(narrow)) / np.log1p(MU) * 127) / 127
    wide = soxr.resample(np.sign(steps) * np.expm1(np.abs(steps) * np.log1p(MU)) / MU, TELEPHONE_RATE, RATE)
    return np.resize(wide, len(sound)).astype(np.float32)


def _opus(sound: Samples) -> Samples:
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as output:
        stream = output.add_stream("libopus", rate=OPUS_RATE, layout="mono")
        stream.bit_rate = OPUS_BITS
        frame = av.AudioFrame.from_ndarray(soxr.resample(sound, RATE, OPUS_RATE)[None], format="flt", layout="mono")
        frame.sample_rate = OPUS_RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            output.mux(packet)
    file.seek(0)
    with av.open(file) as source:
        resampler = av.AudioResampler("flt", "mono", RATE)
        frames = [part for one in source.decode(audio=0) for part in resampler.resample(one)]
        found = np.concatenate([part.to_ndarray()[0] for part in (*frames, *resampler.resample(None))])
    return np.pad(found, (0, max(len(sound) - len(found), 0)))[: len(sound)].astype(np.float32)


@dataclass(frozen=True)
class Placed:
    """A clip, where it is put and where its voice begins there, in seconds."""

    clip: Clip
    at: float
    voice: float


def joined(clips: tuple[Clip, ...], rng: np.random.Generator, seconds: float = 28.0) -> Iterator[Placed]:
    """Clips in random order with random gaps, until so many seconds are full."""
    at = 0.5
    for i in rng.permutation(len(clips)):
        clip = clips[i]
        length = len(clip.sound) / RATE
        if at + length > seconds:
            continue
        yield Placed(clip, at, at + onset(clip.sound))
        at += length + float(rng.uniform(0.3, 1.2))


def onset(sound: Samples) -> float:
    """Seconds until the level first comes within 30 dB of the loudest 10 ms."""
    step = RATE // 100
    level = np.sqrt((sound[: len(sound) // step * step].reshape(-1, step) ** 2).mean(axis=1))
    return float(np.argmax(level >= level.max() / 10**1.5)) * step / RATE
