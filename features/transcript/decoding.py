"""What a decoding must pass, and what is tried where it does not: the same for every library that decodes."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vivavoce.features.transcript.recognise import LANGUAGES, WrongLanguage
from vivavoce.features.transcript.windows import Window

BATCH = (
    8  # windows at a time: with base each takes 0.7 s of decoding, 1.0 s among 4 and 2.0 s alone; 100 MB more than 4
)
TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0)  # tried in turn where greedy decoding fails; the library's steps
TOO_REPETITIVE = 2.4  # gzip ratio above which a text is a loop; from the Whisper paper, section 4.5
TOO_UNSURE = -1.0  # mean log probability per token below which a decoding failed; ibid.
NO_SPEECH = 0.6  # probability of "no speech" above which an unsure window is empty; ibid.
FOREIGN = 0.5  # probability from which another language than ours is believed: more likely than all others together
MOST_TOKENS = 224  # of one window: half of the decoder's context, the library's limit

Chances = Mapping[str, Sequence[float]]  # by language code: its probability in each window, 0–1


@dataclass(frozen=True)
class Written:
    """What one window was decoded to; ``tokens`` are text only."""

    tokens: tuple[int, ...]
    mean_log_probability: float
    no_speech: float
    repetition: float

    @property
    def failed(self) -> bool:
        """Whether another temperature should be tried: a loop, or too unsure, and not just silence."""
        return not self.empty and (self.repetition > TOO_REPETITIVE or self.mean_log_probability < TOO_UNSURE)

    @property
    def empty(self) -> bool:
        """Whether the window holds no speech after all: the network says so and its words are unsure."""
        return self.no_speech > NO_SPEECH and self.mean_log_probability < TOO_UNSURE


Decode = Callable[[Sequence[int], float, int], list[Written]]
"""Rows of the encoded windows, temperature and seed to what they are decoded to."""


def likeliest_language(chances: Chances, seconds: Sequence[float]) -> str:
    """The language of windows that are known to share one.

    Parameters
    ----------
    chances
        Of every language that the recogniser knows.
    seconds
        Of sound in each window: a full one says more than a short rest.

    Raises
    ------
    WrongLanguage
        If another language than English or Chinese is more likely than not.

    Examples
    --------
    >>> likeliest_language({"en": [0.9, 0.3], "zh": [0.1, 0.7]}, [30.0, 2.0])
    'en'
    """
    shares = {code: float(np.average(each, weights=seconds)) for code, each in chances.items()}
    likeliest = max(shares, key=lambda code: shares[code])
    if likeliest not in LANGUAGES and shares[likeliest] > FOREIGN:
        raise WrongLanguage(likeliest, LANGUAGES)
    return max(LANGUAGES, key=lambda code: shares.get(code, 0.0))


def write(decode: Decode, windows: Sequence[Window]) -> list[Written]:
    """Decode windows of one language: greedily and together; where that fails, one by one with rising temperature.

    Parameters
    ----------
    decode
        Decodes some of the windows.
    windows
        Their sound seeds the sampling: the same window is always decoded alike.
    """
    written = decode(range(len(windows)), 0.0, 0)
    return [_retry(decode, row, i, windows[i].sound.tobytes()) if row.failed else row for i, row in enumerate(written)]


def _retry(decode: Decode, failed: Written, row: int, sound: bytes) -> Written:
    """Sample at rising temperatures until a decoding passes; else keep the most probable that is no loop."""
    seed = int.from_bytes(hashlib.sha256(sound).digest()[:4], "big")
    tried = [failed]
    for temperature in TEMPERATURES:
        tried.extend(decode([row], temperature, seed))
        if not tried[-1].failed:
            return tried[-1]
    return max(tried, key=lambda one: -math.inf if one.repetition > TOO_REPETITIVE else one.mean_log_probability)
