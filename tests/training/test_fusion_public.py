"""Real interviews and clips: the benchmarks' claims hold in a reduced run; what must not be inferred is refused."""

import numpy as np
import pytest

from tests.benchmarks import bench_avi, bench_chalearn, bench_mit
from vivavoce.data.identity import RefusedName
from vivavoce.data.schema import Feature
from vivavoce.evaluation.gain import gain
from vivavoce.models.linear.linear_version import LinearCompetency
from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.models.score import Norms


@pytest.fixture(scope="module")
def mock_interviews(viva_data):
    return bench_mit.read(viva_data / "mit_interview")


@pytest.mark.parametrize(
    "trait", ["Excited", "EngagingTone", "Friendly", "Smiled", "Calm", "NotStressed", "engaging_tone"]
)
def test_a_trait_that_must_not_be_inferred_never_becomes_a_model(trait):
    x = np.random.default_rng(0).standard_normal((60, 2))
    fitted = CompetencyRidge().fit(x, x[:, 0])
    columns = ("language.length_words", "prosody.f0_spread_semitones")
    with pytest.raises(RefusedName, match="claims"):
        LinearCompetency.of(trait, columns, fitted, Norms(3.0, 0.5, 60))
    with pytest.raises(RefusedName, match="claims"):
        Feature(f"face.{trait.lower().removeprefix('not')}_score", None, "share", 0, 1, "A share.", "none")


def test_real_interviews_are_predicted_by_models_that_never_saw_the_student(mock_interviews):
    data = mock_interviews
    assert len(data.names) == 137
    assert len(set(data.persons)) == 69
    some = [data.traits.index(name) for name in ("Excited", "Overall", "NoFillers")]
    few = bench_mit.Interviews(
        data.names, [data.traits[i] for i in some], data.ratings[:, some], data.given, data.ours, data.published
    )
    mine, baseline = bench_mit.grouped(few, 1)
    r = [bench_mit.correlation(mine[:, i], few.ratings[:, i]) for i in range(3)]
    assert r[0] > 0.65
    assert r[1] > 0.35
    assert bench_mit.paired_gain(mine[:, 2], baseline[:, 2], few.ratings[:, 2]) > 0.03  # fillers are language


def test_predictions_of_a_student_do_not_depend_on_the_student_s_ratings(mock_interviews):
    data = mock_interviews
    one = data.persons == data.persons[0]
    changed = data.ratings.copy()
    changed[one] = 7.0
    moved = bench_mit.Interviews(data.names, data.traits, changed, data.given, data.ours, data.published)
    seen, held = np.flatnonzero(~one), np.flatnonzero(one)
    halves = np.arange(60), np.arange(60, len(seen))
    inner = [halves, halves[::-1]]
    for before, after in zip(*(bench_mit.predicted(of, seen, held, inner) for of in (data, moved)), strict=True):
        assert np.array_equal(before, after)


def test_one_eigendecomposition_is_ridge_at_every_penalty():
    rng = np.random.default_rng(0)
    seen, held, y = rng.standard_normal((40, 7)), rng.standard_normal((5, 7)), rng.standard_normal((40, 2))
    found = bench_mit.kernel_ridge(*bench_mit.linear(seen, held), y)
    centred = y - y.mean(axis=0)
    for penalty, predictions in zip(bench_mit.PENALTIES, found, strict=True):
        weights = np.linalg.solve(seen.T @ seen / 7 + penalty * 40 * np.eye(7), seen.T @ centred / 7)
        assert predictions == pytest.approx(y.mean(axis=0) + held @ weights)


def test_the_face_adds_to_scene_and_sound_in_real_clips(viva_data):
    blocks, y, sources = bench_chalearn.read(viva_data / "chalearn_fiv2")
    assert len(y) == 5998
    assert len(set(sources)) == 2624
    without, complete = (
        bench_chalearn.predictions(blocks, bench_chalearn.SETS[name], y, sources)
        for name in (bench_chalearn.WITHOUT, bench_chalearn.WITH)
    )
    found = gain(without, complete, y, sources, draws=200)
    assert found.verdict == "shown"
    assert found.gain.low > 0.07
    assert bench_chalearn.accuracy(complete, y) > 0.91


def test_weights_of_real_ratings_come_with_the_warning_that_they_are_halo(viva_data):
    found, _ = bench_avi.weights(viva_data / "avi_challenge_2025")
    assert found.persons == 450
    assert found.values["Social_versatility"] == max(found.values.values())
    assert found.weights[2].low > 0.25 > found.weights[0].high  # away from equal weights, both ways
    assert "halo" in found.findings()[0]
    assert found.same_raters
