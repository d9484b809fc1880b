"""What is known of a model version, gathered for the gate: its documents, its audit, and two trials run here."""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vivavoce.data.errors import VivaError
from vivavoce.data.framework import Framework
from vivavoce.data.identity import RefusedName, refuse_name
from vivavoce.data.people_tables import FEATURES
from vivavoce.data.table import Given, Maps, read_table
from vivavoce.evaluation.estimate import Estimate, undefined
from vivavoce.fairness.gate.evidence import Evidence, Increment, Search
from vivavoce.fairness.groups import CANDIDATE, Declared
from vivavoce.models.version import ModelVersion
from vivavoce.pipelines.scoring.configuration import declared_features

SEED = 20261122  # of the permutations; any will do, this one is written down
NOT_GIVEN = "not in the model's documents"

Json = Mapping[str, Any]


class NoEvidence(VivaError):
    """A file that was to be evidence cannot be read as such; the message says which and what it must be."""


def gather(
    model: ModelVersion,
    digest: str,
    *,
    now: datetime,
    audit: Json | None = None,
    features: Given | None = None,
    maps: Maps | None = None,
    groups: Declared | None = None,
    search: Json | None = None,
    champion: str | None = None,
) -> Evidence:
    """Everything that the gate asks about one version.

    Parameters
    ----------
    model, digest
        The version.
    now
        With a time zone.
    audit
        ``audit.json``.
    features
        The ``features.parquet`` that it was trained on: consent, questions asked and both trials rest on it.
    maps
        What the user calls its columns.
    groups
        Declared groups, for the trial that permutes them.
    search
        ``alternatives.json``.
    champion
        Digest of the version in use; None where there is none.

    Raises
    ------
    NoEvidence
        For a table or search that belongs to another version.
    """
    table = None if features is None else _features(features, model, maps)
    same, permuted = (None, None) if table is None else _trials(model, table, groups)
    return Evidence(
        model_digest=digest,
        job=model.framework.job,
        now=now,
        rated_job=raters_of(model.framework),
        same_questions=None if table is None else _same_questions(table, model.framework),
        without_consent=None if table is None else _without_consent(table, model),
        refused=refused_features(model.fingerprints),
        validity=_validity(model),
        persons=int(_performance(model).get("persons", 0)),
        over_champion=None if champion is None else _over_champion(model, champion),
        rater_agreement={
            name: _estimate(found)
            for name, found in _document(model, "datasheet").get("rating reliability", {}).items()
        },
        increments=_increments(model),
        groups_permuted=permuted,
        scored_twice=same,
        audit=audit,
        search=None if search is None else _search(search, digest),
    )


def raters_of(framework: Framework) -> int:
    """How many people rated the job: the smaller number of those for tasks and for competencies; 0 for none."""
    analysis = framework.job_analysis
    if analysis.illustrative:
        return 0
    counts = {
        kind: sum(one.count for one in analysis.raters if one.rated == kind) for kind in ("tasks", "competencies")
    }
    return min(counts.values())


def refused_features(names: Mapping[str, str]) -> dict[str, str]:
    """Features that no score may rest on, with the reason of each, by column."""
    declared = declared_features()
    found = {}
    for name in names:
        try:
            refuse_name(name)
        except RefusedName as error:
            found[name] = str(error)
        feature = declared.get(name, declared.get(name.rpartition(".")[0]))
        if feature is not None and feature.impairment_sensitive:
            found[name] = "approximates a clinical sign or penalises an impairment"
        elif feature is not None and feature.quality:
            found[name] = "describes the recording, not the person"
    return found


def read_search(path: Path) -> Json:
    """Read ``alternatives.json`` as ``viva fair alternatives`` writes it.

    Raises
    ------
    NoEvidence
        For anything else.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NoEvidence(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(document, dict) or not {"model_digest", "candidates"} <= set(document):
        raise NoEvidence(f"{path} must be written by viva fair alternatives.")
    return document


def _search(search: Json, digest: str) -> Search:
    if search["model_digest"] != digest:
        raise NoEvidence(
            f"The search for alternatives was of the version {search['model_digest'][:12]}, not of {digest[:12]}: "
            "run viva fair alternatives with this one."
        )
    found = search["candidates"]
    better = tuple(one["name"] for one in found if one["found"] == "confirmed")
    return Search(len(found), better, all(one["found"] != "open" for one in found))


def _features(given: Given, model: ModelVersion, maps: Maps | None) -> pd.DataFrame:
    """The training's own table: another one proves nothing about this version."""
    wanted = _document(model, "datasheet").get("digests", {}).get("features")
    read = read_table(given, FEATURES, maps=maps, called="features")
    if wanted is not None and wanted != read.sha256:
        digest = read.sha256[:12]
        raise NoEvidence(f"{read.source} is not the table that this version was trained on (SHA-256 {digest}).")
    table = read.frame
    return table[table["job"] == model.framework.job].reset_index(drop=True)


