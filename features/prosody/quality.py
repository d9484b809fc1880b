"""Voice quality: how regular the cycles are, and how far the voice stands above its noise.

Spectral balance of the voiced speech: where its energy lies, within the band that a telephone keeps.
"""

import numpy as np

from vivavoce.data.schema import Absent, Value
from vivavoce.features.prosody.answer_voice import EVERYTHING, PROSODY, VOICE_OF, AnswerVoice, middle
from vivavoce.features.prosody.pitch import EYBEN

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


@_feature(
    "prosody.alpha_ratio_db",
    unit="dB",
    low=-20,
    high=60,
    meaning="Median ratio of the voice's energy at 50–1000 Hz to that at 1–3.8 kHz.",
    source=EYBEN,
    moved_by=("microphone", "room", "language"),
    resists=EVERYTHING,
    proxy_of=VOICE_OF,
)
def alpha_ratio_db(voice: AnswerVoice) -> Value:
    """Median alpha ratio of voiced frames."""
    return middle(voice.during_voice("alpha_ratio_db"))


@_feature(
    "prosody.hammarberg_db",
    unit="dB",
    low=-20,
    high=80,
    meaning="Median ratio of the strongest peak of the voice below 2 kHz to the strongest at 2–3.8 kHz.",
    source=EYBEN + "; Hammarberg et al. (1980)",
    moved_by=("microphone", "room", "language"),
    resists=EVERYTHING,
    proxy_of=VOICE_OF,
)
def hammarberg_db(voice: AnswerVoice) -> Value:
    """Median Hammarberg index of voiced frames."""
    return middle(voice.during_voice("hammarberg_db"))


@_feature(
    "prosody.slope_low_db_per_khz",
    unit="dB/kHz",
    low=-150,
    high=150,
    meaning="Median slope of the voice's spectrum from 50 to 500 Hz.",
    source=EYBEN,
    moved_by=("microphone", "room", "language"),
    resists=EVERYTHING,
    proxy_of=VOICE_OF,
)
def slope_low_db_per_khz(voice: AnswerVoice) -> Value:
    """Median spectral slope 50–500 Hz of voiced frames."""
    return middle(voice.during_voice("slope_low_db_per_khz"))


@_feature(
    "prosody.slope_high_db_per_khz",
    unit="dB/kHz",
    low=-80,
    high=60,
    meaning="Median slope of the voice's spectrum from 500 to 1500 Hz.",
    source=EYBEN,
    moved_by=("microphone", "room", "language"),
    resists=EVERYTHING,
    proxy_of=VOICE_OF,
)
def slope_high_db_per_khz(voice: AnswerVoice) -> Value:
    """Median spectral slope 500–1500 Hz of voiced frames."""
    return middle(voice.during_voice("slope_high_db_per_khz"))


@_feature(
    "prosody.centroid_hz",
    unit="Hz",
    low=80,
    high=4000,
    meaning="Median centre of gravity of the voice's power between 50 and 3800 Hz.",
    source="as in librosa.feature.spectral_centroid, of power, within 50–3800 Hz",
    moved_by=("microphone", "room", "language"),
    resists=EVERYTHING,
    proxy_of=VOICE_OF,
)
def centroid_hz(voice: AnswerVoice) -> Value:
    """Median spectral centroid of voiced frames."""
    return middle(voice.during_voice("centroid_hz"))
