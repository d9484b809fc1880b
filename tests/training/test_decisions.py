"""From a training to sentences about cuts: planted validity shows, noise does not, and nobody is named."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.training.tables import FRAMEWORK, write
from vivavoce.training.champion import decision_tables
from vivavoce.training.joining import read_inputs
from vivavoce.training.linear.linear_trainer import fit
from vivavoce.training.outcomes import FollowUp


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    paths = write(tmp_path_factory.mktemp("planted"), n=300, validity=0.6)
    inputs = read_inputs(paths["features"], paths["ratings"], paths["outcomes"], FRAMEWORK)
    return inputs, fit(inputs, FRAMEWORK)


def test_a_valid_score_makes_sentences_and_they_hold_no_ids(trained):
    inputs, fitted = trained
    document = decision_tables(fitted, inputs)
    [name] = inputs.criteria
    [middle, _] = document["excellence"][name]["scores"]["overall"]
    assert middle["share_above"]["value"] > middle["share_below"]["value"]
    assert middle["above"] + middle["below"] == 300
    assert any(line.startswith("overall at 50") for line in document["findings"])
    rates = [one["excellent among the selected"] for one in document["hit rates"]]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] > 0.25
    assert not any(one in json.dumps(document, allow_nan=False) for one in inputs.candidates)


def test_noise_makes_none(trained):
    inputs, fitted = trained
    noise = np.random.default_rng(0).standard_normal(300)
    document = decision_tables(fitted, replace(inputs, criteria={"noise": noise}, criterion="noise"))
    assert document["findings"] == []


def test_leavers_are_followed_as_far_as_they_were(trained):
    """Those who score below the mean leave within the year twice as often; some were followed for half of it only."""
    inputs, fitted = trained
    rng = np.random.default_rng(1)
    rate = np.where(fitted.overall < 0, 2.0, 0.7) / 365
    leaves, followed = rng.exponential(1 / rate), rng.uniform(150, 700, 300)
    seen = FollowUp(np.minimum(leaves, followed), (leaves <= followed).astype(float))
    document = decision_tables(fitted, replace(inputs, follow_up=seen))
    middle = document["leaving within a year"]["overall"][0]
    true = (1 - np.exp(-0.7)) / (1 - np.exp(-2.0))
    assert middle["ratio"]["low"] < true < middle["ratio"]["high"] < 1


def test_without_outcomes_there_is_nothing_to_say(trained):
    inputs, fitted = trained
    assert decision_tables(fitted, replace(inputs, criteria={}, follow_up=None)) == {}
