"""A rubric made a version: nothing is learned, and what people rated and how the hired performed says what it is worth.

Everybody is unseen: no rating and no performance went into the score, so correlations are those of the score as it is.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from pydantic import ValidationError

from vivavoce.data.framework import Framework
from vivavoce.evaluation.correlation import correlation
from vivavoce.evaluation.estimate import Floats
from vivavoce.evaluation.gain import gain
from vivavoce.models.reader.reader_version import ReaderVersion
from vivavoce.models.rubric.rubric import RubricParameters, rubric_parameters
from vivavoce.models.rubric.rubric_version import RubricVersion, column_of
from vivavoce.models.score import MIDDLE, OVERALL, POINTS_PER_SD
from vivavoce.models.version import ModelVersion
from vivavoce.training import BadTraining
from vivavoce.training.datasheet import datasheet
from vivavoce.training.inputs import LEAST_PEOPLE, Answers, Inputs
from vivavoce.training.learned import without_nan
from vivavoce.training.trainers import READING, Made, Settings, Trainer
from vivavoce.training.validation.baselines import LENGTH, Baseline, distinct, in_its_favour
from vivavoce.training.validation.correction import correct_scores
from vivavoce.training.validation.overall import (
    DRAWS,
    FRAMEWORK,
    USUAL,
    agreement,
    ceiling_of,
    performance_ceiling,
)
from vivavoce.training.validation.permutation import permuted_scores
from vivavoce.training.validation.precision import Precision, precision
from vivavoce.training.variants import Variant, fewer_questions, refuse_unknown

Stated = TypeVar("Stated", RubricVersion, ReaderVersion)  # on stated scales: nothing is learned
StatedVersion = RubricVersion | ReaderVersion
SPLIT = "Nothing is learned, so nobody is split: these people are evidence, and the score saw none of them."
KEPT = "nothing is learned: the framework's weights are kept"


def judge(inputs: Inputs, framework: Framework, *, seed: int = 0) -> Made[RubricVersion]:
    """Make the shipped rubric a version for one job family, with what these people say about it.

    Parameters
    ----------
    inputs
        Read with ``learning=False``.
    framework
        Whose terms, anchors and weights count.
    seed
        Of the intervals and permutations.

    Raises
    ------
    BadTraining
        Where single answers are not known, or no variant's measures are there.
    """
    model, counts = chosen(inputs, framework, rubric_parameters())
    return beside(model, inputs, seed, {"variants": counts})


def beside(model: Stated, inputs: Inputs, seed: int, more: Mapping[str, Any]) -> Made[Stated]:
    """A version that learned nothing, with what these people say about it; ``more`` goes beside its validity."""
    points = points_of(model, inputs)
    z = {name: (values - MIDDLE) / POINTS_PER_SD for name, values in points.items()}
    overall = z.pop(OVERALL)
    documents = {
        "datasheet": _sheet(inputs, model, seed),
        "weights": {"reason": KEPT},
        "validity": _validity(inputs, model, points, seed) | dict(more),
    }
    return Made(replace(model, documents=without_nan(documents)), z, overall)


def chosen(inputs: Inputs, framework: Framework, parameters: RubricParameters) -> tuple[RubricVersion, dict[str, int]]:
    """The version of the variant by which most interviews are measured, and how many each variant measures.

    As in scoring without a model, an interview's variant is the richest by which it can be measured. One version has
    one variant: the others' interviews are not scored by it.

    Raises
    ------
    BadTraining
        As :func:`judge`.
    """
    if inputs.answers is None:
        raise BadTraining("A rubric scores single answers, and this table has interviews only: add question_id.")
    versions = [
        version
        for variant in parameters.variants
        if (version := _version(inputs, framework, parameters.only(variant), variant)) is not None
    ]
    if not versions:
        needed = sorted({one for measures in parameters.variants.values() for one in measures})
        raise BadTraining(
            f"No variant of the rubric can be measured: each needs all of its measures ({', '.join(needed)}), for "
            "every competency where they are of one. Measure these interviews with viva measure."
        )
    scored = [np.any([~np.isnan(one) for one in points_of(each, inputs).values()], axis=0) for each in versions]
    first = np.where(np.any(scored, axis=0), np.argmax(scored, axis=0), len(versions))
    found = Counter(first.tolist())
    best = max(range(len(versions)), key=lambda i: (found[i], -i))
    if not found[best]:
        raise BadTraining("No interview here can be scored by the rubric: none of their answers was measured whole.")
    return versions[best], {one.variant: found[i] for i, one in enumerate(versions)}


def _version(inputs: Inputs, framework: Framework, parameters: RubricParameters, variant: str) -> RubricVersion | None:
    """The version of a variant; None where one of its columns is not there."""
    measures, prints = parameters.variants[variant], inputs.fingerprints
    columns = {column_of(measure, name, prints) for measure in measures for name in framework.weights}
    if not columns <= set(prints):
        return None
    return RubricVersion(
        framework=framework,
        weights=framework.weights,
        fingerprints={name: prints[name] for name in sorted(columns)},
        recognisers=inputs.recognisers,
        languages=inputs.languages,
        variant=variant,
        parameters=parameters,
    )


def points_of(model: ModelVersion, inputs: Inputs) -> dict[str, Floats]:
    """Points of every interview, by competency and overall, shape (n,); ``nan`` where not scored."""
    answers = _answers(inputs)
    nowhere = np.full(len(answers.interview), np.nan)  # a column that was never measured
    columns = {name: answers.columns.get(name, nowhere) for name in model.fingerprints}
    return model.score_table(columns, answers.interview, answers.question, len(inputs.interviews))


def _answers(inputs: Inputs) -> Answers:
    assert inputs.answers is not None
    return inputs.answers


def _sheet(inputs: Inputs, model: ModelVersion, seed: int) -> dict[str, Any]:
    used = {
        name: {column: inputs.features[name][column] for column in own if column in inputs.features[name]}
        for name, own in model.features.items()
    }
    columns = {column for own in used.values() for column in own}
    known = inputs.provenance
    if known is not None:
        known = replace(known, proxies={name: said for name, said in known.proxies.items() if name in columns})
    sheet = datasheet(replace(inputs, features=used, provenance=known), seed)
    return sheet | {"split": sheet["split"] | {"said": SPLIT}}


def _validity(inputs: Inputs, model: StatedVersion, points: Mapping[str, Floats], seed: int) -> dict[str, Any]:
    """What is known of the score, by the names that versions of other kinds use."""
    own = {name: points[name] for name in model.weights}
    rated = {name: values for name, values in own.items() if not np.isnan(inputs.ratings[name]).all()}
    compared = {name: _against_length(inputs, name, values, seed) for name, values in rated.items()}
    people = pd.DataFrame({**points, "y": inputs.performance}).groupby(inputs.candidates).mean()
    known = people.dropna(subset=[OVERALL, "y"])
    found: dict[str, Any] = {
        "ratings": agreement(inputs, rated, seed),
        "performance": _performance(inputs, people, known, seed),
        "permutation": {},
        "ceiling": {
            name: asdict(ceiling_of(inputs.reliability[name], "the ratings' own reliability")) for name in rated
        },
    }
    if len(known) >= LEAST_PEOPLE:
        y, who = known["y"].to_numpy(), known.index.to_numpy(str)
        score = known[OVERALL].to_numpy()
        chance = permuted_scores(score, y, who, count=USUAL.permutations, seed=seed)
        found["permutation"]["overall"] = {FRAMEWORK: asdict(chance)}
        found["ceiling"]["performance"] = asdict(performance_ceiling(inputs))
        compared[OVERALL] = _overall_against_length(inputs, known, seed)
    spread = {name: _precision(inputs, model, name, seed) for name in own}
    found["precision"] = {name: asdict(one) for name, one in spread.items()}
    found["baselines"] = {name: [asdict(one)] for name, one in compared.items()}
    apart = distinct(inputs.ratings, own, inputs.candidates).findings if rated else ()
    sentences = [one.sentence(name.replace("_", " ")) + "." for name, one in compared.items()]
    found["findings"] = [*sentences, *_bands(model, spread), *apart]
    return found


def _against_length(inputs: Inputs, name: str, values: Floats, seed: int) -> Baseline:
    length = inputs.features[name].get(LENGTH)
    if length is None:
        return Baseline("answer length", None, f"{LENGTH} was not measured")
    y = inputs.ratings[name]
    return Baseline(
        "answer length", gain(in_its_favour(length, y), values, y, inputs.candidates, draws=DRAWS, seed=seed)
    )


def _overall_against_length(inputs: Inputs, known: pd.DataFrame, seed: int) -> Baseline:
    lengths = [own[LENGTH] for own in inputs.features.values() if LENGTH in own]
    if not lengths:
        return Baseline("answer length", None, f"{LENGTH} was not measured")
    length = pd.Series(np.mean(lengths, axis=0)).groupby(inputs.candidates).mean().reindex(known.index).to_numpy()
    y = known["y"].to_numpy()
    found = gain(in_its_favour(length, y), known[OVERALL].to_numpy(), y, known.index, draws=DRAWS, seed=seed)
    return Baseline("answer length", found)


def _performance(inputs: Inputs, people: pd.DataFrame, known: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Correlations with performance, raw and, where the selection is known, as among all applicants; in points."""
    if inputs.criterion is None:
        return {"persons": 0}
    names = [name for name in people.columns if name not in (OVERALL, "y")]
    scores = {FRAMEWORK: people[OVERALL], "unit": people[names].mean(axis=1, skipna=False)}
    scores |= {name: people[name] for name in names}
    y, who = known["y"].to_numpy(), known.index.to_numpy(str)
    raw = {
        name: asdict(correlation(one[known.index].to_numpy(), y, who, least=LEAST_PEOPLE, seed=seed))
        for name, one in scores.items()
    }
    found: dict[str, Any] = {"persons": len(known), "correlations": raw, "used": FRAMEWORK, "corrected": None}
    if len(known) < LEAST_PEOPLE:
        return found | {"note": f"{len(known)} people with performance: fewer than {LEAST_PEOPLE}"}
    stated = inputs.selection
    selector = inputs.criteria.get(stated.selector or "") if stated else None
    corrected = correct_scores(
        {name: one.to_numpy() for name, one in scores.items() if name != "unit"},
        people["y"].to_numpy(),
        stated,
        overall=FRAMEWORK,
        selector=None if selector is None else pd.Series(selector).groupby(inputs.candidates).mean().to_numpy(),
    )
    note = next((one.corrected.reason for one in corrected.values() if one.method == "none"), None)
    return found | {
        "corrected": None if note else {name: asdict(one) for name, one in corrected.items()},
        "note": note,
    }


