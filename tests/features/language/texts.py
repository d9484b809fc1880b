"""Answers with planted truth, for the tests of the language family."""

from vivavoce.data.framework import Competency
from vivavoce.features.language import AnswerText
from vivavoce.features.transcript.hygiene import normalise
from vivavoce.features.transcript.words import Transcript, Word


def answer_of(text: str, language: str = "en", question: str = "", *competencies: Competency) -> AnswerText:
    """An answer spoken at two words (or characters) a second from second 10 on."""
    pieces = text.split() if language == "en" else [text]
    at, words = 10.0, []
    for piece in pieces:
        length = 0.5 if language == "en" else 0.5 * len(piece)
        words.append(Word(piece, at, at + length))
        at += length
    transcript = normalise(Transcript(tuple(words), language, "provided:vtt", False))
    return AnswerText(transcript.words, language, question, competencies)


QUESTION = "Tell me about a difficult problem that you solved at work."
STORY = (
    "Um, last year at my previous company the nightly build failed almost every day. My task was to make it reliable. "
    "I reproduced the failure, I uh I analysed the root cause and we rewrote 3 tests. "
    "As a result the failures dropped by 40 percent."
)
ZH_STORY = (
    "嗯，去年我在上一家公司负责支付系统，当时每天晚上都会出故障。我的任务是找到原因。"
    "我先分析了日志，然后我复现了问题，我们一起写了测试。结果故障减少了百分之四十，按时上线。"
)
COMPETENCY = Competency.model_validate(
    {
        "id": "problem_solving",
        "name": {"en": "Problem solving", "zh": "解决问题"},
        "definition": {"en": "Finds causes and removes them.", "zh": "找到并消除原因。"},
        "anchors": {
            "low": {"en": "Tries changes at random and gives up.", "zh": "随意尝试，然后放弃。"},
            "middle": {"en": "Finds the cause of a known problem.", "zh": "能找到已知问题的原因。"},
            "high": {
                "en": "Reproduces the failure, finds its root cause by analysis and prevents it by tests.",
                "zh": "复现故障，通过分析找到根本原因，并用测试防止再次发生。",
            },
        },
        "terms": {"en": ["analyse", "reproduce", "debug", "test"], "zh": ["分析", "复现", "测试", "监控", "并发"]},
        "phrases": {"en": ["root cause", "ask for feedback"], "zh": ["分析日志", "找到原因"]},
        "weight": 1.0,
    }
)
