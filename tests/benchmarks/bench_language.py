"""Sentence vectors of interviews as a run makes them against one sentence at a time: same weights, texts and process.

Everything of an interview that is embedded counts: passages, questions, anchors. A run embeds what a candidate said in
batches, and the framework's texts once for all candidates; both gains are shown. CPU seconds of one thread, the arms
in turn so that a busy machine treats them alike. Vectors must be the same to what similarities are read to.
"""

import time
from collections.abc import Callable

import numpy as np
import torch

from tests.benchmarks import Figure
from tests.benchmarks.interviews import ENGLISH, demo_answers
from vivavoce.features.language import AnswerText, relate
from vivavoce.features.language.answer_text import SIMILARITY_DIGITS
from vivavoce.features.language.encoder import SentenceEncoder

ROUNDS = 3


def run(reduced: bool) -> list[Figure]:
    """Cost of both, the gain, and how far the vectors lie apart."""
    torch.set_num_threads(1)
    encoder = SentenceEncoder.offline()
    if encoder is None:
        return [Figure("sentence vectors", "not measured: the extra 'offline-text' is not installed")]
    interviews = [demo_answers(name) for name in (ENGLISH[:1] if reduced else ENGLISH)]
    texts = [embedded(answers, encoder) for answers in interviews]  # also loads everything, and the framework's texts
    arms: dict[str, Callable[[int], object]] = {
        "alone": lambda i: [encoder.encode([text]) for text in texts[i]],
        "batched": lambda i: encoder.encode(texts[i]),
        "run": lambda i: relate(interviews[i], encoder),
    }
    spent = dict.fromkeys(arms, 0.0)
    for i in list(range(len(interviews))) * ROUNDS:
        for name, arm in arms.items():
            start = time.process_time()
            arm(i)
            spent[name] += time.process_time() - start
    count = ROUNDS * sum(map(len, texts))
    each = {name: f"{1000 * seconds / count:.1f} CPU ms a text" for name, seconds in spent.items()}
    return [
        Figure("one text at a time / as a run does", each["run"], spent["alone"] / spent["run"], "≥ 2"),
        Figure("one text at a time / all in batches", each["batched"], spent["alone"] / spent["batched"]),
        Figure("one text at a time", f"{each['alone']}; {count // ROUNDS} texts"),
        Figure("largest difference of a cosine", f"{apart(texts, encoder):.1e}", None, f"< 1e-{SIMILARITY_DIGITS}"),
    ]


def apart(interviews: list[list[str]], encoder: SentenceEncoder) -> float:
    """How far the cosine between a text's vector in company and alone is from 1, at most."""
    worst = 0.0
    for texts in interviews:
        alone = np.concatenate([encoder.encode([text]) for text in texts])
        worst = max(worst, float(np.abs(1 - (encoder.encode(texts) * alone).sum(axis=1)).max()))
    return worst


def embedded(answers: tuple[AnswerText, ...], encoder: SentenceEncoder) -> list[str]:
    """Every text of one interview that ``relate`` asks the encoder for."""
    vectors = relate(answers, encoder)[0].vectors
    assert vectors is not None
    return list(vectors)
