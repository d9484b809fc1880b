"""``viva reweigh``: sample weights under which group and rating are independent; who is in which group stays here.

Training takes the weights as opaque numbers by candidate and never opens declared groups. A weight takes one value for
each group and class of ratings, so that the file is as confidential as the groups themselves.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from vivavoce.data.errors import AlreadyThere, Exit
from vivavoce.pipelines.terminal import say

if TYPE_CHECKING:
    import pandas as pd

    from vivavoce.data.table import Maps
    from vivavoce.fairness.groups import Reweighing


@dataclass(frozen=True)
class ReweighRequest:
    """What one reweighing is asked to do.

    Parameters
    ----------
    table
        Ratings or outcomes, as for training: ``value`` with ``candidate_id``, or with ``interview_id``.
    groups, by
        Declared attributes by candidate, and which of them; several are crossed.
    out
        A new ``.parquet`` or ``.csv`` file.
    interviews
        Any table with ``interview_id`` and ``candidate_id``, where the ratings name interviews only.
    criterion
        Which of several outcomes.
    classes
        Into how many classes continuous values are cut, ≥ 2.
    maps
        What the user calls the columns of these tables.
    """

    table: str | Path
    groups: Path
    by: tuple[str, ...]
    out: Path
    interviews: str | Path | None = None
    criterion: str | None = None
    classes: int = 5
    maps: "Maps | None" = None


def run_reweigh(request: ReweighRequest, *, console: Console | None = None) -> Exit:
    """Compute the weights, write them, and say how they lie."""
    from vivavoce.fairness.groups import reweigh
    from vivavoce.training.errors import BadTraining

    said = console or Console(stderr=True)
    if request.out.exists():
        raise AlreadyThere(request.out, "name a new file.")
    if request.out.suffix not in {".parquet", ".csv"}:
        raise BadTraining(f"{request.out}: weights are written as .parquet or .csv. Name such a file.")
    values = _values(request)
    labels = _labels(request, values)
    found = reweigh(labels.to_numpy(str), values.to_numpy(float), classes=request.classes)
    _write(values.index, found, request.out)
    for line in _said(request, labels, found):
        say(said, line)
    return Exit.DONE


def _values(request: ReweighRequest) -> "pd.Series[float]":
    """The mean value of each candidate, by candidate in the order of their ids."""
    from vivavoce.data.people_tables import JUDGED, WHOSE
    from vivavoce.data.table import read_table
    from vivavoce.training.errors import BadTraining

    table = read_table(request.table, JUDGED, maps=request.maps, called="ratings or outcomes")
    frame = table.frame.dropna(subset="value")
    if "candidate_id" not in frame:
        table.require(("interview_id",))
        if request.interviews is None:
            raise BadTraining(
                f"{table.source}: it names interviews and no candidates. Say whose they are with --interviews "
                "(features.parquet, or any table with interview_id and candidate_id)."
            )
        whose = read_table(request.interviews, WHOSE, maps=request.maps, called="interviews").frame
        pairs = whose[["interview_id", "candidate_id"]].drop_duplicates().set_index("interview_id")["candidate_id"]
        if pairs.index.duplicated().any():
            twice = pairs.index[pairs.index.duplicated()][0]
            raise BadTraining(f"{request.interviews}: interview {twice} belongs to two candidates.")
        frame = frame.assign(candidate_id=frame["interview_id"].map(pairs))
    frame = frame.dropna(subset="candidate_id")
    if "criterion" in frame:
        names = sorted(frame["criterion"].dropna().unique())
        if request.criterion is None and len(names) > 1:
            raise BadTraining(f"{table.source}: it holds {', '.join(names)}. Say which one with --criterion.")
        frame = frame[frame["criterion"] == (request.criterion or names[0])]
    if frame.empty:
        raise BadTraining(f"{table.source}: no row is left to weigh. Name the criterion, and the interviews' table.")
    return frame.groupby("candidate_id", sort=True)["value"].mean()


def _labels(request: ReweighRequest, values: "pd.Series[float]") -> "pd.Series[str]":
    """Each candidate's group in words; who declared nothing is a group of their own."""
    import pandas as pd

    from vivavoce.fairness.groups import UNKNOWN, UNKNOWN_WORD, read_groups

    declared = read_groups(request.groups, request.by)
    places = declared.places(pd.Series(values.index))
    crossed = None
    for attribute in request.by:
        one = declared.labels(places, attribute)
        crossed = one if crossed is None else crossed.crossed(one)
    assert crossed is not None
    words = [UNKNOWN_WORD if code == UNKNOWN else crossed.levels[code] for code in crossed.codes]
    return pd.Series(words, index=values.index)


def _write(candidates: "pd.Index", found: "Reweighing", out: Path) -> None:
    """Two columns and nothing else, in the order of the ids."""
    import pyarrow as pa

    from vivavoce.pipelines.scoring.outputs import write_csv, write_parquet

    table = pa.table({"candidate_id": pa.array(candidates, pa.string()), "weight": pa.array(found.weights)})
    (write_parquet if out.suffix == ".parquet" else write_csv)(table, out)


def _said(request: ReweighRequest, labels: "pd.Series[str]", found: "Reweighing") -> list[str]:
    """What the weights do, for the auditor."""
    counts = ", ".join(f"{name} {count}" for name, count in sorted(labels.value_counts().items()))
    lines = [
        f"{len(labels)} people by {' × '.join(request.by)}: {counts}.",
        f"Weights from {found.weights.min():.2f} to {found.weights.max():.2f}; together they say as much as "
        f"{found.effective_n:.0f} people who count alike.",
    ]
    lines += [
        f"Nobody of {group} is in class {place + 1} of the ratings: there weights cannot make them independent."
        for group, place in found.empty
    ]
    return [*lines, f"{request.out}: as confidential as the groups. Use: viva train … --sample-weights {request.out}"]
