import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.proof import proof_count
from vivavoce.evaluation.recognition import ErrorRate, error_gap, error_interval, word_error_rate

words = st.lists(st.sampled_from(["so", "we", "shipped", "it", "late"]), max_size=12)


def test_planted_edits_come_back() -> None:
    said = "we planned the work and then shipped it on time"
    assert word_error_rate(said, said, "en") == ErrorRate(0, 0, 0, 10)
    assert word_error_rate(said, said.replace("planned", "planted"), "en") == ErrorRate(1, 0, 0, 10)
    assert word_error_rate(said, said.replace("then ", ""), "en") == ErrorRate(0, 1, 0, 10)
    assert word_error_rate(said, said.replace("shipped", "shipped shipped"), "en") == ErrorRate(0, 0, 1, 10)


def test_case_marks_and_apostrophes_do_not_count() -> None:
    assert word_error_rate("Don’t stop — it's fine.", "don't stop it's fine", "en").value == 0


def test_chinese_counts_characters_and_latin_words() -> None:
    assert word_error_rate("我们用Python写了测试", "我们 用 python 写 的 测试", "zh") == ErrorRate(1, 0, 0, 8)


def test_silence_has_no_rate_but_counts_inventions() -> None:
    errors = word_error_rate("", "thank you", "en")
    assert math.isnan(errors.value)
    assert errors.invented == 1.0
    assert math.isnan(word_error_rate("", "", "en").invented)


def test_unknown_language_is_named() -> None:
    with pytest.raises(ValueError, match="must be one of en, zh. Got 'de' instead"):
        word_error_rate("a", "b", "de")


@given(words, words)
def test_counts_are_consistent(said: list[str], written: list[str]) -> None:
    found = word_error_rate(" ".join(said), " ".join(written), "en")
    total = found.substitutions + found.deletions + found.insertions
    assert found.reference == len(said)
    assert len(said) - found.deletions + found.insertions == len(written)
    assert abs(len(said) - len(written)) <= total <= max(len(said), len(written))
    back = word_error_rate(" ".join(written), " ".join(said), "en")
    assert total == back.substitutions + back.deletions + back.insertions


def test_intervals_draw_persons_not_recordings() -> None:
    rng = np.random.default_rng(1)
    rates = rng.beta(2, 18, 60)
    few = {
        f"p{i}": [ErrorRate(int(rng.binomial(100, rate)), 0, 0, 100) for _ in range(20)] for i, rate in enumerate(rates)
    }
    found = error_interval(few, lambda errors: errors.value)
    width = found.high - found.low
    assert found.low < rates.mean() < found.high
    assert width == pytest.approx(2 * 1.96 * rates.std() / math.sqrt(60), rel=0.3)


def test_one_person_has_no_interval() -> None:
    found = error_interval({"p": [ErrorRate(1, 0, 0, 10)]}, lambda errors: errors.value)
    assert found.value == 0.1
    assert math.isnan(found.low)


@pytest.mark.proof
@pytest.mark.parametrize(("n", "m"), [(60, 60), (200, 12)])
def test_gaps_between_groups_are_covered(n: int, m: int, record_property) -> None:
    count = proof_count(30, 1000)
    rng = np.random.default_rng(9)

    def group(people: int, mean: float) -> list[ErrorRate]:
        words = rng.integers(80, 400, people)
        return [
            ErrorRate(int(rng.binomial(w, rate)), 0, 0, int(w))
            for w, rate in zip(words, rng.beta(40 * mean, 40 * (1 - mean), people), strict=True)
        ]

    found = [error_gap(group(n, 0.10), group(m, 0.18), lambda errors: errors.value, seed=i) for i in range(count)]
    covered = np.mean([one.gap.low <= 0.08 <= one.gap.high for one in found])
    record_property(f"gap of two error rates, {n} and {m} people, covered", round(float(covered), 3))
    assert 0.93 - proof_count(8, 0) / 100 <= covered <= 0.97 + proof_count(3, 1) / 100


def test_a_group_of_one_person_has_a_rate_and_no_gap_interval() -> None:
    found = error_gap([ErrorRate(1, 0, 0, 10)] * 5, [ErrorRate(3, 0, 0, 10)], lambda errors: errors.value)
    assert (found.second.value, found.gap.value) == (0.3, pytest.approx(0.2))
    assert math.isnan(found.gap.low)
    assert math.isnan(found.p)
