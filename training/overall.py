"""The overall score: weights learned from performance, and scores of people whose performance they did not see.

Scores that no person's own rating had a part in: what validity and weights may be computed from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone

from vivavoce.data.framework import Framework
from vivavoce.evaluation.estimate import Floats, same_length, vectors
from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.training import BadTraining
from vivavoce.training.inputs import LEAST_PEOPLE, Inputs
from vivavoce.training.learned import LearnedWeights
from vivavoce.training.pooling import Beside
from vivavoce.training.scheme import BY_PERSON, Scheme, Split, check_splits
from vivavoce.training.weights import learn_weights

LEAST_TEACHING = 10  # people whose performance weights can be learned from at all: two in each of five folds


@dataclass(frozen=True)
class Overall:
    """People with performance, one row each, and what predicts it.

    Parameters
    ----------
    learned
        Weights, from all of them.
    persons
        Ids, shape (n,).
    performance
        Shape (n,).
    z
        Cross-fitted scores, columns in the framework's order, shape (n, k).
    composites
        ``learned`` (weights from other people), ``framework``, ``unit`` (the plain mean), and each competency alone;
        shape (n,) each.
    """

    learned: LearnedWeights
    persons: npt.NDArray[np.str_]
    performance: Floats
    z: Floats
    composites: Mapping[str, Floats]


def learn_overall(
    inputs: Inputs, framework: Framework, scores: Mapping[str, Floats], seed: int, *, beside: Sequence[Beside] = ()
) -> Overall | None:
    """Learn weights from the people with performance, pooled with other jobs ``beside``; None where nobody has any.

    Raises
    ------
    BadTraining
        For fewer than 50 of them.
    """
    z = pd.DataFrame(scores).assign(y=inputs.performance).groupby(inputs.candidates).mean().dropna()
    if len(z) == 0:
        return None
    if len(z) < LEAST_PEOPLE:
        raise BadTraining(f"Weights need the performance of {LEAST_PEOPLE} scored people. Got {len(z)}: leave it out.")
    x, y, persons = z[list(scores)].to_numpy(), z["y"].to_numpy(), z.index.to_numpy(str)
    job = np.full(len(y), framework.job)
    applicants = pd.DataFrame(scores).dropna().cov().to_numpy()
    learned = learn_weights(
        x, y, job, framework.weights, applicants=applicants, same_raters=inputs.same_raters, beside=beside, seed=seed
    )
    composites = {
        "learned": cross_weighted(x, y, persons, framework.weights, scheme=inputs.scheme, beside=beside, seed=seed),
        "framework": x @ list(framework.weights.values()),
        "unit": x.mean(axis=1),
        **{name: x[:, i] for i, name in enumerate(scores)},
    }
    return Overall(learned, persons, y, x, composites)


def cross_weighted(
    z: Floats,
    performance: Floats,
    persons: npt.ArrayLike,
    prior: Mapping[str, float],
    *,
    scheme: Scheme = BY_PERSON,
    beside: Sequence[Beside] = (),
    seed: int = 0,
) -> Floats:
    """Σ w z of each person, shape (n,), with weights from other people's performance; ``nan`` for whom nobody tests.

    Parameters
    ----------
    z, performance
        Cross-fitted scores (n, k) and performance (n,) of one job, one row per person.
    persons
        Ids, shape (n,).
    prior
        The framework's weights.
    scheme
        By what people are split.
    beside
        Other jobs to pool with: their people are none of these.

    Raises
    ------
    BadTraining
        Where a split leaves too few to learn weights from.
    """
    found = np.full(len(performance), np.nan)
    for seen, held in scheme.splits(persons, seed=seed):
        if len(seen) < LEAST_TEACHING:
            raise BadTraining(
                f"Split by {scheme.by}, weights would be learned from {len(seen)} people where the other {len(held)} "
                f"are tested, and {LEAST_TEACHING} are needed. Split by person, or leave outcomes out."
            )
        job = np.full(len(seen), "one")
        weights = learn_weights(z[seen], performance[seen], job, prior, beside=beside, seed=seed).values
        found[held] = z[held] @ list(weights.values())
    return found


def check_weights(framework: Framework) -> None:
    """Refuse (``BadTraining``) a framework with a single competency, or one whose prior weight is 0."""
    idle = [name for name, weight in framework.weights.items() if weight == 0]
    if idle or len(framework.weights) < 2:
        raise BadTraining(f"{framework.job}: training needs two competencies, all with a prior weight above 0. {idle}")


def by_interview(inputs: Inputs, framework: Framework, scores: Mapping[str, Floats], overall: Overall | None) -> Floats:
    """The overall score of each interview, shape (n,), as :class:`vivavoce.training.trainers.Made` says."""
    if overall is None:
        return np.column_stack(list(scores.values())) @ list(framework.weights.values())
    learned = pd.Series(overall.composites["learned"], overall.persons)
    found: Floats = learned.reindex(inputs.candidates).to_numpy(np.float64)
    return found


LEAST_TAUGHT = 2  # rated rows that a model can be fitted to at all


class Estimator(Protocol):
    """What learns one rating: :class:`vivavoce.models.linear.ridge.CompetencyRidge`, or anything with its ``fit``."""

    def fit(self, X: Any, y: Any, groups: Any = None, sample_weight: Any = None) -> Self:
        """Learn from features (n, p) and ratings (n,)."""

    def predict(self, X: Any) -> Floats:
        """Ratings, shape (n,)."""


MakeRidge = Callable[[Sequence[str]], CompetencyRidge]  # an unfitted ridge for columns of these names


def plain(_: Sequence[str]) -> CompetencyRidge:
    """The ridge as it comes, whatever its columns."""
    return CompetencyRidge()


@dataclass(frozen=True)
class Procedure:
    """What everything goes through that is learned again to look at validity, in every one of those fits.

    Parameters
    ----------
    make
        Makes an unfitted ridge for the columns that it gets.
    said
        In words.
    """

    make: MakeRidge
    said: str


PLAIN = Procedure(plain, "the ridge, its penalty chosen anew in every fit")


def cross_fitted(
    model: Estimator,
    features: npt.ArrayLike,
    ratings: npt.ArrayLike,
    persons: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    splits: Sequence[Split] | None = None,
    scheme: Scheme = BY_PERSON,
    seed: int = 0,
) -> Floats:
    """Every row's prediction by a model that saw no rating of that row's person.

    Parameters
    ----------
    model
        What is fitted; it stays as it is (its clones are). It standardises and chooses its penalty inside each fold,
        by what ``scheme`` holds together.
    features
        Shape (n, p); ``nan`` where not measured.
    ratings
        Shape (n,); ``nan`` for rows that nobody rated. They are predicted like the others.
    persons
        Whose row it is, shape (n,).
    weights
        How much each row teaches, shape (n,), ≥ 0; by default all alike.
    splits
        Which rows teach and which are predicted; by default those of ``scheme``.
    scheme
        By what rows are split, here and inside each fit; by default by person, in five folds.
    seed
        Of the default folds.

    Returns
    -------
    array, shape (n,)
        ``nan`` where too little was measured, for rows that no split predicts, and where nobody rated could teach.

    Raises
    ------
    ValueError
        For shapes that do not fit, and splits with a person on both sides.

    Examples
    --------
    >>> from vivavoce.models.linear.ridge import CompetencyRidge
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((300, 2))
    >>> found = cross_fitted(CompetencyRidge(), x, x @ [1.0, 0.0], np.arange(300))
    >>> round(float(np.corrcoef(found, x[:, 0])[0, 1]), 2)
    1.0
    """
    x, who = np.asarray(features, np.float64), np.asarray(persons)
    y = np.asarray(ratings, np.float64)
    vectors("cross_fitted", ratings=y[~np.isnan(y)])
    counts = np.ones(len(y)) if weights is None else np.asarray(weights, np.float64)
    same_length("cross_fitted", features=x, ratings=y, persons=who, weights=counts)
    chosen = scheme.splits(who, seed=seed) if splits is None else list(splits)
    check_splits(chosen, who)
    found = np.full(len(y), np.nan)
    for seen, held in chosen:
        rated = seen[~np.isnan(y[seen]) & (counts[seen] > 0)]
        if len(rated) >= LEAST_TAUGHT:
            fitted = clone(model).fit(x[rated], y[rated], groups=scheme.inner(who[rated]), sample_weight=counts[rated])
            found[held] = fitted.predict(x[held])
    return found
