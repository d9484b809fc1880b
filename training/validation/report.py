"""All of it for one training: what goes into a model version's validity document beside r, as JSON without any id."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from vivavoce.data.framework import Framework
from vivavoce.evaluation.discriminant import Traits
from vivavoce.evaluation.estimate import Floats, two_decimals
from vivavoce.training.inputs import Inputs
from vivavoce.training.overall import PLAIN, MakeRidge, Overall, Procedure
from vivavoce.training.validation.baselines import Baseline, baselines, distinct
from vivavoce.training.validation.increments import BASE, Increment, increments, scores_by_modality
from vivavoce.training.validation.overall import (
    USUAL,
    Crossed,
    Effort,
    calibrated_overall,
    calibration_of,
    ceiling_of,
    overall_baselines,
    performance_ceiling,
    permuted_overall,
    rubric_of,
)
from vivavoce.training.validation.permutation import permuted_learning
from vivavoce.training.validation.precision import held_out, learning_curve

CHANCE = 0.05
BY_COMPETENCY = ("permutation", "learning curve", "calibration", "precision", "elsewhere", "ceiling")


def validate(
    inputs: Inputs,
    framework: Framework,
    crossed: Mapping[str, Crossed],
    overall: Overall | None,
    *,
    procedure: Procedure = PLAIN,
    effort: Effort = USUAL,
    seed: int = 0,
) -> dict[str, Any]:
    """Everything that a hostile reviewer asks for of a linear training, from people not seen: :func:`judge`.

    ``procedure`` is what everything goes through that is learned again here.
    """
    again = Again(
        procedure.said,
        {name: _learned_again(inputs, name, procedure.make, effort, seed) for name in crossed},
        {name: _by_modality(inputs, name, procedure.make, seed) for name in crossed},
    )
    return judge(inputs, framework, crossed, overall, again, effort=effort, seed=seed)


@dataclass(frozen=True)
class Again:
    """What was learned again to look at validity.

    Parameters
    ----------
    said
        By what procedure, in words.
    learned
        ``permutation``, ``learning curve`` and ``elsewhere`` of each competency, as JSON.
    modalities
        Of each competency, the scores that :func:`scores_by_modality` describes.
    """

    said: str
    learned: Mapping[str, Mapping[str, Any]]
    modalities: Mapping[str, Mapping[str, Floats]]


def judge(
    inputs: Inputs,
    framework: Framework,
    crossed: Mapping[str, Crossed],
    overall: Overall | None,
    again: Again,
    *,
    effort: Effort = USUAL,
    seed: int = 0,
) -> dict[str, Any]:
    """What scores of any kind of model are worth, from people not seen.

    Everything is split as the training was (``inputs.scheme``).

    Parameters
    ----------
    inputs, framework
        What was learned from.
    crossed
        By competency.
    overall
        People with performance; None where there is none.
    again
        What was learned again: permutations, learning curve, increments, elsewhere.
    effort, seed
        How long to look; of every draw.

    Returns
    -------
    dict
        ``split`` and ``procedure``; ``permutation``, ``learning curve``, ``calibration``, ``precision``,
        ``baselines``, ``elsewhere``, ``ceiling``
        by competency, some with ``overall``; ``increments`` by modality; ``traits``; and ``findings``: a sentence
        for everything but baselines that were beaten.
    """
    found: dict[str, Any] = {"split": inputs.scheme.document(), "procedure": again.said}
    found |= {name: {} for name in BY_COMPETENCY}
    compared = {}
    for name, one in crossed.items():
        compared[name] = _baselines(inputs, framework, name, one, seed)
        for what, value in {**again.learned[name], **_competency(inputs, name, one)}.items():
            found[what][name] = value
    if overall is not None:
        compared["overall"] = overall_baselines(inputs, framework, overall, seed)
        found["permutation"]["overall"] = permuted_overall(overall, framework, effort, inputs.scheme, seed)
        found["calibration"]["overall"] = calibrated_overall(overall, inputs.scheme)
        found["ceiling"]["performance"] = asdict(performance_ceiling(inputs))
    found["baselines"] = {name: [asdict(one) for one in each] for name, each in compared.items()}
    added, found["increments by competency"] = _increments(inputs, framework, overall, again.modalities, seed)
    found["increments"] = {one.modality: _increment(one) for one in added}
    apart = distinct(inputs.ratings, {name: one.z for name, one in crossed.items()}, inputs.candidates)
    found["traits"] = _traits(apart.traits)
    said = [one.sentence + "." for one in added]
    said += [
        one.sentence(name.replace("_", " ")) + "." for name, each in compared.items() for one in each if not one.beaten
    ]
    found["findings"] = [*_chance(found["permutation"]), *said, *apart.findings]
    return found


def _competency(inputs: Inputs, name: str, one: Crossed) -> dict[str, Any]:
    """What is asked of each competency's score as it is."""
    return {
        "calibration": calibration_of(one.predicted, inputs.ratings[name], inputs.candidates),
        "precision": asdict(one.precision),
        "ceiling": asdict(ceiling_of(inputs.reliability[name], "the ratings' own reliability")),
    }


