"""Pauses and response latency: the detector says where speech is, the level where it begins and ends."""

import numpy as np

from vivavoce.data.schema import Absent, Value
from vivavoce.features.prosody.answer import EVERYTHING, PROSODY, AnswerVoice
from vivavoce.features.speech import response_latency

BOSKER = "De Jong & Bosker (2013), Choosing a threshold for silent pauses: 250 ms"

_feature = PROSODY.feature


@_feature(
    "prosody.pauses_per_min",
    unit="per min",
    low=0,
    high=80,
    meaning="Silent pauses of at least 250 ms per minute between the first and the last word.",
    source=BOSKER,
    moved_by=("language", "room"),
    resists=EVERYTHING,
    impairment_sensitive=True,
)
def pauses_per_min(voice: AnswerVoice) -> Value:
    """Pauses per minute of the answer's span."""
    return voice.missing or len(voice.pauses) * 60 / voice.span_s


@_feature(
    "prosody.pause_share",
    unit="share",
    low=0,
    high=1,
    meaning="Share of the time between the first and the last word that is silent pause.",
    source=BOSKER,
    moved_by=("language", "room"),
    resists=EVERYTHING,
    impairment_sensitive=True,
)
def pause_share(voice: AnswerVoice) -> Value:
    """Pause time over the answer's span."""
    return voice.missing or float(voice.pauses.sum()) / voice.span_s


def _lengths(voice: AnswerVoice) -> Absent | None:
    return voice.missing or (None if len(voice.pauses) else Absent("no_pauses"))


@_feature(
    "prosody.pause_mean_s",
    unit="s",
    low=0.25,
    high=60,
    meaning="Mean length of the silent pauses.",
    source=BOSKER,
    moved_by=("language", "room"),
    resists=EVERYTHING,
    impairment_sensitive=True,
)
def pause_mean_s(voice: AnswerVoice) -> Value:
    """Mean pause."""
    return _lengths(voice) or float(voice.pauses.mean())


@_feature(
    "prosody.pause_median_s",
    unit="s",
    low=0.25,
    high=60,
    meaning="Median length of the silent pauses: the usual one, where a single long pause moves the mean.",
    source=BOSKER,
    moved_by=("language", "room"),
    resists=EVERYTHING,
    impairment_sensitive=True,
)
def pause_median_s(voice: AnswerVoice) -> Value:
    """Median pause."""
    return _lengths(voice) or float(np.median(voice.pauses))


@_feature(
    "prosody.pause_longest_s",
    unit="s",
    low=0.25,
    high=120,
    meaning="Length of the longest silent pause.",
    source=BOSKER,
    moved_by=("language", "room"),
    resists=EVERYTHING,
    impairment_sensitive=True,
)
def pause_longest_s(voice: AnswerVoice) -> Value:
    """Longest pause."""
    return _lengths(voice) or float(voice.pauses.max())


@_feature(
    "prosody.response_latency_s",
    unit="s",
    low=0,
    high=120,
    meaning="Time from the end of the question to the first speech of the answer.",
    source="own: the first onset after the answer's start; detector, then level",
    moved_by=("room", "network delay"),
    resists=("level", "resampling", "codec"),
    impairment_sensitive=True,
)
def response_latency_s(voice: AnswerVoice) -> Value:
    """Seconds until speech begins."""
    if not len(voice.segments):
        return Absent("no_speech")
    return response_latency(voice.heard, voice.start, voice.end)
