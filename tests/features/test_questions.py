"""Questions come back from interviewers' turns, from a voice that reads them out, in English and Chinese."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.proof import proof_count
from vivavoce.data.framework import load_frameworks
from vivavoce.features.language.encoder import SentenceEncoder
from vivavoce.features.questions import CLOSE, CLOSE_UNNAMED, SHARED, find_questions
from vivavoce.features.speakers.candidate import TURN_GAP_S
from vivavoce.features.transcript.hygiene import normalise
from vivavoce.features.transcript.words import Transcript, Word

FRAMEWORKS = load_frameworks(Path(__file__).parents[2] / "data" / "frameworks")
WORD_S = 0.35  # of a spoken word
FIVE = {
    "self": "Please tell me about yourself.",
    "lead": "Tell me about a time when you demonstrated leadership.",
    "team": "Tell me about a time when you were working with a team and faced a challenge. "
    "How did you solve the problem?",
    "weak": "What is one of your weaknesses and how do you plan to overcome it?",
    "hire": "Why do you think we should hire you?",
}
ASKS = {"self": r"about your ?self", "lead": r"leader", "team": r"\bteam|\bgroup", "weak": r"weakness",
        "hire": r"\bhire\b|(get|have|give you|deserve) (the|this) job"}  # fmt: skip


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    found = SentenceEncoder.offline()
    if found is None:
        pytest.skip("the extra offline-text is not installed")
    return found


def spoken(*lines: tuple[str, str], language: str = "en", names: bool = True) -> Transcript:
    """Lines of (speaker, text) one after another, apart as turns are; Chinese is segmented as elsewhere."""
    words, now = [], 0.0
    for speaker, text in lines:
        for word in text.split() if language == "en" else list(text):
            words.append(Word(word, now, now + WORD_S * 0.9, None, speaker if names else None))
            now += WORD_S
        now += TURN_GAP_S + 0.5
    return normalise(Transcript(tuple(words), language, "provided:vtt", True))


ANSWER = (
    "we had an outage and i looked at the logs until the cause was clear then i wrote a test and fixed it for good "
    "and nobody saw it again in the year that followed"
)


def dialogue(job: str, language: str) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """The framework's questions by id, and an interview in which they are asked in another order."""
    questions = {question.id: dict(question.text)[language] for question in FRAMEWORKS[job].questions}
    reply = ANSWER if language == "en" else "我们先看了日志然后找到了原因后来修好了大家都很满意"
    hello = ("Ann", "Good morning, how was your journey?") if language == "en" else ("Ann", "您好，路上还顺利吗？")
    asked = [questions[name] for name in reversed(questions)]
    lines = [hello, ("Bo", reply[:20])] + [line for text in asked for line in (("Ann", text), ("Bo", reply))]
    return questions, tuple(lines)


@pytest.mark.parametrize("job", FRAMEWORKS)
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("names", [True, False])
def test_questions_read_out_are_found_without_an_encoder(job: str, language: str, names: bool) -> None:
    questions, lines = dialogue(job, language)
    everybody = spoken(*lines, language=language)
    said = everybody.spoken_by("Ann") if names else spoken(*lines, language=language, names=False)
    found = find_questions(said, questions, interviewer=names)
    assert [one.question_id for one in found] == list(reversed(questions))
    asked = everybody.spoken_by("Ann").words
    for one in found:
        heard = [word for word in asked if one.start <= word.start and word.end <= one.end]
        assert heard[0].start == pytest.approx(one.start)
        assert heard[-1].end == pytest.approx(one.end)
        assert one.confidence > 0.9


