"""How an answer sounded: F0, level, rate, pauses, voice quality, balance; beside them, how good the recording is."""

from vivavoce.features.prosody import pauses, pitch, quality
from vivavoce.features.prosody.answer_voice import PROSODY, AnswerVoice
from vivavoce.features.prosody.voice_track import track_voice

MEASURES = (pitch, pauses, quality)  # the modules that declare the family's features

__all__ = ["MEASURES", "PROSODY", "AnswerVoice", "track_voice"]
