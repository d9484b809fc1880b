"""Which stretch answers which question, and whose words count."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.pipelines.runs import ROWS, batch, rows, viva
from vivavoce.data.interview import Interview, QuestionSpan, Recording
from vivavoce.data.track import Track
from vivavoce.features.transcript.words import Transcript, Word
from vivavoce.pipelines.scoring.answers import (
    CUT_TOLERANCE_S,
    TURN_GAP_S,
    AnswerSpan,
    SeveralSpeakers,
    answer_spans,
    candidates_speech,
    candidates_words,
    mark_losses,
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


class TestLosses:
    """A recording of 100 s that breaks off there, and one that does not."""

    @pytest.mark.parametrize(
        ("start", "end", "whole"),
        [
            (0.0, 100.0, False),  # the whole recording is one answer, or the file of one question
            (50.0, 100.0, False),  # a question without an end
            (50.0, 99.5, False),  # the manifest rounds to seconds: an answer cut off could end there
            (50.0, 99.0, True),  # it ended safely before
            (0.0, 50.0, True),
        ],
    )
    def test_an_answer_is_missing_where_the_recording_breaks_off_in_it(
        self, start: float, end: float, whole: bool
    ) -> None:
        (span,) = mark_losses([AnswerSpan("q", 0, start, end)], [np.array([[100.0, np.inf]])])
        assert span.whole is whole

    @pytest.mark.parametrize(
        ("lost", "whole"),
        [
            ([], [True, True, True]),
            ([(39.9, 41.2)], [True, False, True]),  # more than a second in one piece
            ([(31.0, 31.2), (42.0, 42.3)], [True, False, True]),  # 2.5 % in two pieces
            ([(31.0, 31.3)], [True, True, True]),
            ([(19.7, 30.3)], [True, True, True]),  # nearly all of it between two answers
            ([(25.0, np.inf)], [True, False, False]),  # from there on no time can be believed
        ],
    )
    def test_holes_take_the_answers_that_they_lie_in(self, lost: list[tuple[float, float]], whole: list[bool]) -> None:
        answers = [AnswerSpan("q1", 0, 0, 20), AnswerSpan("q2", 0, 30, 50), AnswerSpan("q3", 0, 60, 100)]
        marked = mark_losses(answers, [np.array(lost, float).reshape(-1, 2)])
        assert [span.whole for span in marked] == whole

    def test_every_recording_has_its_own_losses(self) -> None:
        answers = [AnswerSpan("q1", 0, 0.0, 20.0), AnswerSpan("q2", 1, 0.0, 20.0)]
        marked = mark_losses(answers, [np.zeros((0, 2)), np.array([[20.0, np.inf]])])
        assert [span.whole for span in marked] == [True, False]


def breaks_off(path: Path, share: float) -> None:
    """Write a recording again in fragments, as a tool writes what it streams, and keep this share of its bytes."""
    whole = path.with_suffix(".fragments.mp4")
    with (
        av.open(str(path)) as old,
        av.open(str(whole), "w", options={"movflags": "frag_keyframe+empty_moov", "frag_duration": "500000"}) as new,
    ):
        streams = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                new.mux(packet)
    content = whole.read_bytes()
    whole.unlink()
    path.write_bytes(content[: round(share * len(content))])


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, dict[str, Any]]]:
    """Recordings that break off, scored: by row and competency."""
    folder = tmp_path_factory.mktemp("cut")
    known, files = ROWS["c10"], ROWS["c07"]  # the first breaks off in its second answer
    first, second = known["questions"]
    plans = {
        "ends known": known,
        "end open": {**known, "questions": [first, {"id": "q2", "start": second["start"]}]},
        "first alone": {**known, "questions": [first]},
        "one answer": {key: value for key, value in known.items() if key != "questions"},
        "file per question": files,
    }
    manifest = batch(folder, [{**row, "interview_id": name, "candidate_id": name} for name, row in plans.items()])
    breaks_off(folder / files["media"]["q2"], 0.6)
    viva("score", manifest, "--out", folder / "out", "--asr", "provided", "--encoder", "none", ends=3)
    scores = rows(folder / "out", "scores")
    return {name: {row["competency"]: row for row in scores if row["interview_id"] == name} for name in plans}


class TestCutRecordings:
    """A strong start and a cut end must not be read as a weak answer, however the manifest says where answers lie."""

    @pytest.mark.parametrize("name", ["end open", "file per question", "one answer"])
    def test_the_answer_in_which_a_recording_breaks_off_is_missing_evidence(
        self, cut: dict[str, Any], name: str
    ) -> None:
        shown_there = {"end open": "teamwork", "file per question": "store_operations", "one answer": "problem_solving"}
        score = cut[name][shown_there[name]]  # a competency that no other answer shows
        assert (score["score"], score["status"], score["reason"]) == (None, "not_scored", "partial_media")
        assert cut[name]["overall"]["score"] is None

    def test_nothing_is_scored_where_the_only_answer_is_cut(self, cut: dict[str, Any]) -> None:
        assert {row["score"] for row in cut["one answer"].values()} == {None}
        assert {row["reason"] for row in cut["one answer"].values()} == {"partial_media"}

    def test_an_answer_that_ended_before_is_scored_as_it_was(self, cut: dict[str, Any]) -> None:
        for competency, one in cut["first alone"].items():
            if one["status"] == "scored":
                assert {cut[name][competency]["score"] for name in ("end open", "ends known")} == {one["score"]}
        assert cut["first alone"]["problem_solving"]["status"] == "scored"

    def test_no_row_of_a_cut_recording_counts_as_complete(self, cut: dict[str, Any]) -> None:
        assert {name: found["overall"]["status"] for name, found in cut.items()} == {
            "ends known": "partial", "end open": "partial", "first alone": "partial", "one answer": "not_scored",
            "file per question": "partial",
        }  # fmt: skip


class TestSpeakers:
    def test_the_named_candidate_alone_counts(self) -> None:
        both = said((0, 1, "Interviewer"), (1, 2, "Ann Lee"), (2, 3, None))
        assert [word.start for word in candidates_words(both, "Ann Lee").words] == [1]

    def test_one_or_no_speaker_needs_no_name(self) -> None:
        for transcript in (said((0, 1, None)), said((0, 1, "Ann Lee"))):
            assert candidates_words(transcript, None) is transcript

    def test_one_named_and_words_of_nobody_are_not_one_speaker(self) -> None:
        with pytest.raises(SeveralSpeakers, match="words of nobody whom it names"):
            candidates_words(said((0, 1, None), (1, 2, "Ann Lee")), None)

    def test_several_speakers_need_a_named_one(self) -> None:
        with pytest.raises(SeveralSpeakers, match="names 2 speakers"):
            candidates_words(said((0, 1, "Interviewer"), (1, 2, "Ann Lee")), None)


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
