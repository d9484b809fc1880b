"""``viva train``: measured features, human ratings and later performance in; a model version out, ``experimental``."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from vivavoce.data.framework import Framework, FrameworkError, load_framework
from vivavoce.data.identity import RefusedName
from vivavoce.models.version import ModelVersion
from vivavoce.pipelines.records import EXIT_NOT_LOGGED, Records, enter

if TYPE_CHECKING:
    from vivavoce.training.fit import Fitted
    from vivavoce.training.fusion.fit import FittedVersion
    from vivavoce.training.inputs import Inputs, OwnScores
    from vivavoce.training.measured import Measured
    from vivavoce.training.pooling import Beside
    from vivavoce.training.search import Trial

    Trials = Mapping[str, Sequence[Trial]]

EXIT_TRAINED, EXIT_BAD_INPUT, EXIT_NOT_RECORDED = 0, 2, 3
KINDS = ("linear", "fusion", "rubric")
LEARNING = ("tune", "sample_weights", "thorough", "beside")  # options of what learns

Compared = tuple["tuple[ModelVersion, str] | None", "Measured | None"]  # the champion, and today's applicants


@dataclass(frozen=True)
class TrainingRequest:
    """What one training is asked to do.

    Parameters
    ----------
    features, ratings, outcomes
        Tables: a ``.csv`` or ``.parquet`` file, or ``URL#table``. ``outcomes`` is None where performance is not known
        yet; ``ratings`` may be None for a rubric only.
    framework, out
        The job's framework, and a new folder for the model version.
    seed
        Of every random split, draw and search.
    schema
        Declares the columns of a features table that viva did not measure.
    criterion
        Which outcome weights are learned from; needed where there are several.
    selection
        How the people with performance were selected.
    sample_weights
        Opaque weights by candidate.
    champion
        The version in use, to compare with.
    tune
        Settings to try for each competency; 0: none are searched.
    thorough
        Whether validity is looked at for minutes: more permutations, weights learned again in each, fusion tried beside
        the linear model.
    tracking
        Where the run is recorded; None: ``$VIVA_TRACKING``, else beside the folder; ``none``: nowhere.
    split
        By what everything is split: ``person``, ``time`` or a column of the tables.
    today
        A features table of today's applicants: does the model fit them?
    beside
        Versions of other jobs, whose weights for the same competencies count as far as the jobs agree.
    kind
        ``linear``, ``fusion`` or ``rubric``.
    """

    features: str | Path
    ratings: str | Path | None
    outcomes: str | Path | None
    framework: Path
    out: Path
    seed: int = 0
    schema: Path | None = None
    criterion: str | None = None
    selection: Path | None = None
    sample_weights: str | Path | None = None
    champion: Path | None = None
    tune: int = 0
    tracking: str | None = None
    thorough: bool = False
    split: str = "person"
    today: str | Path | None = None
    beside: tuple[Path, ...] = ()
    kind: str = "linear"


def run_train(request: TrainingRequest, *, console: Console | None = None) -> int:
    """Train one job family's model and save it in a new folder; returns the exit status."""
    from vivavoce.models.directory import ModelRefused, save_model
    from vivavoce.models.score import NoNorms
    from vivavoce.pipelines.training.story import data_lines, result_lines
    from vivavoce.training.tables import BadTraining

    said = console or Console(stderr=True)
    try:
        if request.out.exists():
            _enter_late(request.out, said)
            raise FileExistsError(f"{request.out} exists: a model version never changes. Name a new folder.")
        framework = load_framework(request.framework)
        _check(request)
        inputs = _inputs(request, framework)
        _say(said, data_lines(inputs))
        model, trials = _trained(request, framework, inputs)
        digest = save_model(model, request.out)
        if request.kind == "fusion":
            shutil.rmtree(_checkpoints(request))
        logged = _entered(model, digest, said)
    except (BadTraining, NoNorms, FrameworkError, RefusedName, ModelRefused, FileExistsError) as error:
        said.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return EXIT_BAD_INPUT
    _say(said, result_lines(model))
    _say(said, ["", f"{request.out}: model {digest[:12]}, experimental."])
    status = _recorded(request, model, digest, trials, said)
    return status if logged else EXIT_NOT_LOGGED


def _entered(model: ModelVersion, digest: str, said: Console, *, late: bool = False) -> bool:
    """Enter the training into the event log, where there is one; ``late``: unless it is there already."""
    from vivavoce.data.log.event import Action, Event

    records = Records.here()
    digests = {"model": digest, **model.documents["datasheet"]["digests"]}
    details = {"job": model.framework.job, "persons": model.documents["datasheet"]["persons"]}
    details |= {"entered": "by a later run"} if late else {}
    return enter(said, [Event.now(Action.TRAIN, records.who, digests=digests, details=details)], records, once=late)


