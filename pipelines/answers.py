"""Which stretch of which recording answers which question, and which of its words are the candidate's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vivavoce.data.interview import Interview
from vivavoce.data.track import Array, Track
from vivavoce.features.transcript.words import Transcript

WHOLE = "interview"  # the question id of a recording for which no questions are given
CUT_TOLERANCE_S = 1.0  # a span may end this much after the recording does: meeting tools round to seconds
TURN_GAP_S = 1.5  # words of one speaker closer than this are one turn


class SeveralSpeakers(ValueError):
    """More than one person speaks, and nothing says which is the candidate."""


@dataclass(frozen=True)
class AnswerSpan:
    """Where an answer lies: seconds of one recording of the interview."""

    question_id: str
    recording: int
    start: float
    end: float


def answer_spans(interview: Interview, durations: Sequence[float | None]) -> tuple[AnswerSpan, ...]:
    """The answers that were heard whole.

    Parameters
    ----------
    interview
        With its questions' spans, or one file per question, or neither: then the recording is one answer.
    durations
        Seconds decoded of each recording; None where nothing can be trusted to be whole.

    Returns
    -------
    tuple of AnswerSpan
        In the order of the questions. An answer that the recording cuts off is left out: half an answer is missing
        evidence, not a weak answer.

    Examples
    --------
    >>> from pathlib import Path
    >>> from vivavoce.data.interview import QuestionSpan, Recording
    >>> spans = (QuestionSpan("q1", 2.0, 40.0), QuestionSpan("q2", 42.0, None))
    >>> interview = Interview("i1", "c1", "clerk", (Recording(Path("a.mp4")),), "en", None, questions=spans)
    >>> [(span.question_id, span.end) for span in answer_spans(interview, [80.0])]
    [('q1', 40.0), ('q2', 80.0)]
    >>> answer_spans(interview, [30.0])
    ()
    """
    if interview.questions:
        duration = durations[0]
        if duration is None:
            return ()
        return tuple(
            AnswerSpan(asked.question_id, 0, asked.start, min(duration if asked.end is None else asked.end, duration))
            for asked in interview.questions
            if asked.start < duration and (asked.end is None or asked.end <= duration + CUT_TOLERANCE_S)
        )
    return tuple(
        AnswerSpan(recording.question_id or WHOLE, i, 0.0, duration)
        for i, (recording, duration) in enumerate(zip(interview.recordings, durations, strict=True))
        if duration is not None
    )


def candidates_words(transcript: Transcript, candidate_speaker: str | None) -> Transcript:
    """The candidate's words only. What is raised names nobody: it ends in tables that others read.

    Raises
    ------
    SeveralSpeakers
        If the transcript names several speakers and the manifest does not say who the candidate is, or names
        someone who does not speak.
    """
    speakers = transcript.speakers
    if candidate_speaker is not None and speakers:
        if candidate_speaker not in speakers:
            raise SeveralSpeakers(
                f"The manifest's candidate_speaker does not speak in the transcript, which names {len(speakers)} "
                "other(s): write the name as the transcript has it."
            )
        return transcript.spoken_by(candidate_speaker)
    if len(speakers) > 1:
        raise SeveralSpeakers(
            f"The transcript names {len(speakers)} speakers: "
            "say in the manifest's candidate_speaker which one is the candidate."
        )
    return transcript


def turns(transcript: Transcript) -> Array:
    """Stretches in which the words of a transcript lie, shape (n, 2), seconds."""
    stretches: list[list[float]] = []
    for word in transcript.words:
        if stretches and word.start - stretches[-1][1] <= TURN_GAP_S:
            stretches[-1][1] = max(stretches[-1][1], word.end)
        else:
            stretches.append([word.start, word.end])
    return np.array(stretches, float).reshape(-1, 2)


def candidates_speech(speech: Track, transcript: Transcript, candidate: Transcript) -> Track:
    """The detector's segments without what lies in somebody else's turns.

    A segment counts where its midpoint is not inside a turn of another named speaker; with one speaker it always does.
    """
    own = set(candidate.words)
    others = [word for word in transcript.words if word not in own]
    if not others:
        return speech
    theirs = turns(Transcript(tuple(others), transcript.language, transcript.engine, transcript.word_times))
    middle = speech.spans.mean(axis=1)
    foreign = ((middle[:, None] >= theirs[:, 0]) & (middle[:, None] <= theirs[:, 1])).any(axis=1)
    return Track(speech.spans[~foreign], speech.values[~foreign], speech.names)