def _without_consent(table: pd.DataFrame, model: ModelVersion) -> int | None:
    """People among those learned from without consent; training leaves them out, so any is a defect."""
    if "purposes" not in table or "persons" not in _document(model, "datasheet"):
        return None
    agreed = table["purposes"].fillna("").str.split(",").map(lambda purposes: "train" in purposes)
    return max(0, int(_document(model, "datasheet")["persons"]) - int(table.loc[agreed, CANDIDATE].nunique()))


def _same_questions(table: pd.DataFrame, framework: Framework) -> float:
    wanted = {question.id for question in framework.questions}
    asked = table.groupby("interview_id")["question_id"].agg(set)
    return float(asked.map(lambda found: wanted <= found).mean())


def _trials(model: ModelVersion, table: pd.DataFrame, groups: Declared | None) -> tuple[bool, bool | None]:
    """Whether scores stay the same in another order, and with declared groups beside the features and permuted."""
    rng = np.random.default_rng(SEED)
    first = points(model, table)
    interviews, number = np.unique(table["interview_id"].to_numpy(str), return_inverse=True)
    order = np.argsort(rng.permutation(len(interviews))[number], kind="stable")  # of people; answers keep theirs
    again = points(model, table.iloc[order].reset_index(drop=True))
    same = _equal(first, again)
    if groups is None:
        return same, None
    places = groups.places(table[CANDIDATE])
    for turn in (places, rng.permutation(places)):
        beside = groups.frame.iloc[turn].set_axis(table.index)[list(groups.attributes)]  # -1 is as good as any
        if not _equal(first, points(model, table.join(beside, rsuffix=" declared"))):
            return same, False
    return same, True


def points(model: ModelVersion, table: pd.DataFrame) -> pd.DataFrame:
    """Scores of every interview of a table of answers, one row each, by competency and overall."""
    interviews, number = np.unique(table["interview_id"].to_numpy(str), return_inverse=True)
    columns: dict[str, npt.ArrayLike] = {name: table[name].to_numpy(np.float64) for name in model.fingerprints}
    found = model.score_table(columns, number, table["question_id"].to_numpy(str), len(interviews))
    return pd.DataFrame(found, index=interviews)


def _equal(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    return bool(np.array_equal(one.to_numpy(), other.to_numpy(), equal_nan=True))


def _document(model: ModelVersion, name: str) -> Json:
    found: Json = model.documents.get(name, {})
    return found


def _performance(model: ModelVersion) -> Json:
    found: Json = _document(model, "validity").get("performance", {})
    return found


def _validity(model: ModelVersion) -> Estimate:
    """Of the overall score as the version uses it, among people whose performance it did not see."""
    found = _performance(model)
    if "correlations" not in found:
        return undefined("no performance was given to the training")
    return _estimate(found["correlations"][found["used"]])


def _over_champion(model: ModelVersion, champion: str) -> Estimate:
    """Difference of r with performance to the version in use, as ``viva train --champion`` found it."""
    found = _document(model, "champion")
    if found.get("champion") != champion:
        return undefined(f"not compared with the champion {champion[:12]} in training (viva train --champion)")
    if "overall" not in found:
        return undefined(str(found["said"]))
    if "correlations" not in _performance(model):
        return undefined("compared by human ratings only: no performance was given")
    return _estimate(found["overall"]["difference"])


def _increments(model: ModelVersion) -> dict[str, Increment]:
    """What each modality adds, of those whose features the version uses."""
    declared = declared_features()
    used = {
        declared[base].modality.value
        for name in model.fingerprints
        if (base := name if name in declared else name.rpartition(".")[0]) in declared
    } - {"text"}
    found = _document(model, "validity").get("increments", {})
    return {
        name: Increment(found[name]["verdict"], found[name].get("people needed"))
        if name in found
        else Increment(NOT_GIVEN)
        for name in sorted(used)
    }


def _estimate(found: Json) -> Estimate:
    """An estimate out of JSON, where an undefined number is null."""
    value, low, high = (
        math.nan if found.get(name) is None else float(found[name]) for name in ("value", "low", "high")
    )
    return Estimate(value, low, high, found.get("reason"))
