"""The transcript as every engine delivers it: words with times, confidence and speaker.

How far a transcript can be believed.

Chinese word segmentation with jieba: same text, same words, no cache file, no message.

What can change a transcript's words: how they were recognised or read, and this package's own code.
"""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from vivavoce.data.identity import source_digest
from vivavoce.data.schema import Stage


@dataclass(frozen=True)
class Word:
    """One token as spoken, fillers included.

    ``text`` carries its punctuation (``"shipped,"``); for Chinese one word is one segmented word.
    ``confidence`` is in 0–1, or None where the engine gives none (a provided transcript). ``said`` is how it was
    written where that is another script than ``text``'s: for quotes, never for measures.
    """

    text: str
    start: float  # seconds of the recording
    end: float  # seconds
    confidence: float | None = None
    speaker: str | None = None
    said: str | None = None

    @property
    def quoted(self) -> str:
        """The token as it was written."""
        return self.said or self.text


@dataclass(frozen=True)
class Account:
    """What reading a transcript's file had to mend or leave out.

    Parameters
    ----------
    mended
        Kind and count, in the order of the alphabet.
    share
        Of the words, those that were left out or whose times had to be guessed, 0–1; ideal 0.
    turns
        Beginning and end, in seconds, of turns that are all that has times: their words are shared out evenly.
    """

    mended: tuple[tuple[str, int], ...] = ()
    share: float = 0.0
    turns: tuple[tuple[float, float], ...] = ()

    def __str__(self) -> str:
        return ", ".join(f"{count} {kind}" for kind, count in self.mended)


WHOLLY = Account()  # nothing was mended


@dataclass(frozen=True)
class Transcript:
    """What was said in one recording.

    Parameters
    ----------
    words
        In time order.
    language
        ``en`` or ``zh``.
    engine
        Who recognised it: ``provided:vtt``, ``whisper:<first 12 hex of the weights' SHA-256>``, ``pocketsphinx:5``.
    word_times
        Whether word times were measured; False where they were spread evenly over a cue.
    labels
        Every speaker's label that a file holds, those included whose words were not kept: personal data to be masked.
    unclear
        Places in a file that may be a speaker's name and cannot be told: with any, who spoke is not known.
    account
        What was mended or left out.
    """

    words: tuple[Word, ...]
    language: str
    engine: str
    word_times: bool
    labels: tuple[str, ...] = ()
    unclear: int = 0
    account: Account = WHOLLY

    def within(self, start: float, end: float) -> "Transcript":
        """Words whose midpoint lies in [start, end) seconds.

        Examples
        --------
        >>> said = Transcript((Word("so", 0.0, 0.2), Word("yes", 0.4, 0.8)), "en", "provided:vtt", True)
        >>> [word.text for word in said.within(0.3, 1.0).words]
        ['yes']
        """
        return self._keep(word for word in self.words if start <= (word.start + word.end) / 2 < end)

    def spoken_by(self, speaker: str) -> "Transcript":
        """Words of one named speaker."""
        return self._keep(word for word in self.words if word.speaker == speaker)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Named speakers in order of first appearance."""
        return tuple(dict.fromkeys(word.speaker for word in self.words if word.speaker is not None))

    def _keep(self, words: Iterable[Word]) -> "Transcript":
        return replace(self, words=tuple(words))


@dataclass(frozen=True)
class TimedText:
    """A word or sign as the tokenizer splits it, with seconds of the window and its mean token probability (0–1)."""

    text: str
    start: float
    end: float
    probability: float


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


HAN_RANGE = r"\u3400-\u4dbf\u4e00-\u9fff"  # CJK Unified Ideographs and Extension A: what interviews are written in
HAN = re.compile(f"[{HAN_RANGE}]")


def segment(text: str) -> tuple[str, ...]:
    """Words of a Chinese text; together they are the text again.

    Examples
    --------
    >>> segment("我们一起解决了这个问题")
    ('我们', '一起', '解决', '了', '这个', '问题')
    """
    return tuple(_tokenizer().cut(text))


@cache
def _tokenizer() -> Any:
    """A private tokenizer.

    jieba's shared one reads ``jieba.cache`` from the temporary folder, where anyone may have put one, and writes it
    there; this one builds its dictionary from the package alone, in about a second.
    """
    import jieba

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer


CODE = source_digest(Path(__file__).parent)


def transcript_stage(asr: str, weights: str | None) -> Stage:
    """The stage of one run.

    Parameters
    ----------
    asr
        ``auto`` or an engine's name.
    weights
        SHA-256 (hex) of the recogniser's weights; None where there are none.
    """
    return Stage("transcript", "1", {"asr": asr, "weights": weights, "code": CODE})
