"""What a run needs, read and checked whole before anything is run."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

from vivavoce.data.framework import Framework, load_frameworks
from vivavoce.data.identity import digest_file
from vivavoce.data.interview import Interview, Purpose, route
from vivavoce.data.manifest import BadRow, Manifest, ManifestError, read_manifest
from vivavoce.data.manifest_table import RowError
from vivavoce.data.norms import BadNorms, Norms, read_norms
from vivavoce.data.status import Reason
from vivavoce.data.vault.keys import ProjectKey
from vivavoce.features.reader.local_reader import SECONDS
from vivavoce.features.transcript.recognise import AUTO, LANGUAGES, Engine, NoRecogniser, choose_engine
from vivavoce.features.transcript.sphinx import SphinxRecogniser
from vivavoce.features.transcript.weights import check_digest, digest_converted, locate, locate_converted
from vivavoce.models.score import Standing
from vivavoce.pipelines.door import Data, Map, Model, Place, Shown, inside, maps_of, models_of, scratch
from vivavoce.pipelines.scoring.configuration import (
    Configuration,
    Profile,
    RequestRefused,
    choose_encoder,
    fingerprints,
    languages_for,
)
from vivavoce.pipelines.scoring.job import Settings
from vivavoce.pipelines.scoring.model import Scorer, check_frameworks, check_production, check_scorer, load_scorers
from vivavoce.pipelines.scoring.reading import find_desk
from vivavoce.pipelines.scoring.trust import Trust, read_trust

SHIPPED_FRAMEWORKS = Path(__file__).parents[2] / "data" / "frameworks"
SHOWN_IDS = 10


@dataclass(frozen=True)
class Request:
    """What both of scoring and measuring may be asked for, and what only one of them may."""

    manifest: Annotated[Data, "Interviews, one row each: .jsonl, .csv, .xlsx, .parquet."]
    _: KW_ONLY
    out: Annotated[Place, "Output folder; an interrupted run there is continued."]
    framework: Annotated[Place | None, "A framework file or a folder of them. [default: the shipped three]"] = None
    media_root: Annotated[
        Place | None, "Where recordings and transcripts lie. [default: beside the manifest, or below]"
    ] = None
    workers: Annotated[int, "Processes; the numbers are the same for any.", Shown(least=1)] = 1
    asr: Annotated[
        str, "Words from: auto (transcript, else whisper), provided, whisper, faster-whisper, pocketsphinx."
    ] = "auto"
    weights: Annotated[
        Place | None, "Whisper size, checkpoint file or converted folder, @SHA-256. [default: VIVA_WHISPER, else base]"
    ] = None
    profile: Annotated[
        Literal["language", "voice", "face", "all"], "What is measured, where consent allows it too."
    ] = "language"
    encoder: Annotated[str, "Sentence encoder: auto (the installed one, else none), none, or FOLDER:LANGUAGES."] = (
        "auto"
    )
    fps: Annotated[float, "Frames looked at per second.", Shown(least=1, most=30)] = 5.0
    consent_on_file: Annotated[
        str | None, "Policy that declares consent, for text only, for rows without any.", Shown(metavar="POLICY")
    ] = None
    interviewer_consent: Annotated[
        str | None,
        "Policy by which interviewers agreed to their voice and face telling who speaks.",
        Shown(metavar="POLICY"),
    ] = None
    skip_bad_rows: Annotated[bool, "Record rows with errors as bad_row and go on."] = False
    csv: Annotated[bool, "Write the tables as CSV too, with formulas defused."] = False
    map: Map = ()
    purpose: Literal["train", "score", "audit"] = field(default="score", init=False)
    scoring: bool = field(default=True, init=False)
    model: Model | Sequence[Model] = field(default=(), init=False)
    production: bool = field(default=False, init=False)
    norms: Place | None = field(default=None, init=False)
    recognition: Annotated[Place | None, "What viva weights calibrate wrote of a recogniser."] = None
    reader_weights: Place | None = field(default=None, init=False)
    reader_seconds: float = field(default=SECONDS, init=False)

    @property
    def folder(self) -> Path:
        """The output folder."""
        return Path(self.out)

    @property
    def models(self) -> tuple[str, ...]:
        """The trained models, as they were named."""
        return models_of(self.model)


@dataclass(frozen=True)
class ScoreRequest(Request):
    """What ``viva score`` may be asked for."""

    _: KW_ONLY
    model: Annotated[
        Model | Sequence[Model],
        "A trained model: its folder, or models:/NAME@champion; one for each job. [default: the rubric]",
    ] = ()
    production: Annotated[bool, "Refuse every model that no gate admitted, and the plain rubric."] = False
    norms: Annotated[Place | None, "Norms, as viva measure norms wrote them: place each answer in the report."] = None
    reader_weights: Annotated[
        Place | None, "Where the weights of a --model that reads lie. [default: the cache, by their digest]"
    ] = None
    reader_seconds: Annotated[
        float, "Most seconds for one reading; at an address for one reading with all its tries.", Shown(least=1)
    ] = SECONDS


@dataclass(frozen=True)
class MeasureRequest(Request):
    """What ``viva measure`` may be asked for."""

    _: KW_ONLY
    purpose: Annotated[Literal["train", "score", "audit"], "For which consent must be on record."] = "train"
    scoring: bool = field(default=False, init=False)


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

    def foreign(self) -> list[str]:
        """A sentence for each job and language of interviews of which the job's framework has no texts."""
        purpose, scoring = self.configuration.purpose, self.configuration.scoring
        found: dict[tuple[str, str], list[str]] = {}
        for one in self.manifest.interviews:
            languages = languages_for(self.frameworks[one.job], scoring=scoring)
            if route(one, purpose, languages) is Reason.FRAMEWORK_LANGUAGE:
                found.setdefault((one.job, one.language), []).append(one.interview_id)
        return [
            f"{len(ids)} not scored and not opened, since the framework of {job} has texts in "
            f"{', '.join(self.frameworks[job].languages)} only and their language is {language}: {_listed(ids)}. "
            f"Give it texts in {language}, or let people listen."
            for (job, language), ids in found.items()
        ]


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
    profile, weights_named = Profile(request.profile), None if request.weights is None else str(request.weights)
    scorers = load_scorers(request.models)
    if request.production:
        check_production(scorers)
    frameworks = _frameworks(request, scorers)
    manifest = _manifest(request, frameworks)
    weights = _recogniser_weights(request, manifest, frameworks)
    trust = Trust() if request.recognition is None else read_trust(inside(request.recognition, "recognition.json"))
    if request.production:
        _check_trust(request, manifest, frameworks, weights, trust)
    encoder = choose_encoder(request.encoder)
    desk = find_desk([one.model for one in scorers.values()], request.reader_weights, request.reader_seconds)
    request.folder.mkdir(parents=True, exist_ok=True)
    project_key = ProjectKey.read_or_create(ProjectKey.location(os.environ))
    used = sorted({interview.job for interview in manifest.interviews})
    configuration = Configuration(
        purpose=Purpose(request.purpose),
        scoring=request.scoring,
        profile=profile,
        asr=request.asr,
        weights=weights,
        encoder=encoder.stage.fingerprint if encoder else None,
        frames_per_second=request.fps,
        consent_on_file=request.consent_on_file,
        manifest=manifest.digest,
        frameworks={job: frameworks[job].digest for job in used},
        fingerprints=fingerprints(profile, request.asr, weights, encoder, request.fps)
        | (desk.fingerprints if desk else {}),
        interviewer_consent=request.interviewer_consent,
        models={job: scorers[job].digest for job in used if job in scorers},
        recognition=trust.digest,
    )
    for scorer in scorers.values():
        check_scorer(scorer, profile, configuration.fingerprints, request.asr, weights)
    settings = Settings(
        request.folder / "store", project_key, configuration, frameworks, weights_named, encoder, scorers, trust,
        desk=desk,
    )  # fmt: skip
    return Batch(manifest, frameworks, configuration, settings, _norms(request, configuration))


