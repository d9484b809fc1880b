"""What a kind has no use for is refused by name before anything is read, whatever form it was given in."""

import pandas as pd
import pytest

from vivavoce.training import BadTraining
from vivavoce.training.trainers import OPTIONS, check_options, kinds, trainer


@pytest.mark.parametrize("kind", kinds())
def test_a_trainer_names_options_that_there_are_and_says_why(kind: str) -> None:
    idle = trainer(kind).idle
    assert set(idle) <= set(OPTIONS)
    assert bool(trainer(kind).why_idle) is bool(idle)
    check_options(kind, OPTIONS, rated=True)


def test_a_table_that_was_given_as_it_is_counts_as_asked_for() -> None:
    weights = pd.DataFrame({"candidate_id": ["a"], "weight": [1.0]})
    check_options("linear", {**OPTIONS, "sample_weights": weights}, rated=True)
    with pytest.raises(BadTraining, match="--kind rubric learns nothing, so --sample-weights would do nothing"):
        check_options("rubric", {**OPTIONS, "sample_weights": weights}, rated=True)


def test_who_needs_ratings_says_so_and_who_does_not() -> None:
    check_options("rubric", OPTIONS, rated=False)
    for kind in ("linear", "fusion"):
        with pytest.raises(
            BadTraining, match=rf"--kind {kind} learns from .*--kind reader or --kind rubric needs none"
        ):
            check_options(kind, OPTIONS, rated=False)
