"""Case, punctuation and silence change no language measure but the length of sentences."""

from pathlib import Path

import pytest

from tests.benchmarks.bench_mit_language import interviews
from tests.benchmarks.interviews import demo_answers
from tests.features.language.invariance import CHANGES, changed, compared
from vivavoce.data.schema import Absent
from vivavoce.features.language import LANGUAGE, AnswerText
from vivavoce.features.language.encoder import SentenceEncoder

EVERY = 12  # of 138 interviews; docs/invariances.md has all
SLACK = {"language.repairs_per_100_words": 0.5}  # where a comma alone tells a repeated word from a list


@pytest.fixture(scope="module")
def answers(viva_data: Path) -> list[AnswerText]:
    return [one for _, one in sorted(interviews(viva_data / "mit_interview", {}).items())][::EVERY]


@pytest.mark.parametrize("label", CHANGES)
def test_measures_hold_still(answers: list[AnswerText], label: str) -> None:
    kind, change = CHANGES[label]
    for answer in answers:
        before = LANGUAGE.measure(answer)
        after = LANGUAGE.measure(AnswerText(change(answer.words), answer.language))
        for name, value in before.items():
            if kind == "punctuation" and name == "language.sentence_words":
                assert after[name] == Absent("no_punctuation")
            elif isinstance(value, Absent):
                assert after[name] == value, name
            else:
                assert after[name] == pytest.approx(value, rel=1e-6, abs=SLACK.get(name, 1e-9)), name


@pytest.mark.parametrize("label", ["lower case", "capitals", "silence before it"])
def test_what_is_compared_with_the_framework_holds_still(label: str) -> None:
    encoder = SentenceEncoder.offline()
    if encoder is None:
        pytest.skip("the extra 'offline-text' is not installed")
    answers = demo_answers("c01")
    before, after = compared(answers, encoder), compared(changed(answers, CHANGES[label][1]), encoder)
    assert len(before) > len(answers)
    for old, new in zip(before, after, strict=True):
        assert new == pytest.approx(old, abs=1e-3)
