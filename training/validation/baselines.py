"""What a trained score must beat: the rubric, unit weights, answer length; each from the same answers.

Are the competencies different things, said in words: multitrait–multimethod findings that a reader must know.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin

from vivavoce.evaluation.correlation import correlation_interval
from vivavoce.evaluation.discriminant import SAME, Traits, multitrait_multimethod
from vivavoce.evaluation.estimate import Floats, two_decimals
from vivavoce.evaluation.gain import Gain, gain
from vivavoce.models.rubric.rubric import rubric_parameters
from vivavoce.training.inputs import Answers
from vivavoce.training.overall import cross_fitted
from vivavoce.training.scheme import BY_PERSON, Scheme

LENGTH = "language.length_words"
DRAWS = 1000
WORDS = {"shown": "beats", "not shown": "does not beat", "underpowered": "cannot be told from"}


class UnitWeights(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """The mean of all standardised features, each counted in the direction in which it goes with the rating.

    Nothing but directions is learned: what is hardest to overfit, and often hard to beat.

    Attributes
    ----------
    mean_, scale_, sign_
        Of each feature in training, shape (p,); ``sign_`` is 0 for one that does not vary.

    References
    ----------
    Dawes (1979), American Psychologist 34, 571–582.
    """

    def fit(self, X: Any, y: Any, groups: Any = None, sample_weight: Any = None) -> Self:  # noqa: ARG002 (the common form)
        """Learn directions from features (n, p), ``nan`` where not measured, and ratings (n,)."""
        x, target = np.asarray(X, np.float64), np.asarray(y, np.float64)
        weights = np.ones(len(x)) if sample_weight is None else np.asarray(sample_weight, np.float64)
        known = ~np.isnan(x)
        total = np.maximum(weights @ known, np.finfo(np.float64).tiny)
        self.mean_ = weights @ np.where(known, x, 0.0) / total
        centred = np.where(known, x - self.mean_, 0.0)
        spread = np.sqrt(weights @ centred**2 / total)
        self.scale_ = np.where(spread > 0, spread, 1.0)
        self.sign_ = np.sign((weights * (target - np.average(target, weights=weights))) @ centred) * (spread > 0)
        return self

    def predict(self, X: Any) -> Floats:
        """The mean over the features that were measured, shape (n,); ``nan`` where none was."""
        z = (np.asarray(X, np.float64) - self.mean_) / self.scale_ * self.sign_
        known = ~np.isnan(z)
        count = known.sum(axis=1)
        found: Floats = np.divide(
            np.where(known, z, 0.0).sum(axis=1), count, out=np.full(len(z), np.nan), where=count > 0
        )
        return found


@dataclass(frozen=True)
class Baseline:
    """A simpler score beside the trained one.

    Parameters
    ----------
    name
        ``rubric``, ``unit weights`` or ``answer length``.
    gain
        Of the trained score over it, in r, paired over persons; None where it could not be computed.
    reason
        Why not; None where it was.
    """

    name: str
    gain: Gain | None
    reason: str | None = None

    @property
    def beaten(self) -> bool:
        """Whether the trained score is better beyond chance."""
        return self.gain is not None and self.gain.verdict == "shown"

    def sentence(self, what: str) -> str:
        """Whether it is beaten, in words.

        Examples
        --------
        >>> from vivavoce.evaluation.estimate import Estimate
        >>> one = Estimate(0.4, 0.3, 0.5)
        >>> Baseline("rubric", Gain(one, one, Estimate(0.07, 0.02, 0.12), "shown", 700, 300)).sentence("teamwork")
        'teamwork beats rubric: Δr .07 [.02, .12]'
        """
        if self.gain is None:
            return f"{what} was not compared with {self.name}: {self.reason}"
        delta = "" if np.isnan(self.gain.gain.value) else "Δr "
        return f"{what} {WORDS[self.gain.verdict]} {self.name}: {delta}{self.gain.gain.brief}"


def baselines(
    score: Floats,
    columns: Mapping[str, Floats],
    ratings: Floats,
    persons: npt.ArrayLike,
    rubric: Floats | str,
    *,
    weights: npt.ArrayLike | None = None,
    scheme: Scheme = BY_PERSON,
    seed: int = 0,
) -> tuple[Baseline, ...]:
    """Compare a cross-fitted score with what needs little or no learning, by correlation with the ratings.

    Parameters
    ----------
    score, ratings
        Shape (n,).
    columns
        The features that the score was learned from, shape (n,) each.
    persons
        Whose row it is, shape (n,).
    rubric
        The rubric's score of the same rows, or why there is none (:func:`rubric_scores`).
    weights, scheme, seed
        As in :func:`vivavoce.training.overall.cross_fitted`; directions are learned on other people, too.
    """
    x = np.column_stack(list(columns.values()))
    unit = cross_fitted(UnitWeights(), x, ratings, persons, weights=weights, scheme=scheme, seed=seed)
    length = in_its_favour(columns[LENGTH], ratings) if LENGTH in columns else f"{LENGTH} was not measured"
    found = []
    for name, other in {"rubric": rubric, "unit weights": unit, "answer length": length}.items():
        if isinstance(other, str):
            found.append(Baseline(name, None, other))
        else:
            found.append(Baseline(name, gain(other, score, ratings, persons, draws=DRAWS, seed=seed)))
    return tuple(found)


def in_its_favour(values: Floats, ratings: Floats) -> Floats:
    """Values, turned round where they fall with the ratings: a baseline gets the benefit of the doubt."""
    both = ~np.isnan(values) & ~np.isnan(ratings)
    product = (values[both] - values[both].mean()) @ (ratings[both] - ratings[both].mean()) if both.any() else 0.0
    return -values if product < 0 else values


def rubric_scores(answers: Answers, questions: Collection[str], competency: str, interviews: int) -> Floats | str:
    """The rubric's points of one competency for each interview, from the measures at hand; or why there are none.

    The richest variant whose measures are all here: as in scoring, an answer counts where all of them were measured.

    Parameters
    ----------
    answers
        Single answers.
    questions
        Ids of those that show the competency.
    competency
        Its id.
    interviews
        How many there are.

    Returns
    -------
    array, shape (interviews,), or str
        0–100; ``nan`` where no answer could be scored.
    """
    parameters = rubric_parameters()
    for measures in parameters.variants.values():
        of = {one: name for one in measures for name in (one, f"{one}.{competency}") if name in answers.columns}
        if len(of) == len(measures):
            break
    else:
        needed = ", ".join(sorted({one for measures in parameters.variants.values() for one in measures}))
        return f"its measures are not among the features ({needed})"
    rows = np.flatnonzero(answers.to(questions))
    points = np.zeros(len(rows))
    for measure, weight in measures.items():
        scale = parameters.scales[measure]
        share = np.clip((answers.columns[of[measure]][rows] - scale.none) / (scale.full - scale.none), 0.0, 1.0)
        points += 100 * weight * share
    known = ~np.isnan(points)
    total = np.bincount(answers.interview[rows][known], points[known], minlength=interviews)
    count = np.bincount(answers.interview[rows][known], minlength=interviews)
    found: Floats = np.divide(total, count, out=np.full(interviews, np.nan), where=count > 0)
    return found


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
