"""Where a fit stands, in one file: tensors, and JSON in their header. Nothing in it is run when it is read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from vivavoce.data.vault.durable import write_durably

FORMAT = "vivavoce fusion checkpoint 1"


class CheckpointRefused(ValueError):
    """A file that is no checkpoint, or one of another fit."""


@dataclass
class Progress:
    """A fit between two epochs.

    Parameters
    ----------
    epoch
        How many are done.
    best_epoch, best_loss
        When the persons held out were predicted best, and how well.
    now, best
        The network's parameters by name: as they are, and as they were then.
    moments
        The optimiser's state by parameter and name (``step``, ``exp_avg``, ``exp_avg_sq``).
    """

    epoch: int = 0
    best_epoch: int = 0
    best_loss: float = float("inf")
    now: Mapping[str, Tensor] = field(default_factory=dict)
    best: Mapping[str, Tensor] = field(default_factory=dict)
    moments: Mapping[str, Tensor] = field(default_factory=dict)


def write_progress(path: Path, progress: Progress, digest: str) -> None:
    """Write the file, whole or not at all; ``digest`` says which fit it belongs to."""
    head = {
        "format": FORMAT,
        "fit": digest,
        "progress": json.dumps(
            {"epoch": progress.epoch, "best_epoch": progress.best_epoch, "best_loss": progress.best_loss.hex()}
        ),
    }
    parts = {"now": progress.now, "best": progress.best, "moments": progress.moments}
    tensors = {f"{part}/{name}": one for part, named in parts.items() for name, one in named.items()}
    write_durably(path, save({name: one.detach().cpu().contiguous() for name, one in tensors.items()}, head))


def read_progress(path: Path, digest: str) -> Progress | None:
    """Where the fit stands; ``None`` where the file does not exist yet.

    Raises
    ------
    CheckpointRefused
        For a file of another fit (other data, parameters or version), or no checkpoint at all.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            head = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 – it is no mapping
    except SafetensorError as error:
        raise CheckpointRefused(f"{path} is no checkpoint: {error}. Remove it, or name another file.") from error
    if head.get("format") != FORMAT or head.get("fit") != digest:
        raise CheckpointRefused(
            f"{path} is the checkpoint of another fit: its data or parameters differ. Name another file, or remove it."
        )
    said = json.loads(head["progress"])
    parts: dict[str, dict[str, Tensor]] = {"now": {}, "best": {}, "moments": {}}
    for name, one in tensors.items():
        part, _, own = name.partition("/")
        parts[part][own] = one
    return Progress(said["epoch"], said["best_epoch"], float.fromhex(said["best_loss"]), **parts)


def optimiser_state(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimiser's moments as named tensors."""
    state = optimiser.state_dict()["state"]
    return {f"{i}/{name}": one for i, named in state.items() for name, one in named.items()}


def restore_optimiser(optimiser: torch.optim.Optimizer, moments: Mapping[str, Tensor]) -> None:
    """Put the moments back."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, one in moments.items():
        i, _, name = key.partition("/")
        state.setdefault(int(i), {})[name] = one
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
