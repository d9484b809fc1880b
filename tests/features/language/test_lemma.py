"""Forms of one word meet in one lemma; different words do not."""

import pytest

from vivavoce.features.language.lexicon import lemma


@pytest.mark.parametrize(
    "forms",
    [
        "test tests tested testing",
        "plan plans planned planning",
        "analyse analysed analysing analyze analyzed",
        "organise organize organised organizing organizes",
        "reduce reduces reduced reducing",
        "write writes wrote written writing",
        "lead leads led leading",
        "study studies studied studying",
        "release releases released releasing",
        "fix fixes fixed fixing",
        "process processes processed processing",
        "use uses used using",
        "class classes",
        "behaviour behavior",
        "debug debugging debugged",
        "install installs installed installing",
        "hypothesis hypotheses",
        "note notes noted noting",
        "control controlled controlling",
        "store stores stored storing",
        "visit visited visiting",
    ],
)
def test_forms_of_one_word_meet(forms: str) -> None:
    assert len({lemma(form) for form in forms.split()}) == 1


def test_different_words_stay_apart() -> None:
    words = [
        "test",
        "tester",
        "plan",
        "plane",
        "not",
        "note",
        "car",
        "care",
        "need",
        "thing",
        "analysis",
        "analyse",
        "state",
    ]
    assert len({lemma(word) for word in words}) == len(words)
