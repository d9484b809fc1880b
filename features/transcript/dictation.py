"""Windows of speech in, words with times and confidence out: the part of a Whisper that no library does for it.

Batches are formed from one interview's windows in their order and never across interviews, sampling is seeded by a
window's own sound, and numbers are rounded to what they can mean (times 10 ms, confidence .001): which worker does
the work, and what it did before, cannot change a word.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, Protocol, Self, TypeVar

from vivavoce.data.schema import Stage
from vivavoce.features.speech import SPEECH
from vivavoce.features.transcript.alignment import TimedText
from vivavoce.features.transcript.checks import without_inventions, without_loops
from vivavoce.features.transcript.decoding import (
    BATCH,
    NO_SPEECH,
    TOO_REPETITIVE,
    TOO_UNSURE,
    Chances,
    Written,
    likeliest_language,
    write,
)
from vivavoce.features.transcript.recognise import AUTO, Passage
from vivavoce.features.transcript.windows import (
    CONTEXT_S,
    KEPT_GAP_S,
    SEPARATOR_S,
    Window,
    speech_of,
    windows_of,
    within_speech,
)
from vivavoce.features.transcript.words import Transcript, Word


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
