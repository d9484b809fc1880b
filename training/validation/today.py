"""A table of today's applicants beside a training: read, joined to the features that the model uses, compared."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.arguments import Floats
from vivavoce.training.inputs import BadTraining, Inputs
from vivavoce.training.learned import without_nan
from vivavoce.training.measured import Measured
from vivavoce.training.validation.transport import Transport, transport

ALLOWED = ("train", "audit")  # purposes: looking whether a model fits people is either
NAMED = 5  # features that differ; more are counted


def compare_with_today(inputs: Inputs, used: Collection[str], today: Measured, job: str, *, seed: int = 0) -> Transport:
    """Whether those who are scored today look like those of a training, by the features that its model uses.

    Parameters
    ----------
    inputs
        What the model learned from.
    used
        Its features (``ModelVersion.fingerprints``).
    today
        As :func:`vivavoce.training.measured.read_measured` gives it. Answers of other jobs, and those that were agreed
        to neither for training nor for audits, are left out.
    job
        The training's.
    seed
        Of the classifier's folds.

    Raises
    ------
    BadTraining
        For features that are missing or measured in another way: their shift would be the measurement's.
    """
    names = sorted(used)
    other = [name for name in names if today.fingerprints.get(name) != inputs.fingerprints[name]]
    if other:
        named = ", ".join(other[:NAMED]) + (", …" if len(other) > NAMED else "")
        raise BadTraining(
            f"{today.table.source}: {named} are missing, or measured in another way than in the training ({len(other)} "
            f"of {len(names)} features). Measure today's interviews with the training's configuration."
        )
    rows = today.frame
    if "job" in rows:
        rows = rows[rows["job"] == job]
    if "purposes" in rows:
        rows = rows[rows["purposes"].fillna("").str.split(",").map(lambda given: bool(set(ALLOWED) & set(given)))]
    if "unclear" in rows:
        rows = rows[~rows["unclear"].astype(bool)]
    before, persons = _taught(inputs, names)
    new = {name: rows[name].to_numpy(np.float64) for name in names}
    return transport(before, persons, new, rows["candidate_id"].to_numpy(str), names, seed=seed)


def today_document(
    inputs: Inputs, used: Collection[str], today: Measured, job: str, *, seed: int = 0
) -> dict[str, Any]:
    """:func:`compare_with_today` as JSON for a model version: shifts, verdict, the sentence; or why there is none."""
    try:
        found = compare_with_today(inputs, used, today, job, seed=seed)
    except BadTraining as error:
        return {"sha256": today.table.sha256, "said": f"Not compared with today's applicants: {error}"}
    body = {**asdict(found), "moved": list(found.moved), "sha256": today.table.sha256, "said": found.sentence}
    return dict(without_nan(body))


def _taught(inputs: Inputs, names: list[str]) -> tuple[dict[str, Floats], npt.NDArray[np.str_]]:
    """The training's columns and whose rows they are: answers where they are known, else interviews."""
    if inputs.answers is not None:
        return {name: inputs.answers.columns[name] for name in names}, inputs.candidates[inputs.answers.interview]
    columns = {name: values for own in inputs.features.values() for name, values in own.items()}
    return {name: columns[name] for name in names}, inputs.candidates