def _enter_late(folder: Path, said: Console) -> None:
    """Enter a training that was killed between its last file and its event: asked for again, its folder is there."""
    from vivavoce.models.directory import ModelRefused, load_model

    try:
        model, digest = load_model(folder)
    except ModelRefused:  # something else is in the way: what that is, the caller says
        return
    if Records.here().logged and "digests" in model.documents.get("datasheet", {}):
        entered = _entered(model, digest, said, late=True)
        _say(said, [f"{folder} holds model {digest[:12]}; the event log has its training."] if entered else [])


def _say(said: Console, lines: Sequence[str]) -> None:
    for line in lines:
        said.print(line, markup=False, highlight=False, soft_wrap=True)


def _check(request: TrainingRequest) -> None:
    """Refuse, before anything is read, a kind that is none, options that a rubric has no use for, and no ratings."""
    from vivavoce.training.tables import BadTraining

    if request.kind not in KINDS:
        raise BadTraining(f"--kind must be one of {', '.join(KINDS)}. Got {request.kind} instead.")
    if request.kind == "rubric":
        idle = [f"--{name.replace('_', '-')}" for name in LEARNING if getattr(request, name)]
        idle += ["--split"] if request.split != "person" else []
        if idle:
            raise BadTraining(f"--kind rubric learns nothing, so {', '.join(idle)} would do nothing: leave it out.")
    elif request.kind == "fusion" and request.tune:
        raise BadTraining("--kind fusion has no settings to search among: leave --tune out.")
    elif request.ratings is None:
        raise BadTraining(f"--kind {request.kind} learns from human ratings: give --ratings. Only a rubric needs none.")


def _inputs(request: TrainingRequest, framework: Framework) -> "Inputs":
    from vivavoce.training.joining import read_inputs

    return read_inputs(
        request.features,
        request.ratings,
        request.outcomes,
        framework,
        learning=request.kind != "rubric",
        schema=request.schema,
        criterion=request.criterion,
        selection=request.selection,
        weights=request.sample_weights,
        split=request.split,
    )


def _trained(request: TrainingRequest, framework: Framework, inputs: "Inputs") -> "tuple[ModelVersion, Trials]":
    """The model version with everything that belongs beside it, and what a search tried for each competency."""
    compared = _compared_with(request, framework)
    if request.kind == "rubric":
        from vivavoce.training.rubric import judge

        judged = judge(inputs, framework, seed=request.seed)
        return _completed(judged.model, judged, compared, request, inputs), {}
    beside = _beside(request, framework, inputs)
    if request.kind == "fusion":
        fused = _fused(request, framework, inputs, beside)
        drawn = replace(fused.model, documents={**fused.model.documents, **_pictures(fused, inputs)})
        return _completed(drawn, fused, compared, request, inputs), {}
    from vivavoce.training.fit import fit
    from vivavoce.training.overall import PLAIN, plain
    from vivavoce.training.search import Search, trials_of, without_idle
    from vivavoce.training.validation.scored import THOROUGH, USUAL

    search = Search(request.tune, inputs.modalities, request.seed) if request.tune else None
    effort = THOROUGH if request.thorough else USUAL
    procedure = search.reduced if search else PLAIN
    fitted = fit(
        inputs, framework,
        estimator=search or plain, procedure=procedure, effort=effort, beside=beside, seed=request.seed,
    )  # fmt: skip
    documents: dict[str, Any] = {**fitted.model.documents, **_pictures(fitted, inputs)}
    trials = trials_of(fitted.ridges)
    if search:
        documents["search"] = _searched(trials, request.tune)
    if request.thorough:
        documents["fusion"] = _fusion(inputs, framework, request.seed)
    model = replace(without_idle(fitted.model) if search else fitted.model, documents=documents)
    return _completed(model, fitted, compared, request, inputs), trials


def _beside(request: TrainingRequest, framework: Framework, inputs: "Inputs") -> "tuple[Beside, ...]":
    """Other jobs to pool with, refused before an hour of training."""
    from vivavoce.training.datasheet import datasheet
    from vivavoce.training.pooling import read_beside

    return read_beside(request.beside, framework, datasheet(inputs, request.seed)) if request.beside else ()


def _fused(
    request: TrainingRequest, framework: Framework, inputs: "Inputs", beside: "Sequence[Beside]"
) -> "FittedVersion":
    """The fusion version; a training that is killed leaves its checkpoints beside OUT, and goes on from there."""
    from vivavoce.training.fusion.fit import fit_fusion
    from vivavoce.training.validation.scored import THOROUGH, USUAL

    effort = THOROUGH if request.thorough else USUAL
    return fit_fusion(
        inputs, framework, checkpoints=_checkpoints(request), effort=effort, beside=beside, seed=request.seed
    )


def _checkpoints(request: TrainingRequest) -> Path:
    return request.out.with_name(f"{request.out.name}.checkpoints")


def _compared_with(request: TrainingRequest, framework: Framework) -> Compared:
    """What the version will be held against, refused before an hour of training."""
    from vivavoce.models.directory import load_model
    from vivavoce.training.measured import read_measured

    return (
        load_model(request.champion) if request.champion else None,
        read_measured(request.today, framework.job, request.schema) if request.today else None,
    )


