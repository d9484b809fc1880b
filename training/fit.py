"""From joined inputs to a model version: ridges, norms, weights, and how well all of it holds on people not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from vivavoce.data.framework import Framework
from vivavoce.evaluation.estimate import Estimate, Floats, undefined
from vivavoce.evaluation.gain import correlation as person_correlation
from vivavoce.models.linear.linear_version import LinearCompetency, LinearVersion
from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.models.score import Norms
from vivavoce.training.datasheet import datasheet
from vivavoce.training.inputs import LEAST_PEOPLE, Inputs
from vivavoce.training.learned import without_nan
from vivavoce.training.overall import PLAIN, MakeRidge, Overall, Procedure, cross_fitted, learn_overall, plain
from vivavoce.training.pooling import Beside
from vivavoce.training.tables import BadTraining
from vivavoce.training.validation.baselines import LENGTH
from vivavoce.training.validation.overall import corrected_validity
from vivavoce.training.validation.precision import cross_fitted_answers, precision
from vivavoce.training.validation.report import validate
from vivavoce.training.validation.scored import USUAL, Crossed, Effort

DRAWS = 1000  # of persons, for the intervals of correlations


@dataclass(frozen=True)
class Fitted:
    """A model version, and the scores of its own people that its figures rest on: they stay in memory.

    Parameters
    ----------
    model
        The version.
    z
        Each competency's cross-fitted score, one per interview, shape (n,); ``nan`` where not measured.
    overall
        Σ w z with weights learned from other people's performance, shape (n,); ``nan`` for people without performance.
        Without any performance, under the framework's weights.
    ridges
        Of each competency, fitted to all rated people: one that searched knows what it tried.
    """

    model: LinearVersion
    z: Mapping[str, Floats]
    overall: Floats
    ridges: Mapping[str, CompetencyRidge]


def fit_model(inputs: Inputs, framework: Framework, *, estimator: MakeRidge = plain, seed: int = 0) -> LinearVersion:
    """Train the linear model of one job family: :func:`fit`, of which the model version is kept."""
    return fit(inputs, framework, estimator=estimator, seed=seed).model


def fit(
    inputs: Inputs,
    framework: Framework,
    *,
    estimator: MakeRidge = plain,
    procedure: Procedure = PLAIN,
    effort: Effort | None = USUAL,
    beside: Sequence[Beside] = (),
    seed: int = 0,
) -> Fitted:
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
    return Fitted(model, scores, by_interview(inputs, framework, scores, overall), ridges)


def check_weights(framework: Framework) -> None:
    """Refuse (``BadTraining``) a framework with a single competency, or one whose prior weight is 0."""
    idle = [name for name, weight in framework.weights.items() if weight == 0]
    if idle or len(framework.weights) < 2:
        raise BadTraining(f"{framework.job}: training needs two competencies, all with a prior weight above 0. {idle}")


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


def performance_of(
    inputs: Inputs, framework: Framework, crossed: Mapping[str, Crossed], overall: Overall | None, seed: int
) -> dict[str, Any]:
    """Correlations of performance with the overall score under several weights and with each competency, as JSON; raw
    and, where the selection is known, as among all applicants.
    """
    if overall is None:
        return {"persons": 0}
    y, persons = overall.performance, overall.persons
    raw = {name: asdict(correlation(values, y, persons, seed)) for name, values in overall.composites.items()}
    corrected = corrected_validity(inputs, framework, crossed, overall, seed)
    note = next((one.corrected.reason for one in corrected.values() if one.method == "none"), None)
    return {
        "persons": len(y),
        "correlations": raw,
        "used": "learned",
        "corrected": None if note else {name: asdict(one) for name, one in corrected.items()},
        "note": note,
    }


def by_interview(inputs: Inputs, framework: Framework, scores: Mapping[str, Floats], overall: Overall | None) -> Floats:
    """The overall score of each interview, shape (n,), as :class:`Fitted` says."""
    if overall is None:
        return np.column_stack(list(scores.values())) @ list(framework.weights.values())
    learned = pd.Series(overall.composites["learned"], overall.persons)
    found: Floats = learned.reindex(inputs.candidates).to_numpy(np.float64)
    return found


def agreement(inputs: Inputs, scores: Mapping[str, Floats], seed: int) -> dict[str, Any]:
    """Correlation with human ratings, for each competency, beside that of answer length alone, as JSON."""
    found = {}
    for name, z in scores.items():
        length = inputs.features[name].get(LENGTH)
        y, persons = inputs.ratings[name], inputs.candidates
        found[name] = {
            "score": asdict(correlation(z, y, persons, seed)),
            "answer length": asdict(
                undefined(f"{LENGTH} was not measured") if length is None else correlation(length, y, persons, seed)
            ),
            "reliability of the ratings": asdict(inputs.reliability[name]),
        }
    return found


def correlation(one: Floats, other: Floats, persons: Any, seed: int = 0) -> Estimate:
    """Pearson's r of the rows that have both, with an interval over persons; ideal 1. Undefined below 50 rows."""
    if np.count_nonzero(~np.isnan(one) & ~np.isnan(other)) < LEAST_PEOPLE:
        return undefined(f"fewer than {LEAST_PEOPLE} rows with both")
    return person_correlation(one, other, persons, draws=DRAWS, seed=seed)
