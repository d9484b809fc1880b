"""138 real mock interviews: our counts against the data set's own, and every feature in its plausible range."""

import csv
from pathlib import Path

import numpy as np
import pytest

from vivavoce.data.schema import Absent
from vivavoce.features.language import LANGUAGE, AnswerText
from vivavoce.features.language.fluency import find_fillers
from vivavoce.features.transcript.hygiene import normalise
from vivavoce.features.transcript.words import Transcript, Word

RATES = (1.5, 4.5)  # words a second of audio: elsewhere transcript and audio are of different length


@pytest.fixture(scope="module")
def spoken(viva_data: Path) -> dict[str, tuple[Word, ...]]:
    """What each interviewee said, at two and a half words a second."""
    read: dict[str, tuple[Word, ...]] = {}
    with (viva_data / "mit_interview" / "transcripts.csv").open(encoding="utf-8", errors="replace") as file:
        for name, text in csv.reader(file):
            turns = [turn.partition(":") for turn in text.split("|")]
            said = " ".join(words for who, _, words in turns if who.strip().lower().startswith("interviewee"))
            read[name.lower()] = tuple(Word(word, i * 0.4, i * 0.4 + 0.3) for i, word in enumerate(said.split()))
    assert len(read) == 138
    return read


@pytest.fixture(scope="module")
def answers(spoken: dict[str, tuple[Word, ...]]) -> dict[str, AnswerText]:
    """Each interview as one answer."""
    return {
        name: AnswerText(normalise(Transcript(words, "en", "provided:vtt", False)).words, "en")
        for name, words in spoken.items()
    }


def test_counts_agree_with_the_data_sets_own(
    answers: dict[str, AnswerText], spoken: dict[str, tuple[Word, ...]], viva_data: Path
) -> None:
    rows = []
    with (viva_data / "mit_interview" / "combined_features_hireverse.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            name = row["participant_id"].lower()
            answer = answers[name]
            ours = (len(answer.tokens), len({token.text for token in answer.tokens}), len(find_fillers(answer)))
            if RATES[0] <= len(spoken[name]) / float(row["Audio Duration (s)"]) <= RATES[1]:
                rows.append(
                    (*ours, *(float(row[column]) for column in ("Total Words", "Unique Words", "Filler Words")))
                )
    table = np.array(rows)
    total, unique, fillers = (np.corrcoef(table[:, i], table[:, i + 3])[0, 1] for i in range(3))
    print(f"{len(table)} interviews: total r {total:.3f}, unique r {unique:.3f}, fillers r {fillers:.3f}")
    assert len(table) == 107
    assert total >= 0.95
    assert unique >= 0.95
    assert fillers >= 0.75


def test_every_feature_is_plausible_on_real_speech(answers: dict[str, AnswerText]) -> None:
    declared = {feature.name: feature for feature in LANGUAGE}
    for name, answer in answers.items():
        for feature, value in LANGUAGE.measure(answer).items():
            assert isinstance(value, Absent) or declared[feature].plausible(value), (name, feature, value)
