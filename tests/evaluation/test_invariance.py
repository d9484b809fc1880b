"""What must not change a statistic: the order of persons, the unit of a score where only its shape counts, labels."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from vivavoce.evaluation import (
    agreement,
    calibration,
    discriminant,
    drift,
    effect,
    estimate,
    gain,
    raters,
    reliability,
    variance,
)
from vivavoce.evaluation.correlation import correlation_interval
from vivavoce.fairness import differences, functioning, groups, prediction

N = 240


@dataclass(frozen=True)
class People:
    """Scores, criterion, ratings by four, five questions, groups; one row per person."""

    score: np.ndarray
    criterion: np.ndarray
    ratings: np.ndarray
    questions: np.ndarray
    group: np.ndarray

    def permuted(self, order: np.ndarray) -> "People":
        return People(*(getattr(self, field.name)[order] for field in dataclasses.fields(self)))

    def rescaled(self, factor: float, shift: float) -> "People":
        scaled = {name: getattr(self, name) * factor + shift for name in ("score", "criterion", "ratings", "questions")}
        return dataclasses.replace(self, **scaled)


@pytest.fixture(scope="module")
def people() -> People:
    rng = np.random.default_rng(77)
    able = rng.standard_normal(N)
    return People(
        score=able + 0.7 * rng.standard_normal(N),
        criterion=0.5 * able + rng.standard_normal(N),
        ratings=able[:, None] + 0.8 * rng.standard_normal((N, 4)),
        questions=able[:, None] + rng.standard_normal((N, 5)),
        group=rng.choice(["a", "b"], N, p=[0.6, 0.4]),
    )


def by_group(values: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return values[group == "a"], values[group == "b"]


def long_form(p: People) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    persons, columns = np.indices(p.ratings.shape)
    return persons.ravel(), columns.ravel(), p.ratings.ravel()


def kappa(p: People) -> Any:
    edges = [np.quantile(column, [0.25, 0.5, 0.75]) for column in (p.score, p.criterion)]
    first, second = np.searchsorted(edges[0], p.score), np.searchsorted(edges[1], p.criterion)
    return reliability.weighted_kappa(np.histogram2d(first, second, bins=[np.arange(5)] * 2)[0])


# name: (function, whether its result is free of the scores' unit and origin)
METRICS: dict[str, tuple[Callable[[People], Any], bool]] = {
    "icc": (lambda p: reliability.icc(p.ratings), True),
    "cronbach_alpha": (lambda p: reliability.cronbach_alpha(p.questions), True),
    "weighted_kappa": (kappa, True),
    "variance_components": (lambda p: variance.variance_components(p.ratings), False),
    "generalisability": (lambda p: variance.variance_components(p.ratings).reliability(4), True),
    "against_rest": (lambda p: raters.against_rest(p.ratings), True),
    "compare_raters": (lambda p: raters.compare_raters(*long_form(p)), False),
    "correlation": (lambda p: correlation_interval(np.corrcoef(p.score, p.criterion)[0, 1], N), True),
    "incremental_validity": (lambda p: gain.incremental_validity(p.questions, p.score, p.criterion), True),
    "agreement": (lambda p: agreement.agreement(p.criterion, p.score, panels=p.ratings, points=0.5), False),
    "calibrate": (lambda p: calibration.calibrate(p.score, p.criterion), False),
    "skill": (lambda p: calibration.calibrate(p.score, p.criterion).skill, True),
    "multitrait": (
        lambda p: discriminant.multitrait_multimethod(p.ratings[:, :2], p.questions[:, :2], ["x", "y"]),
        True,
    ),
    "difference": (lambda p: effect.difference(*by_group(p.score, p.group)), False),
    "d and g": (lambda p: [getattr(effect.difference(*by_group(p.score, p.group)), one) for one in "dgp"], True),
    "drift": (lambda p: drift.drift(*by_group(p.score, p.group)), False),
    "psi and ks": (lambda p: [getattr(drift.drift(*by_group(p.score, p.group)), one) for one in ("psi", "ks_p")], True),
    "score_differences": (lambda p: differences.score_differences({"s": p.score}, p.group), False),
    "differential_prediction": (
        lambda p: dataclasses.replace(
            prediction.differential_prediction(
                p.score, p.criterion, p.group, reference="a", focal="b", reliability=0.7
            ),
            reference=None,
            focal=None,
        ),
        True,
    ),
    "question_functioning": (
        lambda p: functioning.question_functioning(p.questions, p.group, reference="a", focal="b"),
        True,
    ),
    "reweigh": (lambda p: np.sort(groups.reweigh(p.group, p.criterion).weights), True),
    "bootstrap": (lambda p: estimate.bootstrap(np.median, p.score, draws=20).value, False),
}


def numbers(result: Any) -> Iterator[float]:
    """Every number in a result, in order."""
    if dataclasses.is_dataclass(result):
        for field in dataclasses.fields(result):
            yield from numbers(getattr(result, field.name))
    elif isinstance(result, Mapping):
        for value in result.values():
            yield from numbers(value)
    elif isinstance(result, list | tuple | np.ndarray):
        for value in result:
            yield from numbers(value)
    elif isinstance(result, int | float | np.number):
        yield float(result)


@pytest.mark.parametrize("name", METRICS)
def test_the_order_of_persons_changes_nothing(name: str, people: People) -> None:
    metric, _ = METRICS[name]
    order = np.random.default_rng(1).permutation(N)
    known = list(numbers(metric(people)))
    assert known
    assert list(numbers(metric(people.permuted(order)))) == pytest.approx(known, rel=1e-7, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("name", METRICS)
def test_the_same_people_give_the_same_bits(name: str, people: People) -> None:
    metric, _ = METRICS[name]
    assert np.array(list(numbers(metric(people)))).tobytes() == np.array(list(numbers(metric(people)))).tobytes()


@pytest.mark.parametrize("name", [name for name, (_, free) in METRICS.items() if free])
def test_the_unit_of_scores_changes_nothing(name: str, people: People) -> None:
    metric, _ = METRICS[name]
    known = list(numbers(metric(people)))
    scaled = list(numbers(metric(people.rescaled(12.5, 50.0))))
    assert scaled == pytest.approx(known, rel=1e-6, abs=1e-8, nan_ok=True)


@pytest.mark.parametrize("name", [name for name, (_, free) in METRICS.items() if not free])
def test_what_is_measured_in_the_scores_unit_moves_with_it(name: str, people: People) -> None:
    metric, _ = METRICS[name]
    assert list(numbers(metric(people.rescaled(12.5, 0.0)))) != pytest.approx(
        list(numbers(metric(people))), rel=1e-6, nan_ok=True
    )


@pytest.mark.parametrize("name", METRICS)
def test_whole_numbers_and_lists_do_as_well_as_floats(name: str, people: People) -> None:
    metric, _ = METRICS[name]
    whole = People(
        *(np.rint(10 * getattr(people, one)) for one in ("score", "criterion", "ratings", "questions")), people.group
    )
    as_integers = People(
        *(getattr(whole, one).astype(np.int64) for one in ("score", "criterion", "ratings", "questions")), people.group
    )
    assert list(numbers(metric(as_integers))) == pytest.approx(list(numbers(metric(whole))), nan_ok=True)
