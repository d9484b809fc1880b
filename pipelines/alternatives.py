"""``viva fair alternatives``: is there a way that is as valid and hurts a group less? Declared first, then looked for.

Every candidate learns without groups; they are opened only to compare what came out (``fairness/alternatives.py``).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import KW_ONLY, asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from rich.console import Console

from vivavoce.data.errors import Exit
from vivavoce.data.identity import digest_file
from vivavoce.fairness.alternatives import GAIN, MARGIN_R, Alternative, search_alternatives, weights_front
from vivavoce.fairness.document import finite
from vivavoce.fairness.groups import Labels, read_groups
from vivavoce.models.directory import load_model
from vivavoce.models.score import OVERALL
from vivavoce.pipelines.door import Data, Map, Model, Place, Shown, folder_for, front_door, maps_of
from vivavoce.pipelines.scoring.model import model_folder
from vivavoce.pipelines.terminal import Told, keep, say
from vivavoce.training.inputs import Inputs
from vivavoce.training.joining import read_inputs
from vivavoce.training.trainers import trainer
from vivavoce.training.variants import read_variants

Json = dict[str, Any]


@dataclass(frozen=True)
class AlternativesRequest:
    """What ``viva fair alternatives`` may be asked for."""

    model: Annotated[Model, "The version: a folder, or models:/NAME@champion."]
    _: KW_ONLY
    features: Annotated[Data, "The table that it was trained on."]
    outcomes: Annotated[Data, "Later performance, as for train."]
    groups: Annotated[Data, "Declared attributes by candidate_id."]
    candidates: Annotated[Place, "YAML: alternatives, declared before anybody looks."]
    select: Annotated[float, "Share selected at the declared cut.", Shown(least=0, most=1)]
    out: Annotated[Place, "Folder for alternatives.json."]
    ratings: Annotated[Data | None, "Human ratings, as for train; a rubric needs none."] = None
    by: Annotated[Sequence[str], "Attributes to compare. [default: all]"] = ()
    criterion: Annotated[str | None, "Which of several outcomes."] = None
    seed: Annotated[int, "Of every random split and draw."] = 0
    map: Map = ()


@front_door(AlternativesRequest)
def alternatives(request: AlternativesRequest) -> Told:
    """Search for a way that is as valid and hurts a group less, and write ``alternatives.json``.

    Raises
    ------
    VivaError
        For tables, models and declarations that cannot be used.
    """
    said, path = Console(stderr=True), folder_for(request.out) / "alternatives.json"
    document = _document(request)
    keep(path, document)
    for one in document["candidates"]:
        gain, cost = _words(one["ratio_gain"]), _words(one["validity_gain"])
        line = f"{one['name']}: impact ratio {gain}, validity {cost}: {one['found']}"
        say(said, line)
    for attribute, front in document["weights"].items():
        say(said, _front_words(attribute, front))
    found = {one["found"] for one in document["candidates"]}
    end = Exit.FINDING if "confirmed" in found else Exit.CANNOT_TELL if "open" in found else Exit.DONE
    return Told(document, end)


def _document(request: AlternativesRequest) -> Json:
    maps, (model, digest) = maps_of(request.map), load_model(model_folder(request.model))
    declared = read_variants(Path(request.candidates))
    groups = read_groups(request.groups, tuple(request.by), maps)
    inputs = read_inputs(
        request.features, request.ratings, request.outcomes, model.framework,
        criterion=request.criterion, learning=model.learned, maps=maps,
    )  # fmt: skip
    scores_under = trainer(model.kind).scores_under
    scores = {one.name: scores_under(model, inputs, one, request.seed)[OVERALL] for one in declared}
    version = scores_under(model, inputs, None, request.seed)
    weights = model.framework.weights
    parts = {f"competency {name}": version[name] for name in weights}
    table = _one_row_each(inputs, {"": version[OVERALL], **scores}, parts)
    names = [one.name for one in declared]
    places = groups.places(table["candidate"])
    attributes = {name: groups.labels(places, name) for name in groups.attributes}
    half = confirming(table["candidate"])
    found = search_alternatives(
        table[""], {name: table[name] for name in names}, table["performance"], attributes,
        share=request.select, confirming=half, seed=request.seed,
    )  # fmt: skip
    return {
        "format": 1,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "model_digest": digest,
        "declared": [one.model_dump(mode="json", exclude_defaults=True) for one in declared],
        "declared_digest": digest_file(Path(request.candidates)).sha256,
        "share": request.select,
        "margins": {"validity": MARGIN_R, "impact_ratio": GAIN},
        "people": {"choosing": int((~half).sum()), "confirming": int(half.sum())},
        "attributes": {name: _sizes(labels) for name, labels in attributes.items()},
        "candidates": [_described(one) for one in found],
        "weights": {name: _front(table, weights, labels, request) for name, labels in attributes.items()},
        **maps.told(),
    }


def _front(table: pd.DataFrame, weights: dict[str, float], labels: Labels, request: AlternativesRequest) -> Json:
    """What other weights could reach for one attribute's groups, or why that is not known."""
    whole = table[[f"competency {name}" for name in weights]].notna().all(axis=1).to_numpy()
    parts = {name: table.loc[whole, f"competency {name}"] for name in weights}
    groups, later = Labels(labels.levels, labels.codes[whole]), table.loc[whole, "performance"]
    found = weights_front(parts, weights, later, groups, share=request.select, seed=request.seed)
    if isinstance(found, str):
        return {"reason": found}
    return {"competencies": list(weights), **asdict(found), "as_valid": found.as_valid and asdict(found.as_valid)}


