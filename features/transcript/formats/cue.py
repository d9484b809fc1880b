"""What every kind of transcript file comes down to: cues, what of it was mended or left out, and its errors."""

import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vivavoce.data.errors import VivaError
from vivavoce.features.transcript.words import HAN_RANGE, Account, Word

MAX_SECONDS = 24 * 3600 * 1000.0  # a day, should a tool have written milliseconds: the recording decides later
SHOWN = 40  # characters of a bad value that an error repeats
_MARKUP = re.compile(
    r"\{\\[^}\n]*\}|</?(?:(?:c|i|b|u|s|v|em|strong|ruby|rt|lang|font|span)(?:[.\s][^<>\n]*)?|\d+:[\d:.,]*)/?>",
    re.IGNORECASE,
)
_COUNTED = re.compile(rf"[{HAN_RANGE}]|(?<!\S)[^\s{HAN_RANGE}]++(?!\S)")  # a character, or a word without any


class TranscriptError(VivaError):
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
    """One stretch of text with its time: words of one speaker, or with word times where ``words`` is set.

    ``text`` keeps its line breaks; ``speaker`` is None where the format has no place for a name, or none stands there.
    ``certain`` is False where ``start`` and ``end`` had to be guessed.
    """

    start: float  # seconds
    end: float
    text: str
    speaker: str | None = None
    words: tuple[Word, ...] | None = None
    certain: bool = True


@dataclass
class Mending:
    """Keeps account while a file is read: what was mended without doubt, what was guessed, what was left out."""

    mended: Counter[str] = field(default_factory=Counter)
    doubtful_words: int = 0  # left out, or with times that were guessed
    turns: list[tuple[float, float]] = field(default_factory=list)  # whose words are shared out evenly

    def note(self, kind: str, count: int = 1, *, words: int = 0) -> None:
        """Count what happened; ``words`` of them are lost or stand at a guessed time."""
        self.mended[kind] += count
        self.doubtful_words += words

    def account(self, kept: int) -> Account:
        """The account of a file of which so many words were kept."""
        share = self.doubtful_words / max(kept, self.doubtful_words, 1)
        mended = tuple(sorted((kind, count) for kind, count in self.mended.items() if count))
        return Account(mended, share, tuple(self.turns))


def count_words(text: str) -> int:
    """Words of a text, a Chinese character counted as one.

    Examples
    --------
    >>> count_words("so then"), count_words("我们做 A")
    (2, 4)
    """
    return len(_COUNTED.findall(text))


def plain(text: str) -> str:
    r"""Text without markup: tags, styling in braces, entities; line breaks stay.

    Examples
    --------
    >>> plain("{\\\\an8}<i>so</i> &amp; <00:00:01.000><c>then</c>")
    'so & then'
    """
    return html.unescape(_MARKUP.sub("", text)).strip()


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


def share_out(start: float, end: float, parts: list[tuple[str | None, str]], *, certain: bool = True) -> list[Cue]:
    """A cue for each part, (speaker, text); the time is shared by length."""
    total, done, cues = sum(len(text) for _, text in parts) or 1, 0, []
    for speaker, text in parts:
        begin = start + (end - start) * done / total
        done += len(text)
        cues.append(Cue(begin, start + (end - start) * done / total, text, speaker, certain=certain))
    return cues
