"""Axe-core, in a browser: what it would find is found, and the pages of an audit break no rule of it."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from tests.accessible import GROUNDS, WIDTHS, looked
from vivavoce.pipelines.audit import audit

FAULTY = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'"><title>t</title></head>
<body><main><h1>t</h1><p style="color:#bbb;background:#fff">pale</p></main></body></html>"""


def test_a_fault_is_found_at_every_width_and_ground(tmp_path: Path) -> None:
    page = tmp_path / "faulty.html"
    page.write_text(FAULTY, encoding="utf-8")
    found = looked(tmp_path, [page])
    assert [(one.width, one.ground) for one in found] == [(width, ground) for width in WIDTHS for ground in GROUNDS]
    assert all(len(one.broken) == 1 and one.broken[0].startswith("color-contrast at p") for one in found)


def test_the_pages_of_an_audit_break_no_rule(tmp_path: Path) -> None:
    counts = pd.DataFrame({"table": "sex", "group": ["f", "m"], "n": [400, 400], "selected": [120, 200]})
    made = datetime(2026, 11, 22, tzinfo=UTC)
    papers = ["sign-off"]
    audit(counts=counts, papers=papers, out=tmp_path / "out", made=made)
    pages = [tmp_path / "out" / "audit.html", *(tmp_path / "out" / "papers" / f"{name}.html" for name in papers)]
    found = looked(tmp_path, pages)
    assert len(found) == len(pages) * len(WIDTHS) * len(GROUNDS)
    assert all(len(one.passed) > 10 for one in found)
    broken = [f"{one.page} {one.width} {one.ground}: {told}" for one in found for told in one.broken]
    assert not broken, "\n".join(broken)
