"""Which of the speakers is the candidate, where no name says so.

Whose speech goes with the lips that move in the picture: only with everybody's consent to face and voice.

What can change who is said to speak.

Turns: who speaks when, whatever they were told by, and what of a recording they leave to one speaker.

A turn track has one row per turn, columns ``speaker`` (0, 1, …) and ``overlap`` (1 where somebody else speaks too, else
0). The turns of one speaker do not overlap one another; where two speak at once there is a row for each.

Stretches of time, shape (n, 2) in seconds, as sets: joined, shared, taken away.

Turns of a recording that keeps one speaker on each of its two channels.

Nothing of a voice is compared: only where each channel holds speech, and in which of them it is the louder.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vivavoce.data.identity import source_digest
from vivavoce.data.schema import Stage
from vivavoce.data.track import Array, Track
from vivavoce.features.speech import FRAME_S, PAUSE_S, READ_S, SHORTEST_S, SPEECH, find_speech
from vivavoce.features.transcript.words import Transcript

if TYPE_CHECKING:
    from vivavoce.data.media.memory import AudioSpool


def join(spans: Array, gap: float = 0.0) -> Array:
    """The same time in ascending stretches that do not touch; gaps of up to ``gap`` seconds are closed.

    Examples
    --------
    >>> join(np.array([[3.0, 4.0], [0.0, 1.0], [0.5, 2.0]])).tolist()
    [[0.0, 2.0], [3.0, 4.0]]
    """
    joined: list[list[float]] = []
    for start, end in sorted(map(tuple, spans.tolist())):
        if joined and start <= joined[-1][1] + gap:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return np.array(joined, float).reshape(-1, 2)


def common(one: Array, other: Array) -> Array:
    """The time that lies in both.

    Examples
    --------
    >>> common(np.array([[0.0, 2.0], [3.0, 5.0]]), np.array([[1.0, 4.0]])).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    one, other = join(one), join(other)
    starts = np.maximum(one[:, None, 0], other[None, :, 0])
    ends = np.minimum(one[:, None, 1], other[None, :, 1])
    kept = ends > starts
    return np.stack([starts[kept], ends[kept]], axis=1)


def without(one: Array, other: Array) -> Array:
    """The time of one that does not lie in the other.

    Examples
    --------
    >>> without(np.array([[0.0, 5.0]]), np.array([[1.0, 2.0], [4.0, 6.0]])).tolist()
    [[0.0, 1.0], [2.0, 4.0]]
    """
    edges = join(other).ravel()
    return common(one, np.concatenate([[-np.inf], edges, [np.inf]]).reshape(-1, 2))


def seconds(spans: Array) -> float:
    """How much time it is.

    Examples
    --------
    >>> seconds(np.array([[0.0, 1.0], [0.5, 2.0]]))
    2.0
    """
    return float(np.diff(join(spans), axis=1).sum())


def apart(moments: Array, spans: Array) -> Array:
    """Seconds from each moment to the nearest of the spans, shape (n,); 0 inside, infinite where there is no span.

    Examples
    --------
    >>> apart(np.array([0.0, 1.5, 4.0]), np.array([[1.0, 2.0], [5.0, 6.0]])).tolist()
    [1.0, 0.0, 1.0]
    """
    edges = np.concatenate([[-np.inf], join(spans).ravel(), [np.inf]])
    place = np.searchsorted(edges, moments, side="right")
    nearest = np.minimum(moments - edges[place - 1], edges[np.minimum(place, len(edges) - 1)] - moments)
    return np.where(place % 2 == 0, 0.0, nearest)


COLUMNS = ("speaker", "overlap")
TURN_GAP_S = 1.5  # words of one speaker closer than this are one turn


