"""The page that every report is: one file that opens from disk, with no script and no request.

A report's PDF, printed from its page by WeasyPrint: tagged (PDF/UA-1), fonts embedded, nothing fetched.

WeasyPrint sets text with Pango and the fonts of the machine. Where they are missing nothing is printed, and the error
names the packages.
"""

import contextlib
import gc
import io
import math
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from rich.console import Console

from vivavoce import __version__
from vivavoce.data.errors import Exit, VivaError
from vivavoce.data.vault.durable import write_durably
from vivavoce.pipelines.report.blocks import Language, Story, speaker
from vivavoce.pipelines.report.figures import FONTS, PALETTE, Anchor, to_svg

CODES: Mapping[Language, str] = {"en": "en", "zh": "zh-Hans"}


@cache
def environment() -> jinja2.Environment:
    """The one way from a template to a page: what comes from outside is escaped, an undefined name is an error."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("vivavoce.pipelines", "report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"svg": to_svg, "palette": PALETTE, "fonts": FONTS, "version": __version__, "codes": CODES}
    made.tests["of"] = lambda block, kind: type(block).__name__ == kind
    return made


def render(template: str, **values: Any) -> str:
    """A page from one of the kit's templates.

    Parameters
    ----------
    template
        Its file's name.
    values
        What it names; ``title`` and ``made`` (a time in ISO 8601) are of every page.

    Raises
    ------
    jinja2.UndefinedError
        For a name that is not among the values.
    """
    return environment().get_template(template).render(**values)


def page(stories: Mapping[Language, Story], made: str) -> str:
    """The page of a report that is told in blocks, one language after the other.

    Parameters
    ----------
    stories
        The same report in every language, in the order of the page.
    made
        The report's time in ISO 8601, as the PDF carries it.
    """
    say = {language: speaker(language, "page") for language in stories}
    titles: dict[Language, str] = {}
    for language, story in stories.items():
        titles |= {language: story.title} if story.title not in titles.values() else {}
    title = " · ".join(titles.values())
    return render("page.html.j2", title=title, titles=titles, made=made, stories=stories, say=say)


LIBRARIES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fontconfig")  # of Debian and Ubuntu
LATIN, CHINESE = "fonts-noto-core", "fonts-noto-cjk"
SCRIPTS: Mapping[str, tuple[str, str, str]] = {  # fontconfig's language: first and last character, whose font is needed
    "en": ("A", "z", LATIN),
    "ru": ("Ѐ", "ӿ", LATIN),
    "ar": ("؀", "ۿ", LATIN),
    "vi": ("Ạ", "ỹ", LATIN),
    "zh-cn": ("一", "鿿", CHINESE),
    "ko": ("가", "힣", CHINESE),
}
BEFORE: Mapping[Anchor, float] = {"start": 0.0, "middle": 0.5, "end": 1.0}  # share of a text before its point
SCREEN = (  # what of a page's tables is not printed: its stylesheet says the same to a browser
    re.compile(r'<div class="scroll screen".*?</table></div>', re.DOTALL),
    re.compile(r'<div class="screen">.*?</div><!-- screen -->', re.DOTALL),
    re.compile(r'<tr class="screen">.*?</tr>', re.DOTALL),
)
LOOK_S = 30  # fontconfig builds its cache the first time


class CannotPrint(VivaError):
    """Lacking on this machine is what prints a PDF; the page is there all the same."""

    status = Exit.MACHINE


def write_pdf(path: Path, page: str) -> None:
    """Print a page; the same page gives the same bytes, and an older file does not outlive a failure.

    Parameters
    ----------
    path
        Of the PDF.
    page
        HTML as :func:`vivavoce.pipelines.report.page.page` gives it: its title, its times and its languages are the
        PDF's.

    Raises
    ------
    CannotPrint
        Without Pango, or without a font for one of the page's scripts.
    """
    path.unlink(missing_ok=True)
    weasyprint = _weasyprint()
    lacking = missing_fonts(page, _languages_with_fonts())
    if lacking:
        raise CannotPrint(f"{path.name} was not printed: no font for {', '.join(lacking)}.", remedy=_remedy(lacking))
    for unprinted in SCREEN:  # hidden boxes cost as much as others
        page = unprinted.sub("", page)
    printed = io.BytesIO()
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=())
    with _uncollected():
        weasyprint.HTML(string=page, url_fetcher=nothing).write_pdf(printed, pdf_variant="pdf/ua-1")
    write_durably(path, printed.getvalue())


def print_beside(page: Path, said: Console) -> None:
    """Print a page that lies on disk to a PDF of its name; where this machine cannot, say so and what it lacks."""
    try:
        write_pdf(page.with_suffix(".pdf"), page.read_text(encoding="utf-8"))
    except CannotPrint as error:
        said.print(str(error), style="yellow", markup=False, highlight=False, soft_wrap=True)


def printing() -> Iterator[tuple[str, str | None]]:
    """What printing a PDF needs of this machine: its name, and what to do where it is missing, else None."""
    try:
        _weasyprint()
        yield "pango (PDF)", None
    except CannotPrint as error:
        yield "pango (PDF)", str(error)
    for package in (LATIN, CHINESE):
        letters = "".join(first for first, _, one in SCRIPTS.values() if one == package)
        lacking = missing_fonts(letters, _languages_with_fonts())
        wanted = f"no font for {', '.join(lacking)}. {_remedy(lacking)}"
        yield f"{package} (PDF)", wanted if lacking else None


def missing_fonts(text: str, known: frozenset[str]) -> dict[str, str]:
    """Languages whose letters stand in a text and that no font has, each with the package that brings one.

    Examples
    --------
    >>> missing_fonts("Kim 김민수", frozenset({"en"}))
    {'ko': 'fonts-noto-cjk'}
    """
    return {
        language: package
        for language, (first, last, package) in SCRIPTS.items()
        if language not in known and any(first <= letter <= last for letter in text)
    }


def _weasyprint() -> Any:
    """The library; it loads Pango when it is imported, and prints advice of its own where it cannot."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            import weasyprint
    except OSError as error:
        raise CannotPrint(f"The PDF was not printed: {error}.", remedy=_remedy({"pango": LATIN})) from error
    weasyprint.svg.TAGS["text"] = _set_line
    return weasyprint