def _precision(inputs: Inputs, model: StatedVersion, name: str, seed: int) -> Precision:
    """How far one person's answers lie apart, in points, where the rubric's bands rest on an assumption."""
    asked = sorted(question.id for question in model.framework.questions_showing(name))
    answers = _answers(inputs)
    rows = np.flatnonzero(answers.to(asked))
    nowhere = np.full(len(answers.interview), np.nan)
    columns = {column: answers.columns.get(column, nowhere) for column in model.features[name]}
    table = np.full((len(inputs.interviews), len(asked)), np.nan)
    place = np.searchsorted(asked, answers.question[rows])
    table[answers.interview[rows], place] = model.earned(name, columns, rows).sum(axis=1)
    return precision(table, inputs.candidates, seed=seed)


def _bands(model: StatedVersion, spread: Mapping[str, Precision]) -> Iterator[str]:
    """Whether bands are as wide as these people's answers say."""
    found = [one.question_sd for one in spread.values() if not np.isnan(one.question_sd)]
    if found:
        low, high = min(found), max(found)
        here = f"{low:.0f}" if round(low) == round(high) else f"{low:.0f} to {high:.0f}"
        yield (
            f"The {model.kind}'s bands assume that one person's answers lie {model.question_sd:.0f} points around "
            f"their score; these people's lie {here} points around it."
        )


