"""The audit as one page that opens from disk without a network: English first, then Chinese."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from vivavoce.data.vault.durable import write_durably
from vivavoce.pipelines.auditing.blocks import LANGUAGES, speaker
from vivavoce.pipelines.auditing.story import tell
from vivavoce.pipelines.drawing import to_svg

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
