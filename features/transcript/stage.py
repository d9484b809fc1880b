"""What can change a transcript's words: how they were recognised or read, and this package's own code."""

from pathlib import Path

from vivavoce.data.schema import Stage
from vivavoce.data.source import source_digest

CODE = source_digest(Path(__file__).parent)


def transcript_stage(asr: str, weights: str | None) -> Stage:
    """The stage of one run.

    Parameters
    ----------
    asr
        ``auto`` or an engine's name.
    weights
        SHA-256 (hex) of the recogniser's weights; None where there are none.
    """
    return Stage("transcript", "1", {"asr": asr, "weights": weights, "code": CODE})
