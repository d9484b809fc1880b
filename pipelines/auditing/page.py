"""The audit as one page that opens from disk without a network: English first, then Chinese.

The audit as a PDF, the page's blocks one by one; reportlab needs no system package.

English is set in Vera, which reportlab ships and embeds. Chinese is set in Adobe's *STSong-Light*, which PDF readers
supply themselves: a font for all of Chinese would be larger than the project, and the outlines of the one that systems
have (Noto CJK) reportlab cannot embed. Readers find every heading among the bookmarks.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import jinja2

from vivavoce.data.vault.durable import write_durably
from vivavoce.pipelines.auditing.story import tell
from vivavoce.pipelines.report.blocks import (
    LANGUAGES,
    Block,
    Bullets,
    Drawing,
    Fold,
    Grid,
    Heading,
    Language,
    Paragraph,
    speaker,
    to_pdf,
    to_svg,
)

CODES = {"en": "en", "zh": "zh-Hans"}


def write_page(path: Path, audit: Mapping[str, Any]) -> None:
    """Write ``audit.html`` from the content of ``audit.json``."""
    write_durably(path, page(audit).encode())


def page(audit: Mapping[str, Any]) -> str:
    """The page's HTML: no script, no request, headings in order, pictures with words."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("vivavoce.pipelines", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("audit.html.j2").render(
        audit=audit,
        languages=[(language, CODES[language], tell(audit, language)) for language in LANGUAGES],
        say={language: speaker(language) for language in LANGUAGES},
        kind_of=lambda block: type(block).__name__,
        svg=to_svg,
    )


LATIN, LATIN_BOLD, CHINESE = "Vera", "VeraBd", "STSong-Light"
FIRST_CHINESE = 0x2E80  # code point from which on characters are set in the Chinese font
MARGIN = 48.0  # points
FRAME = 6.0  # points that reportlab keeps free inside the margins
MOST_COLUMNS = 12  # a wider table is cut into several
BOLD = 1.25  # width of a bold letter beside a plain one
PADDING = {"LEFT": 3, "RIGHT": 3, "TOP": 2, "BOTTOM": 1}  # points
COLOURS = {"ok": "#1e6b45", "finding": "#9b2226", "insufficient": "#7a5000"}
SIZES = {"small": 8.0, "plain": 9.5, "ok": 11.0, "finding": 11.0, "insufficient": 11.0, "cell": 6.8}


def write_pdf(path: Path, audit: Mapping[str, Any]) -> None:
    """Write ``audit.pdf`` from the content of ``audit.json``; the same content gives the same bytes."""
    import io

    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import PageBreak

    _register_fonts()
    stream = io.BytesIO()
    say = speaker("en")
    document = _template()(
        stream, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
        title=say("title"), author="vivavoce", lang="en", invariant=1,
    )  # fmt: skip
    flow: list[Any] = []
    for language in LANGUAGES:
        say = speaker(language)
        made = say("made", made=audit["made"], version=audit["vivavoce"])
        flow += [] if not flow else [PageBreak()]
        flow += [_marked(_text(say("title"), 17, bold=True), 0, say("title")), _text(made, SIZES["small"])]
        for block in tell(audit, language):
            flow += _show(block, document.width - 2 * FRAME, language)
    document.build(flow, onFirstPage=_number, onLaterPages=_number)
    write_durably(path, stream.getvalue())


def _template() -> Any:
    """A document whose marked paragraphs become bookmarks."""
    from reportlab.platypus import SimpleDocTemplate

    class Outlined(SimpleDocTemplate):  # type: ignore[misc]  # reportlab has no types
        def afterFlowable(self, flowable: Any) -> None:  # noqa: N802 (reportlab's name)
            level, text = getattr(flowable, "bookmark", (None, ""))
            if level is not None:
                self.marked = getattr(self, "marked", 0) + 1
                key = f"heading-{self.marked}"
                self.canv.bookmarkPage(key)
                self.canv.addOutlineEntry(text, key, level, closed=level > 0)

    return Outlined


def _marked(paragraph: Any, level: int, text: str) -> Any:
    """The paragraph, to stand among the bookmarks at a level from 0."""
    paragraph.bookmark = (level, text)
    return paragraph


def _register_fonts() -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    known = pdfmetrics.getRegisteredFontNames()
    if LATIN not in known:
        for name in (LATIN, LATIN_BOLD):
            pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    if CHINESE not in known:
        pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))


