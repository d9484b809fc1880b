"""Which candidate is the voice: the cheapest path through a run of frames, voiced or not.

Source: Boersma (1993), section 4 (the path finder). Costs are for steps of 10 ms, set on real voices, a little
above his.
"""

import numpy as np
import numpy.typing as npt

from vivavoce.features.prosody.frames import CEILING_HZ, Floats
from vivavoce.features.prosody.periodicity import OCTAVE_COST, Candidates

VOICING_THRESHOLD = 0.45  # of the correlation, Boersma's: a little less voice than noise, HNR −0.9 dB
SILENCE = 0.03  # of the loudest frame's amplitude (−30 dB): fainter hum is the room's, not the voice
OCTAVE_JUMP_COST = 0.5  # per octave between neighbouring frames
VOICING_COST = 0.2  # per change between voiced and unvoiced


def find_path(candidates: Candidates, level_db: Floats) -> tuple[Floats, Floats]:
    """F0 and periodicity of one unbroken run of frames.

    Parameters
    ----------
    candidates
        Of the run's n frames.
    level_db : ndarray, shape (n,)
        Level of each frame; only its distance to the run's loudest frame counts.

    Returns
    -------
    f0_hz : ndarray, shape (n,)
        ``nan`` where unvoiced.
    periodicity : ndarray, shape (n,)
        Height of the chosen peak (the highest one where unvoiced), in 0–1.
    """
    pitch = np.log2(candidates.f0_hz)
    amplitude = 10 ** ((level_db - level_db.max()) / 20)
    unvoiced = VOICING_THRESHOLD + np.maximum(0, 2 - amplitude / (SILENCE / (1 + VOICING_THRESHOLD)))
    reward = np.hstack(
        [unvoiced[:, None].astype(np.float32), candidates.strength + OCTAVE_COST * (pitch - np.log2(CEILING_HZ))]
    )
    chosen = _trace(reward, pitch)
    rows = np.arange(len(pitch))
    voiced = chosen > 0
    column = np.maximum(chosen - 1, 0)
    strongest = np.maximum(candidates.strength.max(axis=1), 0)
    f0 = np.where(voiced, candidates.f0_hz[rows, column], np.nan)
    periodicity = np.where(voiced, candidates.strength[rows, column], strongest)
    return f0.astype(np.float32), np.clip(periodicity, 0, 1).astype(np.float32)


def _trace(reward: Floats, pitch: Floats) -> npt.NDArray[np.intp]:
    """Return the column of ``reward`` on the best path, shape (n,): column 0 is unvoiced, k + 1 is candidate k."""
    count, states = reward.shape
    cost = np.full((max(count - 1, 0), states, states), VOICING_COST, np.float32)
    cost[:, 0, 0] = 0
    cost[:, 1:, 1:] = OCTAVE_JUMP_COST * np.abs(pitch[:-1, :, None] - pitch[1:, None, :])
    came_from = np.zeros((count, states), np.intp)
    total = reward[0].astype(np.float64)
    columns = np.arange(states)
    for step in range(1, count):
        arrival = total[:, None] - cost[step - 1]
        came_from[step] = arrival.argmax(axis=0)
        total = arrival[came_from[step], columns] + reward[step]
    chosen = np.empty(count, np.intp)
    chosen[-1] = total.argmax()
    for step in range(count - 1, 0, -1):
        chosen[step - 1] = came_from[step, chosen[step]]
    return chosen