def _check_trust(
    request: Request, manifest: Manifest, frameworks: Mapping[str, Framework], weights: str | None, trust: Trust
) -> None:
    """Refuse, in production, to rest scores on words of a recogniser that nobody measured. Raises ``NotTrusted``."""
    spoken = {
        language
        for interview in _unwritten(request, manifest, frameworks)
        for language in (LANGUAGES if interview.language == AUTO else (interview.language,))
    }
    engine = Engine.WHISPER.value if request.asr == AUTO else request.asr
    if spoken:
        trust.check(f"{engine}:{weights[:12]}" if weights else SphinxRecogniser.engine, sorted(spoken))


def _unwritten(request: Request, manifest: Manifest, frameworks: Mapping[str, Framework]) -> list[Interview]:
    """Interviews that may be processed and whose words have to be recognised."""
    return [
        interview
        for interview in manifest.interviews
        if _is_opened(request, interview, frameworks)
        and any(
            request.asr not in (AUTO, Engine.PROVIDED) or recording.transcript is None
            for recording in interview.recordings
        )
    ]


def _is_opened(request: Request, interview: Interview, frameworks: Mapping[str, Framework]) -> bool:
    languages = languages_for(frameworks[interview.job], scoring=request.scoring)
    return route(interview, Purpose(request.purpose), languages) is None


