"""What gaming earns: reported as it is, not hidden; a strong answer of one's own must still earn more."""

import pytest
import yaml

from tests.conftest import ROOT
from tests.pipelines.gaming import FRAMEWORK, WRITTEN, overall, recited, stuffed
from vivavoce.features.language.encoder import SentenceEncoder

SCRIPTS = ROOT / "data" / "demo" / "scripts"


def script(name: str) -> dict[str, str]:
    document = yaml.safe_load((SCRIPTS / f"{name}.yaml").read_text(encoding="utf-8"))
    return {answer["question"]: answer["text"] for answer in document["answers"]}


@pytest.mark.proof
def test_gaming_earns_less_than_a_strong_story_and_more_than_it_should(record_property):
    """The rubric counts what is named. Whoever knows the terms, or has a text written, gets past an ordinary answer:
    docs/gaming.md. This test holds the figures that stand there; a better rubric may lower them."""
    encoder = SentenceEncoder.offline()
    if encoder is None:
        pytest.skip("the sentence encoder is not installed (pip install 'vivavoce[offline-text]')")
    texts = {
        "every evidence term, nothing else": {one.id: stuffed(one.shows) for one in FRAMEWORK.questions},
        "the best anchor, recited": {one.id: recited(one.shows) for one in FRAMEWORK.questions},
        "written by a language model, read aloud": WRITTEN,
        "strong answer of one's own": script("c01"),
        "middling answer of one's own": script("c02"),
        "weak answer of one's own": script("c03"),
    }
    scores = {name: overall(said, encoder) for name, said in texts.items()}
    record_property("overall score", {name: round(score, 1) for name, score in scores.items()})
    strong = scores["strong answer of one's own"]
    assert all(score < strong for name, score in scores.items() if "own" not in name)
    assert strong > scores["middling answer of one's own"] > scores["weak answer of one's own"]