def turn_track(spans: Sequence[Array]) -> Track:
    """The turns of speakers 0, 1, … from the time in which each speaks; overlap is found.

    Parameters
    ----------
    spans : sequence of ndarray, shape (n, 2)
        Seconds in which each speaker speaks.

    Examples
    --------
    >>> track = turn_track([np.array([[0.0, 2.0]]), np.array([[1.5, 3.0]])])
    >>> track.spans.tolist(), track["speaker"].tolist(), track["overlap"].tolist()
    ([[0.0, 1.5], [1.5, 2.0], [1.5, 2.0], [2.0, 3.0]], [0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 1.0, 0.0])
    """
    rows: list[tuple[float, float, int, int]] = []
    for speaker, own in enumerate(spans):
        others = [one for i, one in enumerate(spans) if i != speaker]
        theirs = join(np.concatenate(others)) if others else np.empty((0, 2))
        rows += [(start, end, speaker, 0) for start, end in without(own, theirs)]
        rows += [(start, end, speaker, 1) for start, end in common(own, theirs)]
    table = np.array(sorted(rows), float).reshape(-1, 4)
    return Track(table[:, :2], table[:, 2:], COLUMNS)


def stretches(transcript: Transcript, gap: float = TURN_GAP_S) -> Array:
    """Stretches in which the words of a transcript lie, shape (n, 2), seconds; gaps of up to ``gap`` are closed."""
    spans = np.array([(word.start, word.end) for word in transcript.words], float).reshape(-1, 2)
    return join(spans, gap)


def of_speaker(turns: Track, speaker: int, *, alone: bool = False) -> Array:
    """Stretches in which one speaker speaks, or speaks alone, shape (n, 2)."""
    own = turns["speaker"] == speaker
    return join(turns.spans[own & (turns["overlap"] == 0)] if alone else turns.spans[own])


def of_others(turns: Track, speaker: int) -> Array:
    """Stretches in which anybody else speaks, shape (n, 2)."""
    return join(turns.spans[turns["speaker"] != speaker])


def speaking_seconds(turns: Track) -> Array:
    """How long each speaker speaks, overlap included, shape (speakers,)."""
    count = int(turns["speaker"].max()) + 1 if len(turns) else 0
    return np.array([seconds(of_speaker(turns, speaker)) for speaker in range(count)])


def cut(speech: Track, kept: Array) -> Track:
    """The detector's segments as far as they lie in some stretches; each piece keeps its segment's values.

    Examples
    --------
    >>> speech = Track(np.array([[0.0, 4.0], [5.0, 6.0]]), np.array([[0.9], [0.8]]), ("speech_probability",))
    >>> cut(speech, np.array([[1.0, 2.0], [3.0, 5.5]])).spans.tolist()
    [[1.0, 2.0], [3.0, 4.0], [5.0, 5.5]]
    """
    pieces = [(span, row) for row, one in enumerate(speech.spans) for span in common(one[None], kept)]
    spans = np.array([span for span, _ in pieces], float).reshape(-1, 2)
    return Track(spans, speech.values[[row for _, row in pieces]], speech.names)


def leave_out(track: Track, others: Array) -> Track:
    """A frame-wise track without the frames whose middle lies in the others' turns."""
    middle = track.spans.mean(axis=1)
    edges = join(others).ravel()
    kept = np.searchsorted(edges, middle, side="right") % 2 == 0
    return Track(track.spans[kept], track.values[kept], track.names)


Mask = npt.NDArray[np.bool_]

LOUDER_DB = 6.0  # twice the amplitude: crosstalk lies further below, two microphones of one room nearer together
SMOOTH = 9  # frames, 0.29 s, a syllable or two, over which levels are compared: single frames differ by chance
BOTH_SHARE = 0.5  # of the speech that both channels hold alike: above it they carry the same people, as stereo does
LEAST_TURN_S = 1.0  # on each channel: less is a cough, a click or the leak of the other channel
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
    if min(map(seconds, own)) < LEAST_TURN_S:
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
    if both.sum() * FRAME_S < LEAST_TURN_S:
        return 0.0
    return float(np.mean(np.percentile(difference[both], (EXTREME, 100 - EXTREME))))


def _kept(spans: Array, leaked: Mask) -> Array:
    """A channel's speech without what leaked into it from the other; what remains must be long enough to be speech."""
    edges = np.flatnonzero(np.diff(leaked.astype(np.int8), prepend=0, append=0)).reshape(-1, 2) * FRAME_S
    rest = join(without(spans, join(edges, PAUSE_S)), PAUSE_S)
    return rest[np.diff(rest, axis=1)[:, 0] >= SHORTEST_S]


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
