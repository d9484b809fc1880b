"""What can change who is said to speak."""

from pathlib import Path

from vivavoce.data.schema import Stage
from vivavoce.data.source import source_digest
from vivavoce.features.speech import SPEECH

SPEAKERS = Stage("speakers", "1", {"code": source_digest(Path(__file__).parent)}, upstream=(SPEECH,))
