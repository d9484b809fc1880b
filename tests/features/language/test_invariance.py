"""Case, punctuation and silence change no language measure but the length of sentences."""

from pathlib import Path

import pytest

from tests.benchmarks.bench_mit_language import interviews
from tests.features.language.invariance import CHANGES
from vivavoce.data.schema import Absent
from vivavoce.features.language import LANGUAGE, AnswerText

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
