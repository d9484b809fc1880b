"""Windows of speech in, words with times and confidence out: the part of a Whisper that no library does for it.

Batches are formed from one interview's windows in their order and never across interviews, sampling is seeded by a
window's own sound, and numbers are rounded to what they can mean (times 10 ms, confidence .001): which worker does
the work, and what it did before, cannot change a word.

What a decoding must pass, and what is tried where it does not: the same for every library that decodes.
"""

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Generic, Protocol, Self, TypeVar

import numpy as np

from vivavoce.data.schema import Stage
from vivavoce.features.speech import SPEECH
from vivavoce.features.transcript.inventions import without_inventions, without_loops
from vivavoce.features.transcript.recognise import AUTO, LANGUAGES, Passage, WrongLanguage
from vivavoce.features.transcript.windows import (
    CONTEXT_S,
    KEPT_GAP_S,
    SEPARATOR_S,
    Window,
    speech_of,
    windows_of,
    within_speech,
)
from vivavoce.features.transcript.words import TimedText, Transcript, Word

BATCH = (
    8  # windows at a time: with base each takes 0.7 s of decoding, 1.0 s among 4 and 2.0 s alone; 100 MB more than 4
)
TEMPERATURES = (0.4, 0.8)  # tried in turn where greedy decoding fails: every other one of the library's steps
LOST = 0.5  # share of the sound in failed windows from which on nobody is understood: sampling rescued no such window
WINDOWS_PER_TRY = 3  # a third as many tries as windows: with more, unclear speech costs over twice what clear does
TOO_REPETITIVE = 2.4  # gzip ratio above which a text is a loop; from the Whisper paper, section 4.5
TOO_UNSURE = -1.0  # mean log probability per token below which a decoding failed; ibid.
NO_SPEECH = 0.6  # probability of "no speech" above which an unsure window is empty; ibid.
FOREIGN = 0.5  # probability from which another language than ours is believed: more likely than all others together
UNDECLARED = 0.8  # the same against the manifest's word: real clips .87 to 1.0, speech that nobody understands ≤ .71
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
    def looping(self) -> bool:
        """Whether it says the same again and again."""
        return self.repetition > TOO_REPETITIVE

    @property
    def failed(self) -> bool:
        """Whether another temperature should be tried: a loop, or too unsure, and not just silence."""
        return not self.empty and (self.looping or self.mean_log_probability < TOO_UNSURE)

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


def refuse_foreign(chances: Chances, seconds: Sequence[float], declared: str) -> None:
    """Refuse speech that is in another language than the manifest says.

    Parameters
    ----------
    chances
        Of every language that the recogniser knows; nothing is refused where it knows one only.
    seconds
        Of sound in each window.
    declared
        By its code.

    Raises
    ------
    WrongLanguage
        If another language's mean probability is at least .8 (``UNDECLARED``). What is below, an accent or noise or
        speech that nobody understands, is taken for what was declared.

    Examples
    --------
    >>> refuse_foreign({"en": [0.7, 0.6], "zh": [0.0, 0.1]}, [30.0, 30.0], "zh")
    >>> refuse_foreign({"en": [0.98], "zh": [0.01]}, [30.0], "zh")
    Traceback (most recent call last):
    ...
    vivavoce.features.transcript.recognise.WrongLanguage: The speech is in 'en' (probability 0.98), not in 'zh' ...
    """
    shares = {code: float(np.average(each, weights=seconds)) for code, each in chances.items() if code != declared}
    likeliest = max(shares, key=lambda code: shares[code], default=declared)
    if len(chances) > 1 and shares[likeliest] >= UNDECLARED:
        raise WrongLanguage(likeliest, LANGUAGES, declared, shares[likeliest])


