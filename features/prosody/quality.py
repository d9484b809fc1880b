"""Voice quality: how regular the cycles are, and how far the voice stands above its noise."""

import numpy as np

from vivavoce.data.schema import Absent, Value
from vivavoce.features.prosody.answer import PROSODY, AnswerVoice, middle

LARGEST = 0.99999  # of periodicity: HNR 50 dB, beyond which rounding decides

_feature = PROSODY.feature


def _mean(voice: AnswerVoice, column: str) -> Value:
    values = voice.during_voice(column)
    return values if isinstance(values, Absent) else float(values.mean())


@_feature(
    "prosody.jitter_percent",
    unit="%",
    low=0,
    high=10,
    meaning="Mean difference between successive periods of the voice, in percent of the period.",
    source="Boersma (2009), waveform matching; jitter (local)",
    moved_by=("microphone", "room", "codec"),
    resists=("level", "trimming"),
    impairment_sensitive=True,
)
def jitter_percent(voice: AnswerVoice) -> Value:
    """Local jitter."""
    return _mean(voice, "jitter_percent")


@_feature(
    "prosody.shimmer_percent",
    unit="%",
    low=0,
    high=30,
    meaning="Mean difference between the sizes of successive cycles of the voice, in percent of their size.",
    source="Boersma (2009), waveform matching; shimmer (local)",
    moved_by=("microphone", "room", "codec"),
    resists=("level", "trimming"),
    impairment_sensitive=True,
)
def shimmer_percent(voice: AnswerVoice) -> Value:
    """Local shimmer."""
    return _mean(voice, "shimmer_percent")


@_feature(
    "prosody.hnr_db",
    unit="dB",
    low=-2,
    high=50,
    meaning="Median harmonics-to-noise ratio of the voice below 3.8 kHz.",
    source="Boersma (1993)",
    moved_by=("microphone", "room", "codec"),
    resists=("level", "resampling", "trimming"),
    impairment_sensitive=True,
)
def hnr_db(voice: AnswerVoice) -> Value:
    """HNR = 10 log10 r / (1 − r) of the periodicity r."""
    periodicity = middle(voice.during_voice("periodicity"))
    if isinstance(periodicity, Absent):
        return periodicity
    share = min(periodicity, LARGEST)
    return float(10 * np.log10(share / (1 - share)))


@_feature(
    "prosody.cpp_db",
    unit="dB",
    low=0,
    high=45,
    meaning="Median cepstral peak prominence below 3.8 kHz: how clearly the spectrum shows harmonics.",
    source="Hillenbrand et al. (1994)",
    moved_by=("microphone", "room", "codec"),
    resists=("level", "resampling", "trimming"),
    impairment_sensitive=True,
)
def cpp_db(voice: AnswerVoice) -> Value:
    """Cepstral peak prominence."""
    return middle(voice.during_voice("cpp_db"))
