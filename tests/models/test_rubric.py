"""The rubric: planted measures come back as points, missing evidence is never a low score."""

import math
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from vivavoce.data.framework import Framework, load_framework
from vivavoce.data.schema import Absent, Measures
from vivavoce.data.status import RowStatus
from vivavoce.models.rubric.rubric import Rubric, rubric_parameters
from vivavoce.models.score import OVERALL, Quote, Score, by_question
from vivavoce.models.version import MeasuredAnswer

ASKED = ("q1", "q2", "q3")
TOLD = [f"language.{one}_share" for one in ("own_acts", "said", "particular", "reasons", "consequences")]


@pytest.fixture(scope="module")
def framework() -> Framework:
    return load_framework(Path(str(files("vivavoce.data") / "frameworks" / "software_engineer.yaml")))


def measures(framework: Framework, told: float = 0.5, coverage: float = 0.3) -> Measures:
    found: Measures = {**dict.fromkeys(TOLD, told), "language.relevance_cosine": 0.15}
    for competency in framework.weights:
        found[f"language.term_coverage_share.{competency}"] = coverage
        found[f"language.anchor_closeness_ratio.{competency}"] = 0.55
    return found


def answers(framework: Framework, **planted: float) -> list[MeasuredAnswer]:
    return [MeasuredAnswer(q.id, q.shows, measures(framework, **planted), {}) for q in framework.questions]


def by_competency(scores: tuple[Score, ...]) -> dict[str, Score]:
    return {score.competency: score for score in scores}


def value(score: Score) -> float:
    assert score.value is not None
    return score.value


def test_points_of_the_evidence_sum_to_the_score_and_scores_to_the_overall(framework: Framework) -> None:
    given = answers(framework)
    scores = by_competency(Rubric.for_answers(framework, given).score(given, ASKED))
    for competency in framework.weights:
        points = math.fsum(item.points for item in scores[competency].evidence)
        assert value(scores[competency]) == pytest.approx(points, abs=1e-9)
    planted = 100 * (0.90 * 0.5 + 0.05 * 0.10 / 0.20 + 0.05 * 0.3 / 0.40)
    assert value(scores[OVERALL]) == pytest.approx(planted, abs=1e-9), "every competency has the same planted measures"
    assert scores[OVERALL].status is RowStatus.SCORED


def test_the_score_is_the_mean_of_what_each_answer_alone_would_score(framework: Framework) -> None:
    given = [
        replace(answer, measures=measures(framework, told=0.2 * i)) for i, answer in enumerate(answers(framework), 1)
    ]
    scores = by_competency(Rubric.for_answers(framework, given).score(given, ASKED))
    for competency in framework.weights:
        single = by_question(scores[competency])
        assert list(single) == [question.id for question in framework.questions_showing(competency)]
        assert math.fsum(single.values()) / len(single) == pytest.approx(value(scores[competency]))
        assert sorted(single.values()) == list(single.values())
        assert min(single.values()) < max(single.values())


def test_more_evidence_never_lowers_a_score(framework: Framework) -> None:
    lows, highs = answers(framework, told=0.2, coverage=0.1), answers(framework, told=0.6, coverage=0.3)
    rubric = Rubric.for_answers(framework, lows)
    for low, high in zip(rubric.score(lows, ASKED), rubric.score(highs, ASKED), strict=True):
        assert value(low) < value(high)


def test_a_missing_answer_makes_its_competencies_partial_and_never_lower(framework: Framework) -> None:
    given = answers(framework)
    whole = by_competency(Rubric.for_answers(framework, given).score(given, ASKED))
    part = by_competency(Rubric.for_answers(framework, given).score(given[:-1], ASKED))
    touched = framework.questions[-1].shows
    for competency in framework.weights:
        if part[competency].value is None:
            continue
        assert value(part[competency]) == pytest.approx(value(whole[competency]), abs=1e-9)
        assert (part[competency].status is RowStatus.PARTIAL) == (competency in touched)
        assert part[competency].reason == ("missing_answer" if competency in touched else None)


