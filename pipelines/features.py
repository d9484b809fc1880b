"""``viva features --describe``: every feature with unit, range, meaning and source, on a terminal or as a page."""

from rich.console import Console
from rich.table import Table

from vivavoce.data.interview import Modality
from vivavoce.data.schema import Feature
from vivavoce.pipelines.declared import declared_features

FLAGS = (
    ("impairment_sensitive", "impairment-sensitive"),
    ("quality", "of the recording"),
    ("per_competency", "per competency"),
)
INTRODUCTION = """# Features

Written by `make docs` from the declarations. Every feature is one number per answer; a value that could not be
measured is `nan`, with its reason in `absent.parquet`, never zero. *Impairment-sensitive* measures approximate
clinical signs or penalise stammering and are in no score by default; measures *of the recording* describe microphone,
room and camera, not the person, and are never scored.
"""


def describe_features(*, markdown: bool) -> int:
    """Print the schema; returns the exit status."""
    if markdown:
        print(page(), end="")  # noqa: T201 - the page is this command's output
        return 0
    console = Console()
    table = Table("name", "unit", "range", "meaning", "source", "flags")
    for feature in declared_features().values():
        table.add_row(
            feature.name, feature.unit, plausible(feature), feature.meaning, feature.source, ", ".join(flags(feature))
        )
    console.print(table)
    return 0


def page() -> str:
    """The schema as Markdown, one table per modality."""
    lines = [INTRODUCTION]
    for modality in Modality:
        lines += [
            f"## Measured with consent to {modality.value}\n",
            "| name | unit | plausible | meaning | moved also by | holds still under | flags | source |",
            "|---|---|---|---|---|---|---|---|",
        ]
        declared = (feature for feature in declared_features().values() if feature.modality is modality)
        lines += [_line(feature) for feature in declared]
        lines.append("")
    return "\n".join(lines)


def _line(feature: Feature) -> str:
    cells = (
        f"`{feature.name}`",
        feature.unit,
        plausible(feature),
        feature.meaning,
        ", ".join(feature.moved_by),
        ", ".join(feature.resists),
        ", ".join(flags(feature)),
        feature.source,
    )
    return f"| {' | '.join(cells)} |"


def plausible(feature: Feature) -> str:
    """The plausible range in words."""
    return f"{feature.low:g} to {feature.high:g}"


def flags(feature: Feature) -> list[str]:
    """What keeps a feature out of scores, or multiplies it."""
    return [words for attribute, words in FLAGS if getattr(feature, attribute)]
