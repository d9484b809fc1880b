"""Do those who are scored today look like those who taught: shifts of each feature, and of all together."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.arguments import Floats, same_length
from vivavoce.evaluation.effect import difference, superiority
from vivavoce.evaluation.estimate import Estimate, undefined
from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.training.crossfit import cross_fitted

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
