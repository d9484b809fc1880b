import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.data.media.memory import AudioSpool
from vivavoce.data.track import Track
from vivavoce.features.transcript.recognise import Passage
from vivavoce.features.transcript.windows import (
    KEPT_GAP_S,
    RATE,
    WINDOW_S,
    WINDOW_SAMPLES,
    phrases,
    windows_of,
    within_speech,
)


def speech_track(spans: list[tuple[float, float]]) -> Track:
    return Track(np.array(spans, dtype=float).reshape(-1, 2), np.ones((len(spans), 1)), ("speech_probability",))


def clock(seconds: float) -> AudioSpool:
    """Sound whose every sample says when it is: sample n holds n / 2^23."""
    return AudioSpool.from_array(np.arange(round(seconds * RATE), dtype=np.float32) / 2**23)


def test_every_packed_sample_knows_when_it_was() -> None:
    audio = clock(300.0)
    rng = np.random.default_rng(0)
    edges = np.sort(rng.uniform(1, 299, 80)).reshape(-1, 2)
    passage = Passage(audio, speech_track([tuple(row) for row in edges]), 0.0, 300.0)
    for window in windows_of(passage):
        assert window.sound.shape == (WINDOW_SAMPLES,)
        for piece in window.placements:
            at = piece.at + piece.duration / 2
            place = window.locate(at, at)
            assert place is None or place[0] == pytest.approx(piece.start + piece.duration / 2)
            sample = window.sound[round(at * RATE)] * 2**23 / RATE
            assert sample == pytest.approx(piece.start + piece.duration / 2, abs=2 / RATE)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.05, 45.0)), min_size=1, max_size=12))
def test_all_speech_is_packed_once_and_nothing_else(gaps_and_lengths: list[tuple[float, float]]) -> None:
    spans, at = [], 0.0
    for gap, length in gaps_and_lengths:
        spans.append((at + gap, at + gap + length))
        at += gap + length
    audio = clock(at + 1.0)
    placed = [
        piece
        for window in windows_of(Passage(audio, speech_track(spans), 0.0, at + 1.0))
        for piece in window.placements
    ]
    covered = np.zeros(round((at + 1.0) * 1000) + 1)
    for piece in placed:
        covered[round(piece.start * 1000) : round((piece.start + piece.duration) * 1000)] += 1
    speech = np.zeros_like(covered, dtype=bool)
    near = np.zeros_like(covered, dtype=bool)
    for start, end in spans:
        speech[round(start * 1000) + 1 : round(end * 1000) - 1] = True
        near[max(0, round((start - KEPT_GAP_S) * 1000) - 2) : round((end + KEPT_GAP_S) * 1000) + 2] = True
    assert covered[speech].min() >= 1
    assert not covered[~near].any()
    assert (covered > 1).sum() <= 2 * len(placed)  # a rounded millisecond at either end
    for piece in placed:
        assert 0 < piece.duration <= WINDOW_S + 1e-9


def test_dense_speech_fills_its_windows() -> None:
    rng = np.random.default_rng(2)
    spans, at = [], 0.0
    while at < 290:
        length = rng.uniform(1.0, 6.0)
        spans.append((at, at + length))
        at += length + rng.uniform(0.1, 0.9)
    windows = list(windows_of(Passage(clock(300.0), speech_track(spans), 0.0, 300.0)))
    assert np.mean([window.filled for window in windows[:-1]]) > 0.9 * WINDOW_S


def test_long_stretches_are_cut_where_it_is_quiet() -> None:
    rng = np.random.default_rng(3)
    sound = rng.normal(0, 0.1, 70 * RATE).astype(np.float32)
    sound[round(27.3 * RATE) : round(27.5 * RATE)] = 0
    passage = Passage(AudioSpool.from_array(sound), speech_track([(0.0, 70.0)]), 0.0, 70.0)
    (first, second, *_) = phrases(passage, 30.0)
    assert 27.3 < first[1] < 27.5
    assert second[0] == first[1]


def test_neighbours_are_not_listened_to() -> None:
    audio = clock(20.0)
    passage = Passage(audio, speech_track([(0.0, 20.0)]), 5.0, 9.0)
    (window,) = windows_of(passage)
    assert window.placements[0].start == 5.0
    assert window.filled == pytest.approx(4.0)
    assert not window.sound[4 * RATE :].any()


def test_no_speech_no_window() -> None:
    assert list(windows_of(Passage(clock(5.0), speech_track([]), 0.0, 5.0))) == []


def test_words_in_silence_are_dropped_and_leaning_ones_cut() -> None:
    segments = [(1.0, 2.0), (3.0, 4.0)]
    assert within_speech(2.2, 2.8, segments) is None
    assert within_speech(1.8, 2.9, segments) == (1.8, 2.0)
    assert within_speech(0.5, 1.3, segments) == (1.0, 1.3)
    assert within_speech(1.98, 3.6, segments) == (3.0, 3.6)


def test_passages_are_checked() -> None:
    with pytest.raises(ValueError, match="one of en, zh, auto. Got 'de' instead"):
        Passage(clock(1.0), speech_track([]), 0.0, 1.0, "de")
    with pytest.raises(ValueError, match="Got 2.0 and 1.0 instead"):
        Passage(clock(1.0), speech_track([]), 2.0, 1.0)
