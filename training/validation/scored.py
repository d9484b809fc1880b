"""One competency's cross-fitted scores, and what is asked of every score: r, calibration, ceiling, the rubric."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from vivavoce.data.framework import Framework
from vivavoce.evaluation.calibration import calibrate
from vivavoce.evaluation.estimate import NAN, Estimate, Floats, undefined
from vivavoce.evaluation.gain import correlation as person_correlation
from vivavoce.training.inputs import LEAST_PEOPLE, Inputs
from vivavoce.training.validation.baselines import LENGTH, rubric_scores
from vivavoce.training.validation.correction import ceiling
from vivavoce.training.validation.permutation import COUNT
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
