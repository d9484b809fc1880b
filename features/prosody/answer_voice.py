"""The material of the voice's features: one answer's part of the track and of the detector's segments.

Where speech really begins and ends, within what the detector leaves open.

The detector steps by 32 ms, is padded by 30 ms a side and holds on after the last sound, longer in noise. On speech of
15 persons with planted pauses (40 to 20 dB above noise) its segments began 0.02 s early and ended 0.06 to 0.11 s late,
so that every pause came out 0.08 to 0.13 s short; with edges moved to the level's rise and fall it is within 0.02 s
for nearly all, at 20 dB above noise up to 0.07 s long.
The detector still says where somebody speaks: the level only places an edge within ``ONSET_S`` and ``RELEASE_S``.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vivavoce.data.identity import source_digest
from vivavoce.data.interview import Modality
from vivavoce.data.schema import Absent, Family, Stage, Value
from vivavoce.data.track import Array, Track
from vivavoce.features.prosody.frames import CEILING_HZ, FLOOR_HZ, HOP_S, VOICING_THRESHOLD
from vivavoce.features.speech import SPEECH, pauses

ONSET_S = 0.1  # how far a beginning may move: 95 of 100 lay at most 0.04 s early, 0.05 s in noise
RELEASE_S = 0.2  # and an end: 95 of 100 lay at most 0.16 s late at 20 dB above noise
DROP_DB = 30.0  # below a segment's loudest speech: what fades further is the room
LOUDEST = 95  # percentile of a segment's level that counts as its loudest
NOISE = 20  # percentile of the level outside the candidate's speech: others may speak there too
ABOVE_NOISE_DB = 3.0  # the level of steady noise under a 55 ms window stays within 1 dB
SMEAR_S = HOP_S / 2  # the window feels a sharp edge about that much before it arrives


def place_edges(spans: Array, track: Track) -> Array:
    """Move the edges of segments inwards to where the level rises and falls.

    Parameters
    ----------
    spans : ndarray, shape (n, 2)
        Segments of speech in seconds, as the detector found them.
    track
        Of the whole recording, from ``track_voice``.

    Returns
    -------
    ndarray, shape (n, 2)
        Each beginning at most ``ONSET_S`` later and each end at most ``RELEASE_S`` earlier. An edge stays where the
        level is high right at it, or nowhere.
    """
    level = track["level_db"].astype(np.float64)
    outside = level[~np.isfinite(track["periodicity"])]
    noise = float(np.percentile(outside, NOISE)) if len(outside) else -np.inf
    return np.array([_place(start, end, level, noise) for start, end in spans]).reshape(-1, 2)


def _place(start: float, end: float, level: Array, noise_db: float) -> tuple[float, float]:
    """One segment's edges."""
    first = int(np.ceil(start / HOP_S - 1e-6))
    inside = level[first : int(end / HOP_S + 1e-6)]
    if not len(inside):
        return start, end
    limit = max(np.percentile(inside, LOUDEST) - DROP_DB, noise_db + ABOVE_NOISE_DB)
    loud = np.flatnonzero(inside > limit)
    if not len(loud) or (loud[-1] - loud[0]) * HOP_S < 2 * SMEAR_S:  # too faint to tell
        return start, end
    begins, ends = (first + loud[0]) * HOP_S + SMEAR_S, (first + loud[-1] + 1) * HOP_S - SMEAR_S
    return (
        min(begins, start + ONSET_S) if loud[0] > 0 else start,
        max(ends, end - RELEASE_S) if loud[-1] < len(inside) - 1 else end,
    )


PAUSE_S = 0.25  # shorter gaps belong to articulation (Goldman-Eisler 1968; De Jong & Bosker 2013)
ENOUGH_SPEECH_S = 1.0  # rates over less are counts of one or two syllables
ENOUGH_VOICE_S = 0.5  # of voiced frames: about three vowels
VOICE_OF = ("sex",)  # larynx and vocal tract: women's F0 lies nine semitones above men's (Titze 1989)
EVERYTHING = ("level", "resampling", "codec", "trimming")  # what a measure of the person should hold still under

