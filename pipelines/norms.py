"""``viva norms``: a batch's features in, the quantiles of every measure among its people out."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from rich.console import Console

from vivavoce.data.interview import Purpose
from vivavoce.data.norms import LEAST_PEOPLE, BadNorms, Group, Norm, Norms, quantiles, step
from vivavoce.pipelines.scoring.outputs import ANSWER, write_whole

NEEDED = ("candidate_id", "question_id", "job", "language", "asr_engine", "purposes")
Column = tuple[str, str]  # name, fingerprint


def run_norms(features: Path, out: Path) -> int:
    """Make norms of a ``features.parquet``; returns the exit status."""
    said = Console(stderr=True)
    try:
        norms = make_norms(read_features(features), datetime.now(UTC).date().isoformat())
    except BadNorms as error:
        said.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return 2
    write_whole(out, lambda temporary: Path(temporary).write_text(norms.text(), encoding="utf-8"))
    for group in norms.groups:
        most = max(norm.people for norm in group.measures.values())
        asked = group.question or "all questions"
        said.print(f"{group.job}, {group.language}, {asked}: up to {most} people", markup=False, highlight=False)
    said.print(f"{norms.people} people, {norms.answers} answers → {out}", markup=False, highlight=False, soft_wrap=True)
    return 0


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
            f"{path} must be a features.parquet of viva features or viva score. "
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