def _front_words(attribute: str, front: Json) -> str:
    if "reason" in front:
        return f"weights by {attribute}: {front['reason']}"
    said = f"weights by {attribute}, {front['focal']} / {front['reference']}: ratio {front['own']['impact_ratio']:.2f}"
    best = front["as_valid"]
    if best is None:
        return f"{said}; no others are expected to be as valid and to hurt less in new people"
    pairs = zip(front["competencies"], best["weights"], strict=True)
    others = ", ".join(f"{name} {weight:.2f}" for name, weight in pairs)
    return f"{said}; as valid and {best['expected_ratio']:.2f} in new people: {others}; declare them to confirm"


def _one_row_each(inputs: Inputs, scores: Json, parts: Json) -> pd.DataFrame:
    """One row per person whom the version and every candidate could score; several interviews are averaged."""
    table = pd.DataFrame({**scores, **parts, "performance": inputs.performance, "candidate": inputs.candidates})
    means = table.groupby("candidate", sort=True).mean()
    return means.dropna(subset=list(scores)).reset_index()


def confirming(candidates: "pd.Series[str]") -> Any:
    """Which persons confirm: half of them, by their id's digest, so that nobody changes sides between two searches."""
    return np.array([hashlib.sha256(name.encode()).digest()[0] % 2 == 1 for name in candidates])


def _sizes(labels: Labels) -> dict[str, int]:
    counts = labels.counted(np.ones(len(labels.codes), bool))
    return dict(zip((*labels.levels, "unknown"), counts.tolist(), strict=True))


def _described(one: Alternative) -> Json:
    numbers = {
        name: {part: finite(value) for part, value in asdict(getattr(one, name)).items() if part != "reason"}
        for name in ("validity_gain", "ratio_gain")
    }
    return {"name": one.name, "chosen": one.chosen, **numbers, "found": one.found.value}


def _words(found: dict[str, float | None]) -> str:
    if found["value"] is None:
        return "not known"
    low, high = (f"{found[end]:+.2f}" if found[end] is not None else "–" for end in ("low", "high"))
    return f"{found['value']:+.2f} [{low}, {high}]"
