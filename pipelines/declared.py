"""Every feature that viva declares, by name, and the fingerprint that each has in one configuration."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vivavoce.data.schema import Family, Feature, Stage
from vivavoce.features.face.measures import FACE, face_stage
from vivavoce.features.language import COVERAGE, LANGUAGE, language_stage
from vivavoce.features.prosody import PROSODY
from vivavoce.features.questions import QUESTIONS
from vivavoce.features.speakers.stage import SPEAKERS
from vivavoce.features.transcript.stage import transcript_stage
from vivavoce.pipelines.scoring.configuration import Profile

if TYPE_CHECKING:
    from vivavoce.features.language.encoder import SentenceEncoder

FAMILIES: tuple[Family[Any], ...] = (LANGUAGE, COVERAGE, PROSODY, FACE)


def declared_features() -> dict[str, Feature]:
    """Every feature by declared name, in the order language, voice, face."""
    return {feature.name: feature for family in FAMILIES for feature in family}


def fingerprints(
    profile: Profile, asr: str, weights: str | None, encoder: "SentenceEncoder | None", frames_per_second: float
) -> dict[str, str]:
    """The fingerprint of every feature that a profile measures, with its upstream stages in this configuration."""
    transcript = transcript_stage(asr, weights)
    stages: dict[Family[Any], Stage] = {
        LANGUAGE: language_stage(transcript, encoder),
        COVERAGE: language_stage(transcript, encoder),
        PROSODY: PROSODY.stage,
        FACE: face_stage(frames_per_second),
    }
    answer = (SPEAKERS, QUESTIONS)  # whose words, sounds and seconds an answer holds
    return {
        feature.name: family.fingerprint(feature.name, replace(stage, upstream=(*stage.upstream, *answer)))
        for family, stage in stages.items()
        if family.modality in profile.modalities
        for feature in family
    }
