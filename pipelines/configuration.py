"""What decides a run's numbers, validated once at the door and written beside the results."""

from dataclasses import asdict, dataclass
from enum import StrEnum

from vivavoce.data.interview import Modality


class Profile(StrEnum):
    """Which modalities a run measures, where consent allows them too."""

    LANGUAGE = "language"
    VOICE = "voice"
    FACE = "face"
    ALL = "all"

    @property
    def modalities(self) -> frozenset[Modality]:
        """The modalities that this profile asks for; text is always among them."""
        return _ASKED[self]


_ASKED = {
    Profile.LANGUAGE: frozenset({Modality.TEXT}),
    Profile.VOICE: frozenset({Modality.TEXT, Modality.VOICE}),
    Profile.FACE: frozenset({Modality.TEXT, Modality.FACE}),
    Profile.ALL: frozenset(Modality),
}


@dataclass(frozen=True)
class Configuration:
    """Everything that can change a number of a run. Worker counts and folders are not among it.

    Parameters
    ----------
    profile
        Which modalities are measured.
    asr
        ``auto`` (a provided transcript, else whisper), ``provided``, ``whisper`` or ``pocketsphinx``.
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
    """

    profile: Profile
    asr: str
    weights: str | None
    encoder: str | None
    frames_per_second: float
    consent_on_file: str | None
    manifest: str
    frameworks: dict[str, str]
    fingerprints: dict[str, str]

    def document(self) -> dict[str, object]:
        """As JSON for the ledger and ``run.json``."""
        return {**asdict(self), "profile": self.profile.value}
