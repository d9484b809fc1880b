"""Versions of other jobs are pooled with where that makes sense; where it does not, the sentence says why."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.commands import told
from tests.models.versions import planted
from tests.planted import people
from tests.training.tables import FILE, FRAMEWORK, WEIGHTS, write
from vivavoce.data.errors import Exit
from vivavoce.data.framework import Framework
from vivavoce.models.directory import load_model, save_model
from vivavoce.pipelines.train import TrainingRequest, train
from vivavoce.training import BadTraining
from vivavoce.training.pooling import read_beside
from vivavoce.training.weights import learn_weights

SHEET = {
    "persons": 240,
    "interviews": 240,
    "with performance": 240,
    "criterion": "performance",
    "digests": {"features": "f", "ratings": "r", "outcomes": "o"},
}


def framework(job="data_engineer", **changes):
    """The shipped framework under another job's name."""
    return Framework.model_validate({**FRAMEWORK.model_dump(mode="json"), "job": job, **changes}, strict=False)


@cache
def learned(job, seed, validity):
    """What a version knows of the weights of 300 people."""
    z, y, _ = people(WEIGHTS, 900, 0.4, seed, validity)
    kept = np.arange(900) % 3 == 0
    return learn_weights(z[kept], y[kept], [job] * 300, FRAMEWORK.weights).document()


def version(folder, job="data_engineer", *, sheet=None, weights=None, frame=None, seed=1, validity=0.5):
    """A version of another job on disk, as training leaves it; returns its folder."""
    found = learned(job, seed, validity)
    documents = {
        "datasheet": {**SHEET, "digests": {**SHEET["digests"], "outcomes": job}, **(sheet or {})},
        "weights": found if weights is None else weights(found),
    }
    model = replace(planted(frame or framework(job)), documents=documents)
    save_model(model, folder)
    return folder


def changed(**entries):
    """A version's weights document with something else in its summary of people."""

    def change(found):
        [(job, summary)] = found["moments"].items()
        return {**found, "moments": {job: {**summary, **entries}}}

    return change


def test_what_a_version_knows_of_its_people_comes_back(tmp_path):
    folder = version(tmp_path / "other")
    [found] = read_beside([folder], FRAMEWORK, SHEET)
    kept = json.loads((folder / "weights.json").read_text())["moments"]["data_engineer"]
    assert found.moments.summary() == kept
    assert (found.job, found.digest, found.moments.n) == ("data_engineer", load_model(folder)[1], 300)
    assert found.shared == tuple(FRAMEWORK.weights)


def test_only_competencies_that_mean_the_same_are_shared(tmp_path):
    document = framework().model_dump(mode="json")
    document["competencies"][0]["anchors"]["low"]["en"] = "Something quite different happens."
    frame = Framework.model_validate(document, strict=False)
    [found] = read_beside([version(tmp_path / "other", frame=frame)], FRAMEWORK, SHEET)
    assert found.shared == tuple(FRAMEWORK.weights)[1:]


@pytest.mark.parametrize(
    ("made", "match"),
    [
        ({"job": FRAMEWORK.job}, "as is this training: --beside takes one version of each other job"),
        ({"sheet": SHEET}, "learned from the same people as this training: they would count twice"),
        ({"sheet": {"criterion": "sales"}}, "learned from 'sales', this training from 'performance'"),
        ({"weights": lambda _: {"reason": "no performance was given"}}, "learned no weights"),
        (
            {"weights": lambda found: {name: one for name, one in found.items() if name != "moments"}},
            "trained before versions kept what pooling needs: train it again, or leave it out",
        ),
        ({"validity": 0.0}, "its weights were not identified"),
        ({"weights": changed(persons=49)}, "persons: Input should be greater than or equal to 50"),
        ({"weights": changed(correlations=[0.1, 2.0, 0.1, 0.1])}, "less than or equal to 1"),
        ({"weights": changed(correlations=[0.1])}, "its shape is not that of 4 competencies"),
        ({"weights": changed(covariance=np.zeros((4, 4)).tolist())}, "variance is not above 0"),
        ({"weights": changed(names=["candidate"])}, "names: Extra inputs are not permitted"),
        (
            {"frame": framework(scale={"low": 1, "middle": 4, "high": 7})},
            "share 0 competencies .*same id, other anchors",
        ),
    ],
)
def test_versions_that_cannot_be_pooled_with_are_refused_with_the_way_out(tmp_path, made, match):
    with pytest.raises(BadTraining, match=match):
        read_beside([version(tmp_path / "other", **made)], FRAMEWORK, SHEET)


def test_two_versions_of_one_job_are_refused_and_so_are_the_same_people_twice(tmp_path):
    one, again = version(tmp_path / "one"), version(tmp_path / "again", seed=2)
    with pytest.raises(BadTraining, match="as is .*one: --beside takes one version of each other job"):
        read_beside([one, again], FRAMEWORK, SHEET)
    alike = version(tmp_path / "alike", "tester", sheet={"digests": {**SHEET["digests"], "outcomes": "data_engineer"}})
    with pytest.raises(BadTraining, match="the same people as .*one: they would count twice"):
        read_beside([one, alike], FRAMEWORK, SHEET)


def test_without_performance_there_is_nothing_to_pool(tmp_path):
    with pytest.raises(BadTraining, match="give --outcomes"):
        read_beside([version(tmp_path / "other")], FRAMEWORK, {**SHEET, "criterion": None})


def test_the_command_pools_and_says_with_whom_how_strongly_and_what_it_moved(tmp_path):
    paths = write(tmp_path, n=120)

    def trained(out, **more):
        request = TrainingRequest(**paths, framework=FILE, out=tmp_path / out, tracking="none", **more)
        return told(train, request)

    others = (version(tmp_path / "other"), version(tmp_path / "third", "tester", seed=2))
    status, said = trained("pooled", beside=others)
    assert status == Exit.DONE, said
    assert "Pooled with data_engineer (300 people, 4 competencies), tester (300 people, 4 competencies): " in said
    model, _ = load_model(tmp_path / "pooled")
    pooling = model.documents["weights"]["pooling"]
    assert [one["digest"] for one in pooling["beside"]] == [load_model(folder)[1] for folder in others]
    assert 0 < pooling["agreement"] < 1
    assert model.weights != pooling["alone"]
    assert model.documents["weights"]["moments"][FRAMEWORK.job]["persons"] == 120  # its own people only
    status, said = trained("itself", beside=(tmp_path / "pooled",))
    assert status == Exit.BAD_INPUT
    assert "--beside takes one version of each other job" in said


def test_a_rubric_has_no_use_for_other_jobs(tmp_path):
    request = TrainingRequest("f.csv", framework=FILE, out=tmp_path / "out", beside=(tmp_path,), kind="rubric")
    status, said = told(train, request)
    assert (status, "--beside would do nothing: leave it out" in said) == (Exit.BAD_INPUT, True)
