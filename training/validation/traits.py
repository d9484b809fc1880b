"""Are the competencies different things, said in words: multitrait–multimethod findings that a reader must know."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.arguments import Floats
from vivavoce.evaluation.discriminant import SAME, Traits, multitrait_multimethod
from vivavoce.evaluation.estimate import two_decimals
from vivavoce.evaluation.validity import correlation_interval

LEAST_PEOPLE = 50  # the interval of a correlation of .85 is then .75 to .91


@dataclass(frozen=True)
class Distinct:
    """How far competencies can be told apart, by people and by the machine.

    Parameters
    ----------
    traits
        The table; None where too few people have everything.
    findings
        One sentence each.
    """

    traits: Traits | None
    findings: tuple[str, ...]


def distinct(human: Mapping[str, Floats], machine: Mapping[str, Floats], persons: npt.ArrayLike) -> Distinct:
    """Compare human ratings and cross-fitted scores of all competencies, persons' means as rows.

    Parameters
    ----------
    human, machine
        By competency, shape (n,) each; ``nan`` where there is none. People who lack one value are left out.
    persons
        Whose row it is, shape (n,).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> level = rng.standard_normal(200)
    >>> seen = {name: level + 0.1 * rng.standard_normal(200) for name in ("teamwork", "learning")}
    >>> found = distinct(seen, seen, np.arange(200))
    >>> found.findings[0]
    'teamwork and learning cannot be told apart in the scores (r .99 may be .85 or more): read them as one score.'
    """
    names = list(human)
    _, person = np.unique(np.asarray(persons), return_inverse=True)
    columns = np.column_stack([*(human[name] for name in names), *(machine[name] for name in names)])
    known = ~np.isnan(columns)
    count = np.column_stack([np.bincount(person, one) for one in known.T])
    total = np.column_stack(
        [np.bincount(person, np.where(one, v, 0.0)) for one, v in zip(known.T, columns.T, strict=True)]
    )
    means = (total / np.maximum(count, 1))[(count > 0).all(axis=1)]
    if len(means) < LEAST_PEOPLE:
        reason = f"{len(means)} people have ratings and scores of every competency: fewer than {LEAST_PEOPLE}"
        return Distinct(None, (f"Whether competencies differ was not looked at: {reason}.",))
    if np.any(np.ptp(means, axis=0) == 0):
        return Distinct(None, ("Whether competencies differ was not looked at: one of them does not vary.",))
    half = len(names)
    found = multitrait_multimethod(means[:, :half], means[:, half:], names)
    return Distinct(found, tuple(_findings(found, names)))


def _findings(found: Traits, names: list[str]) -> list[str]:
    """What cannot be told apart, by whom, and which score follows another competency."""
    said = [name.replace("_", " ") for name in names]
    sentences = []
    for one, other in found.inseparable:
        i, j = names.index(one), names.index(other)
        sentences.append(
            f"{said[i]} and {said[j]} cannot be told apart in the scores (r {two_decimals(found.machine[i, j])} may be "
            f"{two_decimals(SAME)} or more): read them as one score."
        )
    sentences += [
        f"{said[i]} and {said[j]} cannot be told apart in people's ratings (r {two_decimals(found.human[i, j])}): the "
        "raters may have written one impression down twice."
        for i, j in combinations(range(len(names)), 2)
        if correlation_interval(found.human[i, j], found.n).high > SAME
    ]
    for i, trait in enumerate(found.traits):
        if not trait.discriminated:
            rivals = {**_rivals(found.across[i], i), **_rivals(found.across[:, i], i)}
            sentences.append(
                f"The score of {said[i]} goes with people's ratings of it at {two_decimals(trait.convergent.value)}, "
                f"and {' and '.join(said[j] for j in rivals)} across people and machine no less: it is no evidence of "
                f"{said[i]} in particular."
            )
    sentences.append(
        f"{len(names)} competencies carry as much as {found.effective_human:.1f} independent ones in people's ratings "
        f"and {found.effective_machine:.1f} in the scores."
    )
    return sentences


def _rivals(correlations: Floats, own: int) -> dict[int, float]:
    """Other competencies whose correlation across methods is no lower than the competency's own."""
    return {j: float(r) for j, r in enumerate(correlations) if j != own and r >= correlations[own]}
