"""The feature schema: names, refusals, fingerprints."""

import math

import pytest

from vivavoce.data.identity import RefusedName, refuse_name
from vivavoce.data.interview import Modality
from vivavoce.data.schema import Absent, Family, Feature, Stage, Value


def words_family(stage: Stage) -> Family[str]:
    return Family[str]("language", Modality.TEXT, stage)


@pytest.mark.parametrize(
    "name",
    [
        "face.stress_score",
        "voice.happiness_ratio",
        "language.honesty_share",
        "face.gender_ratio",
        "voice.age_years",
        "language.engagement_share",
        "prosody.arousal_ratio",
        "face.smile_share",
        "language.personality_score",
    ],
)
def test_names_that_claim_what_must_not_be_inferred_are_refused_with_their_clause(name: str) -> None:
    with pytest.raises(RefusedName, match="refused under .*(Art. 5|2000e|Standards|Polygraph)"):
        Feature(name, Modality.FACE, "ratio", 0, 1, "A measure.", "none")


@pytest.mark.parametrize(
    "name",
    [
        "language.average_sentence_words",
        "prosody.voiced_share",
        "face.image_blur_ratio",
        "language.answer_words_count",
        "prosody.percentage_share",
        "face.usage_share",
    ],
)
def test_plain_physical_names_pass(name: str) -> None:
    refuse_name(name)


def test_a_name_must_read_family_dot_measure() -> None:
    with pytest.raises(ValueError, match="family.measure_unit in lower case. Got 'Yaw' instead"):
        Feature("Yaw", Modality.FACE, "deg", -90, 90, "Head turned left or right.", "geometry")


def test_the_fingerprint_changes_with_parameters_upstream_stage_and_code() -> None:
    def prints(stage: Stage, bias: float) -> str:
        family = words_family(stage)
        if bias:

            @family.feature("language.words_count", unit="count", low=0, high=9, meaning="Words.", source="count")
            def words(text: str) -> Value:
                return len(text.split()) + 1.0
        else:

            @family.feature("language.words_count", unit="count", low=0, high=9, meaning="Words.", source="count")
            def words(text: str) -> Value:
                return float(len(text.split()))

        return family.fingerprint("language.words_count")

    base = Stage("words", "1", {"p": 1})
    seen = {
        prints(base, 0),
        prints(base, 1),
        prints(Stage("words", "2", {"p": 1}), 0),
        prints(Stage("words", "1", {"p": 2}), 0),
        prints(Stage("words", "1", {"p": 1}, (Stage("asr", "1", {}),)), 0),
    }
    assert len(seen) == 5
    assert prints(base, 0) == prints(Stage("words", "1", {"p": 1}), 0)


def test_a_value_that_is_not_finite_is_a_defect_and_absence_has_a_reason() -> None:
    family = words_family(Stage("words", "1", {}))

    @family.feature("language.rate_ratio", unit="ratio", low=0, high=9, meaning="Rate.", source="division")
    def rate(text: str) -> Value:
        return math.nan if text else Absent("too_short")

    assert family.measure("") == {"language.rate_ratio": Absent("too_short")}
    with pytest.raises(ValueError, match="must be finite or Absent with a reason"):
        family.measure("words")
