"""Which stretch answers which question, and whose words count."""

from pathlib import Path

import numpy as np
import pytest

from vivavoce.data.interview import Interview, QuestionSpan, Recording
from vivavoce.data.track import Track
from vivavoce.features.transcript.words import Transcript, Word
from vivavoce.pipelines.answers import (
    CUT_TOLERANCE_S,
    TURN_GAP_S,
    SeveralSpeakers,
    answer_spans,
    candidates_speech,
    candidates_words,
    turns,
)

ONE_FILE = (Recording(Path("a.mp4")),)


def interview(recordings: tuple[Recording, ...] = ONE_FILE, *questions: tuple[str, float, float | None]) -> Interview:
    spans = tuple(QuestionSpan(*question) for question in questions)
    return Interview("i1", "c1", "clerk", recordings, "en", None, questions=spans)


def said(*words: tuple[float, float, str | None]) -> Transcript:
    return Transcript(tuple(Word("so", start, end, None, speaker) for start, end, speaker in words), "en", "x", True)


def speech(*spans: tuple[float, float]) -> Track:
    return Track(np.array(spans, float).reshape(-1, 2), np.ones((len(spans), 1)), ("speech_probability",))


class TestSpans:
    def test_a_recording_without_questions_is_one_answer(self) -> None:
        (span,) = answer_spans(interview(), [12.5])
        assert (span.question_id, span.recording, span.start, span.end) == ("interview", 0, 0.0, 12.5)

    def test_one_file_per_question(self) -> None:
        recordings = (Recording(Path("a.mp4"), "q1"), Recording(Path("b.mp4"), "q2"), Recording(Path("c.mp4"), "q3"))
        spans = answer_spans(interview(recordings), [4.0, None, 6.0])
        assert [(span.question_id, span.recording, span.end) for span in spans] == [("q1", 0, 4.0), ("q3", 2, 6.0)]

    def test_an_answer_that_is_cut_off_is_missing(self) -> None:
        asked = interview(ONE_FILE, ("q1", 0.0, 10.0), ("q2", 10.0, 20.0), ("q3", 20.0, None))
        assert [span.question_id for span in answer_spans(asked, [20.0 - CUT_TOLERANCE_S - 0.1])] == ["q1"]
        assert [span.question_id for span in answer_spans(asked, [30.0])] == ["q1", "q2", "q3"]

    def test_an_end_within_the_tolerance_is_the_recordings_end(self) -> None:
        spans = answer_spans(interview(ONE_FILE, ("q1", 0.0, 20.0)), [20.0 - CUT_TOLERANCE_S])
        assert [span.end for span in spans] == [20.0 - CUT_TOLERANCE_S]

    def test_a_recording_that_cannot_be_trusted_has_no_answer(self) -> None:
        assert answer_spans(interview(ONE_FILE, ("q1", 0.0, 20.0)), [None]) == ()


class TestSpeakers:
    def test_the_named_candidate_alone_counts(self) -> None:
        both = said((0, 1, "Interviewer"), (1, 2, "Ann Lee"), (2, 3, None))
        assert [word.start for word in candidates_words(both, "Ann Lee").words] == [1]

    def test_one_or_no_speaker_needs_no_name(self) -> None:
        for transcript in (said((0, 1, None)), said((0, 1, "Ann Lee"))):
            assert candidates_words(transcript, None) is transcript
        assert len(candidates_words(said((0, 1, None)), "Ann Lee").words) == 1

    @pytest.mark.parametrize("named", [None, "Bo Chen"])
    def test_an_unknown_candidate_is_refused_without_naming_anybody(self, named: str | None) -> None:
        with pytest.raises(SeveralSpeakers, match="2 .*candidate_speaker|candidate_speaker .* 2") as refused:
            candidates_words(said((0, 1, "Interviewer"), (1, 2, "Ann Lee")), named)
        assert not any(name in str(refused.value) for name in ("Ann", "Bo", "Interviewer"))


class TestTurns:
    def test_close_words_are_one_turn(self) -> None:
        words = said((0, 1, "a"), (1 + TURN_GAP_S, 4, "a"), (4.1 + TURN_GAP_S, 7, "a"))
        assert turns(words).tolist() == [[0, 4], [4.1 + TURN_GAP_S, 7]]

    def test_speech_in_somebody_elses_turn_is_left_out(self) -> None:
        both = said((0, 4, "Interviewer"), (6, 9, "Ann Lee"))
        segments = speech((0.5, 3.5), (4.5, 5.5), (6, 9))
        assert candidates_speech(segments, both, both.spoken_by("Ann Lee")).spans.tolist() == [[4.5, 5.5], [6, 9]]

    def test_of_one_speaker_all_speech_counts(self) -> None:
        words, segments = said((6, 9, None)), speech((0, 3), (6, 9))
        assert candidates_speech(segments, words, words) is segments

    def test_an_hour_of_conversation_takes_no_time(self) -> None:
        """10,000 words: quadratic work would take minutes, and the tests' own limit would end it."""
        both = said(*[(i * 0.36, i * 0.36 + 0.3, "Ann" if i // 50 % 2 else "Bo") for i in range(10_000)])
        segments = speech(*[(i * 18.0, i * 18.0 + 17) for i in range(200)])
        assert len(candidates_speech(segments, both, both.spoken_by("Ann"))) == 100
