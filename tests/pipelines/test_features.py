"""The features' page says what the declarations say, and the terminal shows all of it."""

from pathlib import Path

import pytest

from tests.conftest import ROOT
from vivavoce.pipelines.features import describe, page
from vivavoce.pipelines.scoring.configuration import declared_features


def test_the_committed_page_is_the_generated_one() -> None:
    written = Path(ROOT, "docs", "features.md").read_text(encoding="utf-8")
    assert written == page(), "docs/features.md is behind the declarations: run make docs"


@pytest.mark.parametrize("columns", ["80", "100", "160"])
def test_every_name_stands_whole_on_a_terminal(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    describe(markdown=False).show()
    shown = capsys.readouterr().out
    for feature in declared_features().values():
        assert feature.name in shown
    assert "impairment-sensitive" in shown
    assert ("Soukupová" in shown) == (columns == "160")


def test_what_stands_in_for_sex_says_so() -> None:
    named = {name for name, feature in declared_features().items() if "sex" in feature.proxy_of}
    assert "prosody.f0_median_hz" in named
    assert "prosody.f0_spread_semitones" not in named
    assert page().count("stands in for sex") == len(named)
