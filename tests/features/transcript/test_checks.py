from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.features.transcript import dictation
from vivavoce.features.transcript.dictation import Written, refuse_foreign, write
from vivavoce.features.transcript.inventions import (
    LONGEST_LOOP,
    MOST_REPEATS,
    inventions,
    without_inventions,
    without_loops,
)
from vivavoce.features.transcript.recognise import WrongLanguage
from vivavoce.features.transcript.windows import Placement, Window
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


CLEAR = Written(tuple(range(90)), -0.2, 0.0, 1.6)
LOOP = Written(tuple(range(224)), -0.1, 0.0, 12.0)
UNSURE = Written(tuple(range(20)), -2.0, 0.0, 1.0)


def tried(*first: Written, then: Written, seconds: Sequence[float] | None = None) -> tuple[list[Written], list[int]]:
    """What is kept of a first pass after which every further try gives ``then``, and which windows were tried."""
    windows = [
        Window(np.full(4, i, np.float32), (Placement(0.0, 0.0, length),))
        for i, length in enumerate(seconds or [25.0] * len(first))
    ]
    asked: list[int] = []

    def decode(rows: Sequence[int], temperature: float, seed: int) -> list[Written]:
        asked.extend(rows if temperature else [])
        return [then if temperature else first[row] for row in rows]

    return write(decode, windows), asked


def test_a_window_that_failed_alone_is_tried_again() -> None:
    assert tried(CLEAR, LOOP, CLEAR, CLEAR, then=CLEAR) == ([CLEAR] * 4, [1])
    assert tried(CLEAR, LOOP, CLEAR, CLEAR, then=UNSURE) == ([CLEAR, UNSURE, CLEAR, CLEAR], [1, 1]), "no loop is kept"
    better = Written((1, 2), -1.5, 0.0, 1.0)
    assert tried(CLEAR, better, CLEAR, then=UNSURE) == ([CLEAR, better, CLEAR], [1]), "of three windows one try"


def test_where_most_of_the_sound_failed_nothing_is_tried() -> None:
    assert tried(LOOP, LOOP, UNSURE, CLEAR, then=CLEAR) == ([LOOP, LOOP, UNSURE, CLEAR], [])
    assert tried(LOOP, CLEAR, CLEAR, then=CLEAR, seconds=[29.0, 9.0, 9.0])[1] == []
    assert tried(CLEAR, LOOP, CLEAR, then=CLEAR, seconds=[29.0, 9.0, 9.0])[1] == [1]


def test_further_tries_are_bounded_by_the_length_of_what_was_heard() -> None:
    for windows in range(1, dictation.BATCH + 1):
        for failed in range(windows + 1):
            _, asked = tried(*[LOOP] * failed, *[CLEAR] * (windows - failed), then=LOOP)
            assert len(asked) <= -(-windows // 3)


def test_another_language_than_declared_must_be_all_but_certain() -> None:
    refuse_foreign({"en": [0.79, 0.79], "zh": [0.01, 0.01]}, [30.0, 30.0], "zh")
    refuse_foreign({"en": [0.99, 0.5], "zh": [0.0, 0.4]}, [3.0, 30.0], "zh")
    refuse_foreign({"en": [1.0]}, [30.0], "zh")  # a recogniser that knows English only has nothing to compare
    for declared, spoken in (("en", "zh"), ("zh", "en"), ("en", "de")):
        with pytest.raises(WrongLanguage, match=f"is in '{spoken}' .* not in '{declared}' .* column 'language'"):
            refuse_foreign({declared: [0.1, 0.0], spoken: [0.8, 0.9]}, [30.0, 20.0], declared)
