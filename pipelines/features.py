"""``viva measure describe``: every feature with unit, range, meaning and source, on a terminal or as a page.

``viva measure norms``: a batch's features in, the quantiles of every measure among its people out.

``viva weights``: which official Whisper weights are here, and fetching one of them.
"""

import sys
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vivavoce.data.errors import Exit
from vivavoce.data.interview import Modality, Purpose
from vivavoce.data.norms import LEAST_PEOPLE, BadNorms, Group, Norm, Norms, quantiles, step
from vivavoce.data.schema import Feature
from vivavoce.data.vault.durable import make_folder
from vivavoce.features.reader.local_reader import fetch_reader, named_weights
from vivavoce.features.transcript.packages import packaged_folder
from vivavoce.features.transcript.weights import OFFICIAL, fetch_anywhere, weights_folder
from vivavoce.pipelines.door import Place, folder_for
from vivavoce.pipelines.scoring.configuration import declared_features
from vivavoce.pipelines.scoring.outputs import ANSWER, write_whole
from vivavoce.pipelines.terminal import Listed, say

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
apart whether or not anybody means it to: such measures place nobody among others (`viva measure norms`), and a
model that uses one has to answer for it in its audit.

*Holds still under* lists what a measure was tried against and resists; what is not listed moves it, or was not tried.
How far each measure moved is in [invariances.md](invariances.md).
"""


@dataclass(frozen=True)
class Described:
    """Every measure: as tables on a terminal, or as the page in ``docs/``."""

    markdown: bool = False
    exit: Exit = Exit.DONE

    def document(self) -> list[dict[str, Any]]:
        """All of them, for a machine."""
        return [asdict(feature) for feature in declared_features().values()]

    def show(self) -> None:
        """Print them."""
        if self.markdown:
            sys.stdout.write(page())
            return
        console = Console()
        for modality in Modality:
            console.print(_table(modality, wide=console.width >= WIDE))


def describe(*, markdown: Annotated[bool, "As the page in docs/."] = False) -> Described:
    """Describe every measure."""
    return Described(markdown)


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


NEEDED = ("candidate_id", "question_id", "job", "language", "asr_engine", "purposes")
Column = tuple[str, str]  # name, fingerprint


def norms(
    features: Annotated[Place, "A features.parquet: the reference batch."],
    *,
    out: Annotated[Place, "Folder for norms.json."],
) -> Exit:
    """Make norms of a ``features.parquet``: the quantiles of every measure among its people.

    Raises
    ------
    BadNorms
        As :func:`read_features` and :func:`make_norms`.
    """
    said, path = Console(stderr=True), folder_for(out) / "norms.json"
    made = make_norms(read_features(Path(features)), datetime.now(UTC).date().isoformat())
    make_folder(path.parent)
    write_whole(path, lambda temporary: Path(temporary).write_text(made.text(), encoding="utf-8"))
    for group in made.groups:
        most = max(norm.people for norm in group.measures.values())
        asked = group.question or "all questions"
        say(said, f"{group.job}, {group.language}, {asked}: up to {most} people")
    say(said, f"{made.people} people, {made.answers} answers → {path}")
    return Exit.DONE


def read_features(path: Path) -> pa.Table:
    """The table of an earlier run.

    Raises
    ------
    BadNorms
        If it cannot be read, or is not a ``features.parquet`` of viva.
    """
    try:
        table = pyarrow.parquet.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise BadNorms(f"{path} cannot be read as Parquet: {error}") from error
    missing = [name for name in NEEDED if name not in table.column_names]
    if missing or not columns_of(table):
        raise BadNorms(
            f"{path} must be a features.parquet of viva measure or viva score. "
            f"It lacks {', '.join(missing) or 'measures with fingerprints'}."
        )
    return table


def columns_of(table: pa.Table) -> list[Column]:
    """Every measure of the table with its fingerprint."""
    known = {name for name, _ in ANSWER}
    return [
        (field.name, field.metadata[b"fingerprint"].decode())
        for field in table.schema
        if field.name not in known and field.metadata and b"fingerprint" in field.metadata
    ]


def make_norms(table: pa.Table, made: str) -> Norms:
    """The norms of every group of enough people, from answers whose consent covers more than the person's own score.

    Raises
    ------
    BadNorms
        If nothing is left to make norms of.
    """
    columns = columns_of(table)
    rows = [row for row in table.to_pylist() if Purpose.TRAIN in (row["purposes"] or "").split(",")]
    keys = sorted({(row["job"], row["language"]) for row in rows})
    groups = []
    for job, language in keys:
        within = [row for row in rows if (row["job"], row["language"]) == (job, language)]
        for question in (None, *sorted({row["question_id"] for row in within})):
            asked = [row for row in within if question in (None, row["question_id"])]
            measures = {name: norm for name, _ in columns if (norm := make_norm(asked, name))}
            if measures:
                engines = dict(sorted(Counter(row["asr_engine"] for row in asked).items()))
                groups.append(Group(job, language, question, engines, measures))
    if not groups:
        raise BadNorms(
            f"Norms need at least {LEAST_PEOPLE} people with consent to the purpose {Purpose.TRAIN.value!r} who "
            f"answered for one job in one language. Got {len({row['candidate_id'] for row in rows})} in all of "
            f"{table.num_rows} answers."
        )
    people = len({row["candidate_id"] for row in rows})
    return Norms(made, people, len(rows), dict(columns), tuple(groups))


def make_norm(rows: list[dict[str, Any]], column: str) -> Norm | None:
    """One measure's quantiles over the rows where it was measured; None for too few people."""
    measured = [(row["candidate_id"], row[column]) for row in rows if np.isfinite(row[column])]
    answers = Counter(person for person, _ in measured)
    percents = step(len(answers))
    if percents is None:
        return None
    weights = np.array([1 / answers[person] for person, _ in measured])
    return Norm(len(answers), quantiles(np.array([value for _, value in measured]), weights, percents))


def weights() -> Listed:
    """List the official sizes with their digests."""
    folder = weights_folder()
    rows = [
        {
            "size": size,
            "here": (folder / f"{size}.pt").is_file() or packaged_folder(size, folder) is not None,
            "SHA-256": digest,
        }
        for size, digest in (OFFICIAL | named_weights()).items()
    ]
    return Listed(rows, ("size", "here", "SHA-256"), note=f"Folder: {folder}")


def fetch_weights(
    size: Annotated[str, "tiny, base, small, medium, large-v3, turbo …; smollm2: a small reader."],
) -> Exit:
    """Download one size, and check it.

    Raises
    ------
    NoRecogniser
        For another size, and a file that is not the published one.
    """
    found = fetch_reader(size) if size in named_weights() else fetch_anywhere(size)
    say(Console(stderr=True), f"{found}: its SHA-256 is the one that was pinned.")
    return Exit.DONE
