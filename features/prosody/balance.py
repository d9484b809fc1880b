"""Spectral balance of the voiced speech: where its energy lies, within the band that a telephone keeps."""

from vivavoce.data.schema import Value
from vivavoce.features.prosody.answer import EVERYTHING, PROSODY, VOICE_OF, AnswerVoice, middle
from vivavoce.features.prosody.pitch import EYBEN

_feature = PROSODY.feature


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
