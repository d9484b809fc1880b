"""How far a transcript can be believed."""

import numpy as np

from vivavoce.features.transcript.words import Transcript

UNCLEAR_BELOW = 0.7
"""Mean word confidence below which an answer is ``not_scored(unclear_speech)``.

The rule: the lowest tenth from which on, in every tenth of confidence, at most half of the words that were written are
wrong, with 90 % confidence over recordings. Below it a term that is found is more likely misheard than said, and no
score can rest on it. A recogniser's probability of its own words would put the line at one half; it is believed too
easily: in the tenth around .55 six of ten written words were wrong, around .75 four, around .85 two, above .9 one in a
hundred (a small Whisper in rising white noise; ``docs/hearing.md`` has the curve, ``test_confidence.py`` measures it
again). In noise that it never learned the same Whisper believes itself too easily, above the line too: the line is to
be found again for the recogniser and the speech that it is used on.
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
