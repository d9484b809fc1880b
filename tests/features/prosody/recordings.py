"""The real recordings, one list for every test: the detector's segments are found once."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from tests.signals import RATE, Clip
from vivavoce.data.media.memory import AudioSpool
from vivavoce.features.speech import find_speech

PERSONS = (
    "speech/speechbrain/LJ050-0131.wav",
    "speech/speechbrain/spk1_snt1.wav",
    "speech/speechbrain/spk2_snt3.wav",
    "speech/wenet/aishell-BAC009S0724W0121.wav",
    "speech/wenet/librispeech-1995-1837-0001.wav",
    "speech/wenet/nst_ID002.wav",
    "speech/whisper/jfk.flac",
    *(f"talking_face/grid/{name}.mpg" for name in ("bbaf2n", "brbk7n", "id2_vcd_swwp2s", "lbax4n")),
    *(f"talking_face/grid/{name}.mpg" for name in ("lrwp9a", "pwij3p", "sbia1a", "swiz3n")),
)
"""One recording of each person."""


@cache
def read_clips(folder: Path, every: int = 1) -> tuple[Clip, ...]:
    """Every n-th person's recording at 16 kHz with its segments of speech."""
    return tuple(_read(folder / name) for name in PERSONS[::every])


def _read(path: Path) -> Clip:
    import av

    with av.open(str(path)) as source:
        resampler = av.AudioResampler("flt", "mono", RATE)
        frames = [part for frame in source.decode(audio=0) for part in resampler.resample(frame)]
        samples = np.concatenate([part.to_ndarray()[0] for part in (*frames, *resampler.resample(None))])
    with AudioSpool.from_array(samples) as audio:
        spans = find_speech(audio).spans
    return Clip(path.name, samples, RATE, tuple((float(a), float(b)) for a, b in spans))


def cut_speech(clip: Clip, below_db: float = 30.0) -> np.ndarray:
    """A clip's speech with sharp edges: from where its level first to where it last lies that near to its loudest."""
    speech = clip.samples[round(clip.spans[0][0] * RATE) : round(clip.spans[-1][1] * RATE)]
    step = RATE // 100
    power = (speech[: len(speech) // step * step].reshape(-1, step) ** 2).mean(axis=1)
    loud = np.flatnonzero(power > np.percentile(power, 99) * 10 ** (-below_db / 10))
    return speech[loud[0] * step : (loud[-1] + 1) * step]


def plant_pauses(speech: np.ndarray, pauses_s: Sequence[float], snr_db: float) -> np.ndarray:
    """The same speech again and again with silences of known length between, a second around, steady noise over all."""
    parts = [np.zeros(RATE), speech]
    for pause in pauses_s:
        parts += [np.zeros(round(pause * RATE)), speech]
    sound = np.concatenate([*parts, np.zeros(RATE)])
    noise = np.random.default_rng(0).standard_normal(len(sound))
    spoken = np.sqrt((speech**2).mean())
    return (sound + noise * spoken * 10 ** (-snr_db / 20)).astype(np.float32)
