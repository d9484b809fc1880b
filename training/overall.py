"""The overall score: weights learned from performance, and scores of people whose performance they did not see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vivavoce.data.framework import Framework
from vivavoce.evaluation.arguments import Floats
from vivavoce.training.inputs import LEAST_PEOPLE, BadTraining, Inputs
from vivavoce.training.learned import LearnedWeights
from vivavoce.training.pooling import Beside
from vivavoce.training.scheme import BY_PERSON, Scheme
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
