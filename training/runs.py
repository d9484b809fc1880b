"""One record per training in MLflow: parameters, digests, figures with their intervals, pictures, the version itself.

Nothing personal is recorded: no id, no path, no user name, no password. MLflow's telemetry is switched off before it is
imported, and nothing is sent anywhere but to the tracking URI.
"""

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vivavoce.data.errors import Exit, VivaError
from vivavoce.training.trainers import Tried

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
}
NEVER = "none"  # as a tracking URI: nothing is recorded
LONGEST = 500  # characters of a parameter that MLflow keeps
BATCH = 900  # metrics in one call; MLflow takes 1,000
PLAIN = re.compile(r"[^\w.\- /]+")


class NoTracking(VivaError):
    """Nothing can be recorded: MLflow is not installed, or the tracking store refuses."""

    status = Exit.MACHINE


@dataclass(frozen=True)
class Record:
    """What is recorded of one training.

    Parameters
    ----------
    job
        Names the experiment.
    name
        Of the run: the model's digest, shortened.
    parameters
        What was asked, and the digests of the data.
    documents
        The model version's own; every number with an interval in them becomes three metrics.
    model
        The folder of the model version.
    texts
        Further files by name: the data sheet in words, pictures as SVG.
    trials
        Of a search, by competency: each becomes a nested run.
    """

    job: str
    name: str
    parameters: Mapping[str, str | int | float | None]
    documents: Mapping[str, Any]
    model: Path
    texts: Mapping[str, str] = field(default_factory=dict)
    trials: Mapping[str, Sequence[Tried]] = field(default_factory=dict)


def tracking_uri(asked: str | None, out: Path) -> str:
    """Where runs are recorded: what was asked, else ``$VIVA_TRACKING``, else ``runs.sqlite`` beside the model folder.

    Examples
    --------
    >>> tracking_uri("sqlite:////srv/runs.sqlite", Path("models/engineer-1"))
    'sqlite:////srv/runs.sqlite'
    """
    return asked or os.environ.get("VIVA_TRACKING") or f"sqlite:///{out.absolute().parent / 'runs.sqlite'}"


def record(run: Record, uri: str) -> str:
    """Record one training; returns the run's id.

    Raises
    ------
    NoTracking
        Where MLflow is not installed, or the store refuses: the sentence holds no password.
    """
    with _client(uri) as client:
        experiment = _experiment(client, run.job, uri)
        parent = client.create_run(experiment, run_name=run.name, tags={"standing": "experimental"}).info.run_id
        _log(client, parent, run.parameters, dict(figures(run.documents)))
        client.log_artifacts(parent, str(run.model), "model")
        for name, text in sorted(run.texts.items()):
            client.log_text(parent, text, name)
        for competency, trials in run.trials.items():
            for i, trial in enumerate(trials):
                _log_trial(client, experiment, parent, competency, i, trial)
        client.set_terminated(parent)
    found: str = parent
    return found


@contextmanager
def _client(uri: str) -> Iterator["MlflowClient"]:
    """A client of the store; whatever it refuses becomes one sentence."""
    os.environ.update(QUIET)
    try:
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError as error:
        raise NoTracking("MLflow is not installed: pip install 'vivavoce[track]', or --tracking-uri none.") from error
    try:
        yield MlflowClient(tracking_uri=uri)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        kind = uri.partition(":")[0]
        raise NoTracking(
            f"The tracking store ({kind}) refused: {type(error).__name__}. The model is saved; name another store with "
            "--tracking-uri, or none."
        ) from None


def _experiment(client: "MlflowClient", job: str, uri: str) -> str:
    found = client.get_experiment_by_name(job)
    if found is not None:
        return str(found.experiment_id)
    beside = _folder_beside(uri)
    return str(client.create_experiment(job, artifact_location=beside.as_uri() if beside else None))


def _folder_beside(uri: str) -> Path | None:
    """Where a local store's files lie: beside its database; a server decides itself."""
    if not uri.startswith("sqlite:///"):
        return None
    file = Path(uri.removeprefix("sqlite:///")).absolute()
    return file.with_name(f"{file.stem}-files")


def _log(client: "MlflowClient", run: str, parameters: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    params = [Param(PLAIN.sub("_", name), str(value)[:LONGEST]) for name, value in parameters.items()]
    client.log_batch(run, params=params)
    found = [Metric(PLAIN.sub("_", name), value, now, 0) for name, value in metrics.items() if np.isfinite(value)]
    for i in range(0, len(found), BATCH):
        client.log_batch(run, metrics=found[i : i + BATCH])


def _log_trial(
    client: "MlflowClient", experiment: str, parent: str, competency: str, number: int, trial: Tried
) -> None:
    name = f"{competency} trial {number}"
    run = client.create_run(experiment, run_name=name, tags={"mlflow.parentRunId": parent}).info.run_id
    parameters = {"competency": competency, **trial.settings, "pruned": trial.pruned}
    _log(client, run, parameters, {"inner error": trial.error, "inner r (optimistic)": trial.r})
    client.set_terminated(run, "KILLED" if trial.pruned else "FINISHED")


def figures(documents: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, float]]:
    """Every estimate in a document: its value and, where it has them, its limits.

    Examples
    --------
    >>> dict(figures({"validity": {"teamwork": {"value": 0.3, "low": 0.1, "high": None, "reason": None}}}))
    {'validity.teamwork': 0.3, 'validity.teamwork_low': 0.1}
    """
    for name, item in documents.items():
        here = f"{path}.{name}" if path else str(name)
        if isinstance(item, Mapping) and {"value", "low", "high"} <= set(item):
            limits = {here: item["value"], f"{here}_low": item["low"], f"{here}_high": item["high"]}
            yield from ((key, float(value)) for key, value in limits.items() if value is not None)
        elif isinstance(item, Mapping):
            yield from figures(item, here)
