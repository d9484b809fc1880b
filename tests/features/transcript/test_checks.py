import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.features.transcript.dictation import (
    LONGEST_LOOP,
    MOST_REPEATS,
    inventions,
    without_inventions,
    without_loops,
)
from vivavoce.features.transcript.words import UNCLEAR_BELOW, Transcript, Word, answer_confidence


def say(text: str, *, start: float = 0.0, confidence: float | None = 0.9, spaces: bool = True) -> list[Word]:
    parts = text.split() if spaces else list(text)
    return [Word(part, start + 0.3 * i, start + 0.3 * i + 0.25, confidence) for i, part in enumerate(parts)]


def text(words: list[Word]) -> str:
    return " ".join(word.text for word in words)


def loops(words: list[str]) -> bool:
    for size in range(1, LONGEST_LOOP + 1):
        for i in range(len(words) - (MOST_REPEATS + 1) * size + 1):
            run = words[i : i + (MOST_REPEATS + 1) * size]
            if run == run[:size] * (MOST_REPEATS + 1):
                return True
    return False


@given(st.lists(st.sampled_from("abc"), max_size=60))
def test_no_loop_is_left_and_order_is_kept(letters: list[str]) -> None:
    kept = [word.text for word in without_loops(say(" ".join(letters)))]
    assert not loops(kept)
    if not loops(letters):
        assert kept == letters


def test_stammering_is_kept() -> None:
    said = "I I I w- want to to say that that we we we did it"
    assert text(without_loops(say(said))) == said


def test_loops_of_phrases_are_cut() -> None:
    said = "so we " + "thank you Mr. President, " * 9 + "and on"
    assert text(without_loops(say(said))) == "so we " + "thank you Mr. President, " * 3 + "and on"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_listed_phrase_is_removed_when_alone(language: str) -> None:
    for phrase in inventions(language).never:
        assert without_inventions([Word(phrase, 0.0, 1.0, 0.95)], language) == []
    for phrase in inventions(language).rarely:
        assert without_inventions([Word(phrase, 0.0, 1.0, 0.2)], language) == []
        assert len(without_inventions([Word(phrase, 0.0, 1.0, 0.9)], language)) == 1


def test_phrases_inside_speech_stay() -> None:
    said = say("I told them thanks for watching my back that day", confidence=0.2)
    assert without_inventions(said, "en") == said
    chinese = say("我在字幕组写了谢谢观看", confidence=0.2, spaces=False)
    assert without_inventions(chinese, "zh") == chinese


def test_a_phrase_after_a_pause_stands_alone() -> None:
    said = [*say("we shipped it"), *say("Thanks for watching!", start=4.0)]
    assert text(without_inventions(said, "en")) == "we shipped it"


def test_answer_confidence_is_the_mean_and_knows_nothing_of_provided_words() -> None:
    said = Transcript(tuple(say("so we did", confidence=0.4)), "en", "whisper:0", word_times=True)
    assert answer_confidence(said) == pytest.approx(0.4)
    assert answer_confidence(said) < UNCLEAR_BELOW
    assert answer_confidence(Transcript(tuple(say("so", confidence=None)), "en", "provided:vtt", False)) is None
    assert answer_confidence(Transcript((), "en", "whisper:0", True)) is None
    assert np.isfinite(UNCLEAR_BELOW)
