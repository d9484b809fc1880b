"""What holds of the overall score, for people whose performance its weights did not see.

One competency's cross-fitted scores, and what is asked of every score: r, calibration, ceiling, the rubric.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from vivavoce.data.framework import Framework
from vivavoce.evaluation.calibration import calibrate
from vivavoce.evaluation.correlation import correlation
from vivavoce.evaluation.estimate import NAN, Estimate, Floats, undefined
from vivavoce.evaluation.gain import gain
from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.training.inputs import LEAST_PEOPLE, Inputs
from vivavoce.training.overall import Overall, cross_fitted, cross_weighted
from vivavoce.training.scheme import Scheme
from vivavoce.training.validation.baselines import LENGTH, Baseline, rubric_scores
from vivavoce.training.validation.correction import Corrected, ceiling, correct_scores
from vivavoce.training.validation.permutation import COUNT, permuted_procedure, permuted_scores
from vivavoce.training.validation.precision import Precision

DRAWS = 1000  # of persons, for the intervals of correlations


@dataclass(frozen=True)
class Effort:
    """How long to look.

    Parameters
    ----------
    permutations
        Of ratings, for each competency; p has steps of their reciprocal.
    repeats
        Draws of fewer people at each point of the learning curve.
    weights
        Permutations of performance with the weights learned again, a second each; 0: the overall score is tested under
        the framework's weights only, which saw no performance.
    """

    permutations: int = COUNT
    repeats: int = 3
    weights: int = 0


USUAL, THOROUGH = Effort(), Effort(permutations=1999, repeats=20, weights=99)


@dataclass(frozen=True)
class Crossed:
    """One competency's cross-fitted scores: in ratings and in standard deviations, shape (n,), and their precision."""

    predicted: Floats
    z: Floats
    precision: Precision


def rubric_of(inputs: Inputs, framework: Framework, competency: str) -> Floats | str:
    """The rubric's points for each interview, shape (n,), or why there are none."""
    if inputs.answers is None:
        return "single answers are not known"
    questions = [question.id for question in framework.questions_showing(competency)]
    return rubric_scores(inputs.answers, questions, competency, len(inputs.interviews))


def calibration_of(predicted: Floats, observed: Floats, persons: Any) -> dict[str, Any]:
    """Slope, mean error and skill over persons' means; the curve is drawn from the scores themselves."""
    means = (
        pd.DataFrame({"x": predicted, "y": observed}).dropna().groupby(persons[~np.isnan(predicted + observed)]).mean()
    )
    if len(means) < LEAST_PEOPLE:
        return {"reason": f"{len(means)} people with both: fewer than {LEAST_PEOPLE}"}
    found = asdict(calibrate(means["x"].to_numpy(), means["y"].to_numpy()))
    del found["classes"]
    return found


def ceiling_of(reliability: Estimate, source: str) -> Estimate:
    """The highest correlation that a perfect score could have, with the limits of the reliability."""
    if np.isnan(reliability.value):
        return undefined(f"{source}: {reliability.reason}")
    value, low, high = (
        ceiling(min(max(one, 0.0), 1.0)) if np.isfinite(one) else NAN
        for one in (reliability.value, reliability.low, reliability.high)
    )
    return Estimate(value, low, high, reliability.reason)


def agreement(inputs: Inputs, scores: Mapping[str, Floats], seed: int) -> dict[str, Any]:
    """Correlation with human ratings, for each competency, beside that of answer length alone, as JSON."""
    found = {}
    for name, z in scores.items():
        length = inputs.features[name].get(LENGTH)
        y, persons = inputs.ratings[name], inputs.candidates
        found[name] = {
            "score": asdict(correlation(z, y, persons, least=LEAST_PEOPLE, seed=seed)),
            "answer length": asdict(
                undefined(f"{LENGTH} was not measured")
                if length is None
                else correlation(length, y, persons, least=LEAST_PEOPLE, seed=seed)
            ),
            "reliability of the ratings": asdict(inputs.reliability[name]),
        }
    return found


FRAMEWORK = "framework"  # the overall score under the framework's weights: what people could have been selected on


def permuted_overall(
    overall: Overall, framework: Framework, effort: Effort, scheme: Scheme, seed: int
) -> dict[str, Any]:
    """Permutation test of the framework's overall score, and of learning weights where time was given for it."""
    y, who = overall.performance, overall.persons
    known = permuted_scores(overall.composites[FRAMEWORK], y, who, count=effort.permutations, scheme=scheme, seed=seed)
    found = {FRAMEWORK: asdict(known)}
    if effort.weights:

        def learned(given: Floats) -> Floats:
            return cross_weighted(overall.z, given, who, framework.weights, scheme=scheme, seed=seed)

        found["learned"] = asdict(permuted_procedure(learned, y, who, count=effort.weights, scheme=scheme, seed=seed))
    return found