def changed(model: RubricVersion, variant: Variant) -> RubricVersion:
    """The version as a variant has it; refuses (``BadTraining``) what is not there, or would leave nothing to score."""
    framework = fewer_questions(model.framework, variant)
    if variant.weights is not None:
        framework = weighted(framework, variant.name, variant.weights)
    refuse_unknown(variant, "modalities", variant.without_modalities, {"text"})
    refuse_unknown(variant, "features", variant.without_features, set(model.measures))
    left = {name: weight for name, weight in model.measures.items() if name not in variant.without_features}
    if not left or variant.without_modalities:
        raise BadTraining(f"{variant.name}: a rubric rests on text alone, and would be left without measures.")
    total = sum(left.values())
    parameters = model.parameters.model_copy(
        update={"variants": {model.variant: {name: weight / total for name, weight in left.items()}}}
    )
    columns = {
        column
        for own in model.features.values()
        for measure, column in zip(model.measures, own, strict=True)
        if measure in left
    }
    return replace(
        model,
        framework=framework,
        weights=framework.weights,
        parameters=parameters,
        fingerprints={name: one for name, one in model.fingerprints.items() if name in columns},
    )


def weighted(framework: Framework, name: str, weights: Mapping[str, float]) -> Framework:
    """The framework under a variant's weights; raises ``BadTraining`` where it does not hold with them."""
    if set(weights) != set(framework.weights):
        raise BadTraining(f"{name}: give weights of {', '.join(framework.weights)}, no more and no fewer.")
    document = framework.model_dump(mode="json")
    for one in document["competencies"]:
        one["weight"] = weights[one["id"]]
    try:
        return Framework.model_validate(document, strict=False)
    except ValidationError as error:
        said = "; ".join(str(one["msg"]) for one in error.errors())
        raise BadTraining(f"{name}: the framework does not hold with these weights: {said}") from error


class RubricTrainer:
    """Makes rubric versions, of which nothing is learned; people say what the score is worth."""

    learns = False
    idle = ("tune", "sample_weights", "thorough", "beside", "split", *READING)
    why_idle = "learns nothing"

    def train(self, inputs: Inputs, framework: Framework, settings: Settings) -> Made[RubricVersion]:
        """The shipped rubric as a version, with what these people say about it."""
        return judge(inputs, framework, seed=settings.seed)

    def scores_under(
        self,
        model: RubricVersion,
        inputs: Inputs,
        variant: Variant | None,
        seed: int,  # noqa: ARG002 (no chance in it)
    ) -> dict[str, Floats]:
        """Points of every interview by competency and ``overall``, shape (n,) each, by the rubric as it is or changed.

        Of what a variant leaves out, features are measures by their declared names; the others' weights are scaled so
        that they sum to 1 again.
        """
        return points_of(model if variant is None else changed(model, variant), inputs)


TRAINER: Trainer[RubricVersion] = RubricTrainer()
