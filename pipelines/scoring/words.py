"""The candidate's words of an interview: read from what the meeting tool exported, or recognised; masked either way.

Where in a recording the framework's questions were asked, when the manifest does not say.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from vivavoce.data.framework import Framework
from vivavoce.data.interview import Interview
from vivavoce.data.media.memory import AudioSpool
from vivavoce.data.schema import Stage, digest_of
from vivavoce.data.status import MediaStatus, Reason
from vivavoce.data.track import Array, Track
from vivavoce.data.vault.store import Artefact, Store
from vivavoce.features.language.encoder import Encoder
from vivavoce.features.questions import find_questions
from vivavoce.features.speakers.candidate import SPEAKERS
from vivavoce.features.transcript.clock import TranscriptMismatch, set_clock
from vivavoce.features.transcript.engines import open_recogniser
from vivavoce.features.transcript.formats.cue import TranscriptError
from vivavoce.features.transcript.hygiene import mask, normalise
from vivavoce.features.transcript.label_forms import name_parts
from vivavoce.features.transcript.provided import read_transcript
from vivavoce.features.transcript.recognise import (
    Engine,
    NoRecogniser,
    Passage,
    Recogniser,
    WrongLanguage,
    choose_engine,
)
from vivavoce.features.transcript.words import CODE, WHOLLY, Account, Transcript, Word
from vivavoce.pipelines.scoring.answers import (
    WHOLE,
    AnswerSpan,
    Listened,
    Parts,
    SeveralSpeakers,
    Speaking,
    cut_at_questions,
)

EDGE_S = 5.0  # seconds that a turn may reach out of an answer: a clock of whole seconds, and a breath
TINY_S = 0.001  # seconds
Sound = Callable[[int | None], AudioSpool]  # a channel of a recording, or its mix


class Unheard(Exception):
    """No words that can be trusted: ``reason`` is the row's, the text and the names found are for the operator."""

    def __init__(self, reason: str, detail: str, speakers: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.reason, self.speakers = reason, speakers


@dataclass(frozen=True, eq=False)
class Heard:
    """What was said in one recording, masked, and by whom.

    Parameters
    ----------
    words
        The candidate's.
    speech
        The detector's segments in the candidate's turns.
    theirs
        Where somebody else speaks, shape (n, 2), seconds: nothing of it is measured.
    asking
        The words in which questions may be asked: everybody else's, or all where only one is known to speak.
    by_others
        Whether ``asking`` is everybody else's.
    account, source
        What reading the transcript's file had to mend or leave out, and its name; empty where words were recognised.
    over
        Answers that begin well within one turn, where turns alone have times: which of its words are whose, nothing
        says.
    """

    words: Transcript
    speech: Track
    theirs: Array
    asking: Transcript
    by_others: bool
    account: Account = WHOLLY
    source: str = ""
    over: int = 0

    @staticmethod
    def of(parts: Parts) -> "Heard":
        """From masked words."""
        by_others = bool(parts.others.words)
        asking = parts.others if by_others else parts.candidate
        return Heard(parts.candidate, parts.speech, parts.theirs, asking, by_others)


def held_to_answers(heard: Mapping[int, Heard], spans: Sequence[AnswerSpan]) -> dict[int, Heard]:
    """Turns that alone have a time, in whole seconds, brought into the answers in which all but their edges lie.

    Their words were shared out over them, so that the last may stand in the next answer's first second. A turn of
    which more than ``EDGE_S`` lies outside stays as it is; ``over`` counts the answers that begin well within one.
    """
    return {
        recording: _held(one, [span for span in spans if span.recording == recording]) if one.account.turns else one
        for recording, one in heard.items()
    }


def _held(heard: Heard, spans: Sequence[AnswerSpan]) -> Heard:
    words = list(heard.words.words)
    for a, b in heard.account.turns:
        for span in spans:
            low, high = max(a, span.start), min(b, span.end)
            if (a, b) != (low, high) and high - low > (b - a) / 2 and max(low - a, b - high) <= EDGE_S:
                scale = (high - low) / (b - a)
                words = [
                    replace(word, start=low + (word.start - a) * scale, end=low + (word.end - a) * scale)
                    if a <= word.start and word.end <= b + TINY_S
                    else word
                    for word in words
                ]
    edges = sorted(span.start for span in spans)[1:]
    over = sum(a + EDGE_S < edge < b - EDGE_S for edge in edges for a, b in heard.account.turns)
    return replace(heard, words=replace(heard.words, words=tuple(words)), over=over)


class Listener:
    """Reads or recognises; built once per worker, the recogniser is loaded when first needed.

    Parameters
    ----------
    store
        Where recognised words are sealed and found again.
    asr
        ``auto`` or an engine's name.
    weights
        For Whisper: an official size or a checkpoint file; None for the default.
    """

    def __init__(self, store: Store, asr: str, weights: str | None) -> None:
        self.store = store
        self.asr = asr
        self.weights = weights

    def hear(
        self,
        interview: Interview,
        spans: Sequence[AnswerSpan],
        speaking: Sequence[Speaking],
        digests: Sequence[str],
        sounds: Sequence[Sound],
    ) -> dict[int, Heard]:
        """The words of every recording that holds an answer, by the recording's index.

        Parameters
        ----------
        interview
            Whose recordings they are.
        spans
            Its answers.
        speaking
            Who speaks in each recording.
        digests
            SHA-256 of each recording.
        sounds
            Opens each recording's sound, or one channel of it; called only where words have to be recognised.

        Raises
        ------
        Unheard
            Where words are missing, unreadable, in another language than declared, or of unknown speakers.
        """
        recordings = sorted({span.recording for span in spans})
        try:
            given = {i for i in recordings if self._engine(interview, i) is Engine.PROVIDED}
        except NoRecogniser as error:
            raise Unheard(Reason.NO_TRANSCRIPT, str(error)) from error
        heard = {i: self._read(interview, i, speaking[i]) for i in sorted(given)}
        asked = [span for span in spans if span.recording not in given]
        if asked:
            heard |= self._recognised(interview, asked, speaking, digests, sounds)
        return heard

    def written_in(self, interview: Interview) -> set[str]:
        """Languages of the transcripts that will be read; one that cannot be says so when it is."""
        found = set()
        for i, recording in enumerate(interview.recordings):
            try:
                if recording.transcript and self._engine(interview, i) is Engine.PROVIDED:
                    found.add(read_transcript(recording.transcript).language)
            except (NoRecogniser, TranscriptError, OSError):
                continue
        return found

    def _engine(self, interview: Interview, recording: int) -> Engine:
        return choose_engine(self.asr, has_transcript=interview.recordings[recording].transcript is not None)

    def _read(self, interview: Interview, recording: int, speaking: Speaking) -> Heard:
        path = interview.recordings[recording].transcript
        assert path is not None
        try:
            known = [name for name in (interview.candidate_name, interview.candidate_speaker) if name]
            whole = normalise(set_clock(read_transcript(path, known=known), speaking.speech))
            parts = speaking.part(whole, interview.candidate_speaker)
        except TranscriptError as error:
            raise Unheard(Reason.UNREADABLE_TRANSCRIPT, error.fault) from error
        except TranscriptMismatch as error:
            raise Unheard(Reason.TRANSCRIPT_MISMATCH, f"{path.name}: {error}") from error
        except OSError as error:
            raise Unheard(Reason.UNREADABLE_TRANSCRIPT, str(error)) from error
        except SeveralSpeakers as error:
            raise Unheard(MediaStatus.SEVERAL_SPEAKERS, str(error), error.speakers) from error
        if interview.language not in ("auto", whole.language):
            raise Unheard(
                MediaStatus.WRONG_LANGUAGE,
                f"The manifest says {interview.language}, the transcript {path.name} is in {whole.language}.",
            )
        names = names_of(interview, whole)
        masked = replace(parts, candidate=mask(parts.candidate, names), others=mask(parts.others, names))
        return replace(Heard.of(masked), account=whole.account, source=path.name)

    def _recognised(
        self,
        interview: Interview,
        spans: Sequence[AnswerSpan],
        speaking: Sequence[Speaking],
        digests: Sequence[str],
        sounds: Sequence[Sound],
    ) -> dict[int, Heard]:
        """All answers in one call, so that their windows travel through the recogniser together."""
        names = names_of(interview, None)
        try:
            listened = [
                (span, one)
                for span in spans
                for one in speaking[span.recording].heard_for(everybody=span.question_id == WHOLE)
            ]
        except SeveralSpeakers as error:
            raise Unheard(MediaStatus.SEVERAL_SPEAKERS, str(error)) from error
        stage = self._stage(interview, listened, names)
        address = hashlib.sha256("".join(digests).encode()).hexdigest()
        kept = self.store.get(interview.candidate_id, address, stage)
        if kept is None:
            passages = [
                Passage(sounds[span.recording](one.channel), one.speech, span.start, span.end, interview.language)
                for span, one in listened
            ]
            try:
                found = [mask(normalise(said), names) for said in self._recogniser.recognise(passages)]
            except WrongLanguage as error:
                raise Unheard(MediaStatus.WRONG_LANGUAGE, str(error)) from error
            kept = Artefact({"answers": [_written(said) for said in found]}, {})
            self.store.put(interview.candidate_id, address, stage, kept)
        said = [_read_back(document) for document in kept.document["answers"]]
        return {i: _heard(speaking[i], i, listened, said) for i in sorted({span.recording for span in spans})}

    @cached_property
    def _recogniser(self) -> Recogniser:
        engine = choose_engine(self.asr, has_transcript=False)
        return open_recogniser(engine, weights=self.weights)

    def _stage(
        self, interview: Interview, listened: Sequence[tuple[AnswerSpan, Listened]], names: Sequence[str]
    ) -> Stage:
        parameters = {
            "spans": digest_of([[span.recording, span.start, span.end] for span, _ in listened]),
            "listened": digest_of([[one.channel, one.speech.spans.tolist()] for _, one in listened]),
            "names": digest_of(sorted(names)),
            "language": interview.language,
            "code": CODE,
        }
        return Stage("words", "2", parameters, (SPEAKERS, self._recogniser.stage))


def names_of(interview: Interview, transcript: Transcript | None) -> tuple[str, ...]:
    """Names to be masked: the candidate's from the manifest, and every speaker's label without titles and notes."""
    given = [interview.candidate_name] if interview.candidate_name else []
    labels = (*transcript.speakers, *transcript.labels) if transcript else ()
    return tuple(dict.fromkeys([*given, *filter(None, map(name_parts, labels))]))


def _written(said: Transcript) -> dict[str, object]:
    words = [[word.text, word.start, word.end, word.confidence, word.said] for word in said.words]
    return {"words": words, "language": said.language, "engine": said.engine, "word_times": said.word_times}


def _read_back(document: dict[str, object]) -> Transcript:
    rows = document["words"]
    assert isinstance(rows, list)
    words = tuple(Word(text, start, end, confidence, None, said) for text, start, end, confidence, said in rows)
    return Transcript(words, str(document["language"]), str(document["engine"]), bool(document["word_times"]))


def _heard(
    speaking: Speaking, recording: int, listened: Sequence[tuple[AnswerSpan, Listened]], said: Sequence[Transcript]
) -> Heard:
    """What was said in one recording, from the transcripts of all that was listened to."""
    mine = [
        (one.channel, words) for (span, one), words in zip(listened, said, strict=True) if span.recording == recording
    ]
    if not speaking.by_channel:
        return Heard.of(speaking.part(_joined([words for _, words in mine]), None))
    channels = {channel: _joined([words for at, words in mine if at == channel]) for channel, _ in mine}
    return Heard.of(speaking.part_channels({at: words for at, words in channels.items() if at is not None}))


def _joined(said: Sequence[Transcript]) -> Transcript:
    words = tuple(word for transcript in said for word in transcript.words)
    return Transcript(words, said[0].language, said[0].engine, all(transcript.word_times for transcript in said))


def find_answers(
    spans: Sequence[AnswerSpan],
    heard: Mapping[int, Heard],
    framework: Framework,
    encoder: Encoder | None,
) -> tuple[AnswerSpan, ...]:
    """The answers, recordings without known questions cut at those that are found in them.

    Parameters
    ----------
    spans
        As the manifest gives them: ``WHOLE`` is a recording of which it says nothing.
    heard
        What was said, by recording.
    framework
        Whose questions are looked for.
    encoder
        Compares meanings; without one, or in a language that it does not know, words are compared.
    """
    return tuple(answer for span in spans for answer in _answers(span, heard[span.recording], framework, encoder))


def _answers(span: AnswerSpan, heard: Heard, framework: Framework, encoder: Encoder | None) -> tuple[AnswerSpan, ...]:
    if span.question_id != WHOLE:
        return (span,)
    texts = {question.id: dict(question.text).get(heard.asking.language) for question in framework.questions}  # type: ignore[call-overload]
    known = {name: text for name, text in texts.items() if text}
    asked = find_questions(heard.asking, known, encoder, interviewer=heard.by_others)
    return cut_at_questions(span, asked, heard.words)
