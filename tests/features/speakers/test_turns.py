"""Turns and time as sets: what is one speaker's, what the others', where they overlap."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.signals import speech_track
from vivavoce.data.track import Array, Track
from vivavoce.features.speakers.candidate import (
    common,
    cut,
    join,
    leave_out,
    of_others,
    of_speaker,
    seconds,
    speaking_seconds,
    stretches,
    turn_track,
    without,
)
from vivavoce.features.transcript.words import Transcript, Word

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=8).map(
    lambda rows: np.array([(start, start + length) for start, length in rows], float).reshape(-1, 2)
)


def grid(spans: Array) -> np.ndarray:
    """Which of the seconds 0–70 lie in the spans, one by one."""
    middles = np.arange(70) + 0.5
    return np.array([bool(((spans[:, 0] < m) & (m < spans[:, 1])).any()) for m in middles])


@given(SPANS, SPANS)
@settings(max_examples=60, deadline=None)
def test_sets_of_time_agree_with_sets_of_seconds(one: Array, other: Array) -> None:
    assert (grid(common(one, other)) == (grid(one) & grid(other))).all()
    assert (grid(without(one, other)) == (grid(one) & ~grid(other))).all()
    assert seconds(one) == grid(one).sum()
    joined = join(one)
    assert (joined[1:, 0] > joined[:-1, 1]).all()


@given(st.lists(SPANS, min_size=1, max_size=3))
@settings(max_examples=40, deadline=None)
def test_a_turn_track_gives_back_who_spoke_and_marks_overlap(spans: list[Array]) -> None:
    turns = turn_track(spans)
    both = np.sum([grid(one) for one in spans], axis=0) > 1
    for speaker, own in enumerate(spans):
        assert (grid(of_speaker(turns, speaker)) == grid(own)).all()
        assert (grid(of_speaker(turns, speaker, alone=True)) == (grid(own) & ~both)).all()
    assert (grid(turns.spans[turns["overlap"] == 1]) == both).all()


def test_names_make_turns_and_overlap_is_marked() -> None:
    words = (Word("so", 0, 2, None, "Bo"), Word("well", 1.5, 3, None, "Ann"), Word("then", 5, 6, None, "Bo"))
    said = Transcript(words, "en", "provided:vtt", True)
    turns = turn_track([stretches(said.spoken_by(name)) for name in said.speakers])
    assert of_speaker(turns, 0).tolist() == [[0, 2], [5, 6]]
    assert of_others(turns, 0).tolist() == [[1.5, 3]]
    assert turns.spans[turns["overlap"] == 1].tolist() == [[1.5, 2], [1.5, 2]]
    assert speaking_seconds(turns) == pytest.approx([3, 1.5])


def test_frames_of_others_are_left_out_and_segments_cut() -> None:
    starts = np.arange(0, 4, 0.5)
    frames = Track(np.stack([starts, starts + 0.5], axis=1), starts[:, None], ("level_db",))
    theirs = np.array([[1.0, 2.0], [3.5, 9.0]])
    assert leave_out(frames, theirs)["level_db"].tolist() == [0, 0.5, 2, 2.5, 3]
    assert leave_out(frames, np.empty((0, 2))).spans.tolist() == frames.spans.tolist()
    assert cut(speech_track((0, 4)), without(np.array([[0, 4.0]]), theirs)).spans.tolist() == [[0, 1], [2, 3.5]]
    assert len(cut(speech_track((0, 4)), np.empty((0, 2)))) == 0
