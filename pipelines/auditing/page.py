"""The audit as one page that opens from disk without a network: English first, then Chinese."""

from collections.abc import Mapping
from typing import Any

from vivavoce.pipelines.auditing.story import tell
from vivavoce.pipelines.report.blocks import LANGUAGES, Language, Story, speaker
from vivavoce.pipelines.report.page import page


def audit_page(audit: Mapping[str, Any]) -> str:
    """The page's HTML from the content of ``audit.json``; its PDF is printed from it."""
    return page({language: _story(audit, language) for language in LANGUAGES}, audit["made"])


def _story(audit: Mapping[str, Any], language: Language) -> Story:
    say = speaker(language)
    note = say("made", made=audit["made"], version=audit["vivavoce"])
    return Story(say("title"), note, tuple(tell(audit, language)))