def write(decode: Decode, windows: Sequence[Window]) -> list[Written]:
    """Decode windows of one language: greedily and together; some of those that fail, again with rising temperature.

    What the first pass shows is enough to stop: where most of the sound failed there is nothing to rescue.

    Parameters
    ----------
    decode
        Decodes some of the windows.
    windows
        Their sound seeds the sampling: the same window is always decoded alike.
    """
    written = decode(range(len(windows)), 0.0, 0)
    failed = [i for i, row in enumerate(written) if row.failed]
    if sum(windows[i].filled for i in failed) >= LOST * sum(window.filled for window in windows):
        return written
    tries = math.ceil(len(windows) / WINDOWS_PER_TRY)
    for i in failed:
        seed = int.from_bytes(hashlib.sha256(windows[i].sound.tobytes()).digest()[:4], "big")
        for temperature in TEMPERATURES[:tries]:
            tries -= 1
            written[i] = _better(written[i], *decode([i], temperature, seed))
            if not written[i].failed:
                break
    return written


def _better(one: Written, other: Written) -> Written:
    """Whichever passed, else the more probable that is no loop."""
    return max(one, other, key=lambda row: (not row.failed, -math.inf if row.looping else row.mean_log_probability))


class Rows(Protocol):
    """Windows after the encoder."""

    def rows(self, indices: Sequence[int]) -> Self:
        """Some of the windows, in the order given."""


Encoded = TypeVar("Encoded", bound=Rows)


@dataclass
class _Passage:
    """A passage on its way: its language once it is known, and the words so far."""

    passage: Passage
    segments: list[tuple[float, float]]
    language: str
    words: list[Word] = field(default_factory=list)


