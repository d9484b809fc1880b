"""Whether fusion earns its place: beside linear on the same folds by person, kept only where better beyond noise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from vivavoce.evaluation.arguments import Floats, same_length
from vivavoce.evaluation.estimate import Estimate
from vivavoce.evaluation.resampling import bootstrap
from vivavoce.models.fusion.estimator import FusionRegressor
from vivavoce.models.linear import CompetencyRidge
from vivavoce.training.crossfit import cross_fitted
from vivavoce.training.splits import Split, splits_by_person

CONFIDENCE = 0.95
LEAST_PEOPLE = 100  # below it the held-out fifth that ends fusion's learning is a handful


@dataclass(frozen=True)
class Choice:
    """Linear or fusion, and why.

    Parameters
    ----------
    kind
        What to train.
    explained
        Share of the ratings' variance that each model explains in people that it has not seen (1 − error / variance,
        mean over competencies), by model; ideal 1, below 0 worse than everybody's mean.
    gain
        Fusion's explained share minus the better linear model's, 95 % interval over persons.
    gains
        The same for each competency.
    reason
        One sentence.
    """

    kind: Literal["linear", "fusion"]
    explained: Mapping[str, float]
    gain: Estimate
    gains: Mapping[str, Estimate]
    reason: str


def choose(
    fusion: FusionRegressor,
    sequences: npt.ArrayLike,
    ratings: npt.ArrayLike,
    persons: npt.ArrayLike,
    competencies: Sequence[str],
    *,
    seed: int = 0,
) -> Choice:
    """Compare fusion with linear on the same folds by person.

    Linear is tried twice: on each feature's mean over the answers, as it is trained otherwise, and on every answer's
    features side by side, so that fusion cannot win by merely knowing which answer is which.

    Parameters
    ----------
    fusion
        What would be fitted; its clones are.
    sequences
        Shape (n, answers, features); ``nan`` where not measured.
    ratings
        Shape (n, k); ``nan`` where nobody rated.
    persons
        Whose row it is, shape (n,); 100 persons at least.
    competencies
        k names.
    seed
        Of folds and draws.

    Raises
    ------
    ValueError
        For shapes that do not fit and fewer than 100 persons.
    """
    x, y, who = np.asarray(sequences, np.float64), np.asarray(ratings, np.float64), np.asarray(persons)
    same_length("choose", sequences=x, ratings=y, persons=who)
    if x.ndim != 3 or y.ndim != 2 or y.shape[1] != len(competencies) or len(np.unique(who)) < LEAST_PEOPLE:
        raise ValueError(
            f"choose needs sequences (n, answers, features) and ratings (n, {len(competencies)}) of {LEAST_PEOPLE} "
            f"persons. Got shapes {x.shape} and {y.shape} of {len(np.unique(who))} persons instead."
        )
    splits = splits_by_person(who, seed=seed)
    predictions = {
        "linear": _linear(_means(x), y, who, splits),
        "linear by answer": _linear(x.reshape(len(x), -1), y, who, splits),
        "fusion": _fusion(fusion, x, y, who, splits),
    }
    explained = {name: float(np.mean(_explained(y, one))) for name, one in predictions.items()}
    rival = max(("linear", "linear by answer"), key=explained.__getitem__)
    both = ~np.isnan(predictions[rival]) & ~np.isnan(predictions["fusion"]) & ~np.isnan(y)
    y = np.where(both, y, np.nan)
    pair = predictions["fusion"], predictions[rival]
    gain = bootstrap(_gain, *pair, y, persons=who, confidence=CONFIDENCE, seed=seed)
    gains = {
        name: bootstrap(_gain, *(one[:, [i]] for one in (*pair, y)), persons=who, confidence=CONFIDENCE, seed=seed)
        for i, name in enumerate(competencies)
    }
    return Choice("fusion" if gain.low > 0 else "linear", explained, gain, gains, _reason(gain, rival))


def _reason(gain: Estimate, rival: str) -> str:
    said = f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}] of the ratings' variance against {rival}"
    if gain.low > 0:
        return f"fusion: it explains {said}, in people that neither has seen."
    if gain.high < 0:
        return f"linear: fusion explains less, {said}."
    return f"linear: fusion's gain, {said}, cannot be told from none, and linear is the simpler."


def _means(x: Floats) -> Floats:
    """Over the answers in which a feature was measured, shape (n, features)."""
    count = (~np.isnan(x)).sum(axis=1)
    return np.where(count > 0, np.nansum(x, axis=1) / np.maximum(count, 1), np.nan)


def _linear(x: Floats, y: Floats, who: npt.NDArray[Any], splits: list[Split]) -> Floats:
    """Every row's ratings by ridges that saw no rating of that row's person; absent values count as the mean."""
    model = CompetencyRidge(least_measured=0.0)  # fusion predicts wherever anything was measured: equal terms
    return np.column_stack([cross_fitted(model, x, rating, who, splits=splits) for rating in y.T])


def _fusion(model: FusionRegressor, x: Floats, y: Floats, who: npt.NDArray[Any], splits: list[Split]) -> Floats:
    """The same by fusion, all competencies in one fit; a checkpoint belongs to the final fit and is left alone."""
    found = np.full(y.shape, np.nan)
    for seen, held in splits:
        rated = seen[~np.isnan(y[seen]).all(axis=1)]
        fitted = clone(model).set_params(checkpoint=None).fit(x[rated], y[rated], groups=who[rated])
        found[held] = fitted.predict(x[held])
    return found


def _explained(y: Floats, prediction: Floats) -> list[float]:
    """1 − error / variance, for each competency; rows without a rating or a prediction are left out."""
    error, spread = (y - prediction) ** 2, np.where(np.isnan(prediction), np.nan, y)
    return [float(1 - np.nanmean(e) / np.nanvar(s)) for e, s in zip(error.T, spread.T, strict=True)]


def _gain(one: Floats, other: Floats, y: Floats) -> float:
    """How much more one explains than the other, mean over competencies."""
    return float(np.mean(_explained(y, one)) - np.mean(_explained(y, other)))
