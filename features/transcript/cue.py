"""What every kind of transcript file comes down to: cues, and the error that names what is wrong with one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vivavoce.features.transcript.words import Word

MAX_SECONDS = 24 * 3600.0  # a recording is an interview, not an archive
SHOWN = 40  # characters of a bad value that an error repeats


class TranscriptError(ValueError):
    """A transcript file that cannot be used: names the file, the line (or JSON place), the value and the remedy.

    ``fault`` leaves the value out, which may be somebody's words: for tables that others read.
    """

    def __init__(self, file: Path, where: str, value: str, remedy: str) -> None:
        shown = value if len(value) <= SHOWN else f"{value[:SHOWN]}…"
        self.fault = f"{file.name}, {where}: {remedy}"
        super().__init__(f"{self.fault} Got {shown!r} instead.")
        self.file = file


@dataclass(frozen=True)
class Cue:
    """One stretch of text with its time: words of one speaker, or with word times where ``words`` is set."""

    start: float  # seconds
    end: float
    text: str
    speaker: str | None
    words: tuple[Word, ...] | None = None


def spread(cue: Cue) -> Iterator[Word]:
    """Words of a cue, its time shared out in proportion to their letters.

    Examples
    --------
    >>> [(word.text, word.start, word.end) for word in spread(Cue(0.0, 1.0, "so then", None))]
    [('so', 0.0, 0.333...), ('then', 0.333..., 1.0)]
    """
    tokens = cue.text.split()
    length, done = sum(map(len, tokens)), 0
    for token in tokens:
        start = cue.start + (cue.end - cue.start) * done / length
        done += len(token)
        yield Word(token, start, cue.start + (cue.end - cue.start) * done / length, None, cue.speaker)
