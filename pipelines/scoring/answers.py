"""Which stretch of which recording answers which question, and which of its words are the candidate's.

Who speaks in a recording, and which of its words and sounds are the candidate's.

In this order: the transcript's names, the channels, the voices with the lips. Where more than one person is found and
nothing says who is the candidate, nothing is scored. Where nobody is found but one, the recording is the candidate's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from vivavoce.data.interview import Interview, Modality
from vivavoce.data.media.account import GAP_S
from vivavoce.data.media.account import WHOLE as HEARD
from vivavoce.data.track import Array, Track
from vivavoce.features.questions import FoundQuestion
from vivavoce.features.speakers.candidate import TURN_GAP_S as TURN_GAP_S
from vivavoce.features.speakers.candidate import (
    apart,
    choose_candidate,
    cut,
    match_candidate,
    of_others,
    of_speaker,
    stretches,
    without,
)
from vivavoce.features.speakers.candidate import stretches as turns
from vivavoce.features.speech import PAUSE_S
from vivavoce.features.transcript.label_forms import fold_name
from vivavoce.features.transcript.words import Transcript
from vivavoce.models.version import WHOLE as WHOLE

CUT_TOLERANCE_S = 1.0  # a span may end this much after the recording does: meeting tools round to seconds
UNMATCHED = "unmatched"  # the question id of talk that answers none of the questions that were found, then -2, -3 …

Stretches = npt.NDArray[np.float64]


class SeveralSpeakers(ValueError):
    """More than one person speaks, and nothing says which is the candidate.

    ``speakers`` are the names that were found: for whoever mends the row, and in no table.
    """

    def __init__(self, said: str, speakers: tuple[str, ...] = ()) -> None:
        super().__init__(said)
        self.speakers = speakers


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
    """The candidate's words only.

    Raises
    ------
    SeveralSpeakers
        If the transcript names several speakers and the manifest does not say who the candidate is, or names
        someone who does not speak (the names that were found are told), or if what may be a name cannot be told.
    """
    speakers = transcript.speakers
    if transcript.unclear:
        raise SeveralSpeakers(
            f"In {transcript.unclear} place(s) of the transcript what may be a speaker's name is not understood: "
            "who said what is not known. Write each name as 'Name: …' at the head of a cue, or let the recording be "
            "recognised."
        )
    if candidate_speaker is not None:
        own = {name for name in speakers if fold_name(name) == fold_name(candidate_speaker)}
        if not own:
            named = f"{len(speakers)} speaker(s)" if speakers else "nobody"
            raise SeveralSpeakers(
                f"The manifest's candidate_speaker does not speak in the transcript, which names {named}: write the "
                "name as the transcript has it, or leave it empty where only the candidate speaks.",
                speakers,
            )
        return replace(transcript, words=tuple(word for word in transcript.words if word.speaker in own))
    if len(speakers) == 1 and any(word.speaker is None for word in transcript.words):
        raise SeveralSpeakers(
            "The transcript names one speaker, and has words of nobody whom it names: say in the manifest's "
            "candidate_speaker whether the named one is the candidate."
        )
    if len(speakers) > 1:
        raise SeveralSpeakers(
            f"The transcript names {len(speakers)} speakers: "
            "say in the manifest's candidate_speaker which one is the candidate.",
            speakers,
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


CHANNELS = (0, 1)
SILENCE = Track(np.empty((0, 2)), np.empty((0, 0)), ())


def compared_modalities(
    interview: Interview, modalities: frozenset[Modality], interviewer_consent: str | None
) -> frozenset[Modality]:
    """What may be compared between the speakers of an interview: voices, and lips with speech.

    Both are data of everybody who speaks. The candidate's consent is on the row (and in ``modalities``); the
    interviewer's is declared for the batch, and holds for the interviewer whom the row names.
    """
    agreed = interviewer_consent is not None and interview.interviewer_id is not None
    return modalities - {Modality.TEXT} if agreed else frozenset()


@dataclass(frozen=True, eq=False)
class Speaking:
    """What is known of a recording's speakers before a word is read.

    ``turns`` is None where one person, or nobody, was found to speak; ``candidate`` is that speaker's number, or None
    where nothing says who it is; ``by_channel`` is whether each speaker has the channel of that number.
    """

    speech: Track
    turns: Track | None
    candidate: int | None
    by_channel: bool = False

    @staticmethod
    def of(tracks: Mapping[str, Track], compared: frozenset[Modality]) -> "Speaking":
        """From a recording's tracks; lips are looked at only where they may be compared."""
        by_channel = "channel_turns" in tracks
        turns = tracks["channel_turns"] if by_channel else tracks.get("turns")
        face = tracks.get("face") if Modality.FACE in compared else None
        candidate = None if turns is None else choose_candidate(turns, face)
        return Speaking(tracks.get("speech", SILENCE), turns, candidate, by_channel)

    def heard_for(self, *, everybody: bool) -> tuple["Listened", ...]:
        """What a recogniser listens to: the candidate, and everybody else where questions are sought in their words.

        Where each has a channel, nobody is listened to through the other's: what one says while the other speaks is
        lost in their mix.

        Raises
        ------
        SeveralSpeakers
            Where nothing says who is the candidate.
        """
        if self.turns is None:
            return (Listened(self.speech),)
        number = self._told()
        if not self.by_channel:
            return (Listened(self.speech if everybody else cut(self.speech, of_speaker(self.turns, number))),)
        heard = CHANNELS if everybody else (number,)
        return tuple(Listened(cut(self.speech, of_speaker(self.turns, one)), one) for one in heard)

    def part_channels(self, by_channel: Mapping[int, Transcript]) -> "Parts":
        """Words that were recognised on each speaker's own channel: whose they are is known."""
        assert self.turns is not None
        number = self._told()
        candidate = by_channel[number]
        others = tuple(word for one, said in sorted(by_channel.items()) if one != number for word in said.words)
        speech = cut(self.speech, of_speaker(self.turns, number))
        return Parts(candidate, replace(candidate, words=others), speech, of_others(self.turns, number))

    def part(self, whole: Transcript, named: str | None) -> "Parts":
        """Which words and segments are the candidate's, by the names where there are names.

        Parameters
        ----------
        whole
            Everybody's words.
        named
            The candidate as the manifest names the speaker.

        Raises
        ------
        SeveralSpeakers
            Where nothing says who is the candidate.
        """
        by_name = named is not None or len(whole.speakers) == 1 or bool(whole.unclear)
        if by_name or self.turns is None:
            candidate = candidates_words(whole, named)
            others = _rest(whole, candidate)
            number = None if self.turns is None else match_candidate(self.turns, stretches(candidate))
            if self.turns is None or number is None:
                theirs = stretches(others, PAUSE_S)
                return Parts(candidate, others, candidates_speech(self.speech, whole, candidate), theirs)
        else:
            number = self._told()
            middles = np.array([(word.start + word.end) / 2 for word in whole.words])
            kept = apart(middles, of_speaker(self.turns, number)) <= apart(middles, of_others(self.turns, number))
            candidate = replace(whole, words=tuple(w for w, yes in zip(whole.words, kept, strict=True) if yes))
            others = _rest(whole, candidate)
        speech = cut(self.speech, of_speaker(self.turns, number))
        return Parts(candidate, others, speech, of_others(self.turns, number))

    def _told(self) -> int:
        if self.candidate is None:
            raise SeveralSpeakers(
                "More than one person speaks in the recording, and nothing says which is the candidate: give a "
                "transcript with the speakers' names and say in candidate_speaker which one is the candidate."
            )
        return self.candidate


@dataclass(frozen=True, eq=False)
class Listened:
    """Segments that a recogniser listens to, on one channel or, where that is None, in the mix."""

    speech: Track
    channel: int | None = None


@dataclass(frozen=True, eq=False)
class Parts:
    """A recording's words and sounds, parted: ``theirs`` is where somebody else speaks, shape (n, 2), seconds."""

    candidate: Transcript
    others: Transcript
    speech: Track
    theirs: Array


def _rest(whole: Transcript, candidate: Transcript) -> Transcript:
    own = set(candidate.words)
    return replace(whole, words=tuple(word for word in whole.words if word not in own))
