"""Competencies that are one thing are said to be one; those that differ are not."""

import numpy as np
import pytest

from vivavoce.training.validation.baselines import distinct

NAMES = ("problem_solving", "teamwork", "learning")


def planted(correlation, seed, n=300, noise=0.6):
    rng = np.random.default_rng(seed)
    level = rng.multivariate_normal(np.zeros(3), np.full((3, 3), correlation) + (1 - correlation) * np.eye(3), n)
    human, machine = (
        {name: level[:, i] + noise * rng.standard_normal(n) for i, name in enumerate(NAMES)} for _ in "12"
    )
    return human, machine


def test_competencies_that_differ_are_told_apart():
    found = distinct(*planted(0.2, 0), np.arange(300))
    assert found.findings == (
        f"3 competencies carry as much as {found.traits.effective_human:.1f} independent ones in people's ratings and "
        f"{found.traits.effective_machine:.1f} in the scores.",
    )
    assert found.traits.effective_human > 2.5


def test_one_thing_under_two_names_is_named():
    human, machine = planted(0.2, 1)
    machine["teamwork"] = machine["learning"] + 0.2 * np.random.default_rng(2).standard_normal(300)
    found = distinct(human, machine, np.arange(300))
    assert found.findings[0].startswith("teamwork and learning cannot be told apart in the scores (r .9")
    assert any("The score of teamwork goes with" in one and "learning across" in one for one in found.findings)
    assert found.traits.effective_machine < 2.1


def test_halo_of_the_raters_is_not_put_on_the_machine():
    human, machine = planted(0.2, 3)
    human["teamwork"] = human["learning"] + 0.1 * np.random.default_rng(4).standard_normal(300)
    found = distinct(human, machine, np.arange(300)).findings
    assert "teamwork and learning cannot be told apart in people's ratings" in found[0]
    assert not any("in the scores (r" in one for one in found)


def test_rows_of_a_person_are_one_and_gaps_are_left_out():
    human, machine = planted(0.2, 5)
    twice = [{name: np.concatenate([v, v]) for name, v in one.items()} for one in (human, machine)]
    twice[0]["learning"][300:] = np.nan
    one, two = distinct(human, machine, np.arange(300)), distinct(*twice, np.tile(np.arange(300), 2))
    assert two.traits.n == 300
    assert two.traits.machine == pytest.approx(one.traits.machine)
    few = {name: np.where(np.arange(300) < 40, v, np.nan) for name, v in human.items()}
    assert "40 people have" in distinct(few, machine, np.arange(300)).findings[0]
