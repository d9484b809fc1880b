"""Ways to please a machine without a story of one's own: what each earns by the rubric, beside honest answers."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import ROOT
from tests.features.real import read_sound
from vivavoce.data.framework import Framework, load_framework
from vivavoce.data.media.memory import AudioSpool
from vivavoce.features.language import relate
from vivavoce.features.language.answer_text import AnswerText
from vivavoce.features.language.encoder import SentenceEncoder
from vivavoce.features.speech import find_speech
from vivavoce.features.transcript.recognise import Passage
from vivavoce.features.transcript.sphinx import SphinxRecogniser
from vivavoce.features.transcript.words import Word
from vivavoce.models.rubric.rubric import Rubric
from vivavoce.models.score import OVERALL
from vivavoce.models.version import MeasuredAnswer
from vivavoce.pipelines.scoring.measure import measure_text

FRAMEWORK = load_framework(ROOT / "data" / "frameworks" / "software_engineer.yaml")
WORDS_PER_MINUTE = 150
SECONDS_PER_WORD = 60 / WORDS_PER_MINUTE

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

BEFORE = "Last year I was responsible for this. So I did the following."
AFTER = "As a result it improved by ten percent."


def stuffed(competencies: tuple[str, ...]) -> str:
    """Every evidence term of the competencies, one after the other, and nothing else."""
    parts = [FRAMEWORK.competency(name) for name in competencies]
    found = [term for one in parts for term in (*one.terms["en"], *one.phrases["en"])]
    return ". ".join(dict.fromkeys(found)) + "."


def framed(competencies: tuple[str, ...]) -> str:
    """The same list between three sentences that announce situation, task, action and result."""
    return f"{BEFORE} {stuffed(competencies)} {AFTER}"


def recited(competencies: tuple[str, ...]) -> str:
    """The framework's own description of the best answer, learned by heart and put in the first person."""
    return " ".join(FRAMEWORK.competency(name).anchors.high["en"] for name in competencies)


def said(text: str) -> tuple[Word, ...]:
    """A text as words, as if every one of them had been heard."""
    return tuple(Word(word, i * SECONDS_PER_WORD, (i + 1) * SECONDS_PER_WORD) for i, word in enumerate(text.split()))


def heard(text: str, folder: Path) -> tuple[Word, ...]:
    """A text spoken by espeak-ng and written down by pocketsphinx: hyphens, numbers and punctuation are gone."""
    path = folder / "spoken.wav"
    command = ["espeak-ng", "-v", "en-gb", "-s", str(WORDS_PER_MINUTE), "-w", str(path), text]
    subprocess.run(command, check=True, capture_output=True)
    audio = AudioSpool.from_array(read_sound(path))
    passage = Passage(audio, find_speech(audio), 0.0, audio.duration, "en")
    return SphinxRecogniser().recognise([passage])[0].words


def measure(
    words: Mapping[str, tuple[Word, ...]], encoder: SentenceEncoder | None, framework: Framework = FRAMEWORK
) -> list[MeasuredAnswer]:
    """One answer for each question whose words are given."""
    asked = [question for question in framework.questions if question.id in words]
    answers = [
        AnswerText(
            words[question.id],
            "en",
            question.text["en"],
            tuple(framework.competency(name) for name in question.shows),
            framework=framework.competencies,
        )
        for question in asked
    ]
    return [
        MeasuredAnswer(question.id, question.shows, *measure_text(answer))
        for question, answer in zip(asked, relate(answers, encoder), strict=True)
    ]


def overall(words: Mapping[str, tuple[Word, ...]], encoder: SentenceEncoder | None) -> float:
    """The rubric's overall score of one answer for each question, 0–100."""
    return rubric_points(words, encoder, OVERALL)


def rubric_points(words: Mapping[str, tuple[Word, ...]], encoder: SentenceEncoder | None, competency: str) -> float:
    """The rubric's score of one competency, 0–100, from the answers that there are."""
    measured = measure(words, encoder)
    scores = Rubric.for_answers(FRAMEWORK, measured).score(measured, set(words))
    value = next(score.value for score in scores if score.competency == competency)
    assert value is not None
    return value