def test_without_every_competency_the_overall_has_no_value(framework: Framework) -> None:
    competency = framework.questions[0].shows[0]
    given = [answer for answer in answers(framework) if competency not in answer.shows]
    scores = by_competency(Rubric.for_answers(framework, given).score(given, ASKED))
    assert scores[competency].status is RowStatus.NOT_SCORED
    assert (scores[competency].value, scores[competency].reason) == (None, "no_answer")
    assert scores[OVERALL].value is None
    assert scores[OVERALL].status in {RowStatus.PARTIAL, RowStatus.NOT_SCORED}


def test_no_answers_are_not_scored(framework: Framework) -> None:
    for score in Rubric.for_answers(framework, []).score([], ASKED):
        assert (score.value, score.status, score.reason) == (None, RowStatus.NOT_SCORED, "no_answer")


def test_an_answer_too_short_to_measure_is_missing_not_zero(framework: Framework) -> None:
    given = answers(framework)
    short = replace(given[0], measures=dict.fromkeys(given[0].measures, Absent("too_short")))
    scores = by_competency(Rubric.for_answers(framework, given).score([short, *given[1:]], ASKED))
    for competency in given[0].shows:
        assert scores[competency].status in {RowStatus.PARTIAL, RowStatus.NOT_SCORED}
        assert scores[competency].value is None or scores[competency].value > 20


@pytest.mark.parametrize(("reason", "variant"), [("no_encoder", "no_encoder"), ("no_question", "no_question")])
def test_what_cannot_be_measured_decides_the_variant_and_the_digest(
    framework: Framework, reason: str, variant: str
) -> None:
    given = answers(framework)
    given[0] = replace(given[0], measures={**given[0].measures, "language.relevance_cosine": Absent(reason)})
    rubric = Rubric.for_answers(framework, given)
    assert rubric.variant == variant
    assert rubric.digest != Rubric.for_answers(framework, answers(framework)).digest


def test_the_band_needs_two_answers_and_narrows_with_more(framework: Framework) -> None:
    given = answers(framework)
    scores = by_competency(Rubric.for_answers(framework, given).score(given, ASKED))
    sd = rubric_parameters().question_sd["full"]
    for competency in framework.weights:
        shown = len(framework.questions_showing(competency))
        error = scores[competency].error
        assert error == (pytest.approx(sd / math.sqrt(shown)) if shown > 1 else None)
    one = MeasuredAnswer("interview", tuple(framework.weights), given[0].measures, {})
    for score in Rubric.for_answers(framework, [one]).score([one], [one.question_id]):
        assert score.value is not None
        assert (score.error, score.low, score.high) == (None, None, None)


def test_quotes_travel_with_the_measure_they_stand_behind(framework: Framework) -> None:
    given = answers(framework)
    competency = given[0].shows[0]
    quote = Quote("we measured it", 3.0, 4.5)
    given[0] = replace(given[0], quotes={f"language.term_coverage_share.{competency}": (quote,)})
    scored = by_competency(Rubric.for_answers(framework, given).score(given, ASKED))[competency]
    shown = [e for e in scored.evidence if e.quotes]
    assert [(e.question_id, e.measure, e.quotes) for e in shown] == [
        (given[0].question_id, "language.term_coverage_share", (quote,))
    ]


def test_every_variant_uses_scaled_measures_and_weights_that_sum_to_one() -> None:
    parameters = rubric_parameters()
    for variant in parameters.variants.values():
        assert math.fsum(variant.values()) == pytest.approx(1, abs=1e-12)
        assert set(variant) <= set(parameters.scales)
    assert set(parameters.question_sd) == set(parameters.variants)


def test_a_question_that_nobody_asked_widens_the_band_and_is_not_missing(framework: Framework) -> None:
    given = answers(framework)[:-1]
    asked = [answer.question_id for answer in given]
    fewer = by_competency(Rubric.for_answers(framework, given).score(given, asked))
    every = by_competency(Rubric.for_answers(framework, given).score(answers(framework), ASKED))
    for competency in framework.questions[-1].shows:
        if fewer[competency].value is not None:
            assert fewer[competency].status is RowStatus.SCORED
            narrow, wide = every[competency].error, fewer[competency].error
            assert narrow is not None
            assert wide is None or wide > narrow
