"""Do those who are scored today look like those who taught: shifts of each feature, and of all together.

A table of today's applicants beside a training: read, joined to the features that the model uses, compared.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.effect import difference, superiority
from vivavoce.evaluation.estimate import Estimate, Floats, same_length, undefined
from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.training import BadTraining
from vivavoce.training.inputs import Inputs
from vivavoce.training.learned import without_nan
from vivavoce.training.measured import Measured
from vivavoce.training.overall import cross_fitted

LEAST_PEOPLE = 20
SHIFTED = 0.5  # standard deviations, a medium difference: the model then reads a feature where few people taught it
ALIKE, APART = 0.60, 0.75  # area under the curve of a classifier: below nothing to see, above two populations


@dataclass(frozen=True)
class Shift:
    """One feature today against training.

    Parameters
    ----------
    g
        Today's mean − training's, in pooled standard deviations; ideal 0.
    missing_before, missing_today
        Share of people of whom it was not measured; ideal equal.
    """

    g: Estimate
    missing_before: float
    missing_today: float


@dataclass(frozen=True)
class Transport:
    """Training people against today's.

    Parameters
    ----------
    shifts
        By feature.
    moved
        Features that are shifted by half a standard deviation or more, the furthest first.
    auc
        How often a classifier by all features, which has seen neither of the two, finds today's person: .5 where both
        are alike (ideal), 1 where everybody is told apart.
    verdict
        ``alike``, ``shifted`` or ``other people``; ``unknown`` with too few.
    before, today
        People.
    """

    shifts: Mapping[str, Shift]
    moved: tuple[str, ...]
    auc: Estimate
    verdict: str
    before: int
    today: int

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        if self.verdict == "unknown":
            return f"Whether the model fits today's applicants is not known: {self.auc.reason}."
        said = {
            "alike": "Today's applicants look like the people who taught the model",
            "shifted": "Today's applicants differ from the people who taught the model",
            "other people": "Today's applicants are other people than those who taught the model: validate it on them",
        }[self.verdict]
        named = f"; moved most: {', '.join(self.moved[:3])}" if self.moved else ""
        return f"{said} (told apart in {self.auc.value:.0%} of pairs, 50 % is chance){named}."


def transport(
    before: Mapping[str, Floats],
    before_persons: npt.ArrayLike,
    today: Mapping[str, Floats],
    today_persons: npt.ArrayLike,
    used: Collection[str],
    *,
    seed: int = 0,
) -> Transport:
    """Compare the features that a model uses between those who taught it and today's applicants.

    Somebody who is in both is left out of training's side.

    Parameters
    ----------
    before, today
        Columns by feature, shapes (n,) and (m,) each; ``nan`` where not measured. Rows are averaged by person.
    before_persons, today_persons
        Whose row it is, shapes (n,) and (m,).
    used
        The features to compare.
    seed
        Of the classifier's folds.

    References
    ----------
    Rabanser, Günnemann & Lipton (2019), NeurIPS 32 (classifier two-sample tests for dataset shift).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> old, new = ({"language.a": rng.standard_normal(200) + shift} for shift in (0.0, 2.0))
    >>> found = transport(old, np.arange(200), new, np.arange(200, 400), ["language.a"])
    >>> found.verdict, found.moved, round(found.shifts["language.a"].g.value)
    ('other people', ('language.a',), 2)
    """
    names = list(used)
    old, known = _by_person(before, before_persons, names)
    new, people = _by_person(today, today_persons, names)
    old = old[~np.isin(known, people)]
    if min(len(old), len(new)) < LEAST_PEOPLE or not names:
        reason = f"{len(old)} and {len(new)} people, {len(names)} features: {LEAST_PEOPLE} people each are needed"
        return Transport({}, (), undefined(reason), "unknown", len(old), len(new))
    shifts = {name: _shift(new[:, i], old[:, i]) for i, name in enumerate(names)}
    far = {name: abs(one.g.value) for name, one in shifts.items() if abs(one.g.value) >= SHIFTED}
    rows, which = np.vstack([old, new]), np.repeat([0.0, 1.0], [len(old), len(new)])
    classifier = CompetencyRidge(least_measured=0.0)
    told = cross_fitted(classifier, rows, which, np.arange(len(rows)), seed=seed)
    auc = superiority(told[which == 1], told[which == 0])
    moved = tuple(sorted(far, key=lambda name: -far[name]))
    verdict = "other people" if auc.low > APART else "shifted" if auc.low > ALIKE or moved else "alike"
    return Transport(shifts, moved, auc, verdict, len(old), len(new))


def _by_person(
    columns: Mapping[str, Floats], persons: npt.ArrayLike, names: list[str]
) -> tuple[Floats, npt.NDArray[np.generic]]:
    """Means over each person's rows, shape (persons, features), and who they are."""
    same_length("transport", persons=persons, **{name: columns[name] for name in names})
    people, number = np.unique(np.asarray(persons), return_inverse=True)
    found = np.full((len(people), len(names)), np.nan)
    for i, name in enumerate(names):
        measured = ~np.isnan(columns[name])
        total = np.bincount(number[measured], columns[name][measured], minlength=len(people))
        count = np.bincount(number[measured], minlength=len(people))
        found[count > 0, i] = total[count > 0] / count[count > 0]
    return found, people


def _shift(today: Floats, before: Floats) -> Shift:
    new, old = today[~np.isnan(today)], before[~np.isnan(before)]
    missing = float(np.isnan(before).mean()), float(np.isnan(today).mean())
    if min(len(new), len(old)) < LEAST_PEOPLE:
        return Shift(undefined(f"measured of fewer than {LEAST_PEOPLE} people on one side"), *missing)
    return Shift(difference(new, old).g, *missing)


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
