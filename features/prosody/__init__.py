"""How an answer sounded: F0, level, rate, pauses, voice quality, balance; beside them, how good the recording is."""

from vivavoce.features.prosody import balance, level, pauses, pitch, quality, rate, recording
from vivavoce.features.prosody.answer import PROSODY, AnswerVoice
from vivavoce.features.prosody.voice import track_voice

MEASURES = (pitch, level, rate, pauses, quality, balance, recording)  # the modules that declare the family's features

__all__ = ["MEASURES", "PROSODY", "AnswerVoice", "track_voice"]
