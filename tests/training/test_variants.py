"""Declared alternatives: each changes what it says and nothing else."""

from functools import partial

import numpy as np
import pytest

from tests.training.tables import FRAMEWORK, LENGTH, NOISE, write
from vivavoce.models.score import OVERALL
from vivavoce.training import BadTraining
from vivavoce.training.joining import read_inputs
from vivavoce.training.linear.linear_trainer import fit
from vivavoce.training.trainers import relearned_scores
from vivavoce.training.variants import Variant, change, read_variants


def overall_scores(inputs, framework, variant=None):
    return relearned_scores(inputs, framework, variant, partial(fit, effort=None))[OVERALL]


QUESTION = FRAMEWORK.questions[0].id


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    paths = write(tmp_path_factory.mktemp("planted"))
    return read_inputs(paths["features"], paths["ratings"], paths["outcomes"], FRAMEWORK)


@pytest.fixture(scope="module")
def plain(inputs):
    return overall_scores(inputs, FRAMEWORK)


def test_features_that_are_left_out_are_gone_and_others_untouched(inputs):
    changed, framework = change(inputs, FRAMEWORK, Variant(name="short", without_features=(LENGTH,)))
    assert framework == FRAMEWORK
    for competency, own in changed.features.items():
        assert set(inputs.features[competency]) - set(own) == {LENGTH}
        assert all(np.array_equal(own[name], inputs.features[competency][name], equal_nan=True) for name in own)


def test_a_question_that_is_left_out_takes_its_answers_along(inputs):
    changed, framework = change(inputs, FRAMEWORK, Variant(name="fewer", without_questions=(QUESTION,)))
    assert [one.id for one in framework.questions] == [one.id for one in FRAMEWORK.questions[1:]]
    shown = FRAMEWORK.questions[0].shows[0]
    name = f"language.term_coverage_share.{shown}"
    left = [one.id for one in framework.questions_showing(shown)]
    answers = inputs.answers
    first = answers.columns[name][(answers.interview == 0) & np.isin(answers.question, left)]
    assert changed.features[shown][name][0] == pytest.approx(first.mean())
    assert changed.features[shown][name][0] != inputs.features[shown][name][0]


def test_scores_follow_the_weights_that_are_given(inputs, plain):
    one = dict.fromkeys(FRAMEWORK.weights, 0.0)
    alone = next(iter(one))
    weights = one | {alone: 1.0}
    found = overall_scores(inputs, FRAMEWORK, Variant(name="alone", weights=weights))
    measured = ~np.isnan(found)
    rating = inputs.ratings[alone]
    assert np.corrcoef(found[measured], rating[measured])[0, 1] > np.corrcoef(plain[measured], rating[measured])[0, 1]


@pytest.mark.parametrize(
    ("variant", "said"),
    [
        ({"without_questions": ("q99",)}, "q99 are no questions"),
        ({"without_features": ("language.charm",)}, "no features"),
        ({"without_modalities": ("smell",)}, "no modalities"),
        ({"weights": {"teamwork": 1.0}}, "no more and no fewer"),
        ({"without_questions": tuple(one.id for one in FRAMEWORK.questions[:-1])}, "does not hold"),
    ],
)
def test_what_cannot_be_is_refused(inputs, variant, said):
    with pytest.raises(BadTraining, match=said):
        change(inputs, FRAMEWORK, Variant(name="odd", **variant))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("candidates: [{name: idle}]", "changes nothing"),
        ("candidates: [{name: a, weights: {x: 0.5}}]", "sum to 1"),
        ("candidates: [{name: a, without_features: [x]}, {name: a, without_features: [y]}]", "name of its own"),
    ],
)
def test_a_file_that_declares_nothing_sound_is_refused(tmp_path, text, said):
    (tmp_path / "candidates.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadTraining, match=said):
        read_variants(tmp_path / "candidates.yaml")


def test_the_features_that_noise_brings_do_not_matter_much(inputs, plain):
    """Leaving out a feature of pure noise changes scores, but hardly whom they put first."""
    without = overall_scores(inputs, FRAMEWORK, Variant(name="clean", without_features=(NOISE,)))
    assert np.corrcoef(plain, without)[0, 1] > 0.97
