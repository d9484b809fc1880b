"""What an answer tells: planted acts, talk, reasons and lessons come back; what was not told does not."""

from dataclasses import replace

import pytest

from tests.conftest import ROOT
from vivavoce.data.framework import load_framework
from vivavoce.data.schema import Absent
from vivavoce.features.language import LANGUAGE, AnswerText, find_told, is_repetitive, relate, written_answer
from vivavoce.features.language.borrowing import borrowed_places

FRAMEWORK = load_framework(ROOT / "data" / "frameworks" / "software_engineer.yaml")
CASE = {
    "en": (
        "The till froze on a Friday. I rang the supplier and asked for the log, because nobody else had it. Tom told "
        "me it was the printer. So I swapped the cable and wrote to the owner. Since then it has not frozen once. I "
        "should have asked Tom first."
    ),
    "zh": (
        "上周五收银机死机了。我给厂家打电话，问了日志在哪，因为别人都没有。老王说是打印机的事。我就换了线，又跟店主说了一声。"
        "后来没再死过。要是重来，我先问老王。"
    ),
}


def told(text: str, language: str = "en") -> dict[str, list[str]]:
    answer = written_answer(text, language)
    found = find_told(answer)
    return {
        kind: [answer.quote(span) for span in getattr(found, kind)] for kind in ("acts", "spoken", "reasons", "lessons")
    }


def test_a_case_is_told_by_its_acts_talk_reasons_and_lessons():
    assert told(CASE["en"]) == {
        "acts": ["I rang", "I rang the supplier and asked", "I swapped", "I swapped the cable and wrote"],
        "spoken": ["I rang", "I rang the supplier and asked", "Tom told", "I swapped the cable and wrote"],
        "reasons": ["because", "So I"],
        "lessons": ["Since then", "should have"],
    }
    chinese = told(CASE["zh"], "zh")
    assert len(chinese["acts"]) >= 4
    assert any("厂家" in one for one in chinese["spoken"])
    assert any("老王" in one for one in chinese["spoken"])
    assert chinese["reasons"]
    assert chinese["lessons"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("If it breaks I would ask the supplier. I should write to them. I never rang anybody.", "en"),
        ("Usually I ask people. Normally I write a lot. We all asked around and we fixed it.", "en"),
        ("He rang the supplier and asked for the log. Everybody wrote letters. Nobody ever saw me trace it.", "en"),
        ("I felt it was hard. I wanted to help. I was in charge. I thought about it and I supported the team.", "en"),
        ("如果坏了我会打电话。一般我都问大家。我从来没写过报告。", "zh"),
        ("他打了电话，问了日志。大家应该写报告。客户肯定要换。", "zh"),
    ],
)
def test_what_is_supposed_habitual_denied_felt_or_somebody_elses_is_no_own_act(text: str, language: str):
    assert told(text, language)["acts"] == []


def test_a_learners_present_is_told_and_one_verb_counts_twice_at_most():
    assert told("After nine days I catch one. Then I make a list.")["acts"] == ["I catch", "I make"]
    assert len(told("I asked Ann. I asked Ben. I asked Cy. I asked Di.")["acts"]) == 2


def measures(text: str, language: str = "en") -> dict[str, float]:
    return {
        name: value
        for name, value in LANGUAGE.measure(written_answer(text, language)).items()
        if isinstance(value, float)
    }


@pytest.mark.parametrize("language", ["en", "zh"])
def test_neither_length_nor_numbers_earn_anything(language: str):
    filler = {
        "en": " It was the 14th of May 2021, at 17 past 9, on floor 3 of 12.",
        "zh": "那是2021年5月14日9点17分，在12层的第3层。",
    }
    one = measures(CASE[language], language)
    longer = measures(CASE[language] + 6 * filler[language], language)
    for name in ("own_acts", "said", "reasons", "consequences"):
        assert longer[f"language.{name}_share"] <= one[f"language.{name}_share"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_same_story_counts_once(language: str):
    first, second = relate([written_answer(CASE[language], language)] * 2)
    assert find_told(first).acts
    assert not find_told(second).acts
    assert LANGUAGE.measure(second)["language.told_before_share"] == 1.0
    assert LANGUAGE.measure(first)["language.told_before_share"] == 0.0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_the_framework_says_is_nobodys_own(language: str):
    anchor = FRAMEWORK.competencies[0].anchors.high[language]
    answer = replace(written_answer(f"{CASE[language]}{anchor}", language), framework=FRAMEWORK.competencies)
    borrowed = borrowed_places(answer)
    own = len(written_answer(CASE[language], language).words)
    assert all(place >= own - 1 for place in borrowed)
    assert len(borrowed) > 0.8 * (len(answer.words) - own)


@pytest.mark.parametrize(
    ("mould", "language"),
    [("And then I {} it again.", "en"), ("Nobody ever saw me {} it.", "en"), ("然后我又{}了一遍。", "zh")],
)
def test_a_mould_goes_to_people_and_an_account_does_not(mould: str, language: str):
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"]
    assert is_repetitive(written_answer(" ".join(mould.format(word) for word in words), language))
    assert not is_repetitive(written_answer(2 * CASE[language], language))
    assert not any(is_repetitive(one) for one in relate([written_answer(CASE[language], language)]))


def test_too_short_to_measure_is_absent():
    found = LANGUAGE.measure(AnswerText((), "en"))
    assert found["language.own_acts_share"] == Absent("too_short")
    assert found["language.moulded_share"] == Absent("too_short")
    assert found["language.compressed_ratio"] == Absent("too_short")
