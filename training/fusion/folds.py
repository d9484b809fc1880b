"""Fusion fitted to everybody but those whom it then predicts, and taken apart on them.

A training's answers in the order in which fusion reads them.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from vivavoce.data.framework import Framework
from vivavoce.evaluation.estimate import Floats
from vivavoce.models.fusion.estimator import FusionRegressor
from vivavoce.models.fusion.fitted import FittedFusion
from vivavoce.models.fusion.learn import CheckpointRefused
from vivavoce.models.fusion.network import sequences
from vivavoce.training import BadTraining
from vivavoce.training.inputs import Inputs
from vivavoce.training.scheme import BY_PERSON, Rows, Scheme

MOST_EXCHANGED = 400  # interviews of a fold in which columns are exchanged: a mean over 2,000 is known to 2 %


@dataclass(frozen=True)
class Lesson:
    """What fusion is taught by: settings, data, and where a fit that is interrupted goes on.

    Parameters
    ----------
    model
        Settings; clones of it are fitted.
    x, ratings
        Sequences (n, questions, p) and ratings (n, k), ``nan`` where not measured and not rated.
    persons
        Whose row it is, shape (n,).
    weights
        Opaque sample weights, shape (n,), ≥ 0; None: everybody counts alike.
    scheme, seed
        By what people are split, and of the folds.
    checkpoints
        A folder with a file for each fit; None: an interrupted fit starts anew.
    """

    model: FusionRegressor
    x: Floats
    ratings: Floats
    persons: npt.NDArray[np.generic]
    weights: Floats | None = None
    scheme: Scheme = BY_PERSON
    seed: int = 0
    checkpoints: Path | None = None

    def fit(self, rows: Rows, name: str) -> FusionRegressor:
        """Fit the rated people among these rows; the name is its checkpoint's.

        Raises
        ------
        BadTraining
            Where a checkpoint of this name is of another fit.
        """
        counts = np.ones(len(self.x)) if self.weights is None else self.weights
        rated = rows[~np.isnan(self.ratings[rows]).all(axis=1) & (counts[rows] > 0)]
        place = None if self.checkpoints is None else self.checkpoints / f"{name}.safetensors"
        model: FusionRegressor = clone(self.model).set_params(checkpoint=place)
        groups = self.scheme.inner(self.persons[rated])
        try:
            return model.fit(self.x[rated], self.ratings[rated], groups=groups, sample_weight=counts[rated])
        except CheckpointRefused as error:
            raise BadTraining(str(error)) from error

    def folds(self, name: str = "fold") -> Iterator[tuple[FittedFusion, Rows]]:
        """Each fold's model, and the rows of the people whom it has not seen."""
        for i, (seen, held) in enumerate(self.scheme.splits(self.persons, seed=self.seed)):
            yield self.fit(seen, f"{name}-{i + 1}").fitted_, held

    def predicted(self, name: str = "fold") -> Floats:
        """Every row's ratings by a model that saw no rating of that row's person, shape (n, k)."""
        found = np.full(self.ratings.shape, np.nan)
        for fitted, held in self.folds(name):
            found[held] = fitted.predict(self.x[held]).mean
        return found


@dataclass(frozen=True)
class TakenApart:
    """Predictions for people not seen, and what they rest on.

    Parameters
    ----------
    predicted
        Ratings, shape (n, k); ``nan`` for whom no fold tests.
    answers
        Each answer's pseudo-value, shape (n, questions, k): q · prediction − (q − 1) · prediction without it, for a
        mean of answers just what the answer says; ``nan`` where it was not given, or was the only one.
    moved
        Mean change of the predicted rating, either way, when a column of all answers is exchanged with another
        interview's, shape (k, p).
    gates
        How far each modality was let through, mean over those who have it, 0–1.
    """

    predicted: Floats
    answers: Floats
    moved: Floats
    gates: dict[str, float]


