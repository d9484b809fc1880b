"""Where in a recording the framework's questions were asked, when the manifest does not say."""

from collections.abc import Mapping, Sequence

from vivavoce.data.framework import Framework
from vivavoce.features.language.encoder import Encoder
from vivavoce.features.questions import find_questions
from vivavoce.pipelines.scoring.answers import WHOLE, AnswerSpan, cut_at_questions
from vivavoce.pipelines.scoring.words import Heard


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
