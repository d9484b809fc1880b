"""Ways to please a machine without a story of one's own: what each earns by the rubric, beside honest answers."""

from collections.abc import Mapping

from tests.conftest import ROOT
from vivavoce.data.framework import load_framework
from vivavoce.features.language import relate
from vivavoce.features.language.answer import AnswerText
from vivavoce.features.language.encoder import SentenceEncoder
from vivavoce.features.transcript.words import Word
from vivavoce.models.answer import MeasuredAnswer
from vivavoce.models.rubric.rubric import Rubric
from vivavoce.pipelines.measure import _language

FRAMEWORK = load_framework(ROOT / "data" / "frameworks" / "software_engineer.yaml")
SECONDS_PER_WORD = 0.4  # 150 words a minute

# A text as a language model writes it when it is asked for a good answer: fluent, complete, nobody's own.
WRITTEN = {
    "q1": """In my previous role I encountered a challenging production incident that affected a significant number of
    users. My responsibility was to identify the root cause and restore the service as quickly as possible. I
    took a structured approach: I gathered data from logs and metrics, formulated several hypotheses, and tested
    each of them systematically. I collaborated closely with stakeholders to prioritise the most impactful
    actions. As a result we resolved the issue, reduced response times considerably and implemented monitoring
    in order to prevent similar problems in the future.""",
    "q2": """In a recent project my colleague and I had different opinions about the technical approach. I believe that
    open communication is essential, so I scheduled a meeting in order to understand their perspective. I
    listened actively, acknowledged the advantages of their proposal and presented my own with supporting data.
    Together we evaluated the trade-offs and agreed on a solution that combined the strengths of both. As a
    result we delivered the project on time and strengthened our working relationship.""",
    "q3": """When our team decided to adopt a new technology, I had to learn it within a short period of time. I created
    a learning plan, worked through the documentation and online courses, and built a small prototype to
    consolidate my knowledge. I also asked experienced colleagues for feedback and shared what I had learned in
    a workshop. As a result I was able to contribute productively within a few weeks and to support other
    members of the team.""",
}


def stuffed(competencies: tuple[str, ...]) -> str:
    """Every evidence term of the competencies, one after the other, and nothing else."""
    parts = [FRAMEWORK.competency(name) for name in competencies]
    found = [term for one in parts for term in (*one.terms["en"], *one.phrases["en"])]
    return ". ".join(dict.fromkeys(found)) + "."


def recited(competencies: tuple[str, ...]) -> str:
    """The framework's own description of the best answer, learned by heart and put in the first person."""
    return " ".join(FRAMEWORK.competency(name).anchors.high["en"] for name in competencies)


def overall(texts: Mapping[str, str], encoder: SentenceEncoder | None) -> float:
    """The rubric's overall score of one text for each question, 0–100."""
    answers = []
    for question in FRAMEWORK.questions:
        words = tuple(
            Word(word, i * SECONDS_PER_WORD, (i + 1) * SECONDS_PER_WORD)
            for i, word in enumerate(texts[question.id].split())
        )
        shown = tuple(FRAMEWORK.competency(name) for name in question.shows)
        answers.append(AnswerText(words, "en", question.text["en"], shown))
    measured = [
        MeasuredAnswer(question.id, question.shows, *_language(answer))
        for question, answer in zip(FRAMEWORK.questions, relate(answers, encoder), strict=True)
    ]
    scores = Rubric.for_answers(FRAMEWORK, measured).score(measured, {question.id for question in FRAMEWORK.questions})
    value = scores[-1].value
    assert value is not None
    return value