def take_apart(lesson: Lesson) -> TakenApart:
    """Predict everybody by the folds' models, and look what each answer, column and modality does to it.

    References
    ----------
    Tukey (1958), Annals of Mathematical Statistics 29, 614 (pseudo-values); Efron & Stein (1981), Annals of Statistics
    9, 586–596: their variance is, if anything, too large; Breiman (2001), Machine Learning 45, 5–32 (exchanging).
    """
    n, questions, p = lesson.x.shape
    k = lesson.ratings.shape[1]
    predicted, answers = np.full((n, k), np.nan), np.full((n, questions, k), np.nan)
    moved, exchanged = np.zeros((k, p)), 0
    gates: list[Floats] = []
    names: tuple[str, ...] = ()
    for turn, (fitted, held) in enumerate(lesson.folds()):
        found = fitted.predict(lesson.x[held])
        predicted[held] = found.mean
        answers[held] = _pseudo_values(fitted, lesson.x[held], found.mean)
        some = np.random.default_rng([lesson.seed, turn]).permutation(held)[:MOST_EXCHANGED]
        moved += _moved(fitted, lesson.x[some])
        exchanged += len(some)
        gates.append(found.gates)
        names = tuple(one.name for one in fitted.modalities)
    let = np.vstack(gates)
    open_ = {name: float(let[let[:, i] > 0, i].mean()) for i, name in enumerate(names) if (let[:, i] > 0).any()}
    return TakenApart(predicted, answers, moved / exchanged, open_)


def _pseudo_values(fitted: FittedFusion, x: Floats, whole: Floats) -> Floats:
    given = ~np.isnan(x).all(axis=2)
    count = given.sum(axis=1)[:, None]
    found = np.full((*given.shape, whole.shape[1]), np.nan)
    for place in range(x.shape[1]):
        without = x.copy()
        without[:, place] = np.nan
        rest = fitted.predict(without).mean
        found[:, place] = np.where(given[:, [place]], count * whole - (count - 1) * rest, np.nan)
    return found


def _moved(fitted: FittedFusion, x: Floats) -> Floats:
    """Sum of absolute changes, shape (k, p): every row gets the next row's column."""
    before = fitted.predict(x).mean
    found = np.zeros((before.shape[1], x.shape[2]))
    for column in range(x.shape[2]):
        changed = x.copy()
        changed[:, :, column] = np.roll(x[:, :, column], 1, axis=0)
        found[:, column] = np.nansum(np.abs(fitted.predict(changed).mean - before), axis=0)
    return found


UNDECLARED = "undeclared"  # the modality of columns that declare none


@dataclass(frozen=True)
class Sequences:
    """The answers of a training's interviews, one place for each question of the framework.

    Parameters
    ----------
    values
        Shape (n, questions, p); ``nan`` where not measured or not asked; the mean where a question has several answers.
    columns
        p names.
    modalities
        The columns of each, as :class:`FusionRegressor` takes them.
    """

    values: Floats
    columns: tuple[str, ...]
    modalities: Mapping[str, tuple[int, ...]]

    def of(self, modalities: Collection[str]) -> "Sequences":
        """The same answers, of which only these modalities were looked at."""
        kept = sorted(i for name in modalities for i in self.modalities[name])
        place = {column: i for i, column in enumerate(kept)}
        named = {name: tuple(place[i] for i in self.modalities[name]) for name in self.modalities if name in modalities}
        return Sequences(self.values[:, :, kept], tuple(self.columns[i] for i in kept), named)


def sequences_of(inputs: Inputs, framework: Framework) -> Sequences:
    """Put a training's answers in the order of the framework's questions.

    Raises
    ------
    BadTraining
        Where only interviews are known, not their single answers, and where nothing was measured that varies.
    """
    if inputs.answers is None:
        raise BadTraining("fusion reads single answers, and these features are one row per interview: use linear.")
    columns = tuple(dict.fromkeys(name for own in inputs.features.values() for name in own))
    if not columns:
        raise BadTraining("None of the features was measured with more than one value.")
    of = inputs.answers
    given = {name: of.columns[name] for name in columns}
    questions = [question.id for question in framework.questions]
    values = sequences(given, of.interview, of.question, questions, len(inputs.interviews))
    modalities: dict[str, tuple[int, ...]] = {}
    for i, name in enumerate(columns):
        modality = inputs.modalities.get(name, UNDECLARED)
        modalities[modality] = (*modalities.get(modality, ()), i)
    return Sequences(values, columns, modalities)
