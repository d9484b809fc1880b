"""From a candidate's words and tracks to the features of each answer, and to the words behind them."""

from collections.abc import Mapping, Sequence

from vivavoce.data.framework import Framework
from vivavoce.data.interview import Modality
from vivavoce.data.schema import Absent, Measures
from vivavoce.data.status import MediaStatus, Reason
from vivavoce.data.track import Track
from vivavoce.features.face import FACE
from vivavoce.features.face.answer_face import AnswerFace
from vivavoce.features.language import (
    LANGUAGE,
    AnswerText,
    Evidence,
    find_structure,
    find_told,
    is_repetitive,
    listed_places,
    measure_competency,
    relate,
)
from vivavoce.features.language.encoder import SentenceEncoder
from vivavoce.features.prosody import PROSODY
from vivavoce.features.prosody.answer_voice import AnswerVoice
from vivavoce.features.speakers.candidate import leave_out
from vivavoce.features.transcript.words import answer_confidence
from vivavoce.models.score import Quote
from vivavoce.models.version import MeasuredAnswer
from vivavoce.pipelines.scoring.answers import AnswerSpan
from vivavoce.pipelines.scoring.outputs import AnswerResult, split_measures
from vivavoce.pipelines.scoring.reading import Reads
from vivavoce.pipelines.scoring.timeline import Timeline, timeline_of
from vivavoce.pipelines.scoring.trust import Trust
from vivavoce.pipelines.scoring.words import Heard

QUOTED_ANCHORS = 2  # closest passages shown: the third adds length to the report, not insight


class Measurer:
    """Measures answers; built once per worker.

    Parameters
    ----------
    encoder
        The sentence encoder, or None: closeness and relevance are then absent.
    trust
        What is known of the recogniser: below which confidence its answers are unclear.
    reads
        Who reads the answers, where a version asks for it.
    """

    def __init__(self, encoder: SentenceEncoder | None, trust: Trust, reads: Reads | None = None) -> None:
        self._encoder = encoder
        self._trust = trust
        self._reads = reads

    def measure(
        self,
        spans: Sequence[AnswerSpan],
        heard: Mapping[int, Heard],
        tracks: Sequence[Mapping[str, Track]],
        framework: Framework,
        modalities: frozenset[Modality],
        read_for: str | None = None,
    ) -> list[tuple[AnswerResult, MeasuredAnswer]]:
        """Every answer's features, and what scoring needs of them.

        Parameters
        ----------
        spans
            The interview's answers.
        heard
            The candidate's words by recording.
        tracks
            Of each recording: ``speech``, and ``voice`` and ``face`` where they were measured.
        framework
            Whose questions were asked.
        modalities
            What profile and consent allow: the others' features do not appear at all.
        read_for
            The person whose answers are read; None: they are not.
        """
        answers = relate([_answer_text(span, heard[span.recording], framework) for span in spans], self._encoder)
        repetitive = any(is_repetitive(answer) for answer in answers)
        measured = []
        for span, answer in zip(spans, answers, strict=True):
            measures, quotes = measure_text(answer)
            if Modality.VOICE in modalities:
                measures |= _voice(span, heard[span.recording], tracks[span.recording])
            if Modality.FACE in modalities:
                measures |= _face(span, tracks[span.recording])
            words = heard[span.recording].words
            confidence = answer_confidence(words.within(span.start, span.end))
            clear = confidence is None or confidence >= self._trust.line(words.engine, words.language)
            if self._reads is not None and read_for and span.whole and clear and not repetitive:
                rated, places = self._reads.measure(answer, framework, read_for)
                measures |= rated
                quotes |= {name: tuple(_quote(answer, one) for one in own) for name, own in places.items()}
            values, absent = split_measures(measures)
            text = answer.quote((0, len(answer.words)))
            result = AnswerResult(
                span.question_id,
                span.recording,
                span.start,
                span.end,
                words.language,
                words.engine,
                text,
                values,
                absent,
                confidence,
                span.confidence,
                _timeline(span, heard[span.recording], tracks[span.recording], modalities),
                self._trust.line(words.engine, words.language),
            )
            if not span.whole:
                measures, quotes = dict.fromkeys(measures, Absent(MediaStatus.PARTIAL_MEDIA)), {}
            elif result.unclear:
                measures, quotes = dict.fromkeys(measures, Absent(Reason.UNCLEAR_SPEECH)), {}
            elif repetitive:
                measures, quotes = dict.fromkeys(measures, Absent(Reason.REPETITIVE_TEXT)), {}
            shows = tuple(competency.id for competency in answer.competencies)
            measured.append((result, MeasuredAnswer(span.question_id, shows, measures, quotes)))
        return measured


