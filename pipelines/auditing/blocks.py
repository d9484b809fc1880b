"""The parts of an audit's report that a page and a PDF both show, and the words of two languages they are made of."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml

from vivavoce.pipelines.drawing import Drawing

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

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

    The verdict stands in the last column, or before the last where that says why.
    """

    caption: str
    titles: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    verdicts: tuple[str, ...] = ()
    why_last: bool = False


@dataclass(frozen=True)
class Fold:
    """Blocks that open on demand on a page; a PDF shows them open."""

    title: str
    blocks: tuple["Block", ...]


Block = Heading | Paragraph | Bullets | Grid | Drawing | Fold


@cache
def _texts() -> dict[str, dict[str, str]]:
    text = (files("vivavoce.pipelines") / "templates" / "audit.yaml").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, str]] = yaml.safe_load(text)
    return loaded


def speaker(language: Language) -> Say:
    """A function from a sentence's name and its values to the sentence."""
    return lambda name, **values: _texts()[name][language].format(**values)


def count_words(value: float | None) -> str:
    """A count as printed: thousands apart, one decimal where it is not whole."""
    return "–" if value is None else f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def share_words(value: float | None) -> str:
    """A share, 0–1, in per cent."""
    return "–" if value is None else f"{100 * value:.1f} %"


def p_words(value: float | None) -> str:
    """A p-value to four places."""
    return "–" if value is None else "< .0001" if value < 0.0001 else f"{value:.4f}"
