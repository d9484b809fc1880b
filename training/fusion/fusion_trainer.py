"""The fusion model's trainer: predictions for people not seen, norms, weights, what it is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone

from vivavoce.data.framework import Framework
from vivavoce.evaluation.correlation import correlation
from vivavoce.evaluation.estimate import Floats, undefined
from vivavoce.models.fusion.estimator import FusionRegressor
from vivavoce.models.fusion.fitted import measured_shares, usual_columns
from vivavoce.models.fusion.fusion_version import FusionVersion, check_questions
from vivavoce.models.linear.ridge import LEAST_MEASURED
from vivavoce.models.score import Norms
from vivavoce.training import BadTraining
from vivavoce.training.datasheet import datasheet
from vivavoce.training.fusion.choice import BY_COMPETENCY, Choice, compare, lesson_of, linear_for
from vivavoce.training.fusion.folds import UNDECLARED, Lesson, Sequences, TakenApart, sequences_of, take_apart
from vivavoce.training.inputs import LEAST_PEOPLE, Inputs
from vivavoce.training.learned import without_nan
from vivavoce.training.overall import by_interview, check_weights, learn_overall
from vivavoce.training.pooling import Beside
from vivavoce.training.trainers import READING, Made, Settings, Trainer, relearned_scores
from vivavoce.training.validation.increments import labels_of
from vivavoce.training.validation.overall import USUAL, Crossed, Effort, agreement, performance_of
from vivavoce.training.validation.permutation import Permuted
from vivavoce.training.validation.precision import Curve, Point, precision
from vivavoce.training.validation.report import Again, judge
from vivavoce.training.variants import Variant

SAID = "fusion, learned anew without each modality; for permutations, curve and elsewhere it is not learned again"
NOT_AGAIN = "fusion is not learned again for this"


def fit_fusion(
    inputs: Inputs,
    framework: Framework,
    *,
    fusion: FusionRegressor | None = None,
    checkpoints: Path | None = None,
    effort: Effort | None = USUAL,
    beside: Sequence[Beside] = (),
    seed: int = 0,
) -> Made[FusionVersion]:
    """Train the fusion model of one job family, and compare it with linear on the same folds.

    Every figure in its documents is from cross-fitted scores: no person was scored by a network, or weighted by
    weights, that saw that person's rating or performance.

    Parameters
    ----------
    inputs, framework
        What to learn from, and for which job.
    fusion
        Settings; modalities and seed are the inputs' own and this call's. By default those of
        :class:`FusionRegressor`.
    checkpoints
        A folder with a file for each fit: a training that was killed goes on from there, to the same bytes.
    effort
        How long to look at validity beyond correlations; None: not at all.
    beside
        Other jobs that weights are pooled with.
    seed
        Of everything random.

    Raises
    ------
    BadTraining
        For fewer than 100 people, interviews without their single answers, more than 10 questions, a competency whose
        prior weight is 0, and checkpoints of another training.
    """
    check_weights(framework)
    try:
        check_questions(len(framework.questions))
    except ValueError as error:
        raise BadTraining(str(error)) from error
    sequences = sequences_of(inputs, framework)
    lesson = lesson_of(inputs, sequences, fusion, seed=seed, checkpoints=checkpoints)
    if checkpoints is not None:
        checkpoints.mkdir(parents=True, exist_ok=True)
    apart = take_apart(lesson)
    linear = linear_for(inputs, lesson)
    choice = compare(
        {**linear, "fusion": apart.predicted}, lesson.ratings, lesson.persons, list(inputs.ratings), lesson.seed
    )
    crossed, moved = _crossed(inputs, framework, lesson, apart)
    scores = {name: one.z for name, one in crossed.items()}
    overall = learn_overall(inputs, framework, scores, seed, beside=beside)
    validity: dict[str, Any] = {
        "ratings": _agreement(inputs, scores, linear[BY_COMPETENCY], seed),
        "performance": performance_of(inputs, framework, crossed, overall, seed),
    }
    if effort is not None:
        again = _again(inputs, lesson, sequences, apart, crossed)
        validity |= judge(inputs, framework, crossed, overall, again, effort=effort, seed=seed)
    learned = overall.learned if overall else None
    network = lesson.fit(np.arange(len(lesson.x)), "whole")
    documents = {
        "datasheet": datasheet(inputs, seed),
        "weights": learned.document() if learned else {"reason": "no performance was given: the framework's are kept"},
        "validity": validity,
        "fusion": _document(choice, apart, network),
    }
    model = FusionVersion(
        framework=framework,
        weights=learned.values if learned else framework.weights,
        fingerprints={name: inputs.fingerprints[name] for name in sorted(sequences.columns)},
        recognisers=inputs.recognisers,
        documents=without_nan(documents),
        languages=inputs.languages,
        fitted=network.fitted_,
        columns=sequences.columns,
        norms={name: Norms.of(one.predicted) for name, one in crossed.items()},
        question_sd={name: _known(one.precision.question_sd) for name, one in crossed.items()},
        moved=moved,
        usual=usual_columns(lesson.x),
        least_measured=LEAST_MEASURED,
    )
    return Made(
        model,
        scores,
        by_interview(inputs, framework, scores, overall),
        predicted={name: norms.mean + norms.sd * scores[name] for name, norms in model.norms.items()},
        spent=() if checkpoints is None else (checkpoints,),
    )


def _crossed(
    inputs: Inputs, framework: Framework, lesson: Lesson, apart: TakenApart
) -> tuple[dict[str, Crossed], Floats]:
    """Each competency's scores of people not seen where a version would give one, and how far columns move its z."""
    shares, given = measured_shares(lesson.x, apart.moved), ~np.isnan(lesson.x).all(axis=2)
    crossed, moved = {}, np.empty_like(apart.moved)
    for i, name in enumerate(inputs.ratings):
        shows = [name in question.shows for question in framework.questions]
        enough = given[:, shows].any(axis=1) & (shares[:, i] >= LEAST_MEASURED)
        predicted = np.where(enough, apart.predicted[:, i], np.nan)
        norms = Norms.of(predicted)
        answers = norms.z(np.where(enough[:, None], apart.answers[:, :, i], np.nan))
        crossed[name] = Crossed(predicted, norms.z(predicted), precision(answers, inputs.candidates, seed=lesson.seed))
        moved[i] = apart.moved[i] / norms.sd
    return crossed, moved


