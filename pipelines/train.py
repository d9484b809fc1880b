"""``viva train``: measured features, human ratings and later performance in; a model version out, ``experimental``."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from rich.console import Console

from vivavoce.data.errors import AlreadyThere, Exit
from vivavoce.data.framework import Framework, load_framework
from vivavoce.models.version import ModelVersion
from vivavoce.pipelines.records import Records, enter
from vivavoce.pipelines.terminal import say

if TYPE_CHECKING:
    import pandas as pd

    from vivavoce.data.column_maps import Maps
    from vivavoce.training.inputs import Inputs
    from vivavoce.training.measured import Measured
    from vivavoce.training.pooling import Beside
    from vivavoce.training.trainers import Made

Given = Union[str, Path, "pd.DataFrame"]
"""A table: a file (``docs/tables.md``), ``URL#table``, or the table itself."""

Compared = tuple["tuple[ModelVersion, str] | None", "Measured | None"]  # the champion, and today's applicants


@dataclass(frozen=True, eq=False)
class TrainingRequest:
    """What one training is asked to do.

    Parameters
    ----------
    features, ratings, outcomes
        Tables. ``outcomes`` is None where performance is not known yet; ``ratings`` may be None for a kind that learns
        nothing.
    framework, out
        The job's framework or its file, and a new folder for the model version.
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
        Of model: the name of one of ``training/trainers.py``.
    maps
        What the user calls the columns of these tables.
    """

    features: Given
    ratings: Given | None
    outcomes: Given | None
    framework: Path | Framework
    out: Path
    seed: int = 0
    schema: Path | None = None
    criterion: str | None = None
    selection: Path | None = None
    sample_weights: Given | None = None
    champion: Path | None = None
    tune: int = 0
    tracking: str | None = None
    thorough: bool = False
    split: str = "person"
    today: Given | None = None
    beside: tuple[Path, ...] = ()
    kind: str = "linear"
    maps: "Maps | None" = None


@dataclass(frozen=True)
class Trained:
    """A model version that was trained and saved.

    Parameters
    ----------
    model, digest
        The version, of standing ``experimental``, and the digest of its folder.
    folder
        Where it was saved.
    data, summary
        What was read and what is wrong with it; what was learned and what that is worth: a line each.
    logged
        Whether the event log has it, or there is none.
    recorded
        Where its run is recorded: the tracking URI; None: nowhere.
    not_recorded
        Why it is not, where it was to be.
    """

    model: ModelVersion
    digest: str
    folder: Path
    data: tuple[str, ...]
    summary: tuple[str, ...]
    logged: bool
    recorded: str | None = None
    not_recorded: str | None = None


def train(request: TrainingRequest, *, console: Console | None = None) -> Trained:
    """Train one job family's model, of any kind, and save it in a new folder.

    Parameters
    ----------
    request
        What to learn from, and how.
    console
        Is told what was read before an hour of training, and what was learned after it; None: nobody is.

    Raises
    ------
    VivaError
        For a kind that there is none of, options that it has no use for, tables and people that it cannot be made from,
        and a folder that is there already.
    """
    from vivavoce.models.directory import save_model
    from vivavoce.pipelines.training_story import data_lines, result_lines
    from vivavoce.training.trainers import OPTIONS, check_options

    said = console or Console(quiet=True)
    if request.out.exists():
        _enter_late(request.out, said)
        raise AlreadyThere(request.out, "a model version never changes. Name a new folder.")
    framework = request.framework if isinstance(request.framework, Framework) else load_framework(request.framework)
    asked = {name: getattr(request, name) for name in OPTIONS}
    check_options(request.kind, asked, rated=request.ratings is not None)
    inputs = _inputs(request, framework)
    data = data_lines(inputs)
    _say(said, data)
    made = _made(request, framework, inputs)
    digest = save_model(made.model, request.out)
    for folder in made.spent:
        shutil.rmtree(folder)
    logged = _entered(made.model, digest, said)
    summary = result_lines(made.model)
    _say(said, [*summary, "", f"{request.out}: model {digest[:12]}, experimental."])
    found = Trained(made.model, digest, request.out, tuple(data), tuple(summary), logged)
    return _recorded(request, made, found, said)


def run_train(request: TrainingRequest, *, console: Console | None = None) -> Exit:
    """``viva train``: :func:`train`, and what it says; 5: not entered into the event log.

    A tracking store that was asked for and refuses is a status of its own (74), the model being saved.
    """
    found = train(request, console=console or Console(stderr=True))
    if not found.logged:
        return Exit.NOT_LOGGED
    return Exit.MACHINE if found.not_recorded and _store_named(request) else Exit.DONE


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
        schema=request.schema,
        criterion=request.criterion,
        selection=request.selection,
        weights=weights,
        split=request.split,
        maps=request.maps,
    )


def _made(request: TrainingRequest, framework: Framework, inputs: "Inputs") -> "Made[ModelVersion]":
    """The model version with everything that belongs beside it."""
    from vivavoce.training.trainers import Settings, trainer

    compared = _compared_with(request, framework)
    settings = Settings(
        seed=request.seed,
        tune=request.tune,
        thorough=request.thorough,
        beside=_beside(request, framework, inputs),
        checkpoints=request.out.with_name(f"{request.out.name}.checkpoints"),
    )
    made: Made[ModelVersion] = trainer(request.kind).train(inputs, framework, settings)
    return replace(made, model=_completed(made, compared, request, inputs))


def _beside(request: TrainingRequest, framework: Framework, inputs: "Inputs") -> "tuple[Beside, ...]":
    """Other jobs to pool with, refused before an hour of training."""
    from vivavoce.training.datasheet import datasheet
    from vivavoce.training.pooling import read_beside

    return read_beside(request.beside, framework, datasheet(inputs, request.seed)) if request.beside else ()


def _compared_with(request: TrainingRequest, framework: Framework) -> Compared:
    """What the version will be held against, refused before an hour of training."""
    from vivavoce.models.directory import load_model
    from vivavoce.training.measured import read_measured

    today: Any = request.today
    return (
        load_model(request.champion) if request.champion else None,
        read_measured(today, framework.job, request.schema, request.maps) if today is not None else None,
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
    from vivavoce.pipelines.report.training_plots import calibration_curves, weights_forest

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

    uri, model, sheet = tracking_uri(request.tracking, request.out), made.model, made.model.documents["datasheet"]
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
        record(Record(job, name, parameters, model.documents, request.out, trials=made.trials), uri)
    except NoTracking as error:
        say(said, str(error), "yellow")
        return replace(found, not_recorded=str(error))
    store = "the tracking store" if _store_named(request) else uri
    _say(said, [f"Run {name} is recorded in {store} (experiment {job})."])
    return replace(found, recorded=uri)
