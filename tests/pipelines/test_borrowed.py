"""What is taken from the framework is found, in both languages, and nothing is held against people who were asked."""

from pathlib import Path

import pytest
import yaml

from tests.benchmarks.bench_mit_language import interviews
from tests.conftest import ROOT
from tests.pipelines.gaming import FRAMEWORK, WRITTEN, stuffed
from tests.pipelines.runs import DEMO
from vivavoce.data.framework import load_frameworks
from vivavoce.data.manifest import read_manifest
from vivavoce.data.status import RowStatus
from vivavoce.pipelines.scoring.outputs import AnswerResult, Result, Row
from vivavoce.pipelines.scoring.report import write_report
from vivavoce.pipelines.scoring.timeline import RUN, STRETCH, find_borrowed

FRAMEWORKS = load_frameworks(ROOT / "data" / "frameworks")
STORY = "Last winter our booking service froze every evening and the desks could not check anyone in."
ANCHOR = FRAMEWORK.competency("problem_solving").anchors.high


def answers() -> list[tuple[str, str, str]]:
    """Text, language and job of every bundled answer."""
    found = []
    for path in sorted((ROOT / "tests" / "demo" / "scripts").glob("c*.yaml")):
        script = yaml.safe_load(path.read_text(encoding="utf-8"))
        found += [(one["text"], script["language"], script["job"]) for one in script["answers"]]
    return found


def test_an_anchor_within_a_story_is_found_to_the_word():
    words = ANCHOR["en"].split()
    text = f"{STORY} {' '.join(words[:12])} and so on. {STORY}"
    [one] = find_borrowed(text, "en", FRAMEWORK)
    assert str(one.sentence).startswith(
        "12 words in a row stand like this in the framework's description of problem solving"
    )
    assert one.quote == " ".join(words[:12])
    assert find_borrowed(f"{STORY} {' '.join(words[: RUN - 1])} and so on.", "en", FRAMEWORK) == ()


def test_the_chinese_anchor_is_found_too():
    [one] = find_borrowed(f"去年冬天我们的系统每天晚上都出问题。{ANCHOR['zh']}", "zh", FRAMEWORK)
    assert "description of problem solving" in str(one.sentence)
    assert one.quote.removesuffix(" …") in ANCHOR["zh"]


def test_a_list_of_terms_is_found_inside_a_story():
    terms = " ".join(stuffed(FRAMEWORK.questions[0].shows).split()[:STRETCH])
    [one] = find_borrowed(f"{STORY} {STORY} {terms} {STORY}", "en", FRAMEWORK)
    assert str(one.sentence).startswith(f"Of {STRETCH} words in a row, {STRETCH} belong to terms")
    assert terms.startswith(one.quote.removesuffix(" …"))


def test_the_question_said_again_is_nobodys_fault():
    question = FRAMEWORK.questions[0]
    assert find_borrowed(f"{question.text['en']} {STORY}", "en", FRAMEWORK) == ()


def test_nothing_is_found_in_the_bundled_answers():
    assert len(answers()) == 28
    assert [find_borrowed(text, language, FRAMEWORKS[job]) for text, language, job in answers()] == [()] * 28


def test_a_text_written_for_the_candidate_passes_unseen():
    """What the mark cannot see stands in docs/gaming.md."""
    assert [find_borrowed(text, "en", FRAMEWORK) for text in WRITTEN.values()] == [()] * 3


@pytest.mark.proof
def test_nothing_is_found_in_138_real_interviews(viva_data: Path, record_property):
    said = interviews(viva_data / "mit_interview", {})
    found = [
        (name, job, one.quote)
        for name, answer in said.items()
        for job, framework in FRAMEWORKS.items()
        for one in find_borrowed(answer.quote((0, len(answer.words))), "en", framework)
    ]
    record_property("notes on honest people", f"{len(found)} of {len(said)} interviews × {len(FRAMEWORKS)} frameworks")
    assert len(said) == 138
    assert found == []


def test_it_is_seen_before_anything_is_unfolded_and_changes_no_score(tmp_path: Path):
    interview = read_manifest(DEMO / "manifest.jsonl").interviews[0]
    answer = AnswerResult("q1", 0, 0.0, 30.0, "en", "provided:vtt", f"{ANCHOR['en']} <b>", {}, {})
    result = Result("i1", RowStatus.MEASURED, None, "", None, (answer,), (), None, {})
    run = {
        "configuration": {"profile": "language"}, "models": [], "standing": "experimental", "notes": [],
        "finished": "2026-11-22T10:00:00+00:00", "versions": {"vivavoce": "0", "python": "3"},
    }  # fmt: skip
    write_report(tmp_path / "report.html", [Row(interview, result, 1.0)], FRAMEWORKS, {}, run)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("q1: for whoever reads this; the mark changes no score") == 1
    assert page.index("the mark changes no score") < page.index("<details>")
    assert "They may have been learned by heart: ask for the case behind them." in page


def test_case_and_marks_do_not_matter():
    assert find_borrowed(ANCHOR["en"].upper().replace(",", ""), "en", FRAMEWORK) != ()
