"""Windows of speech in, words with times and confidence out: the part of a Whisper that no library does for it.

Batches are formed from one interview's windows in their order and never across interviews, sampling is seeded by a
window's own sound, and numbers are rounded to what they can mean (times 10 ms, confidence .001): which worker does
the work, and what it did before, cannot change a word.

What a decoding must pass, and what is tried where it does not: the same for every library that decodes.

What a recogniser invents: loops, and phrases it learnt from the ends of videos.

Detection comes first (only speech is listened to), then the decoder's own checks (repetition, likelihood, "no
speech"); what still gets through is removed here, and nothing that a stammerer says is.
"""

import hashlib
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import islice
from typing import Generic, Protocol, Self, TypeVar

import numpy as np
import yaml

from vivavoce.data.schema import Stage
from vivavoce.features.speech import SPEECH
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


LONGEST_LOOP = 6  # words; longer repeats are rare, and the decoder's repetition check catches them
MOST_REPEATS = 3  # of one n-gram in a row: people who stammer repeat a word two or three times, loops go on

UNSURE = 0.5  # mean word confidence below which a phrase that people also say is taken for an invention

SENTENCE_END = re.compile(r"[.?!。？！]\W*$")
LETTERS = re.compile(r"\w+")


@dataclass(frozen=True)
class Inventions:
    """Phrases known to be written where nobody spoke, spelt as ``plain`` spells them.

    ``never`` are not said in interviews; ``rarely`` may be, and go only where the recogniser is unsure.
    """

    never: frozenset[str]
    rarely: frozenset[str]


def plain(text: str) -> str:
    """A text without case, marks and spaces, so that spellings can be compared.

    Examples
    --------
    >>> plain("Thanks for watching!"), plain("谢谢 观看。")
    ('thanksforwatching', '谢谢观看')
    """
    return "".join(LETTERS.findall(text.casefold()))


@cache
def inventions(language: str) -> Inventions:
    """The known phrases of a language (``en``, ``zh``), from ``invented.yaml``, which names their sources."""
    listed = yaml.safe_load(resources.files(__package__).joinpath("invented.yaml").read_text("utf-8"))[language]
    return Inventions(frozenset(map(plain, listed["never"])), frozenset(map(plain, listed["rarely"])))


def without_inventions(words: Sequence[Word], language: str) -> list[Word]:
    """Words without known invented phrases. A phrase counts only where it is the whole utterance.

    Examples
    --------
    >>> said = [Word("We", 0.0, 0.2, 0.9), Word("won.", 0.2, 0.6, 0.9)]
    >>> invented = [Word("Thanks", 4.0, 4.1, 0.8), Word("for", 4.1, 4.2, 0.8), Word("watching!", 4.2, 4.3, 0.8)]
    >>> [word.text for word in without_inventions([*said, *invented], "en")]
    ['We', 'won.']
    """
    known = inventions(language)
    kept: list[Word] = []
    for utterance in _utterances(words):
        text = plain("".join(word.text for word in utterance))
        unsure = float(np.mean([1.0 if word.confidence is None else word.confidence for word in utterance])) < UNSURE
        if text not in known.never and not (unsure and text in known.rarely):
            kept.extend(utterance)
    return kept


def without_loops(words: Sequence[Word]) -> list[Word]:
    """Words in which no n-gram of 1–6 words stands more than three times in a row; the first three are kept.

    Examples
    --------
    >>> loop = [Word(text, float(i), i + 0.5) for i, text in enumerate("I think that that that that that is".split())]
    >>> " ".join(word.text for word in without_loops(loop))
    'I think that that that is'
    """
    kept = list(words)
    length = len(kept) + 1
    while len(kept) < length:
        length = len(kept)
        for size in range(1, LONGEST_LOOP + 1):
            kept = _collapse(kept, size)
    return kept


def _collapse(words: Sequence[Word], size: int) -> list[Word]:
    """Drop the repeats of n-grams of one size beyond the third."""
    spelt = [plain(word.text) or word.text for word in words]
    kept: list[Word] = []
    i = 0
    while i < len(words):
        repeats = 1
        while spelt[i + repeats * size : i + (repeats + 1) * size] == spelt[i : i + size]:
            repeats += 1
        if repeats > MOST_REPEATS:
            kept.extend(words[i : i + MOST_REPEATS * size])
            i += repeats * size
        else:
            kept.append(words[i])
            i += 1
    return kept


def _utterances(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Words between sentence ends and pauses."""
    current: list[Word] = []
    for word in words:
        if current and (SENTENCE_END.search(current[-1].text) or word.start - current[-1].end > KEPT_GAP_S):
            yield current
            current = []
        current.append(word)
    if current:
        yield current


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
        }
        return Stage("transcript", "1", parameters, (SPEECH,))

    def recognise(self, passages: Sequence[Passage]) -> list[Transcript]:
        """One transcript per passage of one interview, windows of several passages in one forward pass.

        Chinese comes as the signs that the tokenizer splits; ``normalise`` makes words of them. Memory does not grow
        with length: windows are read as they are needed, ``BATCH`` at a time.

        Raises
        ------
        WrongLanguage
            If a passage to be detected is in neither English nor Chinese.
        """
        underway = [_Passage(passage, speech_of(passage), passage.language) for passage in passages]
        windows = ((one, window) for one in underway for window in windows_of(one.passage))
        while batch := list(islice(windows, BATCH)):
            self._recognise_batch(batch)
        return [self._finish(one) for one in underway]

    def _recognise_batch(self, batch: Sequence[tuple[_Passage, Window]]) -> None:
        """Encode once; then decode and align the windows of each language together."""
        encoded = self.encode([window for _, window in batch])
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
