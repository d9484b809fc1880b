"""``viva fair reweigh``: sample weights under which group and rating are independent; who is in which group stays here.

Training takes the weights as opaque numbers by candidate and never opens declared groups. A weight takes one value for
each group and class of ratings, so that the file is as confidential as the groups themselves.
"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rich.console import Console

from vivavoce.data.errors import AlreadyThere, Exit
from vivavoce.pipelines.door import Data, Map, Place, Shown, folder_for, front_door, maps_of
from vivavoce.pipelines.terminal import say

if TYPE_CHECKING:
    import pandas as pd

    from vivavoce.fairness.groups import Reweighing


WEIGHTS = "weights.parquet"


@dataclass(frozen=True)
class ReweighRequest:
    """What ``viva fair reweigh`` may be asked for."""

    table: Annotated[Data, "Ratings or outcomes, as for train: value with candidate_id, or with interview_id."]
    _: KW_ONLY
    groups: Annotated[Data, "Declared attributes by candidate_id; missing is a group of its own."]
    by: Annotated[Sequence[str], "Attribute to be made independent of the ratings; several: crossed."]
    out: Annotated[Place, "Folder for weights.parquet: candidate_id, weight."]
    interviews: Annotated[Data | None, "Whose interviews ratings name: any table with both ids."] = None
    criterion: Annotated[str | None, "Which of several outcomes."] = None
    classes: Annotated[int, "Classes into which continuous values are cut.", Shown(least=2)] = 5
    map: Map = ()


@front_door(ReweighRequest)
def reweigh(request: ReweighRequest) -> Exit:
    """Compute weights under which group and rating are independent, and write them.

    Raises
    ------
    VivaError
        For tables that cannot be used, and where weights are there already.
    """
    from vivavoce.fairness.groups import reweigh as weigh

    said, path = Console(stderr=True), folder_for(request.out) / WEIGHTS
    if path.exists():
        raise AlreadyThere(path, "name another folder.")
    values = _values(request)
    labels = _labels(request, values)
    found = weigh(labels.to_numpy(str), values.to_numpy(float), classes=request.classes)
    _write(values.index, found, path)
    for line in _said(request, path, labels, found):
        say(said, line)
    return Exit.DONE


def _values(request: ReweighRequest) -> "pd.Series[float]":
    """The mean value of each candidate, by candidate in the order of their ids."""
    from vivavoce.data.people_tables import JUDGED, WHOSE
    from vivavoce.data.table import read_table
    from vivavoce.training import BadTraining

    table = read_table(request.table, JUDGED, maps=maps_of(request.map), called="ratings or outcomes")
    frame = table.frame.dropna(subset="value")
    if "candidate_id" not in frame:
        table.require(("interview_id",))
        if request.interviews is None:
            raise BadTraining(
                f"{table.source}: it names interviews and no candidates. Say whose they are with --interviews "
                "(features.parquet, or any table with interview_id and candidate_id)."
            )
        whose = read_table(request.interviews, WHOSE, maps=maps_of(request.map), called="interviews").frame
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

    declared = read_groups(request.groups, tuple(request.by), maps_of(request.map))
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

    from vivavoce.data.vault.durable import make_folder
    from vivavoce.pipelines.scoring.outputs import write_parquet

    table = pa.table({"candidate_id": pa.array(candidates, pa.string()), "weight": pa.array(found.weights)})
    make_folder(out.parent)
    write_parquet(table, out)


def _said(request: ReweighRequest, path: Path, labels: "pd.Series[str]", found: "Reweighing") -> list[str]:
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
    return [*lines, f"{path}: as confidential as the groups. Use: viva train … --sample-weights {path}"]
