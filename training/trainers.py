"""Trainers: what makes a model version of a kind from people, behind one protocol; found by the kind's name.

A kind is a folder here, ``training/NAME/NAME_trainer.py`` with its ``TRAINER``, beside the one in ``models``
(``models/directory.py``). Nobody else lists kinds or compares their names: what differs between them a trainer says.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np

from vivavoce.data.framework import Framework
from vivavoce.evaluation.estimate import Floats
from vivavoce.models.directory import known_kinds, part_of
from vivavoce.models.score import OVERALL
from vivavoce.models.version import ModelVersion
from vivavoce.training import BadTraining
from vivavoce.training.inputs import Inputs
from vivavoce.training.pooling import Beside
from vivavoce.training.scheme import PERSON
from vivavoce.training.validation.overall import THOROUGH, USUAL, Effort
from vivavoce.training.variants import Variant, change

TRAINERS, TRAINER = "vivavoce.training", "trainer"  # the package of kinds that can be trained, and the part that does


class Tried(Protocol):
    """One setting that a search tried."""

    @property
    def settings(self) -> Mapping[str, str | float]:
        """By name."""

    @property
    def error(self) -> float:
        """Mean squared error on inner folds as a share of the ratings' variance; ideal 0."""

    @property
    def r(self) -> float:
        """Correlation on inner folds; ``nan`` where pruned."""

    @property
    def pruned(self) -> bool:
        """Whether it was given up early."""


@dataclass(frozen=True)
class Settings:
    """How to train.

    Parameters
    ----------
    seed
        Of every random split, draw and search.
    tune
        Settings to try for each competency; 0: none are searched.
    thorough
        Whether validity is looked at for minutes.
    beside
        Other jobs that weights are pooled with.
    checkpoints
        A folder of its own where a training that takes long may keep how far it is; None: nowhere.
    reading
        What was said of who reads, by the names of :data:`READING`.
    """

    seed: int = 0
    tune: int = 0
    thorough: bool = False
    beside: tuple[Beside, ...] = ()
    checkpoints: Path | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)

    @property
    def effort(self) -> Effort:
        """How long to look at validity beyond correlations."""
        return THOROUGH if self.thorough else USUAL


Version = TypeVar("Version", bound=ModelVersion)
AnyVersion = TypeVar("AnyVersion", bound=ModelVersion, covariant=True)


@dataclass(frozen=True)
class Made(Generic[AnyVersion]):
    """A version, and the scores of its own people that its figures rest on: they stay in memory.

    Parameters
    ----------
    model
        The version.
    z
        Each competency's score of people whose rating it did not see, (points − 50) / 15, one per interview, shape
        (n,); ``nan`` where not measured.
    overall
        Σ w z with weights learned from other people's performance, shape (n,); ``nan`` for people without performance.
        Without any performance, under the framework's weights.
    predicted
        Ratings that it predicts of people not seen, by competency, shape (n,); empty for what predicts no ratings.
    trials
        What a search tried, by competency.
    spent
        Folders that are of no use once the version is saved.
    """

    model: AnyVersion
    z: Mapping[str, Floats]
    overall: Floats
    predicted: Mapping[str, Floats] = field(default_factory=dict)
    trials: Mapping[str, Sequence[Tried]] = field(default_factory=dict)
    spent: tuple[Path, ...] = ()


class Trainer(Protocol[Version]):
    """Makes versions of one kind."""

    @property
    def learns(self) -> bool:
        """Whether it learns from human ratings, and therefore needs them; else people are evidence only."""

    @property
    def idle(self) -> tuple[str, ...]:
        """Options of a training that would do nothing, of :data:`OPTIONS`."""

    @property
    def why_idle(self) -> str:
        """Why they would do nothing, after the kind's name: "learns nothing"."""

    def train(self, inputs: Inputs, framework: Framework, settings: Settings) -> Made[Version]:
        """Make a version with what it is worth: documents ``datasheet``, ``weights``, ``validity`` and its own.

        Raises
        ------
        BadTraining
            For people or a framework that this kind cannot be made from.
        """

    def scores_under(self, model: Version, inputs: Inputs, variant: Variant | None, seed: int) -> dict[str, Floats]:
        """Scores of every interview by competency and ``overall``, shape (n,) each, as it is or as a variant has it.

        No score is by a model that saw that person's rating; ``nan`` where not scored.

        Raises
        ------
        BadTraining
            For a variant that names what is not there, or leaves a competency without questions or features.
        """


