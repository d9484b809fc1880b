"""How good the recording is: noise, clipping, bandwidth, reverberation, level. Nothing here describes the person."""

import numpy as np

from vivavoce.data.schema import Absent, Value
from vivavoce.data.track import Array
from vivavoce.features.prosody.answer_voice import PROSODY, AnswerVoice
from vivavoce.features.prosody.frames import HOP_S

APART = 10  # frames from speech at which silence begins: the detector's padding and the analysis window stay out
ENOUGH_SILENCE_S = 0.2
SNR_DB = (-20.0, 80.0)  # beyond, digital silence decides rather than a room
FALL = 16  # frames: over 160 ms chance hardly moves the slope of a decay
ABOVE_DB = 10.0  # a fall counts while it is still this far above the faintest frame
STEEPEST = 95  # percentile of the falls: speech that stops at once shows the room's own decay

_feature = PROSODY.feature


def _power(voice: AnswerVoice) -> Array:
    power: Array = 10 ** (voice.frames["level_db"].astype(np.float64) / 10)
    return power


@_feature(
    "prosody.recording_snr_db",
    unit="dB",
    low=SNR_DB[0],
    high=SNR_DB[1],
    meaning="Ratio of the power of speech to that of the silences between.",
    source="own: mean power in the detector's segments, less the noise, over the median power away from them",
    moved_by=("microphone", "room"),
    resists=("level",),
    quality=True,
)
def recording_snr_db(voice: AnswerVoice) -> Value:
    """Signal-to-noise ratio."""
    if not voice.spoken.any():
        return Absent("no_speech")
    near = np.convolve(voice.spoken, np.ones(2 * APART + 1), mode="same") > 0.5
    if (~near).sum() * HOP_S < ENOUGH_SILENCE_S:
        return Absent("no_silence")
    power = _power(voice)
    noise = float(np.median(power[~near]))
    signal = max(float(power[voice.spoken].mean()) - noise, 0.0)
    return float(np.clip(10 * np.log10(max(signal, 1e-12) / max(noise, 1e-12)), *SNR_DB))


@_feature(
    "prosody.recording_clipped_share",
    unit="share",
    low=0,
    high=1,
    meaning="Share of the samples in speech that lie at full scale.",
    source="own: |x| ≥ 0.985",
    moved_by=("microphone", "level"),
    quality=True,
)
def recording_clipped_share(voice: AnswerVoice) -> Value:
    """Clipping."""
    if not voice.spoken.any():
        return Absent("no_speech")
    return float(voice.frames["clipped_share"][voice.spoken].mean())


@_feature(
    "prosody.recording_bandwidth_hz",
    unit="Hz",
    low=500,
    high=8000,
    meaning="Highest frequency that the recording of the speech carries, at most 8 kHz.",
    source="own: 95th percentile of the frames' roll-off at 50 dB below their power",
    moved_by=("microphone", "codec"),
    resists=("level",),
    quality=True,
)
def recording_bandwidth_hz(voice: AnswerVoice) -> Value:
    """Bandwidth."""
    if not voice.spoken.any():
        return Absent("no_speech")
    return float(np.percentile(voice.frames["edge_hz"][voice.spoken], 95))


@_feature(
    "prosody.recording_decay_s",
    unit="s",
    low=0,
    high=5,
    meaning="Time in which the level would fall by 60 dB at the steepest falls of speech: long in a reverberant room.",
    source="own, after Ratnam et al. (2003), Blind estimation of reverberation time",
    moved_by=("room", "microphone"),
    resists=("level",),
    quality=True,
)
def recording_decay_s(voice: AnswerVoice) -> Value:
    """Reverberant decay time; below 0.3 s speech's own fading decides."""
    if missing := voice.missing:
        return missing
    level = voice.frames["level_db"].astype(np.float64)
    if len(level) < FALL:
        return Absent("too_short")
    place = (np.arange(FALL) - (FALL - 1) / 2) * HOP_S
    falls = np.convolve(level, place / (place**2).sum(), mode="valid")  # the kernel is flipped: falls are positive
    falls = falls[(falls > 0) & (level[FALL - 1 :] > level.min() + ABOVE_DB)]
    return float(60 / np.percentile(falls, STEEPEST)) if len(falls) >= FALL else Absent("too_short")


@_feature(
    "prosody.recording_level_dbfs",
    unit="dB",
    low=-120,
    high=3,
    meaning="Median level of the speech relative to full scale.",
    source="root mean square under a 55 ms Hann window",
    moved_by=("microphone", "level"),
    quality=True,
)
def recording_level_dbfs(voice: AnswerVoice) -> Value:
    """Level of the recording."""
    return float(np.median(voice.frames["level_db"][voice.spoken])) if voice.spoken.any() else Absent("no_speech")
