"""Where somebody speaks: the first thing that is done with a recording's sound.

Recognition, pauses, response latency and the voice's measures all rest on these segments. The detector is
silero-vad [1]_, whose weights ship with the package.

References
----------
.. [1] Silero Team, Silero VAD: pre-trained enterprise-grade voice activity detector, 2024,
   https://github.com/snakers4/silero-vad
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vivavoce.data.identity import source_digest
from vivavoce.data.media.decode import DECODING
from vivavoce.data.schema import Stage
from vivavoce.data.track import Array, Track

if TYPE_CHECKING:
    from vivavoce.data.media.memory import AudioSpool
    from vivavoce.features.detector import Detector

RATE = 16_000  # Hz: the rate of every AudioSpool, and the detector's
FRAME_S = 512 / RATE  # 0.032 s: the detector's step
READ_S = 512 * FRAME_S  # 16.384 s are read at a time

THRESHOLD = 0.5  # speech begins at this probability: the library's default, balanced on its authors' test sets
RELEASE = 0.35  # and ends below this one (threshold - 0.15, the library's hysteresis)
SHORTEST_S = 0.25  # a shorter burst is a click or a cough; "yes" takes about 0.3 s
PAUSE_S = 0.1  # shorter gaps are stop closures inside words, not pauses
PAD_S = 0.03  # added on both sides: one detector step, since onsets lie inside it

SPEECH = Stage(
    "speech",
    "1",
    {
        "detector": "silero-vad 6.2 16k",
        "threshold": THRESHOLD,
        "release": RELEASE,
        "shortest_s": SHORTEST_S,
        "pause_s": PAUSE_S,
        "pad_s": PAD_S,
        "code": source_digest(Path(__file__), Path(__file__).with_name("detector.py")),
    },
    upstream=(DECODING,),
)


def find_speech(audio: "AudioSpool") -> Track:
    """Segments of speech in a recording.

    Parameters
    ----------
    audio
        16 kHz mono; read once, in blocks, so that memory does not grow with length.

    Returns
    -------
    Track
        One row per segment, column ``speech_probability``: the detector's mean over the segment, 0–1. Segments do
        not overlap and lie inside the recording. A recording without speech gives a track of no rows.

    Raises
    ------
    ValueError
        If the audio is not at 16 kHz.
    """
    from vivavoce.features.detector import speech_probabilities

    if audio.rate != RATE:
        raise ValueError(f"The 'audio' parameter of find_speech must be at {RATE} Hz. Got {audio.rate} Hz instead.")
    probabilities = speech_probabilities(_detector(), audio.blocks(READ_S))
    return segments(probabilities, audio.duration)


@cache
def _detector() -> "Detector":
    """One network for the life of the process: reading it takes 0.1 s, and it keeps nothing between recordings."""
    from vivavoce.features.detector import load_detector

    return load_detector()


def segments(probabilities: npt.NDArray[np.float32], duration: float) -> Track:
    """Probabilities per 32 ms frame, shape (n,), turned into segments within [0, duration] seconds.

    Examples
    --------
    >>> speech = segments(np.repeat(np.float32([0.0, 1.0, 0.0]), 25), 2.4)
    >>> speech.spans.round(2).tolist()
    [[0.77, 1.63]]
    """
    from silero_vad.utils_vad import get_speech_timestamps_from_probs

    found = get_speech_timestamps_from_probs(
        probabilities.tolist(),
        sampling_rate=RATE,
        threshold=THRESHOLD,
        neg_threshold=RELEASE,
        min_speech_duration_ms=round(SHORTEST_S * 1000),
        min_silence_duration_ms=round(PAUSE_S * 1000),
        speech_pad_ms=round(PAD_S * 1000),
        audio_length_samples=round(duration * RATE),
    )
    spans = np.array([(row["start"], row["end"]) for row in found], dtype=np.float64).reshape(-1, 2) / RATE
    frames = (spans / FRAME_S).round().astype(int)
    means = [probabilities[start : max(end, start + 1)].mean(dtype=np.float64) for start, end in frames]
    return Track(spans, np.array(means, dtype=np.float64).reshape(-1, 1), ("speech_probability",))


def pauses(speech: Track, start: float, end: float) -> Array:
    """Silences between the first and the last speech inside [start, end] seconds, shape (n, 2); silence around is none.

    Examples
    --------
    >>> speech = Track(np.array([[1.0, 2.0], [2.5, 4.0]]), np.ones((2, 1)), ("speech_probability",))
    >>> pauses(speech, 0.0, 10.0).tolist()
    [[2.0, 2.5]]
    """
    spans = _inside(speech, start, end)
    return np.stack([spans[:-1, 1], spans[1:, 0]], axis=1)


def response_latency(speech: Track, start: float, end: float) -> float:
    """Seconds from ``start`` (the question's end) until speech begins; ``nan`` where nobody speaks before ``end``.

    Examples
    --------
    >>> speech = Track(np.array([[1.0, 2.0], [2.5, 4.0]]), np.ones((2, 1)), ("speech_probability",))
    >>> response_latency(speech, 0.4, 10.0)
    0.6
    >>> response_latency(speech, 5.0, 10.0)
    nan
    """
    spans = _inside(speech, start, end)
    return float(spans[0, 0] - start) if len(spans) else float("nan")


def _inside(speech: Track, start: float, end: float) -> Array:
    """Segments that touch [start, end], cut to it."""
    touching = speech.spans[(speech.spans[:, 1] > start) & (speech.spans[:, 0] < end)]
    return np.clip(touching, start, end)
