"""Whether fusion earns its place: beside linear on the same folds by person, kept only where better beyond noise."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from vivavoce.data.framework import Framework
from vivavoce.evaluation.estimate import Estimate, Floats, bootstrap, same_length
from vivavoce.models.fusion.estimator import FusionRegressor
from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.training import BadTraining
from vivavoce.training.fusion.folds import Lesson, Sequences, sequences_of
from vivavoce.training.inputs import Inputs
from vivavoce.training.learned import without_nan
from vivavoce.training.overall import cross_fitted

CONFIDENCE = 0.95
BY_COMPETENCY = "linear by competency"  # the model that ``--kind linear`` trains
ADVICE = {
    ("linear", "fusion"): " This version is the linear one: train with --kind fusion to have the other.",
    ("fusion", "linear"): " This version is fusion all the same, as it was asked for: linear is the one to use.",
}  # by what was trained, and what was found
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

    def document(self, trained: Literal["linear", "fusion"] = "linear") -> dict[str, Any]:
        """As JSON for the model version, which is of the kind ``trained``."""
        body = {name: value for name, value in asdict(self).items() if name != "reason"}
        said = f"Fusion beside linear: {self.reason}" + ADVICE.get((trained, self.kind), "")
        return dict(without_nan({**body, "said": said}))


def choose_for(inputs: Inputs, framework: Framework, *, fusion: FusionRegressor | None = None, seed: int = 0) -> Choice:
    """Whether fusion would beat the linear model of one job family, trained as ``viva train`` does.

    Beside the two linear models of :func:`choose` stands the trained one: each competency from its own features and
    its own questions.

    Parameters
    ----------
    inputs, framework
        What would be learned from, and for which job.
    fusion
        Its settings; modalities are the inputs' own. By default those of :class:`FusionRegressor`.
    seed
        Of folds, draws and fusion itself.

    Raises
    ------
    BadTraining
        Where single answers are not known, and for fewer than 100 persons.
    """
    lesson, competencies = lesson_of(inputs, sequences_of(inputs, framework), fusion, seed=seed), list(inputs.ratings)
    return compare(
        {**linear_for(inputs, lesson), "fusion": lesson.predicted()}, lesson.ratings, lesson.persons, competencies, seed
    )


def lesson_of(
    inputs: Inputs,
    sequences: Sequences,
    fusion: FusionRegressor | None = None,
    *,
    seed: int = 0,
    checkpoints: Path | None = None,
) -> Lesson:
    """What fusion is taught by, of one training.

    Raises
    ------
    BadTraining
        For fewer than 100 persons.
    """
    people = len(np.unique(inputs.candidates))
    if people < LEAST_PEOPLE:
        raise BadTraining(f"fusion needs {LEAST_PEOPLE} people to be tried on. Got {people}: use linear.")
    return Lesson(
        clone(fusion or FusionRegressor()).set_params(modalities=sequences.modalities, random_state=seed),
        sequences.values,
        np.column_stack(list(inputs.ratings.values())),
        inputs.candidates,
        inputs.weights,
        inputs.scheme,
        seed,
        checkpoints,
    )


def linear_for(inputs: Inputs, lesson: Lesson) -> dict[str, Floats]:
    """Cross-fitted ratings, shape (n, k), of the linear models that fusion must beat, by name."""
    ridge = CompetencyRidge(least_measured=0.0)  # fusion predicts wherever anything was measured: equal terms
    trained = [
        cross_fitted(
            ridge,
            np.column_stack(list(columns.values())),
            inputs.ratings[name],
            inputs.candidates,
            weights=inputs.weights,
            scheme=inputs.scheme,
            seed=lesson.seed,
        )
        for name, columns in inputs.features.items()
    ]
    return {BY_COMPETENCY: np.column_stack(trained), **linear_of(lesson)}


def choose(
    fusion: FusionRegressor,
    sequences: npt.ArrayLike,
    ratings: npt.ArrayLike,
    persons: npt.ArrayLike,
    competencies: Sequence[str],
    *,
    weights: Floats | None = None,
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
    weights
        Opaque sample weights, shape (n,), ≥ 0; by default everybody counts alike.
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
    lesson = Lesson(fusion, x, y, who, weights, seed=seed)
    return compare({**linear_of(lesson), "fusion": lesson.predicted()}, y, who, competencies, seed)


def linear_of(lesson: Lesson) -> dict[str, Floats]:
    """Cross-fitted ratings, shape (n, k), of two ridges: on every feature's mean, and on all answers side by side."""
    given = {"linear": _means(lesson.x), "linear by answer": lesson.x.reshape(len(lesson.x), -1)}
    return {name: _linear(x, lesson) for name, x in given.items()}


def compare(
    predictions: Mapping[str, Floats],
    ratings: Floats,
    persons: npt.NDArray[Any],
    competencies: Sequence[str],
    seed: int = 0,
) -> Choice:
    """Whether ``fusion`` explains more than the best of the others beyond noise.

    Parameters
    ----------
    predictions
        Ratings cross-fitted on the same folds, shape (n, k), by model.
    ratings, persons, competencies, seed
        As in :func:`choose`.
    """
    explained = {name: float(np.mean(_explained(ratings, one))) for name, one in predictions.items()}
    rival = max((name for name in predictions if name != "fusion"), key=explained.__getitem__)
    parts = _parts(ratings, predictions["fusion"], predictions[rival])
    gain = bootstrap(_gain, parts, persons=persons, confidence=CONFIDENCE, seed=seed)
    gains = {
        name: bootstrap(_gain, parts[:, :, [i]], persons=persons, confidence=CONFIDENCE, seed=seed)
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


def _linear(x: Floats, of: Lesson) -> Floats:
    """Every row's ratings by ridges that saw no rating of that row's person; absent values count as the mean."""
    model = CompetencyRidge(least_measured=0.0)
    return np.column_stack(
        [
            cross_fitted(model, x, rating, of.persons, weights=of.weights, scheme=of.scheme, seed=of.seed)
            for rating in of.ratings.T
        ]
    )


def _explained(y: Floats, prediction: Floats) -> list[float]:
    """1 − error / variance, for each competency; rows without a rating or a prediction are left out."""
    error, spread = (y - prediction) ** 2, np.where(np.isnan(prediction), np.nan, y)
    return [float(1 - np.nanmean(e) / np.nanvar(s)) for e, s in zip(error.T, spread.T, strict=True)]


def _parts(y: Floats, one: Floats, other: Floats) -> Floats:
    """What a gain is summed from, shape (n, 5, k); all 0 where a rating or either prediction is missing."""
    centred = y - np.nanmean(y, axis=0)
    found = np.stack([np.ones_like(y), centred, centred**2, (y - one) ** 2, (y - other) ** 2], axis=1)
    return np.where(np.isnan(found).any(axis=1, keepdims=True), 0.0, found)


def _gain(parts: Floats) -> float:
    """How much more one model explains than the other, mean over competencies."""
    count, total, squares, own, rival = parts.sum(axis=0)
    variance = squares / count - (total / count) ** 2
    return float(np.mean((rival - own) / count / variance))