def test_questions_in_other_words_need_the_encoder(encoder: SentenceEncoder) -> None:
    questions = {question.id: dict(question.text)["en"] for question in FRAMEWORKS["sales_manager"].questions}
    said = spoken(
        ("Ann", "Good afternoon. Please tell me who you are, and then about an important deal that you nearly lost."),
        ("Ann", "Thank you. And what did you do when a salesperson in your team fell behind?"),
        ("Ann", "Mhm. And how did she take it?"),
    )
    found = find_questions(said, questions, encoder, interviewer=True)
    assert [one.question_id for one in found] == ["q1", "q2"]
    assert all(CLOSE <= one.confidence < 1 for one in found)
    assert find_questions(said, questions, interviewer=True) == (), "words alone do not reach that far"


def test_an_answer_that_takes_up_the_question_asks_nothing(encoder: SentenceEncoder) -> None:
    said = spoken(
        ("", "So a time when I demonstrated leadership was in my third year, when I ran the robotics club."),
        ("", "My team faced a challenge with money, and I think that you should hire people who solve problems."),
        names=False,
    )
    for compares in (encoder, None):
        assert [
            one for one in find_questions(said, FIVE, compares, interviewer=False) if one.question_id != "lead"
        ] == []
    assert CLOSE_UNNAMED > CLOSE


def test_another_question_is_kept_apart_and_a_follow_up_is_not() -> None:
    said = spoken(
        ("Ann", "How was your journey to our office this rainy morning?"),
        ("Ann", FIVE["weak"]),
        ("Ann", "How did that go?"),
        ("Ann", "So now think of a job that you would like. Do you have one in mind?"),
        ("Ann", FIVE["hire"]),
    )
    found = find_questions(said, FIVE, interviewer=True)
    assert [one.question_id for one in found] == ["weak", None, "hire"]


def test_no_words_or_no_texts_give_no_question() -> None:
    assert find_questions(spoken(), FIVE, interviewer=True) == ()
    assert find_questions(spoken(("Ann", "Why should we hire you?")), {}, interviewer=True) == ()
    assert find_questions(spoken(("Ann", "Lovely weather today.")), FIVE, interviewer=True) == ()
    assert 0 < SHARED < 1


def interviews(folder: Path) -> dict[str, list[str]]:
    """The interviewer's turns of each transcript."""
    with (folder / "mit_interview" / "transcripts.csv").open(encoding="utf-8", errors="replace") as file:
        rows = [line.rstrip("\n").split(",", 1) for line in file]
    return {name: [t.strip() for t in re.findall(r"Interviewer\s*:\s*([^|]*)", text)] for name, text in rows}


@pytest.mark.proof
def test_real_interviews(
    viva_data: Path, encoder: SentenceEncoder, record_property: Callable[[str, object], None]
) -> None:
    """Five known questions in real first interviews; the truth is which turn holds a question's own word."""
    first = {name: turns for name, turns in interviews(viva_data).items() if not name.startswith("pp")}
    count = proof_count(8, len(first))
    asked = found = right = alone = alone_right = 0
    for name in sorted(first)[:count]:
        said = spoken(*(("Ann", turn) for turn in first[name] if turn))
        truth = {
            question: [turn for turn in first[name] if re.search(pattern, turn, re.IGNORECASE)]
            for question, pattern in ASKS.items()
        }
        asked += sum(bool(turns) for turns in truth.values())
        for compares in (encoder, None):
            for one in find_questions(said, FIVE, compares, interviewer=True):
                if one.question_id is None:
                    continue
                words = "".join(w.text for w in said.words if one.start <= w.start and w.end <= one.end)
                hit = any(_letters(turn) == words for turn in truth[one.question_id])
                found, right = found + (compares is encoder), right + (hit and compares is encoder)
                alone, alone_right = alone + (compares is None), alone_right + (hit and compares is None)
    record_property("interviews", count)
    record_property("questions asked", asked)
    record_property("found, of these rightly", f"{found}, {right}")
    record_property("found by words alone, of these rightly", f"{alone}, {alone_right}")
    assert right >= 0.9 * asked
    assert found - right <= 0.05 * asked
    assert alone - alone_right <= 0.1 * asked


def _letters(text: str) -> str:
    return "".join(word.text for word in spoken(("", text)).words)
