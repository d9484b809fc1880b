"""Which of the speakers is the candidate, where no name says so."""

import numpy as np

from vivavoce.data.track import Array, Track
from vivavoce.features.speakers.lips import lips_with_speech
from vivavoce.features.speakers.stretches import common, seconds
from vivavoce.features.speakers.turns import of_speaker, speaking_seconds

MORE = 2.0
"""Times as long as anybody else the candidate speaks: a job interview is the candidate's to fill.

In 137 of the 138 transcribed interviews of Naim et al. (2018), Automated analysis of job interview performance, the
candidate says at least 2.6 times the interviewer's words (median 7.0); in the last one 0.6 times: undecided.
"""
CLEARER = 3.0  # standard errors by which one speaker's lips must lead the others' and chance: 1 in 700 by chance
MATCH = 0.6  # of the named candidate's time that must lie in one speaker's turns, for turns and names to agree


def choose_candidate(turns: Track, face: Track | None = None) -> int | None:
    """Who of the speakers is the candidate: the person in the picture, else who speaks ``MORE`` than the others.

    Parameters
    ----------
    turns
        Who speaks when.
    face
        The picture's track; None where there is none, or somebody has not agreed to lips being compared.

    Returns
    -------
    int or None
        The speaker; None where neither says.
    """
    if face is not None:
        found = np.nan_to_num(lips_with_speech(face, turns), nan=0.0)
        leader = _leader(found)
        if leader is not None and found[leader] >= CLEARER and found[leader] - _second(found) >= CLEARER:
            return leader
    spoken = speaking_seconds(turns)
    leader = _leader(spoken)
    return leader if leader is not None and spoken[leader] >= MORE * _second(spoken) else None


def match_candidate(turns: Track, said: Array) -> int | None:
    """The speaker in whose turns a named candidate's words lie, shape (n, 2); None where nobody's hold enough."""
    total = seconds(said)
    shares = np.array([seconds(common(of_speaker(turns, i), said)) for i in range(len(speaking_seconds(turns)))])
    leader = _leader(shares)
    return leader if leader is not None and shares[leader] >= MATCH * total > 0 else None


def _leader(values: Array) -> int | None:
    return int(values.argmax()) if len(values) else None


def _second(values: Array) -> float:
    return float(np.sort(values)[-2]) if len(values) > 1 else 0.0
