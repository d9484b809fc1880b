"""``viva model shadow``: champion and challenger score the same answers; nobody hears of the challenger's scores."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from rich.console import Console
from rich.table import Table

from vivavoce.data.people_tables import FEATURES
from vivavoce.data.problem import Problem
from vivavoce.data.table import InputRefused, read_table
from vivavoce.data.table import Table as Answers
from vivavoce.evaluation.agreement import agreement, share, too_few
from vivavoce.evaluation.estimate import Estimate, Floats
from vivavoce.fairness.groups import CANDIDATE, Declared, read_groups
from vivavoce.models.score import OVERALL
from vivavoce.pipelines.door import Data, Map, Model, Place, Shown, folder_for, front_door, maps_of
from vivavoce.pipelines.publishing.admission import points
from vivavoce.pipelines.scoring.model import Scorer, load_scorer
from vivavoce.pipelines.terminal import Told, keep, say
from vivavoce.pipelines.watching.impact import Passing, plain

NEEDED = ("question_id", "job", "asr_engine")

Bools = npt.NDArray[np.bool_]
Json = dict[str, Any]


@dataclass(frozen=True)
class ShadowRequest:
    """What ``viva model shadow`` may be asked for."""

    features: Annotated[Data, "features.parquet of one batch."]
    _: KW_ONLY
    champion: Annotated[Model, "A folder, or models:/NAME@champion."]
    challenger: Annotated[Model, "A folder, or models:/NAME@challenger."]
    select: Annotated[float, "Share of people selected by either, from the top.", Shown(least=0, most=1)]
    out: Annotated[Place, "Folder for shadow.json."]
    groups: Annotated[Data | None, "Declared groups: counts by group."] = None
    listed: Annotated[bool, "Write the ids of those who would change sides too.", Shown(flag="--list")] = False
    map: Map = ()


@dataclass(frozen=True)
class Sides:
    """Who is selected by whom, in people: ``moved_in`` by the challenger only, ``moved_out`` by the champion only."""

    n: int
    both: int
    neither: int
    moved_in: int
    moved_out: int

    @staticmethod
    def of(champion: Bools, challenger: Bools) -> "Sides":
        """Count them.

        Examples
        --------
        >>> Sides.of(np.array([True, True, False]), np.array([True, False, False]))
        Sides(n=3, both=1, neither=1, moved_in=0, moved_out=1)
        """
        counted = (champion & challenger, ~champion & ~challenger, challenger & ~champion, champion & ~challenger)
        return Sides(len(champion), *(int(one.sum()) for one in counted))


@front_door(ShadowRequest)
def shadow(request: ShadowRequest) -> Told:
    """Score a batch by two versions, compare, and write ``shadow.json``.

    Raises
    ------
    VivaError
        For tables that cannot be read, a share that is none, models for two jobs or of other measurements, and fewer
        than 4 people with both scores.
    """
    said, path = Console(stderr=True), folder_for(request.out) / "shadow.json"
    document = compared(request)
    keep(path, document)
    _tell(document, said)
    say(said, f"{path}: written.")
    return Told(document)


def compared(request: ShadowRequest) -> Json:
    """Compare two versions on one batch, one overall score per person (the mean of several interviews)."""
    maps = maps_of(request.map)
    asked = read_table(request.features, FEATURES, maps=maps, called="features")
    asked.require(NEEDED)
    if not 0 < request.select < 1:
        raise InputRefused(asked.source, [Problem("--select", str(request.select), "Write a share between 0 and 1.")])
    pair = [load_scorer(text) for text in (request.champion, request.challenger)]
    if len({one.job for one in pair}) > 1:
        remedy = "Compare two versions for one job: others are not on one scale."
        raise InputRefused(asked.source, [Problem("models", " and ".join(one.job for one in pair), remedy)])
    scores = pd.concat([_scores(asked, one) for one in pair], axis=1, keys=["champion", "challenger"])
    both = scores.dropna()
    if too_few(len(both)):
        remedy = "Give the features of more people whom both versions can score."
        raise InputRefused(asked.source, [Problem("scores", f"{len(both)} people", remedy)])
    old, new = (both[name].to_numpy(np.float64) for name in ("champion", "challenger"))
    found = {
        "format": 1,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "restricted": request.groups is not None or request.listed,
        "features": asked.sha256,
        "versions": {
            name: {"source": one.source, "digest": one.digest, "standing": one.standing.value}
            for name, one in zip(("champion", "challenger"), pair, strict=True)
        },
        "people": {
            "both": len(both),
            "champion_only": int((scores["champion"].notna() & scores["challenger"].isna()).sum()),
            "challenger_only": int((scores["champion"].isna() & scores["challenger"].notna()).sum()),
        },
        "share": request.select,
        **compare_scores(old, new, request.select),
        **maps.told(),
    }
    passing = Passing(share=request.select)
    chosen, shadowed = passing.selected(old), passing.selected(new)
    if request.groups is not None:
        groups = read_groups(request.groups, maps=maps)
        found["groups"] = _by_group(groups, both.index.to_series(), chosen, shadowed)
    if request.listed:
        found["listed"] = {
            "moved_in": sorted(both.index[shadowed & ~chosen]),
            "moved_out": sorted(both.index[chosen & ~shadowed]),
        }
    return found


def compare_scores(champion: Floats, challenger: Floats, selected: float) -> Json:
    """How far two versions agree about the same people.

    Parameters
    ----------
    champion, challenger
        Overall scores, shape (n ≥ 4,), finite, 0–100.
    selected
        Share selected by either, 0–1, from the top; ties at the last score included.

    Returns
    -------
    dict
        ``correlation`` (ideal 1), ``mean_difference`` and 95 % ``limits`` of agreement of challenger − champion in
        points (ideal 0), ``sides`` in people, and ``changing``: the share of people on another side (ideal 0).

    Examples
    --------
    >>> found = compare_scores(np.array([40.0, 50, 60, 70]), np.array([41.0, 52, 72, 69]), 0.25)
    >>> found["sides"], found["changing"]["value"], found["mean_difference"]["value"]
    ({'n': 4, 'both': 0, 'neither': 2, 'moved_in': 1, 'moved_out': 1}, 0.5, 3.5)
    """
    passing = Passing(share=selected)
    sides = Sides.of(passing.selected(champion), passing.selected(challenger))
    close = agreement(champion, challenger)
    moved = sides.moved_in + sides.moved_out
    return {
        "correlation": _estimate(close.correlation),
        "mean_difference": _estimate(close.mean_difference),
        "limits": [_estimate(one) for one in close.limits],
        "sides": asdict(sides),
        "changing": _estimate(share(np.arange(sides.n) < moved)),
    }


def _scores(read: Answers, scorer: Scorer) -> "pd.Series[float]":
    """Overall scores by person; answers that their recogniser hardly believed are in none, as in ``viva score``."""
    table = read.frame[read.frame["job"] == scorer.job]
    if table.empty:
        raise InputRefused(read.source, [Problem("job", "nobody", f"Give answers of the model's job, {scorer.job}.")])
    told = {str(name): read.metadata.get(str(name), {}).get(b"fingerprint", b"").decode() for name in read.frame}
    scorer.model.check(told, set(table["asr_engine"].dropna()))
    if "unclear" in table:
        table = table[table["unclear"] != 1]
    overall = points(scorer.model, table.reset_index(drop=True))[OVERALL]
    people = table.drop_duplicates("interview_id").set_index("interview_id")[CANDIDATE]
    found: pd.Series[float] = overall.groupby(people.reindex(overall.index)).mean()
    return found


def _by_group(groups: Declared, candidates: "pd.Series[Any]", champion: Bools, challenger: Bools) -> list[Json]:
    places, found = groups.places(candidates), []
    for attribute in groups.attributes:
        labels = groups.labels(places, attribute)
        for code, level in (*enumerate(labels.levels), (-1, "unknown")):
            here = labels.codes == code
            if here.any():
                sides = Sides.of(champion[here], challenger[here])
                found.append({"attribute": attribute, "group": level, **asdict(sides)})
    return found


def _estimate(found: Estimate) -> Json:
    return plain(asdict(found))


def _tell(document: Json, said: Console) -> None:
    table = Table("champion and challenger", "", box=None, pad_edge=False)
    low, high = document["limits"]
    rows: Mapping[str, str] = {
        "people scored by both": str(document["people"]["both"]),
        "correlation": _interval(document["correlation"], 3),
        "challenger − champion, points": _interval(document["mean_difference"], 1),
        "95 % limits of agreement": f"{low['value']:.1f} to {high['value']:.1f}",
        f"on another side at the best {document['share']:.0%}": _interval(document["changing"], 3),
    }
    for name, words in rows.items():
        table.add_row(name, words)
    said.print(table)
    by = Table("group", "people", "selected now", "selected by challenger", "in", "out", box=None, pad_edge=False)
    whole = {"attribute": "all", "group": "", **document["sides"]}
    for one in (whole, *document.get("groups", ())):
        now, then = one["both"] + one["moved_out"], one["both"] + one["moved_in"]
        name = f"{one['attribute']} {one['group']}".strip()
        by.add_row(name, *(str(cell) for cell in (one["n"], now, then, one["moved_in"], one["moved_out"])))
    said.print(by)


def _interval(found: Json, digits: int) -> str:
    if found["value"] is None:
        return str(found["reason"])
    ends = ", ".join("–" if found[end] is None else f"{found[end]:.{digits}f}" for end in ("low", "high"))
    return f"{found['value']:.{digits}f} [{ends}]"
