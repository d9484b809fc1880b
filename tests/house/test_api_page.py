"""The API page in docs/ is what the docstrings say now."""

from pathlib import Path

import vivavoce as vv
from tests.house.api_page import page

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_page_is_current_and_names_everything() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make docs"
    for name in vv.__all__:
        assert name == "models" or f"`vv.{name}`" in page(), name
