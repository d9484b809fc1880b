"""Turns of a recording that keeps one speaker on each of its two channels.

Nothing of a voice is compared: only where each channel holds speech, and in which of them it is the louder.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vivavoce.data.track import Array, Track
from vivavoce.features.speakers.stretches import join, seconds, without
from vivavoce.features.speakers.turns import turn_track
from vivavoce.features.speech import FRAME_S, PAUSE_S, READ_S, SHORTEST_S, find_speech

if TYPE_CHECKING:
    from vivavoce.data.media.spool import AudioSpool

Mask = npt.NDArray[np.bool_]

LOUDER_DB = 6.0  # twice the amplitude: crosstalk lies further below, two microphones of one room nearer together
SMOOTH = 9  # frames, 0.29 s, a syllable or two, over which levels are compared: single frames differ by chance
BOTH_SHARE = 0.5  # of the speech that both channels hold alike: above it they carry the same people, as stereo does
LEAST_S = 1.0  # on each channel: less is a cough, a click or the leak of the other channel
EXTREME = 2  # percentile of the level differences: the channel that leads least and most, strays left out
FLOOR = 1e-10  # of full scale squared, −100 dB: digital silence has no logarithm


def find_channel_turns(channels: Sequence["AudioSpool"]) -> Track | None:
    """Turns of the two speakers of a recording with one on each channel.

    Parameters
    ----------
    channels
        Left and right, 16 kHz, of equal length; anything but two is no such recording.

    Returns
    -------
    Track or None
        As ``turns.py`` describes; speaker 0 is on the left. None where there are not two channels, one is silent, or
        both carry the same people (stereo, a copy, an inverted copy).
    """
    if len(channels) != 2:
        return None
    difference = level_difference(*channels)
    if not len(difference) or np.ptp(np.percentile(difference, (EXTREME, 100 - EXTREME))) < LOUDER_DB:
        return None  # a copy, whatever its gain: the detector need not look
    found = [find_speech(channel).spans for channel in channels]
    left, right = (marked(spans, len(difference)) for spans in found)
    centre = _centre(difference, left & right)
    left_leads, right_leads = difference - centre > LOUDER_DB, difference - centre < -LOUDER_DB
    alike = left & right & ~left_leads & ~right_leads
    if alike.sum() > BOTH_SHARE * (left | right).sum():
        return None
    own = [
        _kept(spans, mask & leads)
        for spans, mask, leads in ((found[0], left, right_leads), (found[1], right, left_leads))
    ]
    if min(map(seconds, own)) < LEAST_S:
        return None
    return turn_track(own)


def level_difference(left: "AudioSpool", right: "AudioSpool") -> Array:
    """Level of left above right, dB, smoothed, one value per 32 ms frame; read in blocks."""
    powers = []
    for pair in zip(left.blocks(READ_S), right.blocks(READ_S), strict=False):
        size = round(FRAME_S * left.rate)
        count = min(map(len, pair)) // size
        powers.append([np.square(one[: count * size].reshape(count, size)).mean(axis=1) for one in pair])
    if not powers:
        return np.empty(0)
    window = np.ones(SMOOTH) / SMOOTH
    both = [np.convolve(np.concatenate(one), window, mode="same") + FLOOR for one in zip(*powers, strict=True)]
    return np.asarray(10 * np.log10(both[0] / both[1]))


def marked(spans: Array, count: int) -> Mask:
    """Which of ``count`` frames of 32 ms lie in the spans, by their middle."""
    middles = (np.arange(count) + 0.5) * FRAME_S
    return np.asarray(np.searchsorted(join(spans).ravel(), middles, side="right") % 2 == 1)


def _centre(difference: Array, both: Mask) -> float:
    """The difference at which neither leads: half-way between the extremes, so that unequal gains cancel.

    Only frames in which both channels hold speech can tell: without crosstalk there are few, and gains do not matter.
    """
    if both.sum() * FRAME_S < LEAST_S:
        return 0.0
    return float(np.mean(np.percentile(difference[both], (EXTREME, 100 - EXTREME))))


def _kept(spans: Array, leaked: Mask) -> Array:
    """A channel's speech without what leaked into it from the other; what remains must be long enough to be speech."""
    edges = np.flatnonzero(np.diff(leaked.astype(np.int8), prepend=0, append=0)).reshape(-1, 2) * FRAME_S
    rest = join(without(spans, join(edges, PAUSE_S)), PAUSE_S)
    return rest[np.diff(rest, axis=1)[:, 0] >= SHORTEST_S]
