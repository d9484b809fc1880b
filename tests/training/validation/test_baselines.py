"""What a trained score must beat is computed from the same answers, and wins where it should."""

import numpy as np
import pytest

from tests.training.tables import FRAMEWORK
from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.models.rubric.rubric import Rubric, rubric_parameters
from vivavoce.models.version import MeasuredAnswer
from vivavoce.training.inputs import Answers
from vivavoce.training.overall import cross_fitted
from vivavoce.training.validation.baselines import LENGTH, UnitWeights, baselines, rubric_scores

N = 400


def planted(coefficients, seed):
    rng = np.random.default_rng(seed)
    columns = {f"language.f{i}": rng.standard_normal(N) for i in range(len(coefficients))}
    columns[LENGTH] = 100 + 20 * rng.standard_normal(N)
    x = np.column_stack(list(columns.values()))
    y = x[:, :-1] @ np.array(coefficients) + rng.standard_normal(N)
    return columns, x, y


def compared(coefficients, seed, rubric="no measures"):
    columns, x, y = planted(coefficients, seed)
    score = cross_fitted(CompetencyRidge(), x, y, np.arange(N))
    return {one.name: one for one in baselines(score, columns, y, np.arange(N), rubric)}


def test_a_score_that_knows_more_beats_all_of_them():
    found = compared([1.5, *[0.0] * 10], 0, rubric=np.random.default_rng(1).standard_normal(N))
    assert [one.gain.verdict for one in found.values()] == ["shown"] * 3
    assert found["rubric"].sentence("teamwork").startswith("teamwork beats rubric: Δr .")


def test_where_all_features_count_alike_unit_weights_are_not_beaten():
    columns, x, y = planted([0.5] * 6, 2)
    del columns[LENGTH]
    score = cross_fitted(CompetencyRidge(), x[:, :-1], y, np.arange(N))
    one = baselines(score, columns, y, np.arange(N), "none")[1]
    assert one.gain.verdict != "shown"
    assert abs(one.gain.gain.value) < 0.02


def test_length_is_taken_in_the_direction_in_which_it_goes():
    columns, _, _ = planted([0.0], 3)
    y = -columns[LENGTH] / 20 + np.random.default_rng(4).standard_normal(N)
    found = baselines(columns["language.f0"], columns, y, np.arange(N), "none")
    assert found[2].gain.base.value == pytest.approx(0.71, abs=0.08)


def test_what_cannot_be_computed_says_so():
    found = compared([1.0], 5)["rubric"]
    assert found.sentence("learning") == "learning was not compared with rubric: no measures"


def test_unit_weights_learn_directions_only_and_from_those_who_count():
    x = np.array([[1.0, 10.0, 5.0], [2.0, 8.0, 5.0], [3.0, 6.0, 5.0], [9.0, 99.0, 5.0]])
    model = UnitWeights().fit(x, [1.0, 2.0, 3.0, -9.0], sample_weight=[1, 1, 1, 0])
    assert model.sign_.tolist() == [1, -1, 0]
    assert model.predict([[3.0, 6.0, 5.0], [np.nan, 6.0, 5.0]]) == pytest.approx([2 * 1.2247 / 3, 1.2247 / 2], abs=1e-3)


def test_the_rubric_is_the_one_that_scores():
    rng = np.random.default_rng(6)
    measures = list(rubric_parameters().variants["full"])
    shows = FRAMEWORK.questions_showing("teamwork")
    columns = {
        f"{one}.teamwork" if "term" in one or "anchor" in one else one: rng.uniform(-0.2, 1.2, len(shows))
        for one in measures
    }
    answers = Answers(np.zeros(len(shows), np.intp), np.array([one.id for one in shows]), columns)
    heard = [
        MeasuredAnswer(
            one.id,
            one.shows,
            {f: v[i] for f, v in columns.items()} | {m: 0.0 for m in measures if m not in columns},
            {},
        )
        for i, one in enumerate(shows)
    ]
    for one in heard:
        one.measures.update({f"{m}.{c}": 0.0 for m in measures for c in FRAMEWORK.weights if c != "teamwork"})
    expected = {s.competency: s for s in Rubric.for_answers(FRAMEWORK, heard).score(heard, [one.id for one in shows])}
    found = rubric_scores(answers, [one.id for one in shows], "teamwork", 2)
    assert found[0] == pytest.approx(expected["teamwork"].value)
    assert np.isnan(found[1])


def test_without_an_encoder_the_poorer_rubric_stands_in_and_without_measures_none():
    told = ("own_acts", "said", "particular", "reasons", "consequences")
    columns = {f"language.{one}_share": np.array([0.5]) for one in told}
    columns["language.term_coverage_share.teamwork"] = np.array([0.2])
    answers = Answers(np.array([0]), np.array(["q"]), columns)
    assert rubric_scores(answers, ["q"], "teamwork", 1) == pytest.approx([0.95 * 50 + 2.5])
    assert "not among the features" in rubric_scores(answers, ["q"], "learning", 1)
