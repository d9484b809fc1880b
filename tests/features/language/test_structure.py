"""The parts of an account are found where they were planted."""

import pytest

from tests.features.language.texts import STORY, ZH_STORY, answer_of
from vivavoce.data.schema import Absent
from vivavoce.features.language import LANGUAGE, find_structure


def test_a_complete_account_is_complete() -> None:
    answer = answer_of(STORY)
    account = find_structure(answer)
    assert account.missing == ()
    assert answer.quote(account.found["situation"][0]) == "last year"
    assert answer.quote(account.found["task"][0]) == "My task was"
    assert [answer.quote(span) for span in account.found["action"]] == ["I reproduced", "I analysed", "we rewrote"]
    assert answer.quote(account.found["result"][0]) == "As a result"


def test_a_complete_chinese_account_is_complete() -> None:
    answer = answer_of(ZH_STORY, "zh")
    account = find_structure(answer)
    assert account.missing == ()
    assert answer.quote(account.found["situation"][0]) == "去年"
    assert "我的任务是" in [answer.quote(span) for span in account.found["task"]]
    assert answer.quote(account.found["result"][0]) == "结果"


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("situation", "Um, last year at my previous company the nightly build failed almost every day. "),
        ("task", "My task was to make it reliable. "),
        ("action", "I reproduced the failure, I uh I analysed the root cause and we rewrote 3 tests. "),
        ("result", "As a result the failures dropped by 40 percent."),
    ],
)
def test_a_missing_part_is_named(part: str, sentence: str) -> None:
    answer = answer_of(STORY.replace(sentence, ""))
    assert find_structure(answer).missing == (part,)
    measures = LANGUAGE.measure(answer)
    assert measures["language.structure_share"] == 0.75
    assert measures[f"language.{part}_flag"] == 0


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "en",
            "I like pizza and football and films, and on Sundays my sister and her dog come along to the park with us.",
        ),
        (
            "zh",
            "我喜欢吃饭和睡觉，也喜欢看电影和打篮球，周末天气好，家里的狗很可爱，大家都很喜欢它，特别是小孩子。",
        ),
    ],
)
def test_small_talk_is_no_account(language: str, text: str) -> None:
    assert LANGUAGE.measure(answer_of(text, language))["language.structure_share"] == 0


def test_a_short_answer_has_no_structure() -> None:
    assert LANGUAGE.measure(answer_of("We won in the end."))["language.structure_share"] == Absent("too_short")
