"""``viva train``: measured features, human ratings and later performance in; a model version out, ``experimental``."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich.console import Console

from vivavoce.data.errors import AlreadyThere, Exit
from vivavoce.data.framework import Framework, load_framework
from vivavoce.models.score import Standing
from vivavoce.models.version import ModelVersion
from vivavoce.pipelines.door import Data, Map, Place, Shown, front_door, maps_of, scratch
from vivavoce.pipelines.door import Model as Reference
from vivavoce.pipelines.records import Records, enter
from vivavoce.pipelines.scoring.model import model_folder
from vivavoce.pipelines.terminal import say
from vivavoce.pipelines.trained import Model

if TYPE_CHECKING:
    from vivavoce.training.inputs import Inputs
    from vivavoce.training.measured import Measured
    from vivavoce.training.pooling import Beside
    from vivavoce.training.trainers import Made, Settings

Compared = tuple["tuple[ModelVersion, str] | None", "Measured | None"]  # the champion, and today's applicants


@dataclass(frozen=True, eq=False)
class TrainingRequest:
    """What ``viva train`` may be asked for. Tables are files, ``URL#table`` or DataFrames."""

    features: Annotated[Data | None, "features.parquet, or any table declared by --schema; not needed to read."] = None
    _: KW_ONLY
    framework: Annotated[Place | Framework, "The job's framework file."]
    out: Annotated[Place | None, "New folder for the model version.", Shown(needed=True)] = None
    ratings: Annotated[Data | None, "Human ratings: interview_id, rater, competency or question_id, value."] = None
    outcomes: Annotated[Data | None, "Later performance: candidate_id, criterion, value [, date, rater, job]."] = None
    kind: Annotated[
        str,
        "linear; fusion: answers in their order; rubric, reader: nothing is learned; or another that there is.",
    ] = "linear"
    criterion: Annotated[str | None, "Learn weights from this one of several criteria."] = None
    schema: Annotated[Place | None, "YAML that declares the columns of a foreign table."] = None
    selection: Annotated[Place | None, "YAML: how people with performance were selected."] = None
    sample_weights: Annotated[Data | None, "candidate_id, weight, as viva fair reweigh writes."] = None
    champion: Annotated[
        Reference | None, "Version in use, a folder or models:/NAME@champion: is the new one better?"
    ] = None
    tune: Annotated[int, "Settings to try for each competency; validity stays nested.", Shown(least=0)] = 0
    tracking: Annotated[
        str | None,
        "MLflow store, or none. [default: VIVA_TRACKING, else runs.sqlite beside --out]",
        Shown(flag="--tracking-uri", metavar="URI"),
    ] = None
    thorough: Annotated[bool, "Look at validity for minutes, and try fusion beside the linear model."] = False
    split: Annotated[str, "Test whole ones of these: person, time, or a column such as site or employer."] = "person"
    today: Annotated[Data | None, "Features of today's applicants: does the model fit them?"] = None
    beside: Annotated[
        Sequence[Reference],
        "Another job's version, a folder or models:/NAME@champion: its weights count as far as the jobs agree.",
    ] = ()
    weights_file: Annotated[
        Place | None, "Of --kind reader: a .gguf file, a folder of safetensors, or smollm2 (viva weights fetch)."
    ] = None
    endpoint: Annotated[
        str | None,
        "Of --kind reader instead: an address of chat completions; words leave.",
        Shown(metavar="URL"),
    ] = None
    model_name: Annotated[str | None, "The model's name at --endpoint."] = None
    key_variable: Annotated[str | None, "Variable of the environment that holds the key for --endpoint."] = None
    readings: Annotated[int | None, "Of each answer and competency. [default: 3]", Shown(least=1, most=6)] = None
    seed: Annotated[int, "Of every random split, draw and search."] = 0
    map: Map = ()

    @property
    def folder(self) -> Path:
        """Where the version goes."""
        assert self.out is not None
        return Path(self.out)


@dataclass(frozen=True)
class Trained(Model):
    """A model version that was trained and saved, of standing ``experimental``.

    Parameters
    ----------
    data, summary
        What was read and what is wrong with it; what was learned and what that is worth: a line each.
    logged
        Whether the event log has it, or there is none.
    recorded
        Where its run is recorded: the tracking URI; None: nowhere.
    not_recorded
        Why it is not, where it was to be.
    store_named
        Whether somebody named the store of runs: its refusal is then an exit status of its own.
    """

    data: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()
    logged: bool = True
    recorded: str | None = None
    not_recorded: str | None = None
    store_named: bool = False

    @property
    def exit(self) -> Exit:
        """0 trained, 5 not entered into the event log, 74 not recorded in the store that was named."""
        if not self.logged:
            return Exit.NOT_LOGGED
        return Exit.MACHINE if self.not_recorded and self.store_named else Exit.DONE

    def document(self) -> dict[str, Any]:
        """For a machine: which version it is, and what its documents say of weights and validity."""
        told = {name: self.documents[name] for name in ("weights", "validity") if name in self.documents}
        return {
            "folder": str(self.folder), "digest": self.digest, "kind": self.kind, "job": self.job,
            "standing": self.standing.value, "summary": list(self.summary), "recorded": self.recorded, **told,
        }  # fmt: skip


