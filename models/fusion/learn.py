"""The loop: minibatches, one look at the persons held out after each epoch, the best of them kept.

Where a fit stands, in one file: tensors, and JSON in their header. Nothing in it is run when it is read.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from vivavoce.data.errors import VivaError
from vivavoce.data.vault.durable import write_durably
from vivavoce.models.fusion.heads import Head
from vivavoce.models.fusion.network import Network

FORMAT = "vivavoce fusion checkpoint 1"


class CheckpointRefused(VivaError):
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


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn.

    Parameters
    ----------
    epochs
        At most.
    patience
        Epochs without a better prediction of the persons held out, after which learning ends.
    batch
        Interviews a step.
    rate, decay
        Of AdamW (Loshchilov & Hutter 2019).
    seed
        Of the order of interviews.
    """

    epochs: int
    patience: int
    batch: int
    rate: float
    decay: float
    seed: int


@dataclass(frozen=True)
class Cohort:
    """Interviews as the network takes them: values and presence by modality, ratings (n, k), weights (n,)."""

    values: tuple[Tensor, ...]
    present: tuple[Tensor, ...]
    ratings: Tensor
    weights: Tensor

    def rows(self, index: Tensor) -> "Cohort":
        """Some of the interviews."""
        return Cohort(
            tuple(one[index] for one in self.values),
            tuple(one[index] for one in self.present),
            self.ratings[index],
            self.weights[index],
        )

    def to(self, device: str) -> "Cohort":
        """The same on another device."""
        return Cohort(
            tuple(one.to(device) for one in self.values),
            tuple(one.to(device) for one in self.present),
            self.ratings.to(device),
            self.weights.to(device),
        )


@contextlib.contextmanager
def repeatable(device: str) -> Iterator[None]:
    """One thread and deterministic kernels while the block runs: sums come in one order, so the bytes are the same."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    if device != "cpu":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it CUDA's products may differ
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict)


def learn(
    network: Network,
    head: Head,
    seen: Cohort,
    held: Cohort,
    schedule: Schedule,
    device: str,
    checkpoint: Path | None,
    digest: str,
) -> Progress:
    """Train until the persons held out stop gaining; the network then has the parameters that predicted them best.

    On CUDA products are computed in bfloat16, whose range needs no scaling of the loss; parameters stay in float32.
    With a checkpoint, every epoch is written to it, and a fit that was interrupted goes on where it stopped: the order
    of interviews depends on seed and epoch only, so that the result is the same to the bit.
    """
    network.to(device)
    seen, held = seen.to(device), held.to(device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=schedule.rate, weight_decay=schedule.decay)
    progress = (read_progress(checkpoint, digest) if checkpoint else None) or Progress()
    if progress.now:
        network.load_state_dict(progress.now)
        restore_optimiser(optimiser, progress.moments)
    while progress.epoch < schedule.epochs and progress.epoch - progress.best_epoch < schedule.patience:
        _epoch(network, head, seen, optimiser, schedule, progress.epoch)
        progress.epoch += 1
        loss = _held_loss(network, head, held)
        if loss < progress.best_loss:
            progress.best_epoch, progress.best_loss = progress.epoch, loss
            progress.best = {name: one.detach().clone() for name, one in network.state_dict().items()}
        if checkpoint:
            progress.now, progress.moments = network.state_dict(), optimiser_state(optimiser)
            write_progress(checkpoint, progress, digest)
    if not progress.best:
        raise ValueError(
            f"FusionRegressor lost its way in {progress.epoch} epochs: the loss of the persons held out is no number. "
            f"Lower its 'rate' parameter (now {schedule.rate:g}), or look for features of extreme size."
        )
    network.load_state_dict(progress.best)
    network.to("cpu")
    return progress


def _epoch(
    network: Network, head: Head, seen: Cohort, optimiser: torch.optim.Optimizer, schedule: Schedule, epoch: int
) -> None:
    device = seen.ratings.device
    order = torch.as_tensor(np.random.default_rng([schedule.seed, epoch]).permutation(len(seen.ratings)), device=device)
    network.train()
    for rows in torch.split(order, schedule.batch):
        optimiser.zero_grad()
        torch.autograd.backward(_loss(network, head, seen.rows(rows)))
        optimiser.step()


def _held_loss(network: Network, head: Head, held: Cohort) -> float:
    network.eval()
    with torch.no_grad():
        return float(_loss(network, head, held))


def _loss(network: Network, head: Head, cohort: Cohort) -> Tensor:
    """Weighted mean over everything that was rated."""
    device = cohort.ratings.device.type
    with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
        outputs, _ = network(cohort.values, cohort.present)
    rated = ~torch.isnan(cohort.ratings) * cohort.weights[:, None]
    spread = torch.ones(cohort.ratings.shape[1], device=cohort.ratings.device)
    losses = head.loss(outputs.float(), cohort.ratings, spread) * cohort.weights[:, None]
    return losses.sum() / rated.sum().clamp(min=1e-12)
