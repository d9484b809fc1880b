"""A page as a real browser sees it: its tree, what it says on its console, what it asks the network for, its looks."""

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-default-apps", "--enable-logging=stderr", "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
CONSOLE = re.compile(r'CONSOLE[:(]\d+\)?\] "(.*)", source:', re.DOTALL)
WAIT_S = 120


@dataclass(frozen=True)
class Visit:
    """What came of opening one page."""

    dom: str  # after scripts, if any, ran
    console: tuple[str, ...]
    requests: tuple[str, ...]  # beyond the page itself
    picture: np.ndarray  # uint8 (h, w, 3)


def visit(page: Path, *, width: int = 1200, height: int = 1600, keep: Path | None = None, patience_s: int = 0) -> Visit:
    """Open a file in headless Chromium; skips the test where there is none. ``keep`` is where its picture stays.

    Scripts that work on after the page is loaded are waited for, up to ``patience_s`` seconds of the page's own time.
    """
    if not CHROMIUM.is_file():
        pytest.skip(f"no browser: {CHROMIUM} does not exist (apt-get install chromium)")
    import cv2

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        log, shot = Path(folder, "net.json"), keep or Path(folder, "shot.png")
        command = [
            str(CHROMIUM), *FLAGS, f"--user-data-dir={folder}/profile", f"--log-net-log={log}",
            f"--window-size={width},{height}", f"--screenshot={shot}", "--dump-dom",
            *((f"--virtual-time-budget={1000 * patience_s}",) if patience_s else ()), page.resolve().as_uri(),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, timeout=WAIT_S, check=True)
        picture = cv2.imread(str(shot))
        return Visit(
            done.stdout.decode(),
            tuple(CONSOLE.findall(done.stderr.decode(errors="replace"))),
            _requests(log),
            picture,
        )


def _requests(log: Path) -> tuple[str, ...]:
    """Addresses that the page asked for. The browser's own errands have no origin; opening a file is not logged."""
    text = log.read_text(encoding="utf-8")
    try:
        events = json.loads(text)["events"]
    except json.JSONDecodeError:  # the browser left before it closed the list
        events = json.loads(text.rstrip().rstrip(",") + "]}")["events"]
    asked = [event["params"] for event in events if "initiator" in event.get("params", {})]
    return tuple(dict.fromkeys(one["url"] for one in asked if "url" in one and one["initiator"] != "not an origin"))