def _norms(request: Request, configuration: Configuration) -> Norms | None:
    """The norms that were asked for, if they are of the very measures that this run makes."""
    if request.norms is None:
        return None
    try:
        norms = read_norms(inside(request.norms, "norms.json"))
        norms.check(configuration.fingerprints)
    except BadNorms as error:
        raise RequestRefused(f"--norms {request.norms}: {error}") from error
    return norms


def _frameworks(request: Request, scorers: Mapping[str, Scorer]) -> dict[str, Framework]:
    """By job; those of the trained models where there are any."""
    path = Path(request.framework or SHIPPED_FRAMEWORKS)
    if not path.exists():
        raise RequestRefused(f"--framework {path}: there is no such file or folder.")
    if not scorers:
        return load_frameworks(path)
    if request.framework is not None:
        check_frameworks(scorers, load_frameworks(path))
    return {job: scorer.model.framework for job, scorer in scorers.items()}


def _manifest(request: Request, frameworks: dict[str, Framework]) -> Manifest:
    """The manifest; a job without a framework, or without a model among models, is a bad row like any other."""
    place, folder = _manifest_file(request.manifest)
    if request.media_root is not None:
        folder = Path(request.media_root)
        if not folder.is_dir():
            raise RequestRefused(f"--media-root {folder}: there is no such folder. Name the one that media lie in.")
    manifest = read_manifest(
        place,
        consent_on_file=request.consent_on_file,
        skip_bad_rows=request.skip_bad_rows,
        maps=maps_of(request.map),
        folder=folder,
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
        raise ManifestError(place, [error for row in bad for error in row.errors])
    sound = tuple(interview for interview in manifest.interviews if interview.job in frameworks)
    return replace(manifest, interviews=sound, bad_rows=(*manifest.bad_rows, *bad))


def _manifest_file(given: Data) -> tuple[Path, Path | None]:
    """The file that lists the interviews; a DataFrame becomes one, whose media lie in the present folder or below."""
    if isinstance(given, str | Path):
        return Path(given), None
    place = scratch("manifest.parquet")
    given.to_parquet(place, index=False)
    return place, Path.cwd()


def _recogniser_weights(request: Request, manifest: Manifest, frameworks: Mapping[str, Framework]) -> str | None:
    """SHA-256 of the recogniser's weights where words have to be recognised; else None.

    Raises
    ------
    RequestRefused
        If words have to be recognised and nothing here can: the message names the ways out.
    """
    without = [
        interview.interview_id
        for interview in manifest.interviews
        if _is_opened(request, interview, frameworks)
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
        raise RequestRefused(f"{error} Interviews without a transcript: {_listed(without) or 'none'}.") from error
    return None


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(ids[:SHOWN_IDS]) + (" …" if len(ids) > SHOWN_IDS else "")