@front_door(TrainingRequest)
def train(request: TrainingRequest) -> Trained:
    """Learn competency scores and weights of one job family, and save them as a new model version.

    In a notebook ``out`` may be left out: the version then lies in a temporary folder until Python ends.

    Raises
    ------
    VivaError
        For a kind that there is none of, options that it has no use for, tables and people that it cannot be made from,
        and a folder that is there already.
    """
    from vivavoce.models.directory import save_model
    from vivavoce.pipelines.training_story import data_lines, result_lines
    from vivavoce.training.trainers import OPTIONS, check_options

    said = Console(stderr=True)
    request = request if request.out is not None else replace(request, out=scratch("model"))
    if request.folder.exists():
        _enter_late(request.folder, said)
        raise AlreadyThere(request.folder, "a model version never changes. Name a new folder.")
    asked = {name: getattr(request, name) for name in OPTIONS}
    measured = request.features is not None
    check_options(request.kind, asked, rated=request.ratings is not None, measured=measured)
    given = request.framework
    framework = given if isinstance(given, Framework) else load_framework(Path(given))
    if not measured:
        return _bare(request, framework, said)
    inputs = _inputs(request, framework)
    data = data_lines(inputs)
    _say(said, data)
    made = _made(request, framework, inputs)
    digest = save_model(made.model, request.folder)
    for folder in made.spent:
        shutil.rmtree(folder)
    logged = _entered(made.model, digest, said)
    summary = result_lines(made.model)
    _say(said, [*summary, "", f"{request.folder}: model {digest[:12]}, experimental."])
    found = Trained(
        made.model, digest, Standing.EXPERIMENTAL, request.folder,
        data=tuple(data), summary=tuple(summary), logged=logged, store_named=_store_named(request),
    )  # fmt: skip
    return _recorded(request, made, found, said)


def _bare(request: TrainingRequest, framework: Framework, said: Console) -> Trained:
    """A version that needs nobody, saved and entered; no run is recorded, for nothing was looked at."""
    from vivavoce.models.directory import save_model
    from vivavoce.training.trainers import Bare, trainer

    made_by = trainer(request.kind)
    assert isinstance(made_by, Bare)  # check_options has seen to it
    model = made_by.bare(framework, _settings(request))
    digest = save_model(model, request.folder)
    _say(said, [model.made["en"], f"{request.folder}: model {digest[:12]}, experimental; nobody has looked at it yet."])
    return Trained(model, digest, Standing.EXPERIMENTAL, request.folder, logged=_entered(model, digest, said))


def _settings(request: TrainingRequest, beside: "tuple[Beside, ...]" = ()) -> "Settings":
    from vivavoce.training.trainers import READING, Settings

    return Settings(
        seed=request.seed,
        tune=request.tune,
        thorough=request.thorough,
        beside=beside,
        checkpoints=request.folder.with_name(f"{request.folder.name}.checkpoints"),
        reading={name: getattr(request, name) for name in READING},
    )


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
        say(said, line)


def _path(place: Place | None) -> Path | None:
    return None if place is None else Path(place)


def _inputs(request: TrainingRequest, framework: Framework) -> "Inputs":
    from vivavoce.training.joining import read_inputs
    from vivavoce.training.trainers import trainer

    features: Any = request.features  # which forms of a table can be read, the readers say
    ratings: Any = request.ratings
    outcomes: Any = request.outcomes
    weights: Any = request.sample_weights
    return read_inputs(
        features,
        ratings,
        outcomes,
        framework,
        learning=trainer(request.kind).learns,
        schema=_path(request.schema),
        criterion=request.criterion,
        selection=_path(request.selection),
        weights=weights,
        split=request.split,
        maps=maps_of(request.map),
    )


def _made(request: TrainingRequest, framework: Framework, inputs: "Inputs") -> "Made[ModelVersion]":
    """The model version with everything that belongs beside it."""
    from vivavoce.training.trainers import trainer

    compared = _compared_with(request, framework)
    settings = _settings(request, _beside(request, framework, inputs))
    made: Made[ModelVersion] = trainer(request.kind).train(inputs, framework, settings)
    return replace(made, model=_completed(made, compared, request, inputs))


