"""``viva verify``: every check of a bundle, and whether it may be used."""

from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from vivavoce.pipelines.publishing.bundle_check import BundleRefused, Check, verify_bundle
from vivavoce.pipelines.publishing.records import REFUSALS, Records

EXIT_GOOD, EXIT_REFUSED, EXIT_BAD_INPUT = 0, 1, 2


def run_verify(folder: Path, records: Records, *, now: datetime | None = None) -> int:
    """Print what was checked; returns 0 where the bundle may be used, 1 where not, 2 without a trust file."""
    said, console = Console(stderr=True), Console()
    try:
        verified = verify_bundle(folder, records.trust(), now=now or datetime.now(UTC))
    except BundleRefused as error:
        for check in error.checks:
            _print(console, check)
        said.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return EXIT_REFUSED
    except REFUSALS as error:
        said.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return EXIT_BAD_INPUT
    for check in verified.checks:
        _print(console, check)
    line = f"{verified.admission} for {verified.job} until {verified.expires:%Y-%m-%d}; bundle {verified.digest}"
    console.print(line, markup=False, highlight=False, soft_wrap=True)
    return EXIT_GOOD


def _print(console: Console, check: Check) -> None:
    mark = "ok     " if check.holds else "REFUSED"
    console.print(f"{mark}  {check.name:<10}  {check.seen}", markup=False, highlight=False, soft_wrap=True)
