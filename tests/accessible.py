"""What axe-core finds in pages that a real browser shows: on a phone and on a desk, light and dark, in both languages.

One browser start shows all pages, each in a frame of its own for each width and ground: a frame is to a page what a
window is. Folded parts are opened first, and a page whose languages are switched is looked at in both.
"""

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.browser import visit

WIDTHS = (1280, 390)  # CSS pixels
GROUNDS = ("light", "dark")
POLICY = '<meta http-equiv="Content-Security-Policy"'  # lets no script run; the copy that is looked at goes without
LOOK = """
const found = [];
async function look() {
  for (const frame of document.querySelectorAll("iframe")) {
    const inside = frame.contentWindow, page = inside.document;
    inside.eval(document.getElementById("axe").textContent);
    page.querySelectorAll("details").forEach((fold) => { fold.open = true });
    const dark = inside.matchMedia("(prefers-color-scheme: dark)").matches;
    const switches = [...page.querySelectorAll(".switch input")];
    for (const one of switches.length ? switches : [null]) {
      if (one) one.click();
      const told = await inside.axe.run(page);
      const broken = told.violations.flatMap((rule) => rule.nodes.map((node) => ({
        rule: rule.id, where: node.target.join(" "), why: node.failureSummary || rule.help })));
      found.push({ page: frame.name, width: inside.innerWidth, ground: dark ? "dark" : "light",
        shown: one ? one.id : "both", passed: told.passes.map((rule) => rule.id), broken });
    }
  }
}
addEventListener("load", () => look().catch((error) => found.push({ error: String(error) })).then(() => {
  document.getElementById("found").textContent = JSON.stringify(found);
}));
"""


@dataclass(frozen=True)
class Looked:
    """One page as it was looked at: its name, width, ground, language, the rules it passed, and what breaks one."""

    page: str
    width: int
    ground: str
    shown: str
    passed: tuple[str, ...]
    broken: tuple[str, ...]


def looked(folder: Path, pages: Sequence[Path]) -> list[Looked]:
    """Look at pages; a folder takes the sheet of frames. Skips the test where axe-core or the browser is absent."""
    spec = find_spec("axe_core_python")
    if spec is None or spec.origin is None:
        pytest.skip("no axe-core: pip install axe-core-python")
    axe = Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8").replace("</script", "<\\/script")
    frames = [
        f'<iframe name="{page.name}" style="color-scheme:{ground};width:{width}px;height:900px;border:0" '
        f'srcdoc="{html.escape(_scripted(page))}"></iframe>'
        for page in pages for width in WIDTHS for ground in GROUNDS
    ]  # fmt: skip
    sheet = folder / "sheet.html"
    sheet.write_text(
        '<!doctype html><meta charset="utf-8"><pre id="found"></pre>'
        f'<script type="text/plain" id="axe">{axe}</script><script>{LOOK}</script>{"".join(frames)}',
        encoding="utf-8",
    )
    dom = visit(sheet, width=1300, height=900, patience_s=60).dom
    told = html.unescape(dom.partition('<pre id="found">')[2].partition("</pre>")[0])
    assert told, "the browser left before axe-core had looked"
    found = json.loads(told)
    assert not [one["error"] for one in found if "error" in one], found
    return [
        Looked(one["page"], one["width"], one["ground"], one["shown"], tuple(one["passed"]),
               tuple(f"{bad['rule']} at {bad['where']}: {bad['why']}" for bad in one["broken"]))
        for one in found
    ]  # fmt: skip


def _scripted(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    begin = text.index(POLICY)
    return text[:begin] + text[text.index(">", begin) + 1 :]
