"""Vectors: close where meaning is close, the same in any company, faster in batches, absent where they mean nothing."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pytest

from tests.features.language.texts import COMPETENCY, QUESTION, STORY, ZH_STORY, answer_of
from vivavoce.data.schema import Absent, Stage
from vivavoce.features.language import LANGUAGE, language_stage, measure_competency, relate
from vivavoce.features.language.encoder import SentenceEncoder

SMALL_TALK = "I like pizza and football. On weekends we watch films with my sister and her dog in the park."

ANCHORS = (COMPETENCY.anchors.low, COMPETENCY.anchors.middle, COMPETENCY.anchors.high)


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    found = SentenceEncoder.offline()
    if found is None:
        pytest.skip("the extra 'offline-text' is not installed")
    return found


def test_a_paraphrase_is_closer_than_an_unrelated_sentence(encoder: SentenceEncoder) -> None:
    said, paraphrase, unrelated = encoder.encode(
        [
            "I found out why the server kept crashing.",
            "I discovered the reason for the repeated outages of the machine.",
            "My sister likes to swim in the lake.",
        ]
    )
    assert said @ paraphrase > said @ unrelated + 0.3


def test_vectors_have_length_one_in_the_order_of_the_texts(encoder: SentenceEncoder) -> None:
    texts = ["short", "a sentence that is a good deal longer than the other one " * 3, "short"]
    vectors = encoder.encode(texts)
    assert vectors.shape == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    np.testing.assert_array_equal(vectors[0], vectors[2])
    assert encoder.encode([]).shape == (0, 384)


def test_company_does_not_change_a_vector(encoder: SentenceEncoder) -> None:
    texts = [f"{STORY[: 20 + 7 * i]} {i}" for i in range(24)]
    together = encoder.encode(texts)
    np.testing.assert_array_equal(together, encoder.encode(texts))
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(encoder.encode(texts[::-1])[::-1], alone, atol=1e-6)


def test_relevance_and_anchors_follow_the_meaning(encoder: SentenceEncoder) -> None:
    (story,) = relate([answer_of(STORY, "en", QUESTION, COMPETENCY)], encoder)
    (talk,) = relate([answer_of(SMALL_TALK, "en", QUESTION, COMPETENCY)], encoder)
    for name, gap in (("language.relevance_cosine", 0.15), ("language.anchor_cosine.problem_solving", 0.2)):
        near, far = ({**LANGUAGE.measure(a), **measure_competency(a, COMPETENCY)[0]}[name] for a in (story, talk))
        assert isinstance(near, float)
        assert isinstance(far, float)
        assert near > far + gap
    best = measure_competency(story, COMPETENCY)[1].anchors[0]
    assert "reproduced the failure" in story.quote(best.span)
    assert best.closeness == max(story.similarities(COMPETENCY.anchors.high["en"]))


def test_measures_do_not_depend_on_the_other_answers(encoder: SentenceEncoder) -> None:
    story, talk = (answer_of(text, "en", QUESTION, COMPETENCY) for text in (STORY, SMALL_TALK))
    (alone,) = relate([story], encoder)
    first, _ = relate([story, talk], encoder)
    _, last = relate([talk, story], encoder)
    measures, evidence = measure_competency(alone, COMPETENCY)
    for other in (first, last):
        others, shown = measure_competency(other, COMPETENCY)
        assert others == pytest.approx(measures, abs=1e-3)
        assert shown.found == evidence.found
        assert [entry.span for entry in shown.anchors] == [entry.span for entry in evidence.anchors]
    again, _ = relate([story, talk], encoder)
    assert measure_competency(again, COMPETENCY) == measure_competency(first, COMPETENCY)


class Counting(SentenceEncoder):
    """Notes what it was asked for."""

    asked: ClassVar[list[str]] = []

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.asked.extend(texts)
        return super().encode(texts)


def test_the_frameworks_texts_are_embedded_once_and_what_was_said_for_everybody(encoder: SentenceEncoder) -> None:
    counting = Counting(encoder.folder, encoder.languages)
    for _ in range(2):
        relate([answer_of(STORY, "en", QUESTION, COMPETENCY), answer_of(SMALL_TALK, "en", QUESTION)], counting)
    times = Counter(counting.asked)
    assert {times[text] for text in (QUESTION, *(level["en"] for level in ANCHORS))} == {1}
    assert {times[text] for text in times if text not in (QUESTION, *(level["en"] for level in ANCHORS))} == {2}


def test_in_a_language_that_it_does_not_declare_there_are_no_vectors(encoder: SentenceEncoder) -> None:
    (answer,) = relate([answer_of(ZH_STORY, "zh", "请讲一个例子。", COMPETENCY)], encoder)
    assert answer.vectors is None
    assert LANGUAGE.measure(answer)["language.relevance_cosine"] == Absent("no_encoder")


def test_repetition_between_answers() -> None:
    first, _, third = relate([answer_of(STORY), answer_of(STORY), answer_of(SMALL_TALK)])
    assert LANGUAGE.measure(first)["language.repetition_share"] == 1
    assert LANGUAGE.measure(third)["language.repetition_share"] == 0
    (single,) = relate([answer_of(STORY)])
    assert LANGUAGE.measure(single)["language.repetition_share"] == Absent("single_answer")


def test_the_stage_names_the_weights(encoder: SentenceEncoder) -> None:
    transcript = Stage("transcript", "1", {"engine": "provided:vtt"})
    with_it, without = language_stage(transcript, encoder), language_stage(transcript, None)
    assert len(str(encoder.stage.parameters["model_sha256"])) == 64
    assert with_it.fingerprint != without.fingerprint


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="must hold model.safetensors"):
        SentenceEncoder(tmp_path, frozenset({"en"}))


def test_a_hub_model_that_is_not_here_is_not_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="hf download nobody/nothing --revision 0000"):
        SentenceEncoder.from_hub("nobody/nothing", "0000", frozenset({"zh"}))
