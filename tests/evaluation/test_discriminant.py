from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vivavoce.evaluation.discriminant import effective_number, multitrait_multimethod


def planted(rng: np.random.Generator, n: int, halo: float) -> tuple[np.ndarray, np.ndarray]:
    """Three competencies by people and machine; ``halo`` is the share of a general impression in both."""
    general = rng.standard_normal((n, 1))
    own = np.sqrt(halo) * general + np.sqrt(1 - halo) * rng.standard_normal((n, 3))
    return own + 0.5 * rng.standard_normal((n, 3)), own + 0.5 * rng.standard_normal((n, 3))


def test_different_competencies_are_told_apart() -> None:
    found = multitrait_multimethod(*planted(np.random.default_rng(1), 500, 0.1), ["a", "b", "c"])
    assert all(one.discriminated and one.margin > 0.5 for one in found.traits)
    assert all(one.convergent.covers(0.8) for one in found.traits)
    assert found.effective_human > 2.7
    assert found.inseparable == ()
    assert found.across.shape == (3, 3)


def test_a_general_impression_is_one_competency() -> None:
    found = multitrait_multimethod(*planted(np.random.default_rng(2), 500, 0.98), ["a", "b", "c"], same=0.75)
    assert found.effective_machine < 1.5
    assert found.inseparable == (("a", "b"), ("a", "c"), ("b", "c"))
    assert all(one.margin < 0.1 for one in found.traits)


def test_few_people_cannot_rule_out_that_two_are_one() -> None:
    people, machine = planted(np.random.default_rng(3), 8, 0.5)
    assert multitrait_multimethod(people, machine, ["a", "b", "c"]).inseparable


def test_real_ratings_hold_fewer_competencies_than_names(viva_data: Path) -> None:
    table = pd.read_csv(viva_data / "avi_challenge_2025" / "avi2025_labels.csv")
    rated = table[["Integrity", "Collegiality", "Social_versatility", "Development_orientation", "Hireability"]]
    assert effective_number(np.corrcoef(rated.to_numpy().T)) < 2.5


@pytest.mark.parametrize(
    ("machine", "names", "message"),
    [
        (np.eye(5)[:, :2], ["a", "b", "c"], "3 human columns, 2 machine columns and 3 names"),
        (np.ones((5, 3)), ["a", "b", "c"], r"one value only for 'a' \(machine\)"),
        (np.eye(4)[:, :3], ["a", "b", "c"], "must have equally many rows"),
    ],
)
def test_bad_arguments_are_refused(machine: np.ndarray, names: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        multitrait_multimethod(np.eye(5)[:, :3], machine, names)