PROSODY: Family["AnswerVoice"] = Family(
    "prosody",
    Modality.VOICE,
    Stage(
        "prosody",
        "1",
        {
            "hop_s": HOP_S,
            "floor_hz": FLOOR_HZ,
            "ceiling_hz": CEILING_HZ,
            "voicing_threshold": VOICING_THRESHOLD,
            "pause_s": PAUSE_S,
            "code": source_digest(Path(__file__).parent),
        },
        upstream=(SPEECH,),
    ),
)


@dataclass(frozen=True, eq=False)
class AnswerVoice:
    """One answer's voice.

    Parameters
    ----------
    track
        Of the whole recording, from ``track_voice``: the speaker's own usual level comes from it.
    speech
        The candidate's segments of speech in the whole recording.
    start, end
        Of the answer, in seconds of the recording; ``start`` is where the question ended.
    """

    track: Track
    speech: Track
    start: float
    end: float

    @cached_property
    def frames(self) -> Track:
        """Every 10 ms frame of the answer."""
        return self.track.within(self.start, self.end)

    @cached_property
    def spoken(self) -> npt.NDArray[np.bool_]:
        """Which frames of the answer are speech."""
        return np.isfinite(self.frames["periodicity"])

    @cached_property
    def voiced(self) -> npt.NDArray[np.bool_]:
        """Which frames of the answer have an F0."""
        return np.isfinite(self.frames["f0_hz"])

    @cached_property
    def heard(self) -> Track:
        """The answer's segments of speech, cut to it; the level says where each begins and ends."""
        spans = self.speech.spans
        touching = (spans[:, 1] > self.start) & (spans[:, 0] < self.end)
        placed = np.clip(place_edges(spans[touching], self.track), self.start, self.end)
        inside = placed[:, 1] > placed[:, 0]
        return Track(placed[inside], self.speech.values[touching][inside], self.speech.names)

    @property
    def segments(self) -> Array:
        """Spans of ``heard``, shape (n, 2), in seconds."""
        return self.heard.spans

    @cached_property
    def pauses(self) -> Array:
        """Lengths of the pauses between first and last speech, shape (n,), in seconds, each ≥ ``PAUSE_S``."""
        gaps = pauses(self.heard, self.start, self.end)
        lengths: Array = gaps[:, 1] - gaps[:, 0]
        return lengths[lengths >= PAUSE_S - 1e-9]

    @property
    def span_s(self) -> float:
        """Seconds from the first to the last speech of the answer, pauses included."""
        return float(self.segments[-1, 1] - self.segments[0, 0]) if len(self.segments) else 0.0

    @property
    def speaking_s(self) -> float:
        """Seconds from the first to the last speech of the answer without pauses."""
        return self.span_s - float(self.pauses.sum())

    @property
    def missing(self) -> Absent | None:
        """Why nothing can be said about timing: no speech, or less than ``ENOUGH_SPEECH_S`` of it."""
        if not len(self.segments):
            return Absent("no_speech")
        return Absent("too_short") if self.speaking_s < ENOUGH_SPEECH_S else None

    def during_voice(self, column: str) -> Array | Absent:
        """Measured values of a column in voiced frames, shape (n,), or why there are too few."""
        if not len(self.segments):
            return Absent("no_speech")
        values: Array = self.frames[column][self.voiced].astype(np.float64)
        values = values[np.isfinite(values)]
        return values if len(values) * HOP_S >= ENOUGH_VOICE_S else Absent("too_little_voice")


def middle(values: Array | Absent) -> Value:
    """Median, or the reason why there is none: a few wrong frames must not move a feature."""
    return values if isinstance(values, Absent) else float(np.median(values))


def spread(values: Array | Absent) -> Value:
    """Distance between the 20th and the 80th percentile (as in Eyben et al. 2016), or the reason why there is none."""
    return values if isinstance(values, Absent) else float(np.subtract(*np.percentile(values, [80, 20])))