def _learned_again(inputs: Inputs, name: str, make: MakeRidge, effort: Effort, seed: int) -> dict[str, Any]:
    """What is asked of each competency's ridge by learning it again."""
    x = np.column_stack(list(inputs.features[name].values()))
    y, who, weights, scheme = inputs.ratings[name], inputs.candidates, inputs.weights, inputs.scheme
    ridge = make(list(inputs.features[name]))
    curve = learning_curve(ridge, x, y, who, weights=weights, scheme=scheme, repeats=effort.repeats, seed=seed)
    elsewhere = held_out(
        ridge, x, y, who, site=inputs.site, employer=inputs.employer, recorded_at=inputs.recorded_at, weights=weights,
        seed=seed,
    )  # fmt: skip
    permuted = permuted_learning(ridge, x, y, who, count=effort.permutations, scheme=scheme, seed=seed)
    return {
        "permutation": asdict(permuted),
        "learning curve": asdict(curve),
        "elsewhere": {what: asdict(value) for what, value in elsewhere.items()},
    }


def _by_modality(inputs: Inputs, name: str, make: MakeRidge, seed: int) -> dict[str, Floats]:
    return scores_by_modality(
        make,
        inputs.features[name],
        inputs.modalities,
        inputs.ratings[name],
        inputs.candidates,
        weights=inputs.weights,
        scheme=inputs.scheme,
        seed=seed,
    )


def _baselines(inputs: Inputs, framework: Framework, name: str, one: Crossed, seed: int) -> tuple[Baseline, ...]:
    return baselines(
        one.z,
        inputs.features[name],
        inputs.ratings[name],
        inputs.candidates,
        rubric_of(inputs, framework, name),
        weights=inputs.weights,
        scheme=inputs.scheme,
        seed=seed,
    )


def _increments(
    inputs: Inputs,
    framework: Framework,
    overall: Overall | None,
    scores: Mapping[str, Mapping[str, Floats]],
    seed: int,
) -> tuple[tuple[Increment, ...], dict[str, Any]]:
    """What each modality adds to language: for the overall score, and for each competency's ratings."""
    by_competency = {}
    for name, columns in inputs.features.items():
        counts = _counts(scores[name], columns, inputs.modalities)
        found = increments(scores[name], counts, inputs.ratings[name], inputs.candidates, seed=seed)
        by_competency[name] = {one.modality: _increment(one) for one in found}
    labels = [set(one) for one in scores.values()]
    if not labels[0] or any(one != labels[0] for one in labels):
        return (), by_competency
    weights = framework.weights
    summed = {
        label: np.sum([weights[name] * _standard(one[label]) for name, one in scores.items()], axis=0)
        for label in scores[next(iter(scores))]
    }
    if overall is not None:
        criterion = pd.Series(overall.performance, overall.persons).reindex(inputs.candidates).to_numpy(np.float64)
    else:
        criterion = np.sum([weights[name] * _standard(y) for name, y in inputs.ratings.items()], axis=0)
    names = {name for own in inputs.features.values() for name in own}
    counts = _counts(summed, names, inputs.modalities)
    return increments(summed, counts, criterion, inputs.candidates, seed=seed), by_competency


def _counts(scores: Mapping[str, Floats], columns: Collection[str], modalities: Mapping[str, str]) -> dict[str, int]:
    """How many columns each modality beyond language has."""
    others = [label for label in scores if label != BASE and "+" not in label]
    return {one: sum(modalities.get(name) == one for name in columns) for one in others}


def _standard(values: Floats) -> Floats:
    spread = float(np.nanstd(values)) if np.count_nonzero(~np.isnan(values)) > 1 else 0.0
    found: Floats = (values - np.nanmean(values)) / spread if spread > 0 else np.zeros_like(values)
    return found


def _increment(one: Increment) -> dict[str, Any]:
    return {
        "verdict": one.verdict,
        "people needed": one.people_needed,
        "columns": one.columns,
        "language alone": asdict(one.gain.base),
        "with it": asdict(one.gain.full),
        "gain": asdict(one.gain.gain),
        "explained beyond": asdict(one.explained.gain) if one.explained else None,
        "persons": one.gain.persons,
    }


def _traits(found: Traits | None) -> dict[str, Any] | None:
    if found is None:
        return None
    body = asdict(found)
    return body | {name: np.round(body[name], 4).tolist() for name in ("human", "machine", "across")}


def _chance(permuted: Mapping[str, Any]) -> list[str]:
    """Competencies whose r chance finds as well."""
    return [
        f"{name.replace('_', ' ')}: an r of {two_decimals(one['r'])} with human ratings is what chance finds too "
        f"(p = {one['p']:.3g} of {one['count']} permutations)."
        for name, one in permuted.items()
        if name != "overall" and one["p"] > CHANCE
    ]
