"""Planted evidence comes back with its words; stuffing, repeating and denying do not pay."""

from itertools import pairwise

import pytest

from tests.features.language.texts import COMPETENCY, STORY, ZH_STORY, answer_of
from vivavoce.data.schema import Absent
from vivavoce.features.language import COVERAGE, LANGUAGE, find_evidence, measure_competency

SHARE = "language.term_coverage_share.problem_solving"


def found(text: str, language: str = "en") -> list[tuple[str, str]]:
    answer = answer_of(text, language)
    return [(entry.text, answer.quote(entry.span)) for entry in find_evidence(answer, COMPETENCY).found]


def share(text: str) -> float:
    value = measure_competency(answer_of(text), COMPETENCY)[0][SHARE]
    assert isinstance(value, float)
    return value


def test_planted_terms_come_back_with_their_words() -> None:
    assert found(STORY) == [
        ("reproduce", "reproduced"),
        ("analyse", "analysed"),
        ("root cause", "root cause"),
        ("test", "tests."),
    ]


def test_planted_chinese_terms_come_back_with_their_words() -> None:
    assert found(ZH_STORY, "zh") == [
        ("找到原因", "找到原因。"),
        ("分析日志", "分析了日志，"),
        ("复现", "复现"),
        ("测试", "测试。"),
    ]


@pytest.mark.parametrize("form", ["test", "tests", "Tested,", "testing.", "TEST"])
def test_inflection_case_and_punctuation_do_not_hide_a_term(form: str) -> None:
    assert found(f"we {form} it") == [("test", form)]


def test_words_may_stand_inside_a_phrase_but_no_sentence_may_end() -> None:
    assert found("I asked my boss for feedback") == [("ask for feedback", "asked my boss for feedback")]
    assert found("I asked. For feedback I waited") == []
    assert found("the root-cause was clear") == [("root cause", "root-cause")]


def test_chinese_terms_do_not_begin_inside_another_word() -> None:
    assert found("我们合并发布了版本", "zh") == []
    assert found("支持并发请求", "zh") == [("并发", "并发")]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I have never tested anything"),
        ("en", "we shipped without any tests"),
        ("en", "I didn't really debug it"),
        ("zh", "我从来没有做过测试"),
        ("zh", "我们不做分析"),
    ],
)
def test_what_is_denied_is_no_evidence(language: str, text: str) -> None:
    evidence = find_evidence(answer_of(text, language), COMPETENCY)
    assert evidence.found == ()
    assert len(evidence.negated) == 1


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I never panic, I test it"),
        ("en", "not only did I test it"),
        ("en", "I did not guess but tested it"),
        ("zh", "我不着急，先做测试"),
        ("zh", "我不仅分析了它"),
    ],
)
def test_a_negation_reaches_no_further_than_its_clause(language: str, text: str) -> None:
    assert len(find_evidence(answer_of(text, language), COMPETENCY).found) == 1


FRAME = "at the company where we all work on many different things every single day"


def test_repeating_a_term_pays_nothing() -> None:
    once = share(f"I test it {FRAME} and {FRAME}")
    assert share(f"I test it, test it, test it, test {FRAME} and {FRAME}") == once > 0


def test_each_further_term_pays_less() -> None:
    shares = [
        share(f"{text} {FRAME} and {FRAME} and {FRAME}")
        for text in ("I sleep", "I test", "I test and debug", "I test and debug and analyse")
    ]
    gains = [later - earlier for earlier, later in pairwise(shares)]
    assert shares[0] == 0
    assert gains == sorted(gains, reverse=True)
    assert gains[-1] > 0


def test_a_list_of_keywords_pays_less_than_an_account() -> None:
    assert share("test debug analyse reproduce root cause test debug analyse reproduce root cause") < share(STORY)


def test_without_an_encoder_closeness_is_absent_and_says_so() -> None:
    measures, evidence = measure_competency(answer_of(STORY), COMPETENCY)
    assert measures["language.anchor_cosine.problem_solving"] == Absent("no_encoder")
    assert measures["language.anchor_closeness_ratio.problem_solving"] == Absent("no_encoder")
    assert evidence.anchors == ()
    assert LANGUAGE.measure(answer_of(STORY, "en", "Why?"))["language.relevance_cosine"] == Absent("no_encoder")


def test_a_short_answer_has_no_coverage() -> None:
    assert measure_competency(answer_of("I test"), COMPETENCY)[0][SHARE] == Absent("too_short")


def test_competency_features_say_that_they_are() -> None:
    assert all(feature.per_competency for feature in COVERAGE)
    assert not any(feature.per_competency for feature in LANGUAGE)


def test_terms_within_a_list_do_not_count_and_a_mention_outside_does() -> None:
    entries = [*COMPETENCY.phrases["en"], *COMPETENCY.terms["en"]]
    listed = " ".join(entries * 3)
    told = find_evidence(answer_of(f"{STORY} {'And so we went on for a while. ' * 5}{listed}"), COMPETENCY)
    alone = find_evidence(answer_of(listed), COMPETENCY)
    assert alone.found == ()
    assert len(alone.listed) >= 4
    assert share(listed) == 0
    assert {one.text for one in told.found} == {"reproduce", "analyse", "root cause", "test"}
    assert {one.text for one in told.listed} == {one.text for one in alone.listed} - {one.text for one in told.found}


def test_speech_as_dense_as_people_have_it_is_no_list() -> None:
    """Every fourth word a term, as in the densest of 138 real interviews."""
    said = " ".join(f"{term} and then we" for term in ("reproduce", "analyse", "test") for _ in range(3))
    assert len(find_evidence(answer_of(said), COMPETENCY).found) == 3
