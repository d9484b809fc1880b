"""What a run needs, read and checked whole before anything is run."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from vivavoce.data.column_maps import Maps
from vivavoce.data.framework import Framework, load_frameworks
from vivavoce.data.identity import digest_file
from vivavoce.data.interview import Purpose, route
from vivavoce.data.manifest import BadRow, Manifest, ManifestError, read_manifest
from vivavoce.data.manifest_table import RowError
from vivavoce.data.norms import BadNorms, Norms, read_norms
from vivavoce.data.vault.keys import ProjectKey
from vivavoce.features.transcript.recognise import AUTO, Engine, NoRecogniser, choose_engine
from vivavoce.features.transcript.weights import check_digest, digest_converted, locate, locate_converted
from vivavoce.models.score import Standing
from vivavoce.pipelines.scoring.configuration import (
    Configuration,
    Profile,
    RequestRefused,
    choose_encoder,
    fingerprints,
)
from vivavoce.pipelines.scoring.job import Settings
from vivavoce.pipelines.scoring.model import Scorer, check_frameworks, check_production, check_scorer, load_scorers

SHIPPED_FRAMEWORKS = Path(__file__).parents[2] / "data" / "frameworks"
SHOWN_IDS = 10


@dataclass(frozen=True)
class Request:
    """What the command line asked for; ``weights``, ``encoder`` and ``models`` as typed."""

    manifest: Path
    framework: Path | None
    out: Path
    workers: int
    asr: str
    weights: str | None
    profile: Profile
    encoder: str
    frames_per_second: float
    consent_on_file: str | None
    skip_bad_rows: bool
    csv: bool
    purpose: Purpose = Purpose.SCORE
    scoring: bool = True
    norms: Path | None = None
    interviewer_consent: str | None = None
    models: tuple[str, ...] = ()
    production: bool = False
    maps: Maps | None = None


@dataclass(frozen=True)
class Batch:
    """A request that was found sound: what will be run, by which configuration."""

    manifest: Manifest
    frameworks: dict[str, Framework]
    configuration: Configuration
    settings: Settings
    norms: Norms | None = None

    def standing(self, job: str) -> Standing:
        """How far the model has come that scores a job; the rubric is experimental."""
        scorer = self.settings.scorers.get(job)
        return Standing.EXPERIMENTAL if scorer is None else scorer.standing


def prepare(request: Request) -> Batch:
    """Read and check everything that a run needs, before anything is run.

    Raises
    ------
    ManifestError, FrameworkError, ProjectKeyRefused, ModelRefused, ModelDiffers, RequestRefused
        With everything that is wrong, and what to change.
    """
    for option, policy in (
        ("--consent-on-file", request.consent_on_file),
        ("--interviewer-consent", request.interviewer_consent),
    ):
        if policy is not None and not policy.strip():
            raise RequestRefused(f"{option} must name the policy that was agreed to. Got a blank instead.")
    scorers = load_scorers(request.models)
    if request.production:
        check_production(scorers)
    frameworks = _frameworks(request, scorers)
    manifest = _manifest(request, frameworks)
    weights = _recogniser_weights(request, manifest)
    encoder = choose_encoder(request.encoder)
    request.out.mkdir(parents=True, exist_ok=True)
    project_key = ProjectKey.read_or_create(ProjectKey.location(os.environ))
    used = sorted({interview.job for interview in manifest.interviews})
    configuration = Configuration(
        purpose=request.purpose,
        scoring=request.scoring,
        profile=request.profile,
        asr=request.asr,
        weights=weights,
        encoder=encoder.stage.fingerprint if encoder else None,
        frames_per_second=request.frames_per_second,
        consent_on_file=request.consent_on_file,
        manifest=manifest.digest,
        frameworks={job: frameworks[job].digest for job in used},
        fingerprints=fingerprints(request.profile, request.asr, weights, encoder, request.frames_per_second),
        interviewer_consent=request.interviewer_consent,
        models={job: scorers[job].digest for job in used if job in scorers},
    )
    for scorer in scorers.values():
        check_scorer(scorer, request.profile, configuration.fingerprints, request.asr, weights)
    settings = Settings(
        request.out / "store", project_key, configuration, frameworks, request.weights, encoder, scorers
    )
    return Batch(manifest, frameworks, configuration, settings, _norms(request, configuration))


def _norms(request: Request, configuration: Configuration) -> Norms | None:
    """The norms that were asked for, if they are of the very measures that this run makes."""
    if request.norms is None:
        return None
    try:
        norms = read_norms(request.norms)
        norms.check(configuration.fingerprints)
    except BadNorms as error:
        raise RequestRefused(f"--norms {request.norms}: {error}") from error
    return norms


def _frameworks(request: Request, scorers: Mapping[str, Scorer]) -> dict[str, Framework]:
    """By job; those of the trained models where there are any."""
    path = request.framework or SHIPPED_FRAMEWORKS
    if not path.exists():
        raise RequestRefused(f"--framework {path}: there is no such file or folder.")
    if not scorers:
        return load_frameworks(path)
    if request.framework is not None:
        check_frameworks(scorers, load_frameworks(path))
    return {job: scorer.model.framework for job, scorer in scorers.items()}


def _manifest(request: Request, frameworks: dict[str, Framework]) -> Manifest:
    """The manifest; a job without a framework, or without a model among models, is a bad row like any other."""
    manifest = read_manifest(
        request.manifest,
        consent_on_file=request.consent_on_file,
        skip_bad_rows=request.skip_bad_rows,
        maps=request.maps,
    )
    known = ", ".join(sorted(frameworks))
    foreign = [interview for interview in manifest.interviews if interview.job not in frameworks]
    missing = ("model", "--model for it") if request.models else ("framework", "--framework")
    remedy = f"Name a job that has a {missing[0]} ({known}), or give {missing[1]}."
    bad = [
        BadRow(row.line, row.interview_id, row.candidate_id, (RowError(row.line, "job", repr(row.job), remedy),))
        for row in foreign
    ]
    if bad and not request.skip_bad_rows:
        raise ManifestError(request.manifest, [error for row in bad for error in row.errors])
    sound = tuple(interview for interview in manifest.interviews if interview.job in frameworks)
    return replace(manifest, interviews=sound, bad_rows=(*manifest.bad_rows, *bad))


def _recogniser_weights(request: Request, manifest: Manifest) -> str | None:
    """SHA-256 of the recogniser's weights where words have to be recognised; else None.

    Raises
    ------
    RequestRefused
        If words have to be recognised and nothing here can: the message names the ways out.
    """
    without = [
        interview.interview_id
        for interview in manifest.interviews
        if route(interview, request.purpose) is None
        and any(recording.transcript is None for recording in interview.recordings)
    ]
    try:
        choose_engine(request.asr, has_transcript=True)
        if request.asr == Engine.FASTER_WHISPER:
            return digest_converted(locate_converted(request.weights))
        if request.asr == Engine.WHISPER or (request.asr == AUTO and without):
            checkpoint = locate(request.weights)
            digest = digest_file(checkpoint.path).sha256
            check_digest(checkpoint, digest)
            return digest
    except NoRecogniser as error:
        shown = ", ".join(without[:SHOWN_IDS]) + (" …" if len(without) > SHOWN_IDS else "")
        raise RequestRefused(f"{error} Interviews without a transcript: {shown or 'none'}.") from error
    return None
