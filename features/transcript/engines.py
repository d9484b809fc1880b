"""Opening a recogniser: the one place that knows every engine, so that none of them needs to know another."""

from pathlib import Path

from vivavoce.features.transcript.recognise import AUTO, Engine, NoRecogniser, Recogniser


def open_recogniser(engine: Engine, *, weights: str | Path | None = None, device: str = AUTO) -> Recogniser:
    """Load a recogniser; takes seconds, so once per worker.

    Parameters
    ----------
    engine
        ``whisper``, ``faster-whisper`` or ``pocketsphinx``; provided transcripts are read, not recognised
        (``read_transcript``).
    weights
        For ``whisper``: an official size, or a checkpoint file; None for VIVA_WHISPER, else ``base``. For
        ``faster-whisper``: a folder of converted weights; None for VIVA_FASTER_WHISPER.
    device
        For both: ``cpu``, ``cuda``, or ``auto`` for the GPU where there is one.

    Raises
    ------
    NoRecogniser
        If the weights or the package are not here: the message says how to get them.
    """
    if engine is Engine.WHISPER:
        from vivavoce.features.transcript.weights import locate
        from vivavoce.features.transcript.whisper import WhisperRecogniser

        return WhisperRecogniser.load(locate(weights), device=device)
    if engine is Engine.FASTER_WHISPER:
        from vivavoce.features.transcript.faster import FasterRecogniser
        from vivavoce.features.transcript.weights import locate_converted

        return FasterRecogniser.load(locate_converted(weights), device=device)
    if engine is Engine.POCKETSPHINX:
        from vivavoce.features.transcript.sphinx import SphinxRecogniser

        return SphinxRecogniser()
    raise NoRecogniser("A provided transcript is read with read_transcript; there is no recogniser to open.")
