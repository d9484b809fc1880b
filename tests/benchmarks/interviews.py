"""What candidates of the demo said, as answers to the questions that they were asked."""

from typing import Any

from tests.benchmarks.recordings import DEMO, demo_rows
from vivavoce.data.framework import load_framework
from vivavoce.features.language import AnswerText
from vivavoce.features.transcript.hygiene import normalise
from vivavoce.features.transcript.provided import read_transcript

ENGLISH = ("c01", "c02", "c03", "c06", "c08")  # with a transcript and known questions


def demo_answers(name: str) -> tuple[AnswerText, ...]:
    """One interview's answers, in order."""
    row: dict[str, Any] = demo_rows()[name]
    framework = load_framework(DEMO.parent / "frameworks" / f"{row['job']}.yaml")
    said = normalise(read_transcript(DEMO / row["transcript"], language=row["language"]))
    if "candidate_speaker" in row and said.speakers:
        said = said.spoken_by(row["candidate_speaker"])
    questions = {question.id: question for question in framework.questions}
    answers = []
    for span in row["questions"]:
        question = questions[span["id"]]
        shown = tuple(framework.competency(competency) for competency in question.shows)
        words = said.within(span["start"], span["end"]).words
        answers.append(AnswerText(words, said.language, dict(question.text)[said.language], shown))
    return tuple(answers)
