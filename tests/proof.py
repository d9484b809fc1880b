"""The long proofs: reduced counts in ``make test``, full counts in ``make proof``, which writes ``docs/proof.md``.

A proof is a test marked ``proof`` that takes its count from :func:`proof_count` and tells what it saw with pytest's
``record_property``.
"""

import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "proof.md"


def proof_count(reduced: int, full: int) -> int:
    """The number of repetitions of a long proof: ``full`` where VIVA_PROOF=full, else ``reduced``."""
    return full if os.environ.get("VIVA_PROOF") == "full" else reduced


def main() -> int:
    """Run every proof in full and write the dated table; the exit status is pytest's."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results.xml")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-m",
            "proof",
            "-o",
            "junit_family=xunit1",
            f"--junitxml={results}",
            *sys.argv[1:],
        ]
        status = subprocess.run(command, cwd=ROOT, env={**os.environ, "VIVA_PROOF": "full"}, check=False).returncode
        PAGE.write_text(page(ElementTree.parse(results).getroot()), encoding="utf-8")
    print(f"written: {PAGE.relative_to(ROOT)}")
    return status


def page(results: ElementTree.Element) -> str:
    """The table of one run's results as Markdown."""
    lines = [
        "# Long proofs",
        "",
        f"Written by `make proof` on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}, "
        f"{platform.machine()}, {os.cpu_count()} cores. The same proofs run with reduced counts in `make test`.",
        "",
        "| proof | outcome | seconds | figures |",
        "|---|---|---:|---|",
    ]
    for case in results.iter("testcase"):
        outcome = next((child.tag for child in case if child.tag in {"failure", "error", "skipped"}), "passed")
        figures = "; ".join(f"{seen.get('name')} {seen.get('value')}" for seen in case.iter("property"))
        name = f"{case.get('classname', '').removeprefix('tests.')}.{case.get('name')}"
        lines.append(f"| `{name}` | {outcome} | {float(case.get('time', 0)):.0f} | {figures} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