def _beside(request: TrainingRequest, framework: Framework, inputs: "Inputs") -> "tuple[Beside, ...]":
    """Other jobs to pool with, refused before an hour of training."""
    from vivavoce.training.datasheet import datasheet
    from vivavoce.training.pooling import read_beside

    return (
        read_beside([model_folder(one) for one in request.beside], framework, datasheet(inputs, request.seed))
        if request.beside
        else ()
    )


def _compared_with(request: TrainingRequest, framework: Framework) -> Compared:
    """What the version will be held against, refused before an hour of training."""
    from vivavoce.models.directory import load_model
    from vivavoce.training.measured import read_measured

    today: Any = request.today
    return (
        load_model(model_folder(request.champion)) if request.champion is not None else None,
        read_measured(today, framework.job, _path(request.schema), maps_of(request.map)) if today is not None else None,
    )


def _completed(
    made: "Made[ModelVersion]", compared: Compared, request: TrainingRequest, inputs: "Inputs"
) -> ModelVersion:
    """The version with what is known of any kind beside it: today's applicants, the champion, cuts, pages, pictures."""
    from vivavoce.training.champion import decision_tables
    from vivavoce.training.datasheet import in_words
    from vivavoce.training.validation.transport import today_document

    model, (champion, today) = made.model, compared
    documents, job = {**model.documents, **_pictures(made, inputs)}, model.framework.job
    if today:
        documents["today"] = today_document(inputs, model.fingerprints, today, job, seed=request.seed)
    if champion:
        documents["champion"] = _against(champion, made, inputs, request.seed)
    documents |= {"decisions": found} if (found := decision_tables(made, inputs)) else {}
    documents["datasheet.md"] = in_words(documents["datasheet"], job)
    return replace(model, documents=documents)


def _against(
    champion: tuple[ModelVersion, str], made: "Made[ModelVersion]", inputs: "Inputs", seed: int
) -> dict[str, Any]:
    """The comparison as a document; where there can be none, the reason."""
    from vivavoce.training.champion import NotComparable, compare
    from vivavoce.training.learned import without_nan

    model, digest = champion
    try:
        return dict(without_nan(compare(model, digest, made, inputs, seed=seed).document()))
    except NotComparable as error:
        return {"champion": digest, "said": f"Not compared with the champion {digest[:12]}: {error}"}


def _pictures(made: "Made[ModelVersion]", inputs: "Inputs") -> dict[str, str]:
    """SVG files by name: calibration of predicted ratings; where weights were learned, their shift."""
    import pandas as pd

    from vivavoce.evaluation.calibration import calibrate
    from vivavoce.pipelines.report.figures import standalone
    from vivavoce.pipelines.training_story import calibration_curves, weights_forest

    scale, found, curves = made.model.framework.scale, {}, {}
    for name, predicted in made.predicted.items():
        both = pd.DataFrame({"predicted": predicted, "given": inputs.ratings[name]}).dropna()
        people = both.groupby(inputs.candidates[both.index]).mean()
        curves[name] = calibrate(people["predicted"].to_numpy(), people["given"].to_numpy())
    if curves:
        found["calibration.svg"] = standalone(calibration_curves(curves, scale.low, scale.high))
    learned = made.model.documents["weights"]
    if "weights" in learned:
        found["weights.svg"] = standalone(weights_forest(learned["weights"], learned["persons"]))
    return found


def _store_named(request: TrainingRequest) -> bool:
    """Whether somebody named the store of runs: its refusal is then theirs to know."""
    return bool(request.tracking or os.environ.get("VIVA_TRACKING"))


def _recorded(request: TrainingRequest, made: "Made[ModelVersion]", found: Trained, said: Console) -> Trained:
    """Record the run; the model being saved, a store that refuses is said and no error."""
    from vivavoce.training.runs import NEVER, NoTracking, Record, record, tracking_uri

    uri, model, sheet = tracking_uri(request.tracking, request.folder), made.model, made.model.documents["datasheet"]
    if uri == NEVER:
        return found
    parameters = {
        "kind": model.kind,
        "seed": request.seed,
        "trials": request.tune,
        "criterion": sheet["criterion"],
        "framework": model.framework.digest,
        "sample weights": sheet["sample weights"] is not None,
        "split": sheet["split"]["by"],
        **({"sha256.today": model.documents["today"]["sha256"]} if "today" in model.documents else {}),
        **{f"sha256.{name}": digest for name, digest in sheet["digests"].items()},
    }
    name, job = found.digest[:12], model.framework.job
    try:
        record(Record(job, name, parameters, model.documents, request.folder, trials=made.trials), uri)
    except NoTracking as error:
        say(said, str(error), "yellow")
        return replace(found, not_recorded=str(error))
    store = "the tracking store" if _store_named(request) else uri
    _say(said, [f"Run {name} is recorded in {store} (experiment {job})."])
    return replace(found, recorded=uri)