class Dictation(ABC, Generic[Encoded]):
    """A Whisper, whatever computes it; the four steps that a library does are left to it.

    Parameters
    ----------
    name
        The engine's.
    sha256
        Of the weights, hex.
    precision
        What matrices are multiplied in.
    most_tokens
        Bounds what a window may be written to; benchmarks set it, since random weights know no end.
    """

    def __init__(self, name: str, sha256: str, precision: str, most_tokens: int) -> None:
        self.name, self.sha256, self.precision, self.most_tokens = name, sha256, precision, most_tokens

    @abstractmethod
    def encode(self, windows: Sequence[Window]) -> Encoded:
        """Windows through the encoder in one forward pass; each is scaled by its own loudest point."""

    @abstractmethod
    def language_chances(self, encoded: Encoded) -> Chances:
        """Probability of every language that the network knows, by its code, one per window."""

    @abstractmethod
    def decode(self, encoded: Encoded, language: str, temperature: float, seed: int) -> list[Written]:
        """Windows of one language as text: greedily at temperature 0, else sampled as ``seed`` says."""

    @abstractmethod
    def align(
        self, encoded: Encoded, texts: Sequence[Sequence[int]], filled: Sequence[float], language: str
    ) -> list[list[TimedText]]:
        """When each word of each window was said, seconds of the window; ``filled`` of them hold sound."""

    @property
    def engine(self) -> str:
        """The engine's name and the first 12 hex digits of the weights' SHA-256."""
        return f"{self.name}:{self.sha256[:12]}"

    @property
    def stage(self) -> Stage:
        """Weights, precision, packing and checks; every one of them can change a word."""
        parameters: dict[str, str | int | float | bool | None] = {
            "engine": self.name,
            "weights": self.sha256,
            "precision": self.precision,
            "batch": BATCH,
            "most_tokens": self.most_tokens,
            "context_s": CONTEXT_S,
            "kept_gap_s": KEPT_GAP_S,
            "separator_s": SEPARATOR_S,
            "too_repetitive": TOO_REPETITIVE,
            "too_unsure": TOO_UNSURE,
            "no_speech": NO_SPEECH,
            "temperatures": " ".join(map(str, TEMPERATURES)),
            "lost": LOST,
            "windows_per_try": WINDOWS_PER_TRY,
            "undeclared": UNDECLARED,
        }
        return Stage("transcript", "2", parameters, (SPEECH,))

    def recognise(self, passages: Sequence[Passage]) -> list[Transcript]:
        """One transcript per passage of one interview, windows of several passages in one forward pass.

        Chinese comes as the signs that the tokenizer splits; ``normalise`` makes words of them. Memory does not grow
        with length: windows are read as they are needed, ``BATCH`` at a time.

        Raises
        ------
        WrongLanguage
            If a passage to be detected is in neither English nor Chinese, or the first windows, up to four minutes of
            speech, are in another language than was declared.
        """
        underway = [_Passage(passage, speech_of(passage), passage.language) for passage in passages]
        windows = ((one, window) for one in underway for window in windows_of(one.passage))
        declared: set[str] = set()  # languages that were compared with what is spoken
        while batch := list(islice(windows, BATCH)):
            self._recognise_batch(batch, declared)
        return [self._finish(one) for one in underway]

    def _recognise_batch(self, batch: Sequence[tuple[_Passage, Window]], declared: set[str]) -> None:
        """Encode once; then decode and align the windows of each language together."""
        encoded = self.encode([window for _, window in batch])
        for language in {one.language for one, _ in batch} - {AUTO} - declared:
            mine = [i for i, (one, _) in enumerate(batch) if one.language == language]
            refuse_foreign(self.language_chances(encoded.rows(mine)), [batch[i][1].filled for i in mine], language)
            declared.add(language)
        for one in {id(one): one for one, _ in batch if one.language == AUTO}.values():
            mine = [i for i, (other, _) in enumerate(batch) if other is one]
            chances = self.language_chances(encoded.rows(mine))
            one.language = likeliest_language(chances, [batch[i][1].filled for i in mine])
        for language in sorted({one.language for one, _ in batch}):
            rows = [i for i, (one, _) in enumerate(batch) if one.language == language]
            windows = [batch[i][1] for i in rows]
            heard = encoded.rows(rows)
            written = self.write(heard, windows, language)
            for i, texts in zip(rows, self._times(written, heard, windows, language), strict=True):
                one, window = batch[i]
                one.words.extend(_words(texts, window, one.segments))

    def write(self, encoded: Encoded, windows: Sequence[Window], language: str) -> list[Written]:
        """Windows of one language as text: together and greedily, those that fail again one by one."""
        return write(
            lambda rows, temperature, seed: self.decode(encoded.rows(rows), language, temperature, seed), windows
        )

    def _times(
        self, written: Sequence[Written], encoded: Encoded, windows: Sequence[Window], language: str
    ) -> Iterator[list[TimedText]]:
        """Each window's words with times; a window that turned out empty has none."""
        spoken = [i for i, row in enumerate(written) if row.tokens and not row.empty]
        if not spoken:
            return iter([[] for _ in written])
        texts, filled = [written[i].tokens for i in spoken], [windows[i].filled for i in spoken]
        found = dict(zip(spoken, self.align(encoded.rows(spoken), texts, filled, language), strict=True))
        for i in (
            i for i in spoken if written[i].looping
        ):  # a loop is sure of itself, and tells nothing of what was said
            found[i] = [replace(text, probability=0.0) for text in found[i]]
        return (found.get(i, []) for i in range(len(written)))

    def _finish(self, one: _Passage) -> Transcript:
        language = "en" if one.language == AUTO else one.language  # without speech nothing was detected
        words = without_inventions(without_loops(one.words), language)
        return Transcript(tuple(words), language, self.engine, word_times=True)


def _words(texts: Sequence[TimedText], window: Window, segments: Sequence[tuple[float, float]]) -> Iterator[Word]:
    """Texts of a window as words of the recording; what lies in silence is dropped."""
    for text in texts:
        place = window.locate(text.start, text.end)
        spoken = place and within_speech(*place, segments)
        if spoken and text.text.strip():
            yield Word(text.text.strip(), round(spoken[0], 2), round(spoken[1], 2), round(text.probability, 3))
