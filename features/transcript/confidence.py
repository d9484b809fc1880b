"""How far a transcript can be believed."""

import numpy as np

from vivavoce.features.transcript.words import Transcript

UNCLEAR_BELOW = 0.5
"""Mean word confidence below which an answer is ``not_scored(unclear_speech)``.

A word's confidence is the recogniser's probability of it, so the mean estimates the share of words that are right.
Below one half, a term that is found is more likely misheard than said, and no score can rest on it. Recognisers are
overconfident rather than the opposite, so the line errs towards scoring too much: an answer below it is worse than
the number says.
"""


def answer_confidence(transcript: Transcript) -> float | None:
    """Mean confidence of an answer's words, 0–1; ideal 1. None where there is no word or the engine gives none.

    Words count equally, whatever their length: the features count words.

    Examples
    --------
    >>> from vivavoce.features.transcript.words import Word
    >>> answer_confidence(Transcript((Word("so", 0.0, 0.2, 0.9), Word("yes", 0.4, 0.8, 0.5)), "en", "whisper:0", True))
    0.7
    """
    known = [word.confidence for word in transcript.words if word.confidence is not None]
    return float(np.mean(known)) if known else None
