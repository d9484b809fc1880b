"""From joined inputs to a model version: ridges, norms, weights, and how well all of it holds on people not seen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from vivavoce.data.framework import Framework
from vivavoce.evaluation.arguments import Floats
from vivavoce.evaluation.estimate import Estimate, undefined
from vivavoce.evaluation.resampling import bootstrap
from vivavoce.models.linear import CompetencyRidge
from vivavoce.models.norms import Norms
from vivavoce.models.version import LinearCompetency, ModelVersion
from vivavoce.training.crossfit import cross_fitted
from vivavoce.training.datasheet import datasheet
from vivavoce.training.inputs import LEAST_PEOPLE, BadTraining, Inputs
from vivavoce.training.learned import LearnedWeights, without_nan
from vivavoce.training.splits import FOLDS, person_folds
from vivavoce.training.weights import learn_weights

LENGTH = "language.length_words"
DRAWS = 1000  # of persons, for the intervals of correlations


Estimator = Callable[[Sequence[str]], CompetencyRidge]


def plain(_: Sequence[str]) -> CompetencyRidge:
    """The ridge as it comes, whatever its columns."""
    return CompetencyRidge()


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
    """

    model: ModelVersion
    z: Mapping[str, Floats]
    overall: Floats


def fit_model(inputs: Inputs, framework: Framework, *, estimator: Estimator = plain, seed: int = 0) -> ModelVersion:
    """Train the linear model of one job family: :func:`fit`, of which the model version is kept."""
    return fit(inputs, framework, estimator=estimator, seed=seed).model


def fit(inputs: Inputs, framework: Framework, *, estimator: Estimator = plain, seed: int = 0) -> Fitted:
    """Train the linear model of one job family.

    Every figure in its documents is from cross-fitted scores: no person was scored by a model, or weighted by weights,
    that saw that person's rating or performance.

    Parameters
    ----------
    inputs, framework
        What to learn from, and for which job.
    estimator
        Makes an unfitted ridge for the columns that it gets. One that searches does so inside every fold.
    seed
        Of every random split and draw.

    Raises
    ------
    BadTraining
        For a competency whose features say nothing, or whose prior weight is 0.
    """
    idle = [name for name, weight in framework.weights.items() if weight == 0]
    if idle or len(framework.weights) < 2:
        raise BadTraining(f"{framework.job}: training needs two competencies, all with a prior weight above 0. {idle}")
    scores, competencies = {}, []
    for name, columns in inputs.features.items():
        if not columns:
            raise BadTraining(f"{name}: none of its features was measured with more than one value.")
        x, y = np.column_stack(list(columns.values())), inputs.ratings[name]
        crossed = cross_fitted(estimator(list(columns)), x, y, inputs.candidates, weights=inputs.weights, seed=seed)
        norms, rated = Norms.of(crossed), ~np.isnan(y)
        fitted = estimator(list(columns)).fit(
            x[rated],
            y[rated],
            groups=inputs.candidates[rated],
            sample_weight=None if inputs.weights is None else inputs.weights[rated],
        )
        competencies.append(LinearCompetency.of(name, columns, fitted, norms))
        scores[name] = norms.z(crossed)
    learned, performance, overall = _weights(inputs, framework, scores, seed)
    used = {name for one in competencies for name in one.features}
    documents = {
        "datasheet": datasheet(inputs, seed),
        "weights": learned.document() if learned else {"reason": "no performance was given: the framework's are kept"},
        "validity": {"ratings": _agreement(inputs, scores, seed), "performance": performance},
    }
    model = ModelVersion(
        framework,
        tuple(competencies),
        learned.values if learned else framework.weights,
        {name: inputs.fingerprints[name] for name in sorted(used)},
        inputs.recognisers,
        without_nan(documents),
    )
    return Fitted(model, scores, overall)


def _weights(
    inputs: Inputs, framework: Framework, scores: Mapping[str, Floats], seed: int
) -> tuple[LearnedWeights | None, dict[str, Any], Floats]:
    """Weights from performance, the validity of the overall score under them, and that score for each interview."""
    z = pd.DataFrame(scores).assign(y=inputs.performance).groupby(inputs.candidates).mean().dropna()
    if len(z) == 0:
        return None, {"persons": 0}, np.column_stack(list(scores.values())) @ list(framework.weights.values())
    if len(z) < LEAST_PEOPLE:
        raise BadTraining(f"Weights need the performance of {LEAST_PEOPLE} scored people. Got {len(z)}: leave it out.")
    x, y, persons = z[list(scores)].to_numpy(), z["y"].to_numpy(), z.index.to_numpy(str)
    job = np.full(len(y), framework.job)
    applicants = pd.DataFrame(scores).dropna().cov().to_numpy()
    learned = learn_weights(
        x, y, job, framework.weights, applicants=applicants, same_raters=inputs.same_raters, seed=seed
    )
    composite, fold = np.empty(len(y)), person_folds(persons, seed=seed)
    for held in range(FOLDS):
        seen = fold != held
        found = learn_weights(x[seen], y[seen], job[seen], framework.weights, seed=seed)
        composite[~seen] = x[~seen] @ list(found.values.values())
    composites = {
        "learned": composite,
        "framework": x @ list(framework.weights.values()),
        "unit": x.mean(axis=1),
        **{name: x[:, i] for i, name in enumerate(scores)},
    }
    found_r = {name: asdict(correlation(values, y, persons, seed)) for name, values in composites.items()}
    overall = pd.Series(composite, persons).reindex(inputs.candidates).to_numpy(np.float64)
    return learned, {"persons": len(y), "correlations": found_r, "corrected": None, "note": NOT_CORRECTED}, overall


NOT_CORRECTED = "raw: the applicants' spread and how people were selected were not given, so nothing is corrected"


def _agreement(inputs: Inputs, scores: Mapping[str, Floats], seed: int) -> dict[str, Any]:
    """Correlation with human ratings, for each competency, beside that of answer length alone."""
    found = {}
    for name, z in scores.items():
        length = inputs.features[name].get(LENGTH)
        y, persons = inputs.ratings[name], inputs.candidates
        found[name] = {
            "linear": asdict(correlation(z, y, persons, seed)),
            "answer length": asdict(
                undefined(f"{LENGTH} was not measured") if length is None else correlation(length, y, persons, seed)
            ),
            "reliability of the ratings": asdict(inputs.reliability[name]),
        }
    return found


def correlation(one: Floats, other: Floats, persons: Any, seed: int = 0) -> Estimate:
    """Pearson's r of the rows that have both, with an interval over persons; ideal 1."""
    both = ~np.isnan(one) & ~np.isnan(other)
    if both.sum() < LEAST_PEOPLE or np.ptp(one[both]) == 0 or np.ptp(other[both]) == 0:
        return undefined(f"fewer than {LEAST_PEOPLE} rows with both, or one of them does not vary")
    return bootstrap(_pearson, one[both], other[both], persons=persons[both], draws=DRAWS, seed=seed)


def _pearson(one: Floats, other: Floats) -> float:
    x, y = one - one.mean(), other - other.mean()
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / norm if norm > 0 else float("nan")
