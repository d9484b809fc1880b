"""What decides a run's numbers, validated once at the door and written beside the results.

Every feature that viva declares, by name, and the fingerprint that each has in one configuration.
"""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vivavoce.data.errors import VivaError
from vivavoce.data.framework import Framework
from vivavoce.data.interview import MEASURED, Purpose
from vivavoce.data.interview import Profile as Profile
from vivavoce.data.schema import Family, Feature, Stage
from vivavoce.features.face import FACE, face_stage
from vivavoce.features.language import COVERAGE, LANGUAGE, language_stage
from vivavoce.features.prosody import PROSODY
from vivavoce.features.questions import QUESTIONS
from vivavoce.features.reader.reading import READER
from vivavoce.features.speakers.candidate import SPEAKERS
from vivavoce.features.transcript.words import transcript_stage

if TYPE_CHECKING:
    from vivavoce.features.language.encoder import SentenceEncoder


class RequestRefused(VivaError):
    """What was asked for cannot be run; nothing was. The message says what to change."""


def languages_for(framework: Framework, *, scoring: bool) -> tuple[str, ...]:
    """Languages in which interviews go on: to be scored they need the framework's texts, to be measured they do not."""
    return framework.languages if scoring else MEASURED


@dataclass(frozen=True)
class Configuration:
    """Everything that can change a number of a run. Worker counts and folders are not among it.

    Parameters
    ----------
    purpose
        For which consent must be on record.
    scoring
        Whether answers are scored, or measured only.
    profile
        Which modalities are measured.
    asr
        ``auto`` (a provided transcript, else whisper), ``provided``, ``whisper``, ``faster-whisper`` or
        ``pocketsphinx``.
    weights
        SHA-256 of the recogniser's weights, or None where none is used.
    encoder
        Fingerprint of the sentence encoder's stage, or None: closeness and relevance are then absent.
    frames_per_second
        At which frames are looked at.
    consent_on_file
        The policy that declares consent (text only) for rows that carry none.
    manifest, frameworks
        SHA-256 of the manifest's content and of each framework by job.
    fingerprints
        Of every feature that is measured.
    interviewer_consent
        The policy under which the interviewers whom rows name agreed that voices, and lips with speech, are compared to
        tell who is speaking; None: they are not.
    models
        Digest of the trained model of each job; empty where the rubric scores.
    recognition
        Digest of what was measured of the recogniser (``viva weights calibrate``); None: the shipped line.
    """

    purpose: Purpose
    scoring: bool
    profile: Profile
    asr: str
    weights: str | None
    encoder: str | None
    frames_per_second: float
    consent_on_file: str | None
    manifest: str
    frameworks: dict[str, str]
    fingerprints: dict[str, str]
    interviewer_consent: str | None = None
    models: dict[str, str] = field(default_factory=dict)
    recognition: str | None = None

    def document(self) -> dict[str, object]:
        """As JSON for the ledger and ``run.json``."""
        return {**asdict(self), "profile": self.profile.value, "purpose": self.purpose.value}

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all of it: equal fingerprints, comparable numbers."""
        from vivavoce.data.schema import digest_of

        return digest_of(self.document())


def choose_encoder(asked: str) -> "SentenceEncoder | None":
    """Read ``--encoder``: ``auto`` (the installed one, else none), ``none``, or ``FOLDER:LANGUAGES``.

    Raises
    ------
    RequestRefused
        If the folder holds no model, or the languages are not said.

    Examples
    --------
    >>> choose_encoder("none") is None
    True
    >>> choose_encoder("/models/multi")
    Traceback (most recent call last):
    ...
    vivavoce.pipelines.scoring.configuration.RequestRefused: --encoder must be auto, none or FOLDER:LANGUAGES ...
    """
    from vivavoce.features.language.encoder import SentenceEncoder

    if asked == "none":
        return None
    if asked == "auto":
        return SentenceEncoder.offline()
    folder, _, languages = asked.rpartition(":")
    said = frozenset(languages.split(","))
    if not folder or not said <= {"en", "zh"}:
        raise RequestRefused(
            f"--encoder must be auto, none or FOLDER:LANGUAGES (/models/multi:en,zh). Got {asked!r} instead."
        )
    try:
        return SentenceEncoder(Path(folder), said)
    except (OSError, ValueError) as error:
        raise RequestRefused(f"--encoder {asked}: {error}") from error


FAMILIES: tuple[Family[Any], ...] = (LANGUAGE, COVERAGE, PROSODY, FACE)


def declared_features() -> dict[str, Feature]:
    """Every feature by declared name, in the order language, voice, face, and what a reader makes."""
    return {feature.name: feature for family in (*FAMILIES, READER) for feature in family}


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
