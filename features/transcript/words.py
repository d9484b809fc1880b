"""The transcript as every engine delivers it: words with times, confidence and speaker."""

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Word:
    """One token as spoken, fillers included.

    ``text`` carries its punctuation (``"shipped,"``); for Chinese one word is one segmented word.
    ``confidence`` is in 0–1, or None where the engine gives none (a provided transcript).
    """

    text: str
    start: float  # seconds of the recording
    end: float  # seconds
    confidence: float | None = None
    speaker: str | None = None


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
    """

    words: tuple[Word, ...]
    language: str
    engine: str
    word_times: bool

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
