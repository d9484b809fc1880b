"""Transcript and recording are of one time, are brought there by one shift or factor, or are refused."""

import numpy as np
import pytest

from vivavoce.data.track import Track
from vivavoce.features.transcript.clock import TranscriptMismatch, set_clock
from vivavoce.features.transcript.words import Transcript, Word

CHANCE = np.random.default_rng(3)
GAPS = CHANCE.uniform(0.4, 2.5, 24)
LASTS = CHANCE.uniform(0.8, 4.0, 24)
STARTS = np.cumsum(GAPS + LASTS) - LASTS
SPANS = np.stack([STARTS, STARTS + LASTS], axis=1)
SPEECH = Track(SPANS, np.empty((len(SPANS), 0)), ())


def said(factor: float = 1.0, shift: float = 0.0, spans: np.ndarray = SPANS) -> Transcript:  # type: ignore[type-arg]
    words = tuple(Word("so", max(0.0, a * factor + shift), max(0.0, b * factor + shift)) for a, b in spans.tolist())
    return Transcript(words, "en", "provided:vtt", False)


def test_one_time_is_left_alone() -> None:
    whole = said(1.0, 0.1)
    assert set_clock(whole, SPEECH) is whole
    assert set_clock(whole, Track(np.empty((0, 2)), np.empty((0, 0)), ())) is whole
    continuous = Transcript((Word("so", 0.0, float(SPANS.max())),), "en", "provided:vtt", False)
    assert set_clock(continuous, SPEECH) is continuous


@pytest.mark.parametrize(
    ("factor", "shift", "told"),
    [
        (1.0, 3600.0, "shifted by -3600.0 s"),
        (1000.0, 0.0, "multiplied by 0.001"),
        (1.0, 50_733.0, "shifted by -50733"),
        (1.0, 40.0, "shifted by -40"),
        (25 / 24, 0.0, "multiplied by 0.96"),
    ],
)
def test_one_shift_or_factor_is_mended_and_told(factor: float, shift: float, told: str) -> None:
    mended = set_clock(said(factor, shift), SPEECH)
    assert told in str(mended.account)
    assert [word.start for word in mended.words] == pytest.approx(SPANS[:, 0].tolist(), abs=0.45)


def test_what_lies_elsewhere_is_refused_with_both_figures() -> None:
    other = np.random.default_rng(8).uniform(0, 900, 60)
    spans = np.sort(np.stack([other, other + 2.0], axis=1), axis=0)
    with pytest.raises(TranscriptMismatch, match=r"words lie between .* s, the recording's speech between"):
        set_clock(said(1.0, 0.0, spans), SPEECH)


def test_a_recording_that_breaks_off_keeps_the_words_that_it_holds() -> None:
    half = Track(SPANS[:14], np.empty((14, 0)), ())
    whole = said()
    assert set_clock(whole, half) is whole


@pytest.mark.parametrize("shift", [-2.0, 1.6, 4.0])
def test_two_seconds_are_mended_where_the_pauses_show_them(shift: float) -> None:
    mended = set_clock(said(1.0, shift, SPANS[2:]), SPEECH)
    assert "shifted by" in str(mended.account)
    assert [word.start for word in mended.words] == pytest.approx(SPANS[2:, 0].tolist(), abs=0.45)


def test_speech_without_words_is_counted() -> None:
    """Two turns that a transcript lost, but not the half second by which captions end early."""
    lost = float((SPANS[8:10, 1] - SPANS[8:10, 0]).sum())
    held = set_clock(said(1.0, 0.0, np.delete(SPANS, [8, 9], axis=0)), SPEECH)
    ((kind, count),) = held.account.mended
    assert kind == "seconds of speech without words"
    assert count == pytest.approx(lost, abs=2.2)
    early = SPANS - np.array([0.0, 0.3])
    assert set_clock(said(1.0, 0.0, early), SPEECH).account.mended == ()
