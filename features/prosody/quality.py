"""Voice quality: how regular the cycles are, and how far the voice stands above its noise.

Spectral balance of the voiced speech: where its energy lies, within the band that a telephone keeps.

How good the recording is: noise, clipping, bandwidth, reverberation, level. Nothing here describes the person.
"""

import numpy as np

from vivavoce.data.schema import Absent, Value
from vivavoce.data.track import Array
from vivavoce.features.prosody.answer_voice import EVERYTHING, PROSODY, VOICE_OF, AnswerVoice, middle
from vivavoce.features.prosody.frames import HOP_S
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


APART = 10  # frames from speech at which silence begins: the detector's padding and the analysis window stay out
ENOUGH_SILENCE_S = 0.2
SNR_DB = (-20.0, 80.0)  # beyond, digital silence decides rather than a room
FALL = 16  # frames: over 160 ms chance hardly moves the slope of a decay
ABOVE_DB = 10.0  # a fall counts while it is still this far above the faintest frame
STEEPEST = 95  # percentile of the falls: speech that stops at once shows the room's own decay


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
