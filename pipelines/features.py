"""``viva features --describe``: every feature with unit, range, meaning and source, on a terminal or as a page."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vivavoce.data.interview import Modality
from vivavoce.data.schema import Feature
from vivavoce.pipelines.declared import declared_features

FLAGS = (
    ("impairment_sensitive", "impairment-sensitive"),
    ("quality", "of the recording"),
    ("per_competency", "per competency"),
)
WIDE = 140  # columns of a terminal from which the source fits beside the meaning
INTRODUCTION = """# Features

Written by `make docs` from the declarations. Every feature is one number per answer; a value that could not be
measured is `nan`, with its reason in `absent.parquet`, never zero. *Impairment-sensitive* measures approximate
clinical signs or penalise stammering and are in no score by default; measures *of the recording* describe microphone,
room and camera, not the person, and are never scored. What *stands in for* a protected attribute tells its groups
apart whether or not anybody means it to: such measures place nobody among others (`viva norms`), and a model that uses
one has to answer for it in its audit.

*Holds still under* lists what a measure was tried against and resists; what is not listed moves it, or was not tried.
How far each measure moved is in [invariances.md](invariances.md).
"""


def describe_features(*, markdown: bool) -> int:
    """Print the schema; returns the exit status."""
    if markdown:
        print(page(), end="")  # noqa: T201 - the page is this command's output
        return 0
    console = Console()
    for modality in Modality:
        console.print(_table(modality, wide=console.width >= WIDE))
    return 0


def _table(modality: Modality, *, wide: bool) -> Table:
    """One modality for a terminal: a narrow one has no room for sources."""
    heading = f"Measured with consent to {modality.value}"
    table = Table(title=heading, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("measure, plausible range", no_wrap=True)
    table.add_column("meaning", ratio=3)
    if wide:
        table.add_column("source", ratio=2, style="dim")
    for feature in (one for one in declared_features().values() if one.modality is modality):
        named = Text(feature.name).append(f"\n  {plausible(feature)} {feature.unit}", style="dim")
        said = Text(feature.meaning)
        if marks := flags(feature):
            said.append(f" [{', '.join(marks)}]", style="yellow")
        table.add_row(named, said, *([Text(feature.source)] if wide else []))
    return table


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
    return f"{feature.low:g} to {feature.high:g}".replace("-", "−")


def flags(feature: Feature) -> list[str]:
    """What keeps a feature out of scores, or multiplies it."""
    marks = [words for attribute, words in FLAGS if getattr(feature, attribute)]
    return [*marks, *(f"stands in for {attribute}" for attribute in feature.proxy_of)]
