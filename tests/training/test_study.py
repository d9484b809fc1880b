"""A whole training as an employer has it: split by employer or time, thorough, beside today's applicants, recorded."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.commands import told
from tests.training.study import EMPLOYERS, WEIGHTS, write_study
from vivavoce.data.errors import Exit
from vivavoce.data.framework import load_framework
from vivavoce.fairness.gate.evidence import Evidence
from vivavoce.models.directory import load_model
from vivavoce.pipelines.app import app
from vivavoce.pipelines.publishing.card import markdown, sections
from vivavoce.pipelines.train import TrainingRequest, train
from vivavoce.training import trainers, weights
from vivavoce.training.joining import read_inputs
from vivavoce.training.linear.linear_trainer import fit
from vivavoce.training.scheme import Scheme
from vivavoce.training.validation.overall import Effort

QUICK = Effort(permutations=19, repeats=1)
MADE = datetime(2026, 11, 22, tzinfo=UTC)
GATE = {
    "admission": "refused", "made": "2026-11-22", "pack": {"name": "planted", "version": "1"}, "expires": None,
    "every_decision_reviewed": False, "checks": [],
}  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study"), people=140, features=10)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(weights, "STRENGTHS", (8.0,))  # a quarter of the time
    monkeypatch.setattr(trainers, "USUAL", QUICK)
    monkeypatch.setattr(trainers, "THOROUGH", Effort(permutations=39, repeats=2, weights=19))


def trained(study, out, **changes):
    """The exit status and what was said."""
    tables = {name: getattr(study, name) for name in ("features", "ratings", "outcomes", "framework")}
    asked = TrainingRequest(**tables, out=out, criterion="rating", tracking="none")
    return told(train, replace(asked, **changes), width=200)


def read(study, split, features=None):
    framework = load_framework(study.framework)
    place = features or study.features
    return read_inputs(place, study.ratings, study.outcomes, framework, criterion="rating", split=split), framework


@pytest.mark.parametrize("split", ["person", "employer", "time"])
def test_everything_that_is_learned_again_is_split_as_the_training_is(study, split):
    inputs, framework = read(study, split)
    text = {name: "text" if one == "text" else "voice" for name, one in inputs.modalities.items()}  # all in two
    found = fit(replace(inputs, modalities=text), framework, effort=QUICK).model.documents
    validity = found["validity"]
    for name in WEIGHTS:
        r = validity["ratings"][name]["score"]["value"]
        assert validity["permutation"][name]["r"] == pytest.approx(r)
        assert validity["learning curve"][name]["points"][-1]["r"]["value"] == pytest.approx(r)
        assert validity["increments by competency"][name]["voice"]["with it"]["value"] == pytest.approx(r)
        assert validity["baselines"][name][1]["gain"]["full"]["value"] == pytest.approx(r)
        if split != "person":
            assert validity["elsewhere"][name][split]["value"] == pytest.approx(r)
    assert validity["split"] == found["datasheet"]["split"]
    assert validity["split"]["by"] == split


def test_nobody_of_an_employer_teaches_what_that_employer_is_tested_by(study):
    inputs, framework = read(study, "employer")
    assert inputs.employer is not None
    own = inputs.employer == "e2"
    changed = replace(
        inputs,
        ratings={name: np.where(own, 6 - y, y) for name, y in inputs.ratings.items()},
        performance=np.where(own, -inputs.performance, inputs.performance),
    )
    one, other = (fit(given, framework, effort=None) for given in (inputs, changed))
    fold = next(held for _, held in inputs.scheme.splits(inputs.candidates) if own[held].any())
    raw = [np.array([found.z[name][fold] for name in WEIGHTS]) for found in (one, other)]
    for a, b in zip(*raw, strict=True):  # norms are of everybody: the same up to a line
        assert np.corrcoef(a, b)[0, 1] == pytest.approx(1)


def test_a_feature_that_knows_the_employer_is_worth_nothing_at_another(study, tmp_path):
    inputs, framework = read(study, "person")
    assert inputs.employer is not None
    rng = np.random.default_rng(0)
    number = np.unique(inputs.employer, return_inverse=True)[1]
    strict = np.linspace(-1, 1, EMPLOYERS)[rng.permutation(EMPLOYERS)][number]
    rooms = rng.standard_normal((EMPLOYERS, 8))[number] + 0.1 * rng.standard_normal((len(number), 8))
    columns = {f"prosody.room_{i}_db": rooms[:, i] for i in range(8)}
    changed = replace(
        inputs,
        features=dict.fromkeys(WEIGHTS, columns),
        fingerprints=dict.fromkeys(columns, "a"),
        modalities={},
        ratings={name: np.clip(3 + strict + 0.3 * rng.standard_normal(len(number)), 1, 5) for name in WEIGHTS},
        performance=np.full(len(number), np.nan),
        answers=None,
    )
    scheme = Scheme.by_group("employer", inputs.candidates, inputs.employer)
    found = [fit(replace(changed, scheme=one), framework, effort=None) for one in (inputs.scheme, scheme)]
    home, away = (one.model.documents["validity"]["ratings"]["teamwork"]["score"] for one in found)
    assert home["low"] > 0.8
    assert away["value"] < 0.4


def test_the_command_splits_by_employer_and_says_so(study, tmp_path):
    out = tmp_path / "model"
    line = ["train", str(study.features), "--criterion", "rating", "--tracking-uri", "none", "--split", "employer"]
    for name in ("ratings", "outcomes", "framework", "today"):
        line += [f"--{name}", str(getattr(study, name))]
    done = CliRunner().invoke(app, [*line, "--out", str(out)])
    assert done.exit_code == Exit.DONE, done.output
    documents = load_model(out)[0].documents
    said = "Everything is split by employer: 6 of them; whole ones are tested."
    assert said in done.output
    assert said in documents["datasheet.md"]
    assert documents["today"]["moved"] == ["language.length_words"]
    assert "moved most: language.length_words" in done.output
    assert "other sites" in done.output
    page = markdown("Card", sections(load_model(out)[0], Evidence("0" * 64, "software_engineer", MADE), GATE))
    assert said in page
    assert documents["today"]["said"] in page


def test_by_time_the_earliest_only_teach(study):
    inputs, framework = read(study, "time")
    found = fit(inputs, framework, effort=None)
    assert inputs.recorded_at is not None
    tested = ~np.isnan(found.z["teamwork"])
    assert 0.75 < tested.mean() < 0.85
    assert inputs.recorded_at[~tested].max() < inputs.recorded_at[tested].min()
    weighed = ~np.isnan(found.overall)
    assert weighed.sum() < tested.sum()
    assert (
        inputs.recorded_at[tested & ~weighed & ~np.isnan(inputs.performance)].max() < inputs.recorded_at[weighed].min()
    )
    assert found.model.documents["datasheet"]["with performance"] == 84


def test_a_split_that_leaves_too_few_is_refused_in_one_sentence(study, tmp_path):
    rows = pd.read_csv(study.outcomes)
    ids = rows["candidate_id"].str.removeprefix("p").astype(int)
    fewer = rows[ids < 95]
    fewer.to_csv(tmp_path / "outcomes.csv", index=False)
    status, said = trained(study, tmp_path / "no", outcomes=tmp_path / "outcomes.csv", split="time")
    assert status == Exit.BAD_INPUT
    assert "Weights need the performance of 50 scored people" in said
    assert "the first fifth only teaches" in said
    assert trained(study, tmp_path / "no", split="rater")[0] == Exit.BAD_INPUT
    assert not (tmp_path / "no").exists()


def test_thorough_permutes_the_learning_of_weights_too(tmp_path):
    few = write_study(tmp_path, people=95, features=8)  # fusion asks for a hundred
    status, said = trained(few, tmp_path / "thorough", thorough=True, tune=3, today=few.features)
    assert status == Exit.DONE, said
    documents = load_model(tmp_path / "thorough")[0].documents
    tested = documents["validity"]["permutation"]["overall"]
    assert (tested["framework"]["count"], tested["learned"]["count"]) == (39, 19)
    assert documents["validity"]["procedure"].startswith(
        "a reduced search in every fit: the plain ridge and 2 settings"
    )
    for name in WEIGHTS:  # three settings are no more than a reduced search has: all is the very same procedure
        r = documents["validity"]["ratings"][name]["score"]["value"]
        assert documents["validity"]["permutation"][name]["r"] == pytest.approx(r)
    best = [one["best"]["r"] for one in documents["search"]["competencies"].values()]
    assert len(set(best)) == len(WEIGHTS)  # all have the same columns, and each its own trials
    assert "fusion" in documents
    for title in ("Does it hold (p of 39", "Would more people help", "Gain in r over simpler", "What to know"):
        assert title in said
    assert "Whether the model fits today's applicants is not known" in said  # they are those who taught
