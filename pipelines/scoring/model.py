"""The trained models of a run: found, read, and held against what the run is going to measure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vivavoce.data.errors import Exit, VivaError
from vivavoce.data.framework import Framework
from vivavoce.features.transcript.recognise import Engine
from vivavoce.models.directory import ModelRefused, load_model
from vivavoce.models.score import Standing
from vivavoce.models.version import ModelVersion
from vivavoce.pipelines.door import Model, named
from vivavoce.pipelines.scoring.configuration import Profile, declared_features

REGISTERED = "models:/"


@dataclass(frozen=True)
class Scorer:
    """A model version that scores, which one it is, and how far it has come."""

    model: ModelVersion
    digest: str
    standing: Standing
    source: str  # as the operator named it

    @property
    def job(self) -> str:
        """The job family that it was trained for."""
        return self.model.framework.job


def model_folder(given: Model) -> Path:
    """Where a version lies: the folder that is named, or that of a registered version, which is verified.

    Raises
    ------
    VivaError
        For a registered one that may not be used, saying why.
    """
    text = named(given)
    if not text.startswith(REGISTERED):
        return Path(text)
    from vivavoce.pipelines.registry import resolve_here

    return resolve_here(text).folder


def load_scorer(given: Model) -> Scorer:
    """The model version that ``--model`` names.

    Parameters
    ----------
    given
        A folder that ``viva train`` wrote, of standing ``experimental``; or ``models:/NAME@champion``,
        ``models:/NAME@challenger`` or ``models:/NAME/3`` of the registry, verified with the standing that it has there.

    Raises
    ------
    ModelRefused
        For what is no model version, and for a registered one that may not be used, saying why.
    """
    text = named(given)
    if not text.startswith(REGISTERED):
        model, digest = load_model(Path(text))
        return Scorer(model, digest, Standing.EXPERIMENTAL, text)
    from vivavoce.pipelines.registry import resolve_here

    try:
        found = resolve_here(text)
        model, digest = load_model(found.folder, digest=found.digest)
    except VivaError as error:
        if error.status is Exit.MACHINE:  # the registry is out of reach: that says nothing of the version
            raise
        raise ModelRefused(f"--model {text}: {error}") from error
    return Scorer(model, digest, found.standing, text)


def check_production(scorers: Mapping[str, Scorer]) -> None:
    """Refuse what no gate admitted: in production only published and provisional versions score anybody.

    Raises
    ------
    ModelRefused
        For no model at all, and for each that is experimental.
    """
    if not scorers:
        raise ModelRefused("--production needs --model models:/NAME@champion: only admitted versions score anybody.")
    waiting = [f"--model {one.source} ({one.job})" for one in scorers.values() if one.standing is Standing.EXPERIMENTAL]
    if waiting:
        raise ModelRefused(
            f"--production: {', '.join(waiting)} is experimental. Publish it (viva publish) and name its @champion."
        )


def load_scorers(texts: Iterable[str]) -> dict[str, Scorer]:
    """Every model of a run by its job.

    Raises
    ------
    ModelRefused
        For what is no model version, and for two of one job: only one of them can score a person.
    """
    found: dict[str, Scorer] = {}
    for text in texts:
        scorer = load_scorer(text)
        if scorer.job in found:
            raise ModelRefused(
                f"--model {found[scorer.job].source} and --model {text} are both for the job {scorer.job}: name one."
            )
        found[scorer.job] = scorer
    return found


def check_frameworks(scorers: Mapping[str, Scorer], given: Mapping[str, Framework]) -> None:
    """Refuse frameworks that were named beside models and are not the models' own.

    Raises
    ------
    ModelRefused
        Naming both digests.
    """
    for job, scorer in scorers.items():
        own = scorer.model.framework.digest
        found = given[job].digest if job in given else "no framework"
        if found != own:
            raise ModelRefused(
                f"--framework: {job} has {found[:12]}, and --model {scorer.source} was trained for {own[:12]}. A "
                "trained model scores by its own framework: leave --framework out, or train again."
            )


def check_scorer(
    scorer: Scorer, profile: Profile, fingerprints: Mapping[str, str], asr: str, weights: str | None
) -> None:
    """Refuse, before anything is measured, a run whose measurements are not those of the model's training.

    Parameters
    ----------
    scorer
        The model.
    profile, fingerprints
        What will be measured, and the fingerprint of every feature of it, by declared name.
    asr, weights
        Who will write down what is said: an engine's name or ``auto``, and the SHA-256 of its weights.

    Raises
    ------
    ModelRefused
        For measures that no score may rest on, and modalities that the profile leaves out.
    ModelDiffers
        Naming every feature whose fingerprint differs, and a recogniser that is known beforehand and not accepted.
    """
    features = declared_features()
    columns = {name: name if name in features else name.rpartition(".")[0] for name in scorer.model.fingerprints}
    known = {name: features[declared] for name, declared in columns.items() if declared in features}
    barred = sorted(name for name, feature in known.items() if feature.impairment_sensitive or feature.quality)
    if barred:
        raise ModelRefused(
            f"--model {scorer.source} uses {', '.join(barred)}: no score may rest on measures that approximate "
            "impairments or describe the recording. Train without them."
        )
    left_out = {name: feature.modality for name, feature in known.items() if feature.modality not in profile.modalities}
    if left_out:
        needed = ", ".join(sorted(set(left_out.values())))
        raise ModelRefused(
            f"--model {scorer.source} rests on {needed}, which --profile {profile.value} does not measure: "
            f"{', '.join(sorted(left_out))}. Score with a profile that covers them, or train on this one's measures."
        )
    found = {name: fingerprints[declared] for name, declared in columns.items() if declared in fingerprints}
    scorer.model.check(found, _known_recognisers(asr, weights, scorer.model.recognisers))


def _known_recognisers(asr: str, weights: str | None, accepted: Iterable[str]) -> set[str]:
    """What is known of the recogniser before anybody is heard; empty where it depends on each interview."""
    if asr == Engine.WHISPER and weights is not None:
        return {f"{Engine.WHISPER}:{weights[:12]}"}
    if asr in list(Engine) and not any(name.startswith(f"{asr}:") for name in accepted):
        return {asr}
    return set()
