"""Which stretch of which recording answers which question, and which of its words are the candidate's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from vivavoce.data.interview import Interview
from vivavoce.data.media.account import GAP_S
from vivavoce.data.media.account import WHOLE as HEARD
from vivavoce.data.track import Track
from vivavoce.features.questions import FoundQuestion
from vivavoce.features.speakers.stretches import without
from vivavoce.features.speakers.turns import TURN_GAP_S as TURN_GAP_S
from vivavoce.features.speakers.turns import cut
from vivavoce.features.speakers.turns import stretches as turns
from vivavoce.features.transcript.words import Transcript
from vivavoce.models.answer import WHOLE as WHOLE

CUT_TOLERANCE_S = 1.0  # a span may end this much after the recording does: meeting tools round to seconds
UNMATCHED = "unmatched"  # the question id of talk that answers none of the questions that were found, then -2, -3 …

Stretches = npt.NDArray[np.float64]


class SeveralSpeakers(ValueError):
    """More than one person speaks, and nothing says which is the candidate."""


@dataclass(frozen=True)
class AnswerSpan:
    """Where an answer lies: seconds of one recording of the interview."""

    question_id: str
    recording: int
    start: float
    end: float
    confidence: float | None = None  # that this question was asked, 0–1; None where the manifest says so
    whole: bool = True  # False where too much of its sound was lost: it is missing evidence


def answer_spans(interview: Interview, durations: Sequence[float | None]) -> tuple[AnswerSpan, ...]:
    """The answers that the recordings reach; ``mark_losses`` says which of them were heard whole.

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


def mark_losses(spans: Sequence[AnswerSpan], lost: Sequence[Stretches]) -> tuple[AnswerSpan, ...]:
    """The answers, those marked as not whole of which too much was lost.

    An answer is whole under the rule for a file: at least 98 % of its sound is there, no second of it is missing
    in one piece, and the recording does not break off in it. How an answer goes on that reaches the place where the
    recording breaks off, nobody knows: its last second is not counted on (``CUT_TOLERANCE_S``).

    Parameters
    ----------
    spans
        Where the answers lie.
    lost : sequence of ndarray, shape (n, 2)
        For each recording the stretches, in seconds, of its sound that are not what was recorded; apart from one
        another. One that ends nowhere (``inf``) is where the recording breaks off.

    Examples
    --------
    >>> spans = [AnswerSpan("q1", 0, 0.0, 20.0), AnswerSpan("q2", 0, 22.0, 41.0)]
    >>> [span.whole for span in mark_losses(spans, [np.array([[5.0, 5.3], [41.0, np.inf]])])]
    [True, False]
    """
    return tuple(replace(span, whole=span.whole and _is_whole(span, lost[span.recording])) for span in spans)


def _is_whole(span: AnswerSpan, lost: Stretches) -> bool:
    endless = np.isinf(lost[:, 1])
    starts = lost[:, 0] - CUT_TOLERANCE_S * endless
    inside = np.clip(np.minimum(lost[:, 1], span.end) - np.maximum(starts, span.start), 0.0, None)
    there = span.end - span.start - float(inside.sum())
    return not (inside[endless] > 0).any() and not (inside > GAP_S).any() and there >= HEARD * (span.end - span.start)


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


def candidates_speech(speech: Track, transcript: Transcript, candidate: Transcript) -> Track:
    """The detector's segments without what lies in somebody else's turns; where two speak at once, it stays."""
    own = set(candidate.words)
    others = replace(transcript, words=tuple(word for word in transcript.words if word not in own))
    if not others.words:
        return speech
    said = np.array([(word.start, word.end) for word in candidate.words], float).reshape(-1, 2)
    return cut(speech, without(np.array([[0.0, np.inf]]), without(turns(others), said)))


def cut_at_questions(span: AnswerSpan, asked: Sequence[FoundQuestion], talk: Transcript) -> tuple[AnswerSpan, ...]:
    """The answers within a recording of which only the questions' places were found.

    Parameters
    ----------
    span
        The whole recording.
    asked
        In time order; empty where no question was found: then the recording stays one answer.
    talk
        The candidate's words.

    Returns
    -------
    tuple of AnswerSpan
        From each question's end to the next one's beginning, where time lies between. Short follow-up
        questions belong to the answer that they follow; talk before the first question, or after one that is none of
        the framework's, is ``UNMATCHED``: it is kept, and not scored.
    """
    if not any(question.question_id for question in asked):
        return (span,)
    answers, unmatched = [], 0
    nothing = FoundQuestion(None, span.start, span.start, 0.0)
    for question, until in pairwise([nothing, *asked, FoundQuestion(None, span.end, span.end, 0.0)]):
        if question.question_id is not None:
            if question.end < until.start:
                answers.append(
                    AnswerSpan(question.question_id, span.recording, question.end, until.start, question.confidence)
                )
        elif talk.within(question.end, until.start).words:
            unmatched += 1
            name = UNMATCHED if unmatched == 1 else f"{UNMATCHED}-{unmatched}"
            answers.append(AnswerSpan(name, span.recording, question.end, until.start))
    return tuple(answers)


def is_unmatched(question_id: str) -> bool:
    """Whether an answer answers none of the questions.

    Examples
    --------
    >>> [is_unmatched(name) for name in ("unmatched", "unmatched-2", "q1", "interview")]
    [True, True, False, False]
    """
    return question_id.partition("-")[0] == UNMATCHED
