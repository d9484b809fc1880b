"""What a worker does with one interview: observe its recordings, read or recognise its words, measure, score."""

import hashlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from vivavoce.data.framework import Framework
from vivavoce.data.identity import Digest, InputChanged
from vivavoce.data.interview import MEASURED, Interview, Modality, permitted, route
from vivavoce.data.media.account import Limits
from vivavoce.data.schema import Stage
from vivavoce.data.status import COMPLETE, MediaStatus, Reason, RowStatus
from vivavoce.data.vault.keys import Erased, KeyRing, ProjectKey
from vivavoce.data.vault.store import Artefact, Store
from vivavoce.features.language.encoder import SentenceEncoder
from vivavoce.features.reader.reading import ReaderFailed
from vivavoce.features.transcript.recognise import AUTO
from vivavoce.models.rubric.rubric import Rubric
from vivavoce.models.score import OVERALL, Score
from vivavoce.models.version import MeasuredAnswer
from vivavoce.pipelines.scoring.answers import (
    AnswerSpan,
    Speaking,
    answer_spans,
    compared_modalities,
    is_unmatched,
    mark_losses,
)
from vivavoce.pipelines.scoring.configuration import Configuration, languages_for
from vivavoce.pipelines.scoring.measure import Measurer
from vivavoce.pipelines.scoring.model import Scorer
from vivavoce.pipelines.scoring.outputs import AnswerResult, Result
from vivavoce.pipelines.scoring.reading import Desk, Reads
from vivavoce.pipelines.scoring.recording import TRUSTED, Observation, Observer, Seen
from vivavoce.pipelines.scoring.trust import Trust
from vivavoce.pipelines.scoring.words import Heard, Listener, Unheard, find_answers, held_to_answers

SOUND = frozenset({MediaStatus.OK, MediaStatus.NO_VIDEO, MediaStatus.NO_FACE, MediaStatus.SEVERAL_FACES})
MENDED = 0.02  # share of a transcript's words that may be left out or stand at guessed times in a complete row
ROUTES = {
    Reason.NO_CONSENT: "No consent to scoring is on record: nothing was opened.",
    Reason.UNMEASURED_LANGUAGE: "Spoken Cantonese is not measured yet: it goes to people. Nothing was opened.",
    Reason.NO_READER_CONSENT: "The reader is outside, without consent to external_reader: nothing was opened.",
    Reason.FRAMEWORK_LANGUAGE: "The job's framework has no texts in the row's language. Nothing was opened.",
    Reason.HUMAN_ROUTE: "The row asks for people: an accommodation, a refusal or a withdrawal. Nothing was opened.",
}


@dataclass(frozen=True)
class Settings:
    """What every worker of a run is built from."""

    store: Path
    project_key: ProjectKey
    configuration: Configuration
    frameworks: dict[str, Framework]
    weights: str | None
    encoder: SentenceEncoder | None
    scorers: Mapping[str, Scorer] = field(default_factory=dict)  # by job; the rubric scores where there is none
    trust: Trust = field(default_factory=Trust)
    limits: Limits = field(default_factory=Limits)
    desk: Desk | None = None  # where a version of this run has its answers read


@dataclass(frozen=True)
class Task:
    """One interview, with the digests of its files that are known already (None: read the file)."""

    interview: Interview
    digests: tuple[str | None, ...]


@dataclass(frozen=True)
class Outcome:
    """What a worker sends back: the result, and the digests that it had to compute."""

    result: Result
    digests: tuple[Digest, ...]


class Ended(Exception):
    """The interview ends here, not scored, for a named reason."""

    def __init__(
        self, reason: str, detail: str, media: MediaStatus | None = None, speakers: tuple[str, ...] = ()
    ) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.media, self.speakers = reason, detail, media, speakers


def build_job(settings: Settings) -> "InterviewJob":
    """Build a worker's job; models are loaded when first needed. One thread each, so that workers share the cores."""
    import cv2
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    return InterviewJob(settings)


