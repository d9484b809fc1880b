"""Run every benchmark, or those named: ``python -m tests.benchmarks [--reduced] [pipeline prosody …]``."""

import importlib
import pkgutil
import sys

from rich.console import Console
from rich.table import Table

import tests.benchmarks


def main(arguments: list[str]) -> None:
    reduced = "--reduced" in arguments
    asked = [name for name in arguments if not name.startswith("-")]
    found = sorted(module.name for module in pkgutil.iter_modules(tests.benchmarks.__path__))
    console = Console()
    for name in (name for name in found if name.startswith("bench_")):
        if asked and name.removeprefix("bench_") not in asked:
            continue
        table = Table("what", "measured", "ratio", "target", title=name.removeprefix("bench_"))
        for figure in importlib.import_module(f"tests.benchmarks.{name}").run(reduced=reduced):
            ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
            table.add_row(figure.what, figure.measured, ratio, figure.target)
        console.print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
