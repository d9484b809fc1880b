"""The linear model's trainer: ridges, norms, weights, and how well all of it holds on people not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any, cast

import numpy as np

from vivavoce.data.framework import Framework
from vivavoce.evaluation.estimate import Floats
from vivavoce.models.linear.linear_version import LinearCompetency, LinearVersion
from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.models.score import Norms
from vivavoce.training import BadTraining
from vivavoce.training.datasheet import datasheet
from vivavoce.training.inputs import Inputs
from vivavoce.training.learned import without_nan
from vivavoce.training.linear.search import Search, Trial, trials_of, without_idle
from vivavoce.training.overall import (
    PLAIN,
    MakeRidge,
    Procedure,
    by_interview,
    check_weights,
    cross_fitted,
    learn_overall,
    plain,
)
from vivavoce.training.pooling import Beside
from vivavoce.training.trainers import READING, Made, Settings, Trainer, relearned_scores
from vivavoce.training.validation.overall import USUAL, Crossed, Effort, agreement, performance_of
from vivavoce.training.validation.precision import cross_fitted_answers, precision
from vivavoce.training.validation.report import validate
from vivavoce.training.variants import Variant


def fit(
    inputs: Inputs,
    framework: Framework,
    *,
    estimator: MakeRidge = plain,
    procedure: Procedure = PLAIN,
    effort: Effort | None = USUAL,
    beside: Sequence[Beside] = (),
    seed: int = 0,
) -> Made[LinearVersion]:
    """Train the linear model of one job family.

    Every figure in its documents is from cross-fitted scores: no person was scored by a model, or weighted by weights,
    that saw that person's rating or performance.

    Parameters
    ----------
    inputs, framework
        What to learn from, and for which job.
    estimator
        Makes an unfitted ridge for the columns that it gets. One that searches does so inside every fold.
    procedure
        What everything goes through that is learned again to look at validity beyond correlations.
    effort
        How long to look at validity beyond correlations (``THOROUGH`` takes some minutes); None: not at all, for
        versions that are made to be compared and thrown away.
    beside
        Other jobs that weights are pooled with.
    seed
        Of every random split and draw.

    Raises
    ------
    BadTraining
        For a competency whose features say nothing, or whose prior weight is 0.
    """
    check_weights(framework)
    crossed, competencies, ridges = {}, [], {}
    for name in inputs.features:
        crossed[name], linear, ridges[name] = _competency(inputs, framework, name, estimator, seed)
        competencies.append(linear)
    scores = {name: one.z for name, one in crossed.items()}
    overall = learn_overall(inputs, framework, scores, seed, beside=beside)
    used = {name for one in competencies for name in one.features}
    validity = {
        "ratings": agreement(inputs, scores, seed),
        "performance": performance_of(inputs, framework, crossed, overall, seed),
    }
    if effort is not None:
        validity |= validate(inputs, framework, crossed, overall, procedure=procedure, effort=effort, seed=seed)
    learned = overall.learned if overall else None
    documents = {
        "datasheet": datasheet(inputs, seed),
        "weights": learned.document() if learned else {"reason": "no performance was given: the framework's are kept"},
        "validity": validity,
    }
    model = LinearVersion(
        framework=framework,
        competencies=tuple(competencies),
        weights=learned.values if learned else framework.weights,
        fingerprints={name: inputs.fingerprints[name] for name in sorted(used)},
        recognisers=inputs.recognisers,
        documents=without_nan(documents),
        languages=inputs.languages,
    )
    return Made(
        model,
        scores,
        by_interview(inputs, framework, scores, overall),
        predicted={name: norms.mean + norms.sd * scores[name] for name, norms in model.norms.items()},
        trials=trials_of(ridges),
    )


def _competency(
    inputs: Inputs, framework: Framework, name: str, estimator: MakeRidge, seed: int
) -> tuple[Crossed, LinearCompetency, CompetencyRidge]:
    """One competency's cross-fitted scores, of interviews and of single answers, and its ridge of all rated people."""
    columns = list(inputs.features[name])
    if not columns:
        raise BadTraining(f"{name}: none of its features was measured with more than one value.")
    x, y, who = np.column_stack(list(inputs.features[name].values())), inputs.ratings[name], inputs.candidates
    scheme = inputs.scheme
    if inputs.answers is None:
        predicted = cross_fitted(estimator(columns), x, y, who, weights=inputs.weights, scheme=scheme, seed=seed)
        table = np.full((len(y), 0), np.nan)
    else:
        asked = [question.id for question in framework.questions_showing(name)]
        predicted, table = cross_fitted_answers(
            estimator(columns), x, y, who, inputs.answers, columns, asked,
            weights=inputs.weights, scheme=scheme, seed=seed,
        )  # fmt: skip
    norms, rated = Norms.of(predicted), ~np.isnan(y)
    weights = None if inputs.weights is None else inputs.weights[rated]
    fitted = estimator(columns).fit(x[rated], y[rated], groups=scheme.inner(who[rated]), sample_weight=weights)
    found = precision(norms.z(table), who, seed=seed)
    spread = None if np.isnan(found.question_sd) else found.question_sd
    linear = LinearCompetency.of(name, columns, fitted, norms, spread)
    return Crossed(predicted, norms.z(predicted), found), linear, fitted


def _searched(tried: Mapping[str, Sequence[Trial]], count: int) -> dict[str, Any]:
    """What the search chose on folds of all people; its own r is optimistic and said to be."""
    found = {}
    for name, trials in tried.items():
        best = min((one for one in trials if not one.pruned), key=lambda one: one.error)
        found[name] = {"best": asdict(best), "pruned": sum(one.pruned for one in trials)}
    note = "validity is nested: every outer fold searched on its own. The best trial's r is on the folds that chose it"
    return dict(without_nan({"trials": count, "competencies": found, "note": note}))


def _fusion(inputs: Inputs, framework: Framework, seed: int) -> dict[str, Any]:
    """Whether fusion would beat the linear model, as a document; where it cannot be tried, the reason."""
    from vivavoce.training.fusion.choice import choose_for  # torch: seconds, for who asks for this alone

    try:
        return choose_for(inputs, framework, seed=seed).document()
    except BadTraining as error:
        return {"said": f"Fusion was not tried: {error}"}


class LinearTrainer:
    """Makes linear versions; searches their settings where that is asked for."""

    learns = True
    idle = READING
    why_idle = "learns, and nobody reads for it"

    def train(self, inputs: Inputs, framework: Framework, settings: Settings) -> Made[LinearVersion]:
        """:func:`fit`, with the search's and fusion's documents where they were asked for."""
        search = Search(settings.tune, inputs.modalities, settings.seed) if settings.tune else None
        made = fit(
            inputs,
            framework,
            estimator=search or plain,
            procedure=search.reduced if search else PLAIN,
            effort=settings.effort,
            beside=settings.beside,
            seed=settings.seed,
        )
        documents = dict(made.model.documents)
        if search:
            documents["search"] = _searched(cast("Mapping[str, Sequence[Trial]]", made.trials), settings.tune)
        if settings.thorough:
            documents["fusion"] = _fusion(inputs, framework, settings.seed)
        model = without_idle(made.model) if search else made.model
        return replace(made, model=replace(model, documents=documents))

    def scores_under(
        self, model: LinearVersion, inputs: Inputs, variant: Variant | None, seed: int
    ) -> dict[str, Floats]:
        """Cross-fitted scores by competency and ``overall``, shape (n,) each, by ridges that are learned again."""
        return relearned_scores(inputs, model.framework, variant, partial(fit, effort=None, seed=seed))


TRAINER: Trainer[LinearVersion] = LinearTrainer()