class InterviewJob:
    """Measures and scores one interview after the other."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = open_store(settings.store, settings.project_key)

    @cached_property
    def _observer(self) -> Observer:
        return Observer(self.store, self.settings.configuration.frames_per_second, self.settings.limits)

    @cached_property
    def _listener(self) -> Listener:
        return Listener(self.store, self.settings.configuration.asr, self.settings.weights)

    @cached_property
    def _measurer(self) -> Measurer:
        return Measurer(self.settings.encoder, self.settings.trust, self._reads)

    @cached_property
    def _reads(self) -> Reads | None:
        return None if self.settings.desk is None else Reads(self.settings.desk, self.store)

    def _asked_for(self, job: str) -> bool:
        """Whether the version of a job has answers read."""
        scorer = self.settings.scorers.get(job)
        return scorer is not None and scorer.model.reads is not None

    def __call__(self, task: Task, beat: Callable[[str], None]) -> Outcome:
        """Bring one interview to its end and seal its result; only a defect of the program raises."""
        interview = task.interview
        clock = Clock(beat)
        digests: list[Digest] = []
        notes: list[str] = []  # which sound was listened to, where there was a choice
        framework = self.settings.frameworks[interview.job]
        try:
            result = self._measured(task, framework, clock, digests, notes)
        except Ended as end:
            result = not_measured(interview.interview_id, framework, end.reason, end.detail, end.media, clock.seconds)
            result = replace(result, speakers=end.speakers)
        except Erased as error:
            result = not_measured(interview.interview_id, framework, Reason.ERASED, str(error))
            return Outcome(result, tuple(digests))
        except ReaderFailed as error:  # the machine's doing: nothing is sealed, and the next run tries again
            reason = Reason.READER_FAILED
            result = not_measured(interview.interview_id, framework, reason, str(error), None, clock.seconds)
            return Outcome(result, tuple(digests))
        result = replace(result, detail=" ".join(filter(None, [result.detail, *notes])))
        keep_result(self.store, interview, self.settings.configuration, result)
        return Outcome(result, tuple(digests))

    def _measured(
        self, task: Task, framework: Framework, clock: "Clock", digests: list[Digest], notes: list[str]
    ) -> Result:
        interview, configuration = task.interview, self.settings.configuration
        reads = self.settings.desk is not None and self._asked_for(interview.job)
        languages = languages_for(framework, scoring=configuration.scoring)
        reason = route(interview, configuration.purpose, languages)
        if reason is None and reads and self.settings.desk and not self.settings.desk.agreed(interview):
            reason = Reason.NO_READER_CONSENT
        if reason is not None:
            raise Ended(reason, ROUTES[reason])
        if interview.language == AUTO and set(languages) < set(MEASURED):
            _hold(self._listener.written_in(interview), framework)
        modalities = permitted(interview.consent, configuration.purpose) & configuration.profile.modalities
        compared = compared_modalities(interview, modalities, configuration.interviewer_consent)
        with ExitStack() as stack:
            seen: list[Seen] = []
            for recording, known in zip(interview.recordings, task.digests, strict=True):
                with clock("observe"):
                    one = self._observer.observe(recording.path, interview.candidate_id, known, modalities, compared)
                stack.callback(one.close)
                seen.append(one)
            digests += [one.digest for one in seen if one.digest is not None]
            notes += filter(None, [one.observation.choice.note for one in seen])
            worst = worst_of([one.observation for one in seen])
            spans = answer_spans(interview, [trusted_duration(one.observation) for one in seen])
            if not spans:
                raise Ended(worst.status if worst.status not in SOUND else Reason.NO_ANSWER, worst.detail, worst.status)
            with clock("words"):
                heard = self._hear(interview, spans, seen, worst, compared)
                if configuration.scoring:
                    _hold({one.words.language for one in heard.values()}, framework)
                spans = find_answers(spans, heard, framework, self.settings.encoder)
                spans = mark_losses(spans, [one.observation.lost for one in seen])
                heard = held_to_answers(heard, spans)
        with clock("measure"):
            tracks = [one.observation.tracks for one in seen]
            person = interview.candidate_id if reads else None
            measured = self._measurer.measure(spans, heard, tracks, framework, modalities, person)
        with clock("score"):
            if not configuration.scoring:
                return with_accounts(only_measured(interview, measured, worst, clock.seconds), heard.values())
            scorer = self.settings.scorers.get(interview.job)
            return with_accounts(scored(interview, framework, scorer, measured, worst, clock.seconds), heard.values())

    def _hear(
        self,
        interview: Interview,
        spans: Sequence[AnswerSpan],
        seen: Sequence[Seen],
        worst: Observation,
        compared: frozenset[Modality],
    ) -> dict[int, Heard]:
        speaking = [Speaking.of(one.observation.tracks, compared) for one in seen]
        try:
            return self._listener.hear(
                interview, spans, speaking, [one.sha256 for one in seen], [one.sound for one in seen]
            )
        except Unheard as end:
            raise Ended(end.reason, str(end), worst.status, end.speakers) from end
        except InputChanged as error:
            raise Ended(MediaStatus.INPUT_CHANGED, str(error), MediaStatus.INPUT_CHANGED) from error


def _hold(spoken: Collection[str], framework: Framework) -> None:
    """End an interview in a language of which its framework has no texts: nothing could be set against them."""
    if foreign := sorted(set(spoken) - set(framework.languages)):
        there = ", ".join(framework.languages)
        said = f"What was said is in {', '.join(foreign)}; the framework of {framework.job} has texts in {there} only."
        raise Ended(Reason.FRAMEWORK_LANGUAGE, said)


class Clock:
    """Seconds by stage, and a sign of life at the beginning of each.

    Examples
    --------
    >>> clock = Clock(lambda stage: print("begins", stage))
    >>> with clock("observe"):
    ...     pass
    begins observe
    >>> list(clock.seconds)
    ['observe']
    """

    def __init__(self, beat: Callable[[str], None]) -> None:
        self.seconds: dict[str, float] = {}
        self._beat = beat

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Measure one stage; the same one again adds up."""
        self._beat(stage)
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - begun


