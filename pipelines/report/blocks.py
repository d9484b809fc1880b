"""What a report is made of, and the words of two languages: a page and its PDF both show these blocks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from unicodedata import bidirectional

from vivavoce.data.wording import Words, sentences
from vivavoce.pipelines.report.figures import Drawing, width_of

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
BOLD = 1.3  # width of a bold letter beside a plain one
MOST_COLUMNS = 12  # of a table; a wider one is cut into several, which a sheet of paper holds

Say = Callable[..., str]


@dataclass(frozen=True)
class Heading:
    """A section's title; ``level`` 2 or 3, ``anchor`` unique in its language."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; ``kind`` sets its look: plain, small, ok, finding, insufficient."""

    text: str
    kind: str = "plain"


@dataclass(frozen=True)
class Bullets:
    """A list."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A table: its caption, column titles (numbers right-aligned where ``numeric``), rows, and each row's verdict.

    The verdict stands in the last column, or before the last where that says why. Of a table that was only looked
    through (``searched``) paper holds the findings; the page holds all of it.
    """

    caption: str
    titles: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    verdicts: tuple[str, ...] = ()
    why_last: bool = False
    searched: bool = False

    @property
    def on_paper(self) -> tuple[bool, ...]:
        """Which rows are printed."""
        return tuple(
            not self.searched or verdict in ("finding", "look") for verdict in self.verdicts or ("",) * len(self.rows)
        )

    @property
    def parts(self) -> Sequence["Grid"]:
        """The table, or several where it has too many columns: the first column stands in each."""
        if len(self.titles) <= MOST_COLUMNS:
            return (self,)
        return tuple(self._part(start) for start in range(1, len(self.titles), MOST_COLUMNS - 1))

    def _part(self, start: int) -> "Grid":
        kept = [0, *range(start, min(start + MOST_COLUMNS - 1, len(self.titles)))]
        titles, numeric = tuple(self.titles[i] for i in kept), tuple(self.numeric[i] for i in kept)
        return Grid(self.caption, titles, numeric, tuple(tuple(row[i] for i in kept) for row in self.rows))

    @property
    def widths(self) -> tuple[float, ...]:
        """Each column's share of a sheet in per cent: its longest word, a title's being wider, and up to 24 letters."""
        wanted = []
        for i, title in enumerate(self.titles):
            cells = [row[i] for row in self.rows]
            bold = BOLD if i == 0 else 1.0
            words = [bold * width_of(word) for cell in cells for word in cell.split()]
            words += [BOLD * width_of(word) for word in title.split()]
            whole = bold * max(map(width_of, cells), default=0)
            wanted.append(max(min(max(words, default=0.0), 30), min(whole, 24)) + 2)
        return tuple(100 * want / sum(wanted) for want in wanted)

    def look(self, row: int, column: int) -> str:
        """The class of a cell: a number, its row's verdict, the reason for it, or nothing."""
        if self.numeric[column]:
            return "n"
        last = len(self.titles) - 1
        if self.verdicts and self.verdicts[row] and column == last - self.why_last:
            return f"{self.verdicts[row]}-word"
        return "why" if self.why_last and column == last else ""


@dataclass(frozen=True)
class Screen:
    """What the page shows and paper leaves out."""

    blocks: tuple["Block", ...]


@dataclass(frozen=True)
class Fold:
    """Blocks that open on demand on a page; a PDF shows them open."""

    title: str
    blocks: tuple["Block", ...]


@dataclass(frozen=True)
class Picture:
    """One of several pictures: what it is of, and the picture or why there is none; ``kind`` frames it as a verdict."""

    caption: str
    shown: Drawing | str
    kind: str = ""


@dataclass(frozen=True)
class Pictures:
    """Small pictures beside one another."""

    items: tuple[Picture, ...]


Block = Heading | Paragraph | Bullets | Grid | Drawing | Fold | Screen | Pictures


@dataclass(frozen=True)
class Story:
    """A report in one language: its title, what stands below that (when it was made, of what), and its blocks."""

    title: str
    note: str
    blocks: tuple[Block, ...]

    @property
    def contents(self) -> Iterator[Heading]:
        """The chapters' titles."""
        return (block for block in self.blocks if isinstance(block, Heading) and block.level == 2)


def known(report: str) -> frozenset[str]:
    """Names of a report's sentences."""
    return frozenset(_texts(report))


def _texts(report: str) -> Mapping[str, Words]:
    return sentences("vivavoce.pipelines.report", f"texts/{report}.yaml")


def speaker(language: Language, report: str = "audit") -> Say:
    """A function from a sentence's name and its values to the sentence of one report's texts."""

    def say(sentence: str, /, **values: object) -> str:
        return fill(_texts(report)[sentence][language], values)

    return say


def fill(text: str, values: Mapping[str, object]) -> str:
    """A sentence with its values; a name written from right to left does not turn what follows it around."""
    return text.format(**{name: _isolated(value) for name, value in values.items()})


@dataclass(frozen=True)
class Sentence:
    """A sentence of a report's texts with its values, to be said in any language; ``str`` says it in English.

    A value may be a sentence itself, or a text by language.
    """

    report: str
    name: str
    values: Mapping[str, object] = field(default_factory=dict)

    def said(self, language: Language) -> str:
        """In one language."""
        told = {name: _in(language, value) for name, value in self.values.items()}
        return fill(_texts(self.report)[self.name][language], told)

    def __str__(self) -> str:
        return self.said("en")


def _in(language: Language, value: object) -> object:
    if isinstance(value, Sentence):
        return value.said(language)
    return worded(value, language) if isinstance(value, Mapping) else value


def worded(texts: Mapping[Any, str], language: str) -> str:
    """A text in a language, or where it is not there in the first that is; empty where there is none.

    Examples
    --------
    >>> worded({"zh": "学习"}, "en"), worded({"en": "Learning", "zh": "学习"}, "zh"), worded({}, "en")
    ('学习', '学习', '')
    """
    return texts.get(language) or next(iter(texts.values()), "")


def _isolated(value: object) -> object:
    if isinstance(value, str) and any(bidirectional(letter) in ("R", "AL") for letter in value):
        return f"\N{FIRST STRONG ISOLATE}{value}\N{POP DIRECTIONAL ISOLATE}"
    return value


def count_words(value: float | None) -> str:
    """A count as printed: thousands apart, one decimal where it is not whole."""
    return "–" if value is None else f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def share_words(value: float | None) -> str:
    """A share, 0–1, in per cent."""
    return "–" if value is None else f"{100 * value:.1f} %"


def p_words(value: float | None) -> str:
    """A p-value to four places."""
    return "–" if value is None else "< .0001" if value < 0.0001 else f"{value:.4f}"
