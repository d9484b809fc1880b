"""Model versions of other jobs to pool weights with: what their documents hold, read without trust, or why not."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vivavoce.data.framework import Framework
from vivavoce.models.directory import load_model
from vivavoce.models.simplex import Moments
from vivavoce.training.inputs import LEAST_PEOPLE, BadTraining
from vivavoce.training.pooling import LEAST_SHARED, Beside

PEOPLE = ("persons", "interviews", "with performance", "criterion")  # of a data sheet: with its digests, who they were

Json = Mapping[str, Any]


class _Summary(BaseModel):
    """One job's entry of ``moments`` in ``weights.json``."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    persons: Annotated[int, Field(ge=LEAST_PEOPLE)]
    covariance: list[list[float]]
    correlations: list[Annotated[float, Field(ge=-1, le=1)]]


def read_beside(folders: Sequence[Path], framework: Framework, sheet: Json) -> tuple[Beside, ...]:
    """Read what other jobs' versions know of weights.

    Parameters
    ----------
    folders
        Of model versions, each of another job.
    framework, sheet
        Of this training: the job's framework and the data sheet.

    Raises
    ------
    BadTraining
        Without performance; for a version of this job or of the same people, two versions of one job, another
        criterion, a version made before versions kept what pooling needs, one whose weights were not identified, and
        one that shares fewer than two competencies; each with the way out.
    ModelRefused
        For a folder that is no model version.
    """
    if folders and sheet["criterion"] is None:
        raise BadTraining("--beside pools weights that are learned from performance: give --outcomes, or leave it out.")
    taken = {framework.job: "this training"}
    people = {_people(sheet): "this training"}
    found = []
    for folder in folders:
        model, digest = load_model(folder)
        job, theirs = model.framework.job, model.documents.get("datasheet", {})
        who = _people(theirs)
        if job in taken:
            raise BadTraining(
                f"{folder} is of {job}, as is {taken[job]}: --beside takes one version of each other job."
            )
        if who in people:
            raise BadTraining(f"{folder} learned from the same people as {people[who]}: they would count twice.")
        if theirs.get("criterion") != sheet["criterion"]:
            raise BadTraining(
                f"{folder} learned from {theirs.get('criterion')!r}, this training from {sheet['criterion']!r}: other "
                "criteria have other weights. Name it alike in both tables if it is the same, or leave it out."
            )
        moments = _moments(folder, job, len(model.framework.weights), model.documents.get("weights", {}))
        shared = _shared(folder, framework, model.framework)
        found.append(Beside(job, digest, model.framework.weights, moments, shared))
        taken[job] = people[who] = str(folder)
    return tuple(found)


def _people(sheet: Json) -> str:
    """Whose data: the digests of all tables but sample weights, and how many people they gave."""
    digests = {name: digest for name, digest in sheet.get("digests", {}).items() if name != "weights"}
    return repr([sorted(digests.items()), [sheet.get(name) for name in PEOPLE]])


def _moments(folder: Path, job: str, competencies: int, learned: Json) -> Moments:
    if "weights" not in learned:
        raise BadTraining(f"{folder} learned no weights (it was given no performance): leave it out.")
    if "moments" not in learned:
        raise BadTraining(
            f"{folder} was trained before versions kept what pooling needs: train it again, or leave it out."
        )
    if not learned.get("identified"):
        raise BadTraining(f"{folder}: its weights were not identified, there is nothing to pool. Leave it out.")
    try:
        one = _Summary.model_validate(learned["moments"].get(job) if isinstance(learned["moments"], dict) else None)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "whole"
        raise BadTraining(f"{folder}, weights.json, moments.{job}, {where}: {first['msg']}.") from error
    if [len(one.correlations), *map(len, one.covariance)] != [competencies] * (competencies + 1):
        raise BadTraining(
            f"{folder}, weights.json, moments.{job}: its shape is not that of {competencies} competencies."
        )
    if any(one.covariance[i][i] <= 0 for i in range(competencies)):
        raise BadTraining(f"{folder}, weights.json, moments.{job}: a competency's variance is not above 0.")
    return Moments.of_summary(one.persons, one.covariance, one.correlations)


def _shared(folder: Path, ours: Framework, theirs: Framework) -> tuple[str, ...]:
    """Competencies of the same id that mean the same: anchors, in the languages of both, and scale."""
    both = [name for name in ours.weights if name in theirs.weights and theirs.weights[name] > 0]
    same = tuple(name for name in both if ours.scale == theirs.scale and _alike(ours, theirs, name))
    if len(same) < LEAST_SHARED:
        other = ", ".join(name for name in both if name not in same)
        more = f" ({other}: same id, other anchors or scale)" if other else ""
        raise BadTraining(
            f"{folder}: {theirs.job} and {ours.job} share {len(same)} competencies{more}, and pooling takes "
            f"{LEAST_SHARED}: one alone has no relative weight. Leave it out."
        )
    return same


def _alike(ours: Framework, theirs: Framework, name: str) -> bool:
    languages = set(ours.languages) & set(theirs.languages)
    one, other = (side.competency(name).anchors for side in (ours, theirs))
    return bool(languages) and all(
        getattr(one, level)[language] == getattr(other, level)[language]
        for level in ("low", "middle", "high")
        for language in languages
    )
