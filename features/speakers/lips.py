"""Whose speech goes with the lips that move in the picture: only with everybody's consent to face and voice."""

import numpy as np
import numpy.typing as npt

from vivavoce.data.track import Array, Track
from vivavoce.features.speakers.stretches import join
from vivavoce.features.speakers.turns import of_others, of_speaker

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