def _completed(
    model: ModelVersion, scores: "OwnScores", compared: Compared, request: TrainingRequest, inputs: "Inputs"
) -> ModelVersion:
    """The version with what is known of any kind beside it: today's applicants, the champion, cuts, pages, pictures."""
    from vivavoce.training.champion import decision_tables
    from vivavoce.training.datasheet import in_words
    from vivavoce.training.validation.transport import today_document

    documents, framework = dict(model.documents), model.framework
    champion, today = compared
    if today:
        documents["today"] = today_document(inputs, model.fingerprints, today, framework.job, seed=request.seed)
    if champion:
        documents["champion"] = _against(champion, scores, inputs, request.seed)
    documents |= {"decisions": found} if (found := decision_tables(scores, inputs)) else {}
    documents["datasheet.md"] = in_words(documents["datasheet"], framework.job)
    return replace(model, documents=documents)


def _searched(tried: "Trials", count: int) -> dict[str, Any]:
    """What the search chose on folds of all people; its own r is optimistic and said to be."""
    from vivavoce.training.learned import without_nan

    found = {}
    for name, trials in tried.items():
        best = min((one for one in trials if not one.pruned), key=lambda one: one.error)
        found[name] = {"best": asdict(best), "pruned": sum(one.pruned for one in trials)}
    note = "validity is nested: every outer fold searched on its own. The best trial's r is on the folds that chose it"
    return dict(without_nan({"trials": count, "competencies": found, "note": note}))


def _against(champion: tuple[ModelVersion, str], fitted: "OwnScores", inputs: "Inputs", seed: int) -> dict[str, Any]:
    """The comparison as a document; where there can be none, the reason."""
    from vivavoce.training.champion import NotComparable, compare
    from vivavoce.training.learned import without_nan

    model, digest = champion
    try:
        return dict(without_nan(compare(model, digest, fitted, inputs, seed=seed).document()))
    except NotComparable as error:
        return {"champion": digest, "said": f"Not compared with the champion {digest[:12]}: {error}"}


def _fusion(inputs: "Inputs", framework: Framework, seed: int) -> dict[str, Any]:
    """Whether fusion would beat the linear model, as a document; where it cannot be tried, the reason."""
    from vivavoce.training.fusion.choice import choose_for
    from vivavoce.training.tables import BadTraining

    try:
        return choose_for(inputs, framework, seed=seed).document()
    except BadTraining as error:
        return {"said": f"Fusion was not tried: {error}"}


def _pictures(fitted: "Fitted | FittedVersion", inputs: "Inputs") -> dict[str, str]:
    """SVG files by name: where weights were learned, their shift; calibration of each competency's ratings."""
    import pandas as pd

    from vivavoce.evaluation.calibration import calibrate
    from vivavoce.pipelines.report.training_plots import calibration_curves, standalone, weights_forest

    scale = fitted.model.framework.scale
    curves = {}
    for name, norms in fitted.model.norms.items():
        predicted = norms.mean + norms.sd * fitted.z[name]
        both = pd.DataFrame({"predicted": predicted, "given": inputs.ratings[name]}).dropna()
        people = both.groupby(inputs.candidates[both.index]).mean()
        curves[name] = calibrate(people["predicted"].to_numpy(), people["given"].to_numpy())
    found = {"calibration.svg": standalone(calibration_curves(curves, scale.low, scale.high))}
    learned = fitted.model.documents["weights"]
    if "weights" in learned:
        found["weights.svg"] = standalone(weights_forest(learned["weights"], learned["persons"]))
    return found


def _recorded(request: TrainingRequest, model: ModelVersion, digest: str, trials: "Trials", said: Console) -> int:
    """Record the run; a store that was asked for and refuses is an exit status of its own, the model being saved."""
    import os

    from vivavoce.training.runs import NEVER, NoTracking, Record, record, tracking_uri

    uri = tracking_uri(request.tracking, request.out)
    if uri == NEVER:
        return EXIT_TRAINED
    sheet = model.documents["datasheet"]
    parameters = {
        "kind": model.kind,
        "seed": request.seed,
        "trials": request.tune,
        "criterion": sheet["criterion"],
        "framework": model.framework.digest,
        "sample weights": sheet["sample weights"] is not None,
        "split": sheet["split"]["by"],
        **({"sha256.today": model.documents["today"]["sha256"]} if request.today else {}),
        **{f"sha256.{name}": found for name, found in sheet["digests"].items()},
    }
    run = Record(model.framework.job, digest[:12], parameters, model.documents, request.out, trials=trials)
    try:
        record(run, uri)
    except NoTracking as error:
        said.print(str(error), style="yellow", markup=False, highlight=False, soft_wrap=True)
        return EXIT_NOT_RECORDED if request.tracking or os.environ.get("VIVA_TRACKING") else EXIT_TRAINED
    kind = "the tracking store" if request.tracking or os.environ.get("VIVA_TRACKING") else uri
    _say(said, [f"Run {digest[:12]} is recorded in {kind} (experiment {model.framework.job})."])
    return EXIT_TRAINED