def _agreement(inputs: Inputs, scores: Mapping[str, Floats], linear: Floats, seed: int) -> dict[str, Any]:
    """Correlation with human ratings, beside that of the linear model on the same folds."""
    found = agreement(inputs, scores, seed)
    for name, predicted in zip(inputs.ratings, linear.T, strict=True):
        found[name]["linear"] = asdict(
            correlation(predicted, inputs.ratings[name], inputs.candidates, least=LEAST_PEOPLE, seed=seed)
        )
    return found


def _again(
    inputs: Inputs, lesson: Lesson, sequences: Sequences, apart: TakenApart, crossed: Mapping[str, Crossed]
) -> Again:
    """What is learned again: fusion without a modality. Permutations, curve and other places would take hours."""
    modalities: dict[str, dict[str, Floats]] = {name: {} for name in crossed}
    for label, used in labels_of(set(sequences.modalities) - {UNDECLARED}).items():
        if used == set(sequences.modalities):
            predicted = apart.predicted
        else:
            part = sequences.of(used)
            model = clone(lesson.model).set_params(modalities=part.modalities)
            predicted = replace(lesson, model=model, x=part.values).predicted(f"{label}-fold")
        for name, column in zip(crossed, predicted.T, strict=True):
            modalities[name][label] = column
    return Again(SAID, {name: _not_again(inputs, name, one) for name, one in crossed.items()}, modalities)


def _not_again(inputs: Inputs, name: str, one: Crossed) -> dict[str, Any]:
    """What the ridge is learned again for, and fusion is not, with the reason in place of each number."""
    people = len(np.unique(inputs.candidates))
    r = correlation(one.predicted, inputs.ratings[name], inputs.candidates, least=LEAST_PEOPLE)
    elsewhere = undefined(f"{NOT_AGAIN}: split the whole training by it")
    return {
        "permutation": asdict(Permuted(r.value, np.nan, np.nan, 0, NOT_AGAIN)),
        "learning curve": asdict(Curve((Point(1.0, people, r),), undefined(NOT_AGAIN), 2 * people)),
        "elsewhere": {place: asdict(elsewhere) for place in ("site", "employer", "time")},
    }


def _document(choice: Choice, apart: TakenApart, network: FusionRegressor) -> dict[str, Any]:
    """Whether fusion earns its place, and how far it lets each modality through."""
    return choice.document("fusion") | {
        "gates": apart.gates,
        "epochs": {"learned": network.epochs_, "kept": network.best_epoch_},
        "persons held out": network.held_persons_,
        "settings": {name: getattr(network, name) for name in ("width", "head", "batch", "rate", "decay", "patience")},
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


class FusionTrainer:
    """Makes fusion versions; a training that is killed leaves its checkpoints, and goes on from there."""

    learns = True
    idle = ("tune", *READING)
    why_idle = "has no settings to search among, and nobody reads for it"

    def train(self, inputs: Inputs, framework: Framework, settings: Settings) -> Made[FusionVersion]:
        """:func:`fit_fusion`."""
        return fit_fusion(
            inputs,
            framework,
            checkpoints=settings.checkpoints,
            effort=settings.effort,
            beside=settings.beside,
            seed=settings.seed,
        )

    def scores_under(
        self, model: FusionVersion, inputs: Inputs, variant: Variant | None, seed: int
    ) -> dict[str, Floats]:
        """Cross-fitted scores by competency and ``overall``, shape (n,) each, by networks that are learned again."""
        return relearned_scores(inputs, model.framework, variant, partial(fit_fusion, effort=None, seed=seed))


TRAINER: Trainer[FusionVersion] = FusionTrainer()