def worst_of(observations: Sequence[Observation]) -> Observation:
    """The observation that says most against an interview, in the order in which ``MediaStatus`` lists them."""
    order = list(MediaStatus)
    return max(observations, key=lambda observation: order.index(observation.status))


def trusted_duration(observation: Observation) -> float | None:
    """Seconds that may be scored; None where nothing was heard, or what was heard cannot be trusted."""
    return observation.duration if observation.status in TRUSTED else None


def scored(
    interview: Interview,
    framework: Framework,
    scorer: Scorer | None,
    measured: Sequence[tuple[AnswerResult, MeasuredAnswer]],
    worst: Observation,
    seconds: dict[str, float],
) -> Result:
    """Score the measured answers; a recording that is not whole leaves its mark on the row."""
    answered = tuple(result for result, _ in measured)
    answers = [answer for _, answer in measured if not is_unmatched(answer.question_id)]
    asked = {*asked_questions(interview), *(answer.question_id for answer in answers)}
    if scorer is None:
        rubric = Rubric.for_answers(framework, answers)
        scores, digest = rubric.score(answers, asked), rubric.digest
    else:
        refused = _refused(interview, scorer, answered, worst, seconds)
        if refused is not None:
            return replace(refused, answers=answered)
        scores, digest = scorer.model.score(answers, asked), scorer.digest
    overall = next(score for score in scores if score.competency == OVERALL)
    status, reason = overall.status, overall.reason
    if worst.status is MediaStatus.PARTIAL_MEDIA or worst.status not in TRUSTED:
        reason = worst.status
        status = RowStatus.PARTIAL if status is RowStatus.SCORED else status
    return Result(interview.interview_id, status, reason, worst.detail, worst.status, answered, scores, digest, seconds)


