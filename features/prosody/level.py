"""Level, always relative, to the speaker's own usual level or of loud parts to faint ones: the gain cancels."""

import numpy as np

from vivavoce.data.schema import Absent, Value
from vivavoce.features.prosody.answer import EVERYTHING, PROSODY, AnswerVoice, spread
from vivavoce.features.prosody.frames import HOP_S
from vivavoce.features.prosody.pitch import EYBEN

_feature = PROSODY.feature


@_feature(
    "prosody.level_relative_db",
    unit="dB",
    low=-40,
    high=40,
    meaning="Median level of the answer's voiced speech above that of the speaker's whole recording.",
    source="own: difference of medians; the recording's gain cancels",
    moved_by=("microphone", "room"),
    resists=EVERYTHING,
)
def level_relative_db(voice: AnswerVoice) -> Value:
    """Median level of the answer minus the speaker's own."""
    level = voice.during_voice("voice_db")
    if isinstance(level, Absent):
        return level
    usual = voice.track["voice_db"][np.isfinite(voice.track["f0_hz"])]
    return float(np.median(level) - np.median(usual))


@_feature(
    "prosody.level_range_db",
    unit="dB",
    low=0,
    high=50,
    meaning="Distance between the 20th and 80th percentile of the level of voiced speech.",
    source=EYBEN + " (there of loudness)",
    moved_by=("microphone", "room", "language", "codec"),
    resists=("level", "resampling", "trimming"),
)
def level_range_db(voice: AnswerVoice) -> Value:
    """20–80 percentile range of level in voiced frames."""
    return spread(voice.during_voice("voice_db"))


@_feature(
    "prosody.level_change_db_per_s",
    unit="dB/s",
    low=0,
    high=600,
    meaning="Mean steepness of the level's rises and falls within speech.",
    source=EYBEN + " (there slopes of loudness)",
    moved_by=("microphone", "room", "language"),
    resists=EVERYTHING,
)
def level_change_db_per_s(voice: AnswerVoice) -> Value:
    """Mean absolute change of level over 50 ms between voiced frames, per second."""
    if isinstance(missing := voice.during_voice("voice_db"), Absent):
        return missing
    step = 5  # frames: one analysis window, so that neighbours are independent
    level = voice.frames["voice_db"].astype(np.float64)
    both = voice.voiced[step:] & voice.voiced[:-step]
    if not both.any():
        return Absent("too_little_voice")
    return float(np.abs(level[step:] - level[:-step])[both].mean() / (step * HOP_S))
