"""A small Whisper that knows forty words: own work, in the official checkpoint format, for tests only."""

from pathlib import Path

CHECKPOINT = Path(__file__).with_name("small.pt")
SHA256 = "58dfba71f1cdb95c538f50b2a1f8144751eaed66b37bae0c055faa700daa3e2d"
