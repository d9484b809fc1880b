"""A small Whisper that knows forty words: own work, in the official checkpoint format, for tests only."""

from pathlib import Path

CHECKPOINT = Path(__file__).with_name("small.pt")
SHA256 = "c25da1d21c655abea4cc155e7bebf72062a89057454c8d96d489e873caa013e0"
