"""A band is as wide as another question would move the score, and no wider."""

import numpy as np
import pytest

from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.training.inputs import Answers
from vivavoce.training.overall import cross_fitted
from vivavoce.training.validation.precision import cross_fitted_answers, precision

PEOPLE, QUESTIONS = 500, 4


def answered(seed, spread=0.8, harder=2.0):
    """Scores of single answers: a person's level, a question's ease, the rest."""
    rng = np.random.default_rng(seed)
    level, ease = rng.standard_normal((PEOPLE, 1)), harder * rng.standard_normal(QUESTIONS)
    return level + ease + spread * rng.standard_normal((PEOPLE, QUESTIONS))


def test_where_all_answer_the_same_harder_questions_are_no_error():
    found = precision(answered(0), np.arange(PEOPLE))
    assert found.design == "crossed"
    assert found.question_sd == pytest.approx(0.8, rel=0.06)
    assert found.reliability.covers(1 / (1 + 0.64 / QUESTIONS))
    assert (found.people, found.questions) == (PEOPLE, QUESTIONS)


def test_where_people_answer_different_questions_they_are():
    scores = answered(1, harder=0.6)
    scores[np.random.default_rng(2).random(scores.shape) < 0.3] = np.nan
    found = precision(scores, np.arange(PEOPLE))
    assert found.design == "mixed"
    ease = answered(1, spread=0.0, harder=0.6)[0]
    assert found.question_sd == pytest.approx(np.hypot(0.8, ease.std(ddof=1)), rel=0.06)
    count = np.count_nonzero(~np.isnan(scores), axis=1)
    error = found.question_sd**2 * np.mean(1 / count[count >= 2])
    assert found.reliability.covers(1 / (1 + error))


def test_the_error_of_a_mean_is_what_the_standard_error_says():
    scores = answered(3)
    found = precision(scores[:, :2], np.arange(PEOPLE))
    moved = scores[:, :2].mean(axis=1) - scores[:, 2:].mean(axis=1)
    assert moved.std() == pytest.approx(np.sqrt(2) * found.question_sd / np.sqrt(2), rel=0.08)


def test_one_question_only_has_no_band():
    found = precision(answered(4)[:, :1], np.arange(PEOPLE))
    assert np.isnan(found.question_sd)
    assert found.reason == "0 people answered two questions: fewer than 20"


def test_a_second_interview_is_not_another_person():
    scores = answered(5)[:30]
    assert precision(np.vstack([scores, scores]), np.tile(np.arange(30), 2)) == precision(scores, np.arange(30))


def test_the_mean_of_answers_scores_is_the_score_of_their_mean_and_saw_no_own_rating():
    rng = np.random.default_rng(6)
    n, asked = 60, ["q1", "q2", "q3"]
    single = rng.standard_normal((n, 3, 2))
    answers = Answers(
        np.repeat(np.arange(n), 4),
        np.tile([*asked, "other"], n),
        {f"language.f{j}": np.column_stack([single[:, :, j], np.full(n, 99.0)]).ravel() for j in range(2)},
    )
    x = single.mean(axis=1)
    y = x[:, 0] + rng.standard_normal(n)
    y[5] = np.nan
    features = ["language.f0", "language.f1"]
    scores, table = cross_fitted_answers(CompetencyRidge(), x, y, np.arange(n), answers, features, asked)
    assert table.shape == (n, 3)
    assert table.mean(axis=1) == pytest.approx(scores)
    assert scores == pytest.approx(cross_fitted(CompetencyRidge(), x, y, np.arange(n)))


def test_an_answer_of_which_little_was_measured_has_no_score_and_one_gap_moves_nothing():
    rng = np.random.default_rng(8)
    n, p = 80, 8
    single = rng.standard_normal((n, 2, p))
    single[0, 0, :4], single[1, 0, 0] = np.nan, np.nan
    names = [f"language.f{j}" for j in range(p)]
    answers = Answers(
        np.repeat(np.arange(n), 2), np.tile(["q1", "q2"], n), {f: single[:, :, j].ravel() for j, f in enumerate(names)}
    )
    x = np.nanmean(single, axis=1)
    y = x.sum(axis=1)
    scores, table = cross_fitted_answers(CompetencyRidge((1e-6,)), x, y, np.arange(n), answers, names, ["q1", "q2"])
    assert np.isnan(table[0, 0])
    assert np.isfinite(table[0, 1])
    assert table[1, 0] == pytest.approx(single[1, 0, 1:].sum() + x[1, 0], abs=0.05)
    assert scores[2] == pytest.approx(table[2].mean())
