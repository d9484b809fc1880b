"""A score has the same bits whatever is scored beside it, in whatever order, in training and in scoring."""

from dataclasses import replace

import numpy as np
import pytest

from tests.models.versions import FRAMEWORK, many_competencies, planted
from vivavoce.models.linear.linear_version import BLOCK, LinearCompetency, LinearVersion
from vivavoce.models.score import Norms, answer_means

NAMES = tuple(planted(features=40).fingerprints)


def table(rows: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Features of so many people, one value in fifty not measured."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((len(NAMES), rows)) * 10.0 ** rng.integers(-3, 4, (len(NAMES), 1))
    values[rng.random(values.shape) < 0.02] = np.nan
    return dict(zip(NAMES, values, strict=True))


def everybody(model: LinearVersion, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return model.points({one.competency: columns for one in model.competencies})


def test_one_row_alone_has_the_bits_that_it_has_among_a_thousand():
    model, columns = planted(many_competencies(11), 40), table(1000)
    together = everybody(model, columns)
    assert np.isfinite(together["overall"]).mean() > 0.9
    for row in range(0, 1000, 7):
        alone = everybody(model, {name: values[row : row + 1] for name, values in columns.items()})
        for name, values in together.items():
            assert alone[name].tobytes() == values[row : row + 1].tobytes()


def test_where_a_block_ends_changes_no_bit():
    model, columns = planted(features=40).competencies[0], table(2 * BLOCK + 5)
    whole = model.z(columns)
    shifted = np.concatenate(
        [
            model.z({name: values[: BLOCK // 3] for name, values in columns.items()}),
            model.z({name: values[BLOCK // 3 :] for name, values in columns.items()}),
        ]
    )
    assert whole.tobytes() == shifted.tobytes()


def test_the_numbers_are_those_of_the_matrix_product():
    model, columns = planted(features=40).competencies[0], table(500)
    x = np.array([columns[name] for name in model.features]).T
    missing = np.isnan(x)
    near = np.clip(x, model.mean - 4 * model.scale, model.mean + 4 * model.scale)
    expected = model.intercept + np.where(missing, model.mean, near) @ model.coefficients + missing @ model.absent
    share = ~missing @ np.abs(model.importance) / np.abs(model.importance).sum()
    assert np.isnan(model.z(columns)).tolist() == (share < model.least_measured).tolist()
    measured = share >= model.least_measured
    assert model.z(columns)[measured] == pytest.approx((expected[measured] - 3.1) / 0.4)


def test_the_order_of_the_answers_changes_no_bit():
    rng = np.random.default_rng(2)
    questions = [question.id for question in FRAMEWORK.questions]
    interview = np.repeat(np.arange(50), len(questions))
    question = np.tile(questions, 50)
    values = rng.standard_normal(len(interview)) * 10.0 ** rng.integers(-8, 9, len(interview))
    values[rng.random(len(values)) < 0.2] = np.nan
    shown = questions[1:]
    found = answer_means({"language.a": values}, interview, question, shown, 51)["language.a"]
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(values))
        again = answer_means({"language.a": values[order]}, interview[order], question[order], shown, 51)
        assert again["language.a"].tobytes() == found.tobytes()
    for i in (0, 17, 49):
        mine = values[(interview == i) & np.isin(question, shown)]
        assert found[i] == pytest.approx(np.nanmean(mine))
    assert np.isnan(found[50])


def test_means_are_over_the_answers_that_show_the_competency():
    model = planted()
    name = model.competencies[0].features[0]
    questions = [question.id for question in FRAMEWORK.questions]
    columns = {feature: np.arange(len(questions), dtype=float) for feature in model.fingerprints}
    found = model.means(columns, np.zeros(len(questions), int), questions, 1)
    for competency in FRAMEWORK.weights:
        shown = [questions.index(question.id) for question in FRAMEWORK.questions_showing(competency)]
        assert found[competency][name] == pytest.approx([np.mean(shown)])
    assert len({float(found[one][name][0]) for one in found}) > 1


def test_errors_shrink_with_the_answers_and_are_none_of_one():
    one = planted(question_sd=0.8).competencies[0]
    assert (one.error(4), one.error(9), one.error(1), one.error(0)) == (6.0, 4.0, None, None)
    assert planted(question_sd=None).competencies[0].error(4) is None


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"intercept": np.nan}, "finite"),
        ({"coefficients": np.array([np.inf] * 6)}, "finite"),
        ({"norms": Norms(3.0, 0.0, 30)}, "spread above 0"),
        ({"norms": Norms(np.nan, 1.0, 30)}, "finite"),
        ({"mean": np.zeros(5)}, "equally many"),
        ({"scale": np.zeros((6, 1))}, "equally many"),
        ({"features": ("language.a_share",) * 6}, "equally many"),
        ({"least_measured": 1.5}, "in 0 to 1"),
        ({"question_sd": -0.1}, "must not be negative"),
        ({"question_sd": np.inf}, "finite"),
    ],
)
def test_numbers_that_are_none_are_refused(change, match):
    with pytest.raises(ValueError, match=match):
        replace(planted().competencies[0], **change)


def test_weights_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="at least 0 and sum to 1"):
        replace(planted(), weights=dict.fromkeys(FRAMEWORK.weights, np.nan))


def test_nobody_is_scored_as_well_as_somebody():
    one: LinearCompetency = planted().competencies[0]
    assert one.z({name: np.empty(0) for name in one.features}).shape == (0,)