def _set_line(svg: Any, node: Any, size: float) -> None:
    """A picture's text as one line; the library's own way, letter by letter, tears apart what is written joined."""
    from weasyprint.css.properties import INITIAL_VALUES
    from weasyprint.draw.text import draw_first_line
    from weasyprint.matrix import Matrix
    from weasyprint.svg.text import Style, TextBox
    from weasyprint.text.line_break import split_first_line

    style = Style(INITIAL_VALUES)
    style.font_config = svg.font_config
    style["font_family"] = [name.strip("'") for name in node.get("font-family", "sans-serif").split(",")]
    style["font_weight"], style["font_size"] = int(node.get("font-weight", 400)), size
    layout, _, _, width, _, _ = split_first_line(node.text, style, svg.context, math.inf, 0)
    x = float(node.get("x")) - width * BEFORE[node.get("text-anchor", "start")]
    svg.stream.push_state()
    fill, stroke = svg.set_graphical_state(node, size)
    svg.stream.begin_text()
    layout.reactivate(style)
    svg.fill_stroke(fill, stroke, text=True)
    draw_first_line(svg.stream, TextBox(layout, style), "none", "none", Matrix(d=-1, e=x, f=float(node.get("y"))))
    svg.stream.end_text()
    svg.stream.pop_state()


@cache
def _languages_with_fonts() -> frozenset[str]:
    """Every language for which fontconfig knows a font."""
    command = shutil.which("fc-list")
    if command is None:
        return frozenset()
    listed = subprocess.run(  # noqa: S603 (a fixed command)
        [command, ":", "lang"], capture_output=True, check=True, encoding="utf-8", timeout=LOOK_S
    )
    found = (line.partition("lang=")[2].split("|") for line in listed.stdout.splitlines())
    return frozenset(language for line in found for language in line)


def _remedy(lacking: Mapping[str, str]) -> str:
    packages = dict.fromkeys([*LIBRARIES, *lacking.values()] if "pango" in lacking else lacking.values())
    wanted = [*packages, *((CHINESE,) if "pango" in lacking else ())]
    return f"Run: sudo apt-get install -y {' '.join(wanted)}"


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without the search for garbage, which a fifth of the time goes to: boxes of a page live until it is printed."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
