"""One interview and a model version: its points, what they are made of, and what is not scored and why."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.models.versions import FRAMEWORK, planted
from vivavoce.data.schema import Absent
from vivavoce.data.status import RowStatus
from vivavoce.models.linear.linear_version import score_answers
from vivavoce.models.score import OVERALL, STARTING_POINT, Quote, Score, by_question
from vivavoce.models.version import MeasuredAnswer

MODEL = planted()
NAMES = MODEL.competencies[0].features
QUESTIONS = [question.id for question in FRAMEWORK.questions]
QUOTE = Quote("we tested it", 1.0, 2.0)


def answers(questions: list[str] = QUESTIONS, seed: int = 0) -> list[MeasuredAnswer]:
    """Answers in which everything was measured."""
    rng = np.random.default_rng(seed)
    return [
        MeasuredAnswer(
            question, (), dict(zip(NAMES, rng.standard_normal(len(NAMES)).tolist(), strict=True)), {NAMES[0]: (QUOTE,)}
        )
        for question in questions
    ]


def without(answer: MeasuredAnswer, names, reason: str) -> MeasuredAnswer:
    return replace(answer, measures={**answer.measures, **dict.fromkeys(names, Absent(reason))})


def scored(given: list[MeasuredAnswer], asked: list[str] = QUESTIONS, model=MODEL) -> dict[str, Score]:
    return {score.competency: score for score in score_answers(model, given, asked)}


def test_the_numbers_are_those_of_the_model():
    given = answers()
    columns = {name: [answer.measures[name] for answer in given] for name in NAMES}
    expected = MODEL.points(MODEL.means(columns, np.zeros(len(given), int), QUESTIONS, 1))
    found = scored(given)
    assert list(found) == [*FRAMEWORK.weights, OVERALL]
    assert {name: score.value for name, score in found.items()} == {name: one[0] for name, one in expected.items()}
    assert {score.status for score in found.values()} == {RowStatus.SCORED}


def test_evidence_counts_from_the_applicants_mean_largest_first():
    for seed in range(5):
        given = answers(seed=seed)
        given[0] = without(given[0], NAMES[2:3], "too_short")
        for name, score in scored(given).items():
            if name == OVERALL:
                continue
            assert score.origin == 50
            parts = [item.points for item in score.evidence]
            assert score.value == pytest.approx(50 + math.fsum(parts), abs=1e-9)
            assert parts == sorted(parts, key=lambda one: -abs(one))
            assert sum(item.measure == STARTING_POINT for item in score.evidence) == 1


def test_points_belong_to_the_answer_that_earned_them():
    one = MODEL.competencies[0]
    given = answers()
    shown = [question.id for question in FRAMEWORK.questions_showing(one.competency)]
    score = scored(given)[one.competency]
    for answer in given:
        items = [item for item in score.evidence if item.question_id == answer.question_id and item.measure == NAMES[0]]
        if answer.question_id not in shown:
            assert items == []
            continue
        [item] = items
        change = one.coefficients[0] * (answer.measures[NAMES[0]] - one.mean[0]) / len(shown)
        assert item.points == pytest.approx(15 / 0.4 * change)
        assert item.value == answer.measures[NAMES[0]]
        assert item.quotes == (QUOTE,)


def test_a_score_at_the_end_of_the_scale_shows_points_beyond_it():
    for one in MODEL.competencies:
        far = {name: 1e3 * float(np.sign(c)) for name, c in zip(one.features, one.coefficients, strict=True)}
        score = scored([replace(answer, measures=far) for answer in answers()])[one.competency]
        assert score.value == 100.0
        assert 50 + math.fsum(item.points for item in score.evidence) > 100


def test_a_value_beyond_reach_counts_as_one_at_its_edge_in_score_and_evidence():
    one = MODEL.competencies[0]
    edge = float(one.mean[0] + 4 * one.scale[0])
    wild, near = (
        scored([replace(answer, measures={**answer.measures, NAMES[0]: value}) for answer in answers()])[one.competency]
        for value in (1e6, edge)
    )
    assert wild.value == pytest.approx(near.value)
    assert math.fsum(item.points for item in wild.evidence) == pytest.approx(
        math.fsum(item.points for item in near.evidence)
    )


def test_what_was_never_measured_has_no_value_and_says_what_its_absence_adds():
    one = MODEL.competencies[0]
    least = int(np.argmin(np.abs(one.importance)))
    given = [without(answer, [NAMES[least]], "no_face") for answer in answers()]
    [item] = [item for item in scored(given)[one.competency].evidence if item.measure == NAMES[least]]
    assert (item.value, item.question_id) == (None, None)
    assert item.points == pytest.approx(15 / 0.4 * one.absent[least])


def test_a_missing_answer_is_partial_and_widens_the_band():
    whole, cut = scored(answers()), scored(answers()[1:])
    for competency in FRAMEWORK.weights:
        shown = [question.id for question in FRAMEWORK.questions_showing(competency)]
        lacks = QUESTIONS[0] in shown
        assert cut[competency].status == (RowStatus.PARTIAL if lacks else RowStatus.SCORED)
        assert cut[competency].reason == ("missing_answer" if lacks else None)
        if lacks and len(shown) > 2:
            assert cut[competency].error > whole[competency].error
    assert cut[OVERALL].status is RowStatus.PARTIAL
    assert cut[OVERALL].value is not None


def test_a_question_that_nobody_asked_is_not_missing():
    found = scored(answers()[1:], QUESTIONS[1:])
    assert all(found[name].status is RowStatus.SCORED for name in FRAMEWORK.weights)


def test_an_answer_of_which_little_was_measured_is_missing_but_its_numbers_count():
    given = answers()
    given[0] = without(given[0], NAMES[1:], "too_short")
    whole = scored(given)
    name = FRAMEWORK.questions[0].shows[0]
    assert whole[name].status is RowStatus.PARTIAL
    assert any(item.question_id == QUESTIONS[0] for item in whole[name].evidence)


def test_overall_band_adds_the_errors_up():
    found = scored(answers())
    expected = sum(weight * found[name].error for name, weight in FRAMEWORK.weights.items())
    assert found[OVERALL].error == pytest.approx(expected)
    assert scored(answers(), model=planted(question_sd=None))[OVERALL].error is None


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([], "no_answer"),
        (answers(["interview"]), "no_question"),
        ([without(answer, NAMES, "unclear_speech") for answer in answers()], "unclear_speech"),
        ([without(answer, NAMES[:-1], "too_short") for answer in answers()], "too_little_measured: too_short"),
        ([replace(answer, measures={}) for answer in answers()], "no_consent"),
    ],
)
def test_nothing_to_score_says_why(given, reason):
    found = scored(given)
    assert {score.reason for score in found.values()} == {reason}
    assert {(score.status, score.value, score.error) for score in found.values()} == {
        (RowStatus.NOT_SCORED, None, None)
    }


def test_without_one_competency_overall_has_no_value():
    alone = "language.alone_share"
    first = MODEL.competencies[0]
    own = replace(first, features=(alone, *first.features[1:]), least_measured=1.0)
    model = replace(
        MODEL, competencies=(own, *MODEL.competencies[1:]), fingerprints={**MODEL.fingerprints, alone: "0" * 64}
    )
    found = scored([without(answer, [alone], "no_face") for answer in answers()], model=model)
    assert found[first.competency].reason == "too_little_measured: no_face"
    assert found[OVERALL].value is None
    assert found[OVERALL].reason == f"missing_competency: {first.competency}"
    assert found[OVERALL].status is RowStatus.PARTIAL


def test_the_order_of_the_answers_changes_nothing():
    given = answers()
    assert scored(given[::-1]) == scored(given)


def test_an_answer_alone_scores_what_the_model_gives_it_alone():
    """Where everything was measured and nothing is far out; the starting point counts for every answer."""
    given = [
        replace(one, measures={name: 0.3 * value for name, value in one.measures.items()}) for one in answers(seed=3)
    ]
    together = scored(given)
    for name in FRAMEWORK.weights:
        found = by_question(together[name])
        shown = [answer for answer in given if answer.question_id in found]
        assert {answer.question_id for answer in shown} == {one.id for one in FRAMEWORK.questions_showing(name)}
        for answer in shown:
            alone = scored([answer])[name]
            assert found[answer.question_id] == pytest.approx(alone.value, abs=1e-9)