def _refused(
    interview: Interview,
    scorer: Scorer,
    answered: Sequence[AnswerResult],
    worst: Observation,
    seconds: dict[str, float],
) -> Result | None:
    """Words of a recogniser, or in a language, that the model did not learn from: measured, and not scored."""
    model = scorer.model
    for reason, what, found, accepted in (
        (
            Reason.OTHER_RECOGNISER,
            "words are from",
            model.strangers({one.asr_engine for one in answered}),
            model.recognisers,
        ),
        (Reason.OTHER_LANGUAGE, "language is", {one.language for one in answered}, model.languages),
    ):
        foreign = ", ".join(sorted(found - set(accepted)))
        if foreign:
            detail = (
                f"The {what} {foreign}; the model learned from {', '.join(accepted)}. Use one of these, or train again."
            )
            named = f"{reason.value}: {foreign}"
            return not_measured(interview.interview_id, model.framework, named, detail, worst.status, seconds)
    return None


def only_measured(
    interview: Interview,
    measured: Sequence[tuple[AnswerResult, MeasuredAnswer]],
    worst: Observation,
    seconds: dict[str, float],
) -> Result:
    """The measured answers without scores."""
    whole = worst.status in SOUND
    status, reason = (RowStatus.MEASURED, None) if whole else (RowStatus.PARTIAL, worst.status)
    answers = tuple(result for result, _ in measured)
    return Result(interview.interview_id, status, reason, worst.detail, worst.status, answers, (), None, seconds)


def with_accounts(result: Result, heard: Collection[Heard]) -> Result:
    """What reading the transcripts had to mend or leave out, on the row.

    Partial beyond ``MENDED`` of the words, and where one turn, which alone has a time, answers several questions.
    """
    read = [one for one in heard if one.source]
    if not read:
        return result
    mended = [(one.source, kind, count) for one in read for kind, count in one.account.mended]
    mended += [(one.source, "questions that begin within one turn", one.over) for one in read if one.over]
    worst = max(one.account.share for one in read)
    if (worst > MENDED or any(one.over for one in read)) and result.status in COMPLETE:
        result = replace(result, status=RowStatus.PARTIAL, reason=Reason.PARTIAL_TRANSCRIPT)
    return replace(result, mended=tuple(mended), words_left_out=worst)


def asked_questions(interview: Interview) -> tuple[str, ...]:
    """Ids of the questions that the manifest says were asked; empty where it says nothing."""
    spans = tuple(asked.question_id for asked in interview.questions)
    return spans or tuple(one.question_id for one in interview.recordings if one.question_id is not None)


def not_measured(
    interview_id: str,
    framework: Framework | None,
    reason: str,
    detail: str,
    media: MediaStatus | None = None,
    seconds: Mapping[str, float] = MappingProxyType({}),
) -> Result:
    """The result of an interview from which nothing was measured: every score says why."""
    competencies = (*framework.weights, OVERALL) if framework else ()
    scores = tuple(Score(competency, None, None, RowStatus.NOT_SCORED, reason) for competency in competencies)
    return Result(interview_id, RowStatus.NOT_SCORED, reason, detail, media, (), scores, None, dict(seconds))


def open_store(folder: Path, project_key: ProjectKey) -> Store:
    """The artefact store of an output folder."""
    return Store(folder, KeyRing(folder / "keys", project_key))


def result_stage(configuration: Configuration) -> Stage:
    """The address of a result: everything that the run's configuration says."""
    return Stage("result", "2", {"configuration": configuration.fingerprint})


def result_address(interview: Interview) -> str:
    """A result belongs to a row, not to a file: its address is the row's id, hashed."""
    return hashlib.sha256(interview.interview_id.encode()).hexdigest()


def keep_result(store: Store, interview: Interview, configuration: Configuration, result: Result) -> None:
    """Seal a row's result under the person's key."""
    artefact = Artefact(result.document(), {})
    store.put(interview.candidate_id, result_address(interview), result_stage(configuration), artefact)


def find_result(store: Store, interview: Interview, configuration: Configuration) -> Result | None:
    """Open a row's result; None where it is not there, or was damaged and set aside."""
    artefact = store.get(interview.candidate_id, result_address(interview), result_stage(configuration))
    return None if artefact is None else Result.from_document(artefact.document)
