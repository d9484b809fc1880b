"""The parts of a model version fit together, or are refused; what it scores is what it was fitted to."""

from dataclasses import replace

import numpy as np
import pytest

from tests.models.test_directory import COLUMNS, FRAMEWORK, NAMES, X, model
from vivavoce.data.identity import RefusedName
from vivavoce.models.version import ModelDiffers


def test_other_measurements_are_refused_and_every_difference_is_named():
    one = model()
    one.check({**one.fingerprints, "face.unused": "0"}, {"whisper:tiny"})
    changed = {**one.fingerprints, NAMES[0]: "f" * 64}
    del changed[NAMES[1]]
    with pytest.raises(ModelDiffers) as refused:
        one.check(changed, {"whisper:tiny", "pocketsphinx"})
    assert len(refused.value.differences) == 3
    assert "language.words_count: fingerprint " in str(refused.value)
    assert "prosody.f0_median_hz" in str(refused.value)
    assert "→ absent" in str(refused.value)
    assert "recogniser pocketsphinx (accepted: whisper:tiny)" in str(refused.value)


def test_the_middle_of_the_scale_is_the_applicants_mean():
    points = model().points(COLUMNS)
    assert all(values.mean() == pytest.approx(50, abs=0.5) for values in points.values())
    assert points["problem_solving"].std(ddof=1) == pytest.approx(15, abs=0.5)


def test_without_one_competency_there_is_no_overall_score():
    one = model()
    for name in NAMES:
        columns = {key: values.copy() for key, values in zip(NAMES, X.T, strict=True)}
        columns[name][0] = np.nan
        points = one.points(dict.fromkeys(FRAMEWORK.weights, columns))
        missing = [competency for competency in FRAMEWORK.weights if np.isnan(points[competency][0])]
        assert missing
        assert np.isnan(points["overall"][0])
        assert np.isfinite(points["overall"][1:]).all()


def test_refused_names_are_no_targets():
    with pytest.raises(RefusedName, match="claims emotion"):
        replace(model().competencies[0], competency="excited")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"weights": {"problem_solving": 1.0}}, "in this order"),
        ({"weights": dict.fromkeys(FRAMEWORK.weights, 0.5)}, "sum to 1"),
        ({"fingerprints": {}}, "on one side only"),
    ],
)
def test_parts_that_do_not_fit_are_refused(change, match):
    with pytest.raises(ValueError, match=match):
        replace(model(), **change)


def test_a_model_knows_in_which_languages_it_learned():
    assert model().languages == ("en", "zh"), "where nobody says, those of the framework"
    assert replace(model(), languages=("en",)).languages == ("en",)
    with pytest.raises(ValueError, match="no texts in fr"):
        replace(model(), languages=("fr",))
