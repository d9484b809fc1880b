"""Are the competencies different things: people and machine as two methods, and what neither can tell apart."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.correlation import SMALLEST_SAMPLE, correlation_interval
from vivavoce.evaluation.estimate import Estimate, Floats, confidence_level, matrix, number, same_length

SAME = 0.85  # a correlation above which two scores are one in practice: they share three quarters of their variance


@dataclass(frozen=True)
class Trait:
    """One competency, scored by people and by the machine.

    Parameters
    ----------
    name
        The competency.
    convergent
        Correlation of machine with people on it; ideal: near the people's own agreement.
    strongest_other
        The highest correlation of the machine's score on it with people's score on another competency.
    margin
        Convergent − the mean of the correlations across methods with other competencies; ideal: far above 0.
    discriminated
        Whether the convergent correlation is higher than all of those (Campbell and Fiske's second condition).
    """

    name: str
    convergent: Estimate
    strongest_other: float
    margin: float
    discriminated: bool


@dataclass(frozen=True)
class Traits:
    """Multitrait–multimethod summary.

    Parameters
    ----------
    traits
        In the given order.
    human, machine, across
        Correlations among people's scores, among the machine's, and of machine (rows) with people (columns), (c, c).
    effective_human, effective_machine
        Effective number of competencies, (Σλ)² / Σλ² of the correlations' eigenvalues: c where all are independent, 1
        where all are one.
    inseparable
        Pairs whose correlation among machine scores has an upper limit above ``same``: weights cannot tell them apart.
    n
        Persons.
    """

    traits: tuple[Trait, ...]
    human: Floats
    machine: Floats
    across: Floats
    effective_human: float
    effective_machine: float
    inseparable: tuple[tuple[str, str], ...]
    n: int


def multitrait_multimethod(
    human: npt.ArrayLike, machine: npt.ArrayLike, names: list[str], *, same: float = SAME, confidence: float = 0.95
) -> Traits:
    """Convergent and discriminant validity of competency scores.

    Parameters
    ----------
    human, machine
        Shape (n ≥ 4 persons, c ≥ 2 competencies), finite, columns in the same order.
    names
        Of the competencies.
    same
        Correlation above which two scores count as one, 0–1.
    confidence
        Of the intervals.

    Raises
    ------
    ValueError
        For shapes or names that do not match, or a column that does not vary.

    References
    ----------
    Campbell & Fiske (1959), Psychological Bulletin 56, 81–105; Galwey (2009), Genetic Epidemiology 33, 559–568
    (effective numbers).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> traits = rng.standard_normal((300, 2))
    >>> seen, heard = (traits + 0.5 * rng.standard_normal((300, 2)) for _ in range(2))
    >>> found = multitrait_multimethod(seen, heard, ["teamwork", "problem solving"])
    >>> [one.discriminated for one in found.traits], round(found.effective_machine, 1), found.inseparable
    ([True, True], 2.0, ())
    """
    function = "multitrait_multimethod"
    people = matrix(function, "human", human, rows=SMALLEST_SAMPLE, columns=2)
    scores = matrix(function, "machine", machine, rows=SMALLEST_SAMPLE, columns=2)
    same_length(function, human=people, machine=scores)
    level = confidence_level(function, confidence)
    number(function, "same", same, 0.0, 1.0, open_low=True)
    c, n = people.shape[1], len(people)
    if scores.shape[1] != c or len(names) != c:
        raise ValueError(
            f"The parameters of {function} must describe the same competencies. Got {c} human columns, "
            f"{scores.shape[1]} machine columns and {len(names)} names instead."
        )
    both = np.hstack([people, scores])
    constant = np.flatnonzero(np.ptp(both, axis=0) == 0)
    if len(constant):
        who = "human" if constant[0] < c else "machine"
        raise ValueError(f"Every column must vary. Got one value only for {names[constant[0] % c]!r} ({who}) instead.")
    table = np.clip(np.corrcoef(both.T), -1.0, 1.0)
    among_people, among_scores, across = table[:c, :c], table[c:, c:], table[c:, :c]
    pairs = [(i, j) for i in range(c) for j in range(i + 1, c)]
    return Traits(
        traits=tuple(_trait(name, i, across, n, level) for i, name in enumerate(names)),
        human=among_people,
        machine=among_scores,
        across=across,
        effective_human=effective_number(among_people),
        effective_machine=effective_number(among_scores),
        inseparable=tuple(
            (names[i], names[j]) for i, j in pairs if correlation_interval(among_scores[i, j], n, level).high > same
        ),
        n=n,
    )


def effective_number(correlations: Floats) -> float:
    """How many independent variables carry what these correlated ones carry, 1 to c.

    Examples
    --------
    >>> float(effective_number(np.eye(4))), round(effective_number(np.full((4, 4), 1.0)), 6)
    (4.0, 1.0)
    """
    values = np.linalg.eigvalsh(correlations)
    return float(values.sum() ** 2 / np.sum(values**2))


def _trait(name: str, i: int, across: Floats, n: int, confidence: float) -> Trait:
    own = float(across[i, i])
    others = np.concatenate([np.delete(across[i], i), np.delete(across[:, i], i)])
    return Trait(
        name=name,
        convergent=Estimate(own, *correlation_interval(own, n, confidence)),
        strongest_other=float(np.delete(across[i], i).max()),
        margin=own - float(others.mean()),
        discriminated=bool(own > others.max()),
    )
