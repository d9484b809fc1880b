"""Diversity is that of the words, not of the length; planted shares come back."""

import random

import pytest

from tests.features.language.texts import answer_of
from vivavoce.data.schema import Absent
from vivavoce.features.language import LANGUAGE, AnswerText
from vivavoce.features.transcript.words import Word

VOCABULARY = [f"w{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(300)]


def drawn(size: int, words: int, seed: int) -> AnswerText:
    """Words drawn at random from the first ``size`` of the vocabulary."""
    chosen = random.Random(seed).choices(VOCABULARY[:size], k=words)
    return AnswerText(tuple(Word(word, float(i), i + 0.5) for i, word in enumerate(chosen)), "en")


def mean(name: str, size: int, words: int) -> float:
    values = [LANGUAGE.measure(drawn(size, words, seed))[name] for seed in range(20)]
    return sum(value for value in values if isinstance(value, float)) / len(values)


@pytest.mark.parametrize("name", ["language.diversity_mtld", "language.diversity_mattr"])
def test_diversity_does_not_depend_on_length(name: str) -> None:
    assert mean(name, 150, 150) == pytest.approx(mean(name, 150, 600), rel=0.1)
    assert mean(name, 250, 300) > 1.1 * mean(name, 60, 300)


def test_mattr_of_a_known_text() -> None:
    # every window of 50 holds the 25 words twice
    words = tuple(Word(VOCABULARY[i % 25], float(i), i + 0.5) for i in range(100))
    assert LANGUAGE.measure(AnswerText(words, "en"))["language.diversity_mattr"] == pytest.approx(0.5)


def test_mtld_of_a_known_text() -> None:
    # a b a b … : the ratio falls to 2/3 ≤ .72 at every third word, so a factor is three words long
    words = tuple(Word("ab"[i % 2], float(i), i + 0.5) for i in range(60))
    assert LANGUAGE.measure(AnswerText(words, "en"))["language.diversity_mtld"] == pytest.approx(3.0)


def test_short_answers_have_no_diversity() -> None:
    assert LANGUAGE.measure(answer_of("one two three"))["language.diversity_mtld"] == Absent("too_short")


def test_planted_kinds_of_words() -> None:
    text = "Maybe I think we sold 12 cars in June, for example to our clients, and my team of 7 people probably won."
    answer = answer_of(text)
    measures, total = LANGUAGE.measure(answer), len(answer.tokens)
    assert measures["language.hedges_per_100_words"] == pytest.approx(100 * 3 / total)
    assert measures["language.first_singular_per_100_words"] == pytest.approx(100 * 2 / total)
    assert measures["language.first_plural_per_100_words"] == pytest.approx(100 * 2 / total)
    assert measures["language.numbers_per_100_words"] == pytest.approx(100 * 2 / total)
    assert measures["language.details_per_100_words"] == pytest.approx(100 * 3 / total)  # June, for example, 7 people


def test_planted_kinds_of_words_in_chinese() -> None:
    answer = answer_of("可能我们去年服务了三十五个客户，我觉得我的团队也许提高了百分之二十的业绩。", "zh")
    measures, total = LANGUAGE.measure(answer), len(answer.tokens)
    assert measures["language.hedges_per_100_words"] == pytest.approx(100 * 3 / total)
    assert measures["language.first_plural_per_100_words"] == pytest.approx(100 * 1 / total)
    assert measures["language.numbers_per_100_words"] == pytest.approx(100 * 2 / total)
    assert measures["language.details_per_100_words"] == pytest.approx(100 * 2 / total)  # 去年, 35个客户
