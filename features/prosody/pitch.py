"""F0: how high, how wide, how it moves, and how much of the speech is voiced.

Level, always relative, to the speaker's own usual level or of loud parts to faint ones: the gain cancels.
"""

import numpy as np

from vivavoce.data.schema import Absent, Value
from vivavoce.data.track import Array
from vivavoce.features.prosody.answer_voice import EVERYTHING, PROSODY, VOICE_OF, AnswerVoice, middle, spread
from vivavoce.features.prosody.frames import HOP_S, find_runs

EYBEN = "Eyben et al. (2016), Geneva minimalistic acoustic parameter set"
SHORTEST_RUN = 8  # frames: a slope over less than 80 ms is noise

_feature = PROSODY.feature


def _semitones(voice: AnswerVoice) -> Array | Absent:
    f0 = voice.during_voice("f0_hz")
    if isinstance(f0, Absent):
        return f0
    semitones: Array = 12.0 * np.log2(f0)
    return semitones


def _slopes(voice: AnswerVoice) -> tuple[Array, Array] | Absent:
    """Slope in semitones per second and length in frames of each voiced stretch."""
    if isinstance(missing := voice.during_voice("f0_hz"), Absent):
        return missing
    f0 = voice.frames["f0_hz"].astype(np.float64)
    runs = [run for run in find_runs(voice.voiced) if run[1] - run[0] >= SHORTEST_RUN]
    if not runs:
        return Absent("too_little_voice")
    slopes = [np.polyfit(np.arange(b - a) * HOP_S, 12 * np.log2(f0[a:b]), 1)[0] for a, b in runs]
    return np.array(slopes), np.array([b - a for a, b in runs], np.float64)


def _weighted_median(values: Array, weights: Array) -> float:
    order = np.argsort(values, kind="stable")
    half = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(half, 0.5)])


@_feature(
    "prosody.f0_median_hz",
    unit="Hz",
    low=60,
    high=500,
    meaning="Median fundamental frequency of the voice: how high it is.",
    source="Boersma (1993); " + EYBEN,
    moved_by=("language",),
    resists=EVERYTHING,
    proxy_of=VOICE_OF,
)
def f0_median_hz(voice: AnswerVoice) -> Value:
    """Median F0 of voiced frames."""
    return middle(voice.during_voice("f0_hz"))


@_feature(
    "prosody.f0_spread_semitones",
    unit="semitone",
    low=0,
    high=24,
    meaning="Distance between the 20th and 80th percentile of F0: how much of its range the voice uses.",
    source=EYBEN,
    moved_by=("language",),
    resists=EVERYTHING,
)
def f0_spread_semitones(voice: AnswerVoice) -> Value:
    """20–80 percentile range of F0."""
    return spread(_semitones(voice))


@_feature(
    "prosody.f0_slope_semitones_per_s",
    unit="semitone/s",
    low=-60,
    high=60,
    meaning="Typical direction of F0 within a voiced stretch: below zero it falls.",
    source=EYBEN + " (slopes of F0; here one regression line per stretch, median weighted by length)",
    moved_by=("language",),
    resists=("level", "resampling", "trimming"),
)
def f0_slope_semitones_per_s(voice: AnswerVoice) -> Value:
    """Length-weighted median slope of the voiced stretches."""
    found = _slopes(voice)
    return found if isinstance(found, Absent) else _weighted_median(*found)


@_feature(
    "prosody.f0_movement_semitones_per_s",
    unit="semitone/s",
    low=0,
    high=80,
    meaning="Typical steepness of F0 within a voiced stretch, rising or falling.",
    source=EYBEN + " (slopes of F0; absolute values, median weighted by length)",
    moved_by=("language",),
    resists=("level", "resampling", "trimming"),
)
def f0_movement_semitones_per_s(voice: AnswerVoice) -> Value:
    """Length-weighted median absolute slope of the voiced stretches."""
    found = _slopes(voice)
    return found if isinstance(found, Absent) else _weighted_median(np.abs(found[0]), found[1])


@_feature(
    "prosody.voiced_share",
    unit="share",
    low=0,
    high=1,
    meaning="Share of the speech in which the vocal folds vibrate.",
    source=EYBEN,
    moved_by=("language", "room", "microphone"),
    resists=("level", "trimming"),
)
def voiced_share(voice: AnswerVoice) -> Value:
    """Voiced frames over speech frames; the detector's edges move the latter, so that a low rate may too."""
    if isinstance(missing := voice.missing, Absent):
        return missing
    return float(voice.voiced.sum() / voice.spoken.sum())


@_feature(
    "prosody.voiced_stretch_s",
    unit="s",
    low=0.02,
    high=5,
    meaning="Mean length of an unbroken voiced stretch.",
    source=EYBEN,
    moved_by=("language", "room", "microphone"),
    resists=("level", "resampling", "trimming"),
)
def voiced_stretch_s(voice: AnswerVoice) -> Value:
    """Mean length of the runs of voiced frames."""
    if isinstance(missing := voice.during_voice("f0_hz"), Absent):
        return missing
    return float(voice.voiced.sum() * HOP_S / len(find_runs(voice.voiced)))


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
