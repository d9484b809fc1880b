"""Whisper: windows of speech in, words with times and confidence out.

Batches are formed from one interview's windows in their order and never across interviews, sampling is seeded by a
window's own sound, and numbers are rounded to what they can mean (times 10 ms, confidence .001): which worker does
the work, and what it did before, cannot change a word.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from vivavoce.data.schema import Stage
from vivavoce.features.speech import SPEECH
from vivavoce.features.transcript.alignment import TimedText, align
from vivavoce.features.transcript.checks import without_inventions, without_loops
from vivavoce.features.transcript.decoding import (
    BATCH,
    MOST_TOKENS,
    NO_SPEECH,
    TOO_REPETITIVE,
    TOO_UNSURE,
    Written,
    language_of,
    write,
)
from vivavoce.features.transcript.encoding import Encoded, encode
from vivavoce.features.transcript.network import Network, load_network
from vivavoce.features.transcript.recognise import AUTO, Passage
from vivavoce.features.transcript.weights import Checkpoint
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


@dataclass
class _Passage:
    """A passage on its way: its language once it is known, and the words so far."""

    passage: Passage
    segments: list[tuple[float, float]]
    language: str
    words: list[Word] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class WhisperRecogniser:
    """OpenAI's Whisper with any official weights or a local checkpoint.

    ``most_tokens`` bounds what a window may be written to; benchmarks set it, since random weights know no end.
    """

    network: Network
    most_tokens: int = MOST_TOKENS

    @classmethod
    def load(cls, checkpoint: Checkpoint, *, device: str = AUTO) -> "WhisperRecogniser":
        """Read weights from ``locate``. Raises ``WeightsError`` where they are not what they should be."""
        return cls(load_network(checkpoint, device))

    @property
    def engine(self) -> str:
        """``whisper:`` and the first 12 hex digits of the weights' SHA-256."""
        return f"whisper:{self.network.sha256[:12]}"

    @property
    def stage(self) -> Stage:
        """Weights, precision, packing and checks; every one of them can change a word."""
        parameters: dict[str, str | int | float | bool | None] = {
            "engine": "whisper",
            "weights": self.network.sha256,
            "precision": str(self.network.dtype),
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
        encoded = encode(self.network, [window for _, window in batch])
        for one in {id(one): one for one, _ in batch if one.language == AUTO}.values():
            mine = [i for i, (other, _) in enumerate(batch) if other is one]
            one.language = language_of(self.network, encoded.rows(mine), [batch[i][1].filled for i in mine])
        for language in sorted({one.language for one, _ in batch}):
            rows = [i for i, (one, _) in enumerate(batch) if one.language == language]
            windows = [batch[i][1] for i in rows]
            heard = encoded.rows(rows)
            written = write(self.network, heard, windows, language, self.most_tokens)
            for i, texts in zip(rows, self._times(written, heard, windows, language), strict=True):
                one, window = batch[i]
                one.words.extend(_words(texts, window, one.segments))

    def _times(
        self, written: Sequence[Written], encoded: Encoded, windows: Sequence[Window], language: str
    ) -> Iterator[list[TimedText]]:
        """Each window's words with times; a window that turned out empty has none."""
        spoken = [i for i, row in enumerate(written) if row.tokens and not row.empty]
        if not spoken:
            return iter([[] for _ in written])
        texts, filled = [written[i].tokens for i in spoken], [windows[i].filled for i in spoken]
        found = dict(zip(spoken, align(self.network, encoded.rows(spoken), texts, filled, language), strict=True))
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
