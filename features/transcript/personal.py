"""What names or numbers a person in running text: names, telephones, e-mail addresses, identity and bank cards.

Running text with a time for every letter, so that patterns may reach across words and leave words with times.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, cached_property
from importlib.resources import files
from itertools import pairwise, takewhile

import yaml

from vivavoce.features.transcript.words import HAN_RANGE, Word

EMAIL = re.compile(
    r"[A-Za-z0-9._%+-]+\s?@\s?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
    r"|\b[a-z0-9._%+-]+(?:\s(?:dot|underscore|dash)\s[a-z0-9]+)*\sat\s[a-z0-9-]+(?:\sdot\s[a-z]+)+\b",
    re.IGNORECASE,
)
NUMBERS = re.compile(r"(?<![\w.])[+(]?\d+(?:(?:[\s().-]{1,3}|(?<=\b\d),\s?(?=\d\b))\+?\d+)*[Xx]?(?![A-Za-z\d])")
GROUP = re.compile(r"\+?\d+[Xx]?")
PHONE = re.compile(
    r"(?:86)?1[3-9]\d{9}"  # China, mobile
    r"|(?:86)?0\d{9,11}"  # China, fixed line with area code
    r"|1?[2-9]\d{2}[2-9]\d{6}"  # North America (NANP): area code and exchange begin with 2–9
)
INTERNATIONAL = re.compile(r"\+[1-9]\d{6,14}")  # E.164: at most 15 digits
LOCAL = re.compile(r"\d{3}-\d{4}|\d(?:[\s-]\d){6,}")  # a local number, or seven and more digits read out one by one
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999, ISO 7064 MOD 11-2
ID_CHECK = "10X98765432"
CARD_LENGTHS = range(13, 20)  # ISO/IEC 7812; the first digit of payment cards is 2–6


def hide_email(_: re.Match[str]) -> str:
    """The mask of a match of ``EMAIL``, set off from what it was glued to."""
    return " [email] "


def hide_numbers(found: re.Match[str]) -> str:
    """The digits of a match of ``NUMBERS`` with identity cards, bank cards and telephone numbers replaced.

    Examples
    --------
    >>> NUMBERS.sub(hide_numbers, "call 212-555-0142 or +86 138 0013 8000, we sold 4000 in 2019")
    'call [phone] or [phone], we sold 4000 in 2019'
    """
    text = found.group()
    groups = [group.span() for group in GROUP.finditer(text)]
    written, at, first = "", 0, 0
    while first < len(groups):
        for last in range(len(groups) - 1, first - 1, -1):
            start, end = groups[first][0], groups[last][1]
            kind = _kind(text[start:end])
            if kind:
                written += text[at:start].removesuffix("(") + kind
                at, first = end, last
                break
        first += 1
    return written + text[at:]


def _kind(text: str) -> str | None:
    """Which mask covers this number, if any."""
    plain = re.sub(r"[^\dXx+]", "", text).upper()
    if _is_chinese_id(plain):
        return "[id]"
    if plain.isdigit() and len(plain) in CARD_LENGTHS and plain[0] in "23456" and _passes_luhn(plain):
        return "[card]"
    digits = plain.removeprefix("+")
    if PHONE.fullmatch(digits) or INTERNATIONAL.fullmatch(plain) or LOCAL.fullmatch(text):
        return "[phone]"
    return None


def _is_chinese_id(plain: str) -> bool:
    """Eighteen places with a possible date of birth and the right check digit (GB 11643-1999)."""
    if not re.fullmatch(r"[1-9]\d{16}[\dX]", plain):
        return False
    try:
        date(int(plain[6:10]), int(plain[10:12]), int(plain[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(ID_WEIGHTS, plain, strict=False))
    return plain[17] == ID_CHECK[total % 11]


def _passes_luhn(digits: str) -> bool:
    """Luhn's check (ISO/IEC 7812-1): every second digit from the right doubled, digits summed, a multiple of ten."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


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
