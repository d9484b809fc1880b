"""What names a person in running text.

Running text with a time for every letter, so that patterns may reach across words and leave words with times.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.resources import files
from itertools import pairwise, takewhile

import yaml

from vivavoce.features.transcript.words import HAN_RANGE, Word


def names_pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    """A pattern that finds these people's names, whole and in parts, or None without a name.

    Latin names in any case and with or without accents, their parts of two letters or more; Chinese names whole, given
    names, surname with title, and with 小, 老 or 阿.
    """
    latin: set[str] = set()
    chinese: set[str] = set()
    for name in names:
        for part in re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", unicodedata.normalize("NFC", name)):
            if is_role(part):
                continue
            if re.fullmatch(f"[{HAN_RANGE}]+", part):
                chinese.update(_chinese_forms(part))
            else:
                latin.update(form for form in _latin_forms(part) if len(form) > 1)
    patterns = sorted(chinese, key=lambda form: (-len(form), form))
    if latin:
        one = "|".join(_latin_pattern(form) for form in sorted(latin, key=lambda form: (-len(form), form)))
        patterns.append(rf"(?<!\w)(?:{one})(?:[\s,]+(?:{one}))*(?!\w)")
    return re.compile("|".join(patterns)) if patterns else None


def is_role(label: str) -> bool:
    """Whether a speaker's label says what they are there for, not who they are.

    Examples
    --------
    >>> [is_role(label) for label in ("Interviewer 2", "面试官", "Mei Chen")]
    [True, True, False]
    """
    return re.match(rf"(?:{'|'.join(_lists()['roles'])})(?![a-z])", label.casefold()) is not None


def hide_name(found: re.Match[str]) -> str:
    """The mask of a match of ``names_pattern``; in Chinese text it must be set off from its neighbours."""
    return "[name]" if found.group()[0].isascii() else " [name] "


def _latin_forms(part: str) -> Iterator[str]:
    for form in {part, *part.split("-")}:
        yield form
        yield "".join(letter for letter in unicodedata.normalize("NFD", form) if not unicodedata.combining(letter))


def _latin_pattern(form: str) -> str:
    if form.casefold() in _lists()["ordinary"]:
        return rf"(?<=[^.!?]\s){re.escape(form.capitalize())}"
    return rf"(?i:{re.escape(form)})"


def _chinese_forms(name: str) -> Iterator[str]:
    surname = name[:2] if name[:2] in _lists()["compound_surnames"] and len(name) > 2 else name[:1]
    given = name[len(surname) :]
    yield r"\s?".join(name)
    if len(given) > 1:
        yield r"\s?".join(given)
    if given:
        yield rf"[小阿]\s?{given[-1]}"
    yield rf"[小老]\s?{surname}(?!{'|'.join(_lists()['not_after_nickname'])})"
    yield rf"{surname}\s?(?={'|'.join(_lists()['titles'])})"


@cache
def _lists() -> dict[str, list[str]]:
    text = files("vivavoce.features.transcript").joinpath("names.yaml").read_text(encoding="utf-8")
    lists: dict[str, list[str]] = yaml.safe_load(text)
    return lists


@dataclass(frozen=True)
class Letter:
    """One character, the time it takes, and the word that it was said in.

    ``said`` is how it was written, where that is something else: a Traditional character, none, or several.
    """

    character: str
    start: float  # seconds
    end: float
    word: Word
    said: str | None = None


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
                kept += respelt(new[head : len(new) - tail], self.letters[start + head : end - tail])
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
        letters = respelt(word.text, (Letter("", word.start, word.end, word),))
        yield from letters if word.said is None else written_as(letters, word.said)
        before = word


def written_as(letters: Sequence[Letter], said: str) -> Iterator[Letter]:
    """Letters of one piece with how it was written, shared out over them."""
    edges = [-(-i * len(said) // len(letters)) for i in range(len(letters) + 1)]
    yield from (replace(letter, said=said[slice(*edge)]) for letter, edge in zip(letters, pairwise(edges), strict=True))


def respelt(text: str, over: tuple[Letter, ...]) -> list[Letter]:
    """Letters of a text that takes the time of others, in equal shares."""
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
    said = "".join(letter.character if letter.said is None else letter.said for letter in group)
    end = max(letter.end for letter in group)
    return Word(text, group[0].start, end, confidence, spoken[0].speaker, None if said == text else said)