def calibrated_overall(overall: Overall, scheme: Scheme) -> dict[str, Any]:
    """Performance as the framework's overall score predicts it for other people, against performance."""
    line = CompetencyRidge(penalties=(1e-9,))
    score = overall.composites[FRAMEWORK][:, None]
    return calibration_of(
        cross_fitted(line, score, overall.performance, overall.persons, scheme=scheme),
        overall.performance,
        overall.persons,
    )


def overall_baselines(inputs: Inputs, framework: Framework, overall: Overall, seed: int) -> tuple[Baseline, ...]:
    """Learned weights against the framework's, equal ones, the rubric and length; by correlation with performance."""
    weights = framework.weights
    rubrics = {name: rubric_of(inputs, framework, name) for name in weights}
    missing = next((one for one in rubrics.values() if isinstance(one, str)), None)
    by_person: dict[str, Floats | str] = {
        "the framework's weights": overall.composites[FRAMEWORK],
        "unit weights": overall.composites["unit"],
        "rubric": missing
        or _of(inputs, overall, np.sum([weights[name] * np.asarray(one) for name, one in rubrics.items()], axis=0)),
    }
    lengths = [columns[LENGTH] for columns in inputs.features.values() if LENGTH in columns]
    by_person["answer length"] = (
        _of(inputs, overall, np.mean(lengths, axis=0)) if lengths else f"{LENGTH} was not measured"
    )
    found = []
    for name, other in by_person.items():
        if isinstance(other, str):
            found.append(Baseline(name, None, other))
        else:
            one = gain(
                other, overall.composites["learned"], overall.performance, overall.persons, draws=DRAWS, seed=seed
            )
            found.append(Baseline(name, one))
    return tuple(found)


def _of(inputs: Inputs, overall: Overall, values: Floats) -> Floats:
    """Interviews' values as means of the people with performance."""
    found: Floats = pd.Series(values).groupby(inputs.candidates).mean().reindex(overall.persons).to_numpy(np.float64)
    return found


def correct_overall(
    inputs: Inputs, framework: Framework, crossed: Mapping[str, Crossed], overall: Overall
) -> dict[str, Corrected]:
    """Raw and corrected validity of every score, among all interviewed people."""
    rows = {name: one.z for name, one in crossed.items()} | {"performance": inputs.performance}
    stated = inputs.selection
    if stated is not None and stated.selector is not None and stated.selector in inputs.criteria:
        rows["selector"] = inputs.criteria[stated.selector]
    people = pd.DataFrame(rows).groupby(inputs.candidates).mean()
    z = people[list(crossed)]
    scores = {FRAMEWORK: z.to_numpy() @ list(framework.weights.values())}
    scores["learned"] = pd.Series(overall.composites["learned"], overall.persons).reindex(people.index).to_numpy()
    scores |= {name: z[name].to_numpy() for name in crossed}
    selector = people["selector"].to_numpy() if "selector" in people else None
    return correct_scores(scores, people["performance"].to_numpy(), stated, overall=FRAMEWORK, selector=selector)


def performance_ceiling(inputs: Inputs) -> Estimate:
    """The highest r with performance that a perfect score could have, by what was stated or its raters' agreement."""
    stated = inputs.selection.reliability if inputs.selection else None
    if stated is not None:
        return Estimate(ceiling(stated))
    return ceiling_of(inputs.criterion_reliability, "the criterion's reliability")


def performance_of(
    inputs: Inputs, framework: Framework, crossed: Mapping[str, Crossed], overall: Overall | None, seed: int
) -> dict[str, Any]:
    """Correlations of performance with the overall score under several weights and with each competency, as JSON; raw
    and, where the selection is known, as among all applicants.
    """
    if overall is None:
        return {"persons": 0}
    y, persons = overall.performance, overall.persons
    raw = {
        name: asdict(correlation(values, y, persons, least=LEAST_PEOPLE, seed=seed))
        for name, values in overall.composites.items()
    }
    corrected = correct_overall(inputs, framework, crossed, overall)
    note = next((one.corrected.reason for one in corrected.values() if one.method == "none"), None)
    return {
        "persons": len(y),
        "correlations": raw,
        "used": "learned",
        "corrected": None if note else {name: asdict(one) for name, one in corrected.items()},
        "note": note,
    }