@runtime_checkable
class Bare(Protocol[AnyVersion]):
    """A trainer that needs nobody: its versions can be made before the first interview."""

    def bare(self, framework: Framework, settings: Settings) -> AnyVersion:
        """A version without any evidence beside it; raises ``BadTraining`` for what it cannot be made from."""


READING = ("weights_file", "endpoint", "model_name", "key_variable", "readings")  # who reads answers, and how often
OPTIONS: Mapping[str, object] = {  # what a kind may have no use for, and what stands for "not asked for"
    "tune": 0,
    "sample_weights": None,
    "thorough": False,
    "beside": (),
    "split": PERSON,
    **dict.fromkeys(READING),
}


def kinds() -> tuple[str, ...]:
    """Every kind that can be trained, in alphabetical order.

    Examples
    --------
    >>> kinds()
    ('fusion', 'linear', 'reader', 'rubric')
    """
    return known_kinds(TRAINERS, TRAINER)


def trainer(kind: str) -> Trainer[Any]:
    """The trainer of a kind; raises ``UnknownKind``, which lists those that there are."""
    found: Trainer[Any] = part_of(kind, TRAINERS, TRAINER).TRAINER
    return found


def check_options(kind: str, asked: Mapping[str, object], *, rated: bool, measured: bool = True) -> None:
    """Refuse (``BadTraining``) options that a kind has no use for, and a kind that lacks what it learns from.

    Parameters
    ----------
    kind
        Its name.
    asked
        What was asked for, by the names of :data:`OPTIONS`.
    rated, measured
        Whether human ratings, and measured features, are given.
    """
    made_by = trainer(kind)
    given = [name for name, usual in OPTIONS.items() if _differs(asked[name], usual)]
    idle = [f"--{name.replace('_', '-')}" for name in given if name in made_by.idle]
    if idle:
        raise BadTraining(f"--kind {kind} {made_by.why_idle}, so {', '.join(idle)} would do nothing: leave it out.")
    if made_by.learns and not rated:
        without = " or ".join(f"--kind {one}" for one in kinds() if not trainer(one).learns)
        raise BadTraining(f"--kind {kind} learns from human ratings: give --ratings. Only {without} needs none.")
    if not measured and (rated or not isinstance(made_by, Bare)):
        raise BadTraining(f"--kind {kind} needs the features of people: name a features.parquet.")


def _differs(asked: object, usual: object) -> bool:
    """Whether an option was asked for; a table is compared with nothing."""
    return asked is not None if usual is None else asked != usual


def relearned_scores(
    inputs: Inputs,
    framework: Framework,
    variant: Variant | None,
    learn: Callable[[Inputs, Framework], Made[ModelVersion]],
) -> dict[str, Floats]:
    """Cross-fitted scores of every interview, learned again under a variant: ``scores_under`` of what learns.

    Parameters
    ----------
    inputs, framework
        As for :meth:`Trainer.train`.
    variant
        What to change; None: nothing.
    learn
        How the version was learned.

    Raises
    ------
    BadTraining
        As :meth:`Trainer.scores_under`, and without ratings to learn from.
    """
    if inputs.raters == 0:
        raise BadTraining("Every alternative to a trained version learns from human ratings: give --ratings.")
    made = learn(*((inputs, framework) if variant is None else change(inputs, framework, variant)))
    given = None if variant is None else variant.weights
    weights = np.array([(given or made.model.weights)[name] for name in made.z])
    plain: Floats = np.column_stack(list(made.z.values())) @ weights
    return {**made.z, OVERALL: plain if given else np.where(np.isnan(made.overall), plain, made.overall)}
