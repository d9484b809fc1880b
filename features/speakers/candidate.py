"""Which of the speakers is the candidate, where no name says so.

Whose speech goes with the lips that move in the picture: only with everybody's consent to face and voice.

What can change who is said to speak.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from vivavoce.data.identity import source_digest
from vivavoce.data.schema import Stage
from vivavoce.data.track import Array, Track
from vivavoce.features.speakers.turns import common, join, of_others, of_speaker, seconds, speaking_seconds
from vivavoce.features.speech import SPEECH

SMOOTH_S = 1.0  # lips close between syllables: movement is averaged over a word or two
LEAST_S = 10.0  # of frames with the face: fewer chance pairs of words and lips agree


def lips_with_speech(face: Track, turns: Track) -> Array:
    """How well each speaker's turns go with the movement of the lips in the picture.

    Parameters
    ----------
    face
        From ``FaceTracker``: ``mouth_opening_ratio`` of the face that is followed, ``nan`` where none is seen.
    turns
        Who speaks when.

    Returns
    -------
    ndarray, shape (speakers,)
        Correlation of *speaks alone* against *does not speak* with the speed of the mouth's opening, in standard errors
        of a correlation by chance (one independent pair per ``SMOOTH_S``): the higher, the surer that this is the
        person in the picture. ``nan`` where the face is seen for less than ``LEAST_S`` or a speaker never is alone.
    """
    count = int(turns["speaker"].max()) + 1 if len(turns) else 0
    times, moving = lip_movement(face)
    frame_s = float(np.median(np.diff(face.spans, axis=1))) if len(times) else 0.0
    if len(times) * frame_s < LEAST_S:
        return np.full(count, np.nan)
    found = np.full(count, np.nan)
    for speaker in range(count):
        speaks = _inside(times, of_speaker(turns, speaker, alone=True))
        known = ~(_inside(times, of_speaker(turns, speaker)) & _inside(times, of_others(turns, speaker)))
        if 0 < speaks[known].sum() < known.sum() and moving[known].std() > 0:
            pairs = known.sum() * frame_s / SMOOTH_S
            found[speaker] = np.corrcoef(speaks[known], moving[known])[0, 1] * np.sqrt(pairs)
    return found


def lip_movement(face: Track) -> tuple[Array, Array]:
    """Times of the frames with a face, and how fast the mouth opens or closes around each, eye distances per second."""
    seen = np.isfinite(face["mouth_opening_ratio"])
    times, opening = face.spans[seen, 0], face["mouth_opening_ratio"][seen]
    if len(times) < 2:
        return np.empty(0), np.empty(0)
    speed = np.abs(np.diff(opening)) / np.diff(times)
    middles = (times[:-1] + times[1:]) / 2
    total = np.concatenate([[0.0], np.cumsum(speed)])
    first = np.searchsorted(middles, middles - SMOOTH_S / 2)
    last = np.searchsorted(middles, middles + SMOOTH_S / 2, side="right")
    return middles, (total[last] - total[first]) / (last - first)


def _inside(times: Array, spans: Array) -> npt.NDArray[np.bool_]:
    return np.asarray(np.searchsorted(join(spans).ravel(), times, side="right") % 2 == 1)


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


SPEAKERS = Stage("speakers", "1", {"code": source_digest(Path(__file__).parent)}, upstream=(SPEECH,))
