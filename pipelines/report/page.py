"""The page that every report is: one file that opens from disk, with no script and no request."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import jinja2

from vivavoce import __version__
from vivavoce.pipelines.report.blocks import Language, Story, speaker
from vivavoce.pipelines.report.figures import FONTS, PALETTE, to_svg

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
