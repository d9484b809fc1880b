"""Choosing who writes down what was said, and what every recogniser must offer.

No engine stands in silently for another: a transcript from a meeting tool, a Whisper and a smoke-test recogniser
make different errors, and a score that rests on one must say which.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from vivavoce.data.errors import VivaError
from vivavoce.data.media.memory import AudioSpool
from vivavoce.data.schema import Stage
from vivavoce.data.track import Track
from vivavoce.features.transcript.words import Transcript

LANGUAGES = ("en", "zh")  # what the frameworks' terms and the features are made for


class Engine(StrEnum):
    """Where the words come from."""

    PROVIDED = "provided"
    WHISPER = "whisper"
    FASTER_WHISPER = "faster-whisper"
    POCKETSPHINX = "pocketsphinx"


AUTO = "auto"


@dataclass(frozen=True, eq=False)
class Passage:
    """A stretch of a recording to write down: usually one answer.

    Parameters
    ----------
    audio
        The recording.
    speech
        Its segments, from ``find_speech``, or those of the candidate's turns alone: nothing else is listened to.
    start, end
        Seconds of the recording; what lies outside is not listened to either.
    language
        ``en``, ``zh``, or ``auto`` to have it detected.
    """

    audio: AudioSpool
    speech: Track
    start: float
    end: float
    language: str = AUTO

    def __post_init__(self) -> None:
        """Refuse an unknown language and a span that is none."""
        if self.language not in (*LANGUAGES, AUTO):
            raise ValueError(
                f"The 'language' parameter of Passage must be one of {', '.join((*LANGUAGES, AUTO))}. "
                f"Got {self.language!r} instead."
            )
        if not 0 <= self.start <= self.end:
            raise ValueError(f"Passage needs 0 ≤ start ≤ end, in seconds. Got {self.start} and {self.end} instead.")


class Recogniser(Protocol):
    """Sound in, words with times out. One is opened per worker and keeps nothing of a recording."""

    @property
    def engine(self) -> str:
        """What a ``Transcript`` names as its engine."""

    @property
    def stage(self) -> Stage:
        """Everything that can change a word: engine, weights' digest, parameters."""

    def recognise(self, passages: Sequence[Passage]) -> list[Transcript]:
        """One transcript per passage, times in seconds of its recording. Passages must be of one interview.

        Raises
        ------
        WrongLanguage
            If a passage is in a language that this recogniser, or vivavoce, does not know.
        """


class NoRecogniser(VivaError):
    """What was asked for cannot be had here; the message names the ways out."""


class WrongLanguage(VivaError):
    """Speech in a language that cannot be scored, or was not declared: such a row ends as ``wrong_language``.

    ``declared`` is the manifest's language and ``chance`` the probability, 0–1, of the one that is spoken.
    """

    def __init__(self, language: str, known: Sequence[str], declared: str | None = None, chance: float = 1.0) -> None:
        way = (
            f"The speech is in {language!r}; known here: {', '.join(known)}."
            if declared is None
            else f"The speech is in {language!r} (probability {chance:.2f}), not in {declared!r} as the manifest says. "
            "Correct its column 'language', or let people listen."
        )
        super().__init__(way)
        self.language = language


def choose_engine(asked: str, *, has_transcript: bool) -> Engine:
    """Who writes down a recording: ``auto`` takes the provided transcript, else Whisper, and nothing else.

    Parameters
    ----------
    asked
        ``auto`` or an engine's name.
    has_transcript
        Whether the manifest's row comes with a transcript file.

    Raises
    ------
    NoRecogniser
        If the name is unknown, or ``provided`` is asked for where there is no transcript.

    Examples
    --------
    >>> choose_engine("auto", has_transcript=True), choose_engine("auto", has_transcript=False)
    (<Engine.PROVIDED: 'provided'>, <Engine.WHISPER: 'whisper'>)
    """
    if asked == AUTO:
        return Engine.PROVIDED if has_transcript else Engine.WHISPER
    if asked not in list(Engine):
        raise NoRecogniser(f"The recogniser must be one of auto, {', '.join(Engine)}. Got {asked!r} instead.")
    if asked == Engine.PROVIDED and not has_transcript:
        raise NoRecogniser(
            "The recogniser 'provided' needs a transcript, and this row has none: name a file (.vtt, .srt, .json …) in "
            "its column 'transcript', or let it be recognised (--asr whisper)."
        )
    return Engine(asked)