def font_of(text: str) -> str:
    """The font that has every character of a text."""
    return CHINESE if any(ord(character) >= FIRST_CHINESE for character in text) else LATIN


def _text(text: str, size: float, *, bold: bool = False, colour: str = "#1d2733", right: bool = False) -> Any:
    """A paragraph, each run in the font that has its characters."""
    from reportlab.lib.colors import HexColor
    from reportlab.lib.enums import TA_RIGHT
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph as Flowing

    latin = LATIN_BOLD if bold else LATIN
    runs = [
        f'<font name="{CHINESE if chinese else latin}">{escape("".join(run))}</font>'
        for chinese, run in groupby(text, lambda character: ord(character) >= FIRST_CHINESE)
    ]
    style = ParagraphStyle(
        "text", fontName=latin, fontSize=size, leading=size * 1.4, textColor=HexColor(colour), spaceAfter=size * 0.4,
        alignment=TA_RIGHT if right else 0, wordWrap="CJK" if font_of(text) == CHINESE else None,
    )  # fmt: skip
    return Flowing("".join(runs), style)


def _show(block: Block, width: float, language: Language) -> Iterator[Any]:
    from reportlab.platypus import ListFlowable, Spacer

    match block:
        case Heading():
            yield Spacer(1, 12 if block.level == 2 else 6)
            heading = _text(block.text, 13.5 if block.level == 2 else 11, bold=True)
            yield _marked(heading, block.level - 1, block.text)
        case Paragraph():
            known = block.kind in COLOURS
            yield _text(block.text, SIZES[block.kind], bold=known, colour=COLOURS.get(block.kind, "#1d2733"))
        case Bullets():
            items = [_text(item, SIZES["plain"]) for item in block.items]
            yield ListFlowable(items, bulletType="bullet", start="•", leftIndent=12, bulletFontName=LATIN)
        case Drawing():
            yield to_pdf(block, width, font_of)
            yield Spacer(1, 6)
        case Grid():
            yield from _grid(block, width)
        case Fold():
            yield _text(block.title, SIZES["plain"], bold=True)
            for inner in block.blocks:
                yield from _show(inner, width, language)


def _grid(grid: Grid, width: float) -> Iterator[Any]:
    """The table; one with more columns than a page holds is cut, its first column repeated."""
    from reportlab.lib.colors import HexColor
    from reportlab.platypus import Spacer, Table, TableStyle

    everywhere = ((0, 0), (-1, -1))
    rule = TableStyle(
        [
            ("LINEBELOW", *everywhere, 0.4, HexColor("#dfe4ea")),
            ("BACKGROUND", (0, 0), (-1, 0), HexColor("#f5f7f9")),
            ("VALIGN", *everywhere, "TOP"),
            *((f"{side}PADDING", *everywhere, size) for side, size in PADDING.items()),
        ]
    )
    for start in range(1, max(len(grid.titles), 2), MOST_COLUMNS - 1):
        columns = [0, *range(start, min(start + MOST_COLUMNS - 1, len(grid.titles)))]
        rows = [[_cell(grid.titles[i], grid.numeric[i], bold=True) for i in columns]]
        rows += [[_cell(row[i], grid.numeric[i]) for i in columns] for row in grid.rows]
        widths = _widths(grid, columns, width)
        yield Table(rows, colWidths=widths, repeatRows=1, style=rule)
        yield Spacer(1, 8)


def _cell(text: str, numeric: bool, *, bold: bool = False) -> Any:
    return _text(text, SIZES["cell"], bold=bold, right=numeric)


def _widths(grid: Grid, columns: Sequence[int], width: float) -> list[float]:
    """Share the page by what each column needs: its longest word, a bold title's wider, and up to 24 characters."""
    wanted = []
    for i in columns:
        cells = [row[i] for row in grid.rows]
        title = BOLD * max((len(word) for word in grid.titles[i].split()), default=0)
        word = max((len(word) for text in cells for word in text.split()), default=0)
        wanted.append(max(min(max(word, title), 30) + 2, min(max(map(len, cells), default=0), 24)))
    return [width * want / sum(wanted) for want in wanted]


def _number(canvas: Any, document: Any) -> None:
    canvas.setFont(LATIN, 7)
    canvas.drawRightString(document.pagesize[0] - MARGIN, MARGIN / 2, f"{document.page}")
