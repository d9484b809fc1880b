"""Running text with a time for every letter, so that patterns may reach across words and leave words with times."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

from vivavoce.features.transcript.words import Word


@dataclass(frozen=True)
class Letter:
    """One character, the time it takes, and the word that it was said in."""

    character: str
    start: float  # seconds
    end: float
    word: Word


@dataclass(frozen=True)
class Letters:
    """The text of one speaker's words, joined by blanks.

    Examples
    --------
    >>> said = Letters.of([Word("call", 0.0, 0.4), Word("Ann,", 0.5, 0.9)])
    >>> said.text
    'call Ann,'
    >>> [(word.text, word.start) for word in said.substitute(re.compile("Ann"), lambda found: "[name]").words()]
    [('call', 0.0), ('[name],', 0.5)]
    """

    letters: tuple[Letter, ...]

    @staticmethod
    def of(words: Iterable[Word]) -> "Letters":
        """Letters of words in order; a word's time is shared out evenly over its letters."""
        return Letters(tuple(_letters(words)))

    @cached_property
    def text(self) -> str:
        """The characters, one for each letter."""
        return "".join(letter.character for letter in self.letters)

    def substitute(self, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]) -> "Letters":
        """Replace every match; the characters that change share the time of the old ones, the others keep theirs."""
        kept: list[Letter] = []
        at = 0
        for found in pattern.finditer(self.text):
            (start, end), old, new = found.span(), found.group(), replacement(found)
            head = _common(old, new)
            tail = _common(old[head:][::-1], new[head:][::-1])
            if head + tail == len(old) < len(new):
                head = tail = 0  # nothing but an insertion: it needs letters whose time it can share
            kept += self.letters[at : start + head]
            if head + tail < len(old):
                kept += _spread(new[head : len(new) - tail], self.letters[start + head : end - tail])
            at = end - tail
        return Letters((*kept, *self.letters[at:]))

    def cut(self, pieces: Iterable[str]) -> "Letters":
        """The same letters with a blank between the pieces, which together are the text."""
        kept: list[Letter] = []
        at = 0
        for piece in pieces:
            if kept and not kept[-1].character.isspace() and not piece[:1].isspace():
                kept.append(Letter(" ", kept[-1].end, kept[-1].end, kept[-1].word))
            kept += self.letters[at : at + len(piece)]
            at += len(piece)
        return Letters(tuple(kept))

    def words(self) -> Iterator[Word]:
        """Words at the blanks; mere punctuation joins the word before, or is dropped where there is none."""
        groups: list[list[Letter]] = []
        group: list[Letter] = []
        for letter in (*self.letters, None):
            if letter is not None and not letter.character.isspace():
                group.append(letter)
            elif group:
                if any(part.character.isalnum() for part in group):
                    groups.append(group)
                elif groups:
                    groups[-1] = groups[-1] + group
                group = []
        return map(_word, groups)


def _letters(words: Iterable[Word]) -> Iterator[Letter]:
    before: Word | None = None
    for word in words:
        if before is not None:
            yield Letter(" ", before.end, before.end, before)
        yield from _spread(word.text, (Letter("", word.start, word.end, word),))
        before = word


def _spread(text: str, over: tuple[Letter, ...]) -> list[Letter]:
    start, end, word = over[0].start, over[-1].end, over[0].word
    step = (end - start) / max(len(text), 1)
    ends = [*(start + step * i for i in range(1, len(text))), end]
    starts = [start, *ends[:-1]]
    return [
        Letter(character, *span, word) for character, span in zip(text, zip(starts, ends, strict=True), strict=False)
    ]


def _common(first: str, second: str) -> int:
    """How many characters two texts begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))


def _word(group: list[Letter]) -> Word:
    """A word over letters; its confidence is their mean, and unknown where one letter's is."""
    spoken = [letter.word for letter in group if letter.character.isalnum()]
    known = [word.confidence for word in spoken if word.confidence is not None]
    confidence = None
    if len(known) == len(spoken):
        confidence = known[0] if len(set(known)) == 1 else sum(known) / len(known)
    text = "".join(letter.character for letter in group)
    return Word(text, group[0].start, max(letter.end for letter in group), confidence, spoken[0].speaker)