def _timeline(span: AnswerSpan, heard: Heard, tracks: Mapping[str, Track], modalities: frozenset[Modality]) -> Timeline:
    voice = tracks.get("voice") if Modality.VOICE in modalities else None
    face = tracks.get("face") if Modality.FACE in modalities else None
    return timeline_of(span.start, span.end, heard.speech, voice, face)


def _answer_text(span: AnswerSpan, heard: Heard, framework: Framework) -> AnswerText:
    words = heard.words.within(span.start, span.end)
    asked = {question.id: question for question in framework.questions}.get(span.question_id)
    if asked is None:
        return AnswerText(words.words, words.language, "", framework.competencies, framework=framework.competencies)
    shown = tuple(framework.competency(competency) for competency in asked.shows)
    question: str = dict(asked.text).get(words.language, "")  # type: ignore[call-overload]
    return AnswerText(words.words, words.language, question, shown, framework=framework.competencies)


def measure_text(answer: AnswerText) -> tuple[Measures, dict[str, tuple[Quote, ...]]]:
    """The language features of one answer, and the words behind those that a rubric scores."""
    measures = LANGUAGE.measure(answer)
    spans = [span for found in find_structure(answer).found.values() for span in found[:1]]
    told = find_told(answer)
    shown = {
        "structure": sorted(spans),
        "own_acts": sorted((*told.acts, *told.our_acts)),
        "said": sorted((*told.spoken, *told.our_talk)),
        "reasons": told.reasons,
        "consequences": told.lessons,
    }
    quotes = {f"language.{name}_share": tuple(_quote(answer, span) for span in own) for name, own in shown.items()}
    lists = listed_places(answer, answer.competencies)
    for competency in answer.competencies:
        found, evidence = measure_competency(answer, competency, lists)
        measures |= found
        quotes |= _evidence_quotes(answer, competency.id, evidence)
    return measures, quotes


def _evidence_quotes(answer: AnswerText, competency: str, evidence: Evidence) -> dict[str, tuple[Quote, ...]]:
    return {
        f"language.term_coverage_share.{competency}": tuple(_quote(answer, found.span) for found in evidence.found),
        f"language.anchor_closeness_ratio.{competency}": tuple(
            _quote(answer, found.span) for found in evidence.anchors[:QUOTED_ANCHORS]
        ),
    }


def _quote(answer: AnswerText, span: tuple[int, int]) -> Quote:
    words = answer.words[slice(*span)]
    return Quote(answer.quote(span), round(words[0].start, 2), round(words[-1].end, 2))


def _voice(span: AnswerSpan, heard: Heard, tracks: Mapping[str, Track]) -> Measures:
    if "voice" not in tracks:
        return PROSODY.absent("no_audio")
    own = leave_out(tracks["voice"], heard.theirs)
    return PROSODY.measure(AnswerVoice(own, heard.speech, span.start, span.end))


def _face(span: AnswerSpan, tracks: Mapping[str, Track]) -> Measures:
    if "face" not in tracks or len(tracks["face"]) == 0:
        return FACE.absent("no_video")
    return FACE.measure(AnswerFace(tracks["face"], span.start, span.end))
