"""What an answer's confidence is worth, on planted words in rising noise, and where ``unclear_speech`` begins."""

from collections.abc import Callable, Iterable
from functools import cache, reduce
from operator import add

import numpy as np
import pytest

from tests.features.transcript.dictations import error, passage, recordings, small
from tests.proof import proof_count
from vivavoce.evaluation.recognition import ErrorRate, error_interval
from vivavoce.features.transcript.words import UNCLEAR_BELOW, answer_confidence

SIGNAL_TO_NOISE_DB = (40, 20, 10, 5, 0, -3, -6)
HALF = 0.5  # of the written words: more of them wrong, and a term that is found is more likely misheard than said
ONE_SIDED_90 = 0.8  # the two-sided level whose upper limit is exceeded by one in ten

Heard = tuple[int, float, ErrorRate]  # which recording, its confidence, its errors


def wrong(errors: ErrorRate) -> float:
    """Share of the written words that were not said; words that were missed are none of them."""
    written = errors.reference - errors.deletions + errors.insertions
    return (errors.substitutions + errors.insertions) / written if written else float("nan")


def pooled(heard: Iterable[Heard]) -> ErrorRate:
    return reduce(add, [errors for _, _, errors in heard], ErrorRate(0, 0, 0, 0))


@cache
def curve() -> tuple[Heard, ...]:
    rng = np.random.default_rng(12)
    rows: list[Heard] = []
    for i, recording in enumerate(recordings(8.0, proof_count(4, 48), seed=77)):
        level = np.sqrt((recording.sound**2).mean())
        for decibels in SIGNAL_TO_NOISE_DB:
            noise = rng.normal(0, level / 10 ** (decibels / 20), len(recording.sound))
            (heard,) = small().recognise([passage((recording.sound + noise).astype(np.float32), recording.language)])
            confidence = answer_confidence(heard)
            if confidence is not None:
                rows.append((i, confidence, error(recording, heard)))
    return tuple(rows)


def tenths() -> dict[float, list[Heard]]:
    """By their lower edge; the last one includes 1."""
    edges = np.round(np.arange(0, 1, 0.1), 1)
    return {float(low): [one for one in curve() if low <= min(one[1], 0.999) < low + 0.1 - 1e-9] for low in edges}


@pytest.mark.proof
def test_the_line_is_where_the_rule_puts_it(record_property: Callable[[str, object], None]) -> None:
    limits = {}
    for low, inside in tenths().items():
        persons: dict[str, list[ErrorRate]] = {}
        for i, _, errors in inside:
            persons.setdefault(str(i), []).append(errors)
        found = error_interval(persons, wrong, level=ONE_SIDED_90)
        limits[low] = found.high
        record_property(
            f"confidence {low}",
            f"{len(inside)} answers, word error {pooled(inside).value:.2f}, written words wrong {found.value:.2f} "
            f"(90 %: at most {found.high:.2f})",
        )
    above = pooled(one for one in curve() if one[1] >= UNCLEAR_BELOW)
    record_property("word error above the line", round(above.value, 3))
    if proof_count(0, 1):
        bad = [low for low, high in limits.items() if not high <= HALF]
        assert pytest.approx(max(bad) + 0.1) == UNCLEAR_BELOW
    assert wrong(above) < HALF
    assert above.value < HALF < pooled(one for one in curve() if one[1] < UNCLEAR_BELOW).value


def test_confidence_falls_as_errors_rise() -> None:
    table = np.array([(confidence, errors.value) for _, confidence, errors in curve()])
    assert np.corrcoef(table.T)[0, 1] < -0.6
    clear = [confidence for _, confidence, _ in curve()[:: len(SIGNAL_TO_NOISE_DB)]]
    assert min(clear) > UNCLEAR_BELOW
